"""Snapshots of the network as Prometheus metrics: what is collected, how it is shown, and the server that answers."""

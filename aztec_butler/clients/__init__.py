"""I/O with nodes and services; what comes back are the core's records."""

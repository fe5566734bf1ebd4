"""Read, understand and operate stake on the Aztec network."""

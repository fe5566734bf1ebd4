"""A local chain with the real Aztec L1 contracts on it."""

"""Keystores of the Aztec node: read, judged, shown in public, and changed with as little text as possible."""

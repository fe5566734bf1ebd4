"""The local disk: files written whole, settings and secrets read with care."""

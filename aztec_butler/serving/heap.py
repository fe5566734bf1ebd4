"""The C library's heap, told that a process collects for months with a thread for each collection.

By itself glibc gives threads heaps of their own, and keeps the room of large texts once it has had some. Both scatter
what every collection makes anew, so that the process takes twice the memory and goes on growing for hours.
"""

from __future__ import annotations

import ctypes
from typing import Final

# Source: malloc.h of glibc.
_MMAP_THRESHOLD: Final = -3
_ARENA_MAX: Final = -8

_LARGE_BYTES: Final = 1 << 18
"""What is larger is given back to the system as soon as nobody needs it."""


def settle_heap() -> bool:
    """One heap for all threads, and large blocks apart from it, for the rest of the process.

    Returns:
        Whether the C library took it; others than glibc do without.
    """
    mallopt = getattr(ctypes.CDLL(None), "mallopt", None)
    if mallopt is None:
        return False
    return bool(mallopt(_ARENA_MAX, 1)) and bool(mallopt(_MMAP_THRESHOLD, _LARGE_BYTES))

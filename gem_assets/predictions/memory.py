"""Memory that is free, but still held by this process."""

from __future__ import annotations

import ctypes
import sys


def give_back_memory() -> None:
    """Give memory that the C library holds in reserve back to the system, where it can (glibc).

    Each thread has a reserve of its own, and answers arrive in another thread than the one that
    makes tables of them: without this, what the first has freed is of no use to the second
    (measured: 800 bulk samples leave 55 MB behind).
    """
    if sys.platform == "linux":
        trim = getattr(ctypes.CDLL(None), "malloc_trim", None)  # other C libraries have none
        if trim is not None:
            trim(0)

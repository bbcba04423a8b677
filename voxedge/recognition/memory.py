"""Gives memory that was freed back to the system, where the C library would keep it for itself."""

from __future__ import annotations

import ctypes
import sys
import threading
from collections.abc import Callable
from functools import lru_cache

EVERY_S = 30.0


class Returning:
    """Has freed memory returned now and then. Safe to use from several threads.

    The buffers of a long window (tens of megabytes) make glibc raise the size from which it asks the system
    for memory of its own (``mallopt(3)``, M_MMAP_THRESHOLD): from then on they lie in its heap, between
    smaller ones that stay, and the heap grows from one length to the next. With tiny.en that was 100 MB
    after ten minutes. Returning it takes a few milliseconds.

    Args:
        every_s: After so many seconds of windows.
    """

    def __init__(self, every_s: float = EVERY_S) -> None:
        self._every_s = every_s
        self._since_s = 0.0
        self._lock = threading.Lock()

    def used(self, window_s: float) -> bool:
        """Counts windows that were encoded; says whether memory was returned."""
        with self._lock:
            self._since_s += window_s
            if self._since_s < self._every_s:
                return False
            self._since_s = 0.0
        return give_back()


def give_back() -> bool:
    """Returns what the C library holds and doesn't use; says whether there was any.

    Only glibc keeps so much of it and has a call for this; elsewhere nothing is done.
    """
    trim = _trim()
    return bool(trim(0)) if trim is not None else False


@lru_cache(maxsize=1)
def _trim() -> Callable[[int], int] | None:
    if not sys.platform.startswith("linux"):
        return None
    try:
        found = ctypes.CDLL(None).malloc_trim
    except (OSError, AttributeError):  # another C library: musl has no such call
        return None
    found.argtypes, found.restype = [ctypes.c_size_t], ctypes.c_int
    return found

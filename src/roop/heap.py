"""Tuning of glibc's memory allocator, for processes that roop owns."""

import ctypes
import sys
from collections.abc import Callable

_ARENA_MAX = -8
"""M_ARENA_MAX of glibc's malloc.h."""


def use_one_arena() -> None:
    """Make all threads allocate from one arena; call it before they start.

    glibc gives threads arenas of their own, and memory freed in one cannot be reused in another: a
    tenth of a swap's memory lay idle that way. Does nothing with other C libraries.
    """
    mallopt = _libc_function("mallopt")
    if mallopt is not None:
        mallopt(_ARENA_MAX, 1)


def trim_heap() -> None:
    """Return freed memory to the system, even where it lies between blocks in use."""
    malloc_trim = _libc_function("malloc_trim")
    if malloc_trim is not None:
        malloc_trim(0)


def _libc_function(name: str) -> Callable[..., object] | None:
    """Return a function of the C library, None if it has none of that name."""
    if not sys.platform.startswith("linux"):
        return None
    return getattr(ctypes.CDLL(None), name, None)

"""How the C library keeps the memory of a process that is roop's own."""

import ctypes
import sys
from collections.abc import Callable

_ARENA_MAX = -8
"""M_ARENA_MAX of glibc's malloc.h."""


def use_one_arena() -> None:
    """Let all threads take memory from one heap; call it before they begin.

    glibc gives threads heaps of their own. What decoders, encoders and networks free in one of
    them is no use to the others: a tenth of the memory of a swap lay idle so. Other C libraries
    have no such heaps.
    """
    choose = _of_libc("mallopt")
    if choose is not None:
        choose(_ARENA_MAX, 1)


def trim_heap() -> None:
    """Give the system what was freed, and lies between what is still in use."""
    trim = _of_libc("malloc_trim")
    if trim is not None:
        trim(0)


def _of_libc(name: str) -> Callable[..., object] | None:
    """Return a function of glibc; None where there is no such library."""
    if not sys.platform.startswith("linux"):
        return None
    return getattr(ctypes.CDLL(None), name, None)

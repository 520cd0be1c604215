"""How the C library keeps the memory of a process that is roop's own."""

import ctypes
import sys

_ARENA_MAX = -8
"""M_ARENA_MAX of glibc's malloc.h."""


def share_one_heap() -> None:
    """Let all threads take memory from one heap; call it before they begin.

    glibc gives threads heaps of their own. What decoders, encoders and networks free in one of
    them is no use to the others: a tenth of the memory of a swap lay idle so. Other C libraries
    have no such heaps.
    """
    if not sys.platform.startswith("linux"):
        return
    choose = getattr(ctypes.CDLL(None), "mallopt", None)
    if choose is not None:
        choose(_ARENA_MAX, 1)

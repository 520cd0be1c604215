"""The number of allocator arenas, as reported by the C library."""

import subprocess
import sys

PROGRAM = """
import ctypes, sys, threading
from roop.heap import use_one_arena
if sys.argv[1] == "shared":
    use_one_arena()
libc = ctypes.CDLL(None)
libc.malloc.restype = libc.fdopen.restype = ctypes.c_void_p
together = threading.Barrier(4, timeout=60)
def work():
    libc.malloc(1000)
    together.wait()
threads = [threading.Thread(target=work) for _ in range(4)]
for thread in threads:
    thread.start()
for thread in threads:
    thread.join()
out = ctypes.c_void_p(libc.fdopen(1, b"w"))
libc.malloc_info(0, out)
libc.fflush(out)
"""


def arenas(mode: str) -> int:
    done = subprocess.run(
        [sys.executable, "-c", PROGRAM, mode],
        capture_output=True,
        text=True,
        timeout=60,
        check=True,
    )
    return done.stdout.count("<heap ")


def test_threads_use_one_arena() -> None:
    assert arenas("separate") > 1
    assert arenas("shared") == 1

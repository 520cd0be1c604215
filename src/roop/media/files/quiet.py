"""Keep what C libraries print away from the terminal."""

import os
import threading
from collections.abc import Iterator
from contextlib import contextmanager

_LOCK = threading.RLock()
"""Descriptor 2 belongs to the whole process: two threads must not swap it at once."""

_STDERR = 2


@contextmanager
def quiet_libraries() -> Iterator[None]:
    """Discard what is written to stderr inside the block.

    Decoders such as libtiff and libpng print complaints about files that they read nevertheless;
    those that matter reach the caller as errors.
    """
    with _LOCK:
        try:
            kept = os.dup(_STDERR)
        except OSError:  # a program without a terminal may have closed it
            yield
            return
        try:
            null = os.open(os.devnull, os.O_WRONLY)
            os.dup2(null, _STDERR)
            os.close(null)
            yield
        finally:
            os.dup2(kept, _STDERR)
            os.close(kept)

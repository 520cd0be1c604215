"""Scheduling priority of a process's threads."""

import os
import sys
import threading
from contextlib import suppress

_NICENESS = 5
"""0 to 19. At 5 a thread gets a third of the time of a thread at 0. At 10 it would be a ninth, and
another busy program could stall everything that waits for the thread."""


def lower_priority() -> None:
    """Lower the priority of the calling thread, from now on.

    Only on Linux, where each thread has a niceness of its own.
    """
    if sys.platform.startswith("linux"):
        with suppress(OSError):  # some sandboxes forbid it
            os.setpriority(os.PRIO_PROCESS, threading.get_native_id(), _NICENESS)

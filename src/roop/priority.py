"""Which of a process's threads goes first where there are more of them than cores."""

import os
import sys
import threading
from contextlib import suppress

_STEP = 5
"""Of 19. A thread gets a third of the time of one that has not stepped back; at 10 it is a ninth,
and another program that takes all cores would halt whatever waits for the thread."""


def lower_priority() -> None:
    """Let the other threads of this process go before the one that calls this, from now on.

    Only Linux knows priorities of threads that anybody may choose; elsewhere nothing changes.
    """
    if sys.platform.startswith("linux"):
        with suppress(OSError):  # some sandboxes forbid it
            os.setpriority(os.PRIO_PROCESS, threading.get_native_id(), _STEP)

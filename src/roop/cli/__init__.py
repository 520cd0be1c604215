"""The command line."""

import atexit
import gc
import os
import sys
from collections.abc import Sequence


def main(argv: Sequence[str] | None = None) -> int:
    """Run the command line and return the exit code.

    Args:
        argv: The arguments after the program's name; those of this process by default.
    """
    from roop.cli.terminal.interrupts import leave_on_signals

    atexit.register(gc.freeze)  # what is left then ends with the process: nobody looks through it
    # The matrices are small. OpenBLAS's threads wait for each other by spinning: on a busy machine
    # a product that takes a millisecond was seen to take minutes.
    os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")
    arguments = list(sys.argv[1:] if argv is None else argv)
    with leave_on_signals():  # first of all: a Ctrl+C during the imports must be quiet, too
        from roop.cli.app import run
        from roop.heap import use_one_arena

        use_one_arena()
        return run(arguments)

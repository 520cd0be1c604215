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
    from roop.cli.terminal.interrupts import exit_on_signals
    from roop.cli.terminal.streams import prepare_streams

    prepare_streams()
    atexit.register(gc.freeze)  # skip the last garbage collection: the process ends anyway
    # The matrices are small. OpenBLAS's threads wait for each other by spinning: on a busy machine
    # a product that takes a millisecond was seen to take minutes.
    os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")
    arguments = list(sys.argv[1:] if argv is None else argv)
    with exit_on_signals():  # before the imports, so that Ctrl+C during them is quiet
        from roop.cli.app import run
        from roop.heap import use_one_arena

        use_one_arena()
        return run(arguments)

"""Single keys that control a live swap from the terminal."""

import os
import sys
import threading
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager

_POLL_S = 0.2
"""Time between two checks for the end."""

HELP = (
    "keys: n next face, p previous face, w next person, a everybody, m mirror, l label corner, "
    "s snapshot, r record, q quit"
)
"""What the keys do; see ``roop.cli.commands.live``."""


@contextmanager
def pressed_keys(actions: Mapping[str, Callable[[], None]], *, enabled: bool) -> Iterator[bool]:
    """Call an action for each key that is pressed in the terminal; yield whether keys are read.

    Args:
        actions: By character.
        enabled: False to read nothing. Nothing is read either if stdin is no terminal, or belongs
            to another job in the foreground.
    """
    if not enabled or not _is_ours():
        yield False
        return
    ended = threading.Event()
    with _single_keys() as read:
        thread = threading.Thread(target=_read_keys, args=(read, actions, ended), name="roop-keys")
        thread.start()
        try:
            yield True
        finally:
            ended.set()
            thread.join()


def _read_keys(
    read: Callable[[], str],
    actions: Mapping[str, Callable[[], None]],
    ended: threading.Event,
) -> None:
    while not ended.is_set():
        action = actions.get(read().lower())
        if action is not None:
            action()


def _is_ours() -> bool:
    if not sys.stdin.isatty():
        return False
    if sys.platform == "win32":
        return True
    try:
        return os.tcgetpgrp(sys.stdin.fileno()) == os.getpgrp()
    except OSError:
        return False


if sys.platform == "win32":

    @contextmanager
    def _single_keys() -> Iterator[Callable[[], str]]:
        """Yield a function that returns the next key, or "" after a while without one."""
        import msvcrt
        import time

        def read() -> str:
            if msvcrt.kbhit():
                return msvcrt.getwch()
            time.sleep(_POLL_S)
            return ""

        yield read

else:

    @contextmanager
    def _single_keys() -> Iterator[Callable[[], str]]:
        """Yield a function that returns the next key, or "" after a while without one."""
        import select
        import termios
        import tty

        terminal = sys.stdin.fileno()
        before = termios.tcgetattr(terminal)

        def read() -> str:
            ready, _, _ = select.select([terminal], [], [], _POLL_S)
            return os.read(terminal, 1).decode("ascii", "replace") if ready else ""

        tty.setcbreak(terminal)  # no line, no echo; Ctrl+C still works
        try:
            yield read
        finally:
            termios.tcsetattr(terminal, termios.TCSADRAIN, before)

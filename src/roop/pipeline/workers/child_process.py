"""Processes of our own: told what to do on stdin, they answer on stdout, one JSON object a line.

A child lives as long as its parent keeps stdin open: whatever happens to the parent, none stays.
"""

import faulthandler
import json
import os
import queue
import signal
import subprocess
import sys
import tempfile
import threading
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from roop.errors import CancelledError
from roop.pipeline.workers.remote_error import error_to_dict

Message = Mapping[str, Any]
"""One line, in either direction."""

_PATIENCE_S = 10.0
"""How long a child may take to end when it has nothing more to say."""

_LAST_WORDS = 8000
"""Bytes of a child's stderr that are kept."""

_PROGRAM = "import sys; sys.path.append({!r}); from {} import main; main()"


class ChildProcess:
    """A process that was started, and a thread that hears what it says: the parent's side.

    Args:
        module: Its ``main`` is the program; it calls ``serve``.
        hear: Is given everything that it says, and None when it has ended; in a thread of its own.
    """

    def __init__(self, module: str, hear: Callable[[Message | None], None]) -> None:
        # The group of its own keeps a terminal's Ctrl+C away: the parent decides what is ended.
        alone: dict[str, Any] = {"process_group": 0}
        if sys.platform == "win32":
            alone = {"creationflags": subprocess.CREATE_NEW_PROCESS_GROUP}
        package = Path(__file__).parents[3]
        self._stderr = tempfile.TemporaryFile()  # noqa: SIM115 - closed when the process has ended
        self._process = subprocess.Popen(
            [sys.executable, "-c", _PROGRAM.format(str(package), module)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=self._stderr,
            text=True,
            encoding="utf-8",
            env={"OPENBLAS_NUM_THREADS": "1", **os.environ},  # its threads wait by spinning
            **alone,
        )
        self._hear = hear
        self._thread = threading.Thread(target=self._listen, name="roop-child")
        self._thread.start()

    def tell(self, order: Message) -> None:
        """Say something to it."""
        with suppress(OSError):  # it has ended: its thread says so
            if self._process.stdin is not None:
                self._process.stdin.write(json.dumps(order) + "\n")
                self._process.stdin.flush()

    def dismiss(self) -> None:
        """Let it end: there will be no more orders."""
        with suppress(OSError):
            if self._process.stdin is not None:
                self._process.stdin.close()

    def kill(self) -> None:
        """End it now: what it has finished is safe, whatever becomes of the rest."""
        self._process.kill()

    def wait(self) -> tuple[int, str]:
        """Wait for its end; return its exit code and the end of what it wrote to stderr."""
        self.dismiss()
        try:
            self._process.wait(_PATIENCE_S)
        except subprocess.TimeoutExpired:
            self._process.kill()
        self._thread.join()
        if self._process.stdout is not None:
            self._process.stdout.close()
        with self._stderr as file:
            file.seek(max(0, file.seek(0, os.SEEK_END) - _LAST_WORDS))
            last_words = file.read().decode(errors="replace")
        return self._process.wait(), last_words

    def _listen(self) -> None:
        if self._process.stdout is not None:
            for line in self._process.stdout:
                with suppress(ValueError):  # half a line of one that was killed
                    self._hear(json.loads(line))
        self._hear(None)


@dataclass(frozen=True, slots=True)
class ParentProcess:
    """Whoever has started this process: the child's side."""

    orders: "queue.Queue[Message | None]"
    """What it says; None is the end."""
    answer: Callable[[Message], None]
    """Says something to it."""
    cancel: threading.Event
    """Set when it closes stdin, or is gone."""


def serve(work: Callable[[ParentProcess], None]) -> None:
    """Work for the parent; an error is answered as ``{"error": ...}``."""
    faulthandler.enable()  # what a crash in a library leaves behind; the parent keeps stderr
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl+C reaches the parent, which decides
    answers = os.fdopen(os.dup(1), "w", encoding="utf-8")
    os.dup2(2, 1)  # what a library may print must not come between

    def answer(news: Message) -> None:
        answers.write(json.dumps(news) + "\n")
        answers.flush()

    parent = ParentProcess(queue.Queue(), answer, threading.Event())

    def listen() -> None:
        for line in sys.stdin:
            parent.orders.put(json.loads(line))
        parent.cancel.set()
        parent.orders.put(None)

    threading.Thread(target=listen, name="roop-orders", daemon=True).start()
    try:
        work(parent)
    except (CancelledError, BrokenPipeError):
        pass  # nobody listens any more
    except Exception as error:  # the edge of this process: the parent shows it
        answer({"error": error_to_dict(error)})

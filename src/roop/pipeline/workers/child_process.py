"""Child processes that take messages on stdin and send them on stdout, one JSON object a line.

A child lives as long as its parent keeps stdin open, so none outlives its parent.
"""

import faulthandler
import importlib
import json
import os
import queue
import signal
import subprocess
import sys
import tempfile
import threading
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from roop.errors import CancelledError
from roop.pipeline.workers.remote_error import error_to_dict

Message = Mapping[str, Any]
"""One line, in either direction."""

_PATIENCE_S = 10.0
"""How long a child may take to end after its stdin was closed."""

_STDERR_BYTES = 8000
"""Bytes of a child's stderr that are kept."""

CHILD_FLAG = "--roop-child"
"""Starts the bundled program as a child process; the name of its module follows."""

_MODULES = (
    "roop.jobs.job_worker",
    "roop.pipeline.workers.ray_driver",
    "roop.pipeline.workers.worker",
    "roop.server.storage.inspection_process",
    "roop.studio.detached_runner",
    "roop.studio.live_process",
    "roop.studio.job_process",
    "roop.studio.studio_process",
)
"""The modules that may follow ``CHILD_FLAG``."""

_PROGRAM = "import sys; sys.path.append({!r}); from {} import main; main()"


class ChildProcess:
    """The parent's side: a process, and a thread that receives its messages.

    Args:
        module: Its ``main`` is the program; it calls ``serve``.
        receive: Called with every message, and with None when the process has ended, in a thread
            of its own.
    """

    def __init__(self, module: str, receive: Callable[[Message | None], None]) -> None:
        # The group of its own keeps a terminal's Ctrl+C away: the parent decides what is ended.
        alone: dict[str, Any] = {"process_group": 0}
        if sys.platform == "win32":
            alone = {"creationflags": subprocess.CREATE_NEW_PROCESS_GROUP}
        self._stderr = tempfile.TemporaryFile()  # noqa: SIM115 - closed when the process has ended
        try:
            self._process = subprocess.Popen(
                command_of(module),
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=self._stderr,
                text=True,
                encoding="utf-8",
                env={"OPENBLAS_NUM_THREADS": "1", **os.environ},  # its threads wait by spinning
                **alone,
            )
        except OSError:
            self._stderr.close()
            raise
        self._receive = receive
        self._thread = threading.Thread(target=self._listen, name="roop-child")
        self._thread.start()

    def send(self, message: Message) -> None:
        """Send it a message."""
        with suppress(OSError):  # it has ended, as its thread will report
            if self._process.stdin is not None:
                self._process.stdin.write(json.dumps(message) + "\n")
                self._process.stdin.flush()

    def close_stdin(self) -> None:
        """Close the child's stdin, so that it ends after its last message."""
        with suppress(OSError):
            if self._process.stdin is not None:
                self._process.stdin.close()

    def kill(self) -> None:
        """Kill the child at once."""
        self._process.kill()

    def wait(self, patience_s: float = _PATIENCE_S) -> tuple[int, str]:
        """Wait for its end; return its exit code and the end of what it wrote to stderr.

        Args:
            patience_s: How long it may take before it is killed.
        """
        self.close_stdin()
        try:
            self._process.wait(patience_s)
        except subprocess.TimeoutExpired:
            self._process.kill()
        self._thread.join()
        if self._process.stdout is not None:
            self._process.stdout.close()
        with self._stderr as file:
            file.seek(max(0, file.seek(0, os.SEEK_END) - _STDERR_BYTES))
            stderr = file.read().decode(errors="replace")
        return self._process.wait(), stderr

    def _listen(self) -> None:
        if self._process.stdout is not None:
            for line in self._process.stdout:
                with suppress(ValueError):  # half a line of one that was killed
                    self._receive(json.loads(line))
        self._receive(None)


def run_child(arguments: Sequence[str]) -> None:
    """Run the module named after ``CHILD_FLAG``, in the bundled program.

    Raises:
        SystemExit: It is not a module that roop runs in child processes.
    """
    if len(arguments) != 1 or arguments[0] not in _MODULES:
        raise SystemExit(f"error: {CHILD_FLAG} is for the program's own use")
    importlib.import_module(arguments[0]).main()


def command_of(module: str) -> list[str]:
    """Return the command that runs the ``main`` of a module in another process."""
    if getattr(sys, "frozen", False):  # a bundled program is not an interpreter and has no -c
        return [sys.executable, CHILD_FLAG, module]
    package = Path(__file__).parents[3]
    return [sys.executable, "-c", _PROGRAM.format(str(package), module)]


@dataclass(frozen=True, slots=True)
class ParentProcess:
    """The child's side."""

    messages: "queue.Queue[Message | None]"
    """From the parent; None is the end."""
    send: Callable[[Message], None]
    """Sends a message to the parent."""
    cancel: threading.Event
    """Set when it closes stdin, or is gone."""


def serve(work: Callable[[ParentProcess], None]) -> None:
    """Work for the parent; an error is sent as ``{"error": ...}``."""
    faulthandler.enable()  # what a crash in a library leaves behind; the parent keeps stderr
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl+C reaches the parent, which decides
    stdout = os.fdopen(os.dup(1), "w", encoding="utf-8")
    os.dup2(2, 1)  # what a library prints must not come between

    def send(message: Message) -> None:
        stdout.write(json.dumps(message) + "\n")
        stdout.flush()

    parent = ParentProcess(queue.Queue(), send, threading.Event())

    def receive() -> None:
        for line in sys.stdin:
            parent.messages.put(json.loads(line))
        parent.cancel.set()
        parent.messages.put(None)

    threading.Thread(target=receive, name="roop-messages", daemon=True).start()
    try:
        work(parent)
    except (CancelledError, BrokenPipeError):
        pass  # nobody reads any more
    except Exception as error:  # the edge of this process: the parent shows it
        send({"error": error_to_dict(error)})
    finally:
        with suppress(OSError):  # the parent may be gone
            stdout.close()

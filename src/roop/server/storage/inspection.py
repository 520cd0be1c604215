"""Inspect uploads in child processes: the parent's side."""

import queue
import threading
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from roop.errors import MediaError
from roop.pipeline.workers.child_process import ChildProcess, Message
from roop.pipeline.workers.remote_error import error_from_dict

_PATIENCE_S = 90.0
"""Timeout of an inspection."""

_AT_ONCE = 2
"""Inspections that run at once."""


class Inspector:
    """Decodes uploads, each in its own process, a few at a time.

    Args:
        pixels: Most pixels of a frame.
    """

    def __init__(self, pixels: int) -> None:
        self._pixels = pixels
        self._room = threading.BoundedSemaphore(_AT_ONCE)

    def inspect(self, path: Path, name: str) -> Mapping[str, Any]:
        """Return the properties of a file.

        Args:
            path: The file.
            name: The name that the client gave it.

        Raises:
            MediaError: It is not a photo or video, or decoding it takes too much time or memory.
            UsageError: Its frames are too large.
        """
        messages: queue.Queue[Message | None] = queue.Queue()
        with self._room:
            child = ChildProcess("roop.server.storage.inspection_process", messages.put)
            try:
                child.send({"path": str(path), "name": name, "pixels": self._pixels})
                message = messages.get(timeout=_PATIENCE_S)
            except queue.Empty:
                message = None
            finally:
                child.kill()
                child.wait()
        if message is not None and "error" in message:
            raise error_from_dict(message["error"])
        if message is None:
            raise MediaError(
                "decoding the file took too much time or memory",
                hint="send a photo or a video that other programs open",
            )
        found: Mapping[str, Any] = message["found"]
        return found

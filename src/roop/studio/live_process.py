"""A live swap in a process of its own, for whoever shows its frames: the child's side."""

import base64
import os
import threading
from collections.abc import Callable
from pathlib import Path

import cv2

from roop.heap import use_one_arena
from roop.job_request import make_live
from roop.options import FaceOptions, Settings
from roop.pipeline.live.control import LiveChoice, LiveControl
from roop.pipeline.live.live_job import NO_PAGE, LiveTask, run_live
from roop.pipeline.progress import Progress
from roop.pipeline.workers.child_process import Message, ParentProcess, serve
from roop.processors import installed
from roop.studio.marked_jpeg import JpegMarker
from roop.types import Frame

_SIDE = 1280
"""Longest side of the frames that are sent, pixels."""


def main() -> None:
    """Swap until the parent has seen enough."""
    use_one_arena()
    serve(_work)


def _work(parent: ParentProcess) -> None:
    cv2.setNumThreads(1)
    order = parent.messages.get()
    if order is None:
        return
    os.chdir(order["folder"])  # recordings and snapshots go there
    lock = threading.Lock()

    def send(message: Message) -> None:
        with lock:
            parent.send(message)

    def watch(progress: Progress) -> None:
        send({"progress": progress.to_dict()})

    registry, settings = installed(), Settings.model_validate(order["settings"])
    sources = [Path(source) for source in order["sources"]]
    options = {**order["options"], "serve": NO_PAGE}
    job, live = make_live(sources, options, registry)
    marker = JpegMarker(job, settings, registry)
    control = LiveControl()
    sink = _FrameSender(marker, lambda jpeg: send({"jpeg": _text(jpeg)}))
    task = LiveTask(job, live, settings, registry, watch, parent.cancel, control, sinks=(sink,))
    listening = threading.Thread(target=_obey, args=(parent, control, job.faces), daemon=True)
    listening.start()
    result = run_live(task)
    send({"saved": [str(Path(path).absolute()) for path in result.saved]})


def _obey(parent: ParentProcess, control: LiveControl, faces: FaceOptions) -> None:
    """Do what the parent asks for while the swap runs."""
    while (message := parent.messages.get()) is not None:
        if "record" in message:
            control.set_recording(message["record"])
        elif "mirror" in message:
            control.set_mirror(message["mirror"])
        elif "many_faces" in message:
            control.set_many_faces(message["many_faces"])
        elif "sources" in message:  # the notes say what becomes of it
            control.choose(LiveChoice(tuple(map(Path, message["sources"])), faces=faces))
        elif "snapshot" in message:
            control.take_snapshot()


class _FrameSender:
    """Sends frames to the parent as marked JPEGs. Implements ``FrameSink``."""

    name = "window"
    period_s: float | None = None
    waiting = 1

    def __init__(self, marker: JpegMarker, send: Callable[[bytes], None]) -> None:
        self._marker = marker
        self._send = send

    def show(self, frame: Frame | None) -> None:
        """Send a frame."""
        if frame is not None:
            side = min(_SIDE, max(frame.size))
            self._send(self._marker.of_pixels(frame.thumbnail(side)))


def _text(data: bytes) -> str:
    return base64.b64encode(data).decode("ascii")

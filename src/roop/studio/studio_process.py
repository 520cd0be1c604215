"""A process that shows frames, faces, people and previews: the child's side.

What people send is decoded here, so that a file that crashes a decoder ends this process only.
"""

import base64
import dataclasses
import threading
from collections import OrderedDict
from collections.abc import Callable, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import cv2

from roop.errors import CancelledError, UsageError
from roop.faces.analyser import Analyser
from roop.geometry import bounds
from roop.heap import use_one_arena
from roop.media.live.cameras import open_camera
from roop.media.live.client_camera import ClientCamera
from roop.options import FaceOptions, Settings
from roop.pipeline.people.scan import PeopleScan
from roop.pipeline.workers.child_process import Message, ParentProcess, serve
from roop.pipeline.workers.remote_error import error_to_dict
from roop.processors import installed
from roop.safety.screen import Screen
from roop.studio.draft import Draft
from roop.studio.live_frames import LiveFrames
from roop.studio.marked_jpeg import JpegMarker, plain_jpeg
from roop.studio.people import PeopleSearch
from roop.studio.previews import Previews
from roop.studio.target_frames import TargetFrames
from roop.types import Box, Frame

_THREADS = 4
"""Requests that are worked on at the same time."""

_SCANS = 8
"""Targets whose people are remembered."""

Reply = Callable[[Message], None]
"""Sends more about one request."""


def main() -> None:
    """Work until the parent has no more requests."""
    use_one_arena()
    serve(_work)


def _work(parent: ParentProcess) -> None:
    cv2.setNumThreads(1)
    first = parent.messages.get()
    if first is None:
        return
    lock = threading.Lock()

    def send(message: Message) -> None:
        with lock:
            parent.send(message)

    studio = _Studio(Settings.model_validate(first["settings"]), parent.cancel)
    with (
        ThreadPoolExecutor(_THREADS, "roop-studio") as threads,
        ThreadPoolExecutor(1, "roop-search") as search,  # takes long: others need not wait for it
    ):
        while (message := parent.messages.get()) is not None:
            if message["request"] == "live_frame":
                studio.put_live_frame(base64.b64decode(message["jpeg"]))
            else:
                own = search if message["request"] == "people" else threads
                own.submit(_answer, studio, message, send)
        studio.close()


def _answer(studio: "_Studio", message: Message, send: Reply) -> None:
    number = message["id"]

    def reply(more: Message) -> None:
        send({"id": number, "more": more})

    try:
        result = studio.handlers[message["request"]](message, reply)
        send({"id": number, "result": result})
    except BrokenPipeError:
        pass  # nobody reads any more
    except Exception as error:  # the edge of a request: whoever asked gets it
        send({"id": number, "error": error_to_dict(error)})


@dataclass(frozen=True, slots=True)
class _Live:
    """The live swap that runs."""

    client: ClientCamera
    """Takes the frames that are sent; not used if a camera of this machine is."""
    stop: threading.Event
    """Set to end it."""


class _Studio:
    """Answers requests. Every picture that leaves has passed the screen."""

    def __init__(self, settings: Settings, cancel: threading.Event) -> None:
        self._settings = settings
        self._cancel = cancel
        self._registry = installed()
        self._previews = Previews(settings, self._registry)
        self._frames = TargetFrames()
        self._frames_lock = threading.Lock()
        self._analyser: tuple[FaceOptions, Analyser] | None = None
        self._scans: OrderedDict[tuple[str, str], PeopleScan] = OrderedDict()
        self._live: _Live | None = None
        self.handlers: Mapping[str, Callable[[Message, Reply], Mapping[str, Any]]] = {
            "frame": self.frame,
            "faces": self.faces,
            "people": self.people,
            "preview": self.preview,
            "live": self.live,
        }

    def close(self) -> None:
        """End what still runs."""
        if self._live is not None:
            self._live.stop.set()

    def put_live_frame(self, jpeg: bytes) -> None:
        """Take the next frame of the live swap; an empty one is its end."""
        if self._live is not None and jpeg:
            self._live.client.put(jpeg)
        elif self._live is not None:
            self._live.stop.set()

    def frame(self, message: Message, reply: Reply) -> Mapping[str, Any]:
        """Return a frame of a target as a JPEG."""
        with self._frames_lock:
            frame = self._frames.read(Path(message["target"]), message["number"])
            self._screened(frame, message["target"])
            return {
                "jpeg": _text(plain_jpeg(frame.thumbnail(message["side"]))),
                "time_s": float(frame.pts * frame.time_base),
                "size": frame.size,
            }

    def faces(self, message: Message, reply: Reply) -> Mapping[str, Any]:
        """Return where the faces of a frame are, and whose as far as the people are known."""
        options = FaceOptions.model_validate(message["faces"])
        with self._frames_lock:
            frame = self._frames.read(Path(message["target"]), message["number"])
            self._screened(frame, message["target"])
            analyser = self._analyser_for(options)
            scan = self._scans.get(_scan_key(message))
            found = []
            for position, mesh in enumerate(analyser.faces(frame, options.face_order)):
                person = None
                if scan is not None:
                    looks = analyser.recogniser.describe(frame, mesh)
                    person = scan.find(looks, options.similar_face_distance)
                box = bounds(mesh[:, :2]).clipped(frame.size)
                found.append(_box(box) | {"position": position, "person": person})
        return {"faces": found, "size": frame.size}

    def people(self, message: Message, reply: Reply) -> Mapping[str, Any]:
        """Search a target for people; send those found so far whenever there is somebody new."""
        options = FaceOptions.model_validate(message["faces"])
        key = _scan_key(message)

        def found(scan: PeopleScan) -> None:
            self._scans[key] = scan
            while len(self._scans) > _SCANS:
                self._scans.popitem(last=False)
            reply(_people(scan))

        with PeopleSearch(Path(message["target"]), self._settings, options, found) as search:
            while search.searching:
                search.join(_POLL_S)
                if self._cancel.is_set():
                    break
        if search.error is not None:
            raise search.error
        return _people(self._scans[key])

    def preview(self, message: Message, reply: Reply) -> Mapping[str, Any]:
        """Return a frame before and after."""
        draft = Draft.model_validate(message["draft"])
        shown = self._previews.show(draft, message["time_s"], viewer=message["viewer"])
        job = draft.job(Path("preview"), self._registry)
        marker = JpegMarker(job, self._settings, self._registry)
        return {
            "before": _text(plain_jpeg(shown.before)),
            "after": _text(marker.of_pixels(shown.after)),
            "time_s": shown.time_s,
            "faces": [_box(box) for box in shown.faces],
            "visible_faces": shown.seen,
            "size": [shown.before.shape[1], shown.before.shape[0]],
            "warnings": shown.warnings,
        }

    def live(self, message: Message, reply: Reply) -> Mapping[str, Any]:
        """Swap what a camera shows, by default the frames that follow; send what is finished."""
        if self._live is not None:
            raise UsageError("a live swap is running", hint="end it first")

        def finished(jpeg: bytes | None) -> None:
            reply({"dropped": True} if jpeg is None else {"jpeg": _text(jpeg)})

        draft = Draft.model_validate(message["draft"])
        self._live = live = _Live(ClientCamera(), threading.Event())
        source = message.get("camera")
        try:
            with live.client if source is None else open_camera(source, _ignore) as camera:
                frames = LiveFrames(draft, self._settings, self._registry, camera, finished)
                frames.run(lambda: reply({"ready": True}), live.stop)
        except CancelledError:  # how a camera of this machine is ended
            pass
        finally:
            self._live = None
        return {}

    def _screened(self, frame: Frame, name: str) -> None:
        """Raise if a frame is refused."""
        with Screen(self._previews.classifiers, self._cancel) as screen:
            screen.submit_photo(frame.thumbnail(max(frame.size)), name)
            screen.wait_for_verdicts()

    def _analyser_for(self, options: FaceOptions) -> Analyser:
        if self._analyser is None or self._analyser[0].face_detector != options.face_detector:
            self._analyser = options, Analyser(self._settings, options)
        return self._analyser[1]


_POLL_S = 0.2
"""Time between two looks at whether the search shall end."""


def _ignore(sentence: str) -> None:
    """Take a warning that nobody reads here."""


def _scan_key(message: Message) -> tuple[str, str]:
    return message["target"], FaceOptions.model_validate(message["faces"]).model_dump_json()


def _people(scan: PeopleScan) -> Mapping[str, Any]:
    people = [dataclasses.asdict(person) for person in scan.people]
    pictures = [_text(plain_jpeg(picture)) for picture in scan.pictures]
    return {"people": people, "pictures": pictures}


def _box(box: Box) -> dict[str, Any]:
    return {"box": [box.x0, box.y0, box.x1, box.y1]}


def _text(data: bytes) -> str:
    return base64.b64encode(data).decode("ascii")

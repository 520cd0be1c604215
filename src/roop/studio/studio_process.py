"""A process that decodes, analyses and previews files: the child's side.

A file that crashes a decoder only ends this process.
"""

import base64
import dataclasses
import threading
from collections import OrderedDict
from collections.abc import Callable, Mapping
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import cv2

from roop.faces.analyser import Analyser
from roop.faces.fitness import fitness
from roop.faces.order import faces_in_front
from roop.geometry import bounds
from roop.heap import use_one_arena
from roop.home import user_folder
from roop.live_options import CameraOptions
from roop.media.open import open_reader
from roop.options import FaceOptions, Settings, VideoOptions
from roop.pipeline.people.saved_identity import make_identity
from roop.pipeline.people.scan import PeopleScan
from roop.pipeline.workers.child_process import Message, ParentProcess, serve
from roop.pipeline.workers.remote_error import error_to_dict
from roop.processors import installed
from roop.safety.screen import Screen
from roop.studio.cut_face import cut_face
from roop.studio.draft import Draft
from roop.studio.live_frames import LiveClient
from roop.studio.live_swaps import LiveSwaps
from roop.studio.marked_jpeg import JpegMarker, plain_jpeg
from roop.studio.people import PeopleSearch
from roop.studio.previews import Previews
from roop.studio.reel import reel_frames
from roop.studio.saved_faces import face_picture, first_photo
from roop.studio.target_frames import TargetFrames
from roop.types import Box, Frame

_THREADS = 4
"""Requests that run at once."""

_SWAPS = 16
"""Most live swaps at once; the server allows fewer."""

_SCANS = 8
"""Most targets whose people are kept."""

Reply = Callable[[Message], None]
"""Sends a message about a request before its result."""


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
        ThreadPoolExecutor(1, "roop-search") as search,  # takes long, and must not delay others
        ThreadPoolExecutor(_SWAPS, "roop-live") as live,
    ):
        while (message := parent.messages.get()) is not None:
            if message["request"] in studio.unanswered:
                studio.unanswered[message["request"]](message)
                continue
            if message["request"] == "live":
                studio.swaps.announce(message["swap"])
            own = {"people": search, "live": live}.get(message["request"], threads)
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
    except Exception as error:  # sent to the parent
        send({"id": number, "error": error_to_dict(error)})


class _Studio:
    """Handles requests. Every returned image has passed the screen."""

    def __init__(self, settings: Settings, cancel: threading.Event) -> None:
        self._settings = settings
        self._cancel = cancel
        self._registry = installed()
        self._previews = Previews(settings, self._registry)
        self._frames = TargetFrames()
        self._frames_lock = threading.Lock()
        self._analyser: tuple[FaceOptions, Analyser] | None = None
        self._scans: OrderedDict[tuple[str, str], PeopleScan] = OrderedDict()
        self.swaps = LiveSwaps(settings, self._registry)
        """Live swaps."""
        self.handlers: Mapping[str, Callable[[Message, Reply], Mapping[str, Any]]] = {
            "info": self.info,
            "cut_face": self.cut_face,
            "frame": self.frame,
            "faces": self.faces,
            "people": self.people,
            "identity": self.identity,
            "save_identity": self.save_identity,
            "preview": self.preview,
            "clip": self.clip,
            "reel": self.reel,
            "live": self.live,
            "live_change": self.change_live,
            "live_state": lambda message, reply: self.swaps.state(),
        }
        self.unanswered: Mapping[str, Callable[[Message], None]] = {
            "live_frame": lambda m: self.swaps.put(m["swap"], base64.b64decode(m["jpeg"])),
            "live_stop": lambda m: self.swaps.stop(m["swap"]),
            "cancel_clip": lambda m: self._previews.cancel(m["viewer"]),
        }
        """Messages without an answer."""

    def close(self) -> None:
        """Stop the live swaps."""
        self.swaps.close()

    def info(self, message: Message, reply: Reply) -> Mapping[str, Any]:
        """Return what is known about a target before it is read."""
        with open_reader(Path(message["target"]), VideoOptions(), _ignore) as reader:
            info = reader.info
        return {
            "kind": info.kind,
            "size": info.size,
            "frames": info.frames,
            "fps": None if info.fps is None else float(info.fps),
            "duration_s": info.duration_s,
        }

    def cut_face(self, message: Message, reply: Reply) -> Mapping[str, Any]:
        """Save one face of a photo of several as a photo of its own; return its path."""
        with self._frames_lock:
            photo = Path(message["target"])
            frame = self._frames.read(photo, 0)
            self._screened(frame, message["target"])
            boxes = [Box(*map(round, box)) for box in message["boxes"]]
            output = user_folder() / "faces" / f"{photo.stem}.png"
            return {"path": str(cut_face(frame, boxes, message["number"], output))}

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
        """Return the faces in a frame, matched to the people found so far."""
        options = FaceOptions.model_validate(message["faces"])
        with self._frames_lock:
            frame = self._frames.read(Path(message["target"]), message["number"])
            self._screened(frame, message["target"])
            analyser = self._analyser_for(options)
            scan = self._scans.get(_scan_key(message))
            found = []
            meshes = analyser.faces(frame, options.face_order)
            in_front = faces_in_front(meshes)
            for position, mesh in enumerate(meshes):
                person = None
                if scan is not None:
                    looks = analyser.recogniser.describe(frame, mesh)
                    person = scan.find(looks, options.similar_face_distance)
                box = bounds(mesh[:, :2]).clipped(frame.size)
                judged = fitness(frame, mesh)
                texts = [fault.text for fault in judged.faults]
                place = {"position": position, "person": person, "behind": position not in in_front}
                found.append(_box(box) | place | {"warnings": texts, "score": judged.score})
        return {"faces": found, "size": frame.size}

    def people(self, message: Message, reply: Reply) -> Mapping[str, Any]:
        """Search a target for people; send all found so far whenever there is a new one."""
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

    def identity(self, message: Message, reply: Reply) -> Mapping[str, Any]:
        """Return a picture of a saved identity as a JPEG."""
        path = Path(message["path"])
        with self._frames_lock:
            photo = first_photo(path)
            self._screened(photo, str(path))
            picture = face_picture(photo, self._analyser_for(FaceOptions()), message["side"])
        return {"jpeg": _text(plain_jpeg(picture)), "size": picture.shape[1::-1]}

    def save_identity(self, message: Message, reply: Reply) -> Mapping[str, Any]:
        """Save the faces of photos under a name; return how many."""
        photos = list(map(Path, message["photos"]))
        output = Path(message["path"])
        count = make_identity(
            output, photos, self._settings, position=None, force=False, warn=_ignore
        )
        return {"photos": count}

    def preview(self, message: Message, reply: Reply) -> Mapping[str, Any]:
        """Return a frame before and after the swap."""
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

    def clip(self, message: Message, reply: Reply) -> Mapping[str, Any]:
        """Return a few seconds of a target after the swap."""
        draft = Draft.model_validate(message["draft"])
        mp4 = self._previews.clip(
            draft, message["start_s"], message["seconds"], viewer=message["viewer"]
        )
        return {"mp4": _text(mp4)}

    def reel(self, message: Message, reply: Reply) -> Mapping[str, Any]:
        """Send the frames of a few seconds of a target before and after the swap."""
        draft, start_s = Draft.model_validate(message["draft"]), message["start_s"]
        job = draft.job(Path("preview"), self._registry)
        marker = JpegMarker(job, self._settings, self._registry)
        viewer = message["viewer"]
        mp4 = self._previews.clip(draft, start_s, message["seconds"], viewer=viewer)
        step, side = message["step"], message["side"]
        for before, after in reel_frames(job.target, mp4, start_s, step=step, side=side):
            shown = {"before": plain_jpeg(before), "after": marker.of_pixels(after)}
            reply({name: _text(jpeg) for name, jpeg in shown.items()})
        return {}

    def live(self, message: Message, reply: Reply) -> Mapping[str, Any]:
        """Swap the frames of a camera, or those that the parent sends; send finished frames."""
        client = LiveClient(
            on_ready=lambda: reply({"ready": True}),
            on_frame=lambda jpeg: reply(
                {"dropped": True} if jpeg is None else {"jpeg": _text(jpeg)}
            ),
            on_saved=lambda name: reply({"saved": name}),
        )
        draft = Draft.model_validate(message["draft"])
        folder = Path(message["folder"])
        given = message.get("camera")
        camera = None if given is None else CameraOptions.model_validate(given)
        self.swaps.run(message["swap"], draft, camera, folder, client)
        return {}

    def change_live(self, message: Message, reply: Reply) -> Mapping[str, Any]:
        """Change a live swap while it runs."""
        given = message.get("draft")
        draft = None if given is None else Draft.model_validate(given)
        self.swaps.change(message["swap"], message["change"], draft)
        return {}

    def _screened(self, frame: Frame, name: str) -> None:
        """Screen a frame; raise if it is refused."""
        with Screen(self._previews.classifiers, self._cancel) as screen:
            screen.submit_picture(frame, name)
            screen.wait_for_verdicts()

    def _analyser_for(self, options: FaceOptions) -> Analyser:
        if self._analyser is None or self._analyser[0].face_detector != options.face_detector:
            self._analyser = options, Analyser(self._settings, options)
        return self._analyser[1]


_POLL_S = 0.2
"""Time between two checks whether to stop."""


def _ignore(sentence: str) -> None:
    """Ignore a warning."""


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

"""The camera, swapped while it runs."""

import base64
import threading
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

from typing_extensions import override

from roop.context_managers import Closing
from roop.errors import RoopError
from roop.live_options import FILES_ONLY
from roop.media.files.disk import writing
from roop.media.live.devices import list_cameras
from roop.options import Settings, VideoOptions
from roop.pipeline.output.suggested import outputs_folder
from roop.pipeline.workers.child_process import ChildProcess, Message
from roop.pipeline.workers.remote_error import error_from_dict
from roop.window.live.virtual_cameras import virtual_camera_names
from roop.window.observable import Observable
from roop.window.pictures import Picture, fitted, opened
from roop.window.selection import Line, Selection
from roop.window.tasks import Tasks
from roop.window.texts import text

_SIDE = 1280
"""Longest side of a picture, pixels."""

_NOT_LIVE = FILES_ONLY | {"label", *VideoOptions.model_fields}
"""Options that have no effect here."""


@dataclass(frozen=True, slots=True)
class CameraChoice:
    """A camera that can be chosen."""

    name: str
    options: Mapping[str, Any]
    """By the names of ``CameraOptions``."""


class LivePresenter(Closing):
    """Starts and stops the camera, and shows its newest frame.

    Args:
        selection: The new face and the options.
        tasks: Do the work.
        settings: What this machine has.
        configured: Cameras of the configuration: the options of each by its name.
    """

    def __init__(
        self,
        selection: Selection,
        tasks: Tasks,
        settings: Settings,
        configured: Mapping[str, Mapping[str, Any]],
    ) -> None:
        self.selection = selection
        self._tasks = tasks
        self._settings = settings
        self._configured = configured
        self._run: _LiveRun | None = None
        self._ending: list[_LiveRun] = []
        """Runs whose processes may not have ended yet."""
        self._sources: tuple[Path, ...] = ()
        self.cameras: Observable[tuple[CameraChoice, ...]] = Observable(())
        self.virtual_cameras: Observable[tuple[str, ...]] = Observable(())
        """What other programs can read from, if there is anything."""
        self.camera: Observable[str] = Observable("")
        """The name of the chosen one."""
        self.state: Observable[Literal["off", "loading", "live"]] = Observable("off")
        self.picture: Observable[Picture | None] = Observable(None)
        self.figures: Observable[str] = Observable("")
        self.note: Observable[Line | None] = Observable(None)
        self.problem: Observable[Line | None] = Observable(None)
        self.recording: Observable[bool] = Observable(False)
        self.room = (_SIDE, _SIDE)
        """Pixels that the view has for the picture."""
        self.mirrored: Observable[bool] = Observable(False)
        self.to_others: Observable[bool] = Observable(False)
        """True to show the output to other programs, too."""
        selection.photos.watch(lambda _: self._faces_changed())

    def find_cameras(self) -> None:
        """Look for cameras."""
        configured = tuple(CameraChoice(*each) for each in self._configured.items())

        def find() -> tuple[tuple[CameraChoice, ...], tuple[str, ...]]:
            found = list_cameras()
            own = tuple(CameraChoice(each.name, {"input": each.address}) for each in found)
            return own, virtual_camera_names()

        def done(found: tuple[tuple[CameraChoice, ...], tuple[str, ...]]) -> None:
            self._offer((*found[0], *configured))
            self.virtual_cameras.value = found[1]

        def failed(error: RoopError) -> None:
            self._offer(configured)
            if not configured:
                self.problem.value = Line.of(error)

        self._tasks.run(find, done, failed)

    def _offer(self, cameras: tuple[CameraChoice, ...]) -> None:
        self.cameras.value = cameras
        names = [camera.name for camera in cameras]
        if self.camera.value not in names:
            self.camera.value = names[0] if names else ""

    def choose(self, name: str) -> None:
        """Choose a camera; if one runs, this one takes its place."""
        self.camera.value = name
        if self.state.value != "off":
            self.start()

    def start(self) -> None:
        """Start the chosen camera."""
        sources = self.selection.sources()
        camera = next((c for c in self.cameras.value if c.name == self.camera.value), None)
        self.problem.value = self.note.value = None
        if not sources or camera is None:
            words = text("cameraNone" if sources else "cameraNeedsFace")
            self.problem.value = Line(words)
            return
        self._end()
        self._sources = sources
        self.state.value = "loading"
        order = {
            "sources": [str(source) for source in sources],
            "options": self._options(camera),
            "settings": self._settings.model_dump(mode="json"),
        }
        run = self._run = _LiveRun(self, self._tasks, order)
        self._tasks.run(run.start, lambda _: None, run.fail)

    def _options(self, camera: CameraChoice) -> dict[str, Any]:
        chosen = self.selection.options.value
        options = {name: value for name, value in chosen.items() if name not in _NOT_LIVE}
        options |= camera.options
        if self.mirrored.value:
            options["mirror"] = True
        if self.to_others.value and self.virtual_cameras.value:
            options["virtual_camera"] = self.virtual_cameras.value[0]
        return options

    def stop(self) -> None:
        """Stop the camera; a recording is completed."""
        self._end()
        self.state.value = "off"
        self.picture.value = None
        self.figures.value = ""

    def record(self, on: bool) -> None:
        """Begin or end a recording."""
        if self._run is not None and self.state.value == "live":
            self.recording.value = on
            self._run.tell({"record": on})

    def mirror(self, on: bool) -> None:
        """Swap left and right."""
        self.mirrored.value = on
        if self._run is not None:
            self._run.tell({"mirror": on})

    def take_snapshot(self) -> None:
        """Save the next frame as an image."""
        if self._run is not None:
            self._run.tell({"snapshot": True})

    def _faces_changed(self) -> None:
        """Use the new face while the camera runs."""
        if self.state.value == "off" or self.selection.sources() == self._sources:
            return
        if any(photo.state == "checking" for photo in self.selection.photos.value):
            return
        self._sources = self.selection.sources()
        if not self._sources:
            self.stop()
        elif self._run is not None:
            self._run.tell({"sources": [str(source) for source in self._sources]})

    def _end(self) -> None:
        run, self._run = self._run, None
        self.recording.value = False
        if run is not None:
            self._ending.append(run)
            self._tasks.run(run.close, lambda _: self._ending.remove(run), lambda _: None)

    def show(self, run: "_LiveRun", picture: Picture) -> None:
        """Show a frame of a run, if it is the present one."""
        if run is self._run:
            self.state.value = "live"
            self.picture.value = picture

    def report(self, run: "_LiveRun", progress: Message) -> None:
        """Show the figures of a run."""
        if run is not self._run:
            return
        if progress["note"]:
            self.note.value = Line(progress["note"])
        elif progress["elapsed_s"] > 0 and progress["activity"]:
            fps = round(progress["frames"] / progress["elapsed_s"])
            self.figures.value = f"{text('liveFps', count=fps)} · {progress['activity']}"

    def end(self, run: "_LiveRun", error: RoopError | None) -> None:
        """Take note that a run has ended by itself."""
        if run is not self._run:
            return
        self.stop()
        if error is not None:
            self.problem.value = Line.of(error)

    @override
    def close(self) -> None:
        """End the camera's process."""
        for run in (*self._ending, *([self._run] if self._run else [])):
            run.close()
        self._run = None


class _LiveRun:
    """One process with a live swap."""

    def __init__(self, owner: LivePresenter, tasks: Tasks, order: Mapping[str, Any]) -> None:
        self._owner = owner
        self._tasks = tasks
        self._order = order
        self._child: ChildProcess | None = None
        self._lock = threading.Lock()
        self._closed = False
        self._error: RoopError | None = None
        self._waiting = False

    def start(self) -> None:
        """Start it. Outside of the window's thread."""
        folder = outputs_folder(".mp4")
        with writing(folder):
            folder.mkdir(parents=True, exist_ok=True)
        with self._lock:
            if not self._closed:
                self._child = ChildProcess("roop.studio.live_process", self._receive)
                self._child.send({**self._order, "folder": str(folder)})

    def fail(self, error: RoopError) -> None:
        """Report that it cannot be started."""
        self._owner.end(self, error)

    def tell(self, message: Message) -> None:
        """Send a message to the process."""
        child = self._child
        if child is not None:
            self._tasks.run(lambda: child.send(message), lambda _: None, lambda _: None)

    def close(self) -> None:
        """End it and wait. Outside of the window's thread."""
        self._closed = True
        with self._lock:
            child, self._child = self._child, None
            if child is not None:
                child.wait()

    def _receive(self, message: Message | None) -> None:
        post = self._tasks.mailbox.post
        if message is None:
            post(lambda: self._owner.end(self, self._error))
        elif "jpeg" in message:
            self._decode(message["jpeg"])
        elif "progress" in message:
            progress = message["progress"]
            post(lambda: self._owner.report(self, progress))
        elif "error" in message:
            self._error = error_from_dict(message["error"])

    def _decode(self, jpeg: str) -> None:
        if self._waiting or self._closed:
            return  # the frame before was not shown yet
        picture = fitted(opened(base64.b64decode(jpeg), _SIDE), self._owner.room)
        self._waiting = True

        def show() -> None:
            self._waiting = False
            self._owner.show(self, picture)

        self._tasks.mailbox.post(show)

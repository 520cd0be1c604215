"""Previews of drafts: the newest request wins, and networks are loaded once."""

import tempfile
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from roop.errors import CancelledError
from roop.leftovers import Note
from roop.options import Settings
from roop.pipeline.job import JobRunner
from roop.pipeline.preview import Preview, preview_frame
from roop.pipeline.stages.resources import PipelineResources
from roop.processors.base import Registry
from roop.safety.classifiers import Classifiers
from roop.studio.clips import clip_job
from roop.studio.draft import Draft


class Previews:
    """Swaps single frames of drafts. Calls may come from several threads; one works at a time.

    Args:
        settings: What this machine has.
        registry: The available processors.
    """

    def __init__(self, settings: Settings, registry: Registry) -> None:
        self._registry = registry
        self._resources = PipelineResources(settings, registry)
        self._at_work = threading.Lock()
        self._lock = threading.Lock()
        self._newest: dict[str, threading.Event] = {}

    @property
    def classifiers(self) -> Classifiers:
        """The networks that screen frames."""
        return self._resources.classifiers

    def show(self, draft: Draft, time_s: float, *, viewer: str = "") -> Preview:
        """Return the target's frame at a time, before and after, screened and labelled.

        Args:
            draft: The draft.
            time_s: Seconds from the beginning of the target.
            viewer: A newer request of the same viewer cancels this one.

        Raises:
            CancelledError: There is a newer request.
            RefusedError: A photo or the frame is refused.
            RoopError: It could not be done.
        """
        job = draft.job(Path("preview"), self._registry)
        with self._turn(viewer) as cancel:
            return preview_frame(job, self._resources, time_s, cancel)

    def clip(self, draft: Draft, start_s: float, seconds: float, *, viewer: str = "") -> bytes:
        """Return a few seconds of the target as an MP4 file: screened, labelled and signed.

        Args:
            draft: The draft; its target is a video.
            start_s: Seconds from the beginning of the target.
            seconds: Its length; large frames make it shorter.
            viewer: As of ``show``.

        Raises:
            CancelledError: There is a newer request, or nobody waits any longer.
            RefusedError: A photo or a frame is refused.
            RoopError: It could not be done.
        """
        with tempfile.TemporaryDirectory(prefix="roop-clip-") as folder, Note(Path(folder)):
            output = Path(folder) / "clip.mp4"
            job = clip_job(draft.job(output, self._registry), start_s, seconds)
            with self._turn(viewer) as cancel:
                runner = JobRunner(self._resources.settings, self._registry, shared=self._resources)
                runner.run(job, cancel=cancel)
            return output.read_bytes()

    def cancel(self, viewer: str) -> None:
        """Stop what a viewer has asked for."""
        with self._lock:
            newest = self._newest.get(viewer)
        if newest is not None:
            newest.set()

    @contextmanager
    def _turn(self, viewer: str) -> Iterator[threading.Event]:
        """Cancel what the viewer has asked for before, and wait for the networks.

        Yields:
            What is set by a newer request of the same viewer.
        """
        cancel = threading.Event()
        with self._lock:
            older = self._newest.get(viewer)
            if older is not None:
                older.set()
            self._newest[viewer] = cancel
        try:
            with self._at_work:
                if cancel.is_set():
                    raise CancelledError("there is a newer request for a preview")
                yield cancel
        finally:
            with self._lock:
                if self._newest.get(viewer) is cancel:
                    del self._newest[viewer]

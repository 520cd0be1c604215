"""Previews of drafts: the newest request wins, and networks are loaded once."""

import threading
from pathlib import Path

from roop.errors import CancelledError
from roop.options import Settings
from roop.pipeline.preview import Preview, preview_frame
from roop.pipeline.stages.resources import PipelineResources
from roop.processors.base import Registry
from roop.safety.classifiers import Classifiers
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
        cancel = threading.Event()
        with self._lock:
            older = self._newest.get(viewer)
            if older is not None:
                older.set()
            self._newest[viewer] = cancel
        try:
            job = draft.job(Path("preview"), self._registry)
            with self._at_work:
                if cancel.is_set():
                    raise CancelledError("there is a newer request for a preview")
                return preview_frame(job, self._resources, time_s, cancel)
        finally:
            with self._lock:
                if self._newest.get(viewer) is cancel:
                    del self._newest[viewer]

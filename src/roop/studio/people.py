"""The people of one target, searched in the background."""

from collections.abc import Callable
from pathlib import Path

from typing_extensions import override

from roop.context_managers import Background
from roop.errors import CancelledError, RoopError, unexpected
from roop.options import FaceOptions, Settings, VideoOptions
from roop.pipeline.people.scan import PeopleScan, scan_people

OnFound = Callable[[PeopleScan], None]
"""Receives everybody found so far; called from the search's thread, and must return quickly."""


class PeopleSearch(Background):
    """Searches a whole target for people, from its beginning to its end. A context manager.

    A person is identified by the frame in which the face shows best, and the position in it.
    Leaving stops the search.

    Args:
        target: A photo, an animation or a video.
        settings: What this machine has.
        faces: How people are found and told apart.
        on_found: Called when somebody new is found, and once at the end.
    """

    def __init__(
        self, target: Path, settings: Settings, faces: FaceOptions, on_found: OnFound
    ) -> None:
        self._target = target
        self._settings = settings
        self._faces = faces
        self._on_found = on_found
        self._error: RoopError | None = None
        super().__init__("roop-people")

    @property
    def error(self) -> RoopError | None:
        """Why the search ended early, or found nobody."""
        return self._error

    @property
    def searching(self) -> bool:
        """True until the end of the target."""
        return self._thread.is_alive()

    def join(self, timeout_s: float | None = None) -> None:
        """Wait for the end of the search, at most for a time."""
        self._thread.join(timeout_s)

    @override
    def _run(self) -> None:
        try:
            scan = scan_people(
                self._target,
                self._settings,
                faces=self._faces,
                video=VideoOptions(),
                cancel=self._stop,
                on_found=self._on_found,
            )
            self._on_found(scan)
        except CancelledError as error:
            self._error = error
        except Exception as error:  # kept for the owner of the search
            self._error = error if isinstance(error, RoopError) else unexpected(error)

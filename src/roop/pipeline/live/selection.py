"""Who gets which face, as chosen while a live swap runs."""

from collections.abc import Mapping, Sequence

from roop.faces.tracking.selection import AllFaces, FaceSelector, LargestFace
from roop.faces.tracking.track import Track
from roop.pipeline.live.control import LiveControl
from roop.types import Frame


class ControlledSelector:
    """Selects faces as the control says. Implements ``FaceSelector``.

    Args:
        one: Selects who the job names, or one face.
        control: Says whether everybody is swapped, and which face they get.
    """

    def __init__(self, one: FaceSelector, control: LiveControl) -> None:
        self._one = one
        self._all = AllFaces()
        self._control = control
        self._person = control.state.person

    @property
    def wants_small_faces(self) -> bool:
        """True if new faces matter even if they are small."""
        return self._chosen.wants_small_faces

    def is_anyone_missing(self, tracks: Sequence[Track]) -> bool:
        """Tell whether a wanted person is not among ``tracks``."""
        return self._chosen.is_anyone_missing(tracks)

    def select(
        self, frame: Frame, tracks: Sequence[Track], *, cut: bool = False
    ) -> Mapping[int, int]:
        """Return the identities of the tracks to swap, by track number."""
        if self._person != self._control.state.person:
            self._person = self._control.state.person
            if isinstance(self._one, LargestFace):
                self._one.select_next(frame, tracks)
        selected = self._chosen.select(frame, tracks, cut=cut)
        return dict.fromkeys(selected, self._control.state.face)

    @property
    def _chosen(self) -> FaceSelector:
        return self._all if self._control.state.many_faces else self._one

"""Count how often each person is replaced, where nobody in particular is to be."""

from collections.abc import Iterable

from roop.faces.detection.search import mesh_box
from roop.faces.mesh.topology import frontality
from roop.faces.recognition.descriptor import Descriptor
from roop.faces.recognition.texture import TextureRecogniser
from roop.faces.tracking.person_counts import PersonCount, merged
from roop.faces.tracking.selection import LargestFace
from roop.types import AnalysedFrame, Face, Frame

_FIRST_VIEW, _VIEW_EVERY, _MOST_VIEWS = 2, 12, 5
"""Frames after a person is selected until the face is described, frames between two descriptors,
and most descriptors until the next selection."""


class PersonCounter:
    """Counts the frames in which each person is replaced whom a face selector chose.

    Args:
        selector: Selects one face at a time; the frames are counted that it has just seen.
    """

    def __init__(self, selector: LargestFace) -> None:
        self._selector = selector
        self._recogniser = TextureRecogniser()
        self._selected: Descriptor | None = None
        self._stretch: list[PersonCount] = []
        """The views of the person who is selected at the moment."""
        self._frames = 0
        """Frames since the person was selected."""
        self._done: tuple[PersonCount, ...] = ()

    @property
    def counts(self) -> tuple[PersonCount, ...]:
        """The people so far, most often first."""
        return merged((*self._done, *self._current()))

    def add(self, analysed: AnalysedFrame) -> None:
        """Count a frame, in which at most one face is to be replaced."""
        if not analysed.faces:
            return
        if self._selector.descriptor is not self._selected:
            self._done, self._selected = self.counts, self._selector.descriptor
            self._stretch, self._frames = [], 0
        since = self._frames - _FIRST_VIEW
        due = since >= 0 and since % _VIEW_EVERY == 0 and len(self._stretch) <= _MOST_VIEWS
        if self._frames == 0 or due:
            self._stretch.append(self._view(analysed.frame, analysed.faces[0]))
        self._frames += 1

    def _view(self, frame: Frame, face: Face) -> PersonCount:
        box = mesh_box(face.mesh)
        x0, y0, x1, y1 = (round(float(value), 1) for value in box)
        return PersonCount(
            0,
            self._recogniser.describe(frame, face.mesh),
            1,
            frame.pts * frame.time_base,
            (x0, y0, x1, y1),
            round(float(box[3] - box[1]) * frontality(face.mesh), 2),
        )

    def _current(self) -> Iterable[PersonCount]:
        """Yield the person who is selected at the moment, if there is one."""
        views = self._stretch[1:] or self._stretch  # a shot may fade in
        if views:
            total = views[0]
            for view in views[1:]:
                total = total + view
            yield PersonCount(
                self._frames,
                total.descriptor,
                total.views,
                total.time_s,
                total.box,
                total.quality,
            )

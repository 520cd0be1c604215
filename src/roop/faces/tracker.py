"""Follow the faces of a target from frame to frame."""

from dataclasses import dataclass, field

import cv2
import numpy as np

from roop.faces.detector import FaceDetector
from roop.faces.mesher import FaceMesher, Laid, square_of
from roop.faces.search import SEARCH_SIDE, confirmed, find_faces, is_same
from roop.faces.steady import View, make_view, steadied
from roop.geometry import Square
from roop.options import FaceOptions
from roop.types import Face, Frame, Mesh

_KEEP_SCORE = 0.5
"""A followed face may score less than a found one: it was there a frame ago."""

_LOOK_EVERY = 10
"""Frames between two looks at the whole picture for new faces."""

_LOOK_EVERY_MANY = 3
"""The same where every face is wanted."""

_SEARCH_EVERY = 5
"""Frames between two thorough searches while no face is known."""

_HOLD = 8
"""Frames that a lost face is held for, its last motion carried on."""

_FADE = 4
"""Frames in which it then fades out."""

_SAME_PLACE = 0.5
"""Correlation of what was seen with what is seen now, below which the picture was cut there."""


@dataclass(slots=True)
class _Track:
    """One person on the move."""

    number: int
    mesh: Mesh
    view: View
    score: float
    motion: np.ndarray = field(default_factory=lambda: np.zeros(2, np.float32))
    """Pixels per frame, of the whole face."""
    lost: int = 0
    """Frames since it was last seen."""
    fresh: bool = True

    @property
    def opacity(self) -> float:
        return float(np.clip(1 - (self.lost - _HOLD) / (_FADE + 1), 0, 1))

    @property
    def height(self) -> float:
        return float(np.ptp(self.mesh[:, 1]))

    def square(self) -> Square:
        """Return where to look next."""
        square = square_of(self.mesh)
        dx, dy = self.motion
        return Square(square.cx + float(dx), square.cy + float(dy), square.side, square.angle)

    def see(self, laid: Laid) -> None:
        """Go on to where the face is now."""
        view = make_view(laid.crop, laid.to_frame)
        before = self.mesh
        self.fresh = self.lost > _HOLD
        self.mesh = laid.mesh if self.lost else steadied(before, laid.mesh, self.view, view)
        moved = (self.mesh - before)[:, :2].mean(axis=0)
        self.motion = np.zeros(2, np.float32) if self.lost else moved
        self.view, self.score, self.lost = view, laid.score, 0

    def hold(self) -> None:
        """Go on without having been seen."""
        self.mesh = self.mesh + np.append(self.motion, 0).astype(np.float32)
        self.motion = self.motion * 0.7
        self.lost += 1
        self.fresh = False


class FaceTracker:
    """Keeps the faces of one stream; feed it every frame in order."""

    def __init__(
        self, detector: FaceDetector, mesher: FaceMesher, *, still: bool, options: FaceOptions
    ) -> None:
        self._detector = detector
        self._mesher = mesher
        self._still = still
        self._options = options
        self._tracks: list[_Track] = []
        self._chosen: int | None = None
        self._frame = -1
        self._numbers = 0
        self._looks = 0

    def update(self, frame: Frame) -> tuple[Face, ...]:
        """Return the faces of the next frame that are to be replaced."""
        self._frame += 1
        missed = [track for track in self._tracks if not self._follow(track, frame)]
        if missed or self._must_look():
            self._look(frame)
        self._tracks = [track for track in self._tracks if track.opacity > 0]
        return tuple(
            Face(t.mesh, t.score, t.number, fresh=t.fresh, opacity=t.opacity)
            for t in self._wanted()
        )

    def _follow(self, track: _Track, frame: Frame) -> bool:
        """Look for the face where it must be by now; hold it if it is not there."""
        laid = self._mesher.lay(frame, track.square())
        if _likeness(track.view, make_view(laid.crop, laid.to_frame)) < _SAME_PLACE:
            track.lost = _HOLD + _FADE + 1  # another picture: nothing to hold on to
            return False
        if laid.score >= _KEEP_SCORE and _is_plausible(track.mesh, laid.mesh):
            track.see(laid)
            return True
        track.hold()
        return False

    def _must_look(self) -> bool:
        if not self._tracks:
            return True
        return self._frame % (_LOOK_EVERY_MANY if self._options.many_faces else _LOOK_EVERY) == 0

    def _look(self, frame: Frame) -> None:
        """Search the whole frame for faces that are not followed yet."""
        if not self._tracks and self._frame % _SEARCH_EVERY == 0:
            found = find_faces(frame, self._detector, self._mesher)
        else:
            thumbnail = frame.thumbnail(SEARCH_SIDE)
            detections = self._detector.detect(thumbnail)
            if self._options.many_faces:  # a small one more changes nothing for the largest alone
                detections += self._detector.detect_some_tiles(thumbnail, self._looks)
                self._looks += 1
            found = confirmed(frame, self._mesher, detections, thumbnail)
        for laid in found:
            known = [t for t in self._tracks if is_same(t.mesh, laid.mesh)]
            if known and known[0].lost:
                known[0].see(laid)
            elif not known:
                self._begin(laid)

    def _begin(self, laid: Laid) -> None:
        self._numbers += 1
        view = make_view(laid.crop, laid.to_frame)
        self._tracks.append(_Track(self._numbers, laid.mesh, view, laid.score))

    def _wanted(self) -> list[_Track]:
        """Return the tracks to replace: all, or the one that was the largest when chosen."""
        if self._options.many_faces or not self._tracks:
            return self._tracks
        numbers = [track.number for track in self._tracks]
        if self._chosen not in numbers:
            self._chosen = max(self._tracks, key=lambda t: t.height).number
        return [track for track in self._tracks if track.number == self._chosen]


def _is_plausible(before: Mesh, now: Mesh) -> bool:
    """Tell whether a face can get from one mesh to the other within a frame."""
    size_before, size_now = np.ptp(before[:, :2], axis=0), np.ptp(now[:, :2], axis=0)
    growth = size_now.max() / max(float(size_before.max()), 1e-3)
    moved = np.linalg.norm((now - before)[:, :2].mean(axis=0))
    return bool(0.6 < growth < 1.67 and moved < 0.6 * size_before.max())


def _likeness(a: View, b: View) -> float:
    """Return the correlation of two views, -1..1."""
    small = [cv2.resize(v.grey, (24, 24), interpolation=cv2.INTER_AREA) for v in (a, b)]
    return float(cv2.matchTemplate(small[0], small[1], cv2.TM_CCOEFF_NORMED)[0, 0])

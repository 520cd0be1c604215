"""Follow the faces of a target from frame to frame."""

import math
from collections.abc import Collection
from itertools import combinations

import numpy as np

from roop.faces.detection.blazeface import Detector, overlap
from roop.faces.detection.search import (
    MIN_SCORE,
    SEARCH_SIDE,
    box_of,
    confirmed,
    find_faces,
    is_same,
)
from roop.faces.mesh.mesher import FaceMesher, FittedMesh, square_of
from roop.faces.mesh.smoothing import make_view
from roop.faces.tracking.choice import Choice
from roop.faces.tracking.cuts import CutDetector
from roop.faces.tracking.track import SAME_PLACE, Track
from roop.types import Face, Frame, Mesh

_KEEP_SCORE = 0.5
"""A followed face may score less than a found one: it was there a frame ago."""

_LOOK_EVERY = 10
"""Frames between two looks at the whole picture for new faces."""

_LOOK_EVERY_MANY = 3
"""The same where small newcomers matter."""

_SEARCH_EVERY = 5
"""Frames between two thorough searches while no face is known."""

_KNOWN = 0.3
"""A detection that overlaps a face in sight by more (intersection over union) is that face."""

_INSIDE = 0.85
"""Share of a lost face's box in the frame below which it has left."""

_COVERED = 0.15
"""Share of a lost face's box that another face may lie on before it is held to be behind."""

_ENDS = [10, 152, 234, 454]
"""Points of the mesh at its top, chin, right and left end: its size and place in a few numbers."""


class FaceTracker:
    """Keeps the faces of one stream; feed it every frame in order.

    What it knows after a few seconds does not depend on what was before them, so it can start
    anywhere: feed it the frames before, and drop what it returns for them.
    """

    def __init__(self, detector: Detector, mesher: FaceMesher, choice: Choice) -> None:
        self._detector = detector
        self._mesher = mesher
        self._choice = choice
        self._tracks: list[Track] = []
        self._given: dict[int, int] = {}
        self._frame = -1
        self._step = 1
        """Frames since the last look, with this one."""
        self._numbers = 0
        self._looks = 0
        self._cuts = CutDetector()
        self._cut = False
        """True if a face that is gone need not be held: this is another picture."""

    @property
    def seen(self) -> int:
        """Faces in sight in the last frame, whether they are to be replaced or not."""
        return sum(not track.lost for track in self._tracks)

    def update(self, frame: Frame, *, frames: int = 1) -> tuple[Face, ...]:
        """Return the faces of the next frame that are to be replaced.

        Args:
            frame: The next one.
            frames: How many the stream has gone on by; those between are not looked at.
        """
        self._frame += 1
        self._step = frames
        self._cut = self._cuts.is_cut(frame)
        self._tracks.sort(key=lambda track: track.lost > 0)  # the sure ones take their faces first
        covered = {track.number for track in self._tracks if track.covered}
        missed = [track for track in self._tracks if not self._follow(track, frame)]
        self._part()
        if missed or self._must_look():
            self._look(frame)
        self._cover(covered)
        self._tracks = [track for track in self._tracks if not track.gone]
        given = dict(self._choice.choose(frame, self._tracks, cut=self._cut))
        faces = tuple(self._face(t, given) for t in self._tracks if t.number in given)
        self._given = given
        return tuple(face for face in faces if face.opacity > 0)

    def _face(self, track: Track, given: dict[int, int]) -> Face:
        identity = given[track.number]
        fresh = track.fresh or self._given.get(track.number) != identity
        return Face(
            track.mesh,
            track.score,
            track.number,
            fresh=fresh,
            opacity=track.opacity,
            identity=identity,
        )

    def _follow(self, track: Track, frame: Frame) -> bool:
        """Look for the face where it must be by now; hold it if it is not there."""
        laid = self._mesher.lay(frame, track.square(self._step))
        if self._step > 1:  # it may lie half beside the face, and places itself better
            laid = self._mesher.lay(frame, square_of(laid.mesh))
        view = make_view(laid.crop, laid.to_frame)
        likeness = track.likeness(view)
        if self._is_own(track, laid, likeness):
            track.see(laid, view, likeness=likeness, cut=self._cut, frames=self._step)
            return True
        track.hold(self._step)
        width, height = frame.size
        inside = _share(box_of(track.mesh), np.array([0, 0, width, height]))
        if (self._cut and likeness < SAME_PLACE) or inside < _INSIDE:
            track.end()
        return False

    def _is_own(self, track: Track, laid: FittedMesh, likeness: float) -> bool:
        """Tell whether what was found where a track must be by now is its face."""
        same = likeness >= SAME_PLACE
        if laid.score < (_KEEP_SCORE if same else MIN_SCORE):
            return False
        if not _is_plausible(track.mesh, laid.mesh):
            return False
        if same and not track.lost:
            return True
        # it moved fast, or comes out from behind something: unless it is somebody else's face
        if not same and track.lost:
            return False
        others = [t for t in self._tracks if t is not track and not t.lost]
        return not any(is_same(t.mesh, laid.mesh) for t in others)

    def _part(self) -> None:
        """Let one of two tracks that ended up on one face go."""
        for one, two in combinations([t for t in self._tracks if not t.lost], 2):
            if one.lost or two.lost or not is_same(one.mesh, two.mesh):
                continue
            # one that was lost is a guess beside one that was not
            worse = max(one, two, key=lambda t: (t.doubtful, float(np.linalg.norm(t.motion))))
            worse.hold(self._step)
            one.doubtful = two.doubtful = True

    def _cover(self, before: Collection[int]) -> None:
        """Find out which lost faces are behind another one: nothing is painted over that.

        Args:
            before: Numbers of the tracks that were, a frame ago: one that does not come to light
                when the other has passed went elsewhere behind it.
        """
        seen = [box_of(track.mesh) for track in self._tracks if not track.lost]
        for track in self._tracks:
            box = box_of(track.mesh)
            if track.lost and any(_share(box, other) > _COVERED for other in seen):
                track.covered = True
            elif track.lost and track.number in before:
                track.end()

    def _must_look(self) -> bool:
        if self._cut or self._choice.is_missing(self._tracks):
            return True
        return self._frame % (_LOOK_EVERY_MANY if self._choice.thorough else _LOOK_EVERY) == 0

    def _look(self, frame: Frame) -> None:
        """Search the whole frame for faces that are not followed yet."""
        if not self._tracks and self._frame % _SEARCH_EVERY == 0:
            found = find_faces(frame, self._detector, self._mesher)
        else:
            many = self._choice.thorough or self._choice.is_missing(self._tracks)
            tiled = many and self._frame % _LOOK_EVERY_MANY == 0
            thumbnail = frame.thumbnail(SEARCH_SIDE if tiled else self._detector.side)
            detections = self._detector.detect(thumbnail)
            if tiled:
                detections += self._detector.detect_some_tiles(thumbnail, self._looks)
                self._looks += 1
            zoom = frame.size[0] / thumbnail.shape[1]
            seen = [box_of(track.mesh) / zoom for track in self._tracks if not track.lost]
            new = [d for d in detections if all(overlap(d.box, box) < _KNOWN for box in seen)]
            found = confirmed(frame, self._mesher, new, thumbnail)
        for laid in found:
            self._meet(laid)

    def _meet(self, laid: FittedMesh) -> None:
        """Take a face that was found for the one that is followed there, or begin a track."""
        view = make_view(laid.crop, laid.to_frame)
        known = [t for t in self._tracks if is_same(t.mesh, laid.mesh) and not t.gone]
        if known and known[0].lost:
            likeness = known[0].likeness(view)
            known[0].see(laid, view, likeness=likeness, cut=self._cut, frames=self._step)
        elif not known:
            self._numbers += 1
            self._tracks.append(Track(self._numbers, laid.mesh, view, laid.score))


def _is_plausible(before: Mesh, now: Mesh) -> bool:
    """Tell whether a face can get from one mesh to the other within a frame."""
    old, new = before[_ENDS, :2], now[_ENDS, :2]
    size, grown = (float(np.ptp(ends, axis=0).max()) for ends in (old, new))
    moved = math.hypot(*(new - old).mean(axis=0).tolist())
    return 0.6 < grown / max(size, 1e-3) < 1.67 and moved < 0.6 * size


def _share(box: np.ndarray, other: np.ndarray) -> float:
    """Return the share of ``box``, ``(4,)`` xyxy, that ``other`` covers."""
    low, high = np.maximum(box[:2], other[:2]), np.minimum(box[2:], other[2:])
    return float(np.prod(np.maximum(high - low, 0)) / max(float(np.prod(box[2:] - box[:2])), 1e-9))

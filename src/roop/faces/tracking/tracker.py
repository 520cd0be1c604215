"""Follow the faces of a target from frame to frame."""

import math
from collections.abc import Collection
from itertools import combinations

import numpy as np

from roop.faces.detection.base import Detector, intersection_over_union
from roop.faces.detection.search import (
    MIN_SCORE,
    SEARCH_SIDE,
    find_faces,
    fit_faces,
    is_same_face,
    mesh_box,
)
from roop.faces.mesh.mesher import FaceMesher, FittedMesh, face_square
from roop.faces.mesh.smoothing import make_grey_crop
from roop.faces.tracking.cuts import CutDetector
from roop.faces.tracking.selection import FaceSelector
from roop.faces.tracking.track import SAME_APPEARANCE, Track
from roop.types import Face, Frame, Mesh

_FOLLOW_SCORE = 0.5
"""Score that a face needs to be followed; a newly found one needs more."""

_DETECT_EVERY = 10
"""Frames between two runs of the detector, which finds new faces."""

_DETECT_SMALL_EVERY = 3
"""The same where small new faces matter."""

_SEARCH_EVERY = 5
"""Frames between two thorough searches while there is no face."""

_KNOWN = 0.3
"""A detection that overlaps a visible face by more (intersection over union) is that face."""

_INSIDE = 0.85
"""Share of a lost face's box inside the frame below which the face has left."""

_OCCLUDED = 0.15
"""Share of a lost face's box under another face above which it is occluded by that face."""

_EXTREMES = [10, 152, 234, 454]
"""Points at the top, chin, right and left end of the mesh, for a quick size and position."""


class FaceTracker:
    """Follows the faces of one stream; pass every frame, in order.

    Its state depends on the last few seconds only. To start in the middle of a stream, pass the
    frames before that and drop what it returns for them.
    """

    def __init__(
        self,
        detector: Detector,
        mesher: FaceMesher,
        selector: FaceSelector,
        checker: Detector | None = None,
    ) -> None:
        """Begin without faces.

        Args:
            detector: Finds new faces.
            mesher: Fits meshes.
            selector: Chooses whose faces are returned.
            checker: Sees whether there is a face where a new mesh is; ``detector`` by default.
        """
        self._detector = detector
        self._checker = checker or detector
        self._mesher = mesher
        self._selector = selector
        self._tracks: list[Track] = []
        self._assigned: dict[int, int] = {}
        """The identity of each selected track in the last frame."""
        self._frame = -1
        self._step = 1
        """Frames since the last update, this one included."""
        self._last_number = 0
        self._tile_rounds = 0
        self._cuts = CutDetector()
        self._cut = False
        """Whether there may be a cut just before the frame, so that lost faces are not held."""

    @property
    def faces_in_sight(self) -> int:
        """Number of faces in the last frame, whether they are to be replaced or not."""
        return sum(not track.lost for track in self._tracks)

    def select_with(self, selector: FaceSelector) -> None:
        """Go on with a new selector: the faces that are followed stay known."""
        self._selector = selector

    def update(self, frame: Frame, *, frames: int = 1) -> tuple[Face, ...]:
        """Return the faces of the next frame that are to be replaced.

        Args:
            frame: The next frame.
            frames: How many frames the stream has advanced; those in between are skipped.
        """
        self._frame += 1
        self._step = frames
        self._cut = self._cuts.is_cut(frame)
        self._tracks.sort(key=lambda track: track.lost > 0)  # visible faces are matched first
        occluded = {track.number for track in self._tracks if track.occluded}
        missed = [track for track in self._tracks if not self._follow(track, frame)]
        self._separate()
        if missed or self._detection_is_due():
            self._detect(frame)
        self._mark_occluded(occluded)
        self._tracks = [track for track in self._tracks if not track.gone]
        assigned = dict(self._selector.select(frame, self._tracks, cut=self._cut))
        faces = tuple(self._face(t, assigned) for t in self._tracks if t.number in assigned)
        self._assigned = assigned
        return tuple(face for face in faces if face.opacity > 0)

    def _face(self, track: Track, assigned: dict[int, int]) -> Face:
        identity = assigned[track.number]
        fresh = track.fresh or self._assigned.get(track.number) != identity
        return Face(
            track.mesh,
            track.score,
            track.number,
            fresh=fresh,
            opacity=track.opacity,
            identity=identity,
            gaze=track.gaze,
        )

    def _follow(self, track: Track, frame: Frame) -> bool:
        """Update a track if its face is where it is expected; else hold or end the track."""
        fitted = self._mesher.follow(frame, track.square(self._step))
        if self._step > 1:  # the expected square may hold half the face; a mesh's square fits
            fitted = self._mesher.follow(frame, face_square(fitted.mesh))
        crop = make_grey_crop(fitted.crop, fitted.to_frame)
        similarity = track.similarity(crop)
        if self._belongs_to(track, fitted, similarity):
            track.update(fitted, crop, similarity=similarity, cut=self._cut, frames=self._step)
            return True
        track.hold(self._step)
        width, height = frame.size
        inside = _covered_share(mesh_box(track.mesh), np.array([0, 0, width, height]))
        if (self._cut and similarity < SAME_APPEARANCE) or inside < _INSIDE:
            track.end()
        return False

    def _belongs_to(self, track: Track, fitted: FittedMesh, similarity: float) -> bool:
        """Tell whether a mesh, fitted where a track is expected, lies on the track's face."""
        same = similarity >= SAME_APPEARANCE
        if fitted.score < (_FOLLOW_SCORE if same else MIN_SCORE):
            return False
        if not _is_plausible(track.mesh, fitted.mesh):
            return False
        if same and not track.lost:
            return True
        # The face moved fast or comes out from behind something, unless it is another person's.
        if not same and track.lost:
            return False
        others = [t for t in self._tracks if t is not track and not t.lost]
        return not any(is_same_face(t.mesh, fitted.mesh) for t in others)

    def _separate(self) -> None:
        """Where two tracks ended up on one face, take it from the less likely one."""
        for one, two in combinations([t for t in self._tracks if not t.lost], 2):
            if one.lost or two.lost or not is_same_face(one.mesh, two.mesh):
                continue
            # a track that was lost is a guess, one that was not is no guess
            worse = max(one, two, key=lambda t: (t.uncertain, float(np.linalg.norm(t.motion))))
            worse.hold(self._step)
            one.uncertain = two.uncertain = True

    def _mark_occluded(self, before: Collection[int]) -> None:
        """Mark the lost faces that are behind another one, so that nothing is drawn over that.

        Args:
            before: Numbers of the tracks that were occluded in the previous frame. Such a track
                ends if its face is not found once the other face has passed: it left unseen.
        """
        visible = [mesh_box(track.mesh) for track in self._tracks if not track.lost]
        for track in self._tracks:
            box = mesh_box(track.mesh)
            if track.lost and any(_covered_share(box, other) > _OCCLUDED for other in visible):
                track.occluded = True
            elif track.lost and track.number in before:
                track.end()

    def _detection_is_due(self) -> bool:
        if self._cut or self._selector.is_anyone_missing(self._tracks):
            return True
        small = self._selector.wants_small_faces
        return self._frame % (_DETECT_SMALL_EVERY if small else _DETECT_EVERY) == 0

    def _detect(self, frame: Frame) -> None:
        """Detect faces in the whole frame, and follow those that are new."""
        if not self._tracks and self._frame % _SEARCH_EVERY == 0:
            found = find_faces(frame, self._detector, self._mesher, self._checker)
        else:
            selector = self._selector
            small = selector.wants_small_faces or selector.is_anyone_missing(self._tracks)
            tiled = small and self._frame % _DETECT_SMALL_EVERY == 0
            thumbnail = frame.thumbnail(SEARCH_SIDE if tiled else self._detector.side)
            detections = self._detector.detect(thumbnail)
            if tiled:
                detections += self._detector.detect_some_tiles(thumbnail, self._tile_rounds)
                self._tile_rounds += 1
            zoom = frame.size[0] / thumbnail.shape[1]
            visible = [mesh_box(track.mesh) / zoom for track in self._tracks if not track.lost]
            new = [
                d
                for d in detections
                if all(intersection_over_union(d.box, box) < _KNOWN for box in visible)
            ]
            found = fit_faces(frame, self._checker, self._mesher, [one.scaled(zoom) for one in new])
        for fitted in found:
            self._start_or_resume(self._mesher.refine(frame, fitted))

    def _start_or_resume(self, fitted: FittedMesh) -> None:
        """Resume the lost track that a found face belongs to, or start a new track."""
        crop = make_grey_crop(fitted.crop, fitted.to_frame)
        known = [t for t in self._tracks if is_same_face(t.mesh, fitted.mesh) and not t.gone]
        if known and known[0].lost:
            similarity = known[0].similarity(crop)
            known[0].update(fitted, crop, similarity=similarity, cut=self._cut, frames=self._step)
        elif not known:
            self._last_number += 1
            track = Track(self._last_number, fitted.mesh, crop, fitted.score, fitted.gaze)
            self._tracks.append(track)


def _is_plausible(previous: Mesh, current: Mesh) -> bool:
    """Tell whether a face can move from one mesh to the other within a frame."""
    old, new = previous[_EXTREMES, :2], current[_EXTREMES, :2]
    old_size, new_size = (float(np.ptp(points, axis=0).max()) for points in (old, new))
    moved = math.hypot(*(new - old).mean(axis=0).tolist())
    return 0.6 < new_size / max(old_size, 1e-3) < 1.67 and moved < 0.6 * old_size


def _covered_share(box: np.ndarray, other: np.ndarray) -> float:
    """Return the share of ``box``, ``(4,)`` xyxy, that ``other`` covers."""
    low, high = np.maximum(box[:2], other[:2]), np.minimum(box[2:], other[2:])
    return float(np.prod(np.maximum(high - low, 0)) / max(float(np.prod(box[2:] - box[:2])), 1e-9))

"""Search a whole frame for faces, small and rotated ones included."""

from collections.abc import Callable, Sequence
from functools import partial

import cv2
import numpy as np

from roop.faces.detection.base import (
    Detection,
    Detector,
    intersection_over_union,
    non_max_suppression,
)
from roop.faces.mesh.mesher import FaceMesher, FittedMesh, face_square
from roop.geometry import Square, transform
from roop.types import Frame, Mesh, Pixels

SEARCH_SIDE = 640
"""Longer side of the thumbnail that is searched, pixels."""

MIN_SCORE = 0.9
"""Where the mesh scores less there is no face but a hand, a knee or a cloud."""

_CLOSE_SIDE = 1280
"""Longer side of the thumbnail of a photo that is always searched for upright faces, pixels."""

_CLOSEST_SIDE = 2560
"""Longer side of the largest thumbnail that is searched for small faces, pixels."""

_SMALL = 32.0
"""Height of a face, in pixels of a thumbnail: where one is smaller, a closer look finds more."""

_SAME_FACE = 0.3
"""Meshes whose boxes overlap by more (intersection over union) lie on the same face."""

_MIN_SCORE_BESIDE_SURE = 0.72
"""Beside a sure face a detection that scores less is a button or a knot."""

_SURE = 0.9
"""A detection that scores more is an upright face: a rotated head scores less."""

_QUARTER_TURNS = (1, 3, 2)
"""Rotations of the thumbnail that find heads lying on their side or upside down."""

_CHECK_SIDE, _CHECK_MARGIN = 192, 1.2
"""Side of the picture in which a mesh is checked, pixels; its size in squares of the mesh."""

_NEAR, _MOST_AWAY = 0.25, 0.5
"""Distance of an eye or of the nose, in distances of the eyes, from where the checker sees it.
Above the first, another mesh may fit better; above the second, the mesh lies beside the face. Right
ones reach 0.4, wrong ones begin at 0.55."""

_MIN_CHECK_SCORE = 0.75
"""Score of the checker below which there is no face but a badge or a pattern. Faces reach 0.84."""

_BRIGHT_SHARE, _BRIGHT = 90, 120.0
"""Percent of the samples that may be darker than the grey level that a dark image is brought to."""

_LEAST_GAIN, _MOST_GAIN = 1.5, 6.0
"""Bounds of the factor that does so: beyond the second there is only noise."""

_EYES_AND_NOSE = ([33, 133], [362, 263], [1])
"""Points of the mesh whose means are the first three key points of a detection."""


def find_faces(
    frame: Frame, detector: Detector, mesher: FaceMesher, checker: Detector | None = None
) -> list[FittedMesh]:
    """Return every face of ``frame``, best first.

    Takes about 0.05 s for a frame of a film, and 0.2 s for a photo, in which small faces beside
    large ones and heads at any angle are found; a second or two for a large photo of a crowd, which
    is searched at more of its own size. In a film, heads that lie on their side or upside down are
    searched for only if no upright one is sure.

    Args:
        frame: Where to search.
        detector: Finds the faces.
        mesher: Fits a mesh to each.
        checker: Sees whether there is a face where the mesh is; ``detector`` by default.
    """
    fit = partial(fit_faces, frame, checker or detector, mesher)
    if frame.still:
        return _find_in_photo(frame, detector, fit)
    thumbnail = _brightened(frame.thumbnail(SEARCH_SIDE))
    zoom = frame.size[0] / thumbnail.shape[1]
    detections = [found.scaled(zoom) for found in detector.detect_tiled(thumbnail)]
    found = fit(_plausible(detections))
    if found and max(one.score for one in detections) >= _SURE:
        return found
    for quarters in _QUARTER_TURNS:
        detections += _detections(detector.detect, thumbnail, quarters, zoom)
    return fit(_plausible(detections))


def _find_in_photo(
    frame: Frame, detector: Detector, fit: Callable[[list[Detection]], list[FittedMesh]]
) -> list[FittedMesh]:
    """Return every face of a photo, best first."""
    detections = _look_closer(frame, detector, _CLOSE_SIDE)
    small = bool(detections) and _smallest(_plausible(detections)) < _small(frame, _CLOSE_SIDE)
    for quarters in _QUARTER_TURNS:
        side = _CLOSE_SIDE if small else SEARCH_SIDE
        detections += _look_closer(frame, detector, side, quarters, detections)
    found = fit(_plausible(detections))
    if found:
        return found
    thumbnail = _brightened(frame.thumbnail(SEARCH_SIDE))
    zoom = frame.size[0] / thumbnail.shape[1]
    detections += [one.scaled(zoom) for one in _larger_than_image(detector, thumbnail)]
    return fit(_plausible(detections))


def _detections(
    search: Callable[[Pixels], list[Detection]], thumbnail: Pixels, quarters: int, zoom: float
) -> list[Detection]:
    """Return the faces of a thumbnail that is turned first, in pixels of the frame."""
    turned = np.ascontiguousarray(np.rot90(thumbnail, quarters))
    return [_rotated_back(one, quarters, thumbnail).scaled(zoom) for one in search(turned)]


def _larger_than_image(detector: Detector, image: Pixels) -> list[Detection]:
    """Return the faces of ``image`` that reach beyond it: the detector wants to see whole ones."""
    y, x = image.shape[0] // 2, image.shape[1] // 2
    padded = cv2.copyMakeBorder(image, y, y, x, x, cv2.BORDER_CONSTANT)
    shift = np.array([x, y], np.float32)
    return [
        Detection(one.box - np.tile(shift, 2), one.keypoints - shift, one.score)
        for one in detector.detect(padded)
    ]


def _look_closer(
    frame: Frame,
    detector: Detector,
    side: int,
    quarters: int = 0,
    known: Sequence[Detection] = (),
) -> list[Detection]:
    """Return faces of a photo, searched in larger thumbnails while some are small.

    Args:
        frame: The photo.
        detector: Finds faces.
        side: Of the first thumbnail, pixels.
        quarters: By which the photo is turned first. If it is, larger thumbnails are searched only
            if a likely face is seen that is not ``known``.
        known: What has been found already.
    """
    longest, detections = max(frame.size), list[Detection]()
    while True:
        thumbnail = _brightened(frame.thumbnail(side))
        zoom = frame.size[0] / thumbnail.shape[1]
        closer = _detections(detector.detect_tiled, thumbnail, quarters, zoom)
        detections = non_max_suppression([*closer, *detections])
        seen = _new(detections, known) if quarters else _plausible(detections)
        done = _smallest(seen) > _small(frame, side) if seen else quarters > 0
        if done or side >= min(longest, _CLOSEST_SIDE):
            return detections
        side *= 2


def _smallest(detections: Sequence[Detection]) -> float:
    """Return the height of the smallest face, in pixels of the frame."""
    return min(float(one.box[3] - one.box[1]) for one in detections)


def _small(frame: Frame, side: int) -> float:
    """Return the height of a small face of a thumbnail of this side, in pixels of the frame."""
    return _SMALL * max(frame.size) / side


def _new(detections: Sequence[Detection], known: Sequence[Detection]) -> list[Detection]:
    """Return the likely faces among ``detections`` that are not known."""
    return [
        one
        for one in detections
        if one.score >= _MIN_SCORE_BESIDE_SURE
        and not any(intersection_over_union(one.box, other.box) > _SAME_FACE for other in known)
    ]


def _plausible(detections: list[Detection]) -> list[Detection]:
    """Return the detections worth fitting, best first: beside a sure one weak ones do not count."""
    ordered = sorted(detections, key=lambda d: -d.score)
    if not ordered or ordered[0].score < _SURE:
        return ordered
    return [detection for detection in ordered if detection.score >= _MIN_SCORE_BESIDE_SURE]


def fit_faces(
    frame: Frame, checker: Detector, mesher: FaceMesher, detections: list[Detection]
) -> list[FittedMesh]:
    """Fit a mesh to each detection; return those that are faces, each face once.

    Args:
        frame: Where the faces are.
        checker: Sees whether there is a face where the mesh is, whose own score is high on a
            jacket, too.
        mesher: Fits the meshes.
        detections: In pixels of the frame.
    """
    found: list[FittedMesh] = []
    for detection in detections:
        if any(_is_explained(detection, face.mesh) for face in found):
            continue
        fitted = _fit(frame, mesher, detection)
        if fitted.score < MIN_SCORE or any(is_same_face(fitted.mesh, f.mesh) for f in found):
            continue
        checked = _checked(frame, checker, mesher, fitted)
        if checked is not None and not any(is_same_face(checked.mesh, f.mesh) for f in found):
            found.append(checked)
    return found


def _is_explained(detection: Detection, mesh: Mesh) -> bool:
    """Tell whether a detection is another view of a face that has been found already."""
    box, face = detection.box, mesh_box(mesh)
    eyes_and_nose = detection.keypoints[:3]
    inside = bool(((eyes_and_nose >= face[:2]) & (eyes_and_nose <= face[2:])).all())
    return inside and intersection_over_union(box, face) > _SAME_FACE


def _fit(frame: Frame, mesher: FaceMesher, detection: Detection) -> FittedMesh:
    rough = mesher.fit(frame, detection.square())
    return mesher.fit(frame, face_square(rough.mesh))  # a mesh's square fits better


def _checked(
    frame: Frame, checker: Detector, mesher: FaceMesher, fitted: FittedMesh
) -> FittedMesh | None:
    """Return the mesh of the face that the checker sees where a mesh is; None if it sees none."""
    seen = _nearest(frame, checker, fitted.mesh)
    if seen is not None and _away(seen, fitted.mesh) > _NEAR:
        other = _fit(frame, mesher, seen)
        again = _nearest(frame, checker, other.mesh)
        if again is not None and _away(again, other.mesh) < _away(seen, fitted.mesh):
            fitted, seen = other, again
    if seen is None or seen.score < _MIN_CHECK_SCORE or _away(seen, fitted.mesh) > _MOST_AWAY:
        return None
    return fitted if fitted.score >= MIN_SCORE else None


def _nearest(frame: Frame, checker: Detector, mesh: Mesh) -> Detection | None:
    """Return the face that the checker sees where the mesh is, turned upright; None if none."""
    square = face_square(mesh)
    square = Square(square.cx, square.cy, _CHECK_MARGIN * square.side, square.angle)
    to_frame = square.to_frame(_CHECK_SIDE)
    seen = [
        Detection(
            mesh_box(transform(to_frame, one.box.reshape(2, 2))),
            transform(to_frame, one.keypoints),
            one.score,
        )
        for one in checker.detect(_brightened(frame.warped(to_frame, _CHECK_SIDE)))
    ]
    return min(seen, key=lambda one: _away(one, mesh), default=None)


def _brightened(image: Pixels) -> Pixels:
    """Return a dark image in usual light, in which detectors are surer; any other as it is."""
    bright = float(np.percentile(image[::4, ::4], _BRIGHT_SHARE))
    gain = min(_BRIGHT / max(bright, 1.0), _MOST_GAIN)
    return cv2.convertScaleAbs(image, alpha=gain).astype(np.uint8) if gain > _LEAST_GAIN else image


def _away(detection: Detection, mesh: Mesh) -> float:
    """Return how far eyes and nose of a mesh are from a detection's, in distances of its eyes."""
    points = np.stack([mesh[part, :2].mean(axis=0) for part in _EYES_AND_NOSE])
    unit = float(np.linalg.norm(points[1] - points[0]))
    away = np.linalg.norm(detection.keypoints[:3] - points, axis=1)
    return float(away.max()) / max(unit, 1e-3)


def is_same_face(a: Mesh, b: Mesh) -> bool:
    """Tell whether two meshes lie on the same face of a frame."""
    return intersection_over_union(mesh_box(a), mesh_box(b)) > _SAME_FACE


def mesh_box(mesh: Mesh) -> np.ndarray:
    """Return the ``(4,)`` xyxy box of a mesh."""
    return np.concatenate([mesh[:, :2].min(axis=0), mesh[:, :2].max(axis=0)])


def _rotated_back(detection: Detection, quarters: int, image: Pixels) -> Detection:
    """Return where a face of the rotated image lies in ``image`` itself."""
    height, width = image.shape[:2]
    corner = detection.box.reshape(2, 2)
    points = np.concatenate([corner, detection.keypoints])
    for quarter in range(quarters, 0, -1):  # back by one: (x, y) becomes (width - y, x)
        before = width if quarter % 2 else height  # of the image that is turned back to
        points = np.stack([before - points[:, 1], points[:, 0]], axis=1)
    box = np.concatenate([points[:2].min(axis=0), points[:2].max(axis=0)])
    return Detection(box.astype(np.float32), points[2:].astype(np.float32), detection.score)

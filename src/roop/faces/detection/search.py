"""Search a whole frame for faces, small and rotated ones included."""

import numpy as np

from roop.faces.detection.base import Detection, Detector, intersection_over_union
from roop.faces.mesh.mesher import FaceMesher, FittedMesh, face_square
from roop.types import Frame, Mesh, Pixels

SEARCH_SIDE = 640
"""Longer side of the thumbnail that is searched, pixels."""

MIN_SCORE = 0.9
"""Where the mesh scores less there is no face but a hand, a knee or a cloud."""

_SAME_FACE = 0.3
"""Meshes whose boxes overlap by more (intersection over union) lie on the same face."""

_MIN_SCORE_BESIDE_SURE = 0.72
"""Beside a sure face a detection that scores less is a button or a knot."""

_SURE = 0.9
"""A detection that scores more is an upright face: a rotated head scores less."""

_QUARTER_TURNS = (1, 3, 2)
"""Rotations of the thumbnail that find heads lying on their side or upside down."""


def find_faces(frame: Frame, detector: Detector, mesher: FaceMesher) -> list[FittedMesh]:
    """Return every face of ``frame``, best first; takes about 0.1 s.

    Heads that lie on their side or upside down are searched for only if no upright one is sure.
    """
    thumbnail = frame.thumbnail(SEARCH_SIDE)
    detections = detector.detect_tiled(thumbnail)
    found = fit_faces(frame, mesher, _plausible(detections), thumbnail)
    if found and detections[0].score >= _SURE:
        return found
    for quarters in _QUARTER_TURNS:
        rotated = np.ascontiguousarray(np.rot90(thumbnail, quarters))
        detections += [_rotated_back(d, quarters, thumbnail) for d in detector.detect(rotated)]
    return fit_faces(frame, mesher, _plausible(detections), thumbnail)


def _plausible(detections: list[Detection]) -> list[Detection]:
    """Return the detections worth fitting, best first: beside a sure one weak ones do not count."""
    ordered = sorted(detections, key=lambda d: -d.score)
    if not ordered or ordered[0].score < _SURE:
        return ordered
    return [detection for detection in ordered if detection.score >= _MIN_SCORE_BESIDE_SURE]


def fit_faces(
    frame: Frame, mesher: FaceMesher, detections: list[Detection], thumbnail: Pixels
) -> list[FittedMesh]:
    """Fit a mesh to each detection; return those that are faces, each face once."""
    zoom = frame.size[0] / thumbnail.shape[1]
    found: list[FittedMesh] = []
    for detection in detections:
        rough = mesher.fit(frame, detection.scaled(zoom).square())
        fitted = mesher.fit(frame, face_square(rough.mesh))  # a mesh's square fits better
        if fitted.score >= MIN_SCORE and not any(is_same_face(fitted.mesh, f.mesh) for f in found):
            found.append(fitted)
    return found


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
    for _ in range(quarters):  # back by a quarter: (x, y) becomes (width - y, x)
        points = np.stack([width - points[:, 1], points[:, 0]], axis=1)
        width, height = height, width
    box = np.concatenate([points[:2].min(axis=0), points[:2].max(axis=0)])
    return Detection(box.astype(np.float32), points[2:].astype(np.float32), detection.score)

"""Search a whole frame for faces, small, turned and tilted ones too."""

import numpy as np

from roop.faces.detection.blazeface import Detection, Detector, overlap
from roop.faces.mesh.mesher import FaceMesher, FittedMesh, square_of
from roop.types import Frame, Mesh, Pixels

SEARCH_SIDE = 640
"""Longer side of the picture that faces are searched in, pixels."""

MIN_SCORE = 0.9
"""A place on which the mesh scores less is a hand, a knee or a cloud."""

_SAME = 0.3
"""Meshes whose boxes overlap by more (intersection over union) lie on the same face."""

_LIKELY = 0.72
"""Beside a sure face, what scores worse is a button or a knot."""

_SURE = 0.9
"""An upright face with a better score is one: a turned head scores less when seen upright."""

_QUARTERS = (1, 3, 2)
"""Quarter turns in which heads that lie on the side or upside down are looked for."""


def find_faces(frame: Frame, detector: Detector, mesher: FaceMesher) -> list[FittedMesh]:
    """Return every face of ``frame``, the best seen first; takes about 0.1 s.

    Heads that lie on the side or upside down are found too, unless an upright one is seen well.
    """
    thumbnail = frame.thumbnail(SEARCH_SIDE)
    seen = detector.detect_tiled(thumbnail)
    found = confirmed(frame, mesher, _likely(seen), thumbnail)
    if found and seen[0].score >= _SURE:
        return found
    for quarters in _QUARTERS:
        turned = np.ascontiguousarray(np.rot90(thumbnail, quarters))
        seen += [_turned_back(d, quarters, thumbnail) for d in detector.detect(turned)]
    return confirmed(frame, mesher, _likely(seen), thumbnail)


def _likely(seen: list[Detection]) -> list[Detection]:
    """Return the detections to look at, best first: beside a sure one the weak do not count."""
    ordered = sorted(seen, key=lambda d: -d.score)
    if not ordered or ordered[0].score < _SURE:
        return ordered
    return [detection for detection in ordered if detection.score >= _LIKELY]


def confirmed(
    frame: Frame, mesher: FaceMesher, detections: list[Detection], thumbnail: Pixels
) -> list[FittedMesh]:
    """Return the meshes of those detections that are faces, each face once."""
    zoom = frame.size[0] / thumbnail.shape[1]
    found: list[FittedMesh] = []
    for detection in detections:
        first = mesher.lay(frame, detection.scaled(zoom).square())
        laid = mesher.lay(frame, square_of(first.mesh))  # the mesh places itself better
        if laid.score >= MIN_SCORE and not any(is_same(laid.mesh, f.mesh) for f in found):
            found.append(laid)
    return found


def is_same(a: Mesh, b: Mesh) -> bool:
    """Tell whether two meshes lie on the same face of a frame."""
    return overlap(box_of(a), box_of(b)) > _SAME


def box_of(mesh: Mesh) -> np.ndarray:
    """Return the ``(4,)`` xyxy box of a mesh."""
    return np.concatenate([mesh[:, :2].min(axis=0), mesh[:, :2].max(axis=0)])


def _turned_back(found: Detection, quarters: int, picture: Pixels) -> Detection:
    """Return where a face of the turned picture lies in the picture itself."""
    height, width = picture.shape[:2]
    corner = found.box.reshape(2, 2)
    points = np.concatenate([corner, found.keypoints])
    for _ in range(quarters):  # one quarter back: x, y of the turned are y, width - x here
        points = np.stack([width - points[:, 1], points[:, 0]], axis=1)
        width, height = height, width
    box = np.concatenate([points[:2].min(axis=0), points[:2].max(axis=0)])
    return Detection(box.astype(np.float32), points[2:].astype(np.float32), found.score)

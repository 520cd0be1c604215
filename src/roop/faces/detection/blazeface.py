"""Find faces in a picture with the short-range BlazeFace, small ones in overlapping tiles."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Protocol

import cv2
import numpy as np
from numpy.typing import NDArray
from typing_extensions import override

from roop.geometry import Square
from roop.models.networks import Network
from roop.types import Box, Pixels, Points

_INPUT = 128
"""Side of the network's input, pixels."""

_MIN_SCORE = 0.5
_MIN_OVERLAP = 0.3
"""Detections whose boxes overlap by more (intersection over union) are the same face."""

_TURNS = 10
"""Turns in which a part of the tiles each is looked at."""

_TILE_STEP = 80
"""Pixels between two tiles of a level: a face of up to 48 pixels lies whole in one of them."""


@dataclass(frozen=True, slots=True, eq=False)
class Detection:
    """A face that the detector sees."""

    box: NDArray[np.float32]
    """``(4,)`` x0, y0, x1, y1 from brows or hairline to chin."""
    keypoints: Points
    """``(K, 2)``: right eye, left eye (the person's own), nose tip; of BlazeFace then the mouth,
    right ear, left ear, of others the right and left corner of the mouth."""
    score: float

    def scaled(self, zoom: float) -> "Detection":
        """Return the same face in a picture ``zoom`` times as large."""
        return Detection(self.box * zoom, self.keypoints * zoom, self.score)

    def square(self) -> Square:
        """Return the region that the face mesh wants to see: upright and half as large again."""
        x0, y0, x1, y1 = self.box
        right, left = self.keypoints[0], self.keypoints[1]
        angle = float(np.arctan2(left[1] - right[1], left[0] - right[0]))
        side = 1.5 * float(max(x1 - x0, y1 - y0))
        return Square(float(x0 + x1) / 2, float(y0 + y1) / 2, side, angle)


class Detector(Protocol):
    """Finds faces in pictures; derive from it."""

    side: int = 640
    """Longer side of a picture that shows ``detect`` all it sees, pixels."""

    def detect(self, picture: Pixels) -> list[Detection]:
        """Return the faces of ``picture``, best first; small ones may be missed."""
        ...

    def detect_tiled(self, picture: Pixels) -> list[Detection]:
        """Return the faces of ``picture``, best first, small ones too; may take its time."""
        return self.detect(picture)

    def detect_some_tiles(self, picture: Pixels, turn: int) -> list[Detection]:
        """Return small faces that ``detect`` misses, in a part of the picture for each turn."""
        return []


class FaceDetector(Detector):
    """Finds faces of 15 % of the picture's height and more; in tiles, of 15 pixels and more."""

    side = 2 * _INPUT

    def __init__(self, network: Network) -> None:
        self._network = network
        self._anchors = _anchors()

    @override
    def detect(self, picture: Pixels) -> list[Detection]:
        """Return the faces of ``picture``, best first, without the small ones."""
        return suppress(self._look(picture, whole_tile(picture)))

    @override
    def detect_tiled(self, picture: Pixels) -> list[Detection]:
        """Return the faces of ``picture``, best first, down to about 15 pixels of height.

        Takes some 40 runs of the network for a picture of 640 x 360.
        """
        found = self._look(picture, whole_tile(picture))
        for level, zoom in _levels(picture):
            for tile in tiles(level):
                found += self._look_inside(level, tile, zoom)
        return suppress(found)

    @override
    def detect_some_tiles(self, picture: Pixels, turn: int) -> list[Detection]:
        """Return the faces in a tenth of the tiles: after ten turns all have been looked at."""
        all_tiles = [(*level, tile) for level in _levels(picture) for tile in tiles(level[0])]
        found = []
        for level, zoom, tile in all_tiles[turn % _TURNS :: _TURNS]:
            found += self._look_inside(level, tile, zoom)
        return suppress(found)

    def _look_inside(self, level: Pixels, tile: Box, zoom: float) -> list[Detection]:
        return [d.scaled(zoom) for d in self._look(level, tile) if _is_whole(d, tile)]

    def _look(self, picture: Pixels, tile: Box) -> list[Detection]:
        """Run the network on one square tile, which may reach beyond the picture."""
        inside = tile.clipped((picture.shape[1], picture.shape[0]))
        zoom = tile.width / _INPUT
        part = picture[inside.y0 : inside.y1, inside.x0 : inside.x1]
        size = (max(round(inside.width / zoom), 1), max(round(inside.height / zoom), 1))
        small = cv2.resize(part, size, interpolation=cv2.INTER_AREA)
        canvas = np.zeros((_INPUT, _INPUT, 3), np.uint8)
        canvas[: size[1], : size[0]] = small
        batch = cv2.dnn.blobFromImage(canvas, 1 / 127.5, mean=(127.5, 127.5, 127.5))
        regressors, logits = self._network.run(batch)
        return self._decode(regressors, logits, zoom, inside)

    def _decode(
        self, regressors: NDArray[np.float32], logits: NDArray[np.float32], zoom: float, at: Box
    ) -> list[Detection]:
        scores = 1 / (1 + np.exp(-np.clip(logits, -80, 80)))
        detections = []
        for i in np.flatnonzero(scores >= _MIN_SCORE):
            points = regressors[i].reshape(8, 2).copy()
            half = points[1] / 2
            points += self._anchors[i]
            box = (np.concatenate([points[0] - half, points[0] + half]) * zoom).astype(np.float32)
            origin = np.array([at.x0, at.y0], np.float32)
            detections.append(
                Detection(box + np.tile(origin, 2), points[2:] * zoom + origin, float(scores[i]))
            )
        return detections


def _levels(picture: Pixels) -> Iterator[tuple[Pixels, float]]:
    """Yield the picture, halved again and again, with how much larger the picture is."""
    level, zoom = picture, 1.0
    while max(level.shape[:2]) > _INPUT:
        yield level, zoom
        level, zoom = (
            cv2.resize(level, None, fx=0.5, fy=0.5, interpolation=cv2.INTER_AREA),
            zoom * 2,
        )


def whole_tile(picture: Pixels) -> Box:
    """Return the square tile with the whole picture in its top-left corner."""
    side = max(picture.shape[:2])
    return Box(0, 0, side, side)


def tiles(picture: Pixels) -> Iterator[Box]:
    """Yield overlapping tiles of the network's own size that cover the picture."""
    height, width = picture.shape[:2]
    for y in range(0, max(height - _INPUT + _TILE_STEP, 1), _TILE_STEP):
        for x in range(0, max(width - _INPUT + _TILE_STEP, 1), _TILE_STEP):
            x0, y0 = max(min(x, width - _INPUT), 0), max(min(y, height - _INPUT), 0)
            yield Box(x0, y0, x0 + _INPUT, y0 + _INPUT)


def _anchors() -> NDArray[np.float32]:
    """Return the ``(896, 2)`` centres of the network's anchors, in input pixels."""
    rows = []
    for stride, each in ((8, 2), (16, 6)):
        side = _INPUT // stride
        y, x = np.mgrid[:side, :side]
        centres = (np.stack([x, y], axis=-1).reshape(-1, 2) + 0.5) * stride
        rows.append(np.repeat(centres, each, axis=0))
    return np.concatenate(rows).astype(np.float32)


def _is_whole(found: Detection, tile: Box) -> bool:
    """Tell whether the face's features lie inside the tile: a cut-off face is another tile's."""
    low = np.array([tile.x0, tile.y0])
    features = found.keypoints[:4]
    return bool(((features >= low) & (features < low + tile.width)).all())


def suppress(found: Sequence[Detection]) -> list[Detection]:
    """Return the best of those that overlap, best first."""
    boxes = [(*one.box[:2].tolist(), *(one.box[2:] - one.box[:2]).tolist()) for one in found]
    kept = cv2.dnn.NMSBoxes(boxes, [one.score for one in found], 0.0, _MIN_OVERLAP)
    return [found[i] for i in kept]


def overlap(a: NDArray[np.float32], b: NDArray[np.float32]) -> float:
    """Return the intersection over union of two xyxy boxes, 0..1."""
    low, high = np.maximum(a[:2], b[:2]), np.minimum(a[2:], b[2:])
    shared = float(np.prod(np.maximum(high - low, 0)))
    total = float(np.prod(a[2:] - a[:2]) + np.prod(b[2:] - b[:2])) - shared
    return shared / total if total > 0 else 0.0

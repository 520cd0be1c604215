"""Detect faces with the short-range BlazeFace, small faces in overlapping tiles."""

from collections.abc import Iterator
from functools import lru_cache

import cv2
import numpy as np
from numpy.typing import NDArray
from typing_extensions import override

from roop.faces.detection.base import Detection, Detector, non_max_suppression
from roop.models.networks import Network
from roop.types import Box, Pixels

_INPUT = 128
"""Side of the network's input, pixels."""

_STRIDE = 32
"""Sides of larger inputs are multiples of this: the network halves them four times, and few sizes
serve many images."""

_LARGEST = 672
"""Longest side of a larger input, pixels: it takes 25 MB."""

_MIN_LOGIT = 0.0
"""That of a score of 0.5."""

_ROUNDS = 10
"""Rounds of ``detect_some_tiles`` that cover every tile once."""

_SHARED = 48
"""Pixels that two tiles of a level share: a face of up to that size lies whole in one of them."""


class BlazeFaceDetector(Detector):
    """Finds faces of 15 % of the image's height and more; in tiles, of 15 pixels and more."""

    side = 2 * _INPUT

    def __init__(self, network: Network) -> None:
        self._network = network

    @override
    def detect(self, image: Pixels) -> list[Detection]:
        """Return the faces of ``image``, best first, without the small ones."""
        return non_max_suppression(self._detect_large(image))

    @override
    def detect_tiled(self, image: Pixels) -> list[Detection]:
        """Return the faces of ``image``, best first, down to a height of about 15 pixels.

        An image of 640 x 360 has some 40 tiles; a network that takes images of any size sees it in
        four runs.
        """
        found = self._detect_large(image)
        for level, zoom in _pyramid(image):
            chosen = large_tiles(level) if self._network.any_size else tiles(level)
            for tile in chosen:
                found += self._detect_whole_faces(level, tile, zoom)
        return non_max_suppression(found)

    @override
    def detect_some_tiles(self, image: Pixels, round_number: int) -> list[Detection]:
        """Return the faces in a tenth of the tiles: ten rounds cover them all."""
        all_tiles = [(*level, tile) for level in _pyramid(image) for tile in tiles(level[0])]
        found = []
        for level, zoom, tile in all_tiles[round_number % _ROUNDS :: _ROUNDS]:
            found += self._detect_whole_faces(level, tile, zoom)
        return non_max_suppression(found)

    def _detect_whole_faces(self, level: Pixels, tile: Box, zoom: float) -> list[Detection]:
        """Return the faces of a tile that has the size of the network's input."""
        inside = tile.clipped((level.shape[1], level.shape[0]))
        part = level[inside.rows, inside.columns]
        found = self._run(part, (tile.height, tile.width))
        return [_placed(d, tile, zoom) for d in found if _is_whole(d, tile)]

    def _detect_large(self, image: Pixels) -> list[Detection]:
        """Run the network on the whole image, shrunk to the network's input."""
        height, width = image.shape[:2]
        zoom = max(height, width) / _INPUT
        size = (max(round(width / zoom), 1), max(round(height / zoom), 1))
        small = cv2.resize(image, size, interpolation=cv2.INTER_AREA)
        return [detection.scaled(zoom) for detection in self._run(small, (_INPUT, _INPUT))]

    def _run(self, image: Pixels, size: tuple[int, int]) -> list[Detection]:
        """Run the network on an image, with black around it up to ``size`` (height, width)."""
        canvas = np.zeros((*size, 3), np.uint8)
        canvas[: image.shape[0], : image.shape[1]] = image
        batch = cv2.dnn.blobFromImage(canvas, 1 / 127.5, mean=(127.5, 127.5, 127.5))
        regressors, logits = self._network.run(batch)
        anchors, found = _anchors(*size), []
        for i in np.flatnonzero(logits >= _MIN_LOGIT):
            points = regressors[i].reshape(8, 2).copy()
            half = points[1] / 2
            points += anchors[i]
            box = np.concatenate([points[0] - half, points[0] + half]).astype(np.float32)
            score = 1 / (1 + float(np.exp(-min(logits[i], 80))))
            found.append(Detection(box, points[2:], score))
        return found


def _pyramid(image: Pixels) -> Iterator[tuple[Pixels, float]]:
    """Yield the image halved again and again, each with how many times larger the image is."""
    level, zoom = image, 1.0
    while max(level.shape[:2]) > _INPUT:
        yield level, zoom
        level, zoom = (
            cv2.resize(level, None, fx=0.5, fy=0.5, interpolation=cv2.INTER_AREA),
            zoom * 2,
        )


def tiles(image: Pixels) -> Iterator[Box]:
    """Yield overlapping tiles of the network's input size that cover the image."""
    height, width = image.shape[:2]
    step = _INPUT - _SHARED
    for y in range(0, max(height - _INPUT + step, 1), step):
        for x in range(0, max(width - _INPUT + step, 1), step):
            x0, y0 = max(min(x, width - _INPUT), 0), max(min(y, height - _INPUT), 0)
            yield Box(x0, y0, x0 + _INPUT, y0 + _INPUT)


def large_tiles(image: Pixels) -> Iterator[Box]:
    """Yield the tiles of an image for a network that takes any size: few, and of one size."""
    spans = [_large_spans(side) for side in image.shape[:2]]
    for y0, y1 in spans[0]:
        for x0, x1 in spans[1]:
            yield Box(x0, y0, x1, y1)


def _large_spans(side: int) -> list[tuple[int, int]]:
    """Return spans of one length, as short as few can be, that cover ``side`` pixels."""
    count = max(-(-(side - _SHARED) // (_LARGEST - _SHARED)), 1)
    length = -(-(side - _SHARED) // count) + _SHARED
    length = -(-max(length, _INPUT) // _STRIDE) * _STRIDE
    last = max(side - length, 0)
    starts = [round(last * n / max(count - 1, 1)) for n in range(count)]
    return [(start, start + length) for start in starts]


@lru_cache(maxsize=16)
def _anchors(height: int, width: int) -> NDArray[np.float32]:
    """Return the ``(N, 2)`` centres of the network's anchors for an input, in its pixels."""
    rows = []
    for stride, per_cell in ((8, 2), (16, 6)):
        y, x = np.mgrid[: height // stride, : width // stride]
        centres = (np.stack([x, y], axis=-1).reshape(-1, 2) + 0.5) * stride
        rows.append(np.repeat(centres, per_cell, axis=0))
    return np.concatenate(rows).astype(np.float32)


def _placed(detection: Detection, tile: Box, zoom: float) -> Detection:
    """Return where a face of a tile lies in an image ``zoom`` times as large as the tile's."""
    corner = np.array([tile.x0, tile.y0], np.float32)
    box, keypoints = detection.box + np.tile(corner, 2), detection.keypoints + corner
    return Detection(box * zoom, keypoints * zoom, detection.score)


def _is_whole(detection: Detection, tile: Box) -> bool:
    """Tell whether the eyes, nose and mouth lie inside the tile; else another tile has the face."""
    features = detection.keypoints[:4]
    return bool(((features >= 0) & (features < (tile.width, tile.height))).all())

"""Detect faces with the short-range BlazeFace, small faces in overlapping tiles."""

from collections.abc import Iterator

import cv2
import numpy as np
from numpy.typing import NDArray
from typing_extensions import override

from roop.faces.detection.base import Detection, Detector, non_max_suppression
from roop.models.networks import Network
from roop.types import Box, Pixels

_INPUT = 128
"""Side of the network's input, pixels."""

_MIN_SCORE = 0.5

_ROUNDS = 10
"""Rounds of ``detect_some_tiles`` that cover every tile once."""

_TILE_STEP = 80
"""Pixels between two tiles of a level: a face of up to 48 pixels lies whole in one of them."""


class BlazeFaceDetector(Detector):
    """Finds faces of 15 % of the image's height and more; in tiles, of 15 pixels and more."""

    side = 2 * _INPUT

    def __init__(self, network: Network) -> None:
        self._network = network
        self._anchors = _anchors()

    @override
    def detect(self, image: Pixels) -> list[Detection]:
        """Return the faces of ``image``, best first, without the small ones."""
        return non_max_suppression(self._detect_in_tile(image, whole_tile(image)))

    @override
    def detect_tiled(self, image: Pixels) -> list[Detection]:
        """Return the faces of ``image``, best first, down to a height of about 15 pixels.

        Runs the network some 40 times for an image of 640 x 360.
        """
        found = self._detect_in_tile(image, whole_tile(image))
        for level, zoom in _pyramid(image):
            for tile in tiles(level):
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
        return [d.scaled(zoom) for d in self._detect_in_tile(level, tile) if _is_whole(d, tile)]

    def _detect_in_tile(self, image: Pixels, tile: Box) -> list[Detection]:
        """Run the network on one square tile, which may reach beyond the image."""
        inside = tile.clipped((image.shape[1], image.shape[0]))
        zoom = tile.width / _INPUT
        part = image[inside.y0 : inside.y1, inside.x0 : inside.x1]
        size = (max(round(inside.width / zoom), 1), max(round(inside.height / zoom), 1))
        small = cv2.resize(part, size, interpolation=cv2.INTER_AREA)
        canvas = np.zeros((_INPUT, _INPUT, 3), np.uint8)
        canvas[: size[1], : size[0]] = small
        batch = cv2.dnn.blobFromImage(canvas, 1 / 127.5, mean=(127.5, 127.5, 127.5))
        regressors, logits = self._network.run(batch)
        return self._decode(regressors, logits, zoom, inside)

    def _decode(
        self, regressors: NDArray[np.float32], logits: NDArray[np.float32], zoom: float, tile: Box
    ) -> list[Detection]:
        scores = 1 / (1 + np.exp(-np.clip(logits, -80, 80)))
        detections = []
        for i in np.flatnonzero(scores >= _MIN_SCORE):
            points = regressors[i].reshape(8, 2).copy()
            half = points[1] / 2
            points += self._anchors[i]
            box = (np.concatenate([points[0] - half, points[0] + half]) * zoom).astype(np.float32)
            origin = np.array([tile.x0, tile.y0], np.float32)
            detections.append(
                Detection(box + np.tile(origin, 2), points[2:] * zoom + origin, float(scores[i]))
            )
        return detections


def _pyramid(image: Pixels) -> Iterator[tuple[Pixels, float]]:
    """Yield the image halved again and again, each with how many times larger the image is."""
    level, zoom = image, 1.0
    while max(level.shape[:2]) > _INPUT:
        yield level, zoom
        level, zoom = (
            cv2.resize(level, None, fx=0.5, fy=0.5, interpolation=cv2.INTER_AREA),
            zoom * 2,
        )


def whole_tile(image: Pixels) -> Box:
    """Return the square tile with the whole image in its top-left corner."""
    side = max(image.shape[:2])
    return Box(0, 0, side, side)


def tiles(image: Pixels) -> Iterator[Box]:
    """Yield overlapping tiles of the network's input size that cover the image."""
    height, width = image.shape[:2]
    for y in range(0, max(height - _INPUT + _TILE_STEP, 1), _TILE_STEP):
        for x in range(0, max(width - _INPUT + _TILE_STEP, 1), _TILE_STEP):
            x0, y0 = max(min(x, width - _INPUT), 0), max(min(y, height - _INPUT), 0)
            yield Box(x0, y0, x0 + _INPUT, y0 + _INPUT)


def _anchors() -> NDArray[np.float32]:
    """Return the ``(896, 2)`` centres of the network's anchors, in input pixels."""
    rows = []
    for stride, per_cell in ((8, 2), (16, 6)):
        side = _INPUT // stride
        y, x = np.mgrid[:side, :side]
        centres = (np.stack([x, y], axis=-1).reshape(-1, 2) + 0.5) * stride
        rows.append(np.repeat(centres, per_cell, axis=0))
    return np.concatenate(rows).astype(np.float32)


def _is_whole(detection: Detection, tile: Box) -> bool:
    """Tell whether the eyes, nose and mouth lie inside the tile; else another tile has the face."""
    low = np.array([tile.x0, tile.y0])
    features = detection.keypoints[:4]
    return bool(((features >= low) & (features < low + tile.width)).all())

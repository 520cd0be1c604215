"""The upscaler at work: tile by tile, so that memory does not grow with the picture."""

import dataclasses
from collections.abc import Iterator, Sequence

import cv2
import numpy as np
from typing_extensions import override

from roop.processors.base import Context, Processor
from roop.processors.upscale import UpscaleOptions
from roop.types import AnalysedFrame, Box, Face, Frame, Pixels

_TILE = 192
"""Side of the part of a tile that is used, pixels."""

_MARGIN = 16
"""Pixels that a tile shows beyond that: the network sees a little of its neighbours."""

_AT_ONCE = 4
"""Tiles in one run of the network."""


class Upscaler(Processor):
    """Draws whole frames anew, larger."""

    def __init__(self, options: UpscaleOptions, context: Context) -> None:
        models = context.model_loader()
        self._factor = options.upscale
        self._model = models.folder.catalogue.choose("upscale", options.upscale_model)
        self._session = models.session(self._model.name)

    @override
    def process(self, analysed_frames: Sequence[AnalysedFrame]) -> Sequence[AnalysedFrame]:
        return [self._enlarged(analysed) for analysed in analysed_frames]

    def _enlarged(self, analysed: AnalysedFrame) -> AnalysedFrame:
        frame, factor = analysed.frame, self._factor
        picture = frame.crop(Box(0, 0, *frame.size))
        boxes = list(_tiles(frame.size))
        frame.enlarge(factor)
        around = cv2.copyMakeBorder(
            picture, *(_MARGIN, _MARGIN + _TILE) * 2, borderType=cv2.BORDER_REFLECT_101
        )
        for start in range(0, len(boxes), _AT_ONCE):
            self._paste(frame, around, boxes[start : start + _AT_ONCE])
        faces = tuple(_scaled(face, factor) for face in analysed.faces)
        return dataclasses.replace(analysed, faces=faces)

    def _paste(self, frame: Frame, around: Pixels, boxes: Sequence[Box]) -> None:
        whole = _TILE + 2 * _MARGIN
        taken, given = self._model.input("pixels"), self._model.output("pixels")
        tiles = [around[b.y0 : b.y0 + whole, b.x0 : b.x0 + whole] for b in boxes]
        made = given.decode(self._session.run({"pixels": taken.encode(np.stack(tiles))})["pixels"])
        factor, side = self._factor, whole * self._factor
        for box, tile in zip(boxes, made, strict=True):
            fitted = cv2.resize(tile, (side, side), interpolation=cv2.INTER_AREA)
            inner = fitted[_MARGIN * factor :, _MARGIN * factor :]
            target = Box(*(v * factor for v in (box.x0, box.y0, box.x1, box.y1)))
            pixels = np.ascontiguousarray(inner[: target.height, : target.width])
            frame.paste(target, pixels, np.full(pixels.shape[:2], 255, np.uint8))


def _tiles(size: tuple[int, int]) -> Iterator[Box]:
    """Yield boxes that cover a picture once."""
    for y in range(0, size[1], _TILE):
        for x in range(0, size[0], _TILE):
            yield Box(x, y, x + _TILE, y + _TILE).clipped(size)


def _scaled(face: Face, factor: int) -> Face:
    mesh = face.mesh * np.float32(factor)
    mesh[:, :2] += (factor - 1) / 2  # (0, 0) is the centre of a pixel
    return dataclasses.replace(face, mesh=mesh)

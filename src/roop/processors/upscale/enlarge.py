"""The upscaler at work: tile by tile, so that memory does not grow with the frame."""

import dataclasses
from collections.abc import Iterator, Sequence

import cv2
import numpy as np
from typing_extensions import override

from roop.processors.base import Context, Processor
from roop.processors.upscale import UpscaleOptions
from roop.types import AnalysedFrame, Box, Face, Frame, Pixels

_TILE = 192
"""Side of a tile without its margin, pixels."""

_MARGIN = 16
"""Pixels of the neighbouring tiles on each side that the network sees, too."""

_BATCH_SIZE = 4
"""Tiles in one run of the network."""


class Upscaler(Processor):
    """Enlarges whole frames by a network."""

    def __init__(self, options: UpscaleOptions, context: Context) -> None:
        models = context.model_loader()
        self._factor = options.upscale
        self._model = models.folder.catalogue.choose("upscale", options.upscale_model)
        self._session = models.session(self._model.name)

    @override
    def process(self, analysed_frames: Sequence[AnalysedFrame]) -> Sequence[AnalysedFrame]:
        return [self._upscale(analysed) for analysed in analysed_frames]

    def _upscale(self, analysed: AnalysedFrame) -> AnalysedFrame:
        frame, factor = analysed.frame, self._factor
        image = frame.crop(Box(0, 0, *frame.size))
        boxes = list(_tiles(frame.size))
        frame.enlarge(factor)
        padded = cv2.copyMakeBorder(
            image, *(_MARGIN, _MARGIN + _TILE) * 2, borderType=cv2.BORDER_REFLECT_101
        )
        for start in range(0, len(boxes), _BATCH_SIZE):
            self._paste(frame, padded, boxes[start : start + _BATCH_SIZE])
        faces = tuple(_scale_face(face, factor) for face in analysed.faces)
        return dataclasses.replace(analysed, faces=faces)

    def _paste(self, frame: Frame, padded: Pixels, boxes: Sequence[Box]) -> None:
        side = _TILE + 2 * _MARGIN
        input_spec, output_spec = self._model.input("pixels"), self._model.output("pixels")
        tiles = [padded[b.y0 : b.y0 + side, b.x0 : b.x0 + side] for b in boxes]
        upscaled = output_spec.decode(
            self._session.run({"pixels": input_spec.encode(np.stack(tiles))})["pixels"]
        )
        factor, output_side = self._factor, side * self._factor
        for box, tile in zip(boxes, upscaled, strict=True):
            resized = cv2.resize(tile, (output_side, output_side), interpolation=cv2.INTER_AREA)
            inside = resized[_MARGIN * factor :, _MARGIN * factor :]
            target = Box(*(v * factor for v in (box.x0, box.y0, box.x1, box.y1)))
            pixels = np.ascontiguousarray(inside[: target.height, : target.width])
            frame.paste(target, pixels, np.full(pixels.shape[:2], 255, np.uint8))


def _tiles(size: tuple[int, int]) -> Iterator[Box]:
    """Yield boxes that together cover an image of ``size`` (width, height) once."""
    for y in range(0, size[1], _TILE):
        for x in range(0, size[0], _TILE):
            yield Box(x, y, x + _TILE, y + _TILE).clipped(size)


def _scale_face(face: Face, factor: int) -> Face:
    mesh = face.mesh * np.float32(factor)
    mesh[:, :2] += (factor - 1) / 2  # (0, 0) is the centre of a pixel
    return dataclasses.replace(face, mesh=mesh)

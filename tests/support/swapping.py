"""Swap a face in an image, and measure what a viewer sees."""

from collections.abc import Sequence

import cv2
import numpy as np
from numpy.typing import NDArray
from skimage.draw import polygon2mask
from typing_extensions import override

from roop.faces.analyser import Analyser
from roop.faces.mesh.topology import LEFT_EYE, OVAL, RIGHT_EYE
from roop.media.frames.stored_frame import StoredFrame
from roop.options import Settings
from roop.processors import installed
from roop.processors.base import Context, Processor
from roop.types import Alpha, AnalysedFrame, Box, Face, Frame, Identity, Mesh, Pixels, Portrait
from support.heads import frame

Mask = NDArray[np.bool_]
"""``(H, W)``."""


class RecordingFrame(StoredFrame):
    """A frame that records which part of it was replaced."""

    def __init__(self, pixels: Pixels) -> None:
        super().__init__(pixels.copy())
        self.alpha = np.zeros(pixels.shape[:2], np.uint8)

    @override
    def paste(self, box: Box, pixels: Pixels, alpha: Alpha) -> None:
        super().paste(box, pixels, alpha)
        self.alpha[box.y0 : box.y1, box.x0 : box.x1] = alpha


def engine(*source: Portrait, **options: float) -> Processor:
    """Build the engine ``mesh`` for photos of one person."""
    return installed()["mesh"].create(options, Context(Settings(), (Identity(source),)))


def pixels_of(image: Frame) -> Pixels:
    assert isinstance(image, StoredFrame)
    return np.array(image.samples, np.uint8)


def swapped(source: Portrait, target: Pixels, faces: Sequence[Face], **options: float) -> Pixels:
    """Return a still target with ``faces`` replaced by the source's."""
    image = frame(target)
    engine(source, **options).process([AnalysedFrame(image, tuple(faces))])
    return pixels_of(image)


def swapped_one(source: Portrait, target: Portrait, **options: float) -> Pixels:
    """Return the target with the source's face."""
    return swapped(source, target.pixels, [Face(target.mesh, 1.0, 1)], **options)


def mesh_on(analyser: Analyser, image: Pixels) -> Mesh:
    """Return the mesh that the network fits to the only face of an image."""
    return analyser.portrait(image, None, name="picture").mesh


def width_of(mesh: Mesh) -> float:
    return float(np.ptp(mesh[:, 0]))


def inside(points: NDArray[np.floating], image: Pixels, *, grow: float = 0.0) -> Mask:
    """Return the pixels inside an outline of ``(N, 2)`` points, grown or shrunk by ``grow``."""
    filled = polygon2mask(image.shape[:2], points[:, 1::-1].astype(float))
    away = cv2.distanceTransform((~filled).astype(np.uint8), cv2.DIST_L2, 5)
    depth = cv2.distanceTransform(filled.astype(np.uint8), cv2.DIST_L2, 5)
    found: Mask = (away - depth) <= grow
    return found


def face_area(mesh: Mesh, image: Pixels, *, grow: float = 0.0) -> Mask:
    """Return the pixels of the face, its outline moved out by ``grow`` face widths."""
    return inside(mesh[list(OVAL)], image, grow=grow * width_of(mesh))


def opening(mesh: Mesh) -> float:
    """Return how far the eyes are open: the area between the lids per squared eye distance."""
    areas = []
    for ring in (RIGHT_EYE, LEFT_EYE):
        x, y = mesh[list(ring), 0].astype(float), mesh[list(ring), 1].astype(float)
        areas.append(abs(x @ np.roll(y, -1) - y @ np.roll(x, -1)) / 2)
    return float(np.mean(areas)) / float(np.linalg.norm(mesh[263] - mesh[33])) ** 2

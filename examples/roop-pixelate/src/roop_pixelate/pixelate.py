"""The processor ``pixelate`` at work."""

from collections.abc import Sequence

import cv2
import numpy as np

from roop.faces.mesh.topology import OVAL
from roop.geometry import bounds
from roop.processors.base import Processor
from roop.types import AnalysedFrame, Face, Frame
from roop_pixelate import PixelateOptions


class Pixelate(Processor):
    """Makes every face of a scene unrecognisable."""

    def __init__(self, options: PixelateOptions) -> None:
        self._squares = options.pixelate_squares

    def process(self, analysed_frames: Sequence[AnalysedFrame]) -> Sequence[AnalysedFrame]:
        """Edit the frames in place, and return the same scenes."""
        for analysed in analysed_frames:
            for face in analysed.faces:
                self._pixelate(analysed.frame, face)
        return analysed_frames

    def _pixelate(self, frame: Frame, face: Face) -> None:
        outline = face.mesh[list(OVAL), :2]
        box = bounds(outline).evened().clipped(frame.size)
        if min(box.width, box.height) < 2:  # the face lies outside the picture
            return
        small = frame.thumbnail(self._squares, box)
        pixels = cv2.resize(small, (box.width, box.height), interpolation=cv2.INTER_NEAREST)
        alpha = np.zeros((box.height, box.width), np.uint8)
        shape = np.rint(outline - (box.x0, box.y0)).astype(np.int32)
        cv2.fillPoly(alpha, [shape], round(255 * face.opacity))
        frame.paste(box, pixels, alpha)

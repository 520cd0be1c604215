"""Encode live frames as JPEG, also with a line that says why they do not move."""

import cv2
import numpy as np

from roop.types import Box, Frame

QUALITY = 85
"""JPEG quality, 0..100."""

_EMPTY = (640, 360)
"""Size of the image before the first frame, pixels."""


def encode_jpeg(frame: Frame) -> bytes:
    """Return ``frame`` as a JPEG file."""
    bgr = cv2.cvtColor(frame.crop(Box(0, 0, *frame.size)), cv2.COLOR_RGB2BGR)
    _, data = cv2.imencode(".jpg", bgr, [cv2.IMWRITE_JPEG_QUALITY, QUALITY])
    return data.tobytes()


def stalled_jpeg(frame: Frame | None, text: str) -> bytes:
    """Return ``frame``, or black, as a JPEG file with ``text`` on a dark bar in the middle.

    Args:
        frame: Already labelled; it is not changed.
        text: One line of ASCII.
    """
    size = _EMPTY if frame is None else frame.size
    rgb = np.zeros((size[1], size[0], 3), np.uint8)
    if frame is not None:
        rgb = frame.crop(Box(0, 0, *size))
    middle, half = size[1] // 2, max(12, size[1] // 24)
    rgb[middle - half : middle + half] //= 4
    scale = cv2.getFontScaleFromHeight(cv2.FONT_HERSHEY_SIMPLEX, max(8, half * 2 // 3))
    (width, _), _ = cv2.getTextSize(text, cv2.FONT_HERSHEY_SIMPLEX, scale, 1)
    scale *= min(1.0, size[0] * 0.9 / width)
    width = min(width, int(size[0] * 0.9))
    where = (size[0] - width) // 2, middle + half // 3
    cv2.putText(rgb, text, where, cv2.FONT_HERSHEY_SIMPLEX, scale, (255, 255, 255), 1, cv2.LINE_AA)
    bgr = cv2.cvtColor(rgb, cv2.COLOR_RGB2BGR)
    _, data = cv2.imencode(".jpg", bgr, [cv2.IMWRITE_JPEG_QUALITY, QUALITY])
    return data.tobytes()

"""What is shown of a saved identity."""

from pathlib import Path

from roop.faces.analyser import Analyser
from roop.geometry import bounds
from roop.media.frames.stored_frame import StoredFrame
from roop.media.pictures.identity_file import load_identity
from roop.types import Box, Pixels

_MARGIN = 0.2
"""Margin around the face, as a share of its size."""


def first_photo(path: Path) -> StoredFrame:
    """Return the first photo of a saved identity, not yet screened.

    Raises:
        MediaError: The file cannot be read.
    """
    return StoredFrame(load_identity(path)[0])


def face_picture(photo: StoredFrame, analyser: Analyser, side: int) -> Pixels:
    """Return a square around the largest face of a screened photo, RGB.

    Args:
        photo: A photo of a saved identity.
        analyser: Finds the face.
        side: Most pixels of a side.
    """
    found = analyser.faces(photo, "large-small")
    width, height = photo.size
    box = bounds(found[0][:, :2], margin=0) if found else Box(0, 0, width, height)
    x, y = (box.x0 + box.x1) // 2, (box.y0 + box.y1) // 2
    half = round((0.5 + _MARGIN) * max(box.x1 - box.x0, box.y1 - box.y0))
    half = min(half, x, y, width - x, height - y)  # square, and inside
    square = Box(x - half, y - half, x + half, y + half) if half > 0 else Box(0, 0, width, height)
    return photo.thumbnail(side, square)

"""One face of a photo that shows several, as a photo of its own."""

import hashlib
from collections.abc import Sequence
from pathlib import Path

import cv2

from roop.errors import MediaError
from roop.media.files.disk import writing
from roop.types import Box, Frame

_MARGIN = 0.6
"""Margin around the face where nobody else is near, as a share of its height."""

_LEAST_MARGIN = 0.1


def cut_face(frame: Frame, boxes: Sequence[Box], number: int, output: Path) -> Path:
    """Write one face of a screened photo to a PNG file, without the other faces.

    Args:
        frame: The photo.
        boxes: All faces in it.
        number: Which of them, from 0.
        output: The file; it goes into a folder beside it that is named after the content.

    Returns:
        The file.

    Raises:
        MediaError: It cannot be written.
    """
    face = boxes[number]
    height = face.y1 - face.y0
    others = [box for each, box in enumerate(boxes) if each != number]
    room = (max(_room(face, other), round(_LEAST_MARGIN * height)) for other in others)
    margin = min(round(_MARGIN * height), *room) if others else round(_MARGIN * height)
    wide = Box(face.x0 - margin, face.y0 - margin, face.x1 + margin, face.y1 + margin)
    pixels = frame.crop(wide.clipped(frame.size))
    _, data = cv2.imencode(".png", cv2.cvtColor(pixels, cv2.COLOR_RGB2BGR))
    content = data.tobytes()
    path = output.parent / hashlib.sha256(content).hexdigest()[:24] / output.name
    try:
        with writing(path):
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(content)
    except MediaError as error:
        raise MediaError(
            "the face cannot be cut out of the photo: no room for it in the user's folder",
            hint="crop the photo in another program, so that it shows one face",
        ) from error
    return path


def _room(face: Box, other: Box) -> int:
    """Return how far a face's box can grow in every direction without touching another."""
    return max(other.x0 - face.x1, face.x0 - other.x1, other.y0 - face.y1, face.y0 - other.y1, 0)

"""Write a frame to an image file."""

from pathlib import Path

from PIL import Image

from roop.types import Box, Frame

_LOWEST_QUALITY, _HIGHEST_QUALITY = 5, 95


def write_frame(path: Path, frame: Frame, *, quality: int) -> None:
    """Write ``frame`` upright.

    Args:
        path: ``.png``, or ``.jpg`` for a smaller file.
        frame: The frame.
        quality: For JPEG, 0 (best) to 100 (smallest file).
    """
    image = Image.fromarray(frame.crop(Box(0, 0, *frame.size)))
    if path.suffix == ".png":
        image.save(path, compress_level=3)
        return
    scaled = _HIGHEST_QUALITY - round(quality * (_HIGHEST_QUALITY - _LOWEST_QUALITY) / 100)
    image.save(path, quality=scaled, subsampling="4:4:4" if quality < 20 else "4:2:0")

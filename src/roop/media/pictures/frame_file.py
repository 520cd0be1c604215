"""Write one frame as a picture of its own."""

from pathlib import Path

from PIL import Image

from roop.types import Box, Frame

_WORST_JPEG, _BEST_JPEG = 5, 95


def write_frame(path: Path, frame: Frame, *, quality: int) -> None:
    """Write what ``frame`` shows, upright.

    Args:
        path: ``.png``, or ``.jpg`` for a smaller file.
        frame: Any.
        quality: Of a JPEG file: 0 is the best picture, 100 the smallest file.
    """
    image = Image.fromarray(frame.crop(Box(0, 0, *frame.size)))
    if path.suffix == ".png":
        image.save(path, compress_level=3)
        return
    scaled = _BEST_JPEG - round(quality * (_BEST_JPEG - _WORST_JPEG) / 100)
    image.save(path, quality=scaled, subsampling="4:4:4" if quality < 20 else "4:2:0")

"""Read JPEG XL pictures, with 8 bits per channel, if the extra ``jxl`` is installed."""

from pathlib import Path
from typing import Any

import numpy as np

from roop.errors import MediaError
from roop.media.formats.image_files import check_size
from roop.media.formats.main_picture import MainPicture
from roop.media.formats.metadata import Metadata

_EXIF_PREFIX = b"Exif\0\0"
_MODES = {1: "L", 2: "LA", 3: "RGB", 4: "RGBA"}


def read_jxl(path: Path) -> MainPicture:
    """Decode the picture; of an animation, the first frame.

    Raises:
        ValueError, OSError, RuntimeError: The file is damaged.
        MediaError: It has too many pixels, or the extra is not installed.
    """
    library, data = _library(path), path.read_bytes()
    about = library.probe(data)
    check_size(path, (about["width"], about["height"]))
    decoded, blocks = library.decode(data, metadata=True)
    samples = np.array(decoded, np.uint8, order="C")
    metadata = Metadata(
        exif=bytes(blocks.get("exif", b"")).removeprefix(_EXIF_PREFIX),
        icc=bytes(blocks.get("icc", b"")),
        xmp=bytes(blocks.get("xmp", b"")),
    )
    return MainPicture(
        samples=samples.reshape(*samples.shape[:2], -1),
        metadata=metadata.upright(),  # the decoder has turned the pixels
        mode=_MODES[samples.shape[2] if samples.ndim == 3 else 1],
        left_out=tuple(_left_out(about)),
    )


def exceeds_jpeg(path: Path) -> bool:
    """Return True if the picture can be transparent.

    Raises:
        ValueError, OSError, RuntimeError: The file is damaged.
        MediaError: The extra is not installed.
    """
    return bool(_library(path).probe(path.read_bytes())["has_alpha"])


def _left_out(about: dict[str, Any]) -> list[str]:
    found = []
    if about["bits_per_sample"] > 8:
        found.append(f"{about['bits_per_sample']} bits per channel, of which 8 are read")
    if about["have_animation"]:
        found.append("further frames")
    return found


def _library(path: Path) -> Any:  # noqa: ANN401 - a module without types for its functions
    try:
        import pylibjxl
    except ImportError as error:
        raise MediaError(
            f"{path.name} is a JPEG XL picture, and pylibjxl is not installed",
            hint="pip install 'roop[jxl]', or convert it to PNG or JPEG first",
        ) from error
    return pylibjxl

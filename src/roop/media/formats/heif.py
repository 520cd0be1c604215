"""Read HEIC and HEIF pictures, as phones take them."""

from pathlib import Path

import numpy as np
import pi_heif
from PIL import Image

from roop.media.formats.image_files import check_size
from roop.media.formats.main_picture import MainPicture
from roop.media.formats.metadata import Metadata
from roop.media.frames.stored_frame import StoredSamples

_EXIF_PREFIX = b"Exif\0\0"
_GAIN_MAP = "gainmap"
"""Part of the names that Apple and ISO give to a gain map."""


def read_heif(path: Path) -> MainPicture:
    """Decode the main picture.

    Raises:
        ValueError, OSError, RuntimeError, SyntaxError: The file is damaged.
        MediaError: It has too many pixels.
    """
    file = pi_heif.open_heif(path, convert_hdr_to_8bit=False)
    image = file[file.primary_index]
    check_size(path, image.size)
    info, mode = image.info, image.mode
    array = np.asarray(image)
    samples = array.reshape(*array.shape[:2], -1)[:, : image.size[0]]
    if mode.endswith(";16"):
        samples = _full_range(samples.astype(np.uint16), info["bit_depth"])
    elif mode in ("RGBa", "La"):
        straight = Image.fromarray(np.ascontiguousarray(samples), mode).convert(mode.upper())
        samples = np.asarray(straight)
    exif = bytes(info.get("exif") or b"").removeprefix(_EXIF_PREFIX)
    metadata = Metadata(
        exif=exif, icc=bytes(info.get("icc_profile") or b""), xmp=bytes(info.get("xmp") or b"")
    )
    return MainPicture(
        samples=np.array(samples, order="C"),
        metadata=metadata.upright(),  # the decoder has turned the pixels
        mode=mode,
        left_out=tuple(_left_out(file, image)),
    )


def exceeds_jpeg(path: Path) -> bool:
    """Return True if the main picture can be transparent or has more than 8 bits per channel.

    Raises:
        ValueError, OSError, RuntimeError, SyntaxError: The file is damaged.
    """
    file = pi_heif.open_heif(path, convert_hdr_to_8bit=False)
    return bool(file.has_alpha) or file[file.primary_index].info["bit_depth"] > 8


def _left_out(file: pi_heif.HeifFile, image: pi_heif.HeifImage) -> list[str]:
    kinds = [str(kind) for kind in image.info.get("aux", {})]
    found = []
    if image.info.get("depth_images"):
        found.append("a depth map")
    if any(_GAIN_MAP in kind.lower() for kind in kinds):
        found.append("an HDR gain map")
    if any(_GAIN_MAP not in kind.lower() for kind in kinds):
        found.append("mattes of a portrait")
    if len(file) > 1:
        others = len(file) - 1
        found.append("another picture" if others == 1 else f"{others} other pictures")
    return found


def _full_range(samples: np.typing.NDArray[np.uint16], bits: int) -> StoredSamples:
    """Return samples that libheif has shifted up to 16 bits, scaled so that white is 65535."""
    top = (1 << bits) - 1
    stored = (samples >> (16 - bits)).astype(np.uint32)
    return ((stored * 65535 + top // 2) // top).astype(np.uint16)

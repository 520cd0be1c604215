"""Read and write AVIF pictures with more than 8 bits, which Pillow rounds."""

from pathlib import Path

import av
import cv2
import numpy as np
from av.video.reformatter import ColorRange, Colorspace
from numpy.typing import NDArray

from roop.media.formats.metadata import Metadata

_USUAL_BITS, _MOST_BITS = 10, 12
"""Bits per channel that every AV1 decoder knows, and those of the professional profile."""

_CONFIGURATION, _HIGH, _TWELVE = b"av1C", 0x40, 0x20
"""The box of the AV1 configuration, and its flags for more than 8 bits and for 12."""

XMP_ROOM = 8192
"""Blanks after the XMP data of a new file, for what is added to them in place."""

_SEARCHED = 1 << 16
"""Bytes at the start of a file that hold the description of its picture."""

_UNSPECIFIED = 2
"""The number of an unknown colour matrix (H.273)."""


def bits(path: Path) -> int:
    """Return the bits per channel by the AV1 configuration box: 8, 10 or 12."""
    with path.open("rb") as file:
        head = file.read(_SEARCHED)
    at = head.find(_CONFIGURATION)
    flags = head[at + 6] if 0 < at < len(head) - 7 else 0
    if not flags & _HIGH:
        return 8
    return _MOST_BITS if flags & _TWELVE else _USUAL_BITS


def is_deep(path: Path) -> bool:
    """Return True if there are more than 8 bits per channel."""
    return bits(path) > 8


def read_deep(path: Path, size: tuple[int, int]) -> NDArray[np.uint16] | None:
    """Return ``(H, W, 3)`` RGB samples as they are stored, white being 65535.

    Args:
        path: A file for which ``is_deep`` is true.
        size: Its (width, height) in pixels, not turned upright.

    Returns:
        The samples; None if the picture is put together from tiles.

    Raises:
        OSError: FFmpeg cannot decode it.
    """
    with av.open(str(path), container_options={"protocol_whitelist": "file"}) as container:
        frame = next(container.decode(video=0))
    if (frame.width, frame.height) != size:
        return None
    matrix = Colorspace.ITU601 if frame.colorspace == _UNSPECIFIED else frame.colorspace
    turned = frame.reformat(
        format="gbrp16le",  # packed formats come out wrong where the width is odd
        src_colorspace=None if frame.format.is_rgb else matrix,
        src_color_range=frame.color_range,
        dst_color_range=ColorRange.JPEG,
    )
    return turned.to_ndarray().astype(np.uint16, copy=False)


def can_write_deep() -> bool:
    """Return True if OpenCV was built with an encoder."""
    return bool(cv2.haveImageWriter("deep.avif"))


def encode_deep(
    samples: NDArray[np.uint16], metadata: Metadata, quality: int, depth: int = _USUAL_BITS
) -> bytes:
    """Return a file of ``(H, W, 3 or 4)`` RGB samples, white being 65535, with ``depth`` bits.

    Raises:
        ValueError: The encoder fails.
    """
    top = (1 << depth) - 1
    rounded = ((samples.astype(np.uint32) * top + 32767) // 65535).astype(np.uint16)
    order = [2, 1, 0, 3][: samples.shape[2]]
    blobs = {
        cv2.IMAGE_METADATA_EXIF: metadata.exif,
        cv2.IMAGE_METADATA_ICCP: metadata.icc,
        cv2.IMAGE_METADATA_XMP: metadata.xmp,
    }
    given = {kind: np.frombuffer(blob, np.uint8) for kind, blob in blobs.items() if blob}
    settings = [cv2.IMWRITE_AVIF_DEPTH, depth, cv2.IMWRITE_AVIF_QUALITY, quality]
    done, data = cv2.imencodeWithMetadata(
        ".avif",
        np.ascontiguousarray(rounded[..., order]),
        list(given),
        list(given.values()),
        settings,
    )
    if not done:
        raise ValueError("the AVIF encoder failed")
    return bytes(data)

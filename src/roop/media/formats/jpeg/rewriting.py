"""Write the edits of a photo into its JPEG file.

The quantised DCT blocks of the file are read exactly. Blocks with an edited pixel are quantised
again with the file's tables; all others are written unchanged. Files whose blocks cannot be read
(RGB, CMYK, arithmetic coding, rare subsampling) are decoded and encoded again with their tables,
which changes every block a little. Descriptive segments are copied.
"""

import io
from collections.abc import Sequence
from typing import Any

import numpy as np
from PIL import Image
from PIL.JpegImagePlugin import JpegImageFile

from roop.media.formats import exif
from roop.media.formats.jpeg.block_reader import read_blocks
from roop.media.formats.jpeg.scans import encode_image
from roop.media.formats.jpeg.segments import (
    APP0,
    APP1,
    APP2,
    APP11,
    APP14,
    JpegSegment,
    header_segments,
)
from roop.media.frames.stored_frame import StoredFrame, depth8, rgb8

_EXIF = b"Exif\0\0"


def rewrite_jpeg(data: bytes, frame: StoredFrame) -> bytes:
    """Return the JPEG file ``data`` with the edits of ``frame``, which was decoded from it.

    EXIF, XMP, ICC and other descriptions are copied, but nothing that shows or signs the old face:
    the EXIF thumbnail is replaced; further images in the file and content credentials are left
    out.

    Raises:
        ValueError, OSError: ``data`` cannot be decoded.
    """
    if frame.edited is None:
        return data
    image = read_blocks(data)
    if image is not None:
        return _with_descriptions(encode_image(image.with_edits(frame)), data, frame)
    with JpegImageFile(io.BytesIO(data)) as original:
        encoded = _encode_again(original, frame)
        same_form = original.layers == frame.samples.shape[2]
    ours = header_segments(encoded)
    own = [] if same_form else [part for part in ours if part.descriptive]
    coding = next(part for part in ours if not part.descriptive)
    rest = encoded[coding.offset - 4 :]
    return _with_descriptions(rest, data, frame, own=own, same_form=same_form)


def _encode_again(original: JpegImageFile, frame: StoredFrame) -> bytes:
    """Encode an image whose blocks cannot be read with the tables of the target."""
    three = frame.samples.shape[2] == 3
    form = rgb8(frame.samples) if three else depth8(frame.samples)[..., 0]
    image = Image.fromarray(np.ascontiguousarray(form))
    used: Sequence[int] = [layer[3] for layer in original.layer[:2]]
    options: dict[str, Any] = {
        "qtables": [list(original.quantization[index]) for index in used],
        "progressive": bool(original.info.get("progressive")),
        # Pillow can only keep RGB components if it is given RGB.
        "keep_rgb": three and original.info.get("adobe_transform") == 0,
    }
    if three:
        options["subsampling"] = 0
    stream = io.BytesIO()
    image.save(stream, "JPEG", **options)
    return stream.getvalue()


def _with_descriptions(
    coded: bytes,
    data: bytes,
    frame: StoredFrame,
    *,
    own: Sequence[JpegSegment] = (),
    same_form: bool = True,
) -> bytes:
    """Return a file of ``coded`` with the descriptive segments of ``data``.

    Args:
        coded: The file from the first table on.
        data: The target.
        frame: The edited frame.
        own: Descriptive segments that ``coded`` needs.
        same_form: The components have the same meaning as in ``data``.
    """
    kept = [
        _updated(part, frame)
        for part in header_segments(data)
        if part.descriptive and _still_true(part, same_form=same_form)
    ]
    return b"\xff\xd8" + b"".join(part.encode() for part in (*own, *kept)) + coded


def _still_true(part: JpegSegment, *, same_form: bool) -> bool:
    """Return True if a descriptive segment of the target still applies to the output."""
    if part.marker == APP11:
        return False  # holds content credentials: they sign the old pixels
    if part.marker == APP2 and part.body.startswith(b"MPF\0"):
        return False
    if same_form:
        return True
    profile = part.marker == APP2 and part.body.startswith(b"ICC_PROFILE\0")
    return not profile and part.marker not in (APP0, APP14)


def _updated(part: JpegSegment, frame: StoredFrame) -> JpegSegment:
    if part.marker != APP1 or not part.body.startswith(_EXIF):
        return part
    patched = exif.replace_thumbnail(part.body[len(_EXIF) :], rgb8(frame.samples))
    return JpegSegment(part.marker, _EXIF + patched, part.offset)

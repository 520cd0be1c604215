"""Write the edits of a photo into its JPEG file.

The file's quantised DCT blocks are read to the bit, those that hold an edited pixel are quantised
anew with the file's own tables, and all are written again: every other block comes out as it was.
Files that cannot be read so (RGB, CMYK, arithmetic coding, rare subsampling) are decoded and
encoded with their own tables, which only comes close. Descriptive segments are copied.
"""

import io
from collections.abc import Sequence
from typing import Any

import numpy as np
from PIL import Image
from PIL.JpegImagePlugin import JpegImageFile

from roop.media.formats import exif
from roop.media.formats.jpeg.block_reader import read_blocks
from roop.media.formats.jpeg.scans import encode_picture
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

    EXIF, XMP, ICC and other descriptions are copied. What shows or signs the old picture is not:
    the thumbnail in EXIF is made anew; further pictures behind the first and content credentials
    are left out.

    Raises:
        ValueError, OSError: ``data`` cannot be decoded.
    """
    if frame.edited is None:
        return data
    picture = read_blocks(data)
    if picture is not None:
        return _with_descriptions(encode_picture(picture.with_edits(frame)), data, frame)
    with JpegImageFile(io.BytesIO(data)) as original:
        encoded = _encoded_anew(original, frame)
        same_form = original.layers == frame.samples.shape[2]
    ours = header_segments(encoded)
    own = [] if same_form else [part for part in ours if part.descriptive]
    coding = next(part for part in ours if not part.descriptive)
    rest = encoded[coding.offset - 4 :]
    return _with_descriptions(rest, data, frame, own=own, same_form=same_form)


def _encoded_anew(original: JpegImageFile, frame: StoredFrame) -> bytes:
    """Return a JPEG of a picture whose blocks cannot be edited."""
    three = frame.samples.shape[2] == 3
    form = rgb8(frame.samples) if three else depth8(frame.samples)[..., 0]
    picture = Image.fromarray(np.ascontiguousarray(form))
    used: Sequence[int] = [layer[3] for layer in original.layer[:2]]
    options: dict[str, Any] = {
        "qtables": [list(original.quantization[index]) for index in used],
        "progressive": bool(original.info.get("progressive")),
        # Only a picture of which Pillow says RGB, not YCbCr, can be kept so.
        "keep_rgb": three and original.info.get("adobe_transform") == 0,
    }
    if three:
        options["subsampling"] = 0
    stream = io.BytesIO()
    picture.save(stream, "JPEG", **options)
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
        coded: Everything from the first table on.
        data: The target.
        frame: The edited picture.
        own: Descriptive segments that ``coded`` needs.
        same_form: The components still mean what they did in ``data``.
    """
    kept = [
        _updated(part, frame)
        for part in header_segments(data)
        if part.descriptive and _still_true(part, same_form=same_form)
    ]
    return b"\xff\xd8" + b"".join(part.encode() for part in (*own, *kept)) + coded


def _still_true(part: JpegSegment, *, same_form: bool) -> bool:
    """Return True if a descriptive segment of the target also describes the output."""
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

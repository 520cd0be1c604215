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
from roop.media.formats.embedded import (
    PICTURES_LEFT_OUT,
    holds_picture,
    without_photoshop_thumbnails,
)
from roop.media.formats.jpeg.block_reader import read_blocks
from roop.media.formats.jpeg.scans import encode_image
from roop.media.formats.jpeg.segments import (
    APP0,
    APP1,
    APP2,
    APP11,
    APP13,
    APP14,
    COM,
    JpegSegment,
    comments_between_scans,
    header_segments,
    image_end,
)
from roop.media.frames.stored_frame import StoredFrame, depth8, rgb8
from roop.types import Warn

_EXIF = b"Exif\0\0"
_PHOTOSHOP = b"Photoshop 3.0\0"
_KEPT = {APP1: b"http://ns.adobe.com/xap/1.0/\0", APP2: b"ICC_PROFILE\0"}
_NONE = b"\xff\xff no segment"


def rewrite_jpeg(data: bytes, frame: StoredFrame, warn: Warn) -> bytes:
    """Return the JPEG file ``data`` with the edits of ``frame``, which was decoded from it.

    EXIF, XMP, ICC, IPTC and comments are copied, but nothing that shows or signs the old face: the
    EXIF thumbnail is replaced; further images in the file, segments of other kinds and content
    credentials are left out.

    Raises:
        ValueError, OSError: ``data`` cannot be decoded.
    """
    if frame.edited is None:
        head = header_segments(data)
        coding = next(part for part in head if not part.descriptive)
        end = image_end(data, head[-1].offset)
        return _with_descriptions(data[coding.offset - 4 : end], data, frame, warn)
    image = read_blocks(data)
    if image is not None:
        return _with_descriptions(encode_image(image.with_edits(frame)), data, frame, warn)
    with JpegImageFile(io.BytesIO(data)) as original:
        encoded = _encode_again(original, frame)
        same_form = original.layers == frame.samples.shape[2]
    ours = header_segments(encoded)
    own = [] if same_form else [part for part in ours if part.descriptive]
    coding = next(part for part in ours if not part.descriptive)
    rest = encoded[coding.offset - 4 :]
    return _with_descriptions(rest, data, frame, warn, own=own, same_form=same_form)


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
    warn: Warn,
    *,
    own: Sequence[JpegSegment] = (),
    same_form: bool = True,
) -> bytes:
    """Return a file of ``coded`` with the descriptive segments of ``data``.

    Args:
        coded: The file from the first table on.
        data: The target.
        frame: The edited frame.
        warn: Called if a picture among them is left out.
        own: Descriptive segments that ``coded`` needs.
        same_form: The components have the same meaning as in ``data``.
    """
    kept: list[JpegSegment] = []
    head = header_segments(data)
    for part in (*head, *comments_between_scans(data, head[-1].offset)):
        if any(part.encode() == other.encode() for other in kept):
            continue  # twice the same piece of a profile is no profile
        if part.descriptive and _still_true(part, same_form=same_form):
            screened = _without_pictures(part, frame)
            kept += [] if screened is None else [screened]
            if screened is None or len(screened.body) < len(part.body):
                warn(PICTURES_LEFT_OUT)
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


def _without_pictures(part: JpegSegment, frame: StoredFrame) -> JpegSegment | None:
    """Return a segment without the pictures inside of it; None if it is of no known kind."""
    body = part.body
    if part.marker == APP0 and body.startswith(b"JFIF\0"):
        body = body[:12] + b"\0\0"  # the size of a thumbnail that follows
    elif part.marker == APP1 and body.startswith(_EXIF):
        exif_block, _ = exif.without_pictures(body[len(_EXIF) :], rgb8(frame.samples))
        body = _EXIF + exif_block if exif_block else b""
    elif part.marker == APP13 and body.startswith(_PHOTOSHOP):
        body = _PHOTOSHOP + without_photoshop_thumbnails(body[len(_PHOTOSHOP) :])
    else:
        known = part.marker in (APP14, COM) or body.startswith(_KEPT.get(part.marker, _NONE))
        body = body if known and not holds_picture(body) else b""
    return JpegSegment(part.marker, body, part.offset) if body else None

"""Rewrite a JPEG file so that its blocks away from the edit come out as they were.

A plain decode and encode loses everywhere: colours are converted twice, the colour planes resampled
twice, and the quantisation differs. Here the planes are decoded without any of that, changed only
where something was pasted, and quantised with the file's own tables, which gives the same
coefficients back. The segments that describe the picture are copied byte for byte.
"""

import io
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import av
import cv2
import numpy as np
from numpy.typing import NDArray
from PIL import Image
from PIL.JpegImagePlugin import JpegImageFile

from roop.media.formats import exif
from roop.media.frames.stored_frame import StoredFrame, depth8, rgb8

Plane = NDArray[np.uint8]
"""``(H, W)`` full-range samples of one component."""

_SOI, _SOS, _EOI = 0xD8, 0xDA, 0xD9
_APP1, _APP2, _APP11, _APP14, _APP15, _COM = 0xE1, 0xE2, 0xEB, 0xEE, 0xEF, 0xFE
_FRAMES = frozenset({0xC0, 0xC1, 0xC2, 0xC3, 0xC5, 0xC6, 0xC7, 0xC9, 0xCA, 0xCB, 0xCD, 0xCE, 0xCF})
_EXIF = b"Exif\0\0"
_SUBSAMPLING = {(1, 1): 0, (2, 1): 1, (2, 2): 2}
"""Pillow's number, by how many luma samples share a colour sample (across, down)."""
_ROOM = 65535


@dataclass(frozen=True, slots=True)
class JpegSegment:
    """A marker and what belongs to it, without the two bytes of length."""

    marker: int
    body: bytes
    at: int
    """Where the body starts in the file."""

    def packed(self) -> bytes:
        """Return the segment as it stands in a file."""
        return bytes([0xFF, self.marker]) + (len(self.body) + 2).to_bytes(2, "big") + self.body


def segments(data: bytes) -> list[JpegSegment]:
    """Return the segments of a JPEG file up to its first scan, which is the last of them.

    Raises:
        ValueError: The file ends before its first scan.
    """
    found: list[JpegSegment] = []
    at = 2
    while at + 4 <= len(data):
        if data[at] != 0xFF or data[at + 1] in (0x00, 0x01, 0xFF, _SOI):
            at += 1
            continue
        length = int.from_bytes(data[at + 2 : at + 4], "big")
        found.append(JpegSegment(data[at + 1], data[at + 4 : at + 2 + length], at + 4))
        if data[at + 1] == _SOS:
            return found
        at += 2 + length
    raise ValueError("the file ends before its first scan")


def has_more(data: bytes) -> bool:
    """Whether something more than padding follows the picture: a depth map, a film, a thumbnail."""
    head = segments(data)
    if any(part.marker == _APP2 and part.body.startswith(b"MPF\0") for part in head):
        return True
    end = _end(data, head[-1].at)
    return len(data[end:].strip(b"\0\xff\n\r")) > 4


def rewritten(data: bytes, frame: StoredFrame) -> bytes:
    """Return the JPEG file ``data`` with the edits of ``frame``, which was decoded from it.

    EXIF, XMP, ICC and every other description is copied; what shows or signs the old picture
    (the thumbnail in EXIF, further pictures behind the first, content credentials) is not.

    Raises:
        ValueError, OSError: ``data`` cannot be decoded.
    """
    if frame.edited is None:
        return data
    with JpegImageFile(io.BytesIO(data)) as original:
        planes = _planes(data, original)
        if planes is None:
            encoded = _encoded_colours(original, frame)
        else:
            encoded = planes.with_edits(frame).encoded(original)
        keep = original.layers == frame.samples.shape[2]
    return _with_descriptions(encoded, data, frame, same_form=keep)


@dataclass(frozen=True, slots=True, eq=False)
class _Planes:
    """The components of a picture, of its full size in whole blocks or cropped."""

    luma: Plane
    colours: tuple[Plane, ...]
    """Cb and Cr as they are stored; none for a grey picture."""
    sharing: tuple[int, int]
    """How many luma samples share a colour sample: across, down."""
    size: tuple[int, int]
    """(width, height) of the picture itself."""

    def with_edits(self, frame: StoredFrame) -> "_Planes":
        """Return the planes with the pixels of ``frame`` wherever it was edited."""
        assert frame.edited is not None
        rows, columns = np.flatnonzero(frame.edited.any(1)), np.flatnonzero(frame.edited.any(0))
        if rows.size == 0:
            return self
        across, down = self.sharing
        top, left = rows[0] // down * down, columns[0] // across * across
        where = slice(top, rows[-1] + 1), slice(left, columns[-1] + 1)
        mask, samples = frame.edited[where], depth8(frame.samples[where])
        if not self.colours:
            luma = self.luma.copy()
            np.copyto(luma[where], samples[..., 0], where=mask)
            return _Planes(luma, (), self.sharing, self.size)
        new = cv2.cvtColor(np.ascontiguousarray(rgb8(samples)), cv2.COLOR_RGB2YCrCb)
        luma = self.luma.copy()
        np.copyto(luma[where], new[..., 0], where=mask)
        shared = _shared(mask, across, down).any(axis=(1, 3))
        chosen = (
            slice(top // down, top // down + shared.shape[0]),
            slice(left // across, left // across + shared.shape[1]),
        )
        colours = []
        for index, plane in zip((2, 1), self.colours, strict=True):
            mean = _shared(new[..., index].astype(np.float32), across, down).mean(axis=(1, 3))
            edited = plane.copy()
            np.copyto(edited[chosen], np.rint(mean).astype(np.uint8), where=shared)
            colours.append(edited)
        return _Planes(luma, tuple(colours), self.sharing, self.size)

    def encoded(self, original: JpegImageFile) -> bytes:
        """Return a JPEG with the tables and the sampling of ``original``."""
        height, width = self.luma.shape
        across, down = self.sharing
        if not self.colours:
            picture = Image.fromarray(self.luma)
        else:
            # The encoder takes the mean of each 2x2, 2x1: repeated samples pass it unchanged.
            full = [
                plane.repeat(down, axis=0).repeat(across, axis=1)[:height, :width]
                for plane in self.colours
            ]
            picture = Image.merge("YCbCr", [Image.fromarray(p) for p in (self.luma, *full)])
        return _resized(_saved(picture, original, _SUBSAMPLING[self.sharing]), self.size)


def _shared(plane: NDArray[Any], across: int, down: int) -> NDArray[Any]:
    """``(rows, down, columns, across)``: the pixels of each colour sample, edges repeated."""
    rows, columns = -plane.shape[0] % down, -plane.shape[1] % across
    padded = np.pad(plane, ((0, rows), (0, columns)), mode="edge")
    return padded.reshape(padded.shape[0] // down, down, padded.shape[1] // across, across)


def _planes(data: bytes, original: JpegImageFile) -> _Planes | None:
    """The components of a JPEG as they are coded; None if Pillow could not code them so again."""
    sampling = _sampling(original)
    if sampling is None or original.mode not in ("L", "RGB"):
        return None
    across, down = sampling
    size = original.size
    padded = _whole_blocks(data, size, (8 * across, 8 * down))
    decoder = av.CodecContext.create("mjpeg", "r")
    try:
        frames = decoder.decode(av.Packet(_resized(data, padded))) + decoder.decode(None)
    except av.FFmpegError:
        return None
    names = {(1, 1): "444p", (2, 1): "422p", (2, 2): "420p"}
    expected = "gray" if original.mode == "L" else "yuv" + names[sampling]
    if len(frames) != 1 or frames[0].format.name.replace("yuvj", "yuv") != expected:
        return None
    if (frames[0].width, frames[0].height) != padded:
        return None
    luma, *colours = (_array(plane) for plane in frames[0].planes)
    return _Planes(luma, tuple(colours), sampling, size)


def _array(plane: Any) -> Plane:  # noqa: ANN401 - av's stubs do not export the type
    rows = np.frombuffer(plane, np.uint8).reshape(-1, plane.line_size)
    return rows[: plane.height, : plane.width].copy()


def _sampling(original: JpegImageFile) -> tuple[int, int] | None:
    """How many luma samples share a colour sample; None if Pillow cannot write it like that."""
    if original.layers == 1:
        return 1, 1
    if original.layers != 3:
        return None
    (_, across, down, _), *colours = original.layer
    if any((h, v) != (1, 1) for _, h, v, _ in colours) or colours[0][3] != colours[1][3]:
        return None
    return (across, down) if (across, down) in _SUBSAMPLING else None


def _whole_blocks(data: bytes, size: tuple[int, int], block: tuple[int, int]) -> tuple[int, int]:
    """The size with the hidden part of the last blocks, where they can be decoded as if visible.

    Only then do the blocks at the right and lower edge come out as they were, too. A progressive
    file, or one with a scan per component, counts its blocks differently.
    """
    head = segments(data)
    frame = next(part for part in head if part.marker in _FRAMES)
    components = frame.body[5]
    if frame.marker not in (0xC0, 0xC1) or head[-1].body[0] != components:
        return size
    whole = tuple(-(-side // step) * step for side, step in zip(size, block, strict=True))
    return (whole[0], whole[1]) if max(whole) <= _ROOM else size


def _resized(data: bytes, size: tuple[int, int]) -> bytes:
    """The file with another size in its header."""
    frame = next(part for part in segments(data) if part.marker in _FRAMES)
    patched = bytearray(data)
    patched[frame.at + 1 : frame.at + 5] = size[1].to_bytes(2, "big") + size[0].to_bytes(2, "big")
    return bytes(patched)


def _encoded_colours(original: JpegImageFile, frame: StoredFrame) -> bytes:
    """A JPEG of a picture whose components cannot be written as they are coded."""
    form = rgb8(frame.samples) if frame.samples.shape[2] == 3 else depth8(frame.samples)[..., 0]
    return _saved(Image.fromarray(np.ascontiguousarray(form)), original, 0)


def _saved(picture: Image.Image, original: JpegImageFile, subsampling: int) -> bytes:
    options: dict[str, Any] = {
        "qtables": _tables(original),
        "progressive": bool(original.info.get("progressive")),
        # Only a picture of which Pillow says RGB, not YCbCr, can be kept so.
        "keep_rgb": picture.mode == "RGB" and original.info.get("adobe_transform") == 0,
    }
    if picture.mode != "L":
        options["subsampling"] = subsampling
    stream = io.BytesIO()
    picture.save(stream, "JPEG", **options)
    return stream.getvalue()


def _tables(original: JpegImageFile) -> list[list[int]]:
    """The quantisation tables in the order in which Pillow takes them: luma, colours."""
    used: Sequence[int] = [layer[3] for layer in original.layer[:2]]
    return [list(original.quantization[index]) for index in used]


def _with_descriptions(
    encoded: bytes, data: bytes, frame: StoredFrame, *, same_form: bool
) -> bytes:
    """``encoded`` with the descriptions of ``data`` in place of its own."""
    ours, theirs = segments(encoded), segments(data)
    kept = [_kept(part, frame) for part in theirs if _describes(part, same_form=same_form)]
    own = [part for part in ours if 0xE0 <= part.marker <= _APP15]
    if same_form:
        own = []
    coding = next(part for part in ours if part not in own and not _is_description(part))
    start = coding.at - 4
    return b"\xff\xd8" + b"".join(part.packed() for part in (*own, *kept)) + encoded[start:]


def _is_description(part: JpegSegment) -> bool:
    return 0xE0 <= part.marker <= _APP15 or part.marker == _COM


def _describes(part: JpegSegment, *, same_form: bool) -> bool:
    """Whether a segment of the old file is still true for the new one."""
    if not _is_description(part) or part.marker == _APP11:
        return False  # APP11 holds content credentials: they sign the old pixels
    if part.marker == _APP2 and part.body.startswith(b"MPF\0"):
        return False
    if same_form:
        return True
    colours = part.marker == _APP2 and part.body.startswith(b"ICC_PROFILE\0")
    return not colours and part.marker not in (0xE0, _APP14)


def _kept(part: JpegSegment, frame: StoredFrame) -> JpegSegment:
    if part.marker != _APP1 or not part.body.startswith(_EXIF):
        return part
    patched = exif.with_thumbnail(part.body[len(_EXIF) :], rgb8(frame.samples))
    return JpegSegment(part.marker, _EXIF + patched, part.at)


def _end(data: bytes, at: int) -> int:
    """Where the picture ends whose first scan lies at ``at``."""
    while (at := data.find(b"\xff", at)) >= 0 and at + 1 < len(data):
        marker = data[at + 1]
        if marker == _EOI:
            return at + 2
        if marker in (0x00, 0xFF) or 0xD0 <= marker <= 0xD7:
            at += 1 if marker == 0xFF else 2
        else:  # tables between the scans of a progressive file
            at += 2 + int.from_bytes(data[at + 2 : at + 4], "big")
    return len(data)

"""Read the quantised DCT blocks of a JPEG file exactly, with FFmpeg's decoder.

Decoders return 8-bit samples, whose rounding and clipping loses coefficients. So FFmpeg gets the
same data with other headers: 12 bits per sample, and quantisation steps so large that rounding
stays far below half a step. The DCT of the decoded samples, divided by these steps, yields the
coefficients. If one is not close to a whole number, the image is not read.
"""

from collections.abc import Mapping
from dataclasses import dataclass

import av
import numpy as np
from av.video.plane import VideoPlane
from numpy.typing import NDArray

from roop.media.formats.jpeg.blocks import BlockImage, Blocks
from roop.media.formats.jpeg.dct import Real, forward_dct, zigzag
from roop.media.formats.jpeg.layout import JpegLayout, read_layout
from roop.media.formats.jpeg.segments import (
    DQT,
    EOI,
    FRAME_HEADERS,
    JpegSegment,
    header_segments,
    image_end,
    segment_bytes,
)

_LARGEST_SIDE = 65_535

_ENLARGEMENTS = (14, 7)
"""Factors for the quantisation steps, tried in turn. 12 bits have 16 times the range of 8 bits; the
second factor is for images whose samples exceed their range so far that the first clips them."""

_LARGEST_STEP = 32
"""Larger steps gain nothing."""

_TOLERANCE = 0.4
"""Largest distance of a coefficient from a whole number at which rounding is safe."""

_BAND = 16
"""Rows of blocks that are transformed at a time, so that they stay in the cache."""

_DEPTH, _SPARE_BITS = 12, 4
"""The decoder returns 12 bits in the upper bits of 16."""


@dataclass(frozen=True, slots=True, eq=False)
class _Source:
    """The coded image."""

    head: list[JpegSegment]
    """The segments up to the header of the first scan."""
    scans: bytes
    layout: JpegLayout

    def with_headers(self, size: tuple[int, int], steps: Mapping[int, Real]) -> bytes:
        """Return the same coefficients under headers of 12 bits, ``size`` and ``steps``."""
        stream = b"\xff\xd8"
        for number, step in steps.items():
            stream += segment_bytes(DQT, bytes([number, *step.ravel()[zigzag()].astype(np.uint8)]))
        for part in self.head[:-1]:
            body = part.body
            if part.descriptive or part.marker == DQT:
                continue
            if part.marker in FRAME_HEADERS:
                sides = size[1].to_bytes(2, "big") + size[0].to_bytes(2, "big")
                body = bytes([_DEPTH]) + sides + body[5:]
            stream += segment_bytes(part.marker, body)
        return stream + self.scans + bytes([0xFF, EOI])


def read_blocks(data: bytes) -> BlockImage | None:
    """Return the exact blocks of a grey or YCbCr image.

    Returns:
        None if they cannot be read: arithmetic coding, RGB or CMYK, a subsampling that FFmpeg does
        not decode with 12 bits, or damaged data.

    Raises:
        ValueError: The file ends before its first scan.
    """
    head = header_segments(data)
    layout = read_layout(head)
    scans = data[head[-1].offset - 4 : image_end(data, head[-1].offset)]
    if layout is None or bytes([0xFF, DQT]) in scans:
        return None
    source = _Source(head, scans, layout)
    for enlargement in _ENLARGEMENTS:
        steps = {
            number: np.minimum(table * enlargement, _LARGEST_STEP)
            for number, table in layout.tables.items()
        }
        planes = _read_planes(source, steps)
        if planes is not None:
            return BlockImage(layout, planes)
    return None


def _read_planes(source: _Source, steps: Mapping[int, Real]) -> tuple[Blocks, ...] | None:
    # A larger size reveals the hidden part of the last blocks. If components have separate scans,
    # it must not add blocks to a row; hidden columns are then in the padding of decoded rows. It
    # may add a row of blocks that the file lacks, which leaves the others intact.
    layout = source.layout
    width, height = (_whole(side, 8) for side in layout.size)
    if layout.interleaved:
        width = _whole(width, layout.unit[0])
    whole = width, _whole(height, layout.unit[1])
    if max(whole) > _LARGEST_SIDE:
        return None
    lacks_rows = whole[1] > height and not layout.interleaved
    if lacks_rows and _decode(source.with_headers((width, height), steps)) is None:
        return None
    frame = _decode(source.with_headers(whole, steps), strict=not lacks_rows)
    if frame is None or len(frame.planes) != len(layout.components):
        return None
    planes = []
    for part, plane in zip(layout.components, frame.planes, strict=True):
        if (plane.width, plane.height) != layout.samples_of(part, whole):
            return None
        blocks = _blocks(plane, layout.blocks_of(part), steps[part.table])
        if blocks is None:
            return None
        planes.append(blocks)
    return tuple(planes)


def _whole(side: int, unit: int) -> int:
    """Return ``side`` grown to whole units."""
    return -(-side // unit) * unit


def _decode(stream: bytes, *, strict: bool = True) -> av.VideoFrame | None:
    """Return the frame in ``stream``; None if it cannot be decoded.

    Args:
        stream: A JPEG file.
        strict: Fail on errors in the data instead of concealing them.
    """
    decoder = av.CodecContext.create("mjpeg", "r")
    assert isinstance(decoder, av.VideoCodecContext)
    if strict:
        decoder.options = {"err_detect": "explode"}
    try:
        frames = decoder.decode(av.Packet(stream)) + decoder.decode(None)
    except av.FFmpegError:
        return None
    if len(frames) != 1 or not frames[0].format.name.startswith(("gray16", "yuv")):
        return None
    return frames[0] if frames[0].format.components[0].bits == 16 else None


def _blocks(plane: VideoPlane, size: tuple[int, int], steps: Real) -> Blocks | None:
    """Return the coefficients of decoded samples; None if they are not certain.

    Args:
        plane: The samples, in 16 bits.
        size: (columns, rows) of blocks.
        steps: ``(8, 8)`` quantisation steps used for decoding.
    """
    columns, rows = size
    samples: NDArray[np.uint16] = np.frombuffer(memoryview(plane), np.dtype("<u2"))
    samples = samples.reshape(-1, plane.line_size // 2)
    if samples.shape[1] < 8 * columns:
        return None
    blocks = np.empty((rows, columns, 8, 8), np.int16)
    highest = ((1 << _DEPTH) - 1) << _SPARE_BITS
    for row in range(0, rows, _BAND):
        band = samples[8 * row : 8 * min(rows, row + _BAND), : 8 * columns]
        if band.min() == 0 or band.max() >= highest:
            return None
        centred = (band >> _SPARE_BITS).astype(np.float32) - (1 << (_DEPTH - 1))
        coefficients = forward_dct(centred) / steps
        whole = np.rint(coefficients)
        coefficients -= whole
        if max(coefficients.max(), -coefficients.min()) > _TOLERANCE:
            return None
        blocks[row : row + _BAND] = whole
    return blocks

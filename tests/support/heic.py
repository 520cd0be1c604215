"""HEIC pictures, put together by hand around a frame that x265 encodes."""

import io
import struct
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import av
import numpy as np
from numpy.typing import NDArray


@dataclass(frozen=True)
class Heic:
    """How a picture is stored."""

    brand: bytes = b"heic"
    deep: bool = False
    """10 bits per channel instead of 8."""
    quarter_turns: int = 0
    """Turns of 90 degrees counterclockwise that a viewer makes."""
    exif: bytes = b""
    icc: bytes = b""
    gain_map: bool = False

    def write(self, path: Path, pixels: NDArray[np.generic]) -> Path:
        """Write ``(H, W, 3)`` uint8 or uint16 pixels, as they are stored."""
        config, frame = _encoded(pixels, "yuv444p10le" if self.deep else "yuv444p")
        exif = b"\0\0\0\0" + self.exif.removeprefix(b"Exif\0\0") if self.exif else b""
        items = [frame, exif] if exif else [frame]
        if self.gain_map:
            items.append(frame)
        head = _box(b"ftyp", self.brand + bytes(4) + b"mif1heic")
        size = len(head) + len(self._meta(pixels, config, items, 0)) + 8
        meta = self._meta(pixels, config, items, size)
        path.write_bytes(head + meta + _box(b"mdat", b"".join(items)))
        return path

    def _meta(
        self, pixels: NDArray[np.generic], config: bytes, items: Sequence[bytes], at: int
    ) -> bytes:
        places = b""
        for number, item in enumerate(items, 1):
            places += struct.pack(">HHHII", number, 0, 1, at, len(item))
            at += len(item)
        kinds = [b"hvc1"]
        kinds += [b"Exif"] if self.exif else []
        kinds += [b"hvc1"] if self.gain_map else []
        entries = b"".join(
            _full(b"infe", struct.pack(">HH", number, 0) + kind + b"\0", version=2)
            for number, kind in enumerate(kinds, 1)
        )
        references = _link(b"cdsc", 2, 1) if self.exif else b""
        references += _link(b"auxl", len(items), 1) if self.gain_map else b""
        return _full(
            b"meta",
            _full(b"hdlr", bytes(4) + b"pict" + bytes(13))
            + _full(b"pitm", struct.pack(">H", 1))
            + _full(b"iinf", struct.pack(">H", len(items)) + entries)
            + (_full(b"iref", references) if references else b"")
            + self._properties(pixels, config, len(items))
            + _full(b"iloc", struct.pack(">BBH", 0x44, 0, len(items)) + places),
        )

    def _properties(self, pixels: NDArray[np.generic], config: bytes, items: int) -> bytes:
        height, width = pixels.shape[:2]
        boxes = [
            _box(b"hvcC", config),
            _full(b"ispe", struct.pack(">II", width, height)),
            _full(b"pixi", bytes([3, *[10 if self.deep else 8] * 3])),
            _box(b"irot", bytes([self.quarter_turns])),
        ]
        if self.icc:
            boxes.append(_box(b"colr", b"prof" + self.icc))
        main = bytes(0x80 | index for index in range(1, len(boxes) + 1))
        owners = [struct.pack(">HB", 1, len(main)) + main]
        if self.gain_map:
            boxes.append(_full(b"auxC", b"urn:com:apple:photo:2020:aux:hdrgainmap\0"))
            shared = bytes([0x81, 0x82, 0x83, 0x80 | len(boxes)])
            owners.append(struct.pack(">HB", items, len(shared)) + shared)
        owned = struct.pack(">I", len(owners)) + b"".join(owners)
        return _box(b"iprp", _box(b"ipco", b"".join(boxes)) + _full(b"ipma", owned))


def _encoded(pixels: NDArray[np.generic], pixel_format: str) -> tuple[bytes, bytes]:
    """Return the decoder's configuration and one encoded frame."""
    stream = io.BytesIO()
    with av.open(stream, "w", format="mp4") as output:
        options = {"preset": "ultrafast", "x265-params": "log-level=none:lossless=1"}
        video = output.add_stream("libx265", rate=1, options=options)
        video.height, video.width = pixels.shape[:2]
        video.pix_fmt, video.codec_tag = pixel_format, "hvc1"
        video.codec_context.color_range = 2
        form = "rgb48le" if pixels.dtype == np.uint16 else "rgb24"
        frame = av.VideoFrame.from_ndarray(np.ascontiguousarray(pixels), form)
        frame = frame.reformat(format=pixel_format, dst_colorspace=5, dst_color_range=2)
        frame.pts = 0
        for packet in [*video.encode(frame), *video.encode(None)]:
            packet.pts = packet.dts = 0  # x265 makes up a decoding time for a lone frame
            output.mux(packet)
    stream.seek(0)
    with av.open(stream) as encoded:
        packet = next(encoded.demux(video=0))
        return bytes(encoded.streams.video[0].codec_context.extradata or b""), bytes(packet)


def _link(kind: bytes, start: int, end: int) -> bytes:
    return _box(kind, struct.pack(">HHH", start, 1, end))


def _box(kind: bytes, body: bytes) -> bytes:
    return struct.pack(">I", 8 + len(body)) + kind + body


def _full(kind: bytes, body: bytes, *, version: int = 0) -> bytes:
    return _box(kind, bytes([version, 0, 0, 0]) + body)

"""Small videos with every property that a target can have, made with plain PyAV."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from fractions import Fraction
from pathlib import Path

import av
import numpy as np
from av.audio.stream import AudioStream
from av.video.stream import VideoStream
from numpy.typing import NDArray

SAMPLE_RATE = 44_100
"""Sample rate of all sound here."""


@dataclass(frozen=True)
class Clip:
    """A video to write; the defaults are 25 fps H.264 without sound."""

    size: tuple[int, int] = (128, 96)
    times: Sequence[int] = tuple(range(0, 20))
    time_base: Fraction = Fraction(1, 25)
    codec: str = "libx264"
    pixel_format: str = "yuv420p"
    options: dict[str, str] = field(default_factory=lambda: {"preset": "ultrafast", "crf": "10"})
    matrix: int = 2
    full_range: bool = False
    rotation: int | None = None
    flipped: bool = False
    aspect: Fraction | None = None
    sound: Sequence[str] = ()
    """The language of each audio stream."""
    sound_codec: str = "aac"
    sound_s: float = 0.8
    tags: dict[str, str] = field(default_factory=dict)
    chapters: Sequence[tuple[float, float, str]] = ()
    container_options: dict[str, str] = field(default_factory=dict)

    def write(self, path: Path) -> Path:
        with av.open(str(path), "w", container_options=self.container_options) as output:
            output.metadata.update(self.tags)
            if self.chapters:
                output.set_chapters(_chapters(self.chapters))
            video = self._video(output)
            tracks = [self._track(output, language) for language in self.sound]
            samples = round(self.sound_s * SAMPLE_RATE)
            for number, track in enumerate(tracks):
                for frame in _tone(samples, 300 + 200 * number, track):
                    output.mux(track.encode(frame))
                output.mux(track.encode(None))
            for number, pts in enumerate(self.times):
                output.mux(video.encode(self._picture(number, pts)))
            output.mux(video.encode(None))
        return path

    def _video(self, output: av.container.OutputContainer) -> VideoStream:
        stream = output.add_stream(
            self.codec,
            rate=round(1 / self.time_base) if self.time_base > Fraction(1, 200) else 25,
            time_base=self.time_base,
            options=self.options,
        )
        assert isinstance(stream, VideoStream)
        stream.width, stream.height = self.size
        stream.pix_fmt = self.pixel_format
        context = stream.codec_context
        context.colorspace, context.color_range = self.matrix, 2 if self.full_range else 1
        context.color_primaries = context.color_trc = 1 if self.matrix == 1 else 2
        if self.aspect is not None:
            context.sample_aspect_ratio = self.aspect
        if self.rotation is not None or self.flipped:
            stream.set_display_rotation(self.rotation or 0, hflip=self.flipped)
        return stream

    def _track(self, output: av.container.OutputContainer, language: str) -> AudioStream:
        stream = output.add_stream(self.sound_codec, rate=SAMPLE_RATE)
        assert isinstance(stream, AudioStream)
        stream.metadata["language"] = language
        return stream

    def pixels(self, number: int) -> NDArray[np.uint8]:
        """Return one frame, ``(H, W, 3)`` RGB."""
        return pattern(*self.size, number)

    def _picture(self, number: int, pts: int) -> av.VideoFrame:
        frame = av.VideoFrame.from_ndarray(self.pixels(number), "rgb24")
        frame = frame.reformat(
            format=self.pixel_format,
            dst_colorspace=self.matrix if self.matrix != 2 else 5,
            dst_color_range=2 if self.full_range else 1,
        )
        frame.pts, frame.time_base = pts, self.time_base
        return frame


def pattern(width: int, height: int, number: int) -> NDArray[np.uint8]:
    """Return RGB pixels of a gradient with a square that moves by 3 pixels a frame."""
    y, x = np.mgrid[:height, :width]
    picture = np.stack([x * 200 // width + 20, y * 180 // height + 30, 40 + 0 * x], axis=-1)
    left = (7 + 3 * number) % max(1, width - 24)
    picture[20:44, left : left + 24] = (200, 90, 60)
    return picture.astype(np.uint8)


def _tone(samples: int, hertz: int, track: AudioStream) -> Iterator[av.AudioFrame]:
    wave = 0.2 * np.sin(2 * np.pi * hertz * np.arange(samples) / SAMPLE_RATE)
    for start in range(0, samples, 1024):
        part = wave[start : start + 1024].astype(np.float32)
        frame = av.AudioFrame.from_ndarray(np.stack([part, part]), "fltp", "stereo")
        frame.sample_rate, frame.pts = SAMPLE_RATE, start
        frame.time_base = Fraction(1, SAMPLE_RATE)
        yield frame


def _chapters(chapters: Sequence[tuple[float, float, str]]) -> list[dict[str, object]]:
    unit = Fraction(1, 1000)
    return [
        {
            "id": number + 1,
            "start": round(start * 1000),
            "end": round(end * 1000),
            "time_base": unit,
            "metadata": {"title": title},
        }
        for number, (start, end, title) in enumerate(chapters)
    ]


def with_subtitles(path: Path, codec: str, video: Clip, texts: Sequence[tuple[int, str]]) -> Path:
    """Write ``video`` with a text track: (millisecond, text), each shown for 200 ms."""
    plain = video.write(path.with_name(f"plain-{path.name}"))
    with av.open(str(plain)) as source, av.open(str(path), "w") as output:
        ways = {
            stream.index: output.add_stream_from_template(stream, opaque=True)
            for stream in source.streams
        }
        track = output.add_mux_stream(codec, time_base=Fraction(1, 1000))
        track.metadata["language"] = "deu"
        for packet in source.demux():
            if packet.size:
                packet.stream = ways[packet.stream_index]
                output.mux(packet)
        for start, text in texts:
            body = text.encode()
            body = len(body).to_bytes(2, "big") + body if codec == "mov_text" else body
            packet = av.Packet(body)
            packet.pts = packet.dts = start
            packet.duration, packet.time_base = 200, Fraction(1, 1000)
            packet.stream = track
            output.mux(packet)
    return path


def times(path: Path) -> list[Fraction]:
    """Return the time in seconds of every frame that a player would show."""
    with av.open(str(path)) as container:
        return [
            frame.pts * frame.time_base
            for frame in container.decode(container.streams.best("video"))
            if frame.pts is not None and frame.time_base is not None
        ]


def digests(path: Path, kind: str) -> list[list[tuple[Fraction, str]]]:
    """Return (second, digest) of every packet of each stream of ``kind``."""
    with av.open(str(path)) as container:
        found: dict[int, list[tuple[Fraction, str]]] = {
            stream.index: [] for stream in container.streams if stream.type == kind
        }
        for packet in container.demux():
            if packet.size and packet.stream_index in found and packet.pts is not None:
                digest = hashlib.sha256(bytes(packet)).hexdigest()
                found[packet.stream_index].append((packet.pts * packet.time_base, digest))
        return list(found.values())


def planes(frame: av.VideoFrame) -> list[NDArray[np.uint8]]:
    """Return a copy of the bytes of every plane, without padding."""
    return [
        np.frombuffer(memoryview(plane), np.uint8).reshape(-1, abs(plane.line_size)).copy()
        for plane in frame.planes
    ]


Damage = Callable[[bytearray, list[tuple[int, int]]], None]
"""Changes the bytes of a file, given (position, size) of its video packets."""


def damaged(source: Path, path: Path, damage: Damage) -> Path:
    """Write a copy of ``source`` with ``damage``."""
    with av.open(str(source)) as container:
        places = [
            (packet.pos, packet.size)
            for packet in container.demux(video=0)
            if packet.size and packet.pos is not None
        ]
    content = bytearray(source.read_bytes())
    damage(content, places)
    path.write_bytes(content)
    return path

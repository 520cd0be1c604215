"""Small films of heads, encoded without loss by plain PyAV, and what is seen in a film."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path

import av
import numpy as np
from numpy.typing import NDArray

from roop.types import Pixels
from support.heads import HEAD, HOPPER_HEAD, astronaut, backdrop, hopper, placed

SIZE = (320, 240)
"""(width, height) of every film here, upright."""

TICKS = Fraction(1, 600)

Planes = list[NDArray[np.integer]]
"""Luma first, whole samples without padding."""


def wall() -> Pixels:
    return backdrop(SIZE)


def woman_at(x: float, y: float = 120, *, canvas: Pixels | None = None) -> Pixels:
    """Return a wall with the astronaut's head before it."""
    photo, middle = astronaut()[20:200, 130:315], (HEAD[0] - 130, HEAD[1] - 20)
    return placed(photo, wall() if canvas is None else canvas, (x, y), middle=middle).pixels


def elder_at(x: float, y: float = 120, *, canvas: Pixels | None = None) -> Pixels:
    """Return a wall with the officer's head before it, larger than the astronaut's would be."""
    photo, middle = hopper()[20:360, 120:420], (HOPPER_HEAD[0] - 120, HOPPER_HEAD[1] - 20)
    base = wall() if canvas is None else canvas
    return placed(photo, base, (x, y), middle=middle, scale=0.62).pixels


@dataclass(frozen=True)
class Film:
    """How a film is stored."""

    pixel_format: str = "yuv420p"
    rotation: int | None = None
    turn: Callable[[Pixels], Pixels] = np.ascontiguousarray
    """From the upright picture to the stored one."""
    times: Sequence[int] | None = None
    """In ticks of 1/600 s; 30 frames a second by default."""
    keyframes: int = 250
    """Most frames from one keyframe to the next."""

    def write(self, path: Path, pictures: Sequence[Pixels]) -> Path:
        times = self.times or range(0, 20 * len(pictures), 20)
        with av.open(str(path), "w") as output:
            options = {"qp": "0", "preset": "ultrafast", "g": str(self.keyframes)}
            stream = output.add_stream("libx264", rate=30, time_base=TICKS, options=options)
            stream.height, stream.width = self.turn(pictures[0]).shape[:2]
            stream.pix_fmt = self.pixel_format
            if self.rotation is not None:
                stream.set_display_rotation(self.rotation)
            for pts, picture in zip(times, pictures, strict=True):
                stored = np.ascontiguousarray(self.turn(picture))
                frame = av.VideoFrame.from_ndarray(stored, "rgb24").reformat(
                    format=self.pixel_format
                )
                frame.pts, frame.time_base = pts, TICKS
                output.mux(stream.encode(frame))
            output.mux(stream.encode(None))
        return path


@dataclass(frozen=True)
class Shot:
    """One decoded frame."""

    time: Fraction
    planes: Planes
    rgb: Pixels
    rotation: int
    pixel_format: str


def shots(path: Path) -> list[Shot]:
    """Decode a film with plain PyAV."""
    with av.open(str(path)) as container:
        return [_shot(frame) for frame in container.decode(video=0)]


def _shot(frame: av.VideoFrame) -> Shot:
    assert frame.pts is not None
    assert frame.time_base is not None
    sample = np.uint16 if "10" in frame.format.name else np.uint8
    planes = []
    for plane in frame.planes:
        row = np.frombuffer(memoryview(plane), sample).reshape(plane.height, -1)
        planes.append(row[:, : plane.width].copy())
    rgb = frame.to_ndarray(format="rgb24")
    return Shot(frame.pts * frame.time_base, planes, rgb, frame.rotation, frame.format.name)

"""The memory layout of pixel formats, and views of their samples as NumPy arrays."""

from dataclasses import dataclass
from functools import cache
from typing import Any

import av
import numpy as np
from numpy.typing import NDArray

from roop.types import Box

Samples = NDArray[Any]
"""``(H, W)`` uint8 or uint16 samples of one component."""

Planes = tuple[Samples, ...]
"""The planes of a frame in its own memory, from the top row down."""

PACKED_RGB = ("rgb24", "bgr24", "rgba", "bgra", "argb", "abgr", "rgb0", "bgr0", "0rgb", "0bgr")
"""8-bit formats whose name is the order of the bytes."""

PACKED_YUV = {"yuyv422": ((0, 2), (1, 4), (3, 4)), "uyvy422": ((1, 2), (0, 4), (2, 4))}
"""Offset and step of Y, Cb and Cr."""

CR_FIRST = frozenset({"nv21", "nv42"})
"""Half-planar formats with Cr before Cb."""

DEEP_PACKED_RGB = {"rgb48le": "rgb", "bgr48le": "bgr", "rgba64le": "rgba", "bgra64le": "bgra"}
"""16-bit formats and the order of their samples."""


@dataclass(frozen=True, slots=True)
class Component:
    """One of R, G, B or Y, Cb, Cr. Lengths count samples, not bytes."""

    plane: int
    offset: int = 0
    """Index of the first sample in a row."""
    step: int = 1
    """Distance between neighbouring samples in a row."""
    shift_x: int = 0
    """Binary logarithm of the number of pixels that share a sample horizontally."""
    shift_y: int = 0
    """The same vertically."""


@dataclass(frozen=True, slots=True)
class PixelLayout:
    """What editing needs to know about a pixel format."""

    name: str
    components: tuple[Component, ...]
    """Y, Cb, Cr; or R, G, B; or only Y."""
    depth: int
    """Bits of a sample, 8..16."""
    padding: int
    """Unused bits below each sample, as in P010."""
    rgb: bool
    alpha: Component | None = None
    """Opacity, full range; None if the format has none."""

    @property
    def grid(self) -> tuple[int, int]:
        """(horizontal, vertical) number of pixels that share a sample."""
        return (
            1 << max(part.shift_x for part in self.components),
            1 << max(part.shift_y for part in self.components),
        )

    def planes(self, frame: av.VideoFrame) -> Planes:
        """Return the planes of ``frame`` in its own memory; ``make_writable`` invalidates them."""
        dtype = np.dtype(np.uint8 if self.depth == 8 else "<u2")
        planes = []
        for plane in frame.planes:
            line = abs(plane.line_size) // dtype.itemsize
            rows: NDArray[Any] = np.frombuffer(memoryview(plane), dtype).reshape(-1, line)
            planes.append(rows[::-1] if plane.line_size < 0 else rows)
        return tuple(planes)

    def view(self, planes: Planes, part: Component, box: Box) -> Samples:
        """Return a view of the samples of ``part`` that ``box`` touches."""
        x0, x1 = box.x0 >> part.shift_x, -(-box.x1 >> part.shift_x)
        y0, y1 = box.y0 >> part.shift_y, -(-box.y1 >> part.shift_y)
        first = part.offset + x0 * part.step
        last = first + (x1 - x0 - 1) * part.step + 1
        return planes[part.plane][y0:y1, first : last : part.step]


@cache
def pixel_layout(name: str) -> PixelLayout | None:
    """Return the layout of FFmpeg's pixel format ``name``; None if it cannot be edited in place."""
    if name in PACKED_RGB or name in DEEP_PACKED_RGB:
        return _packed_rgb(name)
    if name in PACKED_YUV:
        positions = PACKED_YUV[name]
        parts = tuple(
            Component(0, offset, step, shift_x=int(i > 0))
            for i, (offset, step) in enumerate(positions)
        )
        return PixelLayout(name, parts, depth=8, padding=0, rgb=False)
    return _planar(name)


def _packed_rgb(name: str) -> PixelLayout:
    order = DEEP_PACKED_RGB.get(name, name.removesuffix("24"))
    parts = tuple(Component(0, order.index(colour), len(order)) for colour in "rgb")
    alpha = Component(0, order.index("a"), len(order)) if "a" in order else None
    depth = 16 if name in DEEP_PACKED_RGB else 8
    return PixelLayout(name, parts, depth=depth, padding=0, rgb=True, alpha=alpha)


def _planar(name: str) -> PixelLayout | None:
    # From this size, the size of each plane tells how many pixels share a sample.
    form = av.VideoFormat(name, 256, 256)
    parts = [part for part in form.components if not part.is_alpha]
    depth = parts[0].bits if parts else 0
    alone = len(form.components) == 1 and name.startswith("gray")
    if not (form.is_planar or alone) or form.is_bayer or form.has_palette or form.is_bit_stream:
        return None
    if form.is_big_endian or not 8 <= depth <= 16 or "f16" in name or "f32" in name:
        return None
    shared = len(parts) == 3 and parts[1].plane == parts[2].plane
    components = tuple(
        Component(
            part.plane,
            offset=_half_planar_offset(name, index) if shared else 0,
            step=2 if shared and index else 1,
            shift_x=(256 // part.width).bit_length() - 1,
            shift_y=(256 // part.height).bit_length() - 1,
        )
        for index, part in enumerate(parts)
    )
    left_aligned = depth > 8 and (shared or "msb" in name)
    alpha = next((Component(part.plane) for part in form.components if part.is_alpha), None)
    padding = 16 - depth if left_aligned else 0
    return PixelLayout(name, components, depth, padding, form.is_rgb, alpha)


def _half_planar_offset(name: str, index: int) -> int:
    if index == 0:
        return 0
    return (index - 1) ^ int(name in CR_FIRST)

"""A video frame that stays the decoder's planes and is edited only inside a box."""

from collections.abc import Iterator
from fractions import Fraction
from typing import TypeVar

import av
import cv2
import numpy as np
from av.video.reformatter import VideoReformatter
from numpy.typing import NDArray

from roop.geometry import Matrix
from roop.media.frames.blending import Blender, Wide
from roop.media.frames.colour import Colour, black, colour_of, decode, encode
from roop.media.frames.orientation import Orientation
from roop.media.frames.pixel_layout import Component, PixelLayout, Samples, pixel_layout
from roop.media.frames.warping import halvings_of, reach_of, warp
from roop.types import Alpha, Box, Pixels, Shades

CONVERTED = ("rgb24", "bgra", "rgb48le", "gray", "yuv444p", "yuv444p16le", "yuv420p", "yuv422p")
"""What formats that cannot be edited in place (palettes, big endian, ...) are turned into."""

Number = TypeVar("Number", np.uint8, np.uint16)

_BAND = 1 << 17
"""Pixels that are blended at one go, about: what lies between then stays in the core's cache, and
no memory is asked of the system, which takes three times as long as the work."""

UPRIGHT = Orientation()
"""The orientation of a stream without a display matrix."""


class PlanarFrame:
    """One decoded frame. Implements ``roop.types.Frame``.

    Coordinates are upright; the planes stay turned as they were decoded. Chroma is taken as
    constant over the pixels that share it, in both directions.
    """

    __slots__ = (
        "__weakref__",
        "_colour",
        "_layout",
        "_writable",
        "orientation",
        "pts",
        "raw",
        "repeats",
        "time_base",
    )

    def __init__(
        self,
        raw: av.VideoFrame,
        *,
        pts: int,
        time_base: Fraction,
        orientation: Orientation = UPRIGHT,
        repeats: int = 1,
    ) -> None:
        """Wrap ``raw``, converting it only if its pixel format cannot be edited in place."""
        raw, self._layout = _editable(raw)
        self._colour = colour_of(raw)
        self._writable = False
        self.raw = raw
        """The decoder's frame; its own timestamp is the target's."""
        self.pts = pts
        """Presentation time in units of ``time_base``."""
        self.time_base = time_base
        """Seconds per tick, exact."""
        self.orientation = orientation
        """How the planes are turned to be upright."""
        self.repeats = repeats
        """How many frames of the output show this one, at ``pts``, ``pts + 1``, ..."""

    def moved(self, pts: int, time_base: Fraction, *, repeats: int) -> "PlanarFrame":
        """Return the same picture at another time; both share the planes."""
        return PlanarFrame(
            self.raw,
            pts=pts,
            time_base=time_base,
            orientation=self.orientation,
            repeats=repeats,
        )

    @property
    def size(self) -> tuple[int, int]:
        """(width, height) in pixels, upright."""
        return self.orientation.size((self.raw.width, self.raw.height))

    @property
    def format(self) -> str:
        """FFmpeg's name of the pixel format of ``raw``."""
        return self._layout.name

    @property
    def colour(self) -> Colour:
        """The matrix and range in use, said by the file or assumed."""
        return self._colour

    def thumbnail(self, max_side: int, box: Box | None = None) -> Pixels:
        """Return a small RGB copy of the picture or of ``box``; see ``roop.types.Frame``."""
        layout, whole = self._layout, Box(0, 0, self.raw.width, self.raw.height)
        if box is not None:
            whole = self._snapped(self._stored_box(box)).clipped((whole.width, whole.height))
        scale = min(1.0, max_side / max(whole.width, whole.height))
        size = max(1, round(whole.width * scale)), max(1, round(whole.height * scale))
        planes = layout.planes(self.raw)
        samples = [_resized(layout.view(planes, part, whole), size) for part in layout.components]
        if layout.padding:
            samples = [part >> layout.padding for part in samples]
        rgb = decode(samples, self._colour, layout)
        return np.ascontiguousarray(self.orientation.upright(rgb))

    def crop(self, box: Box) -> Pixels:
        """Return an RGB copy of ``box``, which must lie inside the picture.

        Returns:
            ``(box.height, box.width, 3)``: to the bit what a crop of the whole frame has there.
            Pasted back unchanged it leaves the samples as they are, unless they lie outside RGB.
        """
        stored = self._stored_box(box)
        return np.ascontiguousarray(self.orientation.upright(self._crop_stored(stored)))

    def warped(self, to_frame: Matrix, side: int) -> Pixels:
        """Return a square RGB picture; see ``roop.types.Frame``."""
        layout, size = self._layout, (self.raw.width, self.raw.height)
        to_frame = self.orientation.stored_places(to_frame, size)
        box = self._snapped(reach_of(to_frame, side)).clipped(size)
        if box.width < 2 or box.height < 2:
            return np.zeros((side, side, 3), np.uint8)
        halvings = halvings_of(to_frame)
        planes = layout.planes(self.raw)
        warped: list[Samples] = []
        for part, empty in zip(layout.components, black(self._colour, layout), strict=True):
            halved = _halved(layout.view(planes, part, box), halvings - part.shift_x)
            beyond = empty << layout.padding
            warped.append(warp(halved, box, to_frame, side, empty=beyond))
        if layout.padding:
            warped = [part >> layout.padding for part in warped]
        return decode(warped, self._colour, layout)

    def lightness(self, box: Box) -> NDArray[np.uint8]:
        """Return ``(H, W)``, about how light ``box`` is; see ``roop.types.Frame``."""
        layout = self._layout
        part = layout.components[int(layout.rgb)]
        samples = layout.view(layout.planes(self.raw), part, self._stored_box(box))
        spare = layout.depth - 8 + layout.padding
        light = (samples >> spare).astype(np.uint8) if spare else samples
        return np.ascontiguousarray(self.orientation.upright(light))

    def paste(self, box: Box, pixels: Pixels, alpha: Alpha) -> None:
        """Blend ``pixels`` into ``box``; see ``roop.types.Frame``."""
        height, width, _ = pixels.shape
        if not (height <= box.height and width <= box.width):
            raise ValueError(f"{pixels.shape} does not fit {box}")
        if alpha.shape != (box.height, box.width):
            raise ValueError(f"{alpha.shape} does not fit {box}")
        if not alpha.any():
            return
        stored = self._stored_box(box)
        self._paste_stored(stored, self.orientation.stored(pixels), self.orientation.stored(alpha))

    def shade(self, box: Box, steps: Shades) -> None:
        """Add ``steps`` to the brightness in ``box``; see ``roop.types.Frame``."""
        if steps.shape != (box.height, box.width):
            raise ValueError(f"{steps.shape} does not fit {box}")
        stored, layout = self._stored_box(box), self._layout
        scale = float(1 << layout.depth - 8 + layout.padding)
        if not (layout.rgb or self._colour.full_range):
            scale *= 219 / 255
        added = self.orientation.stored(steps)
        top = ((1 << layout.depth) - 1) << layout.padding
        self._own()
        planes = layout.planes(self.raw)
        for part in layout.components if layout.rgb else layout.components[:1]:
            view = layout.view(planes, part, stored)
            if view.dtype == np.uint8:
                view[:] = cv2.addWeighted(view, 1, added, scale, 0, dtype=cv2.CV_8U)
            else:
                view[:] = np.clip(view + np.rint(added * np.float32(scale)), 0, top)

    def enlarge(self, factor: int) -> None:
        """Make the picture larger in its own pixel format; see ``roop.types.Frame``."""
        small = self.raw
        self.raw = VideoReformatter().reformat(
            small, small.width * factor, small.height * factor, interpolation="BICUBIC"
        )
        self.raw.pts, self.raw.duration = small.pts, small.duration
        if small.time_base is not None:  # the first frame's is not known yet
            self.raw.time_base = small.time_base
        self.raw.colorspace, self.raw.color_range = small.colorspace, small.color_range
        self.raw.color_primaries, self.raw.color_trc = small.color_primaries, small.color_trc
        self._writable = True

    def _own(self) -> None:
        """Make the planes ours: the decoder may still read them to predict later frames."""
        if not self._writable:
            self.raw.make_writable()
            self._writable = True

    def _stored_box(self, box: Box) -> Box:
        if box.clipped(self.size) != box or box.width < 1 or box.height < 1:
            raise ValueError(f"{box} is empty or outside {self.size}")
        return self.orientation.stored_box(box, (self.raw.width, self.raw.height))

    def _snapped(self, box: Box) -> Box:
        """Return ``box`` grown to whole chroma samples; may reach one past an odd edge."""
        grid_x, grid_y = self._layout.grid
        return Box(
            box.x0 // grid_x * grid_x,
            box.y0 // grid_y * grid_y,
            -(-box.x1 // grid_x) * grid_x,
            -(-box.y1 // grid_y) * grid_y,
        )

    def _crop_stored(self, box: Box) -> Pixels:
        layout = self._layout
        outer = self._snapped(box)
        left, top = box.x0 - outer.x0, box.y0 - outer.y0
        here = slice(top, top + box.height), slice(left, left + box.width)
        inside = outer.clipped((self.raw.width, self.raw.height))
        planes, samples = layout.planes(self.raw), []
        for part in layout.components:
            view = layout.view(planes, part, inside)
            if layout.padding:
                view = view >> layout.padding
            samples.append(_spread(view, part)[here])
        return decode(samples, self._colour, layout)

    def _paste_stored(self, box: Box, pixels: Pixels, alpha: Alpha) -> None:
        outer = self._snapped(box)
        alpha = _grown(alpha, box, outer)
        self._repeat_odd_edge(outer, alpha)
        large: list[Wide] | None = None
        if pixels.shape[:2] == (box.height, box.width):
            pixels = _grown(pixels, box, outer)
        else:  # three planes are enlarged in less time than pixels are turned into samples
            small = encode(pixels, self._colour, self._layout)
            large = self._enlarged(small, box, outer)
        self._own()
        for rows in self._bands(outer):
            if alpha[rows].any():
                wanted = (
                    encode(pixels[rows], self._colour, self._layout)
                    if large is None
                    else [_band(part, rows, outer.height) for part in large]
                )
                band = Box(outer.x0, outer.y0 + rows.start, outer.x1, outer.y0 + rows.stop)
                self._blend(band, wanted, alpha[rows])

    def _enlarged(self, small: list[Wide], box: Box, outer: Box) -> list[Wide]:
        """Return samples at the size of ``outer``, one for every pixel.

        Those that pixels share are one for all of these where a box ends between such groups; of
        more than 8 bits each pixel's is wanted.
        """
        if box != outer or self._layout.depth > 8:
            return [_grown(_at_size(part, box.width, box.height), box, outer) for part in small]
        return [
            _at_size(samples, box.width >> part.shift_x, box.height >> part.shift_y)
            for part, samples in zip(self._layout.components, small, strict=True)
        ]

    def _bands(self, outer: Box) -> Iterator[slice]:
        """Yield the rows of parts of a box that are quick to work on, one after another."""
        height = self._layout.grid[1]
        height *= max(1, _BAND // (outer.width * height))
        for top in range(0, outer.height, height):
            yield slice(top, min(top + height, outer.height))

    def _blend(self, outer: Box, wanted: list[Wide], alpha: Alpha) -> None:
        present = self._present(outer) if self._layout.depth > 8 else None
        inside = outer.clipped((self.raw.width, self.raw.height))
        blender, planes = Blender(alpha, self._layout), self._layout.planes(self.raw)
        for index, part in enumerate(self._layout.components):
            view = self._layout.view(planes, part, inside)
            shown = None if present is None else present[index]
            blender.blend(view, part, wanted[index], shown)

    def _present(self, outer: Box) -> list[Wide]:
        """Return what ``outer`` would be if its present crop were pasted over it."""
        inside = outer.clipped((self.raw.width, self.raw.height))
        crop = self._crop_stored(inside)
        return encode(_grown(crop, inside, outer), self._colour, self._layout)

    def _repeat_odd_edge(self, outer: Box, alpha: Alpha) -> None:
        """Give the pixel beyond an odd edge the alpha of its neighbour, not 0."""
        if outer.x1 > self.raw.width:
            alpha[:, -1] = alpha[:, -2]
        if outer.y1 > self.raw.height:
            alpha[-1] = alpha[-2]


def _editable(raw: av.VideoFrame) -> tuple[av.VideoFrame, PixelLayout]:
    """Return ``raw`` itself, or its conversion to the nearest format that can be edited."""
    layout = pixel_layout(raw.format.name)
    if layout is not None:
        return raw, layout
    nearest, _ = av.codec.find_best_pix_fmt_of_list(CONVERTED, raw.format.name, True)
    name = nearest.name if nearest is not None else CONVERTED[0]
    layout = pixel_layout(name)
    if layout is None:
        raise ValueError(f"{name} has no layout")
    return VideoReformatter().reformat(raw, format=name, threads=1), layout


def _spread(samples: Samples, part: Component) -> Samples:
    """Repeat shared samples for every pixel that shares them."""
    if not (part.shift_x or part.shift_y):
        return samples
    size = samples.shape[1] << part.shift_x, samples.shape[0] << part.shift_y
    spread: Samples = cv2.resize(
        np.ascontiguousarray(samples), size, interpolation=cv2.INTER_NEAREST
    )
    return spread


def _halved(samples: Samples, times: int) -> Samples:
    """Return every second sample of every second row, each the mean of four, so many times."""
    samples = np.ascontiguousarray(samples)
    for _ in range(times):
        if min(samples.shape) < 4:
            break
        rows, columns = samples.shape[0] // 2, samples.shape[1] // 2
        samples = cv2.resize(samples, (columns, rows), interpolation=cv2.INTER_AREA)
    return samples


def _resized(samples: Samples, size: tuple[int, int]) -> Samples:
    """Return ``samples`` at ``size`` (width, height), averaged; halving first is fastest."""
    samples = np.ascontiguousarray(samples)
    while samples.shape[1] >= 2 * size[0] and samples.shape[0] >= 2 * size[1]:
        rows, columns = samples.shape[0] // 2, samples.shape[1] // 2
        even = samples[: 2 * rows, : 2 * columns]
        samples = cv2.resize(even, (columns, rows), interpolation=cv2.INTER_AREA)
    if samples.shape[::-1] == size:
        return samples
    resized: Samples = cv2.resize(samples, size, interpolation=cv2.INTER_LINEAR)
    return resized


def _at_size(samples: Wide, width: int, height: int) -> Wide:
    resized = cv2.resize(samples, (width, height), interpolation=cv2.INTER_LINEAR)
    return np.asarray(resized, np.uint16)


def _band(samples: Wide, rows: slice, height: int) -> Wide:
    """Return those samples of a box of ``height`` rows of pixels that belong to some rows."""
    each = height // samples.shape[0]
    return samples[rows.start // each : rows.stop // each]


def _grown(samples: NDArray[Number], box: Box, outer: Box) -> NDArray[Number]:
    """Return ``samples`` of ``box`` with zeros around them up to ``outer``; contiguous."""
    if box == outer:
        return np.ascontiguousarray(samples)
    grown = np.zeros((outer.height, outer.width, *samples.shape[2:]), samples.dtype)
    left, top = box.x0 - outer.x0, box.y0 - outer.y0
    grown[top : top + box.height, left : left + box.width] = samples
    return grown

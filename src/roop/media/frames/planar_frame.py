"""A video frame that keeps the decoder's planes and is edited only inside boxes."""

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
from roop.media.frames.presentation import PLAIN, Display, transfer_of
from roop.media.frames.warping import halvings_of, sampled_box, warp
from roop.types import Alpha, Box, Pixels, Shades, Transfer

CONVERTED = ("rgb24", "bgra", "rgb48le", "gray", "yuv444p", "yuv444p16le", "yuv420p", "yuv422p")
"""Formats that others, which cannot be edited in place (palettes, big endian), are converted to."""

Number = TypeVar("Number", np.uint8, np.uint16)

_BAND = 1 << 17
"""Approximate number of pixels that are blended at a time: intermediate arrays stay in the cache
and need no fresh memory from the system, which would take three times as long."""

UPRIGHT = Orientation()
"""The orientation of a stream without a display matrix."""


class PlanarFrame:
    """One decoded frame. Implements ``roop.types.Frame``.

    Coordinates are upright; the planes stay in their stored orientation. Pixels that share a chroma
    sample have the same chroma, both when reading and when writing.
    """

    __slots__ = (
        "__weakref__",
        "_colour",
        "_display",
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
        display: Display = PLAIN,
    ) -> None:
        """Wrap ``raw``; convert it only if its pixel format cannot be edited in place."""
        self._display = display
        raw, self._layout = _editable(raw)
        self._colour = colour_of(raw)
        self._writable = False
        self.raw = raw
        """The decoder's frame, with its time in the target."""
        self.pts = pts
        """Presentation time in units of ``time_base``."""
        self.time_base = time_base
        """Seconds per tick, exact."""
        self.orientation = orientation
        """How the planes are rotated and flipped for display."""
        self.repeats = repeats
        """Number of frames in the output that show this one: at ``pts``, ``pts + 1``, ..."""

    def at_time(self, pts: int, time_base: Fraction, *, repeats: int) -> "PlanarFrame":
        """Return the frame at another time; both share the planes."""
        return PlanarFrame(
            self.raw,
            pts=pts,
            time_base=time_base,
            orientation=self.orientation,
            repeats=repeats,
            display=self._display,
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
        """Matrix and range, as given by the file or assumed."""
        return self._colour

    @property
    def still(self) -> bool:
        """False: one frame of many."""
        return False

    @property
    def pixel_aspect(self) -> float:
        """Width by height of a pixel as it is displayed, upright."""
        turned = self.orientation.size((1, 2)) == (2, 1)
        return 1 / self._display.aspect if turned else self._display.aspect

    @property
    def transfer(self) -> Transfer:
        """How the stored values become light."""
        return transfer_of(self.raw.color_trc, self._display.transfer)

    def managed(self, pixels: Pixels) -> Iterator[Pixels]:
        """Yield nothing: viewers do not manage the colours of videos."""
        yield from ()

    def fields(self, max_side: int) -> Iterator[Pixels]:
        """Yield a ``thumbnail`` of each field; see ``roop.types.Frame``."""
        if self._display.interlaced or self.raw.interlaced_frame:
            whole = Box(0, 0, self.raw.width, self.raw.height)
            for first in (0, 1):
                yield self._small(max_side, whole, slice(first, None, 2))

    def thumbnail(self, max_side: int, box: Box | None = None) -> Pixels:
        """Return a small RGB copy of the frame or of ``box``; see ``roop.types.Frame``."""
        whole = Box(0, 0, self.raw.width, self.raw.height)
        if box is not None:
            whole = self._grow_to_grid(self._stored_box(box)).clipped((whole.width, whole.height))
        return self._small(max_side, whole, slice(None))

    def _small(self, max_side: int, whole: Box, rows: slice) -> Pixels:
        """Return a small upright copy of a stored box, made of some of its ``rows``."""
        layout = self._layout
        scale = min(1.0, max_side / max(whole.width, whole.height))
        size = max(1, round(whole.width * scale)), max(1, round(whole.height * scale))
        planes = layout.planes(self.raw)
        views = [layout.view(planes, part, whole) for part in layout.components]
        samples = [_resized(view[rows] if len(view) > 1 else view, size) for view in views]
        if layout.padding:
            samples = [part >> layout.padding for part in samples]
        rgb = decode(samples, self._colour, layout)
        return np.ascontiguousarray(self.orientation.upright(rgb))

    def crop(self, box: Box) -> Pixels:
        """Return an RGB copy of ``box``, which must lie inside the frame.

        Returns:
            ``(box.height, box.width, 3)``, identical to that part of a crop of the whole frame.
            Pasting it back changes no sample, except those of colours outside of RGB.
        """
        stored = self._stored_box(box)
        return np.ascontiguousarray(self.orientation.upright(self._crop_stored(stored)))

    def warped(self, to_frame: Matrix, side: int) -> Pixels:
        """Return the pixels of a rotated square; see ``roop.types.Frame``."""
        layout, size = self._layout, (self.raw.width, self.raw.height)
        to_frame = self.orientation.to_stored(to_frame, size)
        box = self._grow_to_grid(sampled_box(to_frame, side)).clipped(size)
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
        """Return the approximate brightness of ``box``; see ``roop.types.Frame``."""
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

    def opacity(self, max_side: int) -> Alpha | None:
        """Return the opacity of a ``thumbnail``; see ``roop.types.Frame``."""
        layout, whole = self._layout, Box(0, 0, self.raw.width, self.raw.height)
        if layout.alpha is None:
            return None
        stored = layout.view(layout.planes(self.raw), layout.alpha, whole)
        if stored.min() == (1 << layout.depth) - 1:
            return None
        scale = min(1.0, max_side / max(whole.width, whole.height))
        size = max(1, round(whole.width * scale)), max(1, round(whole.height * scale))
        small = (_resized(stored, size) >> layout.depth - 8).astype(np.uint8)
        return np.ascontiguousarray(self.orientation.upright(small))

    def make_opaque(self, box: Box, alpha: Alpha) -> None:
        """Raise the opacity of ``box`` to ``alpha``; see ``roop.types.Frame``."""
        layout = self._layout
        if layout.alpha is None:
            return
        self._make_writable()
        view = layout.view(layout.planes(self.raw), layout.alpha, self._stored_box(box))
        top = (1 << layout.depth) - 1
        least = self.orientation.stored(alpha).astype(np.uint32) * top // 255
        view[:] = np.maximum(view, least)

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
        self._make_writable()
        planes = layout.planes(self.raw)
        for part in layout.components if layout.rgb else layout.components[:1]:
            view = layout.view(planes, part, stored)
            if view.dtype == np.uint8:
                view[:] = cv2.addWeighted(view, 1, added, scale, 0, dtype=cv2.CV_8U)
            else:
                view[:] = np.clip(view + np.rint(added * np.float32(scale)), 0, top)

    def enlarge(self, factor: int) -> None:
        """Enlarge the frame in its pixel format; see ``roop.types.Frame``."""
        small = self.raw
        self.raw = VideoReformatter().reformat(
            small, small.width * factor, small.height * factor, interpolation="BICUBIC"
        )
        self.raw.pts, self.raw.duration = small.pts, small.duration
        if small.time_base is not None:  # the first frame has none yet
            self.raw.time_base = small.time_base
        self.raw.colorspace, self.raw.color_range = small.colorspace, small.color_range
        self.raw.color_primaries, self.raw.color_trc = small.color_primaries, small.color_trc
        self._writable = True

    def _make_writable(self) -> None:
        """Copy the planes if the decoder still needs them to predict later frames."""
        if not self._writable:
            self.raw.make_writable()
            self._writable = True

    def _stored_box(self, box: Box) -> Box:
        if box.clipped(self.size) != box or box.width < 1 or box.height < 1:
            raise ValueError(f"{box} is empty or outside {self.size}")
        return self.orientation.stored_box(box, (self.raw.width, self.raw.height))

    def _grow_to_grid(self, box: Box) -> Box:
        """Return ``box`` grown to whole chroma samples, up to one pixel past an odd edge."""
        grid_x, grid_y = self._layout.grid
        return Box(
            box.x0 // grid_x * grid_x,
            box.y0 // grid_y * grid_y,
            -(-box.x1 // grid_x) * grid_x,
            -(-box.y1 // grid_y) * grid_y,
        )

    def _crop_stored(self, box: Box) -> Pixels:
        layout = self._layout
        outer = self._grow_to_grid(box)
        left, top = box.x0 - outer.x0, box.y0 - outer.y0
        here = slice(top, top + box.height), slice(left, left + box.width)
        inside = outer.clipped((self.raw.width, self.raw.height))
        planes, samples = layout.planes(self.raw), []
        for part in layout.components:
            view = layout.view(planes, part, inside)
            if layout.padding:
                view = view >> layout.padding
            samples.append(_repeat_shared(view, part)[here])
        return decode(samples, self._colour, layout)

    def _paste_stored(self, box: Box, pixels: Pixels, alpha: Alpha) -> None:
        outer = self._grow_to_grid(box)
        alpha = _pad(alpha, box, outer)
        self._repeat_odd_edge(outer, alpha)
        large: list[Wide] | None = None
        if pixels.shape[:2] == (box.height, box.width):
            pixels = _pad(pixels, box, outer)
        else:  # enlarging three planes is faster than converting more pixels
            small = encode(pixels, self._colour, self._layout)
            large = self._enlarge_samples(small, box, outer)
        self._make_writable()
        for rows in self._bands(outer):
            if alpha[rows].any():
                wanted = (
                    encode(pixels[rows], self._colour, self._layout)
                    if large is None
                    else [_band(part, rows, outer.height) for part in large]
                )
                band = Box(outer.x0, outer.y0 + rows.start, outer.x1, outer.y0 + rows.stop)
                self._blend(band, wanted, alpha[rows])

    def _enlarge_samples(self, small: list[Wide], box: Box, outer: Box) -> list[Wide]:
        """Return samples at the size of ``outer``.

        Shared samples come once per group of pixels if ``box`` consists of whole groups and the
        depth is 8 bits; otherwise, all samples come once per pixel.
        """
        if box != outer or self._layout.depth > 8:
            return [_pad(_at_size(part, box.width, box.height), box, outer) for part in small]
        return [
            _at_size(samples, box.width >> part.shift_x, box.height >> part.shift_y)
            for part, samples in zip(self._layout.components, small, strict=True)
        ]

    def _bands(self, outer: Box) -> Iterator[slice]:
        """Yield the rows of each band of about ``_BAND`` pixels."""
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
            now = None if present is None else present[index]
            blender.blend(view, part, wanted[index], now)

    def _present(self, outer: Box) -> list[Wide]:
        """Return the samples of a crop of ``outer``."""
        inside = outer.clipped((self.raw.width, self.raw.height))
        crop = self._crop_stored(inside)
        return encode(_pad(crop, inside, outer), self._colour, self._layout)

    def _repeat_odd_edge(self, outer: Box, alpha: Alpha) -> None:
        """Give the pixel beyond an odd edge the alpha of its neighbour."""
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


def _repeat_shared(samples: Samples, part: Component) -> Samples:
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
    """Return ``samples`` averaged to ``size`` (width, height); halving first is fastest."""
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
    """Return the samples that belong to some ``rows`` of a box of ``height`` pixels."""
    each = height // samples.shape[0]
    return samples[rows.start // each : rows.stop // each]


def _pad(samples: NDArray[Number], box: Box, outer: Box) -> NDArray[Number]:
    """Return ``samples`` of ``box`` padded with zeros to ``outer``; contiguous."""
    if box == outer:
        return np.ascontiguousarray(samples)
    padded = np.zeros((outer.height, outer.width, *samples.shape[2:]), samples.dtype)
    left, top = box.x0 - outer.x0, box.y0 - outer.y0
    padded[top : top + box.height, left : left + box.width] = samples
    return padded

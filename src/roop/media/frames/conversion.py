"""Convert frames to a pixel format and size that an encoder takes, if they differ."""

from dataclasses import dataclass

import av
import numpy as np
from av.video.reformatter import VideoReformatter

from roop.media.frames.colour import Colour
from roop.media.frames.pixel_layout import pixel_layout
from roop.media.frames.planar_frame import PlanarFrame
from roop.media.frames.properties import FrameProperties
from roop.types import Box

PLAYABLE = ("yuv420p", "yuv420p10le")
"""Pixel formats for RGB frames, since every player supports them."""

_PLAYABLE_TRANSPARENT = ("yuva420p", "yuva444p10le")
"""The same for transparent ones."""


@dataclass(frozen=True, slots=True)
class FrameConversion:
    """How to convert every frame of a stream."""

    format: str
    """FFmpeg's name of the pixel format for the encoder."""
    size: tuple[int, int]
    """(width, height) for the encoder."""
    colour: Colour
    """Meaning of the samples after the conversion."""
    explicit: bool
    """True if ``colour`` was chosen here and must be written into the output."""

    def bits_lost(self, name: str) -> int:
        """Return how many bits per channel samples of the pixel format ``name`` lose."""
        depths = [
            max(part.bits for part in av.VideoFormat(n).components) for n in (name, self.format)
        ]
        return max(0, depths[0] - depths[1])

    def apply(self, frame: PlanarFrame) -> av.VideoFrame:
        """Return the frame for the encoder: ``frame.raw`` itself if it needs no conversion."""
        raw = frame.raw
        if raw.format.name != self.format:
            raw = self._convert(raw, frame.colour)
        if (raw.width, raw.height) != self.size:
            raw = self._pad(raw)
        return raw

    def _convert(self, raw: av.VideoFrame, colour: Colour) -> av.VideoFrame:
        return VideoReformatter().reformat(
            raw,
            format=self.format,
            src_colorspace=None if raw.format.is_rgb else colour.matrix,
            dst_colorspace=self.colour.matrix,
            src_color_range=colour.range,
            dst_color_range=self.colour.range,
        )

    def _pad(self, raw: av.VideoFrame) -> av.VideoFrame:
        """Pad an odd size by repeating the last column and row."""
        layout = pixel_layout(self.format)
        if layout is None:
            raise ValueError(f"{self.format} cannot be padded")
        padded = av.VideoFrame(*self.size, self.format)
        planes, larger = layout.planes(raw), layout.planes(padded)
        for part in layout.components:
            old = layout.view(planes, part, Box(0, 0, raw.width, raw.height))
            new = layout.view(larger, part, Box(0, 0, *self.size))
            missing = [(0, full - here) for full, here in zip(new.shape, old.shape, strict=True)]
            new[...] = np.pad(old, missing, mode="edge")
        padded.duration = raw.duration
        padded.colorspace, padded.color_range = raw.colorspace, raw.color_range
        padded.color_primaries, padded.color_trc = raw.color_primaries, raw.color_trc
        return padded


def plan_conversion(frames: FrameProperties, accepted: list[str], *, even: bool) -> FrameConversion:
    """Choose the conversion from frames to the input of an encoder.

    Args:
        frames: Properties of the frames.
        accepted: Pixel formats of the encoder.
        even: True if the encoder needs an even size where chroma is subsampled.
    """
    form = _format(frames.format, accepted)
    width, height = frames.size
    chosen = av.VideoFormat(form, 256, 256)
    if even and len(chosen.components) > 1 and not chosen.is_rgb:
        width += width % (256 // chosen.components[1].width)
        height += height % (256 // chosen.components[1].height)
    source, colour = av.VideoFormat(frames.format), frames.colour
    explicit = form != frames.format and (source.is_rgb or len(source.components) < 3)
    if explicit:
        colour = Colour(colour.matrix, full_range=False)
    return FrameConversion(form, (width, height), colour, explicit)


def has_alpha(name: str) -> bool:
    """Return True if a pixel format has transparency."""
    return any(part.is_alpha for part in av.VideoFormat(name).components)


def _format(name: str, accepted: list[str]) -> str:
    if name in accepted:
        return name
    if has_alpha(name) and any(map(has_alpha, accepted)):
        accepted = [form for form in accepted if has_alpha(form)]
    if av.VideoFormat(name).is_rgb:
        deep = av.VideoFormat(name).components[0].bits > 8
        playable = (*PLAYABLE[:: -1 if deep else 1], *_PLAYABLE_TRANSPARENT)
        fallback = [form for form in playable if form in accepted]
        if fallback:
            return fallback[0]
    known = [form for form in accepted if pixel_layout(form) is not None]
    nearest, _ = av.codec.find_best_pix_fmt_of_list(known, name, False)
    return known[0] if nearest is None else nearest.name

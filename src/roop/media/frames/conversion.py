"""Gives frames the pixel format and size that an encoder takes, touching them only if it must."""

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
"""What pictures stored as RGB become: every player shows these."""


@dataclass(frozen=True, slots=True)
class Fit:
    """What must be done to each frame; worked out once for all."""

    format: str
    """FFmpeg's name of the pixel format that the encoder gets."""
    size: tuple[int, int]
    """(width, height) that the encoder gets."""
    colour: Colour
    """What the samples mean afterwards."""
    said: bool
    """True if the meaning must be written into the output because it was chosen here."""

    def apply(self, frame: PlanarFrame) -> av.VideoFrame:
        """Return the frame for the encoder; ``frame.raw`` itself if it fits."""
        raw = frame.raw
        if raw.format.name != self.format:
            raw = self._converted(raw, frame.colour)
        if (raw.width, raw.height) != self.size:
            raw = self._grown(raw)
        return raw

    def _converted(self, raw: av.VideoFrame, colour: Colour) -> av.VideoFrame:
        return VideoReformatter().reformat(
            raw,
            format=self.format,
            src_colorspace=None if raw.format.is_rgb else colour.matrix,
            dst_colorspace=self.colour.matrix,
            src_color_range=colour.range,
            dst_color_range=self.colour.range,
        )

    def _grown(self, raw: av.VideoFrame) -> av.VideoFrame:
        """Repeat the last column and row of an odd picture."""
        layout = pixel_layout(self.format)
        if layout is None:
            raise ValueError(f"{self.format} cannot be padded")
        grown = av.VideoFrame(*self.size, self.format)
        planes, larger = layout.planes(raw), layout.planes(grown)
        for part in layout.components:
            old = layout.view(planes, part, Box(0, 0, raw.width, raw.height))
            new = layout.view(larger, part, Box(0, 0, *self.size))
            missing = [(0, full - here) for full, here in zip(new.shape, old.shape, strict=True)]
            new[...] = np.pad(old, missing, mode="edge")
        grown.duration = raw.duration
        grown.colorspace, grown.color_range = raw.colorspace, raw.color_range
        grown.color_primaries, grown.color_trc = raw.color_primaries, raw.color_trc
        return grown


def fit_of(frames: FrameProperties, accepted: list[str], *, even: bool) -> Fit:
    """Work out how frames become what an encoder takes.

    Args:
        frames: What they are like.
        accepted: Pixel formats of the encoder.
        even: True if it wants an even size where chroma is subsampled.
    """
    form = _format(frames.format, accepted)
    width, height = frames.size
    chosen = av.VideoFormat(form, 256, 256)
    if even and len(chosen.components) > 1 and not chosen.is_rgb:
        width += width % (256 // chosen.components[1].width)
        height += height % (256 // chosen.components[1].height)
    was, colour = av.VideoFormat(frames.format), frames.colour
    said = form != frames.format and (was.is_rgb or len(was.components) < 3)
    if said:
        colour = Colour(colour.matrix, full_range=False)
    return Fit(form, (width, height), colour, said)


def _format(name: str, accepted: list[str]) -> str:
    if name in accepted:
        return name
    if av.VideoFormat(name).is_rgb:
        deep = av.VideoFormat(name).components[0].bits > 8
        fallback = [form for form in PLAYABLE[:: -1 if deep else 1] if form in accepted]
        if fallback:
            return fallback[0]
    known = [form for form in accepted if pixel_layout(form) is not None]
    nearest, _ = av.codec.find_best_pix_fmt_of_list(known, name, False)
    return known[0] if nearest is None else nearest.name

"""Properties of a frame apart from its content."""

from dataclasses import dataclass, replace

from roop.media.frames.colour import Colour
from roop.media.frames.display import (
    Mastering,
    display_matrix,
    dynamic_hdr_of,
    light_of,
    mastering_of,
)
from roop.media.frames.planar_frame import PlanarFrame


@dataclass(frozen=True, slots=True)
class FrameProperties:
    """What the frames of a stream have in common. Numbers are FFmpeg's, as in the file."""

    format: str
    """FFmpeg's name of the pixel format in which they are edited."""
    size: tuple[int, int]
    """(width, height) in pixels, as stored."""
    colour: Colour
    """Meaning of the samples; what the file does not specify is filled in."""
    colorspace: int
    color_range: int
    color_primaries: int
    color_trc: int
    interlaced: bool
    display_matrix: tuple[int, ...] | None
    """Rotation for display; see ``roop.media.frames.display``."""
    mastering: Mastering | None
    """The display that an HDR video was graded on."""
    light: tuple[int, int] | None
    """(brightest pixel, brightest frame average) of an HDR video in cd/m2."""
    dynamic_hdr: tuple[str, ...] = ()
    """Names of HDR metadata that change from scene to scene."""

    def enlarged(self, factor: int) -> "FrameProperties":
        """Return the properties of frames ``factor`` times as wide and as high."""
        width, height = self.size
        return replace(self, size=(width * factor, height * factor))


def properties_of(frame: PlanarFrame) -> FrameProperties:
    """Return the properties of ``frame``, without a reference to its samples."""
    raw = frame.raw
    return FrameProperties(
        format=frame.format,
        size=(raw.width, raw.height),
        colour=frame.colour,
        colorspace=raw.colorspace,
        color_range=raw.color_range,
        color_primaries=raw.color_primaries,
        color_trc=raw.color_trc,
        interlaced=raw.interlaced_frame,
        display_matrix=display_matrix(raw),
        mastering=mastering_of(raw),
        light=light_of(raw),
        dynamic_hdr=dynamic_hdr_of(raw),
    )

"""The video encoders that roop knows, as data: options, quality scale, containers."""

import os
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from fractions import Fraction

import av
from av.video.codeccontext import VideoCodecContext

from roop.errors import UsageError
from roop.media.frames.display import CHROMATICITY, LUMINANCE, Mastering
from roop.options import VideoOptions

DEFAULT = "libx264"
"""The encoder when nobody chose one."""

NATURAL = {"webm": "libvpx-vp9", "ivf": "libvpx-vp9"}
"""What takes the default's place in containers that do not hold H.264."""

_THREADS = 4
"""Threads of an encoder. What x264 and x265 make depends on it, so it must not depend on the
machine; one face swapped takes longer than four threads need for a frame."""

_QUICK = ("libx264", frozenset({"ultrafast", "superfast", "veryfast"}))
"""An encoder and presets with which fewer threads keep up with the work on the frames; more of
them spend more of the processor's time on the same frames."""

_FULL_HD = 1920 * 1088
"""Pixels up to which each of x264's threads has a frame of its own. Slices of one frame would cost
it 2 % more time and the output 5 % more bytes; but each frame in work takes 100 MB at 4K."""

_QUICK_THREADS = {1280 * 736: 1, _FULL_HD: 2}
"""The most pixels of a frame with which so many threads do."""

SVT_LOG = "SVT_LOG"
"""SVT-AV1's environment variable; -1 is silence. Read once, when it is first opened."""

TRIAL_SIZE = (320, 192)
"""A picture that every encoder takes; some hardware refuses smaller ones."""


@dataclass(frozen=True, slots=True)
class Hdr:
    """How an encoder is told about HDR metadata, as ``mastering=...:light=peak,average``."""

    option: str
    mastering: str
    light: str
    units: bool = True
    """True if it counts in H.265's units; False for CIE 1931 and cd/m2."""

    def notes(self, mastering: Mastering | None, light: tuple[int, int] | None) -> str:
        """Return the value of ``option``; empty if there is nothing to say."""
        said = []
        if mastering is not None:
            scale = (1.0, 1.0) if self.units else (CHROMATICITY, LUMINANCE)
            said.append(f"{self.mastering}={mastering.notation(*scale)}")
        if light is not None:
            said.append(f"{self.light}={light[0]},{light[1]}")
        return ":".join(said)


@dataclass(frozen=True, slots=True)
class EncoderSpec:
    """One row of the table."""

    name: str
    codec: str
    """FFmpeg's name of the format it makes."""
    title: str
    quality: Callable[[int], Mapping[str, str]]
    """Options for the original tool's scale: 0 best .. 100 smallest file."""
    preset_option: str | None
    """The option that takes ``--output-video-preset``; None if there is none."""
    preset: str | None
    """The default: fast and sensible."""
    options: Mapping[str, str] = field(default_factory=dict)
    """Always set."""
    hdr: Hdr | None = None
    presets: tuple[str, ...] = ()
    """The presets there are; empty if only the encoder knows."""
    even: bool = False
    """True if pictures with subsampled chroma must have an even size."""


_X264_PRESETS = (
    *("ultrafast", "superfast", "veryfast", "faster", "fast"),
    *("medium", "slow", "slower", "veryslow", "placebo"),
)


def crf(quality: int) -> int:
    """Return x264's constant rate factor, 0..51, for 0 best .. 100 smallest; 35 gives 18."""
    return (quality + 1) * 51 // 100


def _scaled(quality: int, factor: float, low: int, high: int) -> str:
    return str(min(high, max(low, round(crf(quality) * factor))))


def _x264(quality: int) -> Mapping[str, str]:
    return {"crf": str(crf(quality))}


def _x265(quality: int) -> Mapping[str, str]:
    # Its documentation sets 28 beside x264's 23.
    return {"crf": _scaled(quality, 28 / 23, 0, 51)}


def _vp9(quality: int) -> Mapping[str, str]:
    return {"crf": _scaled(quality, 31 / 23, 0, 63), "b": "0"}


def _av1(quality: int) -> Mapping[str, str]:
    return {"crf": _scaled(quality, 35 / 23, 1, 63)}


def _nvenc(quality: int) -> Mapping[str, str]:
    # 0 means "automatic" there.
    return {"rc": "vbr", "cq": _scaled(quality, 1.05, 1, 51), "b": "0"}


def _qsv(quality: int) -> Mapping[str, str]:
    return {"global_quality": _scaled(quality, 1.0, 1, 51)}


def _amf(quality: int) -> Mapping[str, str]:
    level = _scaled(quality, 1.0, 0, 51)
    return {"rc": "cqp", "qp_i": level, "qp_p": level, "qp_b": level}


def _videotoolbox(quality: int) -> Mapping[str, str]:
    # Its own scale runs from 1 worst to 100 best, in units of FFmpeg's lambda (118).
    return {"flags": "+qscale", "global_quality": str((100 - min(quality, 99)) * 118)}


TABLE: tuple[EncoderSpec, ...] = (
    EncoderSpec(
        "libx264",
        "h264",
        "H.264, any machine",
        _x264,
        "preset",
        "veryfast",
        hdr=Hdr("x264-params", "mastering-display", "cll"),
        presets=_X264_PRESETS,  # asked for another, it prints a line of its own
        even=True,
    ),
    EncoderSpec(
        "libx265",
        "hevc",
        "H.265, any machine",
        _x265,
        "preset",
        "veryfast",
        {"x265-params": "log-level=none"},
        hdr=Hdr("x265-params", "master-display", "max-cll"),
        presets=_X264_PRESETS,
        even=True,
    ),
    EncoderSpec(
        "libvpx-vp9",
        "vp9",
        "VP9, any machine",
        _vp9,
        "cpu-used",
        "5",
        {"deadline": "good", "row-mt": "1"},
        presets=tuple(map(str, range(-8, 9))),
    ),
    EncoderSpec(
        "libsvtav1",
        "av1",
        "AV1, any machine",
        _av1,
        "preset",
        "10",
        hdr=Hdr("svtav1-params", "mastering-display", "content-light", False),
        presets=tuple(map(str, range(-1, 14))),
        even=True,
    ),
    EncoderSpec("h264_nvenc", "h264", "H.264, NVIDIA", _nvenc, "preset", "p4", even=True),
    EncoderSpec("hevc_nvenc", "hevc", "H.265, NVIDIA", _nvenc, "preset", "p4", even=True),
    EncoderSpec(
        "h264_qsv", "h264", "H.264, Intel Quick Sync", _qsv, "preset", "veryfast", even=True
    ),
    EncoderSpec("h264_amf", "h264", "H.264, AMD", _amf, "quality", "speed", even=True),
    EncoderSpec("h264_videotoolbox", "h264", "H.264, Apple", _videotoolbox, None, None, even=True),
    EncoderSpec("hevc_videotoolbox", "hevc", "H.265, Apple", _videotoolbox, None, None, even=True),
)
"""Every encoder that ``--output-video-encoder`` takes."""


def chosen(video: VideoOptions, container: str, holds: Callable[[str], bool]) -> EncoderSpec:
    """Return the encoder for an output.

    Args:
        video: What the person asked for.
        container: FFmpeg's name of the output's format.
        holds: Tells whether the container takes what an encoder makes.

    Raises:
        UsageError: The encoder is unknown, not usable here, or not for this container.
    """
    name = video.output_video_encoder
    if name == DEFAULT and not holds(name) and container in NATURAL:
        name = NATURAL[container]
    encoder = next((row for row in TABLE if row.name == name), None)
    if encoder is None:
        names = ", ".join(row.name for row in TABLE)
        raise UsageError(f"unknown video encoder {name!r}", hint=f"choose one of: {names}")
    if not holds(name):
        raise UsageError(
            f"{container} files cannot hold what {name} makes",
            hint="name the output .mp4 or .mkv, or choose another [[output_video_encoder]]",
        )
    if not usable(name):
        names = ", ".join(row.name for row in TABLE if usable(row.name))
        raise UsageError(
            f"the video encoder {name} does not work on this machine",
            hint=f"these do: {names}",
        )
    return encoder


def options_of(encoder: EncoderSpec, video: VideoOptions, hdr: str = "") -> dict[str, str]:
    """Return the options that open ``encoder`` as the person asked.

    Args:
        encoder: The row of the table.
        video: Preset and quality.
        hdr: What ``encoder.hdr`` makes of the target's HDR metadata.

    Raises:
        UsageError: The encoder has no such preset.
    """
    options = {**encoder.options, **encoder.quality(video.output_video_quality)}
    if encoder.hdr is not None and hdr:
        always = options.get(encoder.hdr.option)
        options[encoder.hdr.option] = hdr if always is None else f"{always}:{hdr}"
    preset = video.output_video_preset or encoder.preset
    if encoder.presets and preset not in encoder.presets:
        raise UsageError(
            f"the video encoder {encoder.name} has no preset {preset!r}",
            hint=f"choose one of: {', '.join(encoder.presets)}",
        )
    if encoder.preset_option is not None and preset is not None:
        options[encoder.preset_option] = preset
    elif video.output_video_preset is not None:
        raise UsageError(f"the video encoder {encoder.name} has no presets")
    return options


def open_encoder(
    context: VideoCodecContext, encoder: EncoderSpec, video: VideoOptions, *, hdr: str = ""
) -> None:
    """Open ``context`` for ``encoder``, quietly; for the arguments see ``options_of``.

    Raises:
        UsageError: It refuses the preset or what else the person asked for.
    """
    context.options = options_of(encoder, video, hdr)
    context.thread_count = _threads(context, encoder, video)
    context.thread_type = "FRAME" if context.width * context.height <= _FULL_HD else "SLICE"
    try:
        with _quiet(encoder.name):
            context.open()
    except (av.FFmpegError, ValueError) as error:
        preset = video.output_video_preset
        asked = "" if preset is None else f" with preset {preset!r}"
        raise UsageError(
            f"the video encoder {encoder.name} cannot be opened{asked} for "
            f"{context.width} x {context.height} {context.pix_fmt}",
            hint="try it without [[output_video_preset]], or another [[output_video_encoder]]",
        ) from error


def _threads(context: VideoCodecContext, encoder: EncoderSpec, video: VideoOptions) -> int:
    """Return how many threads encode, by what is encoded and not by the machine."""
    name, presets = _QUICK
    if encoder.name != name or context.options.get("preset") not in presets:
        return _THREADS
    pixels = context.width * context.height
    return next((n for most, n in _QUICK_THREADS.items() if pixels <= most), _THREADS)


def usable(name: str) -> bool:
    """Return True if a tiny picture can really be encoded by ``name`` on this machine."""
    if name not in av.codecs_available:
        return False
    try:
        context = av.CodecContext.create(name, "w")
        if not isinstance(context, VideoCodecContext):
            return False
        formats = [form.name for form in context.codec.video_formats or ()]
        context.width, context.height = TRIAL_SIZE
        context.pix_fmt = "yuv420p" if "yuv420p" in formats else "nv12"
        context.time_base, context.framerate = Fraction(1, 25), Fraction(25)
        context.options = dict(next((row.options for row in TABLE if row.name == name), {}))
        frame = av.VideoFrame(*TRIAL_SIZE, context.pix_fmt)
        frame.pts = 0
        with _quiet(name):
            context.encode(frame)
            context.encode(None)
    except (av.FFmpegError, ValueError, OSError):
        return False
    return True


@contextmanager
def _quiet(name: str) -> Iterator[None]:
    """Keep SVT-AV1 from writing its settings to stderr; only its environment can tell it."""
    if name != "libsvtav1" or SVT_LOG in os.environ:
        yield
        return
    os.environ[SVT_LOG] = "-1"
    try:
        yield
    finally:
        del os.environ[SVT_LOG]

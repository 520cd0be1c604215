"""The table of video encoders: their options, quality scales and presets."""

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

DEFAULT_ENCODER = "libx264"
"""The default encoder."""

CONTAINER_DEFAULTS = {"webm": "libvpx-vp9", "ivf": "libvpx-vp9"}
"""The default encoder of containers that cannot hold H.264."""

_FALLBACKS = ("libvpx-vp9", "libsvtav1")
"""Encoders in place of a default that cannot hold the target's size or depth: the format that more
players know comes first. x264 keeps 10 bits, so nothing takes its place for them; H.265 has no odd
sizes either."""

_THREADS = 4
"""Number of encoder threads. The output of x264 and x265 depends on it, so it must not depend on
the machine. Swapping one face takes longer than four threads take to encode a frame."""

_QUICK = ("libx264", frozenset({"ultrafast", "superfast", "veryfast"}))
"""An encoder and its presets with which fewer threads keep up with the swap; more threads take
more CPU time for the same frames."""

_FULL_HD = 1920 * 1088
"""Pixels up to which x264's threads encode a frame each. Threads that share a frame in slices take
2 % more time and 5 % more bytes, but at 4K each frame being encoded takes 100 MB."""

_QUICK_THREADS = {1280 * 736: 1, _FULL_HD: 2}
"""Number of threads by the largest frame, in pixels, that they are enough for."""

SVT_LOG = "SVT_LOG"
"""SVT-AV1's environment variable for logging; -1 turns it off. Read once, at the first open."""

TRIAL_SIZE = (320, 192)
"""Size of a test frame that every encoder takes; some hardware refuses smaller ones."""


@dataclass(frozen=True, slots=True)
class Hdr:
    """How an encoder takes HDR metadata, as ``mastering=...:light=peak,average``."""

    option: str
    mastering: str
    light: str
    units: bool = True
    """True for the units of H.265; False for CIE 1931 and cd/m2."""

    def option_value(self, mastering: Mastering | None, light: tuple[int, int] | None) -> str:
        """Return the value of ``option``; empty without metadata."""
        parts = []
        if mastering is not None:
            scale = (1.0, 1.0) if self.units else (CHROMATICITY, LUMINANCE)
            parts.append(f"{self.mastering}={mastering.notation(*scale)}")
        if light is not None:
            parts.append(f"{self.light}={light[0]},{light[1]}")
        return ":".join(parts)


@dataclass(frozen=True, slots=True)
class EncoderSpec:
    """One row of the table."""

    name: str
    codec: str
    """FFmpeg's name of the codec it encodes."""
    title: str
    quality: Callable[[int], Mapping[str, str]]
    """Returns the options for a quality of 0 (best) to 100 (smallest file)."""
    preset_option: str | None
    """The encoder option for presets; None if it has none."""
    preset: str | None
    """The default preset."""
    options: Mapping[str, str] = field(default_factory=dict)
    """Further options that are always set."""
    hdr: Hdr | None = None
    presets: tuple[str, ...] = ()
    """Valid presets; empty if only the encoder knows."""
    says_limited: str = ""
    """The same option's value with which the encoder says that the range is limited; otherwise it
    only does so if it has something else to say about the colours."""
    transparent_in: frozenset[str] = frozenset()
    """FFmpeg's names of the containers in which it keeps transparency."""
    even: bool = False
    """True if frames with subsampled chroma must have an even size."""


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
    # By its documentation, 28 corresponds to 23 in x264.
    return {"crf": _scaled(quality, 28 / 23, 0, 51)}


def _vp9(quality: int) -> Mapping[str, str]:
    return {"crf": _scaled(quality, 31 / 23, 0, 63), "b": "0"}


def _av1(quality: int) -> Mapping[str, str]:
    return {"crf": _scaled(quality, 35 / 23, 1, 63)}


def _nvenc(quality: int) -> Mapping[str, str]:
    # 0 means "automatic".
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
        says_limited="videoformat=component",
        presets=_X264_PRESETS,  # it prints an error of its own about others
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
        says_limited="videoformat=component",
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
        transparent_in=frozenset({"matroska", "webm"}),
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
"""Every supported encoder."""

_PRORES = EncoderSpec(
    "prores_ks",
    "prores",
    "ProRes 4444",
    lambda quality: {"profile": "4444"},
    None,
    None,
    transparent_in=frozenset({"mov", "matroska"}),
)
"""Takes the place of a default that would lose the transparency of the target; nobody needs to
choose it, as its files are tens of times as large."""


def choose_encoder(
    video: VideoOptions, container: str, supports: Callable[[str], bool]
) -> EncoderSpec:
    """Return the encoder for an output.

    Args:
        video: Names the encoder.
        container: FFmpeg's name of the output's container.
        supports: Returns True if the container can hold the output of an encoder.

    Raises:
        UsageError: The encoder is unknown, does not work here, or does not fit the container.
    """
    name = video.output_video_encoder
    if name == DEFAULT_ENCODER and not supports(name) and container in CONTAINER_DEFAULTS:
        name = CONTAINER_DEFAULTS[container]
    encoder = next((row for row in TABLE if row.name == name), None)
    if encoder is None:
        names = ", ".join(row.name for row in TABLE)
        raise UsageError(f"unknown video encoder {name!r}", hint=f"choose one of: {names}")
    if not supports(name):
        raise UsageError(
            f"{container} files cannot hold the output of {name}",
            hint="name the output .mp4 or .mkv, or choose another [[output_video_encoder]]",
        )
    if not is_usable(name):
        names = ", ".join(row.name for row in TABLE if is_usable(row.name))
        raise UsageError(
            f"the video encoder {name} does not work on this machine",
            hint=f"these work: {names}",
        )
    return encoder


def faithful_encoder(
    video: VideoOptions,
    encoder: EncoderSpec,
    supports: Callable[[str], bool],
    loss: Callable[[EncoderSpec], tuple[bool, int, int]],
) -> EncoderSpec:
    """Return ``encoder``, or if it is a default another one that loses less of the target.

    Args:
        video: Names the encoder; a choice of the user stands.
        encoder: What ``choose_encoder`` returned.
        supports: Returns True if the container can hold the output of an encoder.
        loss: Returns whether an encoder loses transparency, the pixels that it adds to an odd
            size, and the bits that it loses.
    """
    if video.output_video_encoder != DEFAULT_ENCODER or video.output_video_preset is not None:
        return encoder
    opaque, padded, bits = loss(encoder)
    if not (opaque or padded) and (not bits or encoder.name == DEFAULT_ENCODER):
        return encoder
    fallbacks = [row for name in _FALLBACKS for row in TABLE if row.name == name]
    if opaque:
        fallbacks.append(_PRORES)
    others = [row for row in fallbacks if supports(row.name) and is_usable(row.name)]
    return min((encoder, *others), key=loss)


def options_of(encoder: EncoderSpec, video: VideoOptions, hdr: str = "") -> dict[str, str]:
    """Return the options to open ``encoder`` with.

    Args:
        encoder: The row of the table.
        video: Preset and quality.
        hdr: The target's HDR metadata, from ``encoder.hdr``.

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
    context: VideoCodecContext,
    encoder: EncoderSpec,
    video: VideoOptions,
    *,
    hdr: str = "",
    chroma: str = "left",
) -> None:
    """Open ``context`` for ``encoder`` without log output; for other arguments see ``options_of``.

    Args:
        context: Not open yet.
        encoder: The row of the table.
        video: Preset and quality.
        hdr: The target's HDR metadata.
        chroma: FFmpeg's name of the chroma location, ``left`` being the default of all encoders.

    Raises:
        UsageError: The encoder refuses the preset or another option.
    """
    context.options = options_of(encoder, video, hdr)
    if chroma != "left":
        context.options = {**context.options, "chroma_sample_location": chroma}
    context.thread_count = _threads(context, encoder, video)
    context.thread_type = "FRAME" if context.width * context.height <= _FULL_HD else "SLICE"
    try:
        with _quiet(encoder.name):
            context.open()
    except (av.FFmpegError, ValueError) as error:
        preset = video.output_video_preset
        with_preset = "" if preset is None else f" with preset {preset!r}"
        raise UsageError(
            f"the video encoder {encoder.name} cannot be opened{with_preset} for "
            f"{context.width} x {context.height} {context.pix_fmt}",
            hint="try it without [[output_video_preset]], or another [[output_video_encoder]]",
        ) from error


def _threads(context: VideoCodecContext, encoder: EncoderSpec, video: VideoOptions) -> int:
    """Return the number of threads, which does not depend on the machine."""
    name, presets = _QUICK
    if encoder.name != name or context.options.get("preset") not in presets:
        return _THREADS
    pixels = context.width * context.height
    return next((n for most, n in _QUICK_THREADS.items() if pixels <= most), _THREADS)


def is_usable(name: str) -> bool:
    """Return True if ``name`` can encode a small frame on this machine."""
    if name not in av.codecs_available:
        return False
    try:
        context = av.CodecContext.create(name, "w")
        if not isinstance(context, VideoCodecContext):
            return False
        formats = [form.name for form in context.codec.video_formats or ()]
        context.width, context.height = TRIAL_SIZE
        usual = [name for name in ("yuv420p", "nv12") if name in formats]
        context.pix_fmt = [*usual, *formats, "nv12"][0]
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
    """Keep SVT-AV1 from logging its settings; it has no option for that."""
    if name != "libsvtav1" or SVT_LOG in os.environ:
        yield
        return
    os.environ[SVT_LOG] = "-1"
    try:
        yield
    finally:
        del os.environ[SVT_LOG]

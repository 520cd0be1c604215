"""The containers of videos, and which codecs each can hold."""

from __future__ import annotations

import io
from pathlib import Path

import av

from roop.errors import UsageError
from roop.media.video.encoder_specs import CONTAINER_DEFAULTS, DEFAULT_ENCODER
from roop.options import VideoOptions

IMAGE_FORMATS = frozenset({"image2", "gif", "apng", "webp", "avif", "ico"})
"""FFmpeg's names of image formats, which are not used for videos."""

UNDECLARED = frozenset({"mpegts"})
"""Containers whose muxers do not declare their codecs but take most of them."""

IN_TRANSPORT_STREAMS = frozenset(
    {"mp1", "mp2", "mp3", "aac", "aac_latm", "ac3", "eac3", "dts", "truehd", "opus", "s302m"}
    | {"pcm_bluray", "dvb_subtitle", "dvb_teletext", "arib_caption"}
    | {"timed_id3", "klv", "smpte_2038"}
)
"""FFmpeg's names of what an MPEG transport stream can hold beside the picture: its muxer takes
everything else as well, but as private data that no player knows."""

REFUSED = {
    "mov": frozenset({"libvpx-vp9", "libsvtav1"}),
    "mpegts": frozenset({"libvpx-vp9", "libsvtav1", "prores_ks"}),
}
"""Encoders whose codecs a muxer declares, but does not write, or not so that anything reads it."""

CONSTANT_RATE = frozenset({"avi"})
"""Containers with a constant frame rate, which count frames instead of time."""

NO_REORDERING = frozenset({"avi", "asf"})
"""Containers with one time per packet: B-frames would be shown late."""

NO_TIMESTAMPS = 0x80
"""FFmpeg's flag of raw streams without times (AVFMT_NOTIMESTAMPS)."""


def container_of(output: Path) -> str:
    """Return FFmpeg's name of the container for the suffix of ``output``.

    Raises:
        UsageError: The suffix belongs to no container, or to an image format.
    """
    try:
        with av.open(str(Path("output").with_suffix(output.suffix)), "w") as probe:
            form = probe.format
    except ValueError as error:
        raise _no_container(output) from error
    if form.name in IMAGE_FORMATS:
        raise UsageError(
            f"the target is a video, but {output.name} is an image",
            hint="name the output .mp4, .mkv, .mov or .webm",
        )
    if form.flags & NO_TIMESTAMPS:
        raise _no_container(output)
    return form.name


def supports(container: str, encoder: str) -> bool:
    """Return True if ``container`` can hold the output of ``encoder``."""
    trial = av.open(io.BytesIO(), "w", format=container)
    if encoder in REFUSED.get(container, ()):
        return False
    return container in UNDECLARED or encoder in trial.supported_codecs


def can_write(output: Path, video: VideoOptions) -> bool:
    """Return True if a file with this suffix can hold the output of the chosen encoder."""
    try:
        container = container_of(output)
    except UsageError:
        return False
    name = video.output_video_encoder
    return supports(container, name) or (
        name == DEFAULT_ENCODER and container in CONTAINER_DEFAULTS
    )


def _no_container(output: Path) -> UsageError:
    if not output.suffix:
        return UsageError(
            f"{output} is not a folder and has no suffix",
            hint="create the folder, or name the output .mp4, .mkv, .mov or .webm",
        )
    return UsageError(
        f"the target is a video, but {output.suffix} is not a video format",
        hint="name the output .mp4, .mkv, .mov or .webm",
    )

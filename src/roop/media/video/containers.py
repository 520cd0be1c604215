"""Which containers hold films, and what each of them takes."""

from __future__ import annotations

import io
from pathlib import Path

import av

from roop.errors import UsageError
from roop.media.video.encoder_specs import DEFAULT, NATURAL
from roop.options import VideoOptions

PICTURES = frozenset({"image2", "gif", "apng", "webp", "avif", "ico"})
"""FFmpeg's names of formats that hold pictures, not films."""

SILENT = frozenset({"mpegts"})
"""Containers whose muxers don't say what they take, though they take much."""

CONSTANT_RATE = frozenset({"avi"})
"""Containers that count frames instead of time."""

WITHOUT_REORDERING = frozenset({"avi", "asf"})
"""Containers that have one time per packet, so that B-frames would be shown too late."""

NO_TIMESTAMPS = 0x80
"""FFmpeg's flag of raw streams, which know no time (AVFMT_NOTIMESTAMPS)."""


def container_of(output: Path) -> str:
    """Return FFmpeg's name of the container that the extension of ``output`` stands for.

    Raises:
        UsageError: It stands for none, or for a picture.
    """
    try:
        with av.open(str(Path("output").with_suffix(output.suffix)), "w") as probe:
            form = probe.format
    except ValueError as error:
        raise _no_container(output) from error
    if form.name in PICTURES:
        raise UsageError(
            f"the target is a video, {output.name} would be a picture",
            hint="name the output .mp4, .mkv, .mov or .webm",
        )
    if form.flags & NO_TIMESTAMPS:
        raise _no_container(output)
    return form.name


def holds(container: str, encoder: str) -> bool:
    """Return True if ``container`` takes what ``encoder`` makes."""
    trial = av.open(io.BytesIO(), "w", format=container)
    return container in SILENT or encoder in trial.supported_codecs


def writable(output: Path, video: VideoOptions) -> bool:
    """Return True if a file of this name can hold what the encoder asked for makes."""
    try:
        container = container_of(output)
    except UsageError:
        return False
    name = video.output_video_encoder
    return holds(container, name) or (name == DEFAULT and container in NATURAL)


def _no_container(output: Path) -> UsageError:
    if not output.suffix:
        return UsageError(
            f"{output} is no folder and has no extension",
            hint="make the folder, or name the output .mp4, .mkv, .mov or .webm",
        )
    return UsageError(
        f"the target is a video, and {output.suffix} is no video format",
        hint="name the output .mp4, .mkv, .mov or .webm",
    )

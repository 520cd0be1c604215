"""Open a target with FFmpeg and find its video stream."""

import re
import stat
from pathlib import Path

import av
from av.container import InputContainer
from av.stream import Disposition
from av.video.stream import VideoStream

from roop.errors import MediaError
from roop.media.video.errors import demuxing

LISTS = frozenset({"applehttp", "concat", "dash", "hls", "imf", "lavfi", "rtsp", "sdp", "tty"})
"""Demuxers that open further files, or that turn text into frames."""

PICTURES = ("_pipe", "image2", "ico")
"""Ends of the names of FFmpeg's demuxers for single pictures."""

_SEARCHED = 1 << 20
"""Bytes at either end of an MP4 file where its description lies."""

_ISO_STARTS = frozenset({b"ftyp", b"moov", b"styp", b"mdat", b"free", b"wide", b"skip"})

_ENCRYPTED = re.compile(rb"stsd.{12}(?:encv|drmi)", re.DOTALL)
"""A description of samples (version, count, length) that starts with an encrypted one."""

_ALPHA_LAYER = re.compile(rb"stsd.{12}hvc1.{80,4000}?\0\0\0.almo", re.DOTALL)
"""A description of H.265 samples with the box that says how their transparency is meant."""

MOST_PIXELS = 1 << 28
"""Largest frame, 16384 x 16384: more would let a file exhaust the memory."""


def open_target(path: Path) -> InputContainer:
    """Open a file, but no other file or address that it refers to.

    Raises:
        MediaError: It is missing, a folder, empty, not readable or not a media file.
    """
    with demuxing(path):
        status = path.stat()
    if stat.S_ISDIR(status.st_mode):
        raise MediaError(
            f"{path} is a folder", hint="choose a file in it; `roop batch` takes folders"
        )
    if not stat.S_ISREG(status.st_mode):
        raise MediaError(f"{path} is not a regular file", hint="copy it to a file first")
    if status.st_size == 0:
        raise MediaError(f"{path} is empty", hint="copy or download it again")
    with demuxing(path):
        container = av.open(
            str(path.absolute()),
            metadata_errors="replace",
            options={"max_pixels": str(MOST_PIXELS)},
            container_options={"protocol_whitelist": "file"},
        )
    if LISTS & set(container.format.name.split(",")):
        container.close()
        raise MediaError(f"{path} is a playlist or text, not a video", hint="use the video itself")
    if container.format.name.endswith(PICTURES):
        container.close()
        raise MediaError(
            f"{path.name} is a picture of a kind that is not read",
            hint="convert it to PNG or JPEG first",
        )
    if is_encrypted(path):
        container.close()
        raise MediaError(
            f"{path.name} is encrypted (DRM)", hint="use a copy without copy protection"
        )
    return container


def read_tags(path: Path) -> dict[str, str]:
    """Return the tags of a video's container, by FFmpeg's names.

    Raises:
        MediaError: The file cannot be read as a video.
    """
    with open_target(path) as container:
        return dict(container.metadata)


def is_encrypted(path: Path) -> bool:
    """Return True if an MP4 or MOV file says that its picture is encrypted."""
    return _describes(path, _ENCRYPTED)


def has_alpha_layer(path: Path) -> bool:
    """Return True if an MP4 or MOV file has H.265 with a layer of transparency beside it."""
    return _describes(path, _ALPHA_LAYER)


def _describes(path: Path, words: re.Pattern[bytes]) -> bool:
    """Return True if an MP4 or MOV file has ``words`` near its beginning or its end."""
    with path.open("rb") as file:
        parts = [file.read(_SEARCHED)] if file.read(8)[4:] in _ISO_STARTS else []
        if parts:
            file.seek(max(0, file.seek(0, 2) - _SEARCHED))
            parts.append(file.read(_SEARCHED))
    return any(words.search(part) is not None for part in parts)


def is_cover(stream: object) -> bool:
    """Return True for a cover image."""
    disposition = getattr(stream, "disposition", Disposition(0))
    return bool(disposition & Disposition.attached_pic)


def video_stream(container: InputContainer, path: Path) -> VideoStream:
    """Return the video stream that a player would show.

    Raises:
        MediaError: There is none, FFmpeg has no decoder for it, or its frames are too large.
    """
    best = container.streams.best("video")
    streams = [stream for stream in container.streams.video if not is_cover(stream)]
    if not streams:
        raise MediaError(f"{path} has no video stream", hint="it may hold only sound")
    shown = best if isinstance(best, VideoStream) and best in streams else streams[0]
    if shown.codec_context is None:
        raise MediaError(
            f"{path}: FFmpeg {av.ffmpeg_version_info} cannot decode its video codec",
            hint="convert it to H.264 first",
        )
    if shown.width * shown.height > MOST_PIXELS:
        raise MediaError(f"{path}: {shown.width} x {shown.height} pixels are more than the limit")
    return shown

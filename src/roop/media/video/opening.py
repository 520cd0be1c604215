"""Opens a target with FFmpeg and finds its video."""

import stat
from pathlib import Path

import av
from av.container import InputContainer
from av.stream import Disposition
from av.video.stream import VideoStream

from roop.errors import MediaError
from roop.media.video.errors import demuxing

LISTS = frozenset({"applehttp", "concat", "dash", "hls", "imf", "lavfi", "rtsp", "sdp", "tty"})
"""Demuxers that open other files than the one named, or make pictures out of text."""

MOST_PIXELS = 1 << 28
"""A picture beyond 16384 x 16384 is taken for an attack on the memory."""


def open_target(path: Path) -> InputContainer:
    """Open a file, never anything that it refers to.

    Raises:
        MediaError: It is missing, a folder, empty, unreadable or not a media file.
    """
    with demuxing(path):
        status = path.stat()
    if stat.S_ISDIR(status.st_mode):
        raise MediaError(
            f"{path} is a folder", hint="name one file in it; `roop batch` takes folders"
        )
    if not stat.S_ISREG(status.st_mode):
        raise MediaError(f"{path} is not an ordinary file", hint="copy it to a file first")
    if status.st_size == 0:
        raise MediaError(f"{path} is empty", hint="it may not have been copied completely")
    with demuxing(path):
        container = av.open(
            str(path.absolute()),
            metadata_errors="replace",
            options={"max_pixels": str(MOST_PIXELS)},
            container_options={"protocol_whitelist": "file"},
        )
    if LISTS & set(container.format.name.split(",")):
        container.close()
        raise MediaError(f"{path} is not a video but text", hint="name the video itself")
    return container


def read_tags(path: Path) -> dict[str, str]:
    """Return what a film's container says of it, by FFmpeg's names.

    Raises:
        MediaError: The file cannot be read as a film.
    """
    with open_target(path) as container:
        return dict(container.metadata)


def is_cover(stream: object) -> bool:
    """Return True for a picture that belongs to the file as a whole."""
    disposition = getattr(stream, "disposition", Disposition(0))
    return bool(disposition & Disposition.attached_pic)


def video_stream(container: InputContainer, path: Path) -> VideoStream:
    """Return the stream that a player would show.

    Raises:
        MediaError: There is none, or no decoder for it, or it is absurdly large.
    """
    best = container.streams.best("video")
    streams = [stream for stream in container.streams.video if not is_cover(stream)]
    if not streams:
        raise MediaError(f"{path} has no video in it", hint="it may be sound only")
    chosen = best if isinstance(best, VideoStream) and best in streams else streams[0]
    if chosen.codec_context is None:
        raise MediaError(
            f"{path}: its video codec is unknown to FFmpeg {av.ffmpeg_version_info}",
            hint="convert it to H.264 first",
        )
    if chosen.width * chosen.height > MOST_PIXELS:
        raise MediaError(f"{path}: {chosen.width} x {chosen.height} pixels are too many")
    return chosen

"""Where the chroma samples of a stream lie, which PyAV does not tell."""

import io
import re

import av
from av.video.stream import VideoStream

_MATROSKA = re.compile(rb"\x55\xb7\x81([\x01\x02])\x55\xb8\x81([\x01\x02])")
"""Matroska's elements ChromaSitingHorz and ChromaSitingVert: 1 is left or top, 2 is half."""

_NAMES = {(1, 2): "left", (2, 2): "center", (1, 1): "topleft", (2, 1): "top"}


def chroma_siting(stream: VideoStream) -> str | None:
    """Return FFmpeg's name of the chroma location of ``stream``; None if the file has none.

    FFmpeg writes it into the header of a Matroska file, where it can be read.
    """
    file = io.BytesIO()
    try:
        header = av.open(file, "w", format="matroska")
        header.add_stream_from_template(stream, opaque=True)
        header.start_encoding()
    except (av.FFmpegError, ValueError):  # Matroska does not know the codec
        return None
    found = _MATROSKA.search(file.getvalue())
    header.close()
    return None if found is None else _NAMES[found[1][0], found[2][0]]

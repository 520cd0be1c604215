"""Write a new video from drawn frames and synthesised sound."""

from collections.abc import Iterable
from fractions import Fraction
from pathlib import Path

import av
import numpy as np
from av.video.frame import VideoFrame
from av.video.reformatter import ColorRange, Colorspace
from numpy.typing import NDArray

from roop.media.files.output_file import OutputFile
from roop.media.video.errors import muxing
from roop.types import Pixels

Sound = NDArray[np.float32]
"""``(N,)`` mono samples, -1..1."""

_CHUNK = 1024  # samples of one AAC frame


def write_clip(
    path: Path,
    frames: Iterable[Pixels],
    *,
    fps: int,
    sound: Sound | None = None,
    rate: int = 48_000,
    force: bool = False,
) -> None:
    """Encode ``frames`` as H.264 in BT.709 and ``sound`` as AAC into a new file.

    Args:
        path: The file to write; its extension names the container.
        frames: ``(H, W, 3)`` RGB each, all of one size, width and height even.
        fps: Frames per second.
        sound: Mono samples, -1..1; None for a silent clip.
        rate: Samples per second.
        force: Replace the file if it exists.

    Raises:
        UsageError: The file exists and ``force`` is off.
        MediaError: The file cannot be written.
    """
    with (
        OutputFile(path, force=force) as output,
        muxing(path, output.part),
        av.open(output.part, "w") as container,
    ):
        _encode(container, frames, fps, sound, rate)


def _encode(
    container: av.container.OutputContainer,
    frames: Iterable[Pixels],
    fps: int,
    sound: Sound | None,
    rate: int,
) -> None:
    options = {"crf": "16", "preset": "veryfast"}
    video = container.add_stream("libx264", rate=fps, options=options)
    video.pix_fmt = "yuv420p"
    context = video.codec_context
    context.color_range = int(ColorRange.MPEG)
    context.colorspace = context.color_primaries = context.color_trc = 1  # BT.709, H.273's number
    audio = container.add_stream("aac", rate=rate) if sound is not None else None
    if audio is not None:
        audio.layout = "mono"
    for number, pixels in enumerate(frames):
        if number == 0:
            video.height, video.width = pixels.shape[:2]
        container.mux(video.encode(_video_frame(pixels, number, fps)))
    container.mux(video.encode(None))
    if audio is not None and sound is not None:
        for start in range(0, len(sound), _CHUNK):
            container.mux(audio.encode(_audio_frame(sound[start : start + _CHUNK], start, rate)))
        container.mux(audio.encode(None))


def _video_frame(pixels: Pixels, number: int, fps: int) -> VideoFrame:
    frame = VideoFrame.from_ndarray(pixels, format="rgb24").reformat(
        format="yuv420p",
        dst_colorspace=Colorspace.ITU709,
        dst_color_range=ColorRange.MPEG,
    )
    frame.pts, frame.time_base = number, Fraction(1, fps)
    return frame


def _audio_frame(part: Sound, start: int, rate: int) -> av.AudioFrame:
    frame = av.AudioFrame.from_ndarray(part[np.newaxis], format="fltp", layout="mono")
    frame.sample_rate, frame.pts, frame.time_base = rate, start, Fraction(1, rate)
    return frame

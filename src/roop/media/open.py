"""Finds the reader and the writer for a file, by what is in it and not by its name."""

from pathlib import Path

from roop.errors import UsageError
from roop.media.base import Marks, Reader, Warn, Writer
from roop.options import VideoOptions

PICTURE_SUFFIXES = frozenset(
    {".apng", ".bmp", ".gif", ".jfif", ".jpe", ".jpeg", ".jpg", ".png", ".tif", ".tiff", ".webp"}
)
"""Extensions under which an animation stays one."""


def open_reader(
    path: Path, video: VideoOptions, warn: Warn, *, output: Path | None = None
) -> Reader:
    """Open a target of any kind.

    Args:
        path: A photo, an animation or a video.
        video: Trim and frame rate, for videos.
        warn: Hears of what is lost or guessed.
        output: Where the result will go; an animation is read as a video if this is one.

    Raises:
        MediaError: It cannot be read.
        UsageError: The options leave nothing of it.
    """
    from roop.media.pictures import sniff

    kind = sniff(path) if path.is_file() else None
    if kind == "image":
        from roop.media.images import ImageReader

        return ImageReader(path, warn)
    if kind == "animation" and (output is None or _names_picture(output)):
        from roop.media.animations import AnimationReader

        return AnimationReader(path, warn)
    from roop.media.video_reader import VideoReader

    return VideoReader(path, video, warn)


def open_writer(
    output: Path,
    reader: Reader,
    video: VideoOptions,
    *,
    force: bool,
    warn: Warn,
    marks: Marks | None = None,
) -> Writer:
    """Open the output for the frames of ``reader``.

    Args:
        output: Its extension says the format.
        reader: Where the frames will come from.
        video: How a video is encoded.
        force: Replace ``output`` if it exists.
        warn: Hears of what cannot be kept.
        marks: What the output carries besides.

    Raises:
        UsageError: The output exists, or is of another kind than the target.
        MediaError: It cannot be written.
    """
    kind = reader.info.kind
    if kind == "video":
        from roop.media.video_reader import VideoReader
        from roop.media.video_writer import VideoWriter

        if not isinstance(reader, VideoReader):
            raise TypeError(f"{type(reader).__name__} says it reads videos")
        return VideoWriter(output, reader, video, force=force, warn=warn, marks=marks)
    if kind == "animation":
        if not _names_picture(output):
            raise UsageError(
                f"the target is an animation, {output.name} would be a video",
                hint="name the output .gif, .webp or .png",
            )
        from roop.media.animations import AnimationReader, AnimationWriter

        if not isinstance(reader, AnimationReader):
            raise TypeError(f"{type(reader).__name__} says it reads animations")
        return AnimationWriter(output, reader, force=force, warn=warn, marks=marks)
    from roop.media.images import ImageReader, ImageWriter

    if not isinstance(reader, ImageReader):
        raise TypeError(f"{type(reader).__name__} says it reads images")
    return ImageWriter(output, reader, force=force, warn=warn, marks=marks)


def _names_picture(output: Path) -> bool:
    return output.suffix.lower() in PICTURE_SUFFIXES

"""Finds the reader and the writer for a file, by what is in it and not by its name."""

from pathlib import Path
from typing import Literal

from roop.errors import UsageError
from roop.media.base import Marks, Reader, Writer
from roop.options import VideoOptions
from roop.types import Warn


def open_reader(
    path: Path, video: VideoOptions, warn: Warn, *, output: Path | None = None, scale: int = 1
) -> Reader:
    """Open a target of any kind.

    Args:
        path: A photo, an animation or a video.
        video: Trim and frame rate, for videos.
        warn: Hears of what is lost or guessed.
        output: Where the result will go; an animation is read as a video if this is one.
        scale: How many times as wide and as high its frames will be when they are written.

    Raises:
        MediaError: It cannot be read.
        UsageError: The options leave nothing of it, or it is an animation to be enlarged.
    """
    from roop.media.pictures.decoding import sniff

    kind = sniff(path) if path.is_file() else None
    if kind is not None:
        _say_what_is_unused(kind, video, warn)
    if kind == "image":
        from roop.media.pictures.image import ImageReader

        return ImageReader(path, warn)
    if kind == "animation" and (output is None or _names_picture(output)):
        from roop.media.pictures.animation import AnimationReader

        if scale > 1:
            raise UsageError(
                f"{path} is an animation, which cannot be enlarged",
                hint="name the output .mp4: it becomes a video, which can",
            )
        return AnimationReader(path, warn)
    from roop.media.video.reader import VideoReader

    return VideoReader(path, video, warn, scale=scale, beside_work=output is not None)


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
        from roop.media.video.reader import VideoReader
        from roop.media.video.writer import VideoWriter

        if not isinstance(reader, VideoReader):
            raise TypeError(f"{type(reader).__name__} says it reads videos")
        return VideoWriter(output, reader, video, force=force, warn=warn, marks=marks)
    if kind == "animation":
        if not _names_picture(output):
            raise UsageError(
                f"the target is an animation, {output.name} would be a video",
                hint="name the output .gif, .webp or .png",
            )
        from roop.media.pictures.animation import AnimationReader, AnimationWriter

        if not isinstance(reader, AnimationReader):
            raise TypeError(f"{type(reader).__name__} says it reads animations")
        return AnimationWriter(output, reader, force=force, warn=warn, marks=marks)
    from roop.media.pictures.image import ImageReader, ImageWriter

    if not isinstance(reader, ImageReader):
        raise TypeError(f"{type(reader).__name__} says it reads images")
    return ImageWriter(output, reader, force=force, warn=warn, marks=marks)


def natural_suffix(target: Path, video: VideoOptions) -> str:
    """Return the extension of an output that is of the target's own format.

    Where that cannot be written it is the nearest that can be.

    Args:
        target: A file whose name may lie about its format.
        video: The encoder of a video.

    Raises:
        MediaError: ``target`` cannot be read.
    """
    from roop.media.formats.picture_files import EXTENSIONS, container

    found = container(target)
    if found is not None:
        if EXTENSIONS.get(target.suffix.lower()) == found:
            return target.suffix
        return next(suffix for suffix, name in EXTENSIONS.items() if name == found)
    from roop.media.video.containers import writable

    return target.suffix if writable(target, video) else ".mp4"


def _say_what_is_unused(
    kind: Literal["image", "animation"], video: VideoOptions, warn: Warn
) -> None:
    """Warn of options for videos; that the sound is left out holds for any picture."""
    given = video.model_dump(exclude_defaults=True, exclude={"skip_audio"})
    if given:
        names = " and ".join("--" + name.replace("_", "-") for name in given)
        what = "a photo" if kind == "image" else "an animation"
        warn(f"the target is {what}: {names} can do nothing there")


def _names_picture(output: Path) -> bool:
    from roop.media.formats.picture_files import EXTENSIONS

    return output.suffix.lower() in EXTENSIONS

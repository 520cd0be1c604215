"""Open the reader and the writer for a file, chosen by its content, not by its name."""

from pathlib import Path
from typing import Literal

from roop.errors import MediaError, UsageError
from roop.media.base import Marks, Reader, Writer
from roop.options import VideoOptions
from roop.types import Warn


def open_reader(
    path: Path,
    video: VideoOptions,
    warn: Warn,
    *,
    output: Path | None = None,
    scale: int = 1,
    sparse: bool = False,
) -> Reader:
    """Open a target of any kind.

    Args:
        path: A photo, an animation or a video.
        video: Trim and frame rate, for videos.
        warn: Called for what is lost or guessed.
        output: The output; if it is a video, an animation is read as a video too.
        scale: Factor by which the frames will be enlarged before they are written.
        sparse: Leave out the frames of a video that no other depends on.

    Raises:
        MediaError: The file cannot be read.
        UsageError: The trim leaves no frame, or the target is an animation and ``scale`` above 1.
    """
    from roop.media.pictures.decoding import sniff

    kind = sniff(path) if path.is_file() else None
    if kind is not None:
        _warn_of_unused_options(kind, video, warn)
    if kind == "image":
        from roop.media.pictures.image import ImageReader

        return ImageReader(path, warn)
    if kind == "animation" and (output is None or _is_image(output)):
        from roop.media.pictures.animation import AnimationReader

        if scale > 1:
            raise UsageError(
                f"{path} is an animation and cannot be upscaled",
                hint="name the output .mp4: it becomes a video, which can be upscaled",
            )
        return AnimationReader(path, warn)
    from roop.media.video.decoder import Decoding
    from roop.media.video.reader import VideoReader

    decoding: Decoding = "sparse" if sparse else "fast" if output is None else "frugal"
    return VideoReader(path, video, warn, scale=scale, decoding=decoding)


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
        output: Its suffix selects the format.
        reader: Provides the frames.
        video: How to encode a video.
        force: Replace ``output`` if it exists.
        warn: Called for what cannot be kept.
        marks: Added to the output.

    Raises:
        UsageError: The output exists, or is not of the target's kind.
        MediaError: The output cannot be written.
    """
    kind = reader.info.kind
    if kind == "video":
        from roop.media.video.reader import VideoReader
        from roop.media.video.writer import VideoWriter

        if not isinstance(reader, VideoReader):
            raise TypeError(f"{type(reader).__name__} has the kind of a video reader")
        return VideoWriter(output, reader, video, force=force, warn=warn, marks=marks)
    if kind == "animation":
        if not _is_image(output):
            raise UsageError(
                f"the target is an animation, but {output.name} is a video",
                hint="name the output .gif, .webp or .png",
            )
        from roop.media.pictures.animation import AnimationReader, AnimationWriter

        if not isinstance(reader, AnimationReader):
            raise TypeError(f"{type(reader).__name__} has the kind of an animation reader")
        return AnimationWriter(output, reader, force=force, warn=warn, marks=marks)
    from roop.media.pictures.image import ImageReader, ImageWriter

    if not isinstance(reader, ImageReader):
        raise TypeError(f"{type(reader).__name__} has the kind of an image reader")
    return ImageWriter(output, reader, force=force, warn=warn, marks=marks)


def is_photo(path: Path) -> bool:
    """Return True if a file is a still image, by its content; False if it cannot be read."""
    from roop.media.pictures.decoding import sniff

    try:
        return path.is_file() and sniff(path) == "image"
    except MediaError:
        return False


def same_format_suffix(target: Path, video: VideoOptions) -> str:
    """Return the suffix for an output in the target's format, or in a similar writable one.

    Args:
        target: A file; its content counts, not its name.
        video: Names the video encoder.

    Raises:
        MediaError: ``target`` cannot be read.
    """
    from roop.media.formats.image_files import FORMAT_BY_SUFFIX, image_format, suffix_instead

    found = image_format(target)
    if found is not None:
        instead = suffix_instead(found, target)
        if instead is not None:
            return instead
        if FORMAT_BY_SUFFIX.get(target.suffix.lower()) == found:
            return target.suffix
        return next(suffix for suffix, name in FORMAT_BY_SUFFIX.items() if name == found)
    from roop.media.video.containers import can_write

    return target.suffix if can_write(target, video) else ".mp4"


def _warn_of_unused_options(
    kind: Literal["image", "animation"], video: VideoOptions, warn: Warn
) -> None:
    """Warn about options that only apply to videos; ``skip_audio`` is harmless."""
    given = video.model_dump(exclude_defaults=True, exclude={"skip_audio"})
    if given:
        names = " and ".join(name.replace("_", "-") for name in given)
        what = "a photo" if kind == "image" else "an animation"
        have = "has" if len(given) == 1 else "have"
        warn(f"the target is {what}: {names} {have} no effect on it")


def _is_image(output: Path) -> bool:
    from roop.media.formats.image_files import FORMAT_BY_SUFFIX

    return output.suffix.lower() in FORMAT_BY_SUFFIX

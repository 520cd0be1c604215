"""Read and write a photo: one frame, in the format, depth and metadata of its file."""

from collections.abc import Iterator
from pathlib import Path

from typing_extensions import override

from roop.context_managers import Closing, Transaction
from roop.errors import MediaError, UsageError
from roop.media.base import Marks, TargetInfo
from roop.media.files.disk import writing
from roop.media.files.extensions import IMAGE_SUFFIXES
from roop.media.files.output_file import OutputFile
from roop.media.formats.image_files import FORMAT_BY_SUFFIX, ignore_warnings
from roop.media.formats.kinds import ImageFormat
from roop.media.frames.stored_frame import StoredFrame
from roop.media.pictures.decoding import read_image
from roop.media.pictures.encoding import encode_image
from roop.media.target_file import TargetFile
from roop.types import Box, Frame, Warn


class ImageReader(Closing):
    """Yields the one frame of a photo.

    Raises:
        MediaError: The file is not readable, not an image, damaged or too large.
    """

    def __init__(self, path: Path, warn: Warn) -> None:
        file = TargetFile.of(path)
        self.image = read_image(path, warn)
        """The decoded file; editing the frame changes its samples in place."""
        height, width = self.image.samples.shape[:2]
        self.info = TargetInfo(
            file=file,
            kind="image",
            size=self.image.orientation.size((width, height)),
            frames=1,
            fps=None,
            duration_s=None,
            codec=self.image.format,
            pixel_format=self.image.mode,
        )
        self.damaged = 0

    def __iter__(self) -> Iterator[Frame]:
        yield StoredFrame(
            self.image.samples, orientation=self.image.orientation, display=self.image.display
        )

    @override
    def close(self) -> None:
        """Do nothing: the file is read when the reader is created."""


class ImageWriter(Transaction):
    """Writes the one frame of a photo.

    In the target's format, pixels that were not edited do not change (JPEG: blocks without an
    edited pixel; lossy WebP and AVIF: only nearly) and the file keeps its orientation. In another
    format the image is stored upright.

    Args:
        output: Its suffix selects the format.
        reader: Provides the frame.
        force: Replace the output if it exists.
        warn: Called for what the output's format cannot hold.
        marks: Added to the output.

    Raises:
        UsageError: The suffix is unknown, or the output exists and ``force`` is false.
    """

    def __init__(
        self,
        output: Path,
        reader: ImageReader,
        *,
        force: bool,
        warn: Warn,
        marks: Marks | None = None,
    ) -> None:
        self._format = image_format_of(output)
        self._image = reader.image
        self._warn = warn
        self._written = False
        self._output = OutputFile(output, force=force, target=reader.info.file, marks=marks)

    def write(self, frame: Frame) -> None:
        """Encode the frame.

        Raises:
            DiskFullError: The disk is full.
            MediaError: The output's format cannot hold the image.
        """
        if self._written:
            raise MediaError("a photo has only one frame")
        with ignore_warnings():
            data = encode_image(self._format, self._image, _stored(frame), self._warn)
        with writing(self._output.path, self._output.part):
            self._output.part.write_bytes(data)
        self._written = True

    @override
    def commit(self) -> None:
        if not self._written:
            raise MediaError(f"{self._output.path}: no frame was written")
        self._output.commit()

    @override
    def discard(self) -> None:
        self._output.discard()


def image_format_of(output: Path) -> ImageFormat:
    """Return the image format of an output by its suffix.

    Raises:
        UsageError: No image format has this suffix.
    """
    known = " ".join(FORMAT_BY_SUFFIX)
    if not output.suffix:
        raise UsageError(
            f"{output} is not a folder and has no suffix",
            hint=f"create the folder, or use one of {known}",
        )
    try:
        return FORMAT_BY_SUFFIX[output.suffix.lower()]
    except KeyError:
        if output.suffix.lower() in IMAGE_SUFFIXES:
            raise UsageError(
                f"{output.suffix} files are read, but not written",
                hint="name the output .jpg, .png or .avif",
            ) from None
        raise UsageError(
            f"the target is a photo, but {output.suffix} is not an image format",
            hint=f"use one of {known}",
        ) from None


def _stored(frame: Frame) -> StoredFrame:
    """Return the frame itself, or a copy if a processor replaced it by another type."""
    if isinstance(frame, StoredFrame):
        return frame
    return StoredFrame(frame.crop(Box(0, 0, *frame.size)))

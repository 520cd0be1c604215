"""Read and write a photo: one frame, in the form, the depth and with the words of its file."""

from collections.abc import Iterator
from pathlib import Path
from types import TracebackType
from typing import Self

from typing_extensions import override

from roop.errors import MediaError, UsageError
from roop.media.base import Marks, TargetInfo
from roop.media.files.disk import writing
from roop.media.files.output_file import OutputFile
from roop.media.files.transaction import Transaction
from roop.media.formats.picture_files import EXTENSIONS, Container, quiet
from roop.media.frames.stored_frame import StoredFrame
from roop.media.pictures.decoding import read_picture
from roop.media.pictures.encoding import encoded
from roop.types import Box, Frame, Warn


class ImageReader:
    """Yields the one frame of a photo.

    Raises:
        MediaError: The file is unreadable, no picture, damaged or too large.
    """

    def __init__(self, path: Path, warn: Warn) -> None:
        self.picture = read_picture(path, warn)
        """What the file holds; its samples are edited in place by the frame's pastes."""
        height, width = self.picture.samples.shape[:2]
        self.info = TargetInfo(
            path=path,
            kind="image",
            size=self.picture.orientation.size((width, height)),
            frames=1,
            fps=None,
            duration_s=None,
            codec=self.picture.container,
            pixel_format=self.picture.mode,
        )
        self.damaged = 0

    def __iter__(self) -> Iterator[Frame]:
        yield StoredFrame(self.picture.samples, orientation=self.picture.orientation)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None: ...


class ImageWriter(Transaction):
    """Writes the one frame of a photo.

    In the target's own format what was not edited comes out as it was (JPEG, WebP and AVIF: as
    nearly as they can) and the file keeps its orientation; in another format it is stored upright.

    Args:
        output: The extension says the format.
        reader: Where the frame comes from.
        force: Replace the output if it exists.
        warn: Told what the output's format cannot hold.
        marks: What the output carries besides.

    Raises:
        UsageError: The extension is unknown, or the output exists and ``force`` is false.
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
        self._container = container_of(output)
        self._picture = reader.picture
        self._warn = warn
        self._written = False
        self._output = OutputFile(output, force=force, target=reader.info.path, marks=marks)

    def write(self, frame: Frame) -> None:
        """Encode the frame.

        Raises:
            DiskFullError: There is no room.
            MediaError: The picture cannot be encoded in the output's format.
        """
        if self._written:
            raise MediaError("a photo has one frame only")
        with quiet():
            data = encoded(self._container, self._picture, _stored(frame), self._warn)
        with writing(self._output.path, self._output.part):
            self._output.part.write_bytes(data)
        self._written = True

    @override
    def commit(self) -> None:
        if not self._written:
            raise MediaError(f"{self._output.path}: no picture was written")
        self._output.commit()

    @override
    def discard(self) -> None:
        self._output.discard()


def container_of(output: Path) -> Container:
    """Return the picture format of an output by its extension.

    Raises:
        UsageError: No picture format has this extension.
    """
    known = " ".join(EXTENSIONS)
    if not output.suffix:
        raise UsageError(
            f"{output} is no folder and has no extension", hint=f"make the folder, or use {known}"
        )
    try:
        return EXTENSIONS[output.suffix.lower()]
    except KeyError:
        raise UsageError(
            f"the target is a photo, and {output.suffix} is no picture format",
            hint=f"name the output one of {known}",
        ) from None


def _stored(frame: Frame) -> StoredFrame:
    """The frame itself, or its picture if a processor has put another in its place."""
    if isinstance(frame, StoredFrame):
        return frame
    return StoredFrame(frame.crop(Box(0, 0, *frame.size)))

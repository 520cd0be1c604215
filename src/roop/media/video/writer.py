"""Writes a video as its frames come: encodes them straight into the output."""

from pathlib import Path

from typing_extensions import override

from roop.errors import MediaError
from roop.media.base import Marks
from roop.media.files.output_file import OutputFile
from roop.media.files.transaction import Transaction
from roop.media.frames.planar_frame import PlanarFrame
from roop.media.video.containers import container_of
from roop.media.video.output import VideoOutput
from roop.media.video.reader import VideoReader
from roop.options import VideoOptions
from roop.types import Frame, Warn


class VideoWriter(Transaction):
    """The output of a video. Implements ``roop.media.base.Writer``."""

    def __init__(
        self,
        output: Path,
        reader: VideoReader,
        video: VideoOptions,
        *,
        force: bool,
        warn: Warn,
        marks: Marks | None = None,
    ) -> None:
        """Open the encoder and the output; nothing appears under ``output`` yet.

        Args:
            output: Its extension says the container.
            reader: Where the frames will come from.
            video: Encoder, preset, quality, sound.
            force: Replace ``output`` if it exists.
            warn: Hears of what cannot be kept.
            marks: What the output carries besides.

        Raises:
            UsageError: The output exists, or container, encoder or preset don't fit.
            MediaError: It cannot be written.
        """
        container_of(output)  # a wrong name is said before anything is touched
        self._path = output
        file = OutputFile(output, force=force, target=reader.info.path, marks=marks)
        note = marks.note if marks else ""
        self._output = VideoOutput(file, reader, video, note=note, warn=warn)

    def write(self, frame: Frame) -> None:
        """Encode ``frame`` as often as it is shown.

        Raises:
            DiskFullError: There is no room left.
            MediaError: The encoder or the container refused.
        """
        self._output.mux(self._output.encoder.encode(decoded(frame)))

    @override
    def commit(self) -> None:
        """Encode what the encoder still holds and complete the file.

        Raises:
            MediaError: There was no frame, or the encoder or the container refused.
        """
        output = self._output
        if not output.encoder.fed:
            raise MediaError(f"{self._path}: there was no frame to write")
        output.mux(output.encoder.flush())
        output.warn_of(output.encoder.left_out)
        output.commit()

    @override
    def discard(self) -> None:
        """Remove what was written; does nothing after a commit."""
        self._output.discard()


def decoded(frame: Frame) -> PlanarFrame:
    """Return ``frame`` as what it is if it came from a video."""
    if not isinstance(frame, PlanarFrame):
        raise TypeError(f"a {type(frame).__name__} did not come from a video")
    return frame

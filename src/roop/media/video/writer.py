"""Write a video: frames are encoded straight into the output."""

from pathlib import Path

from typing_extensions import override

from roop.context_managers import Transaction
from roop.errors import MediaError
from roop.media.base import Marks
from roop.media.files.output_file import OutputFile
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
            output: Its suffix selects the container.
            reader: Provides the frames.
            video: Encoder, preset, quality, sound.
            force: Replace ``output`` if it exists.
            warn: Called for what cannot be kept.
            marks: Added to the output.

        Raises:
            UsageError: The output exists, or container, encoder and preset do not go together.
            MediaError: The output cannot be written.
        """
        container_of(output)  # refuse a wrong suffix before anything is created
        self._path = output
        file = OutputFile(output, force=force, target=reader.info.file, marks=marks)
        note = marks.note if marks else ""
        self._output = VideoOutput(file, reader, video, note=note, warn=warn)

    def write(self, frame: Frame) -> None:
        """Encode ``frame`` as often as it is shown.

        Raises:
            DiskFullError: The disk is full.
            MediaError: FFmpeg reports an error.
        """
        self._output.mux(self._output.encoder.encode(planar(frame)))

    @override
    def commit(self) -> None:
        """Flush the encoder and complete the file.

        Raises:
            MediaError: No frame was written, or FFmpeg reports an error.
        """
        output = self._output
        if not output.encoder.has_frames:
            raise MediaError(f"{self._path}: no frame was written")
        output.mux(output.encoder.flush())
        output.warn_of(output.encoder.left_out)
        output.commit()

    @override
    def discard(self) -> None:
        """Remove what was written; do nothing after a commit."""
        self._output.discard()


def planar(frame: Frame) -> PlanarFrame:
    """Return ``frame``, which must be the frame of a video."""
    if not isinstance(frame, PlanarFrame):
        raise TypeError(f"a {type(frame).__name__} is not the frame of a video")
    return frame

"""Write the packets of one segment into a file that is complete or does not exist."""

from __future__ import annotations

import io
import os
import secrets
from contextlib import suppress
from pathlib import Path

import av
from typing_extensions import override

from roop.context_managers import Transaction
from roop.media.video.containers import container_of
from roop.media.video.encoder import VideoEncoder
from roop.media.video.errors import muxing
from roop.media.video.packet_file import MAGIC, write_packets
from roop.media.video.reader import VideoReader
from roop.media.video.writer import planar
from roop.options import VideoOptions
from roop.replacement import sync_folder
from roop.types import Frame, Warn


class SegmentWriter(Transaction):
    """Encodes one segment. Implements ``roop.media.base.Writer``."""

    def __init__(
        self, path: Path, reader: VideoReader, video: VideoOptions, *, output: Path, warn: Warn
    ) -> None:
        """Open the encoder and a hidden file beside ``path``.

        Args:
            path: The packet file to write; replaced if it exists.
            reader: Provides the frames.
            video: Encoder, preset, quality.
            output: Its suffix selects the container that the packets are for.
            warn: Called for what cannot be kept.

        Raises:
            UsageError: Container, encoder and preset do not go together.
            MediaError: The file cannot be written.
        """
        self._path = path
        self._output = output
        # The encoder is opened for the container of the output: some need other headers.
        self._container = av.open(io.BytesIO(), "w", format=container_of(output))
        self._encoder = VideoEncoder(self._container, reader, video, warn)
        self.left_out = 0
        """Number of frames left out (see ``VideoEncoder``), known after the commit."""
        self._part = path.with_name(f"{path.name}.{secrets.token_hex(4)}")
        with muxing(output, self._part):
            self._file = self._part.open("xb")
            self._file.write(MAGIC)

    def skip(self, frame: Frame) -> None:
        """Note the time of the last frame of the previous segment."""
        self._encoder.skip(planar(frame))

    def write(self, frame: Frame) -> None:
        """Encode ``frame`` as often as it is shown.

        Raises:
            DiskFullError: The disk is full.
            MediaError: The encoder reports an error.
        """
        with muxing(self._output, self._part):
            write_packets(self._file, self._encoder.encode(planar(frame)))

    @override
    def discard(self) -> None:
        with suppress(OSError):  # closing may write
            self._file.close()
        with suppress(OSError):
            self._part.unlink(missing_ok=True)

    @override
    def commit(self) -> None:
        with muxing(self._output, self._part):
            write_packets(self._file, self._encoder.flush())
            self._file.flush()
            os.fsync(self._file.fileno())
            self._file.close()
            self.left_out = self._encoder.left_out
            # It holds up to hundreds of megabytes, and the next segment opens another.
            del self._encoder, self._container
            self._part.replace(self._path)
            sync_folder(self._path.parent)

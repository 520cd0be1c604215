"""Writes one stretch of a video's pictures into a file that is whole or not there at all."""

from __future__ import annotations

import io
import os
import secrets
from contextlib import suppress
from pathlib import Path

import av
from typing_extensions import override

from roop.media.files.transaction import Transaction
from roop.media.video.containers import container_of
from roop.media.video.encoder import VideoEncoder
from roop.media.video.errors import muxing
from roop.media.video.packet_file import MAGIC, write_packets
from roop.media.video.reader import VideoReader
from roop.media.video.writer import decoded
from roop.options import VideoOptions
from roop.replacement import sync_folder
from roop.types import Frame, Warn


class SegmentWriter(Transaction):
    """Encodes a stretch. Implements ``roop.media.base.Writer``."""

    def __init__(
        self, path: Path, reader: VideoReader, video: VideoOptions, *, output: Path, warn: Warn
    ) -> None:
        """Open the encoder and a hidden file beside ``path``.

        Args:
            path: The file of packets to write; replaced if it exists.
            reader: Where the frames come from.
            video: Encoder, preset, quality.
            output: Its extension says what container the packets are for.
            warn: Hears of what cannot be kept.

        Raises:
            UsageError: Container, encoder and preset don't fit.
            MediaError: It cannot be written.
        """
        self._path = path
        self._output = output
        # The encoder is opened as for the output itself: some containers want other headers.
        self._shape = av.open(io.BytesIO(), "w", format=container_of(output))
        self._encoder = VideoEncoder(self._shape, reader, video, warn)
        self.left_out = 0
        """Frames that found their place on the output's clock taken; known at the end."""
        self._part = path.with_name(f"{path.name}.{secrets.token_hex(4)}")
        with muxing(output, self._part):
            self._file = self._part.open("xb")
            self._file.write(MAGIC)

    def skip(self, frame: Frame) -> None:
        """Take note of the frame that ends the stretch before this one."""
        self._encoder.skip(decoded(frame))

    def write(self, frame: Frame) -> None:
        """Encode ``frame`` as often as it is shown.

        Raises:
            DiskFullError: There is no room left.
            MediaError: The encoder refused.
        """
        with muxing(self._output, self._part):
            write_packets(self._file, self._encoder.encode(decoded(frame)))

    @override
    def discard(self) -> None:
        with suppress(OSError):  # closing may write, too
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
            # It holds up to hundreds of megabytes, and the next segment has one of its own.
            del self._encoder, self._shape
            self._part.replace(self._path)
            sync_folder(self._path.parent)

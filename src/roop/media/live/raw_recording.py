"""A recording in fragments, which a killed program leaves readable, and its way into the output."""

from __future__ import annotations

import struct
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from typing import Any

import av
from av.container import OutputContainer
from av.packet import Packet
from typing_extensions import override

from roop.context_managers import Closing
from roop.media.live.authenticated_file import (
    Authenticate,
    AuthenticatedFile,
    authenticated_length,
)
from roop.media.video.containers import container_of

FORMAT = "mp4"
"""FFmpeg's name of the container: it holds all encoders, with exact times."""

_OPTIONS = {
    "movflags": "+frag_keyframe+empty_moov+default_base_moof",
    "frag_duration": "1000000",  # microseconds
    "flush_packets": "1",
}
"""The muxer's: a fragment per second, each readable without the next."""

_NAME = "recording.mp4"

_HEAD = struct.Struct(">I4s")
"""Length and kind of a box."""


class RawRecording(Closing):
    """Frames that are safe before their output is complete.

    Args:
        folder: Where they lie, on the disk of the output.
        authenticate: Returns the code of some content, which only this user can compute.
    """

    def __init__(self, folder: Path, authenticate: Authenticate) -> None:
        self.folder = folder
        self._path = folder / _NAME
        self._authenticate = authenticate
        self._file: AuthenticatedFile | None = None

    def open(self) -> OutputContainer:
        """Create the file; return the container to write to.

        Raises:
            OSError: It cannot be created.
        """
        self._file = AuthenticatedFile(self._path, self._authenticate)
        return av.open(self._file, "w", format=FORMAT, container_options=_OPTIONS)

    @override
    def close(self) -> None:
        """Complete the file, after its container was closed."""
        if self._file is not None:
            self._file.close()

    @property
    def has_frames(self) -> bool:
        """True if frames were recorded that nobody else has changed since."""
        with suppress(OSError):
            return self._end_of_fragments() > 0
        return False

    def copy_to(self, part: Path, output: Path, note: str) -> None:
        """Copy the whole fragments that this user's roop wrote into a file.

        Args:
            part: The file to write.
            output: Its suffix selects the container.
            note: The comment of the file.

        Raises:
            OSError: A file cannot be read or written.
        """
        with self._path.open("r+b") as file:
            file.truncate(self._end_of_fragments())
        form = container_of(output)
        options = {"movflags": "+faststart"} if form in ("mp4", "mov") else {}
        with (
            av.open(str(self._path)) as source,
            av.open(str(part), "w", format=form, container_options=options) as made,
        ):
            made.metadata["comment"] = note
            video = source.streams.video[0]
            stream = made.add_stream_from_template(video)
            for packet in _from_zero(source.demux(video)):
                packet.stream = stream
                made.mux_one(packet)

    def _end_of_fragments(self) -> int:
        """Return where the last whole and authentic fragment ends; 0 if there is none."""
        length = authenticated_length(self._path, self._authenticate)
        end = at = 0
        with self._path.open("rb") as file:
            while at + _HEAD.size <= length:
                file.seek(at)
                size, kind = _HEAD.unpack(file.read(_HEAD.size))
                at += size
                if size < _HEAD.size or at > length:
                    break
                if kind == b"mdat":
                    end = at
        return end


def _from_zero(packets: Iterator[Packet[Any]]) -> Iterator[Packet[Any]]:
    """Yield packets with times such that the first frame is shown at 0."""
    first: int | None = None
    for packet in packets:
        if packet.pts is None or packet.dts is None:  # the last one is empty
            continue
        first = packet.pts if first is None else first
        packet.pts -= first
        packet.dts -= first
        yield packet

"""Find out which tags and flags a container did not keep, by reading the file."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

import av
from av.container import OutputContainer
from av.stream import Disposition

from roop.media.video.tags import CONTAINER_TAGS, ENCODER_TAGS

_OWN = CONTAINER_TAGS | {"handler_name", "vendor_id", "comment", "language"}
"""Tags, in lower case, that every muxer writes itself."""

_MADE, _APART_S = "creation_time", 60
"""A tag that FFmpeg writes once for the file and its streams, and seconds that don't matter."""

_MUXER = "Lavf"
"""How the value of a tag begins that names FFmpeg as the program that wrote the file."""

_USUAL = Disposition.default
"""The flag that players assume where a container has none."""

_MEASURED = ("last", "datasize", "has", "canseektoend", "totalduration", "filesize")
"""Prefixes of the tags of FLV files that measure the file."""


@dataclass(frozen=True, slots=True)
class StreamDescription:
    """What is said about one stream of an output."""

    name: str
    """In words, with its number in the target."""
    kind: str
    tags: Mapping[str, str]
    flags: Disposition


@dataclass(frozen=True, slots=True)
class Descriptions:
    """What the muxer of an output was told."""

    tags: Mapping[str, str]
    streams: Sequence[StreamDescription]
    chapters: int

    @classmethod
    def of(cls, container: OutputContainer, names: Mapping[int, str]) -> Descriptions:
        """Return what ``container`` was told; ``names`` are those of its streams."""
        streams = [
            StreamDescription(
                name=names.get(stream.index, ""),
                kind=stream.type,
                tags=dict(stream.metadata),
                flags=stream.disposition,
            )
            for stream in container.streams
        ]
        return cls(dict(container.metadata), streams, len(container.chapters()))

    def lost_in(self, path: Path) -> list[str]:
        """Return in words what a file that was made from it does not hold."""
        with av.open(str(path), metadata_errors="ignore") as container:
            names = _missing(self.tags, container.metadata)
            if _made_apart(self.tags, container.metadata):
                names.append(_MADE)
            lost = [f"{name} of the file" for name in names]
            streams = list(container.streams)
            for wanted in self.streams:
                found = next((stream for stream in streams if stream.type == wanted.kind), None)
                if found is None:
                    continue
                streams.remove(found)  # FLV files have another order than they were given
                names = _missing(wanted.tags, found.metadata, container.metadata)
                if _made_apart(wanted.tags, {**container.metadata, **found.metadata}):
                    names.append(_MADE)
                language = wanted.tags.get("language", "und")
                if language not in ("und", found.metadata.get("language")):
                    names.append("language")
                names += [
                    f"flag {flag.name}" for flag in wanted.flags & ~(found.disposition | _USUAL)
                ]
                lost += [f"{name} of {wanted.name}" for name in names]
            if len(container.chapters()) < self.chapters:
                lost.append("chapters")
        return lost


def _missing(
    wanted: Mapping[str, str], found: Mapping[str, str], others: Mapping[str, str] | None = None
) -> list[str]:
    """Return the names of tags of which neither the name nor the value is there.

    Args:
        wanted: The tags of a file or a stream.
        found: Those that it has.
        others: Further tags that may have the same values.
    """
    names = {key.lower() for key, value in found.items() if not value.startswith(_MUXER)}
    values = {_plain(value) for value in (*found.values(), *(others or {}).values())}
    return [
        key.lower()
        for key, value in wanted.items()
        if key.lower() not in names
        and _plain(value) not in values
        and not value.startswith(_MUXER)
        and key.lower() != _MADE
        and key.lower() not in _OWN
        and not key.lower().startswith((*ENCODER_TAGS, *_MEASURED))
    ]


def _made_apart(wanted: Mapping[str, str], found: Mapping[str, str]) -> bool:
    """Return True if a creation time is gone, or another than that of the file by a minute."""
    old, new = (
        next((value for key, value in tags.items() if key.lower() == _MADE), None)
        for tags in (wanted, found)
    )
    if old is None or new is None:
        return old is not None
    try:
        times = [datetime.fromisoformat(_plain(value)) for value in (old, new)]
    except ValueError:
        return _plain(old) != _plain(new)
    return abs(times[0].timestamp() - times[1].timestamp()) > _APART_S


def _plain(value: str) -> str:
    """Return a value so that a time is the same in each of FFmpeg's two notations."""
    return value.strip().replace(" ", "T").removesuffix("Z").removesuffix(".000000")

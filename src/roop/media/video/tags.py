"""Copy tags and chapters from a target to its output."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from fractions import Fraction
from typing import TYPE_CHECKING

from av.container import InputContainer

if TYPE_CHECKING:
    from av.container.core import Chapter

from roop.media.formats.embedded import holds_picture
from roop.media.video.timeline import Trim

CONTAINER_TAGS = frozenset({"major_brand", "minor_version", "compatible_brands", "encoder"})
"""Tags of the file, not of its content; the muxer writes its own."""

PICTURE_TAGS = frozenset(
    {"metadata_block_picture", "coverart", "com.apple.quicktime.artwork", "wm/picture", "apic"}
)
"""Tags, in lower case, that hold a cover."""

MOV_FAMILY = frozenset({"mp4", "mov", "ipod", "3gp", "3g2", "f4v", "psp"})
"""Containers that FFmpeg's MOV muxer writes; their streams can start at any time."""

ENCODER_TAGS = ("bps", "duration", "number_of_", "_statistics_", "encoder")
"""Prefixes, in lower case, of tags that are wrong after a stream was encoded again."""

MP4_TAGS = frozenset(
    {
        "title", "artist", "album_artist", "composer", "album", "date", "comment", "genre",
        "copyright", "grouping", "lyrics", "description", "synopsis", "show", "episode_id",
        "network", "keywords", "media_type", "hd_video", "gapless_playback", "compilation",
        "episode_sort", "season_number", "track", "disc", "tmpo", "sort_name", "sort_artist",
        "sort_album", "sort_album_artist", "sort_composer", "sort_show", "location",
        "creation_time", "timecode", "account_id", "category", "episode_uid", "purchase_date",
    }
)  # fmt: skip
"""Tags that MP4 can hold without the key table that ``use_metadata_tags`` adds."""


def file_tags(target: Mapping[str, str]) -> dict[str, str]:
    """Return the tags of the target's container that also apply to the output."""
    return {
        key: value
        for key, value in target.items()
        if key.lower() not in CONTAINER_TAGS and not _is_picture(key, value)
    }


def _is_picture(key: str, value: str) -> bool:
    """Return True for a cover in a tag, as Ogg and QuickTime have them."""
    return key.lower() in PICTURE_TAGS or holds_picture(value.encode("utf-8", "replace"))


def with_comment(tags: Mapping[str, str], note: str) -> dict[str, str]:
    """Return ``tags`` with ``note`` appended to the comment, unless it is there already."""
    key = next((key for key in tags if key.lower() == "comment"), "comment")
    comment = tags.get(key, "")
    if note in comment:
        return dict(tags)
    return {**tags, key: f"{comment}\n{note}" if comment else note}


def needs_key_table(tags: Iterable[str]) -> bool:
    """Return True if an MP4 file loses some of ``tags`` without a table of keys."""
    return not MP4_TAGS.issuperset(key.lower() for key in tags)


def stream_tags(target: Mapping[str, str], *, encoded: bool) -> dict[str, str]:
    """Return a stream's tags for the output.

    Args:
        target: The tags of the target's stream.
        encoded: True if the stream is encoded again, not copied.
    """
    tags = {
        key: value
        for key, value in target.items()
        if not (encoded and key.lower().startswith(ENCODER_TAGS)) and not _is_picture(key, value)
    }
    # FFmpeg reads an MP4 track's title as "name" and writes it from "title".
    if "name" in tags and "title" not in tags:
        tags["title"] = tags.pop("name")
    return tags


def chapters(source: InputContainer, trim: Trim, shift: Fraction) -> list[Chapter]:
    """Return the chapters inside ``trim`` in PyAV's form, moved back by ``shift`` seconds."""
    found: list[Chapter] = []
    for entry in source.chapters():
        unit = entry["time_base"]
        if unit is None:
            continue
        start, end = entry["start"] * unit, entry["end"] * unit
        if trim.end is not None:
            end = min(end, trim.end)
        start, end = max(start - shift, Fraction(0)), end - shift
        if end > start:
            found.append(
                {
                    "id": len(found) + 1,
                    "start": round(start / unit),
                    "end": round(end / unit),
                    "time_base": unit,
                    "metadata": entry["metadata"],
                }
            )
    return found

"""Describe a picture or a film independently of roop's readers, and say what differs in another.

A fact is named by its kind and, for tags and streams, by what it belongs to: ``("tag", "title")``.
"""

import re
from collections.abc import Iterable, Mapping, Sequence
from contextlib import suppress
from fractions import Fraction
from math import isnan
from pathlib import Path
from typing import Any, SupportsFloat

import av
import numpy as np
from av.container import InputContainer
from av.stream import Disposition, Stream
from av.video.stream import VideoStream
from PIL import ExifTags, Image, ImageSequence
from PIL.PngImagePlugin import PngImageFile

from roop.media.formats.image_files import image_format
from roop.media.video.chroma_siting import chroma_siting
from roop.media.video.opening import video_stream

Key = tuple[str, str]
Facts = dict[Key, Any]

NAMES: Mapping[str, tuple[str, ...]] = {
    "kind": ("is not written", "photo", "animation"),
    "size": ("even sizes", "upscaled"),
    "depth": ("bits", "pixel format"),
    "colour model": ("the output is RGB", "palette"),
    "alpha": ("transparency",),
    "frames": ("frames", "pages", "damaged"),
    "durations": ("frames", "damaged", "duration"),
    "loop": ("repeat",),
    "comment": ("comment",),
    "hidden picture": ("cannot play it", "pages or frames"),
    "icc": ("profile", "the output is RGB"),
    "exif": ("EXIF", "pictures inside"),
    "dpi": ("resolution", "dots per inch"),
    "text": ("text", "pictures inside"),
    "stream": ("left out",),
    "stream end": ("left out", "damaged"),
    "frame times": ("frames are", "damaged", "constant frame rate"),
    "length": ("left out", "damaged", "constant frame rate"),
    "range": ("pixel format", "colour range"),
    "primaries": ("pixel format", "primaries"),
    "transfer": ("pixel format", "transfer"),
    "matrix": ("pixel format", "matrix"),
    "chroma siting": ("pixel format", "chroma"),
    "mastering": ("mastering",),
    "light": ("light level",),
    "tag": ("tag",),
    "chapter times": ("chapter",),
    "chapter titles": ("chapter",),
    "disposition": ("disposition", "left out"),
    "language": ("language", "left out"),
    "rotation": ("rotation", "display matrix"),
    "aspect": ("aspect",),
}
"""Words of which a warning must have one to be about a kind of fact."""

PARTIAL = ("damaged", "missing")
"""Words of warnings about targets of which only a part is read."""

_STRUCTURE = frozenset(
    {254, 255, 256, 257, 258, 259, 262, 263, 266, 273, 277, 278, 279, 280, 281, 284, 288, 289}
    | {290, 291, 292, 293, 317, 320, 321, 322, 323, 324, 325, 330, 332, 333, 334, 336, 338}
    | {339, 340, 341, 342, 347}
    | {512, 513, 514, 515, 517, 518, 519, 520, 521, 529, 530, 531}
    | {274, 282, 283, 296, 700, 34665, 34853, 40965, 34675, 37724, 34377, 33723}
)
"""EXIF and TIFF tags of the coding, of other facts here, and of whole blocks."""

_MUXER_TAGS = frozenset(
    {"major_brand", "minor_version", "compatible_brands", "encoder", "comment", "duration"}
    | {"handler_name", "vendor_id", "language"}
)
"""Tags of files and streams that every muxer writes anew, or that are other facts here."""

_MEASURED = ("bps", "number_of_", "_statistics_", "duration", "last", "datasize", "has")
"""Prefixes of tags that measure the coding."""

_UNSPECIFIED = {"range": 0, "primaries": 2, "transfer": 2, "matrix": 2}
"""Numbers of what a film does not say."""

_DEFAULTS = (
    ("dpi", (72.0, 72.0), None),  # Pillow's, where EXIF data are damaged
    ("chroma siting", "left", None),
    ("rotation", 0, None),
)
"""Values that are the same as none."""

_TOLERANCES = {
    "dpi": 0.6,  # JPEG has whole numbers
    "durations": 1,
    "frame times": 0.0015,  # Matroska has milliseconds
    "chapter times": 0.002,
    "stream end": 0.05,
    "length": 0.05,
}
"""Dots per inch, milliseconds for pictures, and seconds, that are no difference."""

_MANY_PACKETS = frozenset({"vp8", "vp9", "mpeg2video"})
"""Codecs of which a packet may be no frame of its own, or half of one."""

_SIDE_DATA = {"mastering": "MASTERING_DISPLAY_METADATA", "light": "CONTENT_LIGHT_LEVEL"}


def picture_facts(path: Path) -> Facts:
    """Return what is known about a picture, by Pillow.

    Raises:
        OSError, ValueError, SyntaxError: Pillow cannot read it.
    """
    found = image_format(path)
    with Image.open(path, formats=None if found is None else [found]) as image:
        image.load()  # some plug-ins know size and metadata only then
        alpha = image.has_transparency_data and _least_alpha(image) < 255
        count = getattr(image, "n_frames", 1) if image.format in ("GIF", "PNG", "WEBP") else 1
        info = dict(image.info)
        facts: Facts = {
            ("format", ""): image.format,
            ("size", ""): _upright_size(image),
            ("alpha", ""): alpha,
            ("colour model", ""): image.mode in ("CMYK", "LAB"),
            ("depth", ""): _depth(path, image),
            ("icc", ""): info.get("icc_profile") or None,
            ("comment", ""): _plain(info.get("comment")),
            ("loop", ""): info.get("loop"),
            ("dpi", ""): _dpi(info.get("dpi")),
            ("orientation", ""): image.getexif().get(0x112, 1),
            ("frames", ""): count,
        }
        facts |= {("exif", name): value for name, value in _exif(image)}
        if getattr(image, "tag_v2", {}).get(262) == 6:  # decoders of YCbCr apply it
            facts.pop(("exif", "532 ReferenceBlackWhite"), None)
        if isinstance(image, PngImageFile):
            image.load()
            texts = {key: str(value) for key, value in image.text.items()}
            facts |= {
                ("text", key): value for key, value in texts.items() if "xmp" not in key.lower()
            }
            facts["comment", ""] = _plain(texts.get("Comment"))
            facts["hidden picture", ""] = bool(image.info.get("default_image"))
            facts["frames", ""] -= bool(image.info.get("default_image"))
        if count > 1:
            frames = ImageSequence.Iterator(image)
            facts["durations", ""] = [
                round(frame.info.get("duration", 0)) for frame in frames if not _hidden(image)
            ]
        return facts


def film_facts(
    path: Path, end: float | None, numbers: Sequence[tuple[int, str]] | None = None
) -> Facts:
    """Return what is known about a film, by FFmpeg.

    Args:
        path: The film.
        end: Seconds from its start after which nothing is compared.
        numbers: Number and type of each stream in the target, if ``path`` is an output.

    Raises:
        av.FFmpegError: FFmpeg cannot read it.
    """
    with av.open(str(path), metadata_errors="ignore") as container:
        video = video_stream(container, path)
        facts: Facts = {("tag", name): value for name, value in _tags(container.metadata)}
        starts = {
            float(entry["start"] * (entry["time_base"] or 1)): entry["metadata"].get("title")
            for entry in container.chapters()
        }
        kept = {time: title for time, title in starts.items() if end is None or time < end}
        facts["chapter times", ""], facts["chapter titles", ""] = list(kept), list(kept.values())
        facts["chroma siting", ""] = chroma_siting(video)
        facts["aspect", ""] = video.sample_aspect_ratio or Fraction(1)
        facts["range", ""] = int(video.codec_context.color_range)
        names = _names(container, video, numbers)
        for stream in container.streams:
            if stream.index in names:
                facts |= _stream_facts(stream, names[stream.index])
        made = facts.get(("tag", "creation_time"))
        for key in [key for key in facts if key[1].endswith(" creation_time")]:
            if made and facts[key][:16] == made[:16]:  # said once to the minute is enough
                del facts[key]
        estimated = container.format.name in ("mpeg", "mpegts")
        if end is None and container.duration and not estimated:
            facts["length", ""] = container.duration / av.time_base
        facts |= _times(container, video, end, names)
    with av.open(str(path), metadata_errors="ignore") as container:
        facts |= _frame_facts(container, video_stream(container, path))
    if video.codec_context.name in _MANY_PACKETS:
        with av.open(str(path), metadata_errors="ignore") as container:
            facts["frame times", ""] = _shown(container, video_stream(container, path), end)
    return facts


def kept_streams(path: Path, lines: Iterable[str]) -> list[tuple[int, str]]:
    """Return numbers and types of the streams of a film that no line says are left out."""
    said = [line for line in lines if "left out" in line]
    with av.open(str(path), metadata_errors="ignore") as container:
        return [
            (stream.index, stream.type)
            for stream in container.streams
            if not _is_cover(stream)
            and not _belongs_to_muxer(stream, container)
            and not any(re.search(rf"stream {stream.index} \(", line) for line in said)
        ]


def differences(before: Facts, after: Facts, lines: Iterable[str]) -> list[str]:
    """Return what ``before`` has and ``after`` has not, unless one of ``lines`` names it."""
    said = list(lines)
    lost = []
    same_format = before.get(("format", "")) == after.get(("format", ""))
    for key, value in before.items():
        found = after.get(key)
        if key[0] == "format" or (key[0] == "orientation" and not same_format and found == 1):
            continue
        if _same(key[0], value, found) or _is_named(key, said):
            continue
        kind = " ".join(part for part in key if part)
        lost.append(f"{kind}: {_short(value)} became {_short(found)}")
    return lost


def _is_named(key: Key, lines: list[str]) -> bool:
    kind, name = key
    if any(word in line for line in lines for word in PARTIAL):
        return True
    words = name.lower().split()
    if kind in ("tag", "exif", "text") and any(words[-1:][0] in line.lower() for line in lines):
        return True
    if kind in ("stream", "stream end", "disposition", "language"):
        number = name.partition(" ")[0]
        if number == "video" and kind in ("disposition", "language"):
            return any("of the video" in line for line in lines)
        return any(re.search(rf"stream {number}\b|the cover", line) for line in lines)
    if kind == "tag":  # of a stream that is left out
        return any(re.search(rf"stream {words[0]} \(.*left out", line) for line in lines)
    return any(word in line for line in lines for word in NAMES.get(kind, ()))


def _same(kind: str, before: object, after: object) -> bool:
    if before in (None, False, [], "") or before == after:
        return True
    if (kind, before, after) in _DEFAULTS:
        return True
    if kind in _UNSPECIFIED and before == _UNSPECIFIED[kind]:
        return True
    if kind == "depth":
        return isinstance(before, int) and isinstance(after, int) and after >= before
    if kind not in _TOLERANCES or after is None:
        return False
    if kind == "stream end":  # by its packets and by the header, which differ with B-frames
        gaps = np.abs(np.subtract.outer(np.array(before), np.array(after)))
        return bool(gaps.min() <= _TOLERANCES[kind])
    old, new = np.ravel(np.array(before, float)), np.ravel(np.array(after, float))
    return old.shape == new.shape and bool(np.all(np.abs(old - new) <= _TOLERANCES[kind]))


def _short(value: object) -> str:
    text = repr(value)
    return text if len(text) < 70 else f"{text[:67]}..."


def _plain(value: str | bytes | None) -> bytes | None:
    return value.encode() if isinstance(value, str) else value


def _dpi(value: Sequence[float] | None) -> tuple[float, float] | None:
    if not value or min(value) <= 1 or max(value) > 65535:
        return None
    return float(value[0]), float(value[1])


def _least_alpha(image: Image.Image) -> int:
    return int(np.asarray(image.convert("RGBA"))[..., 3].min())


def _upright_size(image: Image.Image) -> tuple[int, int]:
    width, height = image.size
    return (height, width) if image.getexif().get(0x112, 1) in (5, 6, 7, 8) else (width, height)


def _depth(path: Path, image: Image.Image) -> int:
    if image.format == "PNG":
        return path.read_bytes()[24]
    if image.format == "TIFF":
        bits = getattr(image, "tag_v2", {}).get(258, 1)
        return max(bits) if isinstance(bits, tuple) else int(bits)
    if image.format == "AVIF":
        head = path.read_bytes()
        at = head.find(b"av1C")
        flags = head[at + 6] if at > 0 else 0
        return 8 if not flags & 0x40 else 12 if flags & 0x20 else 10
    return 16 if image.mode.startswith(("I", "F")) else 8


def _hidden(image: Image.Image) -> bool:
    return bool(image.info.get("default_image")) and image.tell() == 0


def _exif(image: Image.Image) -> Iterable[tuple[str, Any]]:
    block = image.getexif()
    groups = {"": dict(block)}
    for name, tag in (("Exif", 0x8769), ("GPS", 0x8825)):
        groups[name] = dict(block.get_ifd(tag))
    for group, values in groups.items():
        known = ExifTags.GPSTAGS if group == "GPS" else ExifTags.TAGS
        for tag, value in values.items():
            if tag not in _STRUCTURE or group == "GPS":
                yield f"{group}{tag} {known.get(tag, '')}".strip(), _number(value)


def _number(value: object) -> object:
    """Return a value in a form that does not depend on how it is stored."""
    if isinstance(value, tuple):
        return tuple(_number(part) for part in value)
    if isinstance(value, bytes):
        return value.rstrip(b"\0")
    if isinstance(value, str):
        return value.strip("\0 ")
    if not isinstance(value, SupportsFloat):
        return None
    with suppress(ValueError, ZeroDivisionError):
        return None if isnan(value) else round(float(value), 4)
    return None


def _tags(tags: Mapping[str, str]) -> Iterable[tuple[str, str]]:
    for key, value in tags.items():
        name = key.lower()
        if name == "location" or name.startswith("location-"):
            value = " ".join(f"{float(part):.3f}" for part in re.findall(r"[+-][\d.]+", value))
        if name in _MUXER_TAGS or name.startswith(_MEASURED) or value.startswith("Lavf"):
            continue
        yield name, _iso(value) if name == "creation_time" else value.strip()


def _iso(time: str) -> str:
    return time.strip().replace(" ", "T").removesuffix("Z").removesuffix(".000000")


def _is_cover(stream: Stream) -> bool:
    return bool(stream.disposition & Disposition.attached_pic)


def _codec(stream: Stream) -> str:
    if stream.codec_context is not None:
        return stream.codec_context.codec.canonical_name
    return getattr(stream, "name", None) or "unknown"


def _belongs_to_muxer(stream: Stream, container: InputContainer) -> bool:
    """Return True for the tracks that hold time codes and chapters, which are tags elsewhere."""
    chapters = bool(container.chapters()) and _codec(stream) == "bin_data"
    return stream.type == "data" and (chapters or "timecode" in stream.metadata)


def _names(
    container: InputContainer, video: VideoStream, numbers: Sequence[tuple[int, str]] | None
) -> dict[int, str]:
    """Return the names of the streams: their numbers in the target; the film's is ``video``."""
    found = [s for s in container.streams if not _belongs_to_muxer(s, container)]
    known = list(numbers or ())
    if numbers is None:
        known = [(stream.index, str(stream.type)) for stream in found]
    names = {}
    for stream in found:
        number = next((pair for pair in known if pair[1] == stream.type), None)
        if number is not None:
            known.remove(number)
            names[stream.index] = "video" if stream.index == video.index else str(number[0])
    return names


def _stream_facts(stream: Stream, name: str) -> Facts:
    codec = "" if name == "video" else _codec(stream).replace("mp2", "mp3")  # one name in MP4
    facts: Facts = {("stream", f"{name}"): (stream.type, codec)}
    facts["disposition", name] = int(stream.disposition) & ~0x1000000
    language = stream.metadata.get("language")
    facts["language", name] = None if language == "und" else language
    for key, value in _tags(stream.metadata):
        facts["tag", f"{name} {key}"] = value
    return facts


def _times(
    container: InputContainer, video: VideoStream, end: float | None, names: Mapping[int, str]
) -> Facts:
    """Return when frames are shown and when each stream ends, in seconds from the first frame."""
    start = Fraction(container.start_time or 0, av.time_base)
    shown: list[Fraction] = []
    ends: dict[int, Fraction] = {}
    one_time = container.format.name in ("avi", "asf")
    for packet in container.demux():
        ticks = packet.dts if one_time else packet.pts
        if ticks is None or not packet.size or packet.is_discard:
            continue
        at = ticks * packet.time_base - start
        if end is not None and at >= end:
            continue
        if packet.stream_index == video.index and at >= 0:  # an edit list hides earlier ones
            shown.append(at)
        until = at + (packet.duration or 0) * packet.time_base
        ends[packet.stream_index] = max(ends.get(packet.stream_index, until), until)
    first = min(shown, default=Fraction(0))
    facts: Facts = {("frame times", ""): [float(time - first) for time in sorted(shown)]}
    if end is None:
        for index, until in ends.items():
            known = [float(until - first)]
            if index == video.index and video.duration and video.time_base:
                header = ((video.start_time or 0) + video.duration) * video.time_base - start
                known.append(float(header - first))
            if index in names:
                facts["stream end", names[index]] = known
    return facts


def _shown(container: InputContainer, video: VideoStream, end: float | None) -> list[float]:
    """Return when decoded frames are shown, in seconds from the first one."""
    start = Fraction(container.start_time or 0, av.time_base)
    found: list[Fraction] = []
    for packet in container.demux(video):
        with suppress(av.FFmpegError):
            for frame in packet.decode():
                if frame.pts is not None and frame.time_base is not None:
                    found.append(frame.pts * frame.time_base - start)
    kept = sorted(time for time in found if end is None or time < end)
    return [float(time - kept[0]) for time in kept]


def _frame_facts(container: InputContainer, video: VideoStream) -> Facts:
    frame = _first_frame(container, video)
    if frame is None:
        return {("size", ""): None}
    alpha = video.metadata.get("alpha_mode") == "1"
    facts: Facts = {
        ("size", ""): (frame.width, frame.height),
        ("depth", ""): max(part.bits for part in frame.format.components),
        ("alpha", ""): alpha or any(part.is_alpha for part in frame.format.components),
        ("range", ""): 2 if frame.format.name.startswith("yuvj") else int(frame.color_range),
        ("primaries", ""): int(frame.color_primaries),
        ("transfer", ""): int(frame.color_trc),
        ("matrix", ""): int(frame.colorspace),
        ("rotation", ""): frame.rotation,
    }
    try:
        present: Any = frame.side_data
        data = {entry.type.name: bytes(entry) for entry in present}
    except ValueError:
        data = {}
    return facts | {(kind, ""): data.get(name) for kind, name in _SIDE_DATA.items()}


def _first_frame(container: InputContainer, video: VideoStream) -> av.VideoFrame | None:
    for packet in container.demux(video):
        with suppress(av.FFmpegError):
            for frame in packet.decode():
                return frame
    return None

"""Verification: read all marks of a file and summarise them."""

import os
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from roop.errors import MediaError
from roop.media.files.extensions import IMAGE_SUFFIXES, VIDEO_SUFFIXES
from roop.media.video.opening import read_tags
from roop.provenance.credentials import Credentials, read
from roop.provenance.search import WatermarkSearch
from roop.provenance.watermark import DETECTION_THRESHOLD
from roop.provenance.xmp import source_type
from roop.provenance.xmp_files import find_packet

Verdict = Literal["intact", "tampered", "unsigned", "unmarked", "unreadable"]

_SIGNED_ONLY = frozenset({".heic"})
"""Extensions of files that may be signed but cannot be decoded."""

_AI_TYPES = ("trainedalgorithmic", "compositewithtrained", "compositesynthetic")
_TERMS = "cv.iptc.org/newscodes/digitalsourcetype/"


@dataclass(frozen=True, slots=True)
class MarksFound:
    """The marks of one file."""

    path: Path
    verdict: Verdict
    made_with_ai: bool | None
    """Whether any mark says so; None if no mark says anything."""
    summary: str
    """One line for people, without the file's name."""
    credentials: Credentials | None = None
    xmp_source_type: str | None = None
    """The IPTC digital source type, a URL, in the file's XMP."""
    note: str | None = None
    """The sentence in a video's tags."""
    watermark: float | None = None
    """How strongly a face shows the watermark, found from 6.2; None if there is no face or it was
    not searched for."""

    @property
    def watermarked(self) -> bool:
        """True if roop's watermark was found."""
        return self.watermark is not None and self.watermark >= DETECTION_THRESHOLD


def find_media(paths: Iterable[Path]) -> Iterator[Path]:
    """Yield the given files, and the images and videos in the given folders, sorted.

    Each file is yielded once. Hidden files and folders are skipped.
    """
    seen = set()
    for named in paths:
        for path in _in_folder(named) if named.is_dir() else [named]:
            if path.resolve() not in seen:
                seen.add(path.resolve())
                yield path


def _in_folder(folder: Path) -> Iterator[Path]:
    for parent, folders, names in os.walk(folder):
        folders[:] = sorted(name for name in folders if not name.startswith("."))
        for name in sorted(names):
            path = Path(parent) / name
            if (
                path.suffix.lower() in VIDEO_SUFFIXES | IMAGE_SUFFIXES | _SIGNED_ONLY
                and not name.startswith(".")
            ):
                yield path


def verify_file(path: Path, search: WatermarkSearch | None) -> MarksFound:
    """Read the marks of one file.

    Args:
        path: The file.
        search: Searches for the watermark; None to skip that, which is faster.
    """
    if not path.exists():
        return MarksFound(path, "unreadable", None, "does not exist")
    try:
        packet = find_packet(path)
        xmp, note = source_type(packet), _note(path)
        credentials = read(path)
        watermark = _watermark_score(path, search) if search else None
    except OSError as error:
        return MarksFound(path, "unreadable", None, f"cannot be read: {error.strerror or error}")
    except MediaError as error:
        if _holds_credentials(path):
            return MarksFound(path, "tampered", None, f"TAMPERED: {error}")
        return MarksFound(path, "unreadable", None, str(error))
    statements = [credentials.source_type if credentials else None, xmp, note]
    watermarked = watermark is not None and watermark >= DETECTION_THRESHOLD
    ai = True if watermarked else _is_ai(statements)
    if credentials is None:
        verdict: Verdict = "unsigned" if ai is not None else "unmarked"
    else:
        verdict = "intact" if credentials.intact else "tampered"
    summary = _summary(verdict, ai, credentials) + (
        "; roop's watermark found" if watermarked else ""
    )
    return MarksFound(path, verdict, ai, summary, credentials, xmp, note, watermark)


def _note(path: Path) -> str | None:
    """Return the tag with a digital source type, None if there is none or it is not a video."""
    if path.suffix.lower() not in VIDEO_SUFFIXES:
        return None
    return next((text for text in read_tags(path).values() if _TERMS in text), None)


def _watermark_score(path: Path, search: WatermarkSearch) -> float | None:
    """Return the watermark's score, None if the file cannot be decoded: it may still be signed."""
    try:
        return search.score(path)
    except MediaError:
        return None


def _is_ai(statements: Iterable[str | None]) -> bool | None:
    texts = [text.lower() for text in statements if text]
    return any(term in text for text in texts for term in _AI_TYPES) if texts else None


def _summary(verdict: Verdict, ai: bool | None, credentials: Credentials | None) -> str:
    what = {
        True: "made with AI",
        False: "not made with AI according to its marks",
        None: "origin unknown",
    }[ai]
    if credentials is None:
        if verdict == "unmarked":
            return "no marks found, which proves nothing"
        return f"{what}; not signed, so anyone may have added or removed marks"
    vouched = "" if credentials.trusted else ", a name that nobody vouches for"
    signer = f"signed by {credentials.signer or 'an unnamed certificate'}{vouched}"
    if verdict == "tampered":
        return f"TAMPERED: changed after it was {signer} ({', '.join(credentials.faults)})"
    maker = [credentials.software, credentials.engine and f"engine {credentials.engine}"]
    return "; ".join([f"{what}, intact", signer, ", ".join(word for word in maker if word)])


def _holds_credentials(path: Path) -> bool:
    """Return whether the file seems to contain a C2PA manifest store."""
    with path.open("rb") as file:
        size = file.seek(0, 2)
        parts = []
        for start in {0, max(0, size - (1 << 20))}:
            file.seek(start)
            parts.append(file.read(1 << 20))
    return any(b"jumb" in part and b"c2pa" in part for part in parts)

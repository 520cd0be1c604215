"""Refuse to share files that are not unchanged outputs of roop."""

from pathlib import Path

from roop.errors import MediaError, RefusedError
from roop.provenance.search import WatermarkSearch
from roop.provenance.verify import MarksFound, verify_file

_SOFTWARE = "roop"


def require_marks(path: Path) -> None:
    """Raise unless ``roop verify`` finds our marks in the file.

    Raises:
        MediaError: It cannot be read.
        RefusedError: It carries no marks of roop, or was changed after it was signed.
    """
    marks = verify_file(path, None)
    if marks.verdict not in ("tampered", "unreadable") and not _signed_or_noted(marks):
        marks = verify_file(path, WatermarkSearch())  # takes longer
    if marks.verdict == "unreadable":
        raise MediaError(f"{path} cannot be shared: {marks.summary}", hint="name an output of roop")
    if marks.verdict == "tampered":
        raise RefusedError(
            f"{path} is not shared: it was changed after it was signed",
            hint="share the file as roop wrote it",
        )
    if not (marks.watermarked or _signed_or_noted(marks)):
        raise RefusedError(
            f"{path} is not shared: it carries no marks of roop",
            hint="only outputs of roop are shared; `roop verify` says what a file carries",
        )


def _signed_or_noted(marks: MarksFound) -> bool:
    """Return True if the signature or a video's tag names roop and says that AI was used."""
    credentials = marks.credentials
    signed = credentials is not None and credentials.software.split(" ")[0] == _SOFTWARE
    noted = marks.note is not None and f" {_SOFTWARE} " in marks.note
    return marks.made_with_ai is True and (signed or noted)

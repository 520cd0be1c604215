"""Every error a user can see.

* RoopError
  * UsageError        the request is wrong: bad option, unknown engine, output exists
  * MediaError        a file, camera or encoder failed
    * DiskFullError   there is no room for the output
  * ModelError        a model is unknown, missing or corrupt
  * NoFaceError       nothing to work on
  * RefusedError      the safety screen said no, or a file to share has no marks
  * ShareError        a store to share to failed
  * CancelledError    the user cancelled the job

A message or hint names an option as ``[[force]]``, or with a value as ``[[force=True]]``: a caller
of ``roop.swap`` reads ``force=True``, a person at a terminal ``--force``.
"""

import errno
import re
import traceback
from collections.abc import Callable
from typing import ClassVar

OptionStyle = Callable[[str, str | None], str]
"""Write an option: its name in Python, and its value as Python writes it, or None without one."""

_OPTION = re.compile(r"\[\[(\w+)(?:=([^\]]*))?\]\]")


def python_style(name: str, value: str | None) -> str:
    """Write an option as a keyword argument: ``force=True``."""
    return name if value is None else f"{name}={value}"


def with_options(text: str, style: OptionStyle) -> str:
    """Return ``text`` with its ``[[option]]`` marks written in ``style``."""
    return _OPTION.sub(lambda found: style(found[1], found[2]), text)


class RoopError(Exception):
    """Base class. ``str(error)`` says what happened; ``hint`` says what to do about it."""

    code: ClassVar[str] = "internal"

    def __init__(self, message: str, *, hint: str | None = None) -> None:
        super().__init__(with_options(message, python_style))
        self.template = (message, hint)
        """Message and hint, with their options as ``[[name]]``."""

    @property
    def hint(self) -> str | None:
        """What to do about it, with options written as keyword arguments."""
        return self.written(python_style)[1]

    def add_hint(self, hint: str) -> None:
        """Add to the hint."""
        message, first = self.template
        self.template = (message, f"{first}; {hint}" if first else hint)

    def written(self, style: OptionStyle) -> tuple[str, str | None]:
        """Return message and hint with options written in ``style``."""
        message, hint = self.template
        return with_options(message, style), None if hint is None else with_options(hint, style)


class UsageError(RoopError):
    """The request itself is wrong."""

    code = "usage"


class MediaError(RoopError):
    """A file, camera or encoder failed."""

    code = "media"


class DiskFullError(MediaError):
    """There is no room for the output."""

    code = "disk_full"


class ModelError(RoopError):
    """A model is unknown, missing or corrupt."""

    code = "model"


class NoFaceError(RoopError):
    """There was no face to work on."""

    code = "no_face"


class RefusedError(RoopError):
    """The safety screen refused this job, or a file to share carries no marks."""

    code = "refused"


class ShareError(RoopError):
    """A store to share to failed: wrong key, missing bucket, no room, no connection."""

    code = "share"


class CancelledError(RoopError):
    """The user cancelled the job."""

    code = "cancelled"


def free_locals(error: BaseException) -> None:
    """Free the local variables of the calls that an error ended.

    They refer to the error in turn, and the networks among them, whose files stay open, would stay
    until garbage is collected.
    """
    chained: BaseException | None = error
    while chained is not None:
        traceback.clear_frames(chained.__traceback__)
        chained = chained.__cause__ or chained.__context__


def unexpected(error: Exception) -> RoopError:
    """Return the error to show for an exception that is none of these: a bug, or no memory.

    Args:
        error: An exception that nothing in the program caught.
    """
    if _is_out_of_memory(error):
        return RoopError(
            "the memory is not enough",
            hint="close other programs, or use a smaller target or fewer [[workers]]",
        )
    what = " ".join(f"{type(error).__name__}: {error}".split())
    return RoopError(
        f"unexpected {what}",
        hint="this is a bug in roop: report what the same command prints with --debug",
    )


def _is_out_of_memory(error: Exception) -> bool:
    """Return True for the ways in which Python, the system and libraries say so."""
    if isinstance(error, MemoryError) or getattr(error, "errno", None) == errno.ENOMEM:
        return True
    return any(text in str(error) for text in ("failed to map segment", "Insufficient memory"))

"""Every error a user can see.

* RoopError
  * UsageError        the request is wrong: bad option, unknown engine, output exists
  * MediaError        a file, camera or encoder failed
    * DiskFullError   there is no room for the output
  * ModelError        a model is unknown, missing or corrupt
  * NoFaceError       nothing to work on
  * RefusedError      the safety screen said no
  * CancelledError    the person stopped the work
"""

from typing import ClassVar


class RoopError(Exception):
    """Base class. ``str(error)`` says what happened; ``hint`` says what to do about it."""

    code: ClassVar[str] = "internal"

    def __init__(self, message: str, *, hint: str | None = None) -> None:
        super().__init__(message)
        self.hint = hint


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
    """The safety screen refused this job."""

    code = "refused"


class CancelledError(RoopError):
    """The person stopped the work."""

    code = "cancelled"


def unexpected(error: Exception) -> RoopError:
    """Return what to say of an error that is none of these: the program has a fault.

    Args:
        error: What reached an edge.
    """
    what = " ".join(f"{type(error).__name__}: {error}".split())
    return RoopError(
        f"unexpected {what}",
        hint="this is a fault of the program: report what the same command prints with --debug",
    )

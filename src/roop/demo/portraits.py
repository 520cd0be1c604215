"""Two public-domain portraits, which the build adds to this package."""

from dataclasses import dataclass
from pathlib import Path

from roop.errors import UsageError
from roop.types import Box
from roop.version import REINSTALL

_PHOTOS = Path(__file__).with_name("photos")


@dataclass(frozen=True, slots=True)
class Sample:
    """A portrait photo of one person."""

    path: Path
    head: Box
    """A square around the head, in pixels of the photo."""


def astronaut() -> Sample:
    """Return the portrait of Eileen Collins (NASA, public domain), 512 x 512.

    Raises:
        UsageError: The photo is missing.
    """
    return Sample(require_photo(_PHOTOS / "astronaut.png"), Box(134, 20, 314, 200))


def officer() -> Sample:
    """Return the portrait of Grace Hopper (US Navy, public domain), 512 x 600.

    Raises:
        UsageError: The photo is missing.
    """
    return Sample(require_photo(_PHOTOS / "grace_hopper.jpg"), Box(92, 40, 432, 380))


def require_photo(photo: Path) -> Path:
    """Return ``photo`` if the build has added it.

    Raises:
        UsageError: The photo is missing.
    """
    if not photo.is_file():
        raise UsageError(f"the demo's photo {photo} is missing", hint=REINSTALL)
    return photo

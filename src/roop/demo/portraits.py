"""Two public-domain portraits out of packages that many machines have anyway."""

from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path

from roop.errors import UsageError
from roop.types import Box


@dataclass(frozen=True, slots=True)
class Sample:
    """A portrait photo of one person."""

    path: Path
    head: Box
    """A square around the head, pixels of the photo."""


def astronaut() -> Sample:
    """Return the portrait of Eileen Collins (NASA, public domain), 512 x 512.

    Raises:
        UsageError: The package with the photo is not installed.
    """
    return Sample(packaged("skimage", "data/astronaut.png"), Box(134, 20, 314, 200))


def officer() -> Sample:
    """Return the portrait of Grace Hopper (US Navy, public domain), 512 x 600.

    Raises:
        UsageError: The package with the photo is not installed.
    """
    path = packaged("matplotlib", "mpl-data/sample_data/grace_hopper.jpg")
    return Sample(path, Box(92, 40, 432, 380))


def packaged(package: str, name: str) -> Path:
    """Return the file ``name`` inside an installed ``package``.

    Raises:
        UsageError: It is not there.
    """
    spec = find_spec(package)  # only the path is wanted: importing these takes a second
    path = Path(spec.origin).parent / name if spec and spec.origin else None
    if path is None or not path.is_file():
        raise UsageError(
            f"the demo's photos come from {package}, which is not installed",
            hint="in a clone of the repository: pip install '.[demo]'",
        )
    return path

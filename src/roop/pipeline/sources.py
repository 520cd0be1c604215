"""Read the faces that are given: photos, folders of photos."""

from collections.abc import Sequence
from pathlib import Path

from roop.errors import MediaError, NoFaceError
from roop.faces.analyser import Analyser
from roop.media.base import Warn
from roop.media.pictures import read_photo, sniff
from roop.safety.screen import Screen
from roop.types import Identity, Pixels


def photos_in(paths: Sequence[Path]) -> list[Path]:
    """Return the files that ``paths`` stand for; a folder stands for the photos in it, by name.

    Raises:
        MediaError: A folder has no photos.
    """
    found: list[Path] = []
    for path in paths:
        if not path.is_dir():
            found.append(path)
            continue
        inside = [file for file in sorted(path.iterdir()) if _is_photo(file)]
        if not inside:
            raise MediaError(f"no photos in {path}", hint="name photos, or a folder of them")
        found += inside
    return found


def _is_photo(file: Path) -> bool:
    if file.name.startswith(".") or not file.is_file() or not file.stat().st_size:
        return False
    return sniff(file) is not None


class PhotoDesk:
    """Hands out the photos of a job, every one of them screened before the first is looked at."""

    def __init__(
        self, paths: Sequence[Path], analyser: Analyser, screen: Screen, warn: Warn
    ) -> None:
        """Read and screen all photos.

        Raises:
            MediaError: One cannot be read.
            RefusedError: One is refused; or later, as the verdicts come in from ``screen``.
        """
        self._analyser = analyser
        self._screen = screen
        self._photos: dict[Path, Pixels] = {}
        for path in dict.fromkeys(photos_in(paths)):
            pixels = self._photos[path] = read_photo(path, warn)
            screen.show_photo(pixels, str(path))

    def pixels(self, path: Path) -> Pixels:
        """Return one of the photos."""
        return self._photos[path]

    def identity(self, paths: Sequence[Path], position: int | None) -> Identity:
        """Return who the photos show.

        Args:
            paths: Photos and folders of photos of one person.
            position: Which face of a photo with several, from the left.

        Raises:
            NoFaceError: A photo shows no face, or several and none was chosen.
            RefusedError: A photo is refused: that comes first.
        """
        try:
            return Identity(
                tuple(
                    self._analyser.portrait(self._photos[path], position, name=str(path))
                    for path in photos_in(paths)
                )
            )
        except NoFaceError:
            self._screen.settle()
            raise

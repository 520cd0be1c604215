"""Read the faces that are given: photos, folders of photos, saved identities."""

from collections.abc import Sequence
from pathlib import Path

from roop.errors import NoFaceError
from roop.faces.analyser import Analyser
from roop.media.pictures.decoding import read_photo
from roop.media.pictures.identity_file import SUFFIX, load_identity
from roop.pipeline.people.paths import photos_in
from roop.safety.screen import Screen
from roop.types import Identity, Pixels, Warn


class PhotoLoader:
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
        self._photos: dict[Path, list[Pixels]] = {}
        for path in dict.fromkeys(photos_in(paths)):
            saved = path.suffix == SUFFIX
            photos = load_identity(path) if saved else [read_photo(path, warn)]
            self._photos[path] = photos
            for pixels in photos:
                screen.show_photo(pixels, str(path))

    def photos(self, paths: Sequence[Path]) -> list[tuple[Pixels, str]]:
        """Return the photos that ``paths`` stand for, each with what to call it."""
        return [(pixels, str(p)) for p in photos_in(paths) for pixels in self._photos[p]]

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
                    self._analyser.portrait(pixels, position, name=name)
                    for pixels, name in self.photos(paths)
                )
            )
        except NoFaceError:
            self._screen.settle()
            raise

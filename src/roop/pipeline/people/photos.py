"""The photos that a job names: sources, references and saved identities."""

from collections.abc import Sequence
from pathlib import Path

from roop.faces.analyser import Analyser
from roop.media.pictures.decoding import read_photo
from roop.media.pictures.identity_file import SUFFIX, load_identity
from roop.pipeline.people.paths import photos_in
from roop.safety.screen import Screen
from roop.types import Identity, Pixels, Warn


class Photos:
    """The photos of a job, read once."""

    def __init__(self, paths: Sequence[Path], warn: Warn) -> None:
        """Read the photos that ``paths`` stand for.

        Raises:
            MediaError: One cannot be read.
        """
        self._photos: dict[Path, list[Pixels]] = {}
        for path in dict.fromkeys(photos_in(paths)):
            saved = path.suffix == SUFFIX
            self._photos[path] = load_identity(path) if saved else [read_photo(path, warn)]

    def submit(self, screen: Screen) -> None:
        """Submit every photo to the screen.

        Raises:
            RefusedError: One is refused; or later, as the verdicts come in.
        """
        for path, photos in self._photos.items():
            for pixels in photos:
                screen.submit_photo(pixels, str(path))

    def of(self, paths: Sequence[Path]) -> list[tuple[Pixels, str]]:
        """Return the photos that ``paths`` stand for, each with a name for messages."""
        return [(pixels, str(p)) for p in photos_in(paths) for pixels in self._photos[p]]

    def identity(self, paths: Sequence[Path], position: int | None, analyser: Analyser) -> Identity:
        """Return the person that the photos show.

        Args:
            paths: Photos and folders of photos of one person.
            position: Which face of a photo with several, from the left.
            analyser: Finds the faces.

        Raises:
            NoFaceError: A photo shows no face, or several and none was chosen.
        """
        portraits = [
            analyser.portrait(pixels, position, name=name) for pixels, name in self.of(paths)
        ]
        return Identity(tuple(portraits))

    @property
    def count(self) -> int:
        """How many photos there are."""
        return sum(map(len, self._photos.values()))

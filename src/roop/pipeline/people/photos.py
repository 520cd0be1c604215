"""The photos that a job names: sources, references and saved identities."""

from collections.abc import Sequence
from pathlib import Path

from roop.faces.analyser import Analyser
from roop.faces.fitness import fitness
from roop.media.frames.stored_frame import StoredFrame
from roop.media.pictures.decoding import read_photo
from roop.media.pictures.identity_file import SUFFIX, load_identity
from roop.pipeline.people.paths import photos_in
from roop.pipeline.people.source_photo import SourcePhoto, advice, compared
from roop.safety.screen import Screen
from roop.types import Identity, Pixels, Warn


class Photos:
    """The photos of a job, read once."""

    def __init__(self, paths: Sequence[Path], warn: Warn) -> None:
        """Read the photos that ``paths`` stand for.

        Raises:
            MediaError: One cannot be read.
        """
        self.judged: tuple[SourcePhoto, ...] = ()
        """The photos that show an identity, as they were compared."""
        self._warn = warn
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
        """Return the person that the photos show; warn of faces that make poor sources.

        Args:
            paths: Photos and folders of photos of one person.
            position: Which face of a photo with several, from the left.
            analyser: Finds the faces.

        Raises:
            NoFaceError: A photo shows no face, or several and none was chosen.
        """
        photos = self.of(paths)
        portraits = [analyser.portrait(pixels, position, name=name) for pixels, name in photos]
        found = [fitness(StoredFrame(one.pixels), one.mesh) for one in portraits]
        judged = compared([name for _, name in photos], found)
        self.judged = (*self.judged, *judged)
        for warning in advice(judged):
            self._warn(warning)
        return Identity(tuple(portraits))

    @property
    def count(self) -> int:
        """How many photos there are."""
        return sum(map(len, self._photos.values()))

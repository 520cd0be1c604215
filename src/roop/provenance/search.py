"""Look for the watermark in a picture, an animation or a film."""

from collections.abc import Generator, Iterable, Iterator
from contextlib import closing
from dataclasses import dataclass
from itertools import islice
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from roop.errors import MediaError, UsageError
from roop.faces.detection.blazeface import BlazeFaceDetector
from roop.faces.detection.search import MIN_SCORE, find_faces, is_same_face
from roop.faces.mesh.mesher import FaceMesher, face_square
from roop.media.frames.stored_frame import StoredFrame
from roop.media.open import open_reader
from roop.media.pictures.decoding import read_photo, sniff
from roop.models.networks import face_detector, face_mesh
from roop.options import Settings, VideoOptions
from roop.provenance.watermark import FOUND, Watermark, rate
from roop.types import Frame, Mesh

_STRETCH = 75
"""Frames in a row that are looked at: a long film is looked at in four places."""

_PLACES = 4

_LOOK = 25
"""Frames from one search for new faces to the next; between them the known ones are followed."""

_EVERY = 3
"""Frames from one that is correlated to the next: neighbours say nearly the same."""

_MOST = 4
"""Faces that are followed at a time."""

_SURE = 1.5 * FOUND
"""No more of a film is looked at when a face shows the pattern as strongly."""


@dataclass(slots=True, eq=False)
class _Track:
    """A face that is followed."""

    mesh: Mesh
    total: NDArray[np.float64] | None = None
    """Its correlations, added up."""
    lost: bool = False


class WatermarkSearch:
    """Owns what is needed to look at any number of files."""

    def __init__(self) -> None:
        settings = Settings(offline=True)
        self._detector = BlazeFaceDetector(face_detector(settings))
        self._mesher = FaceMesher(face_mesh(settings))
        self._watermark = Watermark()

    def score(self, path: Path) -> float | None:
        """Return how strongly the faces of a file show the pattern, each over all its frames.

        Returns:
            In standard deviations of chance; None if no face is found.

        Raises:
            MediaError: The file cannot be read.
        """
        best: list[NDArray[np.float64]] = []  # of each stretch
        with closing(_stretches(path)) as stretches:
            for frames in stretches:
                best += self._best(frames)
                if best and rate(best[-1]) >= _SURE:
                    break
        if not best:
            return None
        return max(rate(found) for found in [*best, np.sum(best, axis=0)])

    def _best(self, frames: Iterable[Frame]) -> Iterator[NDArray[np.float64]]:
        """Yield the correlations of the face that shows the pattern best, if there is a face."""
        tracks: list[_Track] = []
        for number, frame in enumerate(frames):
            self._follow(tracks, frame, search=number % _LOOK == 0)
            if number % _EVERY == 0:
                for track in tracks:
                    if not track.lost:
                        found = self._watermark.correlations(frame, track.mesh)
                        track.total = found if track.total is None else track.total + found
        totals = [track.total for track in tracks if track.total is not None]
        if totals:
            yield max(totals, key=rate)

    def _follow(self, tracks: list[_Track], frame: Frame, *, search: bool) -> None:
        alive = [track for track in tracks if not track.lost]
        for track in alive:
            fitted = self._mesher.fit(frame, face_square(track.mesh))
            track.mesh, track.lost = fitted.mesh, fitted.score < MIN_SCORE
        if not search:
            return
        alive = [track for track in alive if not track.lost]
        for fitted in find_faces(frame, self._detector, self._mesher):
            if len(alive) < _MOST and not any(
                is_same_face(fitted.mesh, track.mesh) for track in alive
            ):
                alive.append(_Track(fitted.mesh))
                tracks.append(alive[-1])


def _stretches(path: Path) -> Generator[Iterable[Frame]]:
    """Yield frames in a row from places all over a film; of anything short, everything."""
    if sniff(path) == "image":
        yield [StoredFrame(read_photo(path, _ignore))]
        return
    with open_reader(path, VideoOptions(), _ignore) as reader:
        info = reader.info
        whole = _STRETCH * _PLACES
        long = info.kind == "video" and info.duration_s and (info.frames or 0) > whole
        yield islice(reader, _STRETCH if long else whole)
    for place in range(1, _PLACES if long else 1):
        start = (info.duration_s or 0) * place / _PLACES
        try:
            with open_reader(path, VideoOptions(start=start), _ignore) as reader:
                yield islice(reader, _STRETCH)
        except (MediaError, UsageError):
            return  # the film is shorter than it says, or damaged there


def _ignore(warning: str) -> None:
    """A warning about what a copy would lose says nothing about the marks."""

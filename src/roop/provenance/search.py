"""Look for the watermark in a picture, an animation or a film."""

from collections.abc import Iterator
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from roop.faces.detector import FaceDetector
from roop.faces.mesher import FaceMesher
from roop.faces.search import find_faces
from roop.media.open import open_reader
from roop.media.pictures import read_photo, sniff
from roop.media.stored_frame import StoredFrame
from roop.models.networks import face_detector, face_mesh
from roop.options import Settings, VideoOptions
from roop.provenance.watermark import Watermark, rate
from roop.types import Frame

_EVERY = 7
"""Frames from one that is looked at to the next."""

_MOST = 16
"""Frames that are looked at."""


class WatermarkSearch:
    """Owns what is needed to look at any number of files."""

    def __init__(self) -> None:
        settings = Settings(offline=True)
        self._detector = FaceDetector(face_detector(settings))
        self._mesher = FaceMesher(face_mesh(settings))
        self._watermark = Watermark()

    def score(self, path: Path) -> float | None:
        """Return how strongly the faces of a file show the pattern, all its frames together.

        Returns:
            In standard deviations of chance; None if no face is found.

        Raises:
            MediaError: The file cannot be read.
        """
        found = [best for frame in _frames(path) for best in self._best(frame)]
        return rate(np.sum(found, axis=0)) if found else None

    def _best(self, frame: Frame) -> Iterator[NDArray[np.float64]]:
        """Yield the correlations of the face that shows it best, nothing if there is no face."""
        faces = find_faces(frame, self._detector, self._mesher)
        found = [self._watermark.correlations(frame, laid.mesh) for laid in faces]
        if found:
            yield max(found, key=rate)


def _frames(path: Path) -> Iterator[Frame]:
    if sniff(path) == "image":
        yield StoredFrame(read_photo(path, _ignore))
        return
    with open_reader(path, VideoOptions(), _ignore) as reader:
        for number, frame in enumerate(reader):
            if number >= _EVERY * _MOST:
                return
            if number % _EVERY == 0:
                yield frame


def _ignore(warning: str) -> None:
    """A warning about what a copy would lose says nothing about the marks."""

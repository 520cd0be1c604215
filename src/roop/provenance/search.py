"""Look for the watermark in a picture, an animation or a film."""

from collections.abc import Iterator
from pathlib import Path

import numpy as np

from roop.faces.detector import FaceDetector
from roop.faces.mesher import FaceMesher
from roop.faces.search import find_faces
from roop.media.open import open_reader
from roop.media.pictures import read_photo, sniff
from roop.media.stored_frame import StoredFrame
from roop.models.networks import face_detector, face_mesh
from roop.options import Settings, VideoOptions
from roop.provenance.watermark import Watermark
from roop.types import Frame

_EVERY = 9
"""Frames from one that is looked at to the next."""

_MOST = 12
"""Frames that are looked at."""


class WatermarkSearch:
    """Owns what is needed to look at any number of files."""

    def __init__(self) -> None:
        settings = Settings(offline=True)
        self._detector = FaceDetector(face_detector(settings))
        self._mesher = FaceMesher(face_mesh(settings))
        self._watermark = Watermark()

    def score(self, path: Path) -> float | None:
        """Return the mean over the frames with faces, of each the face that shows it best.

        Returns:
            In standard deviations of chance; None if no face is found.

        Raises:
            MediaError: The file cannot be read.
        """
        scores = [score for frame in _frames(path) for score in self._best(frame)]
        return float(np.mean(scores)) if scores else None

    def _best(self, frame: Frame) -> Iterator[float]:
        """Yield the best score of a frame's faces, nothing if it has none."""
        found = find_faces(frame, self._detector, self._mesher)
        if found:
            yield max(self._watermark.score(frame, laid.mesh) for laid in found)


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

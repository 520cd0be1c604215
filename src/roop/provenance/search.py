"""Search for the watermark in an image, an animation or a video."""

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
from roop.provenance.watermark import DETECTION_THRESHOLD, Watermark, peak_score
from roop.types import Frame, Mesh

_SPAN_FRAMES = 75
"""Consecutive frames in one span of a long video."""

_SPANS = 4
"""Spans of a long video to search, evenly spaced."""

_SEARCH_INTERVAL = 25
"""Frames between searches for new faces; known faces are tracked in every frame."""

_CORRELATION_INTERVAL = 3
"""Frames between correlations: neighbouring frames add little."""

_MAX_FACES = 4
"""Faces to track at a time."""

_CERTAIN = 1.5 * DETECTION_THRESHOLD
"""Peak score at which the search stops early."""


@dataclass(slots=True, eq=False)
class _Track:
    """A tracked face."""

    mesh: Mesh
    correlations: NDArray[np.float64] | None = None
    """The sum of its correlations."""
    lost: bool = False


class WatermarkSearch:
    """Searches any number of files for the watermark."""

    def __init__(self) -> None:
        settings = Settings(offline=True)
        self._detector = BlazeFaceDetector(face_detector(settings))
        self._mesher = FaceMesher(face_mesh(settings))
        self._watermark = Watermark()

    def score(self, path: Path) -> float | None:
        """Return how strongly a face in a file shows the pattern, summed over its frames.

        Returns:
            The peak score of the best face, in standard deviations; None if there is no face.

        Raises:
            MediaError: The file cannot be read.
        """
        best: list[NDArray[np.float64]] = []  # of each span
        with closing(_spans(path)) as spans:
            for frames in spans:
                best += self._best_correlations(frames)
                if best and peak_score(best[-1]) >= _CERTAIN:
                    break
        if not best:
            return None
        return max(peak_score(found) for found in [*best, np.sum(best, axis=0)])

    def _best_correlations(self, frames: Iterable[Frame]) -> Iterator[NDArray[np.float64]]:
        """Yield the correlations of the face that shows the pattern best, if there is one."""
        tracks: list[_Track] = []
        for number, frame in enumerate(frames):
            self._follow(tracks, frame, search=number % _SEARCH_INTERVAL == 0)
            if number % _CORRELATION_INTERVAL == 0:
                for track in tracks:
                    if not track.lost:
                        found = self._watermark.correlations(frame, track.mesh)
                        track.correlations = (
                            found if track.correlations is None else track.correlations + found
                        )
        totals = [track.correlations for track in tracks if track.correlations is not None]
        if totals:
            yield max(totals, key=peak_score)

    def _follow(self, tracks: list[_Track], frame: Frame, *, search: bool) -> None:
        alive = [track for track in tracks if not track.lost]
        for track in alive:
            fitted = self._mesher.fit(frame, face_square(track.mesh))
            track.mesh, track.lost = fitted.mesh, fitted.score < MIN_SCORE
        if not search:
            return
        alive = [track for track in alive if not track.lost]
        for fitted in find_faces(frame, self._detector, self._mesher):
            if len(alive) < _MAX_FACES and not any(
                is_same_face(fitted.mesh, track.mesh) for track in alive
            ):
                alive.append(_Track(fitted.mesh))
                tracks.append(alive[-1])


def _spans(path: Path) -> Generator[Iterable[Frame]]:
    """Yield spans of frames spread over a long video; all frames of anything shorter."""
    if sniff(path) == "image":
        yield [StoredFrame(read_photo(path, _ignore_warning))]
        return
    with open_reader(path, VideoOptions(), _ignore_warning) as reader:
        info = reader.info
        whole = _SPAN_FRAMES * _SPANS
        long = info.kind == "video" and info.duration_s and (info.frames or 0) > whole
        yield islice(reader, _SPAN_FRAMES if long else whole)
    for index in range(1, _SPANS if long else 1):
        start = (info.duration_s or 0) * index / _SPANS
        try:
            with open_reader(path, VideoOptions(start=start), _ignore_warning) as reader:
                yield islice(reader, _SPAN_FRAMES)
        except (MediaError, UsageError):
            return  # the video is shorter than announced, or damaged there


def _ignore_warning(warning: str) -> None:
    """Ignore warnings: they are about copies, not about marks."""

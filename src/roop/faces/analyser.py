"""Find the face of a source photo, and make the tracker of a target."""

import numpy as np

from roop.errors import NoFaceError
from roop.faces.choice import Choice
from roop.faces.detector import FaceDetector
from roop.faces.mesher import FaceMesher, square_of
from roop.faces.search import find_faces
from roop.faces.tracker import FaceTracker
from roop.geometry import Square
from roop.media.stored_frame import StoredFrame
from roop.models.networks import face_detector, face_mesh
from roop.options import Settings
from roop.types import Frame, Mesh, Pixels, Portrait

_VARIANTS = tuple((turn, zoom) for turn in (-0.06, 0.0, 0.06) for zoom in (0.94, 1.0, 1.06))
"""Views that a photo's mesh is averaged over: radians, size of the region."""


class Analyser:
    """Owns the networks that find and follow faces."""

    def __init__(self, settings: Settings) -> None:
        self._detector = FaceDetector(face_detector(settings))
        self._mesher = FaceMesher(face_mesh(settings))

    def tracker(self, choice: Choice) -> FaceTracker:
        """Return what follows the faces of one target; ``choice`` must be a new one, too."""
        return FaceTracker(self._detector, self._mesher, choice)

    def portrait(self, pixels: Pixels, position: int | None, *, name: str) -> Portrait:
        """Return the face of a photo.

        Args:
            pixels: The photo, upright.
            position: Which face counted from the left, from 0; None if there must be only one.
            name: What to call the photo in an error.

        Raises:
            NoFaceError: There is no such face.
        """
        frame = StoredFrame(pixels)
        found = self._faces(frame)
        if not found:
            raise NoFaceError(
                f"no face found in {name}", hint="take a photo that shows the face from the front"
            )
        if position is None and len(found) > 1:
            raise NoFaceError(
                f"{len(found)} faces found in {name}",
                hint="choose one with --source-face-position, 0 is the leftmost",
            )
        if position is not None and position >= len(found):
            raise NoFaceError(
                f"no face number {position} in {name}: it shows {len(found)}",
                hint="--source-face-position counts from the left, from 0",
            )
        return Portrait(pixels, self._refined(frame, found[position or 0]))

    def _faces(self, frame: Frame) -> list[Mesh]:
        """Return the meshes of a photo's faces from left to right."""
        found = [laid.mesh for laid in find_faces(frame, self._detector, self._mesher)]
        return sorted(found, key=lambda mesh: float(mesh[:, 0].mean()))

    def _refined(self, frame: Frame, mesh: Mesh) -> Mesh:
        """Average the mesh over slightly different views: a photo has time for it."""
        square = square_of(mesh)
        views = [
            Square(square.cx, square.cy, square.side * zoom, square.angle + turn)
            for turn, zoom in _VARIANTS
        ]
        mean: Mesh = np.mean([self._mesher.lay(frame, view).mesh for view in views], axis=0)
        return mean

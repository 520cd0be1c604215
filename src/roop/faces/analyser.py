"""Owner of the networks that find faces, in source photos and in targets."""

import numpy as np

from roop.errors import NoFaceError
from roop.faces.detection.loading import EmbeddedNetworks, load_detector
from roop.faces.detection.search import find_faces
from roop.faces.mesh.mesher import face_square
from roop.faces.order import faces_in_front, sort_faces
from roop.faces.recognition.descriptor import Recogniser
from roop.faces.recognition.embedding import load_installed_recogniser
from roop.faces.recognition.texture import TextureRecogniser
from roop.faces.tracking.selection import FaceSelector
from roop.faces.tracking.tracker import FaceTracker
from roop.geometry import Square
from roop.media.frames.stored_frame import StoredFrame
from roop.models.loader import Models
from roop.options import FaceOptions, FaceOrder, Settings
from roop.types import Frame, Mesh, Pixels, Portrait

_VARIANTS = tuple((turn, zoom) for turn in (-0.06, 0.0, 0.06) for zoom in (0.94, 1.0, 1.06))
"""Rotations (radians) and sizes of the square that a photo's mesh is averaged over."""


class Analyser:
    """Owns the networks that find and follow faces."""

    def __init__(
        self,
        settings: Settings,
        options: FaceOptions | None = None,
        *,
        models: Models | None = None,
        embedded: EmbeddedNetworks | None = None,
    ) -> None:
        """Load the networks.

        Args:
            settings: Where the networks are and what they may run on.
            options: The face detector to use; None for the embedded one.
            models: The job's loader, which records what was loaded; None for a new one.
            embedded: The embedded networks, if they have been loaded; None for new ones.

        Raises:
            ModelError: A network is missing or cannot be run.
        """
        self._settings = settings
        self._models = models or Models(settings)
        name = (options or FaceOptions()).face_detector
        embedded = embedded or EmbeddedNetworks(settings)
        self._detector = load_detector(name, self._models, embedded)
        self._checker = embedded.detector
        self._mesher = embedded.mesher
        self._recogniser: Recogniser | None = None

    def tracker(self, selector: FaceSelector) -> FaceTracker:
        """Return a new tracker for one stream; ``selector`` must be new too."""
        return FaceTracker(self._detector, self._mesher, selector, self._checker)

    def portrait(
        self,
        pixels: Pixels,
        position: int | None,
        *,
        name: str,
        option: str = "source_face_position",
    ) -> Portrait:
        """Return one face of a photo.

        Args:
            pixels: The photo, upright.
            position: Which face, counted from the left from 0; None if there must be only one, but
                for people far behind.
            name: How errors refer to the photo.
            option: The option that sets ``position``, for errors.

        Raises:
            NoFaceError: There is no such face.
        """
        frame = StoredFrame(pixels)
        found = self.faces(frame, "left-right")
        if not found:
            raise NoFaceError(
                f"no face found in {name}", hint="take a photo that shows the face from the front"
            )
        in_front = faces_in_front(found)
        if position is None and len(in_front) > 1:
            raise NoFaceError(
                f"{len(in_front)} faces found in {name}",
                hint=f"choose one with [[{option}]], 0 is the leftmost",
            )
        if position is not None and position >= len(found):
            raise NoFaceError(
                f"no face number {position} in {name}: it shows {len(found)}",
                hint=f"[[{option}]] counts from the left, from 0",
            )
        chosen = in_front[0] if position is None else position
        return self._refined(frame, found[chosen], pixels)

    def faces(self, frame: Frame, order: FaceOrder) -> list[Mesh]:
        """Return the meshes of a frame's faces, in the given order."""
        found = find_faces(frame, self._detector, self._mesher, self._checker)
        return sort_faces((fitted.mesh for fitted in found), order)

    @property
    def recogniser(self) -> Recogniser:
        """The recogniser, loaded on first use."""
        if self._recogniser is None:
            found = load_installed_recogniser(self._models, self._settings)
            self._recogniser = found or TextureRecogniser()
        return self._recogniser

    def _refined(self, frame: Frame, mesh: Mesh, pixels: Pixels) -> Portrait:
        """Fit meshes to slightly different squares: their mean is more exact."""
        square = face_square(mesh)
        views = [
            Square(square.cx, square.cy, square.side * zoom, square.angle + turn)
            for turn, zoom in _VARIANTS
        ]
        fitted = [self._mesher.follow(frame, view) for view in views]
        gazes = [one.gaze for one in fitted if one.gaze is not None]
        gaze = np.mean(gazes, axis=0) if gazes else None
        return Portrait(pixels, np.mean([one.mesh for one in fitted], axis=0), gaze)

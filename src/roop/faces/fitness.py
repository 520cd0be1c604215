"""Say how well a face serves as a source, and why not: what a photo does not show, no swap can."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Literal

import cv2
import numpy as np
from numpy.typing import NDArray

from roop.faces.covering import FaceView, Part, covered_parts
from roop.faces.mesh.mesher import face_square
from roop.faces.mesh.topology import LEFT_EYE, RIGHT_EYE, frontality
from roop.geometry import Square
from roop.types import Frame, Mesh

FaultCode = Literal["profile", "small", "dark", "colourless", "covered", "blurred"]

_SIDE, _PART = 128, 0.7
"""Side of the picture that is judged, pixels; its size as a share of the square around the face, so
that it shows no hair and no background."""

_LEAST_FRONTALITY = 0.7
_LEAST_HEIGHT = 64
_LEAST_BRIGHTNESS = 40.0
"""Median grey level."""

_MOST_SOFT = 0.6
"""Share of the finest detail that is left after a blur. Sharp photos reach 0.51, a blur of a
hundredth of the face's height makes it 0.65."""

_COVERED: dict[Part, str] = {
    "mouth": "the mouth is covered",
    "eyes": "an eye is covered or behind dark glasses",
    "forehead": "hair covers the forehead",
}

_LARGE, _BRIGHT = 400.0, 90.0
"""Height of a face, in pixels, and its median grey level from which more is no better."""

_FAULTY = 0.5
"""What each fault leaves of a score."""


@dataclass(frozen=True, slots=True)
class Fault:
    """Why a face makes a poor source."""

    code: FaultCode
    text: str
    """For people: what is wrong, and which photo would be better."""


@dataclass(frozen=True, slots=True)
class Fitness:
    """How well a face serves as a source."""

    faults: tuple[Fault, ...]
    """Why it makes a poor one, the worst first; empty if it makes a good one."""
    score: float
    """0..1, from size, sharpness, pose, light and expression: of several photos of one person, the
    one with the highest is the best."""


def fitness(frame: Frame, mesh: Mesh) -> Fitness:
    """Judge a face as a source.

    Args:
        frame: The photo.
        mesh: The face in it.
    """
    square = face_square(mesh)
    square = Square(square.cx, square.cy, _PART * square.side, square.angle)
    grey = cv2.cvtColor(frame.warped(square.to_frame(_SIDE), _SIDE), cv2.COLOR_RGB2GRAY)
    found = tuple(_faults(frame, mesh, grey))
    return Fitness(found, round(_score(mesh, grey) * _FAULTY ** len(found), 3))


def best(judged: Sequence[Fitness]) -> int:
    """Return the number of the best of several photos of one person."""
    return int(np.argmax([one.score for one in judged]))


def _faults(frame: Frame, mesh: Mesh, grey: NDArray[np.uint8]) -> Iterator[Fault]:
    height = round(float(np.ptp(mesh[:, 1])))
    in_profile = frontality(mesh) < _LEAST_FRONTALITY
    if in_profile:
        yield Fault("profile", "the face is in profile: one from the front looks better")
    if height < _LEAST_HEIGHT:
        small = f"the face is only {height} pixels high: a closer photo looks better"
        yield Fault("small", small)
        return
    if max(np.median(half) for half in np.vsplit(grey, 2)) < _LEAST_BRIGHTNESS:
        yield Fault("dark", "the face is dark: a photo in better light looks better")
        return
    view = FaceView.of(frame, mesh)
    if not view.has_colours:
        toned = "the photo is black and white or toned: one in colour looks better"
        yield Fault("colourless", toned)
    if covered := () if in_profile else covered_parts(view):
        what = " and ".join(_COVERED[part] for part in covered)
        yield Fault("covered", f"{what}: a photo that shows the whole face looks better")
    if _softness(grey) > _MOST_SOFT:
        yield Fault("blurred", "the face is blurred: a sharper photo looks better")


def _score(mesh: Mesh, grey: NDArray[np.uint8]) -> float:
    """Return how good a photo is, 0..1, but for its faults."""
    left, right = np.hsplit(np.maximum(grey.astype(np.float32), 1), 2)
    evenness = float(min(left.mean(), right.mean()) / max(left.mean(), right.mean()))
    parts = [
        min(float(np.ptp(mesh[:, 1])) / _LARGE, 1.0) ** 0.5,
        frontality(mesh),
        1 - 0.5 * min(max((_softness(grey) - 0.2) / 0.6, 0.0), 1.0),
        min(float(np.median(grey)) / _BRIGHT, 1.0) ** 0.5,
        0.5 + 0.5 * evenness,
        _neutrality(mesh),
    ]
    return float(np.prod(parts))


def _neutrality(mesh: Mesh) -> float:
    """Return 1 for open eyes and a closed mouth, less for shut eyes or an open mouth."""
    mouth = float(np.linalg.norm(mesh[13, :2] - mesh[14, :2]))
    width = float(np.linalg.norm(mesh[61, :2] - mesh[291, :2]))
    opened = min(mouth / max(width, 1e-3) / 0.5, 1.0)
    eyes = [_openness(mesh, eye) for eye in (RIGHT_EYE, LEFT_EYE)]
    return (1 - 0.4 * opened) * (0.6 + 0.4 * min(min(eyes) / 0.2, 1.0))


def _openness(mesh: Mesh, eye: Sequence[int]) -> float:
    """Return the height of an eye's opening against its width."""
    outline = mesh[list(eye), :2]
    width = float(np.linalg.norm(outline[0] - outline[8]))
    return float(np.linalg.norm(outline[4] - outline[12])) / max(width, 1e-3)


def _softness(grey: NDArray[np.uint8]) -> float:
    """Return the share of the finest detail that is left after a blur, 0..1."""
    detail = _detail(grey)
    return _detail(cv2.GaussianBlur(grey, (0, 0), 1.0)) / detail if detail > 0 else 1.0


def _detail(grey: np.ndarray) -> float:
    return float(np.abs(cv2.Laplacian(grey, cv2.CV_32F)).mean())

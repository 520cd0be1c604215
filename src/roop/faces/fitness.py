"""Say why a face makes a poor source: what a photo does not show, no swap can."""

from dataclasses import dataclass
from typing import Literal

import cv2
import numpy as np

from roop.faces.mesh.mesher import face_square
from roop.faces.mesh.topology import frontality
from roop.geometry import Square
from roop.types import Frame, Mesh

FaultCode = Literal["profile", "small", "dark", "colourless", "blurred"]

_SIDE, _PART = 128, 0.7
"""Side of the picture that is judged, pixels; its size as a share of the square around the face, so
that it shows no hair and no background."""

_LEAST_FRONTALITY = 0.7
_LEAST_HEIGHT = 64
_LEAST_BRIGHTNESS, _LEAST_COLOUR = 40.0, 4.0
"""Median grey level; mean difference of the strongest and the weakest colour, in grey levels."""

_MOST_SOFT = 0.6
"""Share of the finest detail that is left after a blur. Sharp photos reach 0.51, a blur of a
hundredth of the face's height makes it 0.65."""


@dataclass(frozen=True, slots=True)
class Fault:
    """Why a face makes a poor source."""

    code: FaultCode
    text: str
    """For people: what is wrong, and which photo would be better."""


def faults(frame: Frame, mesh: Mesh) -> tuple[Fault, ...]:
    """Return why a face makes a poor source, the worst first; nothing if it makes a good one.

    Args:
        frame: The photo.
        mesh: The face in it.
    """
    found = []
    height = round(float(np.ptp(mesh[:, 1])))
    if frontality(mesh) < _LEAST_FRONTALITY:
        found.append(Fault("profile", "the face is in profile: one from the front looks better"))
    if height < _LEAST_HEIGHT:
        small = f"the face is only {height} pixels high: a closer photo looks better"
        return (*found, Fault("small", small))
    square = face_square(mesh)
    square = Square(square.cx, square.cy, _PART * square.side, square.angle)
    picture = frame.warped(square.to_frame(_SIDE), _SIDE)
    grey = cv2.cvtColor(picture, cv2.COLOR_RGB2GRAY)
    if np.median(grey) < _LEAST_BRIGHTNESS:
        found.append(Fault("dark", "the face is dark: a photo in better light looks better"))
        return tuple(found)
    if np.ptp(picture, axis=2).mean() < _LEAST_COLOUR:
        found.append(
            Fault("colourless", "the photo is black and white: one in colour looks better")
        )
    if _detail(cv2.GaussianBlur(grey, (0, 0), 1.0)) > _MOST_SOFT * _detail(grey):
        found.append(Fault("blurred", "the face is blurred: a sharper photo looks better"))
    return tuple(found)


def _detail(grey: np.ndarray) -> float:
    return float(np.abs(cv2.Laplacian(grey, cv2.CV_32F)).mean())

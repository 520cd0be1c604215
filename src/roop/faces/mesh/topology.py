"""The fixed part of the face mesh: triangles, symmetry, named points, mean face, flat layout."""

from dataclasses import dataclass
from importlib.resources import files

import numpy as np
from numpy.typing import NDArray

from roop.types import Mesh, Points

Indices = NDArray[np.intp]
"""Point numbers."""

OVAL = (
    10, 109, 67, 103, 54, 21, 162, 127, 234, 93, 132, 58, 172, 136, 150, 149, 176, 148,
    152, 377, 400, 378, 379, 365, 397, 288, 361, 323, 454, 356, 389, 251, 284, 332, 297, 338,
)  # fmt: skip
"""Outline of the face in order, from the top of the forehead."""

RIGHT_EYE = (33, 246, 161, 160, 159, 158, 157, 173, 133, 155, 154, 153, 145, 144, 163, 7)
LEFT_EYE = (263, 466, 388, 387, 386, 385, 384, 398, 362, 382, 381, 380, 374, 373, 390, 249)
"""Border of the opening between the lids, in order; the person's own right and left."""

RIGHT_CREASE = (247, 30, 29, 27, 28, 56, 190)
LEFT_CREASE = (467, 260, 259, 257, 258, 286, 414)
"""Crease above the upper lid, each point above one of the border's first half."""

RIGHT_BROW = (46, 53, 52, 65, 55, 107, 66, 105, 63, 70)
LEFT_BROW = (276, 283, 282, 295, 285, 336, 296, 334, 293, 300)

OUTER_LIPS = (
    61, 185, 40, 39, 37, 0, 267, 269, 270, 409, 291, 375, 321, 405, 314, 17, 84, 181, 91, 146,
)  # fmt: skip
INNER_LIPS = (
    78, 191, 80, 81, 82, 13, 312, 311, 310, 415, 308, 324, 318, 402, 317, 14, 87, 178, 88, 95,
)  # fmt: skip
"""Borders of the lips, in order; the mouth opens inside the inner one."""


_NOSE, _RIGHT_MOUTH, _LEFT_MOUTH = 4, 61, 291
"""Tip of the nose and corners of the mouth: the points of the mesh that lie nearest to where
detectors put them. On 32 faces of photos and videos the five points lie 4.6 % of the eye distance
from those of SCRFD-500M, with no bias in any direction."""


@dataclass(frozen=True, slots=True, eq=False)
class Topology:
    """The fixed part of the face mesh."""

    triangles: Indices
    """``(898, 3)``: clockwise in the image if seen by the camera; eyes and mouth are closed."""
    mirror: Indices
    """``(468,)``: the point on the other half of the face."""
    mean: NDArray[np.float32]
    """``(468, 3)``: a mean face that looks at the camera. Unit: the distance between the outer eye
    corners; origin: midway between them; y down, z away from the camera."""
    flat: NDArray[np.float32]
    """``(468, 2)``: the mean face unwrapped without overlaps, 1 wide; the layout of textures."""


def load_topology() -> Topology:
    """Load the topology, which ``scripts/make_topology.py`` made, from the package."""
    with (files("roop.faces.mesh") / "topology.npz").open("rb") as file, np.load(file) as stored:
        return Topology(
            stored["triangles"].astype(np.intp),
            stored["mirror"].astype(np.intp),
            stored["mean"],
            stored["flat"],
        )


def five_points(mesh: Mesh) -> Points:
    """Return the ``(5, 2)`` points of a face that alignment templates use, in their order."""
    eyes = [mesh[list(ring), :2].mean(axis=0) for ring in (RIGHT_EYE, LEFT_EYE)]
    return np.stack([*eyes, *mesh[[_NOSE, _RIGHT_MOUTH, _LEFT_MOUTH], :2]])


def frontality(mesh: Mesh) -> float:
    """Return 1 for a face that looks at the camera, falling to 0 for one in profile.

    This is the cosine between the line of sight and the normal of the face's outline.
    """
    outline = mesh[list(OVAL)] - mesh[list(OVAL)].mean(axis=0)
    normal = np.cross(outline, np.roll(outline, -1, axis=0)).sum(axis=0)
    return float(abs(normal[2]) / max(float(np.linalg.norm(normal)), 1e-9))

"""The regions of the surface: eyes, mouth, skin, folds, forehead, edge."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from roop.faces.mesh.topology import (
    INNER_LIPS,
    LEFT_BROW,
    LEFT_EYE,
    OUTER_LIPS,
    OVAL,
    RIGHT_BROW,
    RIGHT_EYE,
    Topology,
)
from roop.processors.mesh.surface.surface import Surface

Weights = NDArray[np.float32]
"""``(T + 1,)``, 0..1: one for each triangle of the surface, then 0 for pixels without one."""


_BROW_HEIGHT = -0.22
"""Height of the upper edge of the brows on the mean face."""


@dataclass(frozen=True, slots=True, eq=False)
class Regions:
    """Weights of the surface's triangles."""

    eyes: Weights
    """The openings between the lids."""
    mouth: Weights
    """The opening between the lips."""
    skin: Weights
    """Plain skin, which shows the light: no eyes, brows, lips, nostrils."""
    inside: Weights
    """0 at the outline, 1 well inside."""
    folds: Weights
    """Where a smile or a frown folds the skin: beside nose, mouth and eyes, and between the brows.
    """
    forehead: Weights
    """Above the brows, where hair and hats begin."""
    core: Weights
    """The middle of the face, which photos show in any pose: eyes, nose, mouth, front of the
    cheeks."""


def make_regions(topology: Topology, surface: Surface) -> Regions:
    """Mark the regions on the surface."""
    mean = topology.mean
    corners = np.minimum(surface.triangles, len(mean))  # all points of the rim count as one
    rim = (corners == len(mean)).any(axis=1)
    centre = mean[np.minimum(corners, len(mean) - 1)].mean(axis=1)

    def has_corners_in(points: tuple[int, ...], least: int) -> NDArray[np.bool_]:
        found: NDArray[np.bool_] = np.isin(surface.triangles, points).sum(axis=1) >= least
        return found

    eyes = has_corners_in(RIGHT_EYE, 3) | has_corners_in(LEFT_EYE, 3)
    mouth = has_corners_in(INNER_LIPS, 3)
    lids = has_corners_in(RIGHT_EYE, 1) | has_corners_in(LEFT_EYE, 1)
    brows = has_corners_in(RIGHT_BROW, 1) | has_corners_in(LEFT_BROW, 1)
    lips = has_corners_in(OUTER_LIPS, 1) | has_corners_in(INNER_LIPS, 1)
    between = _between_eye_and_brow(centre)
    nostrils = (np.abs(centre[:, 0]) < 0.22) & (centre[:, 1] > 0.38) & (centre[:, 1] < 0.56)
    skin = ~(lids | brows | lips | between | nostrils | rim)
    distance = _distance_from_outline(surface)
    inside = np.where(rim, 0.0, np.clip((distance + 0.05) / 0.07, 0, 1))
    folds = _folds(centre) * ~(lids | brows | lips | rim)
    core = np.where(rim, 0.0, np.clip((distance - 0.1) / 0.08, 0, 1))
    inner_brows = has_corners_in(RIGHT_BROW, 3) | has_corners_in(LEFT_BROW, 3)
    forehead = np.clip((_BROW_HEIGHT - centre[:, 1]) / 0.06, 0, 1) * ~(inner_brows | rim)
    weights = (eyes, mouth, skin, inside, folds, forehead, core)
    return Regions(*(np.append(w, 0).astype(np.float32) for w in weights))


def _distance_from_outline(surface: Surface) -> NDArray[np.float32]:
    """Return the distance of each triangle from the outline, in widths of the unwrapped face."""
    centre = surface.flat[surface.triangles, :2].mean(axis=1)
    outline = surface.flat[list(OVAL), :2]
    distance: NDArray[np.float32] = np.linalg.norm(centre[:, None] - outline[None], axis=2).min(
        axis=1
    )
    return distance


def _between_eye_and_brow(centre: NDArray[np.float32]) -> NDArray[np.bool_]:
    x, y = np.abs(centre[:, 0]), centre[:, 1]
    found: NDArray[np.bool_] = (x > 0.15) & (x < 0.55) & (y > -0.25) & (y < 0.1)
    return found


def _folds(centre: NDArray[np.float32]) -> NDArray[np.float64]:
    x, y = np.abs(centre[:, 0]), centre[:, 1]
    cheek = np.clip((x - 0.12) / 0.08, 0, 1) * np.clip((y - 0.22) / 0.1, 0, 1)
    temple = np.clip((x - 0.5) / 0.06, 0, 1) * (y > -0.2)
    under_eye = (y > 0.08) & (x > 0.15)
    result: NDArray[np.float64] = np.clip(cheek + temple + 0.5 * under_eye, 0, 1)
    return result

"""The face that is given, made ready to be drawn."""

from dataclasses import dataclass

import numpy as np

from roop.processors.mesh.atlas import Atlas, make_atlas
from roop.processors.mesh.gaze import Gaze, find_gaze
from roop.processors.mesh.regions import Regions
from roop.processors.mesh.shape import Opening, Shape, ShapeSpace, eye_opening, without_teeth
from roop.processors.mesh.surface import Surface
from roop.types import Identity, Portrait


@dataclass(frozen=True, slots=True, eq=False)
class SourceFace:
    """What is drawn of one identity."""

    shape: Shape
    opening: Opening
    atlas: Atlas
    gaze: Gaze
    """Where its eyes look in the atlas."""


def make_source(
    identity: Identity, space: ShapeSpace, surface: Surface, regions: Regions
) -> SourceFace:
    """Make one face of all portraits, the one that looks at the camera most first.

    Its shape is their mean, each counting for as much as it is seen from the front.
    """
    portraits = sorted(identity.portraits, key=lambda p: -space.frontality(p.mesh))
    photos = [Portrait(p.pixels, without_teeth(p.mesh)) for p in portraits]
    atlas = make_atlas(photos, surface, regions)
    gaze = find_gaze(atlas.colours[0], atlas.vertices)
    weights = [max(space.frontality(p.mesh), 0.0) ** 4 for p in portraits]
    shapes = [space.shape(p.mesh) for p in portraits]
    shape = np.average(shapes, axis=0, weights=weights) if any(weights) else shapes[0]
    return SourceFace(shape, eye_opening(shapes[0]), atlas, gaze)

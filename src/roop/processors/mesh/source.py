"""The face that is given, made ready to be drawn."""

from dataclasses import dataclass

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
    """Take the face from the portrait that looks at the camera most."""
    portrait = max(identity.portraits, key=lambda p: space.frontality(p.mesh))
    photo = Portrait(portrait.pixels, without_teeth(portrait.mesh))
    atlas = make_atlas(photo, surface, regions)
    gaze = find_gaze(atlas.colours[0], atlas.vertices)
    shape = space.shape(portrait.mesh)
    return SourceFace(shape, eye_opening(shape), atlas, gaze)

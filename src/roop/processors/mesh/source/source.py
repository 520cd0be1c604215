"""The face that is given, made ready to be drawn."""

from collections.abc import Sequence
from dataclasses import dataclass

import cv2
import numpy as np

from roop.processors.mesh.expression.eyes import Gaze, find_eyes
from roop.processors.mesh.expression.shape import (
    Opening,
    Shape,
    ShapeSpace,
    eye_opening,
    without_teeth,
)
from roop.processors.mesh.source.aspect import Aspect, AspectFinder, different
from roop.processors.mesh.source.atlas import Atlas, AtlasMaker, AtlasMixture
from roop.processors.mesh.surface.regions import Regions
from roop.processors.mesh.surface.surface import Surface, with_rim
from roop.processors.mesh.surface.unrolled import UnwrappedFace, Unwrapper
from roop.processors.mesh.surface.work_area import work_area
from roop.types import Identity, Pixels, Portrait

_MOST = 6
"""Photos to choose among while a face is drawn: each takes memory."""


@dataclass(frozen=True, slots=True, eq=False)
class SourceFace:
    """What is drawn of one identity."""

    shape: Shape
    opening: Opening
    atlases: tuple[Atlas, ...]
    """What may be drawn of it: one for each of ``aspects``."""
    shut: tuple[Atlas, ...]
    """The same with shut eyes."""
    aspects: tuple[Aspect, ...]
    """How the photos show it that may be chosen among; of a single photo nothing is asked."""
    gaze: Gaze
    """Where its eyes look in the atlases."""

    def mixture(self, shares: Sequence[float], shut: float) -> AtlasMixture:
        """Return what to draw, given the share of each atlas and of its shut eyes."""
        parts = [
            (atlas, share * (1 - shut)) for atlas, share in zip(self.atlases, shares, strict=True)
        ]
        parts += [(atlas, share * shut) for atlas, share in zip(self.shut, shares, strict=True)]
        return AtlasMixture(tuple((atlas, share) for atlas, share in parts if share))


class SourceMaker:
    """Makes identities ready to be drawn."""

    def __init__(
        self, space: ShapeSpace, surface: Surface, regions: Regions, unroller: Unwrapper
    ) -> None:
        self._space = space
        self._surface = surface
        self._regions = regions
        self._unroller = unroller
        self._aspects = AspectFinder(space, unroller)

    def make(self, identity: Identity) -> SourceFace:
        """Make one face of all portraits, the one that looks at the camera most first.

        Its shape is their mean, each counting for as much as it is seen from the front.
        """
        frontality = self._space.frontality
        portraits = sorted(identity.portraits, key=lambda p: -frontality(p.mesh))
        photos = [Portrait(p.pixels, without_teeth(p.mesh)) for p in portraits]
        maker = AtlasMaker(photos, self._surface, self._regions)
        whole = maker.whole()
        aspects = [self._aspect(portrait) for portrait in portraits]
        chosen = different(aspects, _MOST)
        atlases = (whole, *(maker.nearest_to(number) for number in chosen[1:]))
        weights = [max(frontality(p.mesh), 0.0) ** 4 for p in portraits]
        shapes = [self._space.shape(p.mesh) for p in portraits]
        shape = np.average(shapes, axis=0, weights=weights) if any(weights) else shapes[0]
        return SourceFace(
            shape,
            eye_opening(shapes[0]),
            atlases,
            tuple(atlas.with_shut_lids() for atlas in atlases),
            tuple(aspects[number] for number in chosen),
            find_eyes(whole.pixels, whole.vertices).gaze,
        )

    def _aspect(self, portrait: Portrait) -> Aspect:
        return self._aspects.find(portrait.mesh, self._unrolled(portrait))

    def _unrolled(self, portrait: Portrait) -> UnwrappedFace:
        pixels, mesh = portrait.pixels, with_rim(portrait.mesh)
        place = work_area(portrait.mesh, (pixels.shape[1], pixels.shape[0]))
        if place is None:
            return self._unroller.unroll(pixels, mesh)
        part: Pixels = cv2.resize(
            pixels[place.box.rows, place.box.columns], place.grid, interpolation=cv2.INTER_AREA
        )
        return self._unroller.unroll(part, place.on_grid(mesh))

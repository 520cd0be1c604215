"""Prepare an identity for drawing: shape, texture atlases, gaze."""

from collections.abc import Sequence
from dataclasses import dataclass

import cv2
import numpy as np

from roop.processors.mesh.expression.eyes import measure_eyes
from roop.processors.mesh.expression.shape import (
    Opening,
    Shape,
    ShapeSpace,
    eye_opening,
    smile_share,
    without_teeth,
)
from roop.processors.mesh.source.atlas import Atlas, AtlasMixture
from roop.processors.mesh.source.atlas_maker import AtlasMaker
from roop.processors.mesh.source.viewing_conditions import (
    ConditionsEstimator,
    ViewingConditions,
    choose_distinct,
)
from roop.processors.mesh.surface.regions import Regions
from roop.processors.mesh.surface.surface import Surface, with_rim
from roop.processors.mesh.surface.unwrapping import UnwrappedFace, Unwrapper
from roop.processors.mesh.surface.work_area import work_area
from roop.types import Gaze, Identity, Pixels, Portrait

_MAX_PHOTOS = 6
"""Photos to choose among while drawing; each takes memory."""


@dataclass(frozen=True, slots=True, eq=False)
class SourceFace:
    """An identity, ready to be drawn."""

    shape: Shape
    opening: Opening
    atlases: tuple[Atlas, ...]
    """One for each of ``conditions``."""
    shut: tuple[Atlas, ...]
    """The same with shut eyes."""
    conditions: tuple[ViewingConditions, ...]
    """The viewing conditions of the photos that are chosen among."""
    gaze: Gaze
    """Where the eyes look in the atlases."""
    exact_gaze: bool
    """Whether a network found the irises; otherwise they were read from the pixels."""

    def mixture(self, shares: Sequence[float], shut: float) -> AtlasMixture:
        """Return what to draw, given the share of each atlas and the share of shut eyes."""
        parts = [
            (atlas, share * (1 - shut)) for atlas, share in zip(self.atlases, shares, strict=True)
        ]
        parts += [(atlas, share * shut) for atlas, share in zip(self.shut, shares, strict=True)]
        return AtlasMixture(tuple((atlas, share) for atlas, share in parts if share))


class SourceMaker:
    """Prepares identities for drawing."""

    def __init__(
        self, space: ShapeSpace, surface: Surface, regions: Regions, unwrapper: Unwrapper
    ) -> None:
        self._space = space
        self._surface = surface
        self._regions = regions
        self._unwrapper = unwrapper
        self._estimator = ConditionsEstimator(space, unwrapper)

    def make(self, identity: Identity) -> SourceFace:
        """Combine all portraits of an identity, the most frontal one first.

        The shape is their mean, weighted by frontality.
        """
        frontality = self._space.frontality
        portraits = sorted(identity.portraits, key=lambda p: -frontality(p.mesh))
        photos = [Portrait(p.pixels, without_teeth(p.mesh)) for p in portraits]
        smile = smile_share(self._space.shape(portraits[0].mesh))
        maker = AtlasMaker(photos, self._surface, self._regions, smile)
        merged = maker.merged()
        conditions = [self._conditions(portrait) for portrait in portraits]
        chosen = choose_distinct(conditions, _MAX_PHOTOS)
        atlases = (merged, *(maker.from_photo(number) for number in chosen[1:]))
        weights = [max(frontality(p.mesh), 0.0) ** 4 for p in portraits]
        shapes = [self._space.shape(p.mesh) for p in portraits]
        gaze = portraits[0].gaze
        shape = np.average(shapes, axis=0, weights=weights) if any(weights) else shapes[0]
        return SourceFace(
            shape,
            eye_opening(shapes[0]),
            atlases,
            tuple(atlas.with_shut_lids() for atlas in atlases),
            tuple(conditions[number] for number in chosen),
            measure_eyes(merged.pixels, merged.vertices).gaze if gaze is None else gaze,
            gaze is not None,
        )

    def _conditions(self, portrait: Portrait) -> ViewingConditions:
        return self._estimator.estimate(portrait.mesh, self._unwrap(portrait))

    def _unwrap(self, portrait: Portrait) -> UnwrappedFace:
        pixels, mesh = portrait.pixels, with_rim(portrait.mesh)
        area = work_area(portrait.mesh, (pixels.shape[1], pixels.shape[0]))
        if area is None:
            return self._unwrapper.unwrap(pixels, mesh)
        part: Pixels = cv2.resize(
            pixels[area.box.rows, area.box.columns], area.grid, interpolation=cv2.INTER_AREA
        )
        return self._unwrapper.unwrap(part, area.to_grid(mesh))

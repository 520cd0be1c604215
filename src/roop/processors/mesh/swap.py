"""The engine ``mesh`` at work: draw the source's texture on the target's mesh."""

from collections.abc import Sequence
from dataclasses import dataclass, field

import cv2
import numpy as np
from numpy.typing import NDArray
from typing_extensions import override

from roop.errors import UsageError
from roop.faces.topology import OVAL, load_topology
from roop.processors.base import Context, Processor
from roop.processors.mesh import MeshOptions
from roop.processors.mesh.atlas import Level, level_for, make_atlas
from roop.processors.mesh.detail import DetailMatch
from roop.processors.mesh.gaze import GazeMatch, Turn, find_gaze
from roop.processors.mesh.light import enlarge, match_folds, match_light
from roop.processors.mesh.place import Place, place_of
from roop.processors.mesh.regions import Weights, make_regions
from roop.processors.mesh.shape import ShapeSpace, TargetShape, without_teeth
from roop.processors.mesh.surface import affines, draw, lookup, make_surface, paint, with_rim
from roop.types import Face, Frame, Mesh, Pixels, Portrait, Scene

_OVERSAMPLING = 1.3
"""The atlas is as wide as the face on the picture times this, so that no detail is lost."""

_LIGHT = 0.25
"""Light changes slower than this share of the face's width; what changes faster is the face."""

_FOLDS, _FOLD = 0.4, 0.03
"""How much of the source's folds to take away; the width of a fold as a share of the face's."""

_SOFT = 0.025
"""Softness of the mask's border, as a share of the face's width."""


@dataclass(slots=True)
class _Memory:
    """What is remembered of one target face from frame to frame."""

    shape: TargetShape = field(default_factory=TargetShape)
    gaze: GazeMatch = field(default_factory=GazeMatch)
    detail: DetailMatch = field(default_factory=DetailMatch)


@dataclass(frozen=True, slots=True, eq=False)
class _Drawing:
    """The surface drawn on the grid of one place."""

    shown: NDArray[np.int32]
    """``(H, W)``: the triangle that each pixel shows."""
    to_atlas: NDArray[np.float32]
    """``(2, H, W)``: where each pixel lies in the atlas."""
    to_target: NDArray[np.float32]
    """``(2, H, W)``: where the same skin lies in the target's box."""
    width: float
    """Of the face, pixels of the grid."""


class MeshSwap(Processor):
    """Replaces faces by the source's, warped triangle by triangle in the target's light."""

    def __init__(self, options: MeshOptions, context: Context) -> None:
        if context.identity is None:
            raise UsageError("the engine mesh needs a source photo")
        topology = load_topology()
        portrait = context.identity.portraits[0]
        self._strength = options.face_shape
        self._surface = make_surface(topology)
        self._regions = make_regions(topology, self._surface)
        self._space = ShapeSpace(topology)
        self._shape = self._space.shape(portrait.mesh)
        photo = Portrait(portrait.pixels, without_teeth(portrait.mesh))
        self._levels = make_atlas(photo, self._surface, self._regions)
        self._gaze = find_gaze(self._levels[0].pixels[..., :3], self._levels[0].vertices)
        self._memories: dict[int, _Memory] = {}

    @override
    def process(self, scenes: Sequence[Scene]) -> Sequence[Scene]:
        for scene in scenes:
            for face in scene.faces:
                self._swap(scene.frame, face)
        return scenes

    def _swap(self, frame: Frame, face: Face) -> None:
        place = place_of(face.mesh, frame.size)
        if place is None:
            return
        if face.fresh or face.track not in self._memories:
            self._memories[face.track] = _Memory()
        memory = self._memories[face.track]
        target = frame.crop(place.box)
        mesh = self._reshaped(face.mesh, memory.shape)
        level = level_for(self._levels, _OVERSAMPLING * float(np.ptp(mesh[:, 0])))
        drawing = self._drawn(place, mesh, face.mesh, level)
        turn = Turn(self._gaze, find_gaze(target, place.in_box(face.mesh)))
        eyes = self._soft(drawing, self._regions.eyes, 0.008)
        memory.gaze.apply(drawing.to_atlas, eyes, level.vertices, turn)
        gain, alpha = self._fitted(drawing, level, target)
        swapped = sampled(level.pixels[..., :3], place.enlarged(drawing.to_atlas))
        swapped = memory.detail.apply(lit(swapped, place.enlarged(gain)), target)
        mouth = place.enlarged(self._soft(drawing, self._regions.mouth, 0.008))
        keep(swapped, target, mouth, place.enlarged(drawing.to_target))
        shown = place.enlarged(alpha) * (255 * face.opacity)
        frame.paste(place.box, swapped, np.rint(shown).astype(np.uint8))

    def _reshaped(self, mesh: Mesh, target: TargetShape) -> Mesh:
        """Return the target's mesh with the source's shape and the target's expression."""
        pose = self._space.pose(mesh)
        shape = pose.invert(mesh)
        usual = target.update(shape)
        moved = self._strength * self._space.difference(self._shape, usual)
        moved += target.openings(shape, self._shape, self._strength)
        return (mesh + pose.turn(moved)).astype(np.float32)

    def _drawn(self, place: Place, mesh: Mesh, was: Mesh, level: Level) -> _Drawing:
        on_grid = place.on_grid(with_rim(mesh))
        shown = draw(self._surface, on_grid, place.grid)
        to_atlas = lookup(shown, affines(self._surface, on_grid, level.vertices))
        to_target = lookup(shown, affines(self._surface, on_grid, place.in_box(with_rim(was))))
        return _Drawing(shown, to_atlas, to_target, float(np.ptp(on_grid[list(OVAL), 0])))

    def _fitted(
        self, drawing: _Drawing, level: Level, target: Pixels
    ) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
        """Return what brings the source into the target's light, and where it shall be seen."""
        source = sampled(level.pixels, drawing.to_atlas)
        old = sampled(target, drawing.to_target)
        inside = paint(drawing.shown, self._regions.inside)
        seen = np.minimum(inside, source[..., 3].astype(np.float32) / 255)
        skin = paint(drawing.shown, self._regions.skin) * (seen > 0.5)
        size = drawing.shown.shape[::-1]
        gain = enlarge(match_light(source[..., :3], old, skin, sigma=_LIGHT), size)
        folds = _FOLDS * self._soft(drawing, self._regions.folds, 0.03)
        gain = match_folds(source[..., :3], old, gain, folds, sigma=_FOLD * drawing.width)
        return gain, _blurred(seen, _SOFT * drawing.width)

    def _soft(self, drawing: _Drawing, weights: Weights, sigma: float) -> NDArray[np.float32]:
        """Paint a region with a border of ``sigma`` face widths."""
        return _blurred(paint(drawing.shown, weights), sigma * drawing.width)


def sampled(picture: NDArray[np.uint8], places: NDArray[np.float32]) -> NDArray[np.uint8]:
    """Return the picture's colours at ``(2, H, W)`` places; 0 outside."""
    return cv2.remap(picture, places[0], places[1], cv2.INTER_LINEAR)


def lit(picture: Pixels, gain: NDArray[np.float32]) -> Pixels:
    """Return ``picture`` in another light."""
    return cv2.multiply(picture, gain, dtype=cv2.CV_8U)


def keep(
    swapped: Pixels, target: Pixels, share: NDArray[np.float32], places: NDArray[np.float32]
) -> None:
    """Put ``share`` (0..1) of the target, taken from ``places``, back into ``swapped``."""
    rows, columns = (np.flatnonzero(share.max(axis=axis) > 0.002) for axis in (1, 0))
    if not rows.size:
        return
    part = np.s_[rows[0] : rows[-1] + 1, columns[0] : columns[-1] + 1]
    kept = sampled(target, places[:, *part]).astype(np.float32)
    mixed = swapped[part] + share[part][..., None] * (kept - swapped[part])
    swapped[part] = np.rint(mixed).astype(np.uint8)


def _blurred(picture: NDArray[np.float32], sigma: float) -> NDArray[np.float32]:
    return cv2.GaussianBlur(picture, (0, 0), max(sigma, 0.3), borderType=cv2.BORDER_CONSTANT)

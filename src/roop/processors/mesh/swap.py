"""The engine ``mesh`` at work: draw the source's texture on the target's mesh."""

from collections.abc import Sequence
from dataclasses import dataclass, field

import cv2
import numpy as np
from numpy.typing import NDArray
from typing_extensions import override

from roop.faces.mesh.topology import (
    INNER_LIPS,
    LEFT_EYE,
    OVAL,
    RIGHT_EYE,
    load_topology,
)
from roop.processors.base import Context, Processor
from roop.processors.mesh import MeshOptions
from roop.processors.mesh.appearance.detail import DetailMatch
from roop.processors.mesh.appearance.light import enlarge, match_folds, match_light
from roop.processors.mesh.appearance.occlusion import OcclusionFinder, OwnReflectance
from roop.processors.mesh.appearance.skin import likeness
from roop.processors.mesh.expression.eyes import Eyes, GazeMatch, find_eyes
from roop.processors.mesh.expression.shape import Opening, ShapeSpace, TargetShape
from roop.processors.mesh.source.aspect import AspectFinder, AspectFollower
from roop.processors.mesh.source.atlas import AtlasMixture
from roop.processors.mesh.source.closeup import CloseUp, CloseUpMaker
from roop.processors.mesh.source.lids import how_shut
from roop.processors.mesh.source.source import SourceFace, SourceMaker
from roop.processors.mesh.surface.regions import Weights, make_regions
from roop.processors.mesh.surface.surface import (
    Vertices,
    draw,
    make_surface,
    paint,
    softened,
    with_rim,
)
from roop.processors.mesh.surface.unrolled import UnwrappedFace, Unwrapper
from roop.processors.mesh.surface.work_area import WorkArea, work_area
from roop.types import AnalysedFrame, Box, Face, Frame, Mesh, Pixels

_LIGHT = 0.25
"""Light changes slower than this share of the face's width; what changes faster is the face."""

_FOLDS, _FOLD = 0.2, 0.03
"""How much of the source's folds to take away; the width of a fold as a share of the face's."""

_LID = 0.008
"""Softness of the borders of eyes and mouth, as a share of the face's width."""

_LIDS = [*RIGHT_EYE, *LEFT_EYE]
"""Points around the eyes."""

_UNSEEN = 0.002
"""A share too small to change a grey level."""

_SOFT = 0.025
"""Softness of the mask's border, as a share of the face's width."""


@dataclass(slots=True)
class _Memory:
    """What is remembered of one target face from frame to frame."""

    shape: TargetShape = field(default_factory=TargetShape)
    gaze: GazeMatch = field(default_factory=GazeMatch)
    detail: DetailMatch = field(default_factory=DetailMatch)
    aspect: AspectFollower = field(default_factory=AspectFollower)
    own: OwnReflectance | None = None


@dataclass(frozen=True, slots=True, eq=False)
class _Drawn:
    """The surface drawn on the grid of one place."""

    place: WorkArea
    shown: NDArray[np.intp]
    """``(H, W)``: the triangle that each pixel shows."""
    to_atlas: NDArray[np.float32]
    """``(2, H, W)``: where each pixel lies in the atlas's largest level."""
    width: float
    """Of the face, pixels of the grid."""


class MeshSwap(Processor):
    """Replaces faces by the source's, warped triangle by triangle in the target's light."""

    def __init__(self, options: MeshOptions, context: Context) -> None:
        topology = load_topology()
        self._strength = options.face_shape
        self._surface = make_surface(topology)
        self._regions = make_regions(topology, self._surface)
        self._eyes = CloseUpMaker(self._surface, _LIDS)
        self._mouth = CloseUpMaker(self._surface, INNER_LIPS)
        self._unroller = Unwrapper(self._surface, self._regions)
        self._occlusions = OcclusionFinder(self._unroller)
        self._space = ShapeSpace(topology)
        self._aspects = AspectFinder(self._space, self._unroller)
        maker = SourceMaker(self._space, self._surface, self._regions, self._unroller)
        self._sources = [maker.make(identity) for identity in context.identities]
        self._memories: dict[int, _Memory] = {}

    @override
    def process(self, analysed_frames: Sequence[AnalysedFrame]) -> Sequence[AnalysedFrame]:
        for analysed in analysed_frames:
            for face in analysed.faces:
                self._swap(analysed.frame, face)
        return analysed_frames

    @override
    def observe(self, analysed: AnalysedFrame, frames: int) -> None:
        for face in analysed.faces:
            place = work_area(face.mesh, analysed.frame.size)
            if place is not None:
                memory, target = self._memory(face), place.cut(analysed.frame)
                eyes = find_eyes(target, place.on_picture(face.mesh))
                memory.shape.update(self._space.shape(face.mesh), eyes, frames)
                unrolled = self._unroller.unroll(
                    place.shrunk(target), place.on_grid(with_rim(face.mesh))
                )
                self._seen(face, memory, unrolled, frames)
                memory.own, _ = self._occlusions.find(memory.own, unrolled)

    @override
    def reset(self) -> None:
        self._memories.clear()

    def _swap(self, frame: Frame, face: Face) -> None:
        place = work_area(face.mesh, frame.size)
        if place is None:
            return
        memory = self._memory(face)
        source = self._sources[face.identity]
        target = place.cut(frame)
        whole = with_rim(face.mesh)
        was, was_on_grid = place.on_picture(whole), place.on_grid(whole)
        old = place.shrunk(target)
        unrolled = self._unroller.unroll(old, was_on_grid)
        shares = self._seen(face, memory, unrolled)
        eyes = find_eyes(target, was)
        reshaped, lids = self._reshaped(face.mesh, eyes, memory.shape, source)
        atlas = source.mixture(shares, how_shut(lids.max()))  # a wink leaves the lashes on
        drawn = self._drawn(place, reshaped, atlas)
        memory.gaze.follow(source.gaze, eyes.gaze)
        between_lids = self._soft(drawn, self._regions.eyes, _LID)
        memory.gaze.apply(drawn.to_atlas, between_lids, atlas.vertices)
        hidden = self._hidden(memory, old, unrolled, was_on_grid)
        gain, alpha = self._fitted(drawn, atlas, old, hidden)
        width = float(np.ptp(was[: len(face.mesh), 0]))
        swapped = atlas.sample(drawn.to_atlas, width, place.size)
        vertices = place.on_picture(with_rim(reshaped))
        if how_shut(lids.min()):
            self._draw_lids(swapped, vertices, width, memory.gaze, atlas)
        mouth = self._mouth.make(vertices, width, atlas, place.size)
        if mouth is not None:
            mouth.show(swapped, atlas)
        swapped = memory.detail.apply(lit(swapped, place.enlarged(gain)), target)
        if mouth is not None:
            self._keep_mouth(swapped, target, mouth, was)
        place.paste(frame, swapped, alpha * face.opacity)

    def _memory(self, face: Face) -> _Memory:
        if face.fresh or face.track not in self._memories:
            self._memories[face.track] = _Memory()
        return self._memories[face.track]

    def _reshaped(
        self, mesh: Mesh, eyes: Eyes, target: TargetShape, source: SourceFace
    ) -> tuple[Mesh, Opening]:
        """Return the target's mesh with the source's shape and the target's expression.

        With it comes how far the eyes are open in it, as shares of their usual opening.
        """
        pose = self._space.pose(mesh)
        shape = pose.invert(mesh)
        usual = target.update(shape, eyes)
        moved = self._strength * self._space.difference(source.shape, usual)
        lids = target.lids(shape, eyes)
        moved += target.openings(shape, lids, source.opening, self._strength)
        return (mesh + pose.apply_to_vectors(moved)).astype(np.float32), lids

    def _drawn(self, place: WorkArea, mesh: Mesh, atlas: AtlasMixture) -> _Drawn:
        on_grid = place.on_grid(with_rim(mesh))
        drawing = draw(self._surface, on_grid, atlas.ends, place.grid)
        width = float(np.ptp(on_grid[list(OVAL), 0]))
        return _Drawn(place, drawing.shown, drawing.places, width)

    def _seen(
        self, face: Face, memory: _Memory, unrolled: UnwrappedFace, frames: int = 1
    ) -> Sequence[float]:
        """Return the share of each of the source's atlases: as the target is seen, they are."""
        source = self._sources[face.identity]
        if len(source.aspects) == 1:
            return [1.0]
        now = self._aspects.find(face.mesh, unrolled)
        return memory.aspect.update(source.aspects, now, frames)

    def _hidden(
        self, memory: _Memory, old: Pixels, unrolled: UnwrappedFace, was: Vertices
    ) -> NDArray[np.float32] | None:
        """Return how much of each pixel of the grid shows something in front of the face."""
        memory.own, cover = self._occlusions.find(memory.own, unrolled)
        if cover is None:
            return None
        places = self._unroller.rolled(was, old.shape[1::-1])
        return self._occlusions.show(cover, old, places)

    def _fitted(
        self, drawn: _Drawn, atlas: AtlasMixture, old: Pixels, hidden: NDArray[np.float32] | None
    ) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
        """Return what brings the source into the target's light, and where it shall be seen."""
        source, trust = atlas.sample_with_trust(drawn.to_atlas, drawn.width)
        inside = paint(drawn.shown, self._regions.inside)
        seen = np.minimum(inside, trust.astype(np.float32) / 255)
        skin = paint(drawn.shown, self._regions.skin) * (seen > 0.5)
        if hidden is not None:
            skin *= hidden < _UNSEEN
        forehead = paint(drawn.shown, self._regions.forehead)
        bare = likeness(old[::2, ::2], (skin * (1 - forehead))[::2, ::2])
        seen = seen * (1 - forehead * (1 - enlarge(bare, drawn.place.grid)))
        gain = enlarge(match_light(source, old, skin, sigma=_LIGHT), drawn.place.grid)
        folds = _FOLDS * self._soft(drawn, self._regions.folds, _FOLD)
        gain = match_folds(source, old, gain, folds, sigma=_FOLD * drawn.width)
        alpha = softened(seen, _SOFT * drawn.width)
        return gain, alpha if hidden is None else alpha * (1 - hidden)

    def _draw_lids(
        self,
        swapped: Pixels,
        vertices: Vertices,
        width: float,
        gaze: GazeMatch,
        atlas: AtlasMixture,
    ) -> None:
        """Draw the slit between lids that are nearly shut."""
        eyes = self._eyes.make(vertices, width, atlas, swapped.shape[1::-1])
        if eyes is not None:
            between_lids = eyes.soft(self._regions.eyes, _LID)
            gaze.apply(eyes.drawing.places, between_lids, atlas.vertices)
            eyes.show(swapped, atlas)

    def _keep_mouth(self, swapped: Pixels, target: Pixels, mouth: CloseUp, was: Vertices) -> None:
        """Put the inside of the target's mouth back, where the new lips have it now."""
        share = mouth.soft(self._regions.mouth, _LID)
        x0, y0, width, height = cv2.boundingRect((share > _UNSEEN).view(np.uint8))
        if not width:
            return
        part = Box(x0, y0, x0 + width, y0 + height)
        x, y = mouth.moved_back(was, part)
        kept = cv2.remap(target, x, y, cv2.INTER_LINEAR)
        new = swapped[mouth.box.rows, mouth.box.columns][part.rows, part.columns]
        shown = share[part.rows, part.columns]
        new[:] = cv2.blendLinear(kept, np.ascontiguousarray(new), shown, 1 - shown)

    def _soft(self, drawn: _Drawn, weights: Weights, sigma: float) -> NDArray[np.float32]:
        """Paint a region with a border of ``sigma`` face widths."""
        return softened(paint(drawn.shown, weights), sigma * drawn.width)


def lit(picture: Pixels, gain: NDArray[np.float32]) -> Pixels:
    """Return ``picture`` in another light."""
    product: Pixels = cv2.multiply(picture, gain, dtype=cv2.CV_8U)
    return product

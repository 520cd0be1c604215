"""The engine ``mesh`` at work: draw the source's texture on the target's mesh."""

from collections.abc import Sequence
from dataclasses import dataclass, field

import cv2
import numpy as np
from numpy.typing import NDArray
from typing_extensions import override

from roop.faces.covering import wears_mask
from roop.faces.mesh.topology import (
    INNER_LIPS,
    LEFT_BROW,
    LEFT_EYE,
    OVAL,
    RIGHT_BROW,
    RIGHT_EYE,
    load_topology,
)
from roop.processors.base import Context, Processor
from roop.processors.mesh import MeshOptions
from roop.processors.mesh.appearance.colour import ColourMatch
from roop.processors.mesh.appearance.detail import DetailMatch
from roop.processors.mesh.appearance.light import enlarge, match_folds, match_light
from roop.processors.mesh.appearance.occlusion import AppearanceModel, OcclusionFinder
from roop.processors.mesh.appearance.skin import skin_similarity
from roop.processors.mesh.expression.eyes import Eyes, GazeMatch, measure_eyes
from roop.processors.mesh.expression.shape import Opening, ShapeSpace, TargetShape
from roop.processors.mesh.source.atlas import AtlasMixture
from roop.processors.mesh.source.closeup import CloseUp, CloseUpMaker
from roop.processors.mesh.source.lids import shut_share
from roop.processors.mesh.source.source import SourceFace, SourceMaker
from roop.processors.mesh.source.viewing_conditions import ConditionsEstimator, PhotoBlender
from roop.processors.mesh.surface.regions import Weights, make_regions
from roop.processors.mesh.surface.surface import (
    Vertices,
    blurred,
    make_surface,
    render,
    weights_per_pixel,
    with_rim,
)
from roop.processors.mesh.surface.unwrapping import UnwrappedFace, Unwrapper
from roop.processors.mesh.surface.work_area import WorkArea, work_area
from roop.types import AnalysedFrame, Box, Face, Frame, Mesh, Pixels

_LIGHT_SIGMA = 0.25
"""Sigma that separates light from features, as a share of the face's width."""

_FOLD_STRENGTH, _FOLD_WIDTH = 0.2, 0.03
"""How much of the source's folds to remove; the width of a fold, as a share of the face's width."""

_LID_SOFTNESS = 0.008
"""Softness of the borders of eyes and mouth, as a share of the face's width."""

_LIDS = [*RIGHT_EYE, *LEFT_EYE]
"""Points around the eyes."""

_NEGLIGIBLE = 0.002
"""A weight too small to change a grey level."""

_SILHOUETTE = np.ones((5, 5), np.uint8)
"""Neighbourhood, on the grid, within which a silhouette fades."""

_MASK_SOFTNESS = 0.025
"""Softness of the mask's border, as a share of the face's width."""


@dataclass(slots=True)
class _FaceState:
    """What is remembered of one target face from frame to frame."""

    shape: TargetShape = field(default_factory=TargetShape)
    gaze: GazeMatch = field(default_factory=GazeMatch)
    detail: DetailMatch = field(default_factory=DetailMatch)
    colours: ColourMatch = field(default_factory=ColourMatch)
    blender: PhotoBlender = field(default_factory=PhotoBlender)
    appearance: AppearanceModel | None = None
    masked: bool = False
    """Whether a mask covered the mouth in the first frame."""


@dataclass(frozen=True, slots=True, eq=False)
class _RenderedFace:
    """The surface, rendered on the grid of a work area."""

    area: WorkArea
    triangle_map: NDArray[np.intp]
    """``(H, W)``: the triangle at each pixel, -1 for none."""
    to_atlas: NDArray[np.float32]
    """``(2, H, W)``: the position of each pixel in the largest mipmap of the atlas."""
    width: float
    """Width of the face, pixels of the grid."""


class MeshSwap(Processor):
    """Replaces faces by the source's, warped triangle by triangle and relit."""

    def __init__(self, options: MeshOptions, context: Context) -> None:
        topology = load_topology()
        self._strength = options.face_shape
        self._surface = make_surface(topology)
        self._regions = make_regions(topology, self._surface)
        self._eyes = CloseUpMaker(self._surface, _LIDS)
        self._mouth = CloseUpMaker(self._surface, INNER_LIPS)
        self._unwrapper = Unwrapper(self._surface, self._regions)
        self._occlusions = OcclusionFinder(self._unwrapper)
        self._space = ShapeSpace(topology)
        self._estimator = ConditionsEstimator(self._space, self._unwrapper)
        maker = SourceMaker(self._space, self._surface, self._regions, self._unwrapper)
        self._sources = [maker.make(identity) for identity in context.identities]
        self._states: dict[int, _FaceState] = {}

    @override
    def process(self, analysed_frames: Sequence[AnalysedFrame]) -> Sequence[AnalysedFrame]:
        for analysed in analysed_frames:
            for face in analysed.faces:
                self._swap(analysed.frame, face)
        return analysed_frames

    @override
    def observe(self, analysed: AnalysedFrame, frame_count: int) -> None:
        for face in analysed.faces:
            area = work_area(face.mesh, analysed.frame.size)
            if area is not None:
                state, target = self._state(face), area.cut(analysed.frame)
                eyes = measure_eyes(target, area.to_image(face.mesh))
                state.shape.update(self._space.shape(face.mesh), eyes, frame_count)
                unwrapped = self._unwrapper.unwrap(
                    area.shrink_to_grid(target), area.to_grid(with_rim(face.mesh))
                )
                self._photo_shares(face, state, unwrapped, frame_count)
                if state.appearance is None:
                    state.masked = wears_mask(analysed.frame, face.mesh)
                state.appearance, _ = self._occlusions.find(
                    state.appearance, unwrapped, masked=state.masked
                )

    @override
    def reset(self) -> None:
        self._states.clear()

    def _swap(self, frame: Frame, face: Face) -> None:
        area = work_area(face.mesh, frame.size)
        if area is None:
            return
        state = self._state(face)
        source = self._sources[face.identity]
        target = area.cut(frame)
        full_mesh = with_rim(face.mesh)
        mesh_in_image, mesh_on_grid = area.to_image(full_mesh), area.to_grid(full_mesh)
        target_on_grid = area.shrink_to_grid(target)
        unwrapped = self._unwrapper.unwrap(target_on_grid, mesh_on_grid)
        shares = self._photo_shares(face, state, unwrapped)
        eyes = measure_eyes(target, mesh_in_image)
        reshaped, openness = self._reshape(face, eyes, state.shape, source)
        atlas = source.mixture(shares, shut_share(openness.max()))  # a wink keeps the lashes
        rendered = self._render(area, reshaped, atlas)
        gaze = face.gaze if source.exact_gaze else None
        state.gaze.update(source.gaze, eyes.gaze if gaze is None else gaze, exact=gaze is not None)
        between_lids = self._soft(rendered, self._regions.eyes, _LID_SOFTNESS)
        state.gaze.apply(rendered.to_atlas, between_lids, atlas.vertices)
        if state.appearance is None:
            state.masked = wears_mask(frame, face.mesh)
        hidden = self._occlusion_mask(state, target_on_grid, unwrapped, mesh_on_grid)
        brows = brow_cover(mesh_on_grid, target_on_grid.shape[:2])
        gain, alpha = self._gain_and_alpha(rendered, atlas, target_on_grid, hidden, brows)
        width = float(np.ptp(mesh_in_image[: len(face.mesh), 0]))
        swapped = atlas.sample(rendered.to_atlas, width, area.size)
        vertices = area.to_image(with_rim(reshaped))
        if shut_share(openness.min()):
            self._draw_lids(swapped, vertices, width, state.gaze, atlas)
        mouth = self._mouth.make(vertices, width, atlas, area.size)
        if mouth is not None:
            mouth.draw_onto(swapped, atlas)
        swapped = state.detail.apply(apply_gain(swapped, area.enlarge_from_grid(gain)), target)
        swapped = state.colours.apply(swapped, target, alpha)
        if mouth is not None:
            self._keep_mouth(swapped, target, mouth, mesh_in_image)
        area.paste(frame, swapped, alpha * face.opacity)

    def _state(self, face: Face) -> _FaceState:
        if face.fresh or face.track not in self._states:
            self._states[face.track] = _FaceState()
        return self._states[face.track]

    def _reshape(
        self, face: Face, eyes: Eyes, target: TargetShape, source: SourceFace
    ) -> tuple[Mesh, Opening]:
        """Return the target's mesh with the source's shape and the target's expression.

        Also return how far its eyes are open, as shares of their usual opening.
        """
        mesh = face.mesh
        pose = self._space.pose(mesh)
        shape = pose.invert(mesh)
        usual = target.update(shape, eyes)
        offsets = self._strength * self._space.shape_offsets(source.shape, usual)
        openness = target.openness(shape, eyes, exact=face.gaze is not None)
        offsets += target.expression_offsets(shape, openness, source.opening, self._strength)
        return (mesh + pose.apply_to_vectors(offsets)).astype(np.float32), openness

    def _render(self, area: WorkArea, mesh: Mesh, atlas: AtlasMixture) -> _RenderedFace:
        mesh_on_grid = area.to_grid(with_rim(mesh))
        rendered = render(self._surface, mesh_on_grid, atlas.texture_coordinates, area.grid)
        width = float(np.ptp(mesh_on_grid[list(OVAL), 0]))
        return _RenderedFace(area, rendered.triangle_map, rendered.coordinates, width)

    def _photo_shares(
        self, face: Face, state: _FaceState, unwrapped: UnwrappedFace, frames: int = 1
    ) -> Sequence[float]:
        """Return the share of each of the source's atlases, given the target's pose and light."""
        source = self._sources[face.identity]
        if len(source.conditions) == 1:
            return [1.0]
        conditions = self._estimator.estimate(face.mesh, unwrapped)
        return state.blender.update(source.conditions, conditions, frames)

    def _occlusion_mask(
        self,
        state: _FaceState,
        target_on_grid: Pixels,
        unwrapped: UnwrappedFace,
        mesh_on_grid: Vertices,
    ) -> NDArray[np.float32] | None:
        """Return how much of each pixel of the grid is occluded; None if nothing is."""
        state.appearance, occlusion = self._occlusions.find(
            state.appearance, unwrapped, masked=state.masked
        )
        if occlusion is None:
            return None
        positions = self._unwrapper.layout_positions(mesh_on_grid, target_on_grid.shape[1::-1])
        return self._occlusions.mask(occlusion, target_on_grid, positions)

    def _gain_and_alpha(
        self,
        rendered: _RenderedFace,
        atlas: AtlasMixture,
        target_on_grid: Pixels,
        hidden: NDArray[np.float32] | None,
        brows: NDArray[np.float32],
    ) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
        """Return, on the grid, the gain that relights the source, and the new face's opacity."""
        source, trust = atlas.sample_with_trust(rendered.to_atlas, rendered.width)
        inside = weights_per_pixel(rendered.triangle_map, self._regions.inside)
        visible = np.minimum(inside, trust.astype(np.float32) / 255)
        skin = weights_per_pixel(rendered.triangle_map, self._regions.skin) * (visible > 0.5)
        if hidden is not None:
            skin *= hidden < _NEGLIGIBLE
        forehead = weights_per_pixel(rendered.triangle_map, self._regions.forehead)
        bare = skin_similarity(target_on_grid[::2, ::2], (skin * (1 - forehead))[::2, ::2])
        bare = np.maximum(enlarge(bare, rendered.area.grid), brows)  # old brows are no hair
        visible = visible * (1 - forehead * (1 - bare))
        gain = enlarge(
            match_light(source, target_on_grid, skin, sigma=_LIGHT_SIGMA), rendered.area.grid
        )
        folds = _FOLD_STRENGTH * self._soft(rendered, self._regions.folds, _FOLD_WIDTH)
        gain = match_folds(source, target_on_grid, gain, folds, sigma=_FOLD_WIDTH * rendered.width)
        alpha = blurred(visible, _MASK_SOFTNESS * rendered.width) * _within_silhouette(rendered)
        return gain, alpha if hidden is None else alpha * (1 - hidden)

    def _draw_lids(
        self,
        swapped: Pixels,
        vertices: Vertices,
        width: float,
        gaze: GazeMatch,
        atlas: AtlasMixture,
    ) -> None:
        """Draw eyes that are nearly shut at full resolution."""
        eyes = self._eyes.make(vertices, width, atlas, swapped.shape[1::-1])
        if eyes is not None:
            between_lids = eyes.soft_weights(self._regions.eyes, _LID_SOFTNESS)
            gaze.apply(eyes.rendered.coordinates, between_lids, atlas.vertices)
            eyes.draw_onto(swapped, atlas)

    def _keep_mouth(
        self, swapped: Pixels, target: Pixels, mouth: CloseUp, mesh_in_image: Vertices
    ) -> None:
        """Draw the inside of the target's mouth between the new lips."""
        share = mouth.soft_weights(self._regions.mouth, _LID_SOFTNESS)
        x0, y0, width, height = cv2.boundingRect((share > _NEGLIGIBLE).view(np.uint8))
        if not width:
            return
        part = Box(x0, y0, x0 + width, y0 + height)
        x, y = mouth.source_coordinates(mesh_in_image, part)
        inside = cv2.remap(target, x, y, cv2.INTER_LINEAR)
        new = swapped[mouth.box.rows, mouth.box.columns][part.rows, part.columns]
        weight = share[part.rows, part.columns]
        new[:] = cv2.blendLinear(inside, np.ascontiguousarray(new), weight, 1 - weight)

    def _soft(self, rendered: _RenderedFace, weights: Weights, sigma: float) -> NDArray[np.float32]:
        """Return the weights of a region with a border of ``sigma`` face widths."""
        return blurred(weights_per_pixel(rendered.triangle_map, weights), sigma * rendered.width)


def _within_silhouette(rendered: _RenderedFace) -> NDArray[np.float32]:
    """Return 1 inside the surface, falling smoothly to 0 at the last pixels that it covers.

    Beyond them the texture has no position, and interpolating towards one shows as stairs.
    """
    covered = (rendered.triangle_map >= 0).astype(np.uint8)
    inner = cv2.erode(covered, _SILHOUETTE, borderType=cv2.BORDER_REPLICATE)
    soft: NDArray[np.float32] = cv2.blur(inner.astype(np.float32), _SILHOUETTE.shape)
    return soft


def brow_cover(mesh: Vertices, shape: tuple[int, ...]) -> NDArray[np.float32]:
    """Return 1 where a face's brows are, softly 0 beyond.

    Args:
        mesh: ``(N, 3)``: the face's points in pixels of the result.
        shape: (height, width) of the result.
    """
    cover = np.zeros(shape[:2], np.float32)
    for brow in (RIGHT_BROW, LEFT_BROW):
        points = np.rint(mesh[list(brow), :2]).astype(np.int32)
        cv2.fillConvexPoly(cover, cv2.convexHull(points), 1.0)
    soft: NDArray[np.float32] = cv2.blur(cv2.dilate(cover, _SILHOUETTE), _SILHOUETTE.shape)
    return soft


def apply_gain(image: Pixels, gain: NDArray[np.float32]) -> Pixels:
    """Return ``image`` multiplied by ``gain``."""
    product: Pixels = cv2.multiply(image, gain, dtype=cv2.CV_8U)
    return product

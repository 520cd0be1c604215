"""Make the texture atlases of a source's face from photos."""

from collections.abc import Sequence

import cv2
import numpy as np
from numpy.typing import NDArray

from roop.faces.mesh.topology import INNER_LIPS
from roop.processors.mesh.appearance.light import enlarge, match_light
from roop.processors.mesh.appearance.skin import skin_similarity
from roop.processors.mesh.source.atlas import Atlas, make_mipmaps
from roop.processors.mesh.source.corners import brighten_corners
from roop.processors.mesh.source.folds import flatten_folds
from roop.processors.mesh.surface.polygon import fill_polygon, fill_polygon_softly
from roop.processors.mesh.surface.regions import Regions, Weights
from roop.processors.mesh.surface.surface import (
    RenderedMesh,
    Surface,
    Vertices,
    render,
    weights_per_pixel,
    with_rim,
)
from roop.types import Pixels, Portrait

_FLATTENED = 0.5
"""Share of the folds of a broad smile that is removed."""

_MAX_WIDTH = 640
"""Largest width of an atlas, pixels."""

_View = tuple[NDArray[np.uint8], NDArray[np.float32]]
"""A photo in the layout of an atlas, ``(H, W, 3)``, and the trust in each pixel, ``(H, W)``, 0..1.
"""

_HIDDEN, _VISIBLE = 0.25, 0.55
"""Cosine between the line of sight and a triangle's normal up to which the photo shows nothing of
the triangle, and from which it shows enough."""

_HAIR_MARGIN = 0.03
"""Width of the margin around hair and hats in which the forehead is not trusted, as a share of the
atlas's width."""

_TONE_WIDTH, _TONE_SIGMA = 64, 0.03
"""Width of the image of the skin's tone, pixels, and the sigma of its Gaussian, as a share of that.
"""

_STREAKY, _CLEAR = 0.25, 0.7
"""Trust below which the photo shows only streaks, and above which it is clear."""

_EYE_SURROUNDINGS = np.ones((5, 5), np.uint8)
"""How far around the eyes pixels are taken along with them, in pixels of the atlas."""

_MOUTH_LINE, _MOUTH_LINE_WIDTH = 0.55, 0.002
"""Brightness of the line between closed lips, as a share of the lips', and how far it reaches into
each lip, as a share of the atlas's width."""

_THINNEST = 0.8
"""Least reach of that line into a lip, pixels: a thinner line would be broken."""

_SPECK_REACH, _DARKEST = 0.04, 0.8
"""Distance from the opening of the mouth, as a share of the atlas's width, within which nothing is
darker than this share of the line: the dark corners of a smile would be specks on a serious mouth.
"""


class AtlasMaker:
    """Unwraps photos of one person into atlases with a common layout.

    Args:
        portraits: The photos, the most frontal one first.
        surface: The surface to unwrap.
        regions: Of the surface.
        smile: How broadly the first photo smiles, 0..1.
    """

    def __init__(
        self,
        portraits: Sequence[Portrait],
        surface: Surface,
        regions: Regions,
        smile: float = 0.0,
    ) -> None:
        self._smile = smile
        self._portraits = portraits
        self._surface = surface
        self._regions = regions
        first = with_rim(portraits[0].mesh)
        width = min(_MAX_WIDTH, max(int(np.ptp(first[:, 0])), 64))
        flat = surface.flat * width
        flat[:, :2] -= flat[:, :2].min(axis=0)
        self._flat: Vertices = flat
        self._size = (int(np.ceil(flat[:, 0].max())) + 1, int(np.ceil(flat[:, 1].max())) + 1)
        self._texture_coordinates = surface.texture_coordinates(flat)
        self._triangle_map = render(
            surface, flat, self._texture_coordinates, self._size
        ).triangle_map
        self._skin = self._weights(regions.skin)
        self._features = self._weights(regions.inside * (1 - regions.skin))
        reach = 2 * round(_HAIR_MARGIN * self._size[0]) + 1
        self._hair_margin = cv2.getStructuringElement(cv2.MORPH_ELLIPSE, (reach, reach))
        views = [self._photo_view(portrait) for portrait in portraits]
        views.append(self._unwrap(portraits[0].pixels, first[surface.mirror]))
        merged = views[0]
        for view in views[1:]:
            merged = _merge_views(merged, view, self._skin)
        self._merged = merged

    def merged(self) -> Atlas:
        """Return the atlas of all photos, in the light of the first.

        Each part comes from the first photo that shows it well. What no photo shows is filled in
        from the mirrored other side of the first.
        """
        return self._atlas(self._merged)

    def from_photo(self, number: int) -> Atlas:
        """Return the atlas of one photo; what it hardly shows is taken from ``merged``.

        So are the eyes: those of different photos look different ways, and a mixture of them looks
        nowhere.
        """
        pixels, trust = self._photo_view(self._portraits[number])
        eyes = self._soft(cv2.dilate(self._weights(self._regions.eyes), _EYE_SURROUNDINGS))
        return self._atlas(_merge_views((pixels, trust * (1 - eyes)), self._merged, self._skin))

    def _photo_view(self, portrait: Portrait) -> _View:
        return self._unwrap(portrait.pixels, with_rim(portrait.mesh))

    def _unwrap(self, photo: Pixels, mesh: Vertices) -> _View:
        rendered = render(
            self._surface, self._flat, self._surface.texture_coordinates(mesh), self._size
        )
        inside = self._regions.inside
        visible = weights_per_pixel(
            rendered.triangle_map, inside * np.append(_triangle_visibility(self._surface, mesh), 0)
        )
        trust = self._soft(visible)
        pixels = _sample_photo(photo, rendered)
        alike = skin_similarity(pixels, trust * self._skin)
        return pixels, trust * np.maximum(alike, self._features)

    def _atlas(self, view: _View) -> Atlas:
        pixels, trust = view[0].copy(), view[1]
        brighten_corners(pixels, self._flat[:, :2])
        folds = self._soft(self._weights(self._regions.folds * (self._regions.skin > 0)))
        pixels = flatten_folds(pixels, folds, self._skin, _FLATTENED * self._smile)
        _blacken_mouth(pixels, self._flat[list(INNER_LIPS), :2])
        trust = np.maximum(trust, self._soft(self._weights(self._regions.core)))
        bare = skin_similarity(pixels, trust * self._skin, strict=True)
        bare = self._soft(cv2.erode(np.maximum(bare, self._features), self._hair_margin))
        trust = trust * (1 - self._soft(self._weights(self._regions.forehead)) * (1 - bare))
        pixels = _fill_untrusted(pixels, trust, self._skin)
        alpha = np.rint(255 * trust).astype(np.uint8)
        return Atlas(
            make_mipmaps(np.dstack([pixels, alpha])), self._flat, self._texture_coordinates
        )

    def _weights(self, weights: Weights) -> NDArray[np.float32]:
        return weights_per_pixel(self._triangle_map, weights)

    def _soft(self, weights: NDArray[np.float32]) -> NDArray[np.float32]:
        soft: NDArray[np.float32] = cv2.GaussianBlur(weights, (0, 0), 0.02 * self._size[0])
        return soft


def _merge_views(view: _View, other: _View, plain_skin: NDArray[np.float32]) -> _View:
    """Fill in what one view hardly shows from another view, relit to match."""
    (pixels, trust), (others, other_trust) = view, other
    height, width = trust.shape
    skin = np.minimum(trust, other_trust) * plain_skin
    relit = _apply_gain(
        others, enlarge(match_light(others, pixels, skin, sigma=0.12), (width, height))
    )
    share = ((trust + 1e-3) / (trust + (1 - trust) * other_trust + 1e-3))[..., None]
    merged = np.rint(pixels * share + relit * (1 - share)).astype(np.uint8)
    return merged, np.maximum(trust, other_trust)


def _fill_untrusted(
    pixels: NDArray[np.uint8], trust: NDArray[np.float32], plain_skin: NDArray[np.float32]
) -> NDArray[np.uint8]:
    """Replace what the photo hardly shows by the tone of the nearest skin.

    Skin at a flat angle is stretched into streaks, with hair and background between them.
    """
    height, width = trust.shape
    clear = np.clip((trust - _STREAKY) / (_CLEAR - _STREAKY), 0, 1)
    small = (_TONE_WIDTH, max(round(height / width * _TONE_WIDTH), 1))
    weight = clear * plain_skin
    skin = np.dstack([pixels * weight[..., None], weight]).astype(np.float32)
    skin = cv2.resize(skin, small, interpolation=cv2.INTER_AREA)
    total = skin.sum(axis=(0, 1))
    near = cv2.GaussianBlur(skin, (0, 0), _TONE_SIGMA * _TONE_WIDTH)
    near = near + 1e-3 * total / max(total[3], 1e-3)
    tone = enlarge(near[..., :3] / near[..., 3:], (width, height))
    result: NDArray[np.float32] = np.rint(tone + clear[..., None] * (pixels - tone))
    return result.astype(np.uint8)


def _sample_photo(photo: Pixels, rendered: RenderedMesh) -> NDArray[np.uint8]:
    x, y = rendered.coordinates
    pixels: NDArray[np.uint8] = cv2.remap(
        photo, x, y, cv2.INTER_CUBIC, borderMode=cv2.BORDER_REPLICATE
    )
    return pixels


def _triangle_visibility(surface: Surface, mesh: Vertices) -> NDArray[np.float32]:
    """Return how well the photo shows each triangle, ``(T,)``, 0..1."""
    corners = mesh[surface.triangles].astype(np.float64)
    normals = np.cross(corners[:, 1] - corners[:, 0], corners[:, 2] - corners[:, 0])
    cosine = np.abs(normals[:, 2]) / np.maximum(np.linalg.norm(normals, axis=1), 1e-6)
    facing = normals[:, 2] * surface.orientation(mesh) > 0
    visible: NDArray[np.float64] = np.clip((cosine - _HIDDEN) / (_VISIBLE - _HIDDEN), 0, 1) * facing
    return visible.astype(np.float32)


def _blacken_mouth(pixels: NDArray[np.uint8], opening: Vertices) -> None:
    """Paint the opening of the mouth like the line between closed lips.

    The target's own mouth is drawn there. Only where its lips meet, the line between them comes
    from the atlas, and must not be made of the source's teeth. The line reaches a little into the
    lips, so that some of it is left where they meet.

    Args:
        pixels: ``(H, W, 3)``; changed in place.
        opening: ``(N, 2)``: the border of the opening.
    """
    shape = pixels.shape[:2]
    inside = fill_polygon(shape, opening)
    lips = pixels[(inside == 0) & (cv2.dilate(inside, np.ones((9, 9), np.uint8)) > 0)]
    if not lips.size:
        return
    line = np.median(lips, axis=0) * _MOUTH_LINE
    distance = cv2.distanceTransform((inside == 0).astype(np.uint8), cv2.DIST_L2, 5)
    near = (distance < _SPECK_REACH * shape[1])[..., None]
    lightened = np.where(near, np.maximum(pixels, _DARKEST * line), pixels)
    reach = max(_MOUTH_LINE_WIDTH * shape[1], _THINNEST)
    share = fill_polygon_softly(shape, opening, reach)[..., None]
    pixels[:] = np.rint(lightened + share * (line - lightened))


def _apply_gain(pixels: NDArray[np.uint8], gain: NDArray[np.float32]) -> NDArray[np.float32]:
    brightened: NDArray[np.float32] = np.clip(pixels * gain, 0, 255)
    return brightened

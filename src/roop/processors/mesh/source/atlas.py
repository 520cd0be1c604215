"""The source's face laid out flat: one texture for every pose, at several sizes."""

from collections.abc import Sequence
from dataclasses import dataclass, replace

import cv2
import numpy as np
from numpy.typing import NDArray

from roop.faces.mesh.topology import INNER_LIPS
from roop.processors.mesh.appearance.light import enlarge, match_light
from roop.processors.mesh.appearance.skin import likeness
from roop.processors.mesh.source.lids import with_shut_lids
from roop.processors.mesh.surface.polygon import filled, softly_filled
from roop.processors.mesh.surface.regions import Regions, Weights
from roop.processors.mesh.surface.surface import (
    Ends,
    RenderedMesh,
    Surface,
    Vertices,
    draw,
    paint,
    with_rim,
)
from roop.types import Pixels, Portrait

_WIDTH = 640
"""Largest width of the atlas, pixels."""

_SMALLEST = 96
"""No size of the atlas has a shorter side than half of this, pixels."""

_OVERSAMPLING = 1.3
"""The atlas is at least as wide as the drawn face times this, so that no detail is lost."""

Places = NDArray[np.float32]
"""``(2, H, W)``: x and y in the largest size of an atlas, for each pixel of a picture."""

_Trusted = NDArray[np.uint8]
"""``(H, W, 4)``: red, green, blue, and how far the photo really shows this skin, 0..255. OpenCV
samples four channels in less than half the time of three."""

_View = tuple[NDArray[np.uint8], NDArray[np.float32]]
"""A photo in the layout of an atlas, ``(H, W, 3)``, and how far to trust it, ``(H, W)``, 0..1."""

_HIDDEN, _SEEN = 0.25, 0.55
"""Cosine between the view and a triangle's normal at which the photo shows none / enough of it."""


_FRINGE = 0.03
"""How far from hair and hats the forehead is not trusted, as a share of the atlas's width."""

_TONES, _TONE = 64, 0.03
"""Width of the picture of the skin's tones, pixels, and of their Gaussian, as a share of it."""

_STREAKS, _CLEAR = 0.25, 0.7
"""Trust below which the photo shows nothing but streaks, and above which it is clear."""

_AROUND = np.ones((5, 5), np.uint8)
"""How far around the eyes their surroundings are taken with them, pixels of the atlas."""

_MOUTH_LINE, _MOUTH_LINE_WIDTH = 0.55, 0.002
"""Brightness of the line between closed lips, as a share of theirs, and how far it reaches into
each, as a share of the atlas's width."""

_THINNEST = 0.8
"""How far it reaches at least, pixels: less would leave a broken line."""

_CORNERS, _DARKEST = 0.04, 0.8
"""How far from the opening of the mouth, as a share of the atlas's width, nothing is darker than
this share of that line: the dark corners of a smile would be specks on a mouth that does not."""


@dataclass(frozen=True, slots=True, eq=False)
class Atlas:
    """The laid out face at several sizes, each half the one before."""

    levels: tuple[_Trusted, ...]
    vertices: Vertices
    """``(N, 2)``: where the surface's points lie in the largest size."""
    ends: Ends
    """The same, to draw with."""

    @property
    def pixels(self) -> Pixels:
        """The colours at the largest size."""
        return _colours(self.levels[0])

    def sample(self, places: Places, width: float, size: tuple[int, int] | None) -> _Trusted:
        """Return what lies at ``places``; 0 outside. See ``AtlasMixture.sample``."""
        level = self._level(width)
        zoom_x, zoom_y = (level.shape[i] / self.levels[0].shape[i] for i in (1, 0))
        x, y = (places[0] + 0.5) * zoom_x - 0.5, (places[1] + 0.5) * zoom_y - 0.5
        if size is not None:
            x, y = enlarge(x, size), enlarge(y, size)
        found: _Trusted = cv2.remap(level, x, y, cv2.INTER_LINEAR)
        return found

    def with_shut_lids(self) -> "Atlas":
        """Return the same face with its eyes shut."""
        shut = with_shut_lids(self.pixels, self.vertices)
        return replace(self, levels=_halved(np.dstack([shut, self.levels[0][..., 3]])))

    def _level(self, width: float) -> _Trusted:
        largest = float(np.ptp(self.vertices[:, 0]))
        halvings = int(np.floor(np.log2(max(largest / max(_OVERSAMPLING * width, 1), 1))))
        return self.levels[min(halvings, len(self.levels) - 1)]


@dataclass(frozen=True, slots=True, eq=False)
class AtlasMixture:
    """Atlases of one person in one layout, each seen for its share."""

    parts: tuple[tuple[Atlas, float], ...]
    """One at least, the shares adding up to 1."""

    @property
    def vertices(self) -> Vertices:
        """``(N, 2)``: where the surface's points lie in the largest size of every atlas."""
        return self.parts[0][0].vertices

    @property
    def ends(self) -> Ends:
        """The same, to draw with."""
        return self.parts[0][0].ends

    def sample(self, places: Places, width: float, size: tuple[int, int] | None = None) -> Pixels:
        """Return the colours at ``places``; black outside.

        Args:
            places: Where to look.
            width: Of the face that is drawn, pixels: the smallest size of the atlas is taken that
                loses no detail.
            size: (width, height) of the picture; that of ``places`` by default.
        """
        return _colours(self._sampled(places, width, size))

    def sample_with_trust(self, places: Places, width: float) -> tuple[Pixels, NDArray[np.uint8]]:
        """Return the colours at ``places``, as ``sample`` does, and the trust in them."""
        found = self._sampled(places, width, None)
        return _colours(found), cv2.extractChannel(found, 3)

    def _sampled(self, places: Places, width: float, size: tuple[int, int] | None) -> _Trusted:
        (first, total), *others = self.parts
        mixed = first.sample(places, width, size)
        for atlas, share in others:
            total += share
            part = atlas.sample(places, width, size)
            mixed = cv2.addWeighted(mixed, 1 - share / total, part, share / total, 0)
        return mixed


def _colours(trusted: _Trusted) -> Pixels:
    colours: Pixels = cv2.cvtColor(trusted, cv2.COLOR_RGBA2RGB)
    return colours


class AtlasMaker:
    """Lays photos of one person out flat, all in one layout.

    Args:
        portraits: The photos, the one that looks at the camera most first.
        surface: What they are laid on.
        regions: Of the surface.
    """

    def __init__(self, portraits: Sequence[Portrait], surface: Surface, regions: Regions) -> None:
        self._portraits = portraits
        self._surface = surface
        self._regions = regions
        first = with_rim(portraits[0].mesh)
        width = min(_WIDTH, max(int(np.ptp(first[:, 0])), 64))
        flat = surface.flat * width
        flat[:, :2] -= flat[:, :2].min(axis=0)
        self._flat: Vertices = flat
        self._size = (int(np.ceil(flat[:, 0].max())) + 1, int(np.ceil(flat[:, 1].max())) + 1)
        self._ends = surface.ends(flat)
        self._shown = draw(surface, flat, self._ends, self._size).shown
        self._plain = self._painted(regions.skin)
        self._features = self._painted(regions.inside * (1 - regions.skin))
        reach = 2 * round(_FRINGE * self._size[0]) + 1
        self._fringe = cv2.getStructuringElement(cv2.MORPH_ELLIPSE, (reach, reach))
        views = [self._view(portrait) for portrait in portraits]
        views.append(self._unrolled(portraits[0].pixels, first[surface.mirror]))
        mixed = views[0]
        for view in views[1:]:
            mixed = _joined(mixed, view, self._plain)
        self._mixed = mixed

    def whole(self) -> Atlas:
        """Return the face in the light of the first photo.

        Each part is taken from the photo that shows it well, the first if several do. Where all
        turn away the mirrored other side of the first fills in.
        """
        return self._atlas(self._mixed)

    def nearest_to(self, number: int) -> Atlas:
        """Return the face as one photo shows it; what it hardly shows is that of ``whole``.

        So are the eyes: those of two photos look two ways, and no mixture of them looks at all.
        """
        pixels, trust = self._view(self._portraits[number])
        eyes = self._soft(cv2.dilate(self._painted(self._regions.eyes), _AROUND))
        return self._atlas(_joined((pixels, trust * (1 - eyes)), self._mixed, self._plain))

    def _view(self, portrait: Portrait) -> _View:
        return self._unrolled(portrait.pixels, with_rim(portrait.mesh))

    def _unrolled(self, photo: Pixels, mesh: Vertices) -> _View:
        drawing = draw(self._surface, self._flat, self._surface.ends(mesh), self._size)
        inside = self._regions.inside
        visible = paint(drawing.shown, inside * np.append(_visible(self._surface, mesh), 0))
        trust = self._soft(visible)
        pixels = _cut(photo, drawing)
        alike = likeness(pixels, trust * self._plain)
        return pixels, trust * np.maximum(alike, self._features)

    def _atlas(self, view: _View) -> Atlas:
        pixels, known = view[0].copy(), view[1]
        _blacken_mouth(pixels, self._flat[list(INNER_LIPS), :2])
        known = np.maximum(known, self._soft(self._painted(self._regions.core)))
        bare = likeness(pixels, known * self._plain, strict=True)
        bare = self._soft(cv2.erode(np.maximum(bare, self._features), self._fringe))
        known = known * (1 - self._soft(self._painted(self._regions.forehead)) * (1 - bare))
        pixels = _smoothed(pixels, known, self._plain)
        trust = np.rint(255 * known).astype(np.uint8)
        return Atlas(_halved(np.dstack([pixels, trust])), self._flat, self._ends)

    def _painted(self, weights: Weights) -> NDArray[np.float32]:
        return paint(self._shown, weights)

    def _soft(self, weights: NDArray[np.float32]) -> NDArray[np.float32]:
        soft: NDArray[np.float32] = cv2.GaussianBlur(weights, (0, 0), 0.02 * self._size[0])
        return soft


def _joined(view: _View, other: _View, plain: NDArray[np.float32]) -> _View:
    """Fill in what one view hardly shows from another, brought into its light."""
    (pixels, trust), (others, other_trust) = view, other
    height, width = trust.shape
    skin = np.minimum(trust, other_trust) * plain
    relit = _lit(others, enlarge(match_light(others, pixels, skin, sigma=0.12), (width, height)))
    share = ((trust + 1e-3) / (trust + (1 - trust) * other_trust + 1e-3))[..., None]
    mixed = np.rint(pixels * share + relit * (1 - share)).astype(np.uint8)
    return mixed, np.maximum(trust, other_trust)


def _smoothed(
    pixels: NDArray[np.uint8], known: NDArray[np.float32], plain: NDArray[np.float32]
) -> NDArray[np.uint8]:
    """Replace what the photo hardly shows by the tone of the nearest skin.

    Seen at a flat angle, skin is stretched into streaks, with hair and background between them.
    """
    height, width = known.shape
    clear = np.clip((known - _STREAKS) / (_CLEAR - _STREAKS), 0, 1)
    small = (_TONES, max(round(height / width * _TONES), 1))
    skin = np.dstack([pixels * (clear * plain)[..., None], clear * plain]).astype(np.float32)
    skin = cv2.resize(skin, small, interpolation=cv2.INTER_AREA)
    whole = skin.sum(axis=(0, 1))
    near = cv2.GaussianBlur(skin, (0, 0), _TONE * _TONES) + 1e-3 * whole / max(whole[3], 1e-3)
    tone = enlarge(near[..., :3] / near[..., 3:], (width, height))
    filled: NDArray[np.float32] = np.rint(tone + clear[..., None] * (pixels - tone))
    return filled.astype(np.uint8)


def _cut(photo: Pixels, drawing: RenderedMesh) -> NDArray[np.uint8]:
    x, y = drawing.places
    pixels: NDArray[np.uint8] = cv2.remap(
        photo, x, y, cv2.INTER_CUBIC, borderMode=cv2.BORDER_REPLICATE
    )
    return pixels


def _visible(surface: Surface, mesh: Vertices) -> NDArray[np.float32]:
    """Return how well the photo shows each triangle, 0..1: ``(T,)``."""
    corners = mesh[surface.triangles].astype(np.float64)
    normals = np.cross(corners[:, 1] - corners[:, 0], corners[:, 2] - corners[:, 0])
    cosine = np.abs(normals[:, 2]) / np.maximum(np.linalg.norm(normals, axis=1), 1e-6)
    facing = normals[:, 2] * surface.turn(mesh) > 0
    visible: NDArray[np.float64] = np.clip((cosine - _HIDDEN) / (_SEEN - _HIDDEN), 0, 1) * facing
    return visible.astype(np.float32)


def _blacken_mouth(pixels: NDArray[np.uint8], opening: Vertices) -> None:
    """Paint the opening of the mouth like a closed mouth's line: the target's own mouth is shown.

    Where the target's lips meet, the line between them would else be drawn of the source's teeth.
    It reaches a little into the lips, so that a line is left where they meet.

    Args:
        pixels: ``(H, W, 3)``; changed in place.
        opening: ``(N, 2)``: its border.
    """
    shape = pixels.shape[:2]
    inside = filled(shape, opening)
    lips = pixels[(inside == 0) & (cv2.dilate(inside, np.ones((9, 9), np.uint8)) > 0)]
    if not lips.size:
        return
    line = np.median(lips, axis=0) * _MOUTH_LINE
    distance = cv2.distanceTransform((inside == 0).astype(np.uint8), cv2.DIST_L2, 5)
    near = (distance < _CORNERS * shape[1])[..., None]
    lightened = np.where(near, np.maximum(pixels, _DARKEST * line), pixels)
    reach = max(_MOUTH_LINE_WIDTH * shape[1], _THINNEST)
    share = softly_filled(shape, opening, reach)[..., None]
    pixels[:] = np.rint(lightened + share * (line - lightened))


def _lit(pixels: NDArray[np.uint8], gain: NDArray[np.float32]) -> NDArray[np.float32]:
    lit: NDArray[np.float32] = np.clip(pixels * gain, 0, 255)
    return lit


def _halved(picture: NDArray[np.uint8]) -> tuple[NDArray[np.uint8], ...]:
    levels = [picture]
    while min(levels[-1].shape[:2]) >= _SMALLEST:
        height, width = levels[-1].shape[:2]
        size = (round(width / 2), round(height / 2))
        levels.append(cv2.resize(levels[-1], size, interpolation=cv2.INTER_AREA))
    return tuple(levels)

"""The texture atlas of a source's face: unwrapped once, for every pose, with mipmaps."""

from dataclasses import dataclass, replace

import cv2
import numpy as np
from numpy.typing import NDArray

from roop.processors.mesh.appearance.light import enlarge
from roop.processors.mesh.source.lids import with_shut_lids
from roop.processors.mesh.surface.surface import (
    TextureCoordinates,
    Vertices,
)
from roop.types import Pixels

_MIN_MIPMAP = 96
"""Mipmaps end once the shorter side is below this, pixels."""

_OVERSAMPLING = 1.3
"""An atlas is sampled at a mipmap at least this many times as wide as the drawn face."""

Coordinates = NDArray[np.float32]
"""``(2, H, W)``: x and y in the largest mipmap of an atlas, for each pixel of an image."""

TrustedPixels = NDArray[np.uint8]
"""``(H, W, 4)``: red, green, blue, and how well the photo shows this skin, 0..255. OpenCV samples
four channels in less than half the time of three."""


@dataclass(frozen=True, slots=True, eq=False)
class Atlas:
    """An unwrapped face with mipmaps, each half the size of the one before."""

    mipmaps: tuple[TrustedPixels, ...]
    vertices: Vertices
    """``(N, 2)``: the surface's points in the largest mipmap."""
    texture_coordinates: TextureCoordinates
    """The same, for ``render``."""

    @property
    def pixels(self) -> Pixels:
        """The colours of the largest mipmap."""
        return _colours(self.mipmaps[0])

    def sample(
        self, coordinates: Coordinates, width: float, size: tuple[int, int] | None
    ) -> TrustedPixels:
        """Return the pixels at ``coordinates``; 0 outside. See ``AtlasMixture.sample``."""
        level = self._mipmap(width)
        zoom_x, zoom_y = (level.shape[i] / self.mipmaps[0].shape[i] for i in (1, 0))
        x, y = (coordinates[0] + 0.5) * zoom_x - 0.5, (coordinates[1] + 0.5) * zoom_y - 0.5
        if size is not None:
            x, y = enlarge(x, size), enlarge(y, size)
        found: TrustedPixels = cv2.remap(level, x, y, cv2.INTER_LINEAR)
        return found

    def with_shut_lids(self) -> "Atlas":
        """Return the same face with its eyes shut."""
        shut = with_shut_lids(self.pixels, self.vertices)
        return replace(self, mipmaps=make_mipmaps(np.dstack([shut, self.mipmaps[0][..., 3]])))

    def _mipmap(self, width: float) -> TrustedPixels:
        largest = float(np.ptp(self.vertices[:, 0]))
        halvings = int(np.floor(np.log2(max(largest / max(_OVERSAMPLING * width, 1), 1))))
        return self.mipmaps[min(halvings, len(self.mipmaps) - 1)]


@dataclass(frozen=True, slots=True, eq=False)
class AtlasMixture:
    """A weighted mean of atlases of one person, which share a layout."""

    parts: tuple[tuple[Atlas, float], ...]
    """At least one; the shares add up to 1."""

    @property
    def vertices(self) -> Vertices:
        """``(N, 2)``: the surface's points in the largest mipmap of every atlas."""
        return self.parts[0][0].vertices

    @property
    def texture_coordinates(self) -> TextureCoordinates:
        """The same, for ``render``."""
        return self.parts[0][0].texture_coordinates

    def sample(
        self, coordinates: Coordinates, width: float, size: tuple[int, int] | None = None
    ) -> Pixels:
        """Return the colours at ``coordinates``; black outside.

        Args:
            coordinates: Where to sample.
            width: Width of the drawn face, pixels: it decides on the mipmap.
            size: (width, height) of the result; by default that of ``coordinates``.
        """
        return _colours(self._sampled(coordinates, width, size))

    def sample_with_trust(
        self, coordinates: Coordinates, width: float
    ) -> tuple[Pixels, NDArray[np.uint8]]:
        """Return the colours at ``coordinates``, as ``sample`` does, and the trust in them."""
        found = self._sampled(coordinates, width, None)
        return _colours(found), cv2.extractChannel(found, 3)

    def _sampled(
        self, coordinates: Coordinates, width: float, size: tuple[int, int] | None
    ) -> TrustedPixels:
        (first, total), *others = self.parts
        merged = first.sample(coordinates, width, size)
        for atlas, share in others:
            total += share
            part = atlas.sample(coordinates, width, size)
            merged = cv2.addWeighted(merged, 1 - share / total, part, share / total, 0)
        return merged


def _colours(trusted: TrustedPixels) -> Pixels:
    colours: Pixels = cv2.cvtColor(trusted, cv2.COLOR_RGBA2RGB)
    return colours


def make_mipmaps(image: NDArray[np.uint8]) -> tuple[NDArray[np.uint8], ...]:
    """Return an image and its mipmaps, each half the size of the one before."""
    mipmaps = [image]
    while min(mipmaps[-1].shape[:2]) >= _MIN_MIPMAP:
        height, width = mipmaps[-1].shape[:2]
        size = (round(width / 2), round(height / 2))
        mipmaps.append(cv2.resize(mipmaps[-1], size, interpolation=cv2.INTER_AREA))
    return tuple(mipmaps)

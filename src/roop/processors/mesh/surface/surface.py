"""The face mesh with a rim around it, and its rasteriser."""

from collections.abc import Sequence
from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from roop.faces.mesh.topology import INNER_LIPS, OUTER_LIPS, OVAL, Indices, Topology

Vertices = NDArray[np.float32]
"""``(N, 2)`` or ``(N, 3)``: the 468 mesh points, then those of the rim."""

_RIM = 0.2
"""Distance of the rim from the outline, as a share of the distance from the centre of the face."""

_SLIVER = 0.03
"""Doubled area of a triangle, in squares of its longest side, below which it counts as a line."""

_ALL = slice(None)

_BACKGROUND_DEPTH = 5.0
"""Depth of pixels without a triangle."""


@dataclass(frozen=True, slots=True, eq=False)
class RenderedMesh:
    """The rendered surface."""

    triangle_map: NDArray[np.intp]
    """``(H, W)``: the triangle at each pixel, -1 for none."""
    coordinates: NDArray[np.float32]
    """``(2, H, W)``: x and y of each pixel in the texture, about (-1, -1) where there is no
    triangle."""


@dataclass(frozen=True, slots=True, eq=False)
class TextureCoordinates:
    """The surface's points in a texture; see ``Surface.texture_coordinates``."""

    corners: NDArray[np.float32]
    """``(T, 3, 3)``, in place of red, green and blue: x and y of each triangle's corners, divided
    by ``scale``, and the triangle's number as a share of their count."""
    scale: np.float32
    outside: NDArray[np.float32]
    """``(3,)``: the same for pixels without a triangle."""


@dataclass(frozen=True, slots=True, eq=False)
class Surface:
    """The triangles of the mesh and of the rim."""

    triangles: Indices
    """``(T, 3)``."""
    layers: NDArray[np.float32]
    """``(T,)``: triangles of layer 1 cover those of 2, and these those of 3. Layer 1 are the lips,
    whose inner side rolls in and is visible from any side; 2 is what faces away; 3 are the rim and
    the opening of the mouth."""
    nearer_if_facing: NDArray[np.float32]
    """``(T,)``: 1 for triangles that move up one layer if they face the camera, else 0."""
    flat: Vertices
    """``(N, 2)``: the mean face unwrapped, 1 wide; the layout of every atlas."""
    mirror: Indices
    """``(N,)``: the number of the point on the other half of the face."""
    raster_settings: cv2.TriangleRasterizeSettings
    """How OpenCV draws its triangles."""
    corner_numbers: NDArray[np.int32]
    """``(T, 3)``: numbers of the corners, which no two triangles share."""

    def texture_coordinates(self, points: NDArray[np.float32]) -> TextureCoordinates:
        """Return the texture coordinates if the surface's points lie at ``points``, ``(N, D)``."""
        count, flat = len(self.triangles), points[:, :2]
        scale = max(float(flat.max()), -float(flat.min()), 1.0)
        corners = np.empty((count, 3, 3), np.float32)
        corners[..., :2] = (flat / np.float32(scale)).take(self.triangles, axis=0)
        corners[..., 2] = (np.arange(1, count + 1, dtype=np.float32) / count)[:, None]
        outside = np.array([-1 / scale, -1 / scale, 0], np.float32)
        return TextureCoordinates(corners, np.float32(scale), outside)

    def around(self, points: Sequence[int]) -> Indices:
        """Return the triangles at ``points`` and their neighbours."""
        near = np.isin(self.triangles, points).any(axis=1)
        touched = np.isin(self.triangles, self.triangles[near]).any(axis=1)
        return np.flatnonzero(touched)

    def orientation(self, vertices: Vertices) -> float:
        """Return 1 if ``vertices`` show the face as in ``flat``, -1 if they show it mirrored."""
        right, left = vertices[33, 0], vertices[263, 0]
        return 1.0 if right < left else -1.0


def make_surface(topology: Topology) -> Surface:
    """Add a rim to the mesh, so that textures extend a little beyond the outline."""
    count = len(topology.mean)
    ring = [
        triangle
        for i in range(len(OVAL))
        for triangle in _quad(OVAL[i - 1], OVAL[i], count + (i - 1) % len(OVAL), count + i)
    ]
    mirror = np.concatenate([topology.mirror, count + _mirrored_outline(topology)])
    triangles = np.concatenate([np.array(ring, np.intp), topology.triangles])
    mouth = _all_corners_in(triangles, INNER_LIPS)
    rim = np.zeros(len(triangles), np.bool_)
    rim[: len(ring)] = True
    behind, lips = rim | mouth, _all_corners_in(triangles, _lips(topology))
    return Surface(
        triangles,
        np.where(behind, 3, np.where(lips, 1, 2)).astype(np.float32),
        (~(behind | lips)).astype(np.float32),
        with_rim(topology.flat),
        mirror,
        _raster_settings(),
        np.arange(3 * len(triangles), dtype=np.int32).reshape(-1, 3),
    )


def _raster_settings() -> cv2.TriangleRasterizeSettings:
    settings = cv2.TriangleRasterizeSettings()
    settings.setCullingMode(cv2.RASTERIZE_CULLING_NONE)
    settings.setShadingType(cv2.RASTERIZE_SHADING_SHADED)
    return settings


def _all_corners_in(triangles: Indices, points: Sequence[int]) -> NDArray[np.bool_]:
    """Tell for each triangle whether all its corners are among ``points``."""
    corners: NDArray[np.bool_] = np.isin(triangles, points)
    return corners[:, 0] & corners[:, 1] & corners[:, 2]


def _lips(topology: Topology) -> list[int]:
    """Return the points of the lips, including those between their borders."""
    inside = np.isin(topology.triangles, INNER_LIPS).any(axis=1)
    return sorted({*OUTER_LIPS, *topology.triangles[inside].ravel().tolist()})


def _mirrored_outline(topology: Topology) -> Indices:
    index = {point: i for i, point in enumerate(OVAL)}
    return np.array([index[int(topology.mirror[point])] for point in OVAL], np.intp)


def _quad(a: int, b: int, outer_a: int, outer_b: int) -> tuple[tuple[int, int, int], ...]:
    return (a, b, outer_b), (a, outer_b, outer_a)


def with_rim(mesh: NDArray[np.floating]) -> Vertices:
    """Append the points of the rim to the 468 of ``mesh``."""
    outline = mesh[list(OVAL)]
    rim = outline + _RIM * (outline - outline.mean(axis=0))
    return np.concatenate([mesh, rim]).astype(np.float32)


def render(
    surface: Surface,
    vertices: Vertices,
    texture_coordinates: TextureCoordinates,
    size: tuple[int, int],
    selection: Indices | slice = _ALL,
) -> RenderedMesh:
    """Render the surface: for each pixel its triangle and its position in the texture.

    Nearer triangles cover farther ones. Triangles that face away or are seen edge on only fill the
    gaps that a folded mesh leaves.

    Args:
        surface: The surface.
        vertices: ``(N, 3)``, x and y in pixels of the result; ``(N, 2)`` if no point hides another.
        texture_coordinates: The surface's points in the texture.
        size: (width, height) of the result.
        selection: The triangles to render.
    """
    corners = vertices.take(surface.triangles[selection], axis=0)
    image = np.empty((size[1], size[0], 3), np.float32)
    image[:] = texture_coordinates.outside
    depth = np.full((size[1], size[0]), _BACKGROUND_DEPTH, np.float32)
    cv2.triangleRasterize(
        _to_camera_space(corners, _depths(surface, corners, selection), size).reshape(-1, 3),
        surface.corner_numbers[: len(corners)],
        texture_coordinates.corners[selection].reshape(-1, 3),
        image,
        depth,
        np.eye(4, dtype=np.float32),
        np.pi / 2,
        0.5,
        _BACKGROUND_DEPTH,
        surface.raster_settings,
    )
    number = image[..., 2] * np.float32(len(surface.triangles)) + np.float32(0.5)
    coordinates = np.multiply(image.transpose(2, 0, 1)[:2], texture_coordinates.scale, order="C")
    return RenderedMesh(number.astype(np.intp) - 1, coordinates)


def _to_camera_space(
    corners: NDArray[np.float32], depth: NDArray[np.float32], size: tuple[int, int]
) -> NDArray[np.float32]:
    """Place triangles in front of a camera with a 90 degree view, each flat at its own depth.

    This way perspective has no effect, and triangles hit their pixels exactly.
    """
    width, height = size
    placed = np.empty((len(corners), 3, 3), np.float32)
    half = (depth * (2 / height))[:, None]
    placed[..., 0] = (corners[..., 0] + (0.5 - width / 2)) * half
    placed[..., 1] = (corners[..., 1] + (0.5 - height / 2)) * -half
    placed[..., 2] = -depth[:, None]
    return placed


def _depths(
    surface: Surface, corners: NDArray[np.float32], selection: Indices | slice
) -> NDArray[np.float32]:
    """Return the depth at which each triangle is drawn: ``(T,)``, 1 to 4."""
    layer = surface.layers[selection] - surface.nearer_if_facing[selection] * _facing(corners)
    if corners.shape[2] < 3:
        return layer
    z = corners[:, 0, 2] + corners[:, 1, 2] + corners[:, 2, 2]
    near = z.min()
    depth: NDArray[np.float32] = layer + (z - near) * np.float32(0.99 / max(z.max() - near, 1e-6))
    return depth


def _facing(corners: NDArray[np.float32]) -> NDArray[np.bool_]:
    """Tell which triangles, ``(T, 3, D)``, face the camera and are not seen edge on."""
    (p, q), (r, t) = (corners[:, 1:, i].T - corners[:, 0, i] for i in (0, 1))
    longest = np.maximum.reduce([p * p + r * r, q * q + t * t, (q - p) ** 2 + (t - r) ** 2])
    facing: NDArray[np.bool_] = p * t - q * r > _SLIVER * longest
    return facing


def weights_per_pixel(
    triangle_map: NDArray[np.intp], weights: NDArray[np.float32]
) -> NDArray[np.float32]:
    """Return the weight of each pixel.

    Args:
        triangle_map: ``(H, W)``: the triangle at each pixel, -1 for none.
        weights: ``(T + 1,)``: one for each triangle, then one for pixels without one.
    """
    per_pixel: NDArray[np.float32] = weights.take(triangle_map)
    return per_pixel


def blurred(field: NDArray[np.float32], sigma: float) -> NDArray[np.float32]:
    """Return a field with soft borders; outside the image it is 0."""
    result: NDArray[np.float32] = cv2.GaussianBlur(
        field, (0, 0), max(sigma, 0.3), borderType=cv2.BORDER_CONSTANT
    )
    return result

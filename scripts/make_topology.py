"""Make ``src/roop/faces/mesh/topology.npz``: what the points of the face mesh are to one another.

    uv run --group dev python scripts/make_topology.py

The triangles come from the edge list of mediapipe's wheel, the holes of the eyes and the mouth
filled; the mirror pairs and the mean shape from the mesh network itself, run on two public-domain
portraits and their mirror images.
"""

import sys
from collections import Counter
from importlib.util import module_from_spec, spec_from_file_location
from itertools import combinations
from pathlib import Path
from tempfile import TemporaryDirectory

import matplotlib.cbook
import numpy as np
from numpy.typing import NDArray
from PIL import Image
from scipy.optimize import linear_sum_assignment
from skimage import data

sys.path.append(str(Path(__file__).parents[1]))

from hatch_build import Carried, bring

from roop.faces.detection.blazeface import BlazeFaceDetector
from roop.faces.mesh.mesher import FaceMesher, face_square
from roop.geometry import fit_similarity
from roop.media.frames.stored_frame import StoredFrame
from roop.models.networks import face_detector, face_mesh
from roop.options import Settings

RIGHT_EYE = ([246, 161, 160, 159, 158, 157, 173], [7, 163, 144, 145, 153, 154, 155], 33, 133)
LEFT_EYE = ([398, 384, 385, 386, 387, 388, 466], [382, 381, 380, 374, 373, 390, 249], 362, 263)
MOUTH = (
    [191, 80, 81, 82, 13, 312, 311, 310, 415],
    [95, 88, 178, 87, 14, 317, 402, 318, 324],
    78,
    308,
)
"""Upper border, lower border, first corner, last corner."""

EDGES = Carried(
    package="mediapipe",
    version="0.10.21",
    member="mediapipe/python/solutions/face_mesh_connections.py",
    sha256="cc7171e44d0612db38720cb2fd2516c395992cdd7457efe341543be6f3c22d87",
    destination="face_mesh_connections.py",
)
"""Pairs of neighbours among the mesh's points."""

AXIS = 0.75
"""Depth of the axis of the head behind the eyes, in eye distances."""

LEAST_AREA = 1e-6
"""Least doubled area of a triangle of the flat face, in squared eye distances."""

Triangles = NDArray[np.uint16]


def skin() -> set[tuple[int, ...]]:
    """Return the triangles between the edges, without the holes."""
    with TemporaryDirectory() as folder:
        bring([EDGES], Path(folder))
        spec = spec_from_file_location("edges", Path(folder) / EDGES.destination)
        assert spec
        assert spec.loader
        module = module_from_spec(spec)
        spec.loader.exec_module(module)
    near: dict[int, set[int]] = {}
    for a, b in module.FACEMESH_TESSELATION:
        near.setdefault(a, set()).add(b)
        near.setdefault(b, set()).add(a)
    rings = {tuple(sorted((a, b, c))) for a in near for b in near[a] for c in near[a] & near[b]}
    uses = Counter(edge for ring in rings for edge in combinations(ring, 2))
    return {ring for ring in rings if not all(uses[e] > 2 for e in combinations(ring, 2))}


def strip(upper: list[int], lower: list[int], first: int, last: int) -> list[tuple[int, int, int]]:
    """Fill the hole between two borders of equal length."""
    filled = [(first, upper[0], lower[0]), (last, upper[-1], lower[-1])]
    for i in range(len(upper) - 1):
        filled += [(upper[i], upper[i + 1], lower[i]), (upper[i + 1], lower[i + 1], lower[i])]
    return filled


def meshes() -> list[NDArray[np.float32]]:
    """Return the meshes of two portraits."""
    found = []
    detector, mesher = (
        BlazeFaceDetector(face_detector(Settings())),
        FaceMesher(face_mesh(Settings())),
    )
    hopper = np.asarray(
        Image.open(matplotlib.cbook.get_sample_data("grace_hopper.jpg", asfileobj=False))
    )
    for pixels in (data.astronaut(), hopper):
        for picture in (pixels, np.ascontiguousarray(pixels[:, ::-1])):
            frame = StoredFrame(picture)
            thumbnail = frame.thumbnail(640)
            zoom = frame.size[0] / thumbnail.shape[1]
            square = detector.detect(thumbnail)[0].scaled(zoom).square()
            for _ in range(3):
                mesh = mesher.fit(frame, square).mesh
                square = face_square(mesh)
            found.append(mesh)
    return found


def mirror_pairs(mesh: NDArray[np.float32]) -> NDArray[np.uint16]:
    """Return for each point the one on the other half of the face."""
    flipped = mesh * (-1, 1, 1)
    weights = np.zeros(len(mesh))
    pairs = np.arange(len(mesh))
    known = ((33, 263), (133, 362), (61, 291), (234, 454), (10, 10), (152, 152), (1, 1), (168, 168))
    for a, b in known:
        pairs[[a, b]], weights[[a, b]] = (b, a), 1.0
    for _ in range(10):
        placed = fit_similarity(flipped, mesh[pairs], weights).apply(flipped)
        distance = np.linalg.norm(placed[:, None] - mesh[None], axis=2)
        pairs = linear_sum_assignment(distance + distance.T)[1]
        weights = np.ones(len(mesh))
    assert (pairs[pairs] == np.arange(len(mesh))).all()
    return pairs.astype(np.uint16)


def mean_shape(found: list[NDArray[np.float32]], pairs: Triangles) -> NDArray[np.float32]:
    """Return the symmetric mean face: eyes level, looking at the camera, 1 between the eyes."""
    every = found + [mesh[pairs] * (-1, 1, 1) for mesh in found]
    mean = every[0].astype(np.float64)
    for _ in range(10):
        placed = [fit_similarity(mesh, mean, np.ones(len(mesh))).apply(mesh) for mesh in every]
        mean = np.mean(placed, axis=0)
        mean = (mean + mean[pairs] * (-1, 1, 1)) / 2
        mean -= mean[[33, 263]].mean(axis=0)
        mean[:, 0] -= mean[[33, 263], 0].mean()
    shape: NDArray[np.float32] = (mean / np.linalg.norm(mean[263] - mean[33])).astype(np.float32)
    return shape


def turned_alike(
    triangles: list[tuple[int, ...]], mean: NDArray[np.float32]
) -> list[tuple[int, ...]]:
    """Order the corners of all triangles the same way round as seen from outside the head."""
    nose = min(triangles, key=lambda t: float(mean[list(t), 2].mean()))
    (ax, ay), (bx, by), (cx, cy) = mean[list(nose), :2]
    first = nose if (bx - ax) * (cy - ay) > (by - ay) * (cx - ax) else nose[::-1]
    done, waiting = {nose: first}, [first]
    while waiting:
        a, b, c = waiting.pop()
        for edge in ((a, b), (b, c), (c, a)):
            for other in triangles:
                if other not in done and set(edge) <= set(other):
                    (third,) = set(other) - set(edge)
                    done[other] = (edge[1], edge[0], third)
                    waiting.append(done[other])
    return [done[triangle] for triangle in triangles]


def unrolled(
    mean: NDArray[np.float32], triangles: Triangles, pairs: Triangles
) -> NDArray[np.float32]:
    """Lay the mean face out flat: rolled off a cylinder, folds spread out.

    Source: Tutte, "How to draw a graph", 1963.
    """
    flat = mean[:, :2].astype(np.float64)
    flat[:, 0] = np.arctan2(mean[:, 0], AXIS - mean[:, 2])
    flat[:, 0] *= np.ptp(mean[:, 0]) / np.ptp(flat[:, 0])
    links = np.zeros((len(mean), len(mean)))
    for triangle in triangles:
        links[np.ix_(triangle, triangle)] = 1
    np.fill_diagonal(links, 0)
    free = np.zeros(len(mean), bool)
    for _ in range(20):
        a, b, c = (flat[triangles[:, i]] for i in range(3))
        area = (b[:, 0] - a[:, 0]) * (c[:, 1] - a[:, 1]) - (b[:, 1] - a[:, 1]) * (c[:, 0] - a[:, 0])
        folded = np.unique(triangles[area < LEAST_AREA])
        if not folded.size:
            break
        free[folded] = free[pairs[folded]] = True  # each free point: the mean of its neighbours
        weights = links[free] / links[free].sum(axis=1, keepdims=True)
        system = np.eye(int(free.sum())) - weights[:, free]
        flat[free] = np.linalg.solve(system, weights[:, ~free] @ flat[~free])
    assert not folded.size, folded
    return (flat / np.ptp(flat[:, 0])).astype(np.float32)


def main() -> None:
    """Write the file."""
    found = meshes()
    triangles = [*skin(), *strip(*RIGHT_EYE), *strip(*LEFT_EYE), *strip(*MOUTH)]
    assert len(triangles) == 898, len(triangles)
    pairs = mirror_pairs(found[0])
    mean = mean_shape(found, pairs)
    turned = turned_alike(sorted(triangles), mean)
    flat = unrolled(mean, np.array(turned), pairs)
    path = Path(__file__).parents[1] / "src/roop/faces/mesh/topology.npz"
    numbers = np.array(turned, np.uint16)
    np.savez_compressed(path, triangles=numbers, mirror=pairs, mean=mean, flat=flat)
    print(path, path.stat().st_size, "bytes")  # noqa: T201 - a script's result


if __name__ == "__main__":
    main()

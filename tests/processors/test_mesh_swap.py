"""The engine ``mesh`` on photos: whose face it shows, in whose light, and what it leaves alone."""

import cv2
import numpy as np
import pytest
from numpy.typing import NDArray

from roop.errors import UsageError
from roop.faces.analyser import Analyser
from roop.faces.mesh.topology import load_topology
from roop.options import Settings
from roop.processors import installed
from roop.processors.base import Context
from roop.types import AnalysedFrame, Face, Mesh, Pixels, Portrait
from support.heads import HEAD, HOPPER_HEAD, Matrix, backdrop, frame, moved, placed
from support.swapping import (
    RecordingFrame,
    engine,
    face_area,
    inside,
    mesh_on,
    pixels_of,
    swapped,
    swapped_one,
    width_of,
)
from support.warp import frontal, similarity, turned

Pair = tuple[Portrait, Portrait]


@pytest.fixture(params=["woman on elder", "elder on woman"])
def pair(request: pytest.FixtureRequest, woman: Portrait, elder: Portrait) -> Pair:
    """Source and target."""
    return (woman, elder) if request.param == "woman on elder" else (elder, woman)


def on_canvas(mesh: Mesh, matrix: Matrix) -> Mesh:
    """Return the mesh of a photo where the photo lies on a canvas."""
    zoom = np.sqrt(abs(np.linalg.det(matrix[:, :2])))
    return np.column_stack([moved(mesh, matrix), mesh[:, 2] * zoom]).astype(np.float32)


def mean_colour(image: Pixels, area: NDArray[np.bool_]) -> NDArray[np.float64]:
    mean: NDArray[np.float64] = image[area].mean(axis=0)
    return mean


def test_the_face_is_the_source_s(pair: Pair, analyser: Analyser) -> None:
    source, target = pair
    output = swapped_one(source, target)
    seen = frontal(output, mesh_on(analyser, output))
    own = frontal(source.pixels, source.mesh)
    old = frontal(target.pixels, target.mesh)
    assert similarity(seen, own) > 0.75
    assert similarity(seen, own) > similarity(seen, old) + 0.15


def test_nothing_outside_the_face_changes(pair: Pair) -> None:
    source, target = pair
    output = swapped_one(source, target)
    changed = (output != target.pixels).any(axis=2)
    assert not (changed & ~face_area(target.mesh, output, grow=0.1)).any()
    assert (changed & face_area(target.mesh, output, grow=-0.1)).sum() > 0.9 * (
        face_area(target.mesh, output, grow=-0.1).sum()
    )


def spots(portrait: Portrait) -> NDArray[np.bool_]:
    """Return cheeks, nose and chin: plain skin, away from glasses and hair."""
    y, x = np.mgrid[: portrait.pixels.shape[0], : portrait.pixels.shape[1]]
    reach = 0.06 * width_of(portrait.mesh)
    near = [np.hypot(x - px, y - py) < reach for px, py in portrait.mesh[[205, 425, 4, 199], :2]]
    return np.logical_or.reduce(near)


def test_the_skin_takes_the_target_s_colour(pair: Pair) -> None:
    source, target = pair
    area = spots(target)
    off = mean_colour(swapped_one(source, target), area) - mean_colour(target.pixels, area)
    assert np.abs(off).max() < 14  # grey levels: the relief of cheeks and nose is the source's


COLOURS = {"candle": (1.1, 0.8, 0.5), "dusk": (0.35, 0.4, 0.55)}
"""What is left of red, green and blue."""

LAMPS = {"lamp on the left": (1.1, 0.35), "lamp on the right": (0.35, 1.1)}
"""What is left of the light at the left and at the right end of the face."""


def lit_by(portrait: Portrait, gain: NDArray[np.floating]) -> Pixels:
    return np.clip(np.rint(portrait.pixels * gain), 0, 255).astype(np.uint8)


@pytest.mark.parametrize("light", COLOURS)
def test_coloured_light_falls_on_the_new_face(pair: Pair, light: str) -> None:
    source, target = pair
    lit = lit_by(target, np.array(COLOURS[light]))
    output = swapped(source, lit, [Face(target.mesh, 1.0, 1)])
    old, new = mean_colour(lit, spots(target)), mean_colour(output, spots(target))
    assert np.abs(new - old).max() < 4 + 0.06 * old.max()


@pytest.mark.parametrize("lamp", LAMPS)
def test_a_lamp_at_the_side_shades_the_new_face(pair: Pair, lamp: str) -> None:
    source, target = pair
    across = np.arange(target.pixels.shape[1]) - target.mesh[:, 0].min()
    left, right = LAMPS[lamp]
    gain = np.interp(across / width_of(target.mesh), [0, 1], [left, right])[None, :, None]
    lit = lit_by(target, gain)

    def shading(image: Pixels) -> float:
        """Return how much brighter the right cheek is, as a logarithm."""
        y, x = np.mgrid[: image.shape[0], : image.shape[1]]
        cheeks = [
            image[np.hypot(x - px, y - py) < 0.07 * width_of(target.mesh)].mean()
            for px, py in target.mesh[[205, 425], :2]
        ]
        return float(np.log(cheeks[1] / cheeks[0]))

    wanted = shading(lit) - shading(target.pixels)
    output = swapped(source, lit, [Face(target.mesh, 1.0, 1)])
    got = shading(output) - shading(swapped_one(source, target))
    assert 0.65 < got / wanted < 1.2


ONE_COLOUR = {
    "black and white": (1.0, 1.0, 1.0),
    "sepia": (1.0, 0.86, 0.67),
    "red": (1.0, 0.2, 0.3),
}
"""What each grey level becomes."""


@pytest.mark.parametrize("tone", ONE_COLOUR)
def test_a_picture_of_one_colour_keeps_it(pair: Pair, tone: str) -> None:
    source, target = pair
    grey = cv2.cvtColor(target.pixels, cv2.COLOR_RGB2GRAY)[..., None].astype(float)
    toned = np.rint(grey * np.array(ONE_COLOUR[tone])).astype(np.uint8)
    output = swapped(source, toned, [Face(target.mesh, 1.0, 1)])
    area = face_area(target.mesh, output)
    assert np.abs(output.astype(float) - toned)[area].mean() > 3  # it is swapped
    brightness = cv2.cvtColor(output, cv2.COLOR_RGB2GRAY)[..., None].astype(float)
    ramp = np.array(ONE_COLOUR[tone]) / (np.array(ONE_COLOUR[tone]) @ (0.299, 0.587, 0.114))
    away = np.abs(output - np.minimum(brightness * ramp, 255))
    assert np.percentile(away[area], 99) <= 3


@pytest.mark.parametrize("light", [0.07, 0.2])
def test_a_face_in_the_dark_does_not_glow(pair: Pair, light: float) -> None:
    source, target = pair
    dark = lit_by(target, np.array(light))
    area = face_area(target.mesh, dark)
    new = swapped(source, dark, [Face(target.mesh, 1.0, 1)])[area].mean()
    day = swapped_one(source, target)[area].mean() / target.pixels[area].mean()
    assert 0.9 < new / dark[area].mean() / day < 1.1


@pytest.mark.parametrize("lamp", LAMPS)
def test_a_hard_light_leaves_no_half_of_the_old_face(pair: Pair, lamp: str) -> None:
    source, target = pair
    across = (np.arange(target.pixels.shape[1]) - target.mesh[4, 0]) / width_of(target.mesh)
    left, right = (1.0, 0.28) if lamp == "lamp on the left" else (0.28, 1.0)
    gain = np.interp(across, [-0.05, 0.05], [left, right])[None, :, None]
    image = RecordingFrame(lit_by(target, gain))
    engine(source).process([AnalysedFrame(image, (Face(target.mesh, 1.0, 1),))])
    x, y = np.rint(target.mesh[[205, 425, 50, 280, 61, 291], :2]).astype(int).T
    assert image.alpha[y, x].min() > 220


def steepness(image: Pixels, ring: NDArray[np.bool_]) -> NDArray[np.float64]:
    grey = cv2.GaussianBlur(image, (0, 0), 1.0).astype(float).mean(axis=2)
    slope = np.hypot(*np.gradient(grey))
    return np.percentile(slope[ring], [50, 90, 98])


def test_no_edge_shows_where_the_new_face_ends(pair: Pair) -> None:
    source, target = pair
    output = swapped_one(source, target)

    def ring(portrait: Portrait, image: Pixels) -> NDArray[np.float64]:
        mesh = portrait.mesh
        band = face_area(mesh, image, grow=0.03) & ~face_area(mesh, image, grow=-0.09)
        return steepness(image, band) * (width_of(mesh) / 100)

    natural = np.maximum(ring(target, target.pixels), ring(source, source.pixels))
    assert (ring(target, output) < 1.15 * natural).all()


def test_the_new_face_fades_in_over_some_distance(pair: Pair) -> None:
    source, target = pair
    image = RecordingFrame(target.pixels)
    engine(source).process([AnalysedFrame(image, (Face(target.mesh, 1.0, 1),))])
    alpha = image.alpha.astype(float)
    slope = np.hypot(*np.gradient(alpha))
    assert slope.max() < 255 / (0.03 * width_of(target.mesh))  # per pixel: not under 3 % of it
    assert alpha[~face_area(target.mesh, target.pixels, grow=0.1)].max() == 0
    middle = face_area(target.mesh, target.pixels, grow=-0.25)
    assert np.percentile(alpha[middle], 5) >= 250
    assert alpha[face_area(target.mesh, target.pixels)].mean() > 0.7 * 255


def dark_lines(image: Pixels, mesh: Mesh) -> float:
    """Return how much darker than what is around them lines on a forehead are, in grey levels."""
    grey = cv2.cvtColor(image, cv2.COLOR_RGB2GRAY)
    size = 2 * round(0.05 * width_of(mesh)) + 1
    around = cv2.getStructuringElement(cv2.MORPH_ELLIPSE, (size, size))
    lines = cv2.morphologyEx(cv2.GaussianBlur(grey, (0, 0), 1), cv2.MORPH_BLACKHAT, around)
    forehead = mesh[[103, 67, 109, 10, 338, 297, 332, 334, 9, 105]]
    return float(np.percentile(lines[inside(forehead, grey)], 95))


def test_hair_on_the_source_s_forehead_leaves_no_line(woman: Portrait, elder: Portrait) -> None:
    """Her fringe ends above the brows; his forehead is bare."""
    output = swapped_one(woman, elder)
    assert dark_lines(output, elder.mesh) < 1.1 * dark_lines(elder.pixels, elder.mesh)


def test_no_speck_darker_or_brighter_than_either_face(pair: Pair) -> None:
    source, target = pair
    output = swapped_one(source, target)

    def specks(portrait: Portrait, image: Pixels) -> NDArray[np.float64]:
        grey = cv2.cvtColor(image, cv2.COLOR_RGB2GRAY)
        size = int(width_of(portrait.mesh) / 24) // 2 * 2 + 3
        rest = grey.astype(float) - cv2.medianBlur(grey, size)
        return np.percentile(rest[face_area(portrait.mesh, image, grow=-0.1)], [0.02, 99.98])

    dark, bright = specks(target, output)
    (dark_s, bright_s), (dark_t, bright_t) = (
        specks(source, source.pixels),
        specks(target, target.pixels),
    )
    assert dark > min(dark_s, dark_t) - 12
    assert bright < max(bright_s, bright_t) + 12


def test_a_soft_target_gets_a_soft_face(pair: Pair) -> None:
    source, target = pair

    def detail(image: Pixels) -> float:
        area = face_area(target.mesh, image, grow=-0.1)
        grey = cv2.cvtColor(image, cv2.COLOR_RGB2GRAY).astype(float)
        return float(np.abs(cv2.Laplacian(grey, cv2.CV_64F))[area].mean())

    soft = cv2.GaussianBlur(target.pixels, (0, 0), 0.02 * width_of(target.mesh))
    blurred = swapped(source, soft, [Face(target.mesh, 1.0, 1)])
    assert detail(blurred) < 0.7 * detail(swapped_one(source, target))


def test_half_opacity_shows_half_of_each(pair: Pair) -> None:
    source, target = pair
    full = swapped_one(source, target).astype(float)
    half = swapped(source, target.pixels, [Face(target.mesh, 1.0, 1, opacity=0.5)])
    assert np.abs(half - (full + target.pixels) / 2).max() <= 2
    none = swapped(source, target.pixels, [Face(target.mesh, 1.0, 1, opacity=0.0)])
    assert np.array_equal(none, target.pixels)


@pytest.mark.parametrize("side", ["left", "right", "top", "bottom"])
def test_half_a_face_at_the_edge(pair: Pair, side: str) -> None:
    source, target = pair
    x, y = (round(float(v)) for v in target.mesh[:, :2].mean(axis=0))
    cut = {
        "left": np.s_[:, x:],
        "right": np.s_[:, :x],
        "top": np.s_[y:, :],
        "bottom": np.s_[:y, :],
    }[side]
    mesh = target.mesh.copy()
    mesh[:, 0] -= x if side == "left" else 0
    mesh[:, 1] -= y if side == "top" else 0
    part = np.ascontiguousarray(target.pixels[cut])
    output = swapped(source, part, [Face(mesh, 1.0, 1)])
    face = face_area(mesh, part, grow=-0.12)
    whole = swapped_one(source, target)[cut]
    assert not (output != part).any(axis=2)[~face_area(mesh, part, grow=0.1)].any()
    assert np.abs(output[face].astype(float) - whole[face]).mean() < 10
    assert np.abs(output[face].astype(float) - part[face]).mean() > 8


def test_a_face_outside_the_frame_changes_nothing(pair: Pair) -> None:
    source, target = pair
    for dx, dy in ((-2000, 0), (0, 3000), (-1e6, 1e6)):
        away = target.mesh + np.array([dx, dy, 0], np.float32)
        assert np.array_equal(swapped(source, target.pixels, [Face(away, 1.0, 1)]), target.pixels)


@pytest.mark.parametrize("width", [3, 8, 20, 60, 600, 1500])
def test_faces_of_any_size(pair: Pair, width: int) -> None:
    source, target = pair
    scale = width / width_of(target.mesh)
    centre = tuple(target.mesh[:, :2].mean(axis=0).tolist())
    side = max(int(width * 1.6), 24)
    canvas = backdrop((side, side))
    shown = placed(target.pixels, canvas, (side / 2, side / 2), middle=centre, scale=scale)
    mesh = on_canvas(target.mesh, shown.matrix)
    output = swapped(source, shown.pixels, [Face(mesh, 1.0, 1)])
    assert (
        not (output != shown.pixels)
        .any(axis=2)[inside_box(output, mesh, 3 + 0.12 * width, outside=True)]
        .any()
    )
    if width >= 20:
        area = face_area(mesh, output, grow=-0.1)
        off = mean_colour(output, area) - mean_colour(shown.pixels, area)
        assert np.abs(off).max() < 14
        assert (output != shown.pixels).any(axis=2)[area].mean() > 0.8
    if width >= 60:
        seen, own = frontal(output, mesh), frontal(source.pixels, source.mesh)
        assert similarity(seen, own) > similarity(seen, frontal(shown.pixels, mesh)) + 0.05


def inside_box(image: Pixels, mesh: Mesh, margin: float, *, outside: bool) -> NDArray[np.bool_]:
    """Return the pixels inside (or outside) the mesh's box, grown by ``margin`` pixels."""
    low, high = mesh[:, :2].min(axis=0) - margin, mesh[:, :2].max(axis=0) + margin
    y, x = np.mgrid[: image.shape[0], : image.shape[1]]
    inner = (x >= low[0]) & (x <= high[0]) & (y >= low[1]) & (y <= high[1])
    return ~inner if outside else inner


@pytest.mark.parametrize("degrees", [30, 90, 180])
def test_a_turned_head_gets_a_turned_face(pair: Pair, degrees: float) -> None:
    source, target = pair
    middle = HEAD if target.pixels.shape[0] == 512 else HOPPER_HEAD
    scale = 160 / width_of(target.mesh)
    canvas = backdrop((320, 320))
    shown = placed(target.pixels, canvas, (160, 160), middle=middle, scale=scale, degrees=degrees)
    mesh = on_canvas(target.mesh, shown.matrix)
    seen = frontal(swapped(source, shown.pixels, [Face(mesh, 1.0, 1)]), mesh)
    upright = frontal(swapped_one(source, target), target.mesh)
    assert similarity(seen, upright) > 0.8


def test_the_far_contour_of_a_turned_head_drags_nothing_in(pair: Pair) -> None:
    source, target = pair[0], turned(pair[1], 35)
    covered = np.zeros(target.pixels.shape[:2], np.uint8)
    for triangle in load_topology().triangles:
        cv2.fillConvexPoly(covered, np.rint(target.mesh[triangle, :2]).astype(np.int32), 1)
    image = RecordingFrame(target.pixels)
    built = engine(source, face_shape=0)
    built.process([AnalysedFrame(image, (Face(target.mesh, 1.0, 1),))])
    far = np.zeros_like(covered, dtype=bool)
    nose = int(target.mesh[1, 0])
    left = nose - target.mesh[:, 0].min() < target.mesh[:, 0].max() - nose
    far[:, slice(None, nose) if left else slice(nose, None)] = True
    assert image.alpha[far & (covered == 0)].max() < 110  # of 255


@pytest.mark.parametrize(("cheek", "hidden"), [(50, 45), (280, -45)])
def test_another_photo_shows_what_the_first_one_hides(
    woman: Portrait, elder: Portrait, cheek: int, hidden: float
) -> None:
    y, x = np.mgrid[: elder.pixels.shape[0], : elder.pixels.shape[1]]
    spot = np.hypot(*(np.stack([x, y], axis=-1) - elder.mesh[cheek, :2]).transpose(2, 0, 1))
    marked = np.where(spot[..., None] < 7, elder.pixels * 0.75, elder.pixels).astype(np.uint8)
    person = Portrait(marked, elder.mesh)
    one, both = turned(person, hidden), (turned(person, hidden), turned(person, -hidden))

    def darkness(*source: Portrait) -> float:
        image = frame(woman.pixels)
        engine(*source, face_shape=0.0).process([AnalysedFrame(image, (Face(woman.mesh, 1.0, 1),))])
        bright = pixels_of(image).mean(axis=2)
        off = np.hypot(*(np.mgrid[:512, :512] - woman.mesh[cheek, 1::-1][:, None, None]))
        return float(bright[(off > 12) & (off < 16)].mean() - bright[off < 4].mean())

    assert darkness(*both) > darkness(one) + 10


def test_several_faces_of_one_image(woman: Portrait, elder: Portrait) -> None:
    both = np.full((600, 1024, 3), 90, np.uint8)
    both[:, :512], both[:512, 512:] = elder.pixels, woman.pixels
    meshes = [elder.mesh, woman.mesh + np.array([512, 0, 0], np.float32)]
    together = swapped(woman, both, [Face(m, 1.0, i) for i, m in enumerate(meshes)])
    for number, mesh in enumerate(meshes):
        alone = swapped(woman, both, [Face(mesh, 1.0, number)])
        area = face_area(mesh, both, grow=0.1)
        assert np.array_equal(together[area], alone[area])


def test_without_the_source_s_shape_the_target_keeps_its_own(
    pair: Pair, analyser: Analyser
) -> None:
    source, target = pair
    unit = float(np.linalg.norm(target.mesh[263] - target.mesh[33]))
    seen = mesh_on(analyser, swapped_one(source, target, face_shape=0.0))
    off = np.linalg.norm((seen - target.mesh)[:, :2], axis=1) / unit
    assert off.mean() < 0.04


def test_more_of_the_source_s_shape_looks_more_like_it(pair: Pair, analyser: Analyser) -> None:
    source, target = pair

    def shape(mesh: Mesh) -> NDArray[np.complexfloating]:
        """Return the mesh without place, size and tilt, as complex numbers."""
        z = mesh[:, 0] + 1j * mesh[:, 1]
        shape: NDArray[np.complexfloating] = (z - (z[33] + z[263]) / 2) / (z[263] - z[33])
        return shape

    def away(strength: float) -> float:
        seen = mesh_on(analyser, swapped_one(source, target, face_shape=strength))
        return float(np.abs(shape(seen) - shape(source.mesh)).mean())

    none, half, full = map(away, (0.0, 0.5, 1.0))
    assert half < 0.95 * none
    assert full < 0.88 * none


def test_it_gives_the_same_bytes_again(pair: Pair) -> None:
    assert np.array_equal(swapped_one(*pair), swapped_one(*pair))


def test_without_a_source_it_cannot_be_built() -> None:
    with pytest.raises(UsageError, match="needs a source"):
        installed()["mesh"].create({}, Context(Settings()))


@pytest.mark.parametrize("strength", [-0.1, 1.5, "much"])
def test_a_shape_out_of_range_is_refused(strength: object) -> None:
    with pytest.raises(UsageError, match="face_shape"):
        installed()["mesh"].parse({"face_shape": strength})

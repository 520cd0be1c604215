"""The engine ``mesh`` on a face that does something: blinks, opens its mouth, looks aside."""

import cv2
import numpy as np
import pytest
from numpy.typing import NDArray

from roop.faces.analyser import Analyser
from roop.faces.mesh.topology import INNER_LIPS, LEFT_BROW, OUTER_LIPS, OVAL, RIGHT_BROW
from roop.faces.tracking.selection import LargestFace
from roop.processors.mesh.source.folds import flatten_folds
from roop.types import AnalysedFrame, Face, Mesh, Pixels, Portrait
from support.heads import frame
from support.swapping import (
    engine,
    inside,
    mesh_on,
    opening,
    pixels_of,
    swapped,
    swapped_one,
    width_of,
)
from support.warp import with_expression

LIDS = (
    ((246, 7), (161, 163), (160, 144), (159, 145), (158, 153), (157, 154), (173, 155)),
    ((466, 249), (388, 390), (387, 373), (386, 374), (385, 380), (384, 381), (398, 382)),
)
"""Facing points of the upper and the lower lid."""

GREEN = (20, 140, 60)
"""A colour that no mouth has."""


def with_lids(mesh: Mesh, share: float) -> Mesh:
    """Return the mesh with its eyes open by ``share`` of what they were."""
    changed = mesh.copy()
    for upper, lower in (pair for eye in LIDS for pair in eye):
        changed[upper] = mesh[lower] + share * (mesh[upper] - mesh[lower])
    return changed


def with_open_mouth(mesh: Mesh, gap: float) -> Mesh:
    """Return the mesh with the lower lip and the jaw down by ``gap`` eye distances."""
    unit = float(np.linalg.norm(mesh[263] - mesh[33]))
    middle, half = mesh[13, 0], abs(mesh[291, 0] - mesh[61, 0]) / 2
    line = np.interp(mesh[:, 0], mesh[[61, 13, 291], 0], mesh[[61, 13, 291], 1])
    below = np.clip((mesh[:, 1] - line) / (0.02 * unit), 0, 1)
    below[list(INNER_LIPS[1:10])] = 0
    below[list(INNER_LIPS[11:])] = 1
    across = np.clip(1 - ((mesh[:, 0] - middle) / (1.05 * half)) ** 2, 0, 1)
    changed = mesh.copy()
    changed[:, 1] += gap * unit * below * across
    return changed


@pytest.fixture(params=["woman on elder", "elder on woman"])
def pair(
    request: pytest.FixtureRequest, woman: Portrait, elder: Portrait
) -> tuple[Portrait, Portrait]:
    """Source and target."""
    return (woman, elder) if request.param == "woman on elder" else (elder, woman)


def test_a_blink_is_a_blink(woman: Portrait, analyser: Analyser) -> None:
    """Her own face on her, so that the network sees eyes without glasses before and after."""
    processor = engine(woman)
    shut = with_lids(woman.mesh, 0.1)
    openings, target_openings = [], []
    for number, mesh in enumerate([woman.mesh] * 6 + [shut] * 2 + [woman.mesh] * 2):
        image = frame(with_expression(woman.pixels, woman.mesh, mesh))
        target_openings.append(opening(mesh_on(analyser, pixels_of(image))))
        processor.process([AnalysedFrame(image, (Face(mesh, 1.0, 1, fresh=number == 0),))])
        openings.append(opening(mesh_on(analyser, pixels_of(image))))
    closed = max(openings[6:8])
    assert target_openings[6] < 0.75 * target_openings[5]  # the made image really blinks
    assert closed < 0.8 * min(openings[:6] + openings[8:])
    assert closed < 1.5 * target_openings[6]


def eyes_in(image: Pixels, mesh: Mesh) -> NDArray[np.bool_]:
    """Return where the eyes of a mesh are."""
    rings = ([*(pair[0] for pair in eye), *(pair[1] for pair in eye[::-1])] for eye in LIDS)
    eyes: NDArray[np.bool_] = np.any([inside(mesh[ring], image) for ring in rings], axis=0)
    return eyes


def eye_contrast(image: Pixels, mesh: Mesh) -> float:
    """Return the spread of brightness between the lids of the open ``mesh``."""
    seen = image.mean(axis=2)[eyes_in(image, mesh)]
    return float(np.percentile(seen, 90) - np.percentile(seen, 10))


def test_closed_lids_hide_the_source_s_eyeballs(woman: Portrait, elder: Portrait) -> None:
    processor = engine(woman, face_shape=0.0)
    shots = []
    for number, share in enumerate([1.0] * 5 + [0.05]):
        image = frame(elder.pixels)
        mesh = with_lids(elder.mesh, share)
        processor.process([AnalysedFrame(image, (Face(mesh, 1.0, 1, fresh=number == 0),))])
        shots.append(pixels_of(image))
    assert eye_contrast(shots[5], elder.mesh) < 0.7 * eye_contrast(shots[4], elder.mesh)


def with_eyes_painted_shut(target: Portrait) -> Pixels:
    """Return the photo with skin in place of the eyeballs and a line where the lids meet."""
    eyes = eyes_in(target.pixels, target.mesh).astype(np.uint8)
    hidden = cv2.dilate(eyes, np.ones((5, 5), np.uint8))
    shut = cv2.inpaint(target.pixels, hidden, 5, cv2.INPAINT_TELEA)
    for eye in LIDS:
        line = np.rint(target.mesh[[pair[1] for pair in eye], :2]).astype(np.int32)
        cv2.polylines(shut, [line], False, (60, 40, 35), 1, cv2.LINE_AA)
    return np.asarray(shut, np.uint8)


def at_last(source: Portrait, target: Portrait, pixels: Pixels, share: float) -> Pixels:
    """Return the swap of eyes that were open for a while and are now as they are, in grey.

    Args:
        source: Whose eyes they are.
        target: Who had them open.
        pixels: The image of the target now.
        share: What the mesh leaves of the eyes' opening.
    """
    processor = engine(source, face_shape=0.0)
    for number in range(8):
        image = frame(pixels if number == 7 else target.pixels)
        mesh = with_lids(target.mesh, share) if number == 7 else target.mesh
        processor.process([AnalysedFrame(image, (Face(mesh, 1.0, 1, fresh=number == 0),))])
    return np.asarray(pixels_of(image).mean(axis=2), np.uint8)


def test_eyes_shut_though_the_mesh_leaves_them_half_open(woman: Portrait, elder: Portrait) -> None:
    """Under glasses it does. An open eye with the same mesh looks down, or laughs: it shows."""
    painted, eyes = with_eyes_painted_shut(elder), eyes_in(elder.pixels, elder.mesh)
    shut, half, narrow = (
        at_last(woman, elder, pixels, share)[eyes].astype(float)
        for pixels, share in ((painted, 0.1), (painted, 0.65), (elder.pixels, 0.65))
    )
    assert np.abs(half - shut).mean() < 0.4 * np.abs(narrow - shut).mean()


def test_a_lowered_lid_is_bare(pair: tuple[Portrait, Portrait]) -> None:
    """Lashes that lie over the lid of an open eye are not drawn all over it when it shuts."""
    source, target = pair
    seen = at_last(source, target, with_eyes_painted_shut(target), 0.05)
    lids = np.median(seen[eyes_in(seen, target.mesh)])
    assert lids > 0.63 * np.median(seen[inside(target.mesh[list(OVAL)], seen)])


def green(image: Pixels) -> NDArray[np.bool_]:
    red, green, blue = (image[..., i].astype(int) for i in range(3))
    found: NDArray[np.bool_] = (green > red + 40) & (green > blue + 20)
    return found


def opened(target: Portrait, gap: float) -> tuple[Pixels, Mesh]:
    """Return the target with its mouth open and green inside, and its mesh."""
    mesh = with_open_mouth(target.mesh, gap)
    image = with_expression(target.pixels, target.mesh, mesh)
    image[inside(mesh[list(INNER_LIPS)], image)] = GREEN
    return image, mesh


@pytest.mark.parametrize("gap", [0.12, 0.25, 0.4])
def test_an_open_mouth_shows_the_target_s_own_inside(
    pair: tuple[Portrait, Portrait], gap: float
) -> None:
    source, target = pair
    processor = engine(source)
    for number in range(6):  # the mouth is closed at first, as in a video
        shut = Face(target.mesh, 1.0, 1, fresh=number == 0)
        processor.process([AnalysedFrame(frame(target.pixels), (shut,))])
    pixels, mesh = opened(target, gap)
    image = frame(pixels)
    processor.process([AnalysedFrame(image, (Face(mesh, 1.0, 1, fresh=False),))])
    before, after = green(pixels), green(pixels_of(image))
    assert after.any(axis=1).sum() > 0.7 * before.any(axis=1).sum()  # rows: how far it is open
    assert after.sum() > 0.5 * before.sum()
    mouth = inside(mesh[list(OUTER_LIPS)], pixels, grow=2)
    assert after[~mouth].sum() < 0.05 * before.sum()
    assert np.abs(np.median(pixels_of(image)[after], axis=0) - GREEN).max() < 12


@pytest.mark.parametrize("gap", [0.12, 0.25, 0.4])
def test_a_photo_with_an_open_mouth_keeps_it_open(
    pair: tuple[Portrait, Portrait], gap: float
) -> None:
    source, target = pair
    pixels, mesh = opened(target, gap)
    output = swapped(source, pixels, [Face(mesh, 1.0, 1)])
    assert green(output).any(axis=1).sum() > 0.7 * green(pixels).any(axis=1).sum()


def white(image: Pixels, mesh: Mesh) -> float:
    """Return the share of pixels between the lips that are white as teeth are, beside skin."""
    skin = np.median(image[inside(mesh[[205, 50, 280, 425]], image)], axis=0)
    lips = image[inside(mesh[list(OUTER_LIPS)], image)].astype(float)
    colour = np.ptp(lips, axis=1) / lips.max(axis=1)  # saturation: teeth have little
    pale = colour < 0.45 * np.ptp(skin) / skin.max()
    return float((pale & (lips.mean(axis=1) > 0.95 * skin.mean())).mean())


def bright_line(image: Pixels, mesh: Mesh) -> float:
    """Return how much brighter than around the brightest spot across the lips is, on average."""
    near = inside(mesh[list(INNER_LIPS)], image, grow=0.03 * width_of(mesh))
    half = 0.3 * abs(mesh[291, 0] - mesh[61, 0])
    near &= (np.abs(np.arange(image.shape[1]) - mesh[13, 0]) < half)[None]
    grey = cv2.cvtColor(image, cv2.COLOR_RGB2GRAY)
    rest = grey.astype(float) - cv2.medianBlur(grey, 7)
    columns = np.flatnonzero(near.any(axis=0))
    return float(np.mean([rest[near[:, x], x].max() for x in columns]))


def test_the_source_s_teeth_do_not_show_in_a_closed_mouth(woman: Portrait, elder: Portrait) -> None:
    assert white(woman.pixels, woman.mesh) > 0.1  # she smiles
    output = swapped_one(woman, elder)
    assert white(output, elder.mesh) < 0.01
    assert bright_line(output, elder.mesh) < 0.8 * bright_line(elder.pixels, elder.mesh)


def test_the_target_s_smile_stays(woman: Portrait, elder: Portrait) -> None:
    output = swapped_one(elder, woman)
    assert white(output, woman.mesh) > 0.4 * white(woman.pixels, woman.mesh)


def iris_side(image: Pixels, mesh: Mesh) -> float:
    """Return where the dark of the eyes lies between their corners, 0 left to 1 right."""
    grey = image.mean(axis=2)
    sides = []
    for left, right in ((33, 133), (362, 263)):
        middle = (mesh[left] + mesh[right])[:2] / 2
        width = float(np.linalg.norm(mesh[right, :2] - mesh[left, :2]))
        y, x = np.mgrid[: grey.shape[0], : grey.shape[1]]
        spot = (abs(x - middle[0]) < 0.38 * width) & (abs(y - middle[1]) < 0.12 * width)
        dark = np.clip(np.percentile(grey[spot], 55) - grey, 0, None) * spot
        sides.append(0.5 + (float((dark * x).sum() / dark.sum()) - middle[0]) / width)
    return float(np.mean(sides))


def looking(portrait: Portrait, shift: float) -> Pixels:
    """Return the photo with its irises moved by ``shift`` eye widths, plainly painted."""
    image = portrait.pixels.copy()
    for (left, right), eye in zip(((33, 133), (362, 263)), LIDS, strict=True):
        ring = portrait.mesh[[p[0] for p in eye] + [p[1] for p in eye][::-1]]
        between = inside(ring, image, grow=0.5)
        ends = portrait.mesh[[left, right], :2]
        width = float(np.linalg.norm(ends[1] - ends[0]))
        middle = ends.mean(axis=0) + np.array([shift, -0.02]) * width
        y, x = np.mgrid[: image.shape[0], : image.shape[1]]
        iris = between & (np.hypot(x - middle[0], y - middle[1]) < 0.2 * width)
        image[between] = (215, 205, 200)
        image[iris] = (50, 35, 25)
    return cv2.GaussianBlur(image, (0, 0), 0.5)


def test_the_eyes_look_where_the_target_s_look(woman: Portrait, elder: Portrait) -> None:
    plain = Portrait(looking(woman, 0.0), woman.mesh)

    def seen(shift: float) -> float:
        processor = engine(plain, face_shape=0.0)
        for number in range(8):
            image = frame(looking(elder, shift))
            processor.process(
                [AnalysedFrame(image, (Face(elder.mesh, 1.0, 1, fresh=number == 0),))]
            )
        return iris_side(pixels_of(image), elder.mesh)

    left, ahead, right = seen(-0.14), seen(0.0), seen(0.14)
    assert left < ahead - 0.04
    assert right > ahead + 0.04


def test_the_eyes_of_a_photo_look_where_the_network_sees_the_irises(
    woman: Portrait, elder: Portrait
) -> None:
    plain = Portrait(looking(woman, 0.0), woman.mesh, gaze=np.zeros((2, 2), np.float32))

    def seen(shift: float) -> float:
        gaze = np.array([[shift, 0.0]] * 2, np.float32)
        image = frame(looking(elder, 0.0))
        face = Face(elder.mesh, 1.0, 1, gaze=gaze)
        engine(plain, face_shape=0.0).process([AnalysedFrame(image, (face,))])
        return iris_side(pixels_of(image), elder.mesh)

    left, ahead, right = seen(-0.2), seen(0.0), seen(0.2)
    assert left < ahead - 0.1
    assert right > ahead + 0.1


@pytest.mark.parametrize("raised", [0.0, 0.1])
def test_the_brows_are_where_the_target_s_are(
    woman: Portrait, elder: Portrait, analyser: Analyser, raised: float
) -> None:
    """His brows are nearer to the eyes than hers: that much of his face stays."""
    unit = float(np.linalg.norm(woman.mesh[263] - woman.mesh[33]))
    brows = [*RIGHT_BROW, *LEFT_BROW]
    mesh = woman.mesh.copy()
    mesh[brows, 1] -= raised * unit
    image = with_expression(woman.pixels, woman.mesh, mesh)
    target = analyser.portrait(image, None, name="raised")
    output = mesh_on(analyser, swapped_one(elder, target))
    off = output[brows, 1].mean() - target.mesh[brows, 1].mean()
    assert abs(off) < 0.08 * unit


def test_the_dark_corners_of_a_smile_are_not_drawn_beside_closed_lips(
    woman: Portrait, elder: Portrait
) -> None:
    dark = woman.pixels.copy()
    for corner in (61, 291):
        x, y = woman.mesh[corner, :2].tolist()
        cv2.ellipse(dark, (round(x), round(y)), (4, 2), 0, 0, 360, (20, 12, 10), -1)
    output = swapped_one(Portrait(dark, woman.mesh), elder).mean(axis=2)
    plain = swapped_one(woman, elder).mean(axis=2)
    beside = np.zeros(output.shape, np.uint8)
    for outer, inner in ((61, 78), (291, 308)):
        point = elder.mesh[outer, :2] + 1.5 * (elder.mesh[outer] - elder.mesh[inner])[:2]
        cv2.circle(beside, tuple(np.rint(point).astype(int).tolist()), 4, 1, -1)
    assert output[beside > 0].min() > 0.8 * plain[beside > 0].min()


@pytest.mark.parametrize("shut", [(0,), (0, 1)], ids=["wink", "both"])
def test_shut_eyes_of_a_photo_are_shut(
    woman: Portrait, analyser: Analyser, shut: tuple[int, ...]
) -> None:
    """Her own face on her, so that the network sees eyes without glasses."""
    mesh = woman.mesh.copy()
    for upper, lower in (pair for eye in shut for pair in LIDS[eye]):
        mesh[upper] = mesh[lower] + 0.2 * (mesh[upper] - mesh[lower])
    image = frame(with_expression(woman.pixels, woman.mesh, mesh))
    face = Face(mesh, 1.0, 1, gaze=np.zeros((2, 2), np.float32))
    engine(woman).process([AnalysedFrame(image, (face,))])
    found, plain = (mesh_on(analyser, one) for one in (pixels_of(image), swapped_one(woman, woman)))
    for eye, pairs in enumerate(LIDS):
        gaps = [np.mean([one[b, 1] - one[a, 1] for a, b in pairs[2:5]]) for one in (found, plain)]
        assert gaps[0] < 0.75 * gaps[1] if eye in shut else gaps[0] > 0.6 * gaps[1]


def test_folds_of_a_smile_become_fainter_and_pores_stay() -> None:
    y, x = np.mgrid[:200, :200]
    pores = np.random.default_rng(1).normal(0, 4, (200, 200))
    fold = 50 * np.exp(-(((x - y) / 6) ** 2))
    skin = np.dstack([np.clip(c + pores - fold, 0, 255).astype(np.uint8) for c in (200, 150, 120)])
    everywhere = np.ones((200, 200), np.float32)
    flat = flatten_folds(skin, everywhere, everywhere, 0.9).astype(float)

    def depth(image: NDArray[np.float64]) -> float:
        return float(image[abs(x - y) > 40].mean() - image[abs(x - y) < 3].mean())

    assert depth(flat) < 0.5 * depth(skin.astype(float))
    grain = [np.std(i - cv2.GaussianBlur(i, (0, 0), 2)) for i in (flat, skin.astype(float))]
    assert grain[0] > 0.9 * grain[1]


def test_a_still_face_in_a_noisy_video_stays_still(
    woman: Portrait, elder: Portrait, analyser: Analyser
) -> None:
    tracker = analyser.tracker(LargestFace())
    processor = engine(woman)
    before: NDArray[np.float64] | None = None
    flicker, grain = [], []
    for seed in range(12):
        noise = np.random.default_rng(seed).normal(0, 3, elder.pixels.shape)
        image = frame(np.clip(np.rint(elder.pixels + noise), 0, 255).astype(np.uint8))
        processor.process([AnalysedFrame(image, tracker.update(image))])
        now = cv2.GaussianBlur(pixels_of(image), (0, 0), 2).astype(float)
        if before is not None and seed > 4:
            face = np.s_[170:320, 200:340]
            flicker.append(np.abs(now - before)[face].mean())
            grain.append(np.abs(now - before)[20:120, 20:120].mean())
        before = now
    assert np.mean(flicker) < 1.5 * np.mean(grain) + 0.3


def test_the_line_between_closed_lips_has_no_steps(woman: Portrait, elder: Portrait) -> None:
    """She smiles with her teeth; his lips are closed."""
    large = cv2.resize(elder.pixels, None, fx=3, fy=3, interpolation=cv2.INTER_CUBIC)
    target = Portrait(np.asarray(large, np.uint8), elder.mesh * 3)
    grey = swapped_one(woman, target).mean(axis=2)
    upper, lower = (target.mesh[list(INNER_LIPS[part])] for part in (slice(2, 9), slice(12, 19)))
    reach = 0.03 * width_of(target.mesh)
    top, bottom = int(upper[:, 1].min() - reach), int(lower[:, 1].max() + reach)
    left, right = int(upper[:, 0].min()), int(upper[:, 0].max())
    line = cv2.GaussianBlur(grey[top:bottom, left:right], (0, 0), 1).argmin(axis=0)
    x = np.linspace(-1, 1, line.size)
    off = line - np.polyval(np.polyfit(x, line, 4), x)
    assert off.std() < 0.5

"""What is in front of a face stays there, and nothing else of the old face does."""

from collections.abc import Sequence

import cv2
import numpy as np
import pytest
from numpy.typing import NDArray

from roop.types import Alpha, AnalysedFrame, Face, Pixels, Portrait
from support.heads import frame
from support.swapping import Mask, RecordingFrame, engine, face_area, pixels_of, width_of

SKINS = {"light": (1.0, 1.0, 1.0), "dark": (0.36, 0.29, 0.25)}


def skin(portrait: Portrait, name: str) -> Pixels:
    """Return the photo with darker skin, or without colours."""
    if name == "grey":
        return cv2.cvtColor(cv2.cvtColor(portrait.pixels, cv2.COLOR_RGB2GRAY), cv2.COLOR_GRAY2RGB)
    return (portrait.pixels * SKINS[name]).astype(np.uint8)


def textured(colour: Sequence[float], shape: tuple[int, ...]) -> NDArray[np.float64]:
    """Return a surface of one colour with stripes and grain."""
    y, x = np.mgrid[: shape[0], : shape[1]]
    grain = np.random.default_rng(1).normal(0, 6, shape[:2])
    return np.clip(np.array(colour) + (12 * np.sin(x / 5 + y / 3) + grain)[..., None], 0, 255)


def bar(portrait: Portrait, place: float) -> Mask:
    """Return an upright bar, ``place`` face widths to the right of the face's middle."""
    x = np.arange(portrait.pixels.shape[1]) - portrait.mesh[:, 0].mean()
    off = np.abs(x - place * width_of(portrait.mesh)) < 0.14 * width_of(portrait.mesh)
    return np.broadcast_to(off, portrait.pixels.shape[:2])


def fist(portrait: Portrait, place: float) -> Mask:
    """Return an ellipse before the cheek, ``place`` face widths below its highest position."""
    y, x = np.mgrid[: portrait.pixels.shape[0], : portrait.pixels.shape[1]]
    width = width_of(portrait.mesh)
    cx, cy = portrait.mesh[:, 0].mean() + 0.15 * width, portrait.mesh[4, 1] + (0.3 + place) * width
    inner: Mask = ((x - cx) / (0.28 * width)) ** 2 + ((y - cy) / (0.38 * width)) ** 2 < 1
    return inner


def covered(image: Pixels, mask: Mask, colour: Sequence[float]) -> Pixels:
    surface = textured(colour, image.shape)
    soft = cv2.GaussianBlur(mask.astype(np.float32), (0, 0), 0.6)[..., None]
    return np.rint(image * (1 - soft) + surface * soft).astype(np.uint8)


def swap_frames(
    source: Portrait, target: Portrait, frames: Sequence[Pixels]
) -> tuple[list[Pixels], list[Alpha]]:
    """Swap the frames of one stream; return them and how much of each was replaced."""
    swap = engine(source)
    shown = [RecordingFrame(pixels) for pixels in frames]
    for number, image in enumerate(shown):
        swap.process([AnalysedFrame(image, (Face(target.mesh, 1.0, 1, fresh=number == 0),))])
    return [pixels_of(image) for image in shown], [image.alpha for image in shown]


def trembling(image: Pixels, number: int) -> Pixels:
    """Return the image as a camera gives it: with noise, in a light that changes."""
    grain = np.random.default_rng(number).normal(0, 2, image.shape)
    across = np.linspace(-1, 1, image.shape[1])[:, None] * 0.1 * np.sin(number / 3)
    return np.clip(image * (1 + 0.1 * np.cos(number / 4) + across) + grain, 0, 255).astype(np.uint8)


def core(mask: Mask, pixels: float) -> Mask:
    depth = cv2.distanceTransform(mask.astype(np.uint8), cv2.DIST_L2, 5)
    found: Mask = depth > pixels
    return found


@pytest.mark.parametrize("complexion", ["light", "dark", "grey"])
def test_a_bar_that_passes_stays_in_front(
    woman: Portrait, elder: Portrait, complexion: str
) -> None:
    still = skin(woman, complexion)
    places = [None] * 4 + [-0.4, -0.2, 0.0, 0.2] + [None] * 2
    masks = [np.zeros(still.shape[:2], bool) if p is None else bar(woman, p) for p in places]
    clean = [trembling(still, number) for number in range(len(places))]
    frames = [covered(c, m, (50, 80, 160)) for c, m in zip(clean, masks, strict=True)]
    outputs, alphas = swap_frames(elder, woman, frames)
    _, plain = swap_frames(elder, woman, clean)
    area = face_area(woman.mesh, still, grow=-0.06)
    for before, after, mask in zip(frames, outputs, masks, strict=True):
        kept = core(mask, 4) & area
        if kept.any():
            off = np.abs(after[kept].astype(int) - before[kept]).max(axis=1)
            assert (off <= 3).mean() > 0.97
    for alpha, usual, mask in zip(alphas, plain, masks, strict=True):
        free = area & core(~mask, 0.08 * width_of(woman.mesh))
        assert alpha[free].sum(dtype=float) > 0.985 * usual[free].sum(dtype=float)


@pytest.mark.parametrize("swapped", ["woman", "elder"])
def test_a_hand_stays_in_front(
    request: pytest.FixtureRequest, swapped: str, woman: Portrait, elder: Portrait
) -> None:
    target, source = (woman, elder) if swapped == "woman" else (elder, woman)
    hand = (214, 140, 104) if swapped == "woman" else (236, 196, 172)
    masks = [np.zeros(target.pixels.shape[:2], bool)] * 6
    masks += [fist(target, place) for place in (0.5, 0.35, 0.2, 0.1, 0.0, 0.0)]
    frames = [
        covered(trembling(target.pixels, number), mask, hand) for number, mask in enumerate(masks)
    ]
    outputs, _ = swap_frames(source, target, frames)
    area = face_area(target.mesh, target.pixels, grow=-0.06)
    for before, after, mask in zip(frames[8:], outputs[8:], masks[8:], strict=True):
        kept = core(mask, 4) & area
        off = np.abs(after[kept].astype(int) - before[kept]).max(axis=1)
        assert (off <= 3).mean() > 0.9


@pytest.mark.parametrize("complexion", ["light", "dark", "grey"])
@pytest.mark.parametrize("swapped", ["woman", "elder"])
def test_with_nothing_in_front_nothing_of_the_old_face_stays(
    woman: Portrait, elder: Portrait, swapped: str, complexion: str
) -> None:
    target, source = (woman, elder) if swapped == "woman" else (elder, woman)
    still = skin(target, complexion)
    _, alphas = swap_frames(
        source, target, [trembling(still, number) for number in range(0, 24, 4)]
    )
    area = face_area(target.mesh, still, grow=-0.1)
    sums = [alpha[area].sum(dtype=float) for alpha in alphas]
    assert min(sums) > 0.99 * max(sums)


def test_what_was_in_front_from_the_start_leaves_nothing_behind(
    woman: Portrait, elder: Portrait
) -> None:
    places = [-0.1, -0.05, 0.0, 0.05, 0.2, 0.4, 0.9, None, None, None]
    frames = [
        trembling(elder.pixels, n)
        if place is None
        else covered(trembling(elder.pixels, n), bar(elder, place), (50, 80, 160))
        for n, place in enumerate(places)
    ]
    outputs, alphas = swap_frames(woman, elder, frames)
    area = face_area(elder.mesh, elder.pixels, grow=-0.1)
    _, plain = swap_frames(woman, elder, [frames[-1]])
    assert alphas[-1][area].sum(dtype=float) > 0.97 * plain[0][area].sum(dtype=float)
    kept = core(bar(elder, places[0] or 0), 5) & area
    off = np.abs(outputs[0][kept].astype(int) - frames[0][kept]).max(axis=1)
    assert (off <= 3).mean() > 0.7


def test_what_is_no_skin_stays_on_a_photo(woman: Portrait, elder: Portrait) -> None:
    mask = bar(woman, 0.1)
    photo = covered(woman.pixels, mask, (50, 80, 160))
    image = frame(photo)
    engine(elder).process([AnalysedFrame(image, (Face(woman.mesh, 1.0),))])
    kept = core(mask, 4) & face_area(woman.mesh, photo, grow=-0.1)
    off = np.abs(pixels_of(image)[kept].astype(int) - photo[kept]).max(axis=1)
    assert (off <= 3).mean() > 0.8


@pytest.mark.parametrize("swapped", ["woman", "elder"])
def test_a_hard_shadow_is_nothing_in_front(woman: Portrait, elder: Portrait, swapped: str) -> None:
    target, source = (woman, elder) if swapped == "woman" else (elder, woman)
    x = (np.arange(target.pixels.shape[1]) - target.mesh[:, 0].mean()) / width_of(target.mesh)
    frames = [trembling(target.pixels, number) for number in range(4)]
    for place in (-0.4, -0.2, 0.0, 0.2, 0.4):  # its edge
        light = 1 - 0.5 / (1 + np.exp((x - place) * 60))[:, None]
        frames.append(np.rint(trembling(target.pixels, 4) * light).astype(np.uint8))
    _, alphas = swap_frames(source, target, frames)
    area = face_area(target.mesh, target.pixels, grow=-0.1)
    sums = [alpha[area].sum(dtype=float) for alpha in alphas]
    assert min(sums) > 0.97 * max(sums)


@pytest.mark.parametrize("colour", [(238, 238, 235), (35, 35, 38), (205, 150, 120), (90, 130, 190)])
def test_a_mask_of_any_colour_stays_on_in_a_photo(
    woman: Portrait, elder: Portrait, colour: tuple[int, int, int]
) -> None:
    outline = woman.mesh[[6, 47, 123, 58, 136, 152, 365, 288, 352, 277], :2]
    mask = np.zeros(woman.pixels.shape[:2], np.uint8)
    cv2.fillConvexPoly(mask, cv2.convexHull(np.rint(outline).astype(np.int32)), 1)
    masked = covered(woman.pixels, mask > 0, colour)
    image = RecordingFrame(masked)
    engine(elder).process([AnalysedFrame(image, (Face(woman.mesh, 1.0, 1),))])
    inner = core(mask > 0, 0.08 * width_of(woman.mesh))
    assert image.alpha[inner].mean() < 25
    eyes = np.rint(woman.mesh[[159, 386], :2]).astype(int)
    assert image.alpha[eyes[:, 1], eyes[:, 0]].min() > 200

"""Several photos of one person: each frame shows the one nearest to how the target is seen."""

from collections.abc import Sequence

import cv2
import numpy as np
import pytest
from numpy.typing import NDArray

from roop.processors.base import Processor
from roop.types import AnalysedFrame, Face, Pixels, Portrait
from support.heads import frame
from support.swapping import engine, face_area, pixels_of, width_of
from support.warp import turned

_CHEEKS = (205, 425)
"""Points of the mesh in the middle of the right and of the left cheek."""

_MARK = 0.05
"""Radius of a mark on a cheek, face widths."""


def marked(portrait: Portrait, colour: tuple[int, int, int]) -> Portrait:
    """Return a photo of the same person with both cheeks painted."""
    pixels = portrait.pixels.copy()
    for x, y in np.rint(portrait.mesh[list(_CHEEKS), :2]).astype(int).tolist():
        cv2.circle(pixels, (x, y), round(_MARK * width_of(portrait.mesh)), colour, -1)
    return Portrait(pixels, portrait.mesh)


def lit(portrait: Portrait, left: float, right: float) -> Portrait:
    """Return a photo of the same head with so much of the light at its two ends."""
    across = np.arange(portrait.pixels.shape[1]) - portrait.mesh[:, 0].min()
    gain = np.interp(across / width_of(portrait.mesh), [0, 1], [left, right])[None, :, None]
    return Portrait(
        np.clip(np.rint(portrait.pixels * gain), 0, 255).astype(np.uint8), portrait.mesh
    )


def drawn_by(built: Processor, target: Portrait, *, fresh: bool = False) -> Pixels:
    """Return the next frame of one face."""
    image = frame(target.pixels)
    built.process([AnalysedFrame(image, (Face(target.mesh, 1.0, 1, fresh=fresh),))])
    return pixels_of(image)


def shown(photos: Sequence[Portrait], target: Portrait) -> NDArray[np.float64]:
    """Return the swapped face of a still target, ``(N, 3)``."""
    area = face_area(target.mesh, target.pixels, grow=-0.05)
    face: NDArray[np.float64] = drawn_by(engine(*photos), target)[area].astype(float)
    return face


@pytest.mark.parametrize("wanted", [0, 1])
def test_the_photo_in_the_same_light_is_shown(
    woman: Portrait, elder: Portrait, wanted: int
) -> None:
    lamps = [(1.1, 0.5), (0.5, 1.1)]
    photos = [
        marked(lit(woman, *lamp), colour)
        for lamp, colour in zip(lamps, [(40, 160, 40), (60, 60, 200)], strict=True)
    ]
    target = lit(elder, *lamps[wanted])
    both = shown(photos, target)
    near, far = (
        np.abs(both - shown([photo], target)).mean() for photo in photos[:: 1 - 2 * wanted]
    )
    assert near < 0.3 * far


@pytest.mark.parametrize(("degrees", "wanted"), [(0, 0), (24, 1)])
def test_the_photo_from_the_same_side_is_shown(
    woman: Portrait, elder: Portrait, degrees: float, wanted: int
) -> None:
    from_the_front = marked(woman, (40, 160, 40))
    from_the_side = turned(marked(woman, (60, 60, 200)), 24)
    target = turned(elder, degrees)
    both = [engine(from_the_front, from_the_side), engine(from_the_side, from_the_front)]
    for built in both:
        output = drawn_by(built, target)
        _, green, blue = output[near_cheeks(target)].mean(axis=0)
        assert (blue > green) == bool(wanted)


def test_another_photo_is_blended_in_smoothly(woman: Portrait, elder: Portrait) -> None:
    """A lamp that is switched on changes the photo, and not from one frame to the next."""
    photos = [
        marked(lit(woman, 1.1, 0.5), (20, 200, 20)),
        marked(lit(woman, 0.5, 1.1), (40, 40, 255)),
    ]
    before, after = lit(elder, 1.1, 0.5), lit(elder, 0.5, 1.1)
    built = engine(*photos)
    spots = face_area(elder.mesh, elder.pixels) & near_cheeks(elder)

    def blueness(image: Pixels) -> float:
        _, green, blue = image[spots].mean(axis=0)
        return float(np.log(blue / green))

    drawn_by(built, before, fresh=True)
    seen = [blueness(drawn_by(built, after)) for _ in range(40)]
    steps = np.diff(seen)
    assert seen[-1] > seen[0] + 0.3
    assert np.abs(steps).max() < 0.35 * (seen[-1] - seen[0])


def near_cheeks(portrait: Portrait) -> NDArray[np.bool_]:
    """Return the pixels in the middle of the marks."""
    y, x = np.mgrid[: portrait.pixels.shape[0], : portrait.pixels.shape[1]]
    near = np.zeros(x.shape, np.bool_)
    for cheek in portrait.mesh[list(_CHEEKS), :2]:
        near |= np.hypot(x - cheek[0], y - cheek[1]) < 0.4 * _MARK * width_of(portrait.mesh)
    return near


def test_the_eyes_are_those_of_one_photo(woman: Portrait, elder: Portrait) -> None:
    """Those of two photos look two ways, and a mixture of them has four pupils."""
    lamps = [(1.1, 0.5), (0.5, 1.1)]
    first, second = (lit(woman, *lamp) for lamp in lamps)
    pixels = second.pixels.copy()
    for corners in ((33, 133), (362, 263)):
        x, y = np.rint(second.mesh[list(corners), :2].mean(axis=0)).astype(int).tolist()
        cv2.circle(pixels, (x, y), 4, (0, 255, 0), -1)
    output = drawn_by(engine(first, Portrait(pixels, second.mesh)), lit(elder, *lamps[1]))
    for corners in ((33, 133), (362, 263)):
        x, y = np.rint(elder.mesh[list(corners), :2].mean(axis=0)).astype(int).tolist()
        red, green, blue = output[y - 2 : y + 3, x - 2 : x + 3].astype(float).mean(axis=(0, 1))
        assert green < max(red, blue) + 15

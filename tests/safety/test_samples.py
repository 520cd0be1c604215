from fractions import Fraction
from itertools import pairwise

import numpy as np
import pytest

from roop.media.frames.stored_frame import StoredFrame
from roop.safety.samples import Sampler


def frame(colour: int, pts: int, *, per_second: int = 25) -> StoredFrame:
    pixels = np.full((90, 160, 3), colour, np.uint8)
    return StoredFrame(pixels, pts=pts, time_base=Fraction(1, per_second))


def selected(colours: list[int], **options: int) -> list[int]:
    sampler = Sampler(lambda count: count - 1)  # the fewest
    return [n for n, colour in enumerate(colours) if sampler.selects(frame(colour, n, **options))]


def test_the_first_frame_and_one_in_twelve() -> None:
    assert selected([90] * 40) == [0, 12, 24, 36]


def test_one_every_second() -> None:
    assert selected([90] * 13, per_second=4) == [0, 4, 8, 12]


def test_which_ones_is_left_to_chance() -> None:
    found = {
        tuple(n for n in range(60) if sampler.selects(frame(90, n)))
        for sampler in (Sampler() for _ in range(20))
    }
    assert len(found) > 1
    assert max(b - a for each in found for a, b in pairwise(each)) <= 12


def test_every_cut_even_of_a_single_frame() -> None:
    assert selected([90] * 7 + [160] + [90] * 5) == [0, 7, 8]


def test_all_frames_at_one_per_second() -> None:
    assert selected([90] * 4, per_second=1) == [0, 1, 2, 3]


def test_a_slow_change_is_selected_before_it_is_a_large_one() -> None:
    chosen = selected(list(range(90, 140, 5)), per_second=1000)
    assert chosen == [0, 4, 8]


@pytest.mark.parametrize("size", [(1, 1), (3, 2), (2, 700)])
def test_tiny_frames(size: tuple[int, int]) -> None:
    assert Sampler().selects(StoredFrame(np.zeros((*size, 3), np.uint8)))


def test_times_that_run_backwards_do_not_end_the_sampling() -> None:
    sampler = Sampler()
    assert sampler.selects(frame(90, 10_000))
    assert sampler.selects(frame(90, 0))
    assert sampler.selects(frame(90, 30))

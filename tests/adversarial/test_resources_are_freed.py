"""A call gives back what it opened when it ends, whether or not garbage is collected."""

import gc
import threading
from collections.abc import Callable, Iterator
from contextlib import suppress
from pathlib import Path

import psutil
import pytest
from PIL import Image

import roop
from roop.errors import RoopError
from support.figures import Pixels

Call = Callable[[int], object]


@pytest.fixture
def without_collector() -> Iterator[None]:
    gc.collect()
    gc.disable()
    yield
    gc.enable()


def opened(call: Call, times: int) -> tuple[int, int]:
    """Return descriptors and threads after so many calls."""
    for number in range(times):
        with suppress(RoopError):
            call(number)
    return psutil.Process().num_fds(), threading.active_count()


@pytest.mark.usefixtures("without_collector")
@pytest.mark.parametrize("ending", ["done", "refused", "nobody"])
def test_calls_leave_nothing_open(
    photo: Path, figure: Pixels, out: Path, tmp_path: Path, ending: str
) -> None:
    target = photo
    if ending != "done":
        target = tmp_path / "target.png"
        picture = Image.fromarray(figure) if ending == "refused" else Image.new("RGB", (64, 64))
        picture.save(target)

    def call(number: int) -> object:
        return roop.swap(photo, target, out / f"{number}.png", force=True)

    first = opened(call, 1)
    assert opened(call, 3) == first
    assert len(list(out.iterdir())) == (3 if ending == "done" else 0)

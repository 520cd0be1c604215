"""What every test may use, and what every test must leave behind: no thread, no logged error."""

import logging
import os
import threading
from collections.abc import Iterator
from importlib.resources import files
from importlib.resources.abc import Traversable
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from PIL import Image

if TYPE_CHECKING:  # they load numpy
    from roop.faces.analyser import Analyser
    from roop.types import Portrait

# Read when numpy is loaded: its threads spin while they wait, for minutes on a busy machine.
os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")


@pytest.fixture(autouse=True)
def no_leftovers(caplog: pytest.LogCaptureFixture) -> Iterator[None]:
    before = set(threading.enumerate())
    yield
    left = [thread.name for thread in threading.enumerate() if thread not in before]
    assert not left, f"threads still run: {left}"
    errors = [r.getMessage() for r in caplog.get_records("call") if r.levelno >= logging.ERROR]
    assert not errors, f"errors were logged: {errors}"


@pytest.fixture(scope="session")
def portraits(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    """Photos of one face each; ``nobody`` has none, ``both`` two (hopper left, astronaut right)."""
    folder = tmp_path_factory.mktemp("portraits")
    astronaut = _picture(files("skimage") / "data" / "astronaut.png")
    hopper = _picture(files("matplotlib") / "mpl-data" / "sample_data" / "grace_hopper.jpg")
    both = Image.new("RGB", (1024, 600), (90, 90, 90))
    both.paste(hopper, (0, 0))
    both.paste(astronaut, (512, 0))
    nobody = Image.linear_gradient("L").resize((640, 480)).convert("RGB")
    pictures = {"astronaut": astronaut, "hopper": hopper, "both": both, "nobody": nobody}
    paths = {name: folder / f"{name}.png" for name in pictures}
    for name, picture in pictures.items():
        picture.save(paths[name])
    return paths


@pytest.fixture(scope="session")
def analyser() -> "Analyser":
    from roop.faces.analyser import Analyser
    from roop.options import Settings

    return Analyser(Settings())


@pytest.fixture(scope="session")
def woman(analyser: "Analyser") -> "Portrait":
    """The astronaut: smiles, shows teeth, evenly lit from the left."""
    from support.heads import astronaut

    return analyser.portrait(astronaut(), None, name="astronaut")


@pytest.fixture(scope="session")
def elder(analyser: "Analyser") -> "Portrait":
    """The officer: serious, lips closed, glasses, reddish light."""
    from support.heads import hopper

    return analyser.portrait(hopper(), None, name="hopper")


def _picture(file: Traversable) -> Image.Image:
    with file.open("rb") as stream, Image.open(stream) as image:
        return image.convert("RGB")

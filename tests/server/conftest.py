"""A server for all tests that leave it as it was, and files to send."""

from collections.abc import Iterator
from fractions import Fraction
from pathlib import Path

import pytest
from PIL import Image

from support.figures import drawing
from support.films import Film, elder_at, woman_at
from support.long_films import FaceClip
from support.server import Server, running


@pytest.fixture(scope="session")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    with running(tmp_path_factory.mktemp("server")) as server:
        yield server


@pytest.fixture(scope="session")
def files(tmp_path_factory: pytest.TempPathFactory, portraits: dict[str, Path]) -> dict[str, Path]:
    """Photos, a short film of two people, one that takes a while, and what is refused."""
    folder = tmp_path_factory.mktemp("files")
    pair = [elder_at(240, canvas=woman_at(80 + number)) for number in range(20)]
    slow = FaceClip(times=tuple(range(300)), time_base=Fraction(1), sound=(), begin=100.0)
    Image.fromarray(drawing()).save(folder / "drawing.png")
    return {
        **portraits,
        "pair": Film().write(folder / "pair.mp4", pair),
        "slow": slow.write(folder / "slow.mp4"),
        "drawing": folder / "drawing.png",
    }


@pytest.fixture(scope="session")
def sent(server: Server, files: dict[str, Path]) -> dict[str, str]:
    """The ids of those files on the server."""
    return {name: server.upload(path) for name, path in files.items()}

"""Outputs of roop to share, stores to share to, and an environment without anybody's keys."""

import os
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from importlib.resources import files
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from roop.media.video.clip import write_clip
from roop.options import ShareOptions
from support.object_store import ACCESS_KEY, SECRET_KEY, ObjectStore
from support.outputs import make
from support.s3 import Bucket

MOTO = """
import sys
from moto.server import ThreadedMotoServer
server = ThreadedMotoServer("127.0.0.1", 0, verbose=False)
server.start()
print(server.get_host_and_port()[1], flush=True)
sys.stdin.read()
server.stop()
"""


@pytest.fixture(autouse=True)
def environment_of_nobody(
    monkeypatch: pytest.MonkeyPatch, tmp_path_factory: pytest.TempPathFactory
) -> Path:
    """Return a home without keys; no proxy stands between the tests and their servers."""
    home = tmp_path_factory.mktemp("home")
    for name in os.environ:
        if name.startswith(("AWS_", "AZURE_", "GOOGLE_", "ROOP_SHARE")):
            monkeypatch.delenv(name)
    monkeypatch.setenv("HOME", str(home))
    monkeypatch.setenv("XDG_DATA_HOME", str(home / "data"))
    monkeypatch.setenv("XDG_CONFIG_HOME", str(home / "config"))
    for name in ("NO_PROXY", "no_proxy"):
        monkeypatch.setenv(name, "127.0.0.1,localhost")
    return home


@contextmanager
def signing_keys(folder: Path) -> Iterator[None]:
    """Sign with keys that are not the person's own."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("XDG_DATA_HOME", str(folder / "keys"))
        yield


@pytest.fixture(scope="session")
def photo(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A photo that roop never saw."""
    path = tmp_path_factory.mktemp("photo") / "unmarked.png"
    with Image.open(str(files("skimage") / "data" / "astronaut.png")) as picture:
        picture.convert("RGB").save(path)
    return path


@pytest.fixture(scope="session")
def output(photo: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """An output of roop, some kilobytes."""
    path = tmp_path_factory.mktemp("output") / "Größe & 1.jpg"
    with signing_keys(path.parent):
        make(photo, photo, path)
    return path


@pytest.fixture(scope="session")
def large_output(photo: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """An output of roop of four parts, the last one small: a film with noise after its end."""
    folder = tmp_path_factory.mktemp("large")
    with Image.open(photo) as picture:
        frame = np.asarray(picture.resize((320, 320)))
    write_clip(folder / "film.mkv", [frame] * 6, fps=24)
    with signing_keys(folder):
        make(photo, folder / "film.mkv", folder / "large.mkv")
    with (folder / "large.mkv").open("ab") as file:
        file.write(np.random.default_rng(3).bytes(25 << 20))
    return folder / "large.mkv"


@pytest.fixture(scope="session")
def moto() -> Iterator[str]:
    """The address of an S3 server."""
    process = subprocess.Popen(
        [sys.executable, "-c", MOTO], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    )
    assert process.stdin
    assert process.stdout
    yield f"http://127.0.0.1:{int(process.stdout.readline())}"
    process.stdin.close()
    process.wait(20)
    process.stdout.close()


@pytest.fixture
def bucket(moto: str) -> Iterator[Bucket]:
    """An empty bucket ``films``."""
    made = Bucket(moto)
    yield made
    made.close()


@pytest.fixture
def at_moto(moto: str) -> ShareOptions:
    return ShareOptions(endpoint=moto, access_key=ACCESS_KEY, secret_key=SECRET_KEY)


@pytest.fixture
def supabase() -> Iterator[ObjectStore]:
    with ObjectStore() as store:
        yield store


@pytest.fixture
def at_supabase(supabase: ObjectStore) -> ShareOptions:
    return ShareOptions(endpoint=supabase.address, access_key=ACCESS_KEY, secret_key=SECRET_KEY)

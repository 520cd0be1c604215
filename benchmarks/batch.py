"""Measure a batch of photos: one after another, as `roop batch` does them, and by `roop.Swapper`.

    uv run python benchmarks/batch.py SOURCE PHOTO --count 40

Copies PHOTO so many times, swaps every face in every copy, and prints seconds a photo.
"""

import argparse
import shutil
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import roop


def main() -> None:
    """Print the figures."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("source", type=Path)
    parser.add_argument("photo", type=Path, help="a photo of several people")
    parser.add_argument("--count", type=int, default=40)
    parser.add_argument(
        "--alone", type=int, default=3, help="photos swapped by commands of their own"
    )
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        targets = folder / "targets"
        targets.mkdir()
        for number in range(options.count):
            shutil.copy(options.photo, targets / f"{number:04}{options.photo.suffix}")
        _print("one command a photo", _alone(options, folder), options.alone)
        _print("roop.Swapper", _swapper(options.source, targets, folder), options.count)
        _print("roop batch", _batch(options.source, targets, folder), options.count)


def _alone(options: argparse.Namespace, folder: Path) -> float:
    started = time.perf_counter()
    for number in range(options.alone):
        output = folder / f"alone-{number}{options.photo.suffix}"
        _roop("swap", "-s", options.source, "-t", options.photo, "-o", output, "--many-faces")
    return time.perf_counter() - started


def _swapper(source: Path, targets: Path, folder: Path) -> float:
    started = time.perf_counter()
    with roop.Swapper(source, many_faces=True) as swapper:
        for target in sorted(targets.iterdir()):
            swapper.swap(target, folder / f"swapper-{target.name}")
    return time.perf_counter() - started


def _batch(source: Path, targets: Path, folder: Path) -> float:
    started = time.perf_counter()
    _roop("batch", "-s", source, "-t", targets, "-o", folder / "batch", "--many-faces")
    return time.perf_counter() - started


def _roop(*arguments: str | Path) -> None:
    command = [sys.executable, "-m", "roop", *map(str, arguments), "--accept-terms"]
    subprocess.run(command, check=True, stdout=subprocess.DEVNULL)


def _print(name: str, seconds: float, photos: int) -> None:
    print(f"{name:20} {seconds:6.1f} s, {seconds / photos:.2f} s a photo")


if __name__ == "__main__":
    main()

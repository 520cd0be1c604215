"""Measure a batch of photos: one after another, as `roop batch` does them, and by `roop.Swapper`.

    uv run python benchmarks/batch.py SOURCE PHOTO --count 40

Copies PHOTO so many times, swaps every face in every copy, and prints seconds a photo. With
``--memory``, swaps PHOTO so many times by one ``roop.Swapper`` and prints the memory it takes.
"""

import argparse
import shutil
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import psutil

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
    parser.add_argument("--memory", action="store_true", help="print memory instead of time")
    options = parser.parse_args()
    if options.memory:
        _memory(options)
        return
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        targets = folder / "targets"
        targets.mkdir()
        for number in range(options.count):
            shutil.copy(options.photo, targets / f"{number:04}{options.photo.suffix}")
        _print("one command a photo", _alone(options, folder), options.alone)
        _print("roop.Swapper", _swapper(options.source, targets, folder), options.count)
        _print("roop batch", _batch(options.source, targets, folder), options.count)


def _memory(options: argparse.Namespace) -> None:
    process = psutil.Process()
    with (
        tempfile.TemporaryDirectory() as folder,
        roop.Swapper(options.source, many_faces=True) as swapper,
    ):
        output = Path(folder) / f"output{options.photo.suffix}"
        for number in range(1, options.count + 1):
            swapper.swap(options.photo, output, force=True)
            if number in (1, 10) or number % 100 == 0:
                memory = process.memory_info().rss / 1e6
                print(f"{number:5} photos {memory:6.0f} MB, {process.num_fds()} descriptors")


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

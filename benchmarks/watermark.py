"""Measures how well the watermark hides, lasts, and is told from chance.

    uv run --group dev python benchmarks/watermark.py                        photos of two packages
    uv run --group dev python benchmarks/watermark.py film.mp4 photo.jpg     and faces of your own

Photos: faces of several heights are marked and treated; then clean pictures are varied and looked
at. Films: the first frames are marked at several sizes, encoded again, and looked at as a whole.
"""

from __future__ import annotations

import argparse
import io
import tempfile
from collections.abc import Callable, Iterator, Sequence
from fractions import Fraction
from pathlib import Path

import av
import cv2
import numpy as np
from av.video.stream import VideoStream
from matplotlib.cbook import get_sample_data
from numpy.typing import NDArray
from PIL import Image
from skimage import data

from roop.faces.detection.blazeface import BlazeFaceDetector
from roop.faces.detection.search import find_faces
from roop.faces.mesh.mesher import FaceMesher
from roop.media.frames.stored_frame import StoredFrame
from roop.models.networks import face_detector, face_mesh
from roop.options import Settings
from roop.provenance.search import WatermarkSearch
from roop.provenance.watermark import DETECTION_THRESHOLD, Watermark
from roop.types import Face, Mesh

Pixels = NDArray[np.uint8]

HEIGHTS = (60, 70, 80, 95, 110, 160, 250, 400)
FILM_HEIGHTS = (60, 90, 130)
FILM_FRAMES = 73


def jpeg(pixels: Pixels, quality: int = 60) -> Pixels:
    """Return the picture as it comes out of a JPEG file."""
    stream = io.BytesIO()
    Image.fromarray(pixels).save(stream, "JPEG", quality=quality)
    return np.asarray(Image.open(stream))


def half(pixels: Pixels) -> Pixels:
    """Return the picture at half its size."""
    height, width = pixels.shape[:2]
    return np.asarray(Image.fromarray(pixels).resize((width // 2, height // 2)))


def cropped(pixels: Pixels) -> Pixels:
    """Return nine tenths of the picture."""
    height, width = (side // 20 for side in pixels.shape[:2])
    return np.ascontiguousarray(pixels[height:-height, width:-width])


TREATMENTS: dict[str, Callable[[Pixels], Pixels]] = {
    "as is": lambda pixels: pixels,
    "JPEG 60": jpeg,
    "half": half,
    "cropped": cropped,
}


class Bench:
    """Marks faces and looks for the mark."""

    def __init__(self, folder: Path) -> None:
        settings = Settings(offline=True)
        self._finders = BlazeFaceDetector(face_detector(settings)), FaceMesher(face_mesh(settings))
        self._watermark = Watermark()
        self._search = WatermarkSearch()
        self._folder = folder

    def meshes(self, pixels: Pixels) -> list[Mesh]:
        """Return the faces of a picture, the best first."""
        return [laid.mesh for laid in find_faces(StoredFrame(pixels), *self._finders)]

    def marked(self, pixels: Pixels, mesh: Mesh) -> tuple[Pixels, float]:
        """Return the picture with its mark, and the PSNR within the face, dB."""
        frame = StoredFrame(pixels.copy())
        self._watermark.stamp(frame, [Face(mesh, 1.0)])
        made = np.asarray(frame.samples, np.uint8)
        (x0, y0), (x1, y1) = (
            mesh[:, :2].min(axis=0).astype(int),
            mesh[:, :2].max(axis=0).astype(int),
        )
        change = (made.astype(float) - pixels)[max(y0, 0) : y1, max(x0, 0) : x1]
        return made, float(10 * np.log10(255**2 / np.mean(change**2)))

    def score(self, pixels: Pixels) -> float | None:
        """Look at a picture as ``roop verify`` does."""
        path = self._folder / "picture.png"
        Image.fromarray(pixels).save(path, compress_level=1)
        return self._search.score(path)

    def score_film(self, frames: Sequence[Pixels], crf: int) -> float | None:
        """Encode frames and look at the film as ``roop verify`` does."""
        path = self._folder / "film.mp4"
        with av.open(str(path), "w") as made:
            options = {"crf": str(crf), "preset": "veryfast"}
            stream = made.add_stream("libx264", rate=25, options=options)
            if not isinstance(stream, VideoStream):
                raise TypeError("libx264 makes video")
            stream.height, stream.width = frames[0].shape[:2]
            for number, pixels in enumerate(frames):
                frame = av.VideoFrame.from_ndarray(pixels, "rgb24")
                frame.pts, frame.time_base = number, Fraction(1, 25)
                made.mux(stream.encode(frame))
            made.mux(stream.encode(None))
        return self._search.score(path)


def main() -> None:
    """Read the command line and print three tables."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0] if __doc__ else None)
    parser.add_argument("files", nargs="*", type=Path, help="photos and films with a face")
    parser.add_argument("--clean", type=int, default=1000, help="clean pictures to look at")
    arguments = parser.parse_args()
    films = [path for path in arguments.files if path.suffix in (".mp4", ".mkv", ".mov")]
    photos = [data.astronaut(), _opened(get_sample_data("grace_hopper.jpg", asfileobj=False))]
    photos += [_opened(path) for path in arguments.files if path not in films]
    photos += [next(_frames(path, 1)) for path in films]
    with tempfile.TemporaryDirectory() as name:
        bench = Bench(Path(name))
        _photos(bench, photos)
        _films(bench, films)
        _clean(bench, photos, arguments.clean)


def _photos(bench: Bench, photos: Sequence[Pixels]) -> None:
    print("photos: face, PSNR, then found / lowest score after each treatment")
    for height in HEIGHTS:
        found: dict[str, list[float]] = {name: [] for name in TREATMENTS}
        ratios = []
        for photo in photos:
            picture = _scaled(bench, photo, height)
            meshes = [] if picture is None else bench.meshes(picture)
            if picture is None or not meshes:
                continue
            marked, ratio = bench.marked(picture, meshes[0])
            ratios.append(ratio)
            for name, treat in TREATMENTS.items():
                found[name].append(bench.score(treat(marked)) or 0.0)
        cells = [
            f"{name} {sum(s >= DETECTION_THRESHOLD for s in v)}/{len(v)} {min(v):.1f}"
            for name, v in found.items()
            if v
        ]
        if cells:
            print(f"{height:4} px {np.mean(ratios):5.1f} dB  ", "; ".join(cells), flush=True)


def _films(bench: Bench, films: Sequence[Path]) -> None:
    for path in films:
        frames = list(_frames(path, FILM_FRAMES))
        for height in FILM_HEIGHTS:
            small = [_scaled(bench, frame, height, like=frames[0]) for frame in frames]
            clean = [frame for frame in small if frame is not None]
            marked = [bench.marked(f, m[0])[0] if (m := bench.meshes(f)) else f for f in clean]
            scores = [
                (crf, bench.score_film(marked, crf), bench.score_film(clean, crf))
                for crf in (23, 28)
            ]
            told = [f"CRF {crf}: {a or 0:.1f}, clean {b or 0:.1f}" for crf, a, b in scores]
            print(f"{path.name}, face {height} px:", "; ".join(told), flush=True)


def _clean(bench: Bench, photos: Sequence[Pixels], count: int) -> None:
    random = np.random.default_rng(2026)
    scores = []
    for number in range(count):
        picture = Image.fromarray(photos[number % len(photos)])
        side = int(random.integers(250, 800))
        picture.thumbnail((side, side))
        turned = picture.rotate(float(random.uniform(-12, 12)), Image.Resampling.BICUBIC)
        pixels = np.asarray(turned).astype(float)[:, :: random.choice([-1, 1])]
        noisy = pixels * random.uniform(0.7, 1.3, 3) + random.normal(
            0, random.uniform(0, 8), pixels.shape
        )
        made = jpeg(noisy.clip(0, 255).astype(np.uint8), int(random.integers(40, 96)))
        scores.append(bench.score(made))
    seen = [score for score in scores if score is not None]
    over = sum(score >= DETECTION_THRESHOLD for score in seen)
    print(f"{len(seen)} clean pictures with a face: highest {max(seen):.1f}, {over} found")


def _scaled(
    bench: Bench, pixels: Pixels, height: int, *, like: Pixels | None = None
) -> Pixels | None:
    """Shrink until the face (that of ``like``, if given) is so high; None if it is smaller."""
    meshes = bench.meshes(pixels if like is None else like)
    zoom = height / float(np.ptp(meshes[0][:, 1])) if meshes else 2.0
    if zoom > 1:
        return None
    size = [int(side * zoom) // 2 * 2 for side in pixels.shape[1::-1]]
    return np.asarray(cv2.resize(pixels, size, interpolation=cv2.INTER_AREA), np.uint8)


def _opened(path: str | Path) -> Pixels:
    with Image.open(path) as image:
        return np.asarray(image.convert("RGB"))


def _frames(path: Path, count: int) -> Iterator[Pixels]:
    with av.open(str(path)) as container:
        for number, frame in enumerate(container.decode(video=0)):
            if number == count:
                return
            yield frame.to_ndarray(format="rgb24").astype(np.uint8, copy=False)


if __name__ == "__main__":
    main()

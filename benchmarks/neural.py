"""Measures what surrounds a swap network: roop's command against the bare network on as many faces.

    uv run --group dev python benchmarks/neural.py [--frames 6] [--provider openvino] [--threads 2]
    uv run --group dev --no-group cpu --extra cuda python benchmarks/neural.py --provider cuda

The network is a stand-in of inswapper_128's layers and size (554 MB of random weights, written into
a temporary folder). Also runs the way of the original tool on the same stand-ins: five analysis
networks for every face, frames as PNG on disk, insightface's swap. With networks on one thread, as
by default, CPU time is compared, with that of children: wall time says little beside other work.
Several threads spin while they wait: then wall time is, and nothing else may run. On a graphics
card wall time is, too; the bare network and the original's networks run there as well, and the bare
network also on many faces at once, as roop runs it there. With OpenVINO they run in ONNX Runtime.
"""

import argparse
import os
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import get_args

import av
import cv2
import numpy as np
import onnxruntime
from insightface.model_zoo.inswapper import INSwapper
from skimage import data

from roop.faces.analyser import Analyser
from roop.faces.mesh.topology import five_points
from roop.models.batching import with_dynamic_batch
from roop.models.catalogue import load_catalogue
from roop.models.runtimes.providers import CPU_PROVIDERS, provider_row
from roop.options import Provider, Settings
from true_size import analysis, fill

AT_ONCE = 16
"""Faces in one run of the bare network on a graphics card, the most that roop puts into one."""

ORIGINAL = 60
"""Frames in the original's way at most: it has no start that more of them would share."""

SIZE = (1920, 1080)
FACE = 400
"""Width of the face, pixels."""


class Spent:
    """CPU and wall seconds of this process and its children since the start."""

    def __init__(self) -> None:
        self._cpu, self._wall = self._now()

    def seconds(self) -> tuple[float, float]:
        """Return CPU and wall seconds."""
        cpu, wall = self._now()
        return cpu - self._cpu, wall - self._wall

    def _now(self) -> tuple[float, float]:
        times = os.times()
        return sum(times[:4]), time.monotonic()


class TheirFace:
    """What insightface's swap wants to know of a face."""

    def __init__(self, kps: np.ndarray, embedding: np.ndarray) -> None:
        self.kps = kps
        self.normed_embedding = embedding / np.linalg.norm(embedding)


def film(path: Path, frames: int) -> np.ndarray:
    """Write a clip whose one face moves a little; return the face's points in the first frame."""
    photo = data.astronaut()
    mesh = Analyser(Settings()).portrait(photo, None, name="astronaut").mesh
    zoom = FACE / float(np.ptp(mesh[:, 0]))
    x, y = mesh[:, :2].mean(axis=0) * zoom
    with av.open(str(path), "w") as file:
        stream = file.add_stream("libx264", rate=25, options={"preset": "ultrafast", "crf": "12"})
        stream.width, stream.height, stream.pix_fmt = *SIZE, "yuv420p"
        for number in range(frames):
            dx, dy = SIZE[0] / 2 - x + number, SIZE[1] / 2 - y
            to_frame = np.array([[zoom, 0, dx], [0, zoom, dy]], np.float32)
            picture = cv2.warpAffine(photo, to_frame, SIZE, borderMode=cv2.BORDER_REPLICATE)
            file.mux(stream.encode(av.VideoFrame.from_ndarray(picture, format="rgb24")))
        file.mux(stream.encode())
    moved: np.ndarray = five_points(mesh) * zoom + (SIZE[0] / 2 - x, SIZE[1] / 2 - y)
    return moved


class Networks:
    """Loads networks on one provider, as the bare ones and the original's are."""

    def __init__(self, provider: Provider, threads: int) -> None:
        self._name = provider_row(provider).runtime_name or provider_row("cpu").runtime_name
        self._options = onnxruntime.SessionOptions()
        self._options.intra_op_num_threads = threads
        self._options.log_severity_level = 3  # no word of the emap, which no step uses
        if provider == "cuda":
            onnxruntime.preload_dlls()

    def load(self, network: Path | bytes) -> onnxruntime.InferenceSession:
        """Load a file, or the bytes of one."""
        session = onnxruntime.InferenceSession(network, self._options, providers=[self._name])
        if session.get_providers()[0] != self._name:  # it would be the processor that is measured
            raise SystemExit(f"{self._name} does not start")
        return session


def bare(session: onnxruntime.InferenceSession, faces: int, at_once: int) -> tuple[float, float]:
    """Run the network alone on ``faces`` faces, or a few less, loaded before the clock starts."""
    random = np.random.default_rng(0)
    feed = {
        "target": random.random((at_once, 3, 128, 128), np.float32),
        "source": random.standard_normal((at_once, 512), np.float32),
    }
    session.run(None, feed)
    spent = Spent()
    for _ in range(faces // at_once):
        session.run(None, feed)
    return spent.seconds()


def command(folder: Path, target: Path, provider: str, threads: int) -> tuple[float, float]:
    """Run ``roop swap`` from its start to the finished file."""
    source = folder / "source.png"
    cv2.imwrite(str(source), data.astronaut()[..., ::-1])
    spent = Spent()
    subprocess.run(
        [
            *(sys.executable, "-m", "roop", "swap", "--engine", "inswapper", "--force", "--quiet"),
            *("-s", source, "-t", target, "-o", folder / f"out{target.suffix}"),
            *("--models", folder, "--offline", "--execution-provider", provider),
            *("--execution-threads", str(threads)),
        ],
        check=True,
    )
    return spent.seconds()


def original(
    folder: Path, network: Path, target: Path, points: np.ndarray, networks: Networks
) -> tuple[float, float]:
    """Swap as the original did: every frame to disk and back, five networks for every face."""
    sessions = {
        name: (networks.load(path), side) for name, (path, side) in analysis(folder).items()
    }
    swap = INSwapper(str(network), networks.load(network))
    source = np.random.default_rng(1).standard_normal(512).astype(np.float32)
    spent = Spent()
    paths = []
    with av.open(str(target)) as file:
        for number, frame in enumerate(file.decode(video=0)):
            paths.append(folder / f"{number:04}.png")
            cv2.imwrite(str(paths[-1]), frame.to_ndarray(format="bgr24"))
    for number, path in enumerate(paths):
        picture = cv2.imread(str(path))
        for session, side in sessions.values():
            small = cv2.resize(picture, (side, side)).astype(np.float32).transpose(2, 0, 1)[None]
            session.run(None, {"in": small / 255})
        face = TheirFace(np.add(points, (number, 0), dtype=np.float32), source)
        cv2.imwrite(str(path), swap.get(picture, face, face))
    with av.open(str(folder / "original.mp4"), "w") as file:
        stream = file.add_stream("libx264", rate=25, options={"crf": "18"})
        stream.width, stream.height, stream.pix_fmt = *SIZE, "yuv420p"
        for path in paths:
            picture = np.asarray(cv2.imread(str(path)), np.uint8)
            file.mux(stream.encode(av.VideoFrame.from_ndarray(picture, format="bgr24")))
        file.mux(stream.encode())
    return spent.seconds()


def report(frames: int, alone: float, first: float, whole: float, still: float) -> None:
    """Print what roop takes, in runs of the bare network.

    Args:
        frames: Of the film, without the first.
        alone: Seconds of the bare network for one face.
        first: Seconds of roop for one frame.
        whole: For the film.
        still: For a photo.
    """
    each, faces = (whole - first) / frames, 1 + frames
    print(f"the command on {faces} faces, of the bare network: {whole / faces / alone:.2f}")
    print(f"a further frame, of the bare network: {each / alone:.2f}")
    print(f"start and end, in runs of the network: {(first - each) / alone:.1f}")
    print(f"a film of 250 frames, of the bare network: {((first - each) / 250 + each) / alone:.2f}")
    print(f"a photo, of the bare network: {still / alone:.1f}")


def main() -> None:
    """Print what each way spends, and what roop spends on a frame once it runs."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--frames", type=int, default=6)
    parser.add_argument("--provider", choices=get_args(Provider), default="cpu")
    parser.add_argument("--threads", type=int, default=1, help="of each network")
    given = parser.parse_args()
    frames, threads, provider = given.frames, given.threads, given.provider
    card = provider not in CPU_PROVIDERS
    if card and frames < AT_ONCE:
        parser.error(f"a graphics card runs {AT_ONCE} faces at once: give it as many frames")
    networks = Networks(provider, threads)
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        network = fill(folder, load_catalogue())
        short, long, old_film = folder / "short.mp4", folder / "long.mp4", folder / "old.mp4"
        old_frames = min(1 + frames, ORIGINAL)
        film(short, 1)
        film(long, 1 + frames)
        points = film(old_film, old_frames)
        photo = folder / "photo.png"
        cv2.imwrite(str(photo), data.astronaut()[..., ::-1])
        rows = {
            "bare network": bare(networks.load(network), frames, 1),
            "roop swap, 1 frame": command(folder, short, provider, threads),
            f"roop swap, {1 + frames} frames": command(folder, long, provider, threads),
            "roop swap, a photo": command(folder, photo, provider, threads),
            f"as the original, {old_frames} frames": original(
                folder, network, old_film, points, networks
            ),
            "bare network, again": bare(networks.load(network), frames, 1),
        }
        if card:
            many = networks.load(with_dynamic_batch(network))
            rows[f"bare network, {AT_ONCE} at once"] = bare(many, frames, AT_ONCE)
    for label, (cpu, wall) in rows.items():
        print(f"{label:34}{cpu:8.2f} s CPU{wall:8.2f} s wall")
    kind = 0 if threads == 1 and not card else 1
    early, first, whole, still, old, late, *at_once = (spent[kind] for spent in rows.values())
    report(frames, (early + late) / 2 / frames, first, whole, still)
    each = (whole - first) / frames
    print(f"a frame as the original, of one of roop: {old / old_frames / each:.2f}")
    if at_once:
        print(f"and of the bare network on {AT_ONCE} faces at once:")
        report(frames, at_once[0] / (frames // AT_ONCE * AT_ONCE), first, whole, still)


if __name__ == "__main__":
    main()

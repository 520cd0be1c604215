"""Measures roop against a plain decode and encode of the same clip with the same settings.

    uv run --group dev python benchmarks/transcode.py                      reader and writer alone
    uv run --group dev python benchmarks/transcode.py --swap               the whole command too
    uv run --group dev python benchmarks/transcode.py --swap film.mp4      a clip of your own

Every way runs as a process of its own, by turns, in the same run: look at the ratios. A frame
rate counts the whole process, from its start to the finished file.
"""

from __future__ import annotations

import argparse
import statistics
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path

import av
import cv2
import numpy as np
import psutil
from av.audio.stream import AudioStream
from av.video.frame import PictureType
from av.video.stream import VideoStream
from numpy.typing import NDArray

from roop.media.open import open_reader, open_writer
from roop.media.video.encoder_specs import TABLE, options_of
from roop.options import VideoOptions

SIZES = {"720p": (1280, 720), "1080p": (1920, 1080), "4k": (3840, 2160)}
"""Clips that are made here."""

RATE = 30
"""Frames per second of the clips that are made here."""

POLL_S = 0.25
"""Seconds between two looks at a process. Each takes 2 ms, which what is measured may be short of.
"""

FACE_SHARE = 0.35
"""Height of the face's picture in parts of the frame's height."""


@dataclass(frozen=True)
class Run:
    """One process, finished."""

    seconds: float
    cpu_s: float
    """Seconds of all cores together; hardly changed by what else the machine does."""
    peak_mib: float


def main() -> None:
    """Read the command line and print a table."""
    arguments = _arguments()
    if arguments.way is not None:
        _work(arguments.way, arguments.clips[0], arguments.output)
        return
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        clips = arguments.clips or [
            make_clip(folder / f"{size}.mp4", SIZES[size], arguments.seconds)
            for size in arguments.sizes
        ]
        source = arguments.source or portrait(folder / "source.jpg")
        ways = ["plain", "framed", "pass", *(["swap"] if arguments.swap else [])]
        for clip in clips:
            _compare(clip, source, ways, arguments.rounds)


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0] if __doc__ else None)
    parser.add_argument("clips", nargs="*", type=Path, help="videos; made here by default")
    parser.add_argument("--sizes", nargs="+", choices=SIZES, default=["720p", "1080p"])
    parser.add_argument("--seconds", type=float, default=10, help="length of the clips made here")
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--swap", action="store_true", help="measure `roop swap` too")
    parser.add_argument("--source", type=Path, help="photo of the new face")
    parser.add_argument("--way", choices=["plain", "framed", "pass"], help=argparse.SUPPRESS)
    parser.add_argument("--output", type=Path, help=argparse.SUPPRESS)
    return parser.parse_args()


def _compare(clip: Path, source: Path, ways: Sequence[str], rounds: int) -> None:
    with av.open(str(clip)) as container:
        video = container.streams.video[0]
        frames = video.frames or sum(bool(packet.size) for packet in container.demux(video))
        print(f"\n{clip.name}: {video.width}x{video.height}, {frames} frames")
    runs: dict[str, list[Run]] = {way: [] for way in ways}
    for _ in range(rounds):
        for way in ways:
            runs[way].append(_measured(way, clip, source))
    base = statistics.median(run.seconds for run in runs["plain"])
    base_cpu = statistics.median(run.cpu_s for run in runs["plain"])
    print(f"{'way':8}{'fps':>9}{'of plain':>10}{'CPU s':>9}{'of plain':>10}{'peak MiB':>10}")
    for way, found in runs.items():
        seconds = statistics.median(run.seconds for run in found)
        peak = max(run.peak_mib for run in found)
        cpu = statistics.median(run.cpu_s for run in found)
        print(
            f"{way:8}{frames / seconds:9.1f}{base / seconds:10.3f}"
            f"{cpu:9.2f}{base_cpu / cpu:10.3f}{peak:10.0f}"
        )


def _measured(way: str, clip: Path, source: Path) -> Run:
    with tempfile.TemporaryDirectory() as folder:
        output = Path(folder) / "output.mp4"
        if way == "swap":
            words = ["-m", "roop", "swap", "-s", str(source), "-t", str(clip), "-o", str(output)]
        else:
            words = [__file__, str(clip), "--way", way, "--output", str(output)]
        return measured(words)


def measured(words: Sequence[str], cores: int | None = None) -> Run:
    """Run Python with ``words``; memory and time of processes that it starts count, too.

    Args:
        words: What follows the interpreter's name.
        cores: How many it may use; all by default.
    """
    used, began = _children_s(), time.perf_counter()
    process = psutil.Popen([sys.executable, *words], stdout=subprocess.DEVNULL)
    if cores is not None:
        process.cpu_affinity(process.cpu_affinity()[:cores])
    peaks = [0]
    threading.Thread(target=_watch, args=(process, peaks), daemon=True).start()
    process.wait()
    seconds = time.perf_counter() - began
    if process.returncode != 0:
        raise SystemExit(f"{' '.join(words[:3])} failed with exit code {process.returncode}")
    return Run(seconds, _children_s() - used, max(peaks) / 2**20)


def _children_s() -> float:
    """Return the seconds of all cores that finished children, and theirs, have used so far."""
    times = psutil.Process().cpu_times()
    return float(times.children_user + times.children_system)


def _watch(process: psutil.Popen, sizes: list[int]) -> None:
    """Note how much memory a process and its children have, until it ends."""
    while process.is_running():
        memory = 0
        with suppress(psutil.Error):
            for part in [process, *process.children(recursive=True)]:
                memory += part.memory_info().rss
        sizes.append(memory)
        time.sleep(POLL_S)


def _work(way: str, clip: Path, output: Path) -> None:
    if way != "pass":
        _plain(clip, output, framed=way == "framed")
        return
    video = VideoOptions()
    with (
        open_reader(clip, video, print) as reader,
        open_writer(output, reader, video, force=False, warn=print) as writer,
    ):
        for frame in reader:
            writer.write(frame)


def _plain(clip: Path, output: Path, *, framed: bool) -> None:
    """Decode, encode and copy the sound with nothing but PyAV.

    Args:
        clip: What to read.
        output: What to write.
        framed: True if each of the encoder's threads shall have a frame of its own, as roop's do
            up to 1080p, and not a slice of the same, which is PyAV's default.
    """
    encoder = next(row for row in TABLE if row.name == VideoOptions().output_video_encoder)
    movflags = {"movflags": "+faststart"}
    with (
        av.open(str(clip)) as source,
        av.open(str(output), "w", container_options=movflags) as made,
    ):
        video = source.streams.video[0]
        video.thread_type = "AUTO"
        encoded = made.add_stream(
            encoder.name,
            rate=video.average_rate,
            time_base=video.time_base,
            options=options_of(encoder, VideoOptions()),
            width=video.width,
            height=video.height,
        )
        assert isinstance(encoded, VideoStream)
        if framed:
            encoded.codec_context.thread_type = "FRAME"
        sound = {
            track.index: made.add_stream_from_template(track) for track in source.streams.audio
        }
        for packet in source.demux(video, *source.streams.audio):
            if not packet.size:  # the decoder is flushed below
                continue
            if packet.stream_index in sound:
                packet.stream = sound[packet.stream_index]
                made.mux(packet)
                continue
            for frame in video.decode(packet):
                frame.pict_type = PictureType.NONE
                made.mux(encoded.encode(frame))
        for frame in video.decode(None):
            frame.pict_type = PictureType.NONE
            made.mux(encoded.encode(frame))
        made.mux(encoded.encode(None))


def make_clip(path: Path, size: tuple[int, int], seconds: float) -> Path:
    """Write a clip with sound in which a face moves before a noisy background."""
    count = round(seconds * RATE)
    with av.open(str(path), "w") as output:
        options = {"preset": "veryfast", "crf": "18"}
        video = output.add_stream("libx264", rate=RATE, options=options)
        sound = output.add_stream("aac", rate=44_100)
        if not isinstance(video, VideoStream) or not isinstance(sound, AudioStream):
            raise TypeError("libx264 makes video, aac makes sound")
        video.width, video.height = size
        rate = sound.codec_context.sample_rate
        tone = (0.1 * np.sin(np.arange(round(seconds * rate)) / 16)).astype(np.float32)
        for number, pixels in enumerate(_pictures(size, count)):
            output.mux(video.encode(av.VideoFrame.from_ndarray(pixels, "rgb24")))
            first, last = (round(n * rate / RATE) for n in (number, number + 1))
            part = av.AudioFrame.from_ndarray(np.stack([tone[first:last]] * 2), "fltp", "stereo")
            part.sample_rate, part.pts, part.time_base = rate, first, Fraction(1, rate)
            output.mux(sound.encode(part))
        output.mux([*video.encode(None), *sound.encode(None)])
    return path


def _pictures(size: tuple[int, int], count: int) -> Iterator[NDArray[np.uint8]]:
    from skimage import data

    width, height = size
    face = data.astronaut()[:256, 96:352]
    side = round(height * FACE_SHARE * 1.6)
    face = cv2.resize(face, (side, side), interpolation=cv2.INTER_AREA)
    rng = np.random.default_rng(0)
    y, x = np.mgrid[:height, :width]
    ground = np.stack([60 + 90 * x / width, 80 + 60 * y / height, 110 - 50 * x / width], axis=-1)
    # Still scenery with texture, and grain that differs from frame to frame.
    scenery = cv2.GaussianBlur(rng.normal(0, 60, (height, width, 3)), (0, 0), 3)
    ground += scenery
    grains = [rng.integers(-3, 4, (height, width, 1)) for _ in range(4)]
    for number in range(count):
        picture = np.clip(ground + grains[number % 4], 0, 255).astype(np.uint8)
        angle = 2 * np.pi * number / (4 * RATE)
        left = round((width - side) * (0.5 + 0.3 * np.sin(angle)))
        top = round((height - side) * (0.5 + 0.3 * np.sin(2 * angle)))
        picture[top : top + side, left : left + side] = face
        yield picture


def portrait(path: Path) -> Path:
    """Write a photo of the new face."""
    from matplotlib import cbook

    photo = cbook.get_sample_data("grace_hopper.jpg", asfileobj=False)
    path.write_bytes(Path(str(photo)).read_bytes())
    return path


if __name__ == "__main__":
    main()

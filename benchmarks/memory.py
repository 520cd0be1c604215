"""Measures whether memory grows with the length of a video: `roop swap` of a short and a long one.

uv run --group dev python benchmarks/memory.py             30 s and 30 minutes of 720p: 15 minutes
uv run --group dev python benchmarks/memory.py --minutes 3
"""

import argparse
import tempfile
from fractions import Fraction
from pathlib import Path

import av

from transcode import SIZES, make_clip, measured, portrait

SHORT_S = 30


def main() -> None:
    """Read the command line and print a table."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0] if __doc__ else None)
    parser.add_argument("--size", choices=SIZES, default="720p")
    parser.add_argument("--minutes", type=float, default=30, help="length of the long one")
    parser.add_argument("--workers", type=int, default=1)
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        source = portrait(folder / "source.jpg")
        peaks = []
        short = make_clip(folder / "short.mp4", SIZES[arguments.size], SHORT_S)
        for seconds in (SHORT_S, arguments.minutes * 60):
            clip = repeated(short, folder / "clip.mp4", round(seconds / SHORT_S))
            job = ["-s", str(source), "-t", str(clip), "-o", str(folder / "out.mp4"), "--force"]
            workers = ["--workers", str(arguments.workers)]
            run = measured(["-m", "roop", "swap", *job, *workers])
            peaks.append(run.peak_mib)
            print(f"{seconds:7.0f} s: peak {run.peak_mib:.0f} MiB, {run.seconds:.0f} s", flush=True)
        print(f"ratio {peaks[1] / peaks[0]:.3f}")


def repeated(clip: Path, path: Path, times: int) -> Path:
    """Write the pictures of ``clip`` so many times in a row, as they are encoded."""
    with av.open(str(clip)) as source, av.open(str(path), "w") as made:
        video = source.streams.video[0]
        copy = made.add_stream_from_template(video)
        packets = [(p.pts, p.dts, p.is_keyframe, bytes(p)) for p in source.demux(video) if p.size]
        unit = video.time_base or Fraction(1, 1000)
        for turn in range(times):
            shift = round(turn * SHORT_S / unit)
            for pts, dts, key, content in packets:
                packet = av.Packet(content)
                packet.stream, packet.time_base, packet.is_keyframe = copy, unit, key
                packet.pts, packet.dts = (pts or 0) + shift, (dts or 0) + shift
                made.mux(packet)
    return path


if __name__ == "__main__":
    main()

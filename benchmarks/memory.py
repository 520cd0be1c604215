"""Measures whether memory grows with the length of a video: `roop swap` of a short and a long one.

uv run python benchmarks/memory.py                 30 s and 30 minutes, 720p: takes half an hour
uv run python benchmarks/memory.py --minutes 3
"""

import argparse
import tempfile
from pathlib import Path

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
        for seconds in (SHORT_S, arguments.minutes * 60):
            clip = make_clip(folder / "clip.mp4", SIZES[arguments.size], seconds)
            job = ["-s", str(source), "-t", str(clip), "-o", str(folder / "out.mp4"), "--force"]
            workers = ["--workers", str(arguments.workers)]
            run = measured(["-m", "roop", "swap", *job, *workers])
            peaks.append(run.peak_mib)
            print(f"{seconds:7.0f} s: peak {run.peak_mib:.0f} MiB, {run.seconds:.0f} s")
        print(f"ratio {peaks[1] / peaks[0]:.3f}")


if __name__ == "__main__":
    main()

"""Measures what more processes bring: `roop swap` of one clip with one core, and with more.

    uv run --group dev python benchmarks/workers.py
    uv run --group dev python benchmarks/workers.py --seconds 120 --most 8

The runs come one after another: look at the ratios of a machine that does nothing else. Seconds of
the processor are nearly the same whatever else runs: what two workers could reach at best is twice
the ratio of these.
"""

import argparse
import tempfile
from pathlib import Path

from transcode import SIZES, make_clip, measured, portrait


def main() -> None:
    """Read the command line and print a table."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0] if __doc__ else None)
    parser.add_argument("--size", choices=SIZES, default="720p")
    parser.add_argument("--seconds", type=float, default=60, help="length of the clip")
    parser.add_argument("--most", type=int, default=2, help="workers of the last run")
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        clip = make_clip(folder / "clip.mp4", SIZES[arguments.size], arguments.seconds)
        source = portrait(folder / "source.jpg")
        job = ["-m", "roop", "swap", "-s", str(source), "-t", str(clip)]
        print(f"{'cores':6}{'workers':>8}{'seconds':>9}{'speed':>7}{'CPU s':>8}{'peak MiB':>10}")
        base: float | None = None
        for count in range(1, arguments.most + 1):
            options = ["-o", str(folder / f"{count}.mp4"), "--workers", str(count)]
            run = measured([*job, *options], cores=count)
            base = base or run.seconds
            print(
                f"{count:<6}{count:8}{run.seconds:9.1f}{base / run.seconds:7.2f}"
                f"{run.cpu_s:8.1f}{run.peak_mib:10.0f}"
            )


if __name__ == "__main__":
    main()

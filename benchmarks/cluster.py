"""Measures what a second machine brings: `roop swap --cluster` on Ray nodes of one core each.

    uv run --group dev python benchmarks/cluster.py
    uv run --group dev python benchmarks/cluster.py --seconds 120

The nodes are processes of this machine, each held to a core of its own. Start them on a machine
that has as many cores and does nothing else.
"""

import argparse
import os
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import psutil
from ray.cluster_utils import Cluster

from transcode import SIZES, make_clip, measured, portrait

MOST = 2
"""Nodes of the last run."""


def main() -> None:
    """Read the command line and print a table."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0] if __doc__ else None)
    parser.add_argument("--size", choices=SIZES, default="720p")
    parser.add_argument("--seconds", type=float, default=60, help="length of the clip")
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        clip = make_clip(folder / "clip.mp4", SIZES[arguments.size], arguments.seconds)
        source = portrait(folder / "source.jpg")
        job = ["-m", "roop", "swap", "-s", str(source), "-t", str(clip), "--cluster", "auto"]
        base: float | None = None
        print(f"{'nodes':6}{'seconds':>9}{'speed':>7}")
        for count in range(1, MOST + 1):
            with nodes(count) as address:
                os.environ["RAY_ADDRESS"] = address
                run = measured([*job, "-o", str(folder / f"{count}.mp4")])
            base = base or run.seconds
            print(f"{count:<6}{run.seconds:9.1f}{base / run.seconds:7.2f}", flush=True)


@contextmanager
def nodes(count: int) -> Iterator[str]:
    """Start a cluster whose first node works on nothing and the others have one core each."""
    head = {"num_cpus": 0, "include_dashboard": False}
    made = Cluster(initialize_head=True, head_node_args=head)
    try:
        for core in psutil.Process().cpu_affinity()[:count]:
            node = made.add_node(num_cpus=1)
            raylet = psutil.Process(node.all_processes["raylet"][0].process.pid)
            for process in (raylet, *raylet.children(recursive=True)):
                process.cpu_affinity([core])  # what it starts inherits that
        yield made.address
    finally:
        made.shutdown()


if __name__ == "__main__":
    main()

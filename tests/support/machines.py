"""A Ray cluster of several nodes on this machine, in a process that grows it and kills nodes."""

from __future__ import annotations

import json
import socket
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

from support.terminal import ROOT, environment


@dataclass
class Machines:
    """One machine without a core, which only speaks, and others of one core each."""

    process: subprocess.Popen[str]
    address: str = ""
    """For ``RAY_ADDRESS``: then this machine belongs to it."""
    client: str = ""
    """Of its client server."""
    number: int = 0
    """Machines with a core."""

    def grow(self) -> None:
        self._order("grow")
        self.number += 1

    def kill(self) -> None:
        self._order("kill")
        self.number -= 1

    def _order(self, word: str) -> None:
        assert self.process.stdin is not None
        self.process.stdin.write(f"{word}\n")
        self.process.stdin.flush()
        assert self.answer() == {"done": word}

    def answer(self) -> dict[str, str]:
        assert self.process.stdout is not None
        answer: dict[str, str] = json.loads(self.process.stdout.readline())
        return answer


@contextmanager
def cluster(number: int) -> Iterator[Machines]:
    """Start a cluster."""
    own = {"PYTHONPATH": f"{ROOT / 'src'}:{ROOT / 'tests'}", "PYTHONWARNINGS": "default"}
    own |= {"RAY_USAGE_STATS_ENABLED": "0", "RAY_ENABLE_UV_RUN_RUNTIME_ENV": "0"}
    with subprocess.Popen(
        [sys.executable, __file__],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        env=environment() | own,
        text=True,
    ) as process:
        machines = Machines(process)
        begun = machines.answer()
        machines.address, machines.client = begun["address"], begun["client"]
        for _ in range(number):
            machines.grow()
        yield machines
        assert process.stdin is not None
        process.stdin.close()


def main() -> None:
    """Start the machine that speaks, and do what stdin says until it ends."""
    from ray.cluster_utils import Cluster

    answers, sys.stdout = sys.stdout, sys.stderr
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    head = {"num_cpus": 0, "include_dashboard": False, "ray_client_server_port": port}
    made = Cluster(initialize_head=True, head_node_args=head)
    client = f"ray://127.0.0.1:{port}"
    print(json.dumps({"address": made.address, "client": client}), file=answers, flush=True)
    nodes = []
    for line in sys.stdin:
        if line == "grow\n":
            nodes.append(made.add_node(num_cpus=1))
        else:
            made.remove_node(nodes.pop(), allow_graceful=False)
        print(json.dumps({"done": line.strip()}), file=answers, flush=True)
    made.shutdown()


if __name__ == "__main__":
    main()

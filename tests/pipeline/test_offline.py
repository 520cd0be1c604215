"""A swap on a new machine without a network: who is asked, and what is left behind."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

import roop
from roop.telemetry import SWITCHES

AUDIT = """
import sys
from pathlib import Path

def note(event, arguments):
    if event in ("socket.connect", "socket.sendto", "socket.getaddrinfo", "socket.gethostbyname"):
        with (Path(__file__).parent / "asked.txt").open("a") as file:
            file.write(f"{event} {arguments[-1]}\\n")

sys.addaudithook(note)
"""
"""Is loaded by every Python process first, those that roop starts, too."""

SWAP = """
import sys
from pathlib import Path
from support.long_films import swap

result = swap(Path(sys.argv[1]), Path(sys.argv[2]), workers=2)
assert result.swapped == result.frames, result
counters = Path("/proc/net/snmp")
if len(sys.argv) > 3:
    names, values = [line for line in counters.read_text().splitlines() if line[:3] == "Ip:"]
    print("no route:", dict(zip(names.split(), values.split()))["OutNoRoutes"])
"""

SEEN = """
import os, subprocess, sys
import roop
print(subprocess.run([sys.executable, "-c", "import os; print(sorted(os.environ.items()))"],
      capture_output=True, text=True).stdout)
"""


@pytest.fixture
def new_machine(tmp_path: Path) -> dict[str, str]:
    """The environment of somebody who has never run anything, and who is watched."""
    for name in ("home", "tmp", "watch"):
        (tmp_path / name).mkdir()
    (tmp_path / "watch" / "sitecustomize.py").write_text(AUDIT)
    own = {name: value for name, value in os.environ.items() if name.split("_")[0] != "XDG"}
    for name in (*SWITCHES, "CI"):  # ONNX Runtime keeps quiet on machines that test
        own.pop(name, None)
    home = str(tmp_path / "home")
    paths = [tmp_path / "watch", Path(__file__).parents[1], Path(roop.__file__).parents[1]]
    return own | {
        "HOME": home,
        "USERPROFILE": home,
        "APPDATA": home,
        "LOCALAPPDATA": home,
        "TMPDIR": str(tmp_path / "tmp"),
        "PYTHONPATH": os.pathsep.join(map(str, paths)),
        "PYTHONDONTWRITEBYTECODE": "1",
    }


def test_workers_ask_nobody_and_leave_nothing_outside_roops_folders(
    media: Path, tmp_path: Path, new_machine: dict[str, str]
) -> None:
    alone = without_network()
    done = subprocess.run(
        [
            *alone,
            sys.executable,
            "-c",
            SWAP,
            media,
            tmp_path / "out.mp4",
            *(["count"] * len(alone)),
        ],
        env=new_machine,
        capture_output=True,
        text=True,
        check=False,
        timeout=240,
    )
    assert done.returncode == 0, done.stderr
    assert not (tmp_path / "watch" / "asked.txt").exists()
    if alone:  # native code, too: a new network's counters begin at 0
        assert done.stdout == "no route: 0\n"
    files = [path for path in (tmp_path / "home").rglob("*") if path.is_file()]
    assert [path for path in files if "roop" not in path.parts] == []
    assert list((tmp_path / "tmp").iterdir()) == []


def test_the_watch_sees_who_is_asked(tmp_path: Path, new_machine: dict[str, str]) -> None:
    program = "import socket; socket.socket(type=socket.SOCK_DGRAM).connect(('127.0.0.1', 9))"
    subprocess.run([sys.executable, "-c", program], env=new_machine, check=True)
    assert "127.0.0.1" in (tmp_path / "watch" / "asked.txt").read_text()


def test_processes_that_roop_starts_inherit_the_switches(new_machine: dict[str, str]) -> None:
    done = subprocess.run(
        [sys.executable, "-c", SEEN], env=new_machine, capture_output=True, text=True, check=True
    )
    assert all(str(switch) in done.stdout for switch in SWITCHES.items())


def test_what_a_person_has_set_stays(new_machine: dict[str, str]) -> None:
    done = subprocess.run(
        [sys.executable, "-c", SEEN],
        env={**new_machine, "RAY_USAGE_STATS_ENABLED": "1"},
        capture_output=True,
        text=True,
        check=True,
    )
    assert "('RAY_USAGE_STATS_ENABLED', '1')" in done.stdout


def without_network() -> list[str]:
    """Return what runs a command in a network of its own without a way out, where one may."""
    command = ["unshare", "--map-root-user", "--net"]
    try:
        allowed = subprocess.run([*command, "true"], capture_output=True, check=False)
    except FileNotFoundError:
        return []
    return command if allowed.returncode == 0 else []

"""The command ``roop doctor``."""

import json

from support.terminal import Roop


def test_for_people(roop: Roop) -> None:
    done = roop("doctor")
    assert done.returncode == 0, done.stderr
    lines = done.stdout.splitlines()
    assert any(line.split()[:2] == ["yes", "mesh"] for line in lines)
    assert any(line.split()[:2] == ["yes", "libx264"] for line in lines)
    assert any(line.split()[:2] == ["-", "inswapper"] for line in lines)
    assert not [line for line in lines if line.split()[:1] == ["NO"]]
    assert lines[-1] == "- optional: everything else works without it"


def test_for_scripts(roop: Roop) -> None:
    report = json.loads(roop("doctor", "--json").stdout)
    assert report["machine"]["cores"] >= 1
    assert {"name", "ready", "state", "need", "optional"} == set(report["engines"][0])

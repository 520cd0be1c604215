"""``requirements.txt`` has the versions that plain pip users get; ``pyproject.toml`` says which."""

import tomllib
from importlib import metadata
from pathlib import Path

from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

ROOT = Path(__file__).parents[1]


def pinned() -> dict[str, Requirement]:
    lines = (ROOT / "requirements.txt").read_text().splitlines()
    found = [Requirement(line) for line in lines if line and not line.startswith("#")]
    assert len({r.name for r in found}) == len(found)
    return {canonicalize_name(r.name): r for r in found}


def needed() -> list[Requirement]:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    return [Requirement(line) for line in project["dependencies"]]


def wanted_here(requirement: Requirement) -> bool:
    return requirement.marker is None or requirement.marker.evaluate({"extra": ""})


def test_every_version_is_exact_and_suits_the_project() -> None:
    pins = pinned()
    for requirement in needed():
        (specifier,) = pins[canonicalize_name(requirement.name)].specifier
        assert specifier.operator == "=="
        assert requirement.specifier.contains(specifier.version), requirement


def test_nothing_is_missing_and_nothing_is_left_over() -> None:
    pins = pinned()
    pending, closure = needed(), set[str]()
    while pending:
        requirement = pending.pop()
        name = canonicalize_name(requirement.name)
        if name in closure or not wanted_here(requirement):
            continue
        closure.add(name)
        lines = metadata.requires(name) or []
        pending += [r for line in lines if wanted_here(r := Requirement(line))]
    assert closure == {name for name, requirement in pins.items() if wanted_here(requirement)}


def test_no_address_of_a_package_index_is_in_it() -> None:
    assert "://" not in (ROOT / "requirements.txt").read_text()

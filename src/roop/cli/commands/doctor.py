"""The command ``roop doctor``: check this machine and show what is missing."""

import shutil
import sys
import textwrap
from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING, Any

from roop.cli.parsing.configuration import Configuration
from roop.cli.parsing.flags import add_flags, flag_of, pop_options
from roop.cli.parsing.named_cameras import with_named_camera
from roop.cli.parsing.parser import Parser, add_output_flags
from roop.cli.terminal.results import print_json
from roop.cli.terminal.text import one_line, warn
from roop.live_options import CameraOptions
from roop.options import Settings
from roop.validation import validate

if TYPE_CHECKING:
    from roop.doctor import Diagnosis
    from roop.models.machine import Check

_OPTIONAL = "-"
"""Marks what is missing but optional."""

_MARK_WIDTH = 7
"""Columns to the left of a name."""

_LEAST_WIDTH = 30
"""Columns that text beside a name needs at least."""

_UNBROKEN = 100_000
"""Columns of a file or pipe, whose lines are not wrapped."""


def run(arguments: Sequence[str]) -> int:
    """Run the command; return its exit code."""
    parser = Parser(
        "roop doctor",
        "Check the engines, models and libraries of this machine, and show what is missing.",
        usage="roop doctor [options]",
    )
    parser.add_argument(
        "--camera",
        help="read ten frames of this camera instead, and show size, rate, format and delay",
    )
    add_flags(parser, "camera", CameraOptions, only=CameraOptions.model_fields.keys() - {"input"})
    add_flags(parser, "machine", Settings)
    add_output_flags(parser)
    values = vars(parser.parse(arguments))
    if values["camera"] is not None:
        return _try_camera(values)
    from roop.doctor import diagnose
    from roop.processors import installed

    registry = installed()
    report = diagnose(Configuration.read(registry).settings(values), registry)
    if values["json"]:
        print_json(report)
    else:
        columns = shutil.get_terminal_size(fallback=(_UNBROKEN, 0)).columns
        sys.stdout.write("\n".join(_lines(report, columns)) + "\n")
    return 0


def _try_camera(values: dict[str, Any]) -> int:
    """Read a few frames of a camera; print what came."""
    from roop.media.live.probe import probe_camera

    given = with_named_camera(pop_options(values, CameraOptions) | {"input": values["camera"]})
    wanted = validate(CameraOptions, given, spelling=flag_of)
    report = probe_camera(wanted.input, wanted, warn)
    if values["json"]:
        print_json(report)
        return 0
    width, height = report.size
    sys.stdout.write(
        f"{one_line(report.camera)}: {width}x{height}, {report.fps:g} fps, {report.format}; "
        f"answered after {report.opened_s:.1f} s, first frame after {report.first_frame_s:.1f} s\n"
    )
    return 0


def _lines(report: "Diagnosis", columns: int) -> Iterable[str]:
    machine = report.machine
    memory = f"{_gb(machine.memory_free)} of {_gb(machine.memory)} memory free"
    room = f"{_gb(machine.disk_free)} free there"
    if not machine.models_writable:
        room = "not writable: choose another folder with --models or ROOP_MODELS"
    for text in (
        f"roop {report.version}, Python {machine.python}, {machine.system}",
        f"{machine.cores} cores, {memory}",
        f"models in {machine.models_folder}, {room}",
    ):
        yield from _wrapped(text, columns)
    yield from _section("engines", report.engines, columns)
    yield from _section("models", machine.models, columns)
    yield from _wrapped(
        f"{machine.models_more} more can be downloaded: `roop models list`", columns, _MARK_WIDTH
    )
    yield from _section("execution providers", machine.providers, columns)
    yield from _section("video encoders", report.encoders, columns)
    yield from _section("libraries", machine.libraries, columns)
    yield ""
    yield from _wrapped(f"{_OPTIONAL} optional: everything else works without it", columns)


def _section(title: str, checks: "Sequence[Check]", columns: int) -> Iterable[str]:
    yield f"\n{title}"
    width = max((len(check.name) for check in checks), default=0)
    room = columns - _MARK_WIDTH - width - 2
    # In a narrow window, text goes below its name unless all of it is short.
    beside = room >= _LEAST_WIDTH or all(len(c.state) <= room and not c.need for c in checks)
    indent = _MARK_WIDTH + (width + 2 if beside else 0)
    for check in checks:
        mark = "yes" if check.ready else _OPTIONAL if check.optional else "NO"
        name, states = f"  {mark:3}  {check.name}", _wrapped(check.state, columns, indent)
        if beside:
            states[0] = f"{name:{indent}}{states[0][indent:]}"
        else:
            yield name
        yield from states
        if check.need:
            word = "to have it" if check.optional else "needed"
            yield from _wrapped(f"{word}: {check.need}", columns, indent)


def _wrapped(text: str, columns: int, indent: int = 0) -> list[str]:
    """Wrap ``text`` to lines of at most ``columns``, indented by ``indent`` spaces."""
    margin = " " * indent
    return textwrap.wrap(
        one_line(text),
        max(columns, _MARK_WIDTH + 1),
        initial_indent=margin,
        subsequent_indent=margin,
        break_on_hyphens=False,
    ) or [margin]


def _gb(size: int) -> str:
    return f"{size / 1e9:.1f} GB"

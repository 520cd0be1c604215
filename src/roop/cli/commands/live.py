"""The command ``roop live``."""

import sys
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from roop.cli.parsing.configuration import Configuration
from roop.cli.parsing.flags import add_flags
from roop.cli.parsing.job_flags import (
    add_consent,
    add_processor_options,
    add_processors,
    add_source,
)
from roop.cli.parsing.parser import Parser, add_report, add_version
from roop.cli.terminal.interrupts import cancel_on_signals
from roop.cli.terminal.results import print_json
from roop.cli.terminal.terms import tell_terms
from roop.cli.terminal.text import line, warn
from roop.errors import UsageError
from roop.options import (
    FILES_ONLY,
    FaceOptions,
    LabelOptions,
    LiveOptions,
    Options,
    Settings,
    VideoOptions,
)
from roop.processors import installed

if TYPE_CHECKING:  # the pipeline is imported when there is a job: --help stays quick
    from roop.pipeline.live.live_job import LiveResult
    from roop.pipeline.progress import Progress, Watch
    from roop.processors.base import Registry

_HIDDEN = FILES_ONLY | {"label"}
"""Options that this command does not have: those that are preset are passed over."""


def run(arguments: Sequence[str]) -> int:
    """Run the command; return its exit code."""
    registry = installed()
    values = vars(_parser(registry).read(arguments))
    values.pop("debug")  # read at the edge, which shows the errors
    as_json, quiet = values.pop("json"), values.pop("quiet")
    if values.pop("list_cameras"):
        _list_cameras()
        return 0
    if not values.keys().isdisjoint({"map", "map_file"}):  # they name the sources
        values.setdefault("source", [])
    if "source" not in values and values.get("engine") != "none":
        raise UsageError("missing: -s/--source", hint="see `roop live --help`")
    at_terminal = not (as_json or quiet) and sys.stderr.isatty()
    tell_terms(accepted=values.pop("accept_terms"), shown=at_terminal)
    result = _live(values, registry, quiet=quiet)
    for warning in result.warnings:
        warn(warning)
    if as_json:
        print_json(result)
    elif not quiet:
        sys.stdout.write(_summary(result))
    return 0


def _live(values: dict[str, Any], registry: "Registry", *, quiet: bool) -> "LiveResult":
    from roop.api import make_live
    from roop.pipeline.live.live_job import LiveTask, run_live

    presets = Configuration.read(registry)
    settings = presets.settings(values)
    sources = [Path(name) for name in values.pop("source", [])]
    given = dict(values)
    options = presets.completed(given, Path("camera.mp4"))
    options = {name: v for name, v in options.items() if name in given or name not in _HIDDEN}
    job, where = make_live(sources, options, registry, spelling=presets.spelling(given))
    import cv2

    from roop.cli.terminal.progress import progress

    cv2.setNumThreads(1)  # the pictures are small, and other threads have use for the other cores
    cancel = cancel_on_signals()
    with progress(shown=not quiet and sys.stderr.isatty()) as bar:
        watch = bar or (None if quiet else _notes())
        return run_live(LiveTask(job, where, settings, registry, watch, cancel))


def _notes() -> "Watch":
    """Return what prints where to look, and what happens to the camera."""

    def watch(seen: "Progress") -> None:
        if seen.note is not None:
            sys.stderr.write(f"{line(seen.note)}\n")
            sys.stderr.flush()

    return watch


def _summary(result: "LiveResult") -> str:
    late = "" if result.latency_ms is None else f", {result.latency_ms:.0f} ms late"
    rate = result.shown / result.elapsed_s if result.elapsed_s > 0 else 0.0
    recorded = f"{line(str(result.recorded))}\n" if result.recorded else ""
    return (
        f"{recorded}{result.shown} frames shown, {result.swapped} swapped, {result.dropped} "
        f"dropped; {result.elapsed_s:.1f} s, {rate:.1f} fps{late}; engine {result.engine}\n"
    )


def _list_cameras() -> None:
    from roop.media.live.cameras import list_cameras

    found = list_cameras()
    if not found:
        sys.stderr.write("no cameras found\n")
    for name, description in found:
        sys.stdout.write(f"{line(name)}  {line(description)}\n")


def _parser(registry: "Registry") -> Parser:
    parser = Parser(
        "roop live",
        "Swap a face in what a camera shows, and show it on a page in the browser. Ctrl+C ends it.",
    )
    parser.usage = "roop live -s PHOTO... [--input CAMERA] [options]"
    add_source(parser)
    parser.add_argument(
        "--list-cameras", action="store_true", help="say which cameras this machine has, and leave"
    )
    add_flags(parser, "live", LiveOptions)
    add_consent(parser)
    add_processors(parser, registry)
    groups: dict[str, type[Options]] = {
        "faces": FaceOptions,
        "recording": VideoOptions,
        "label": LabelOptions,
    }
    for title, options in groups.items():
        add_flags(parser, title, options, only=options.model_fields.keys() - _HIDDEN)
    add_processor_options(parser, registry)
    add_flags(parser, "machine", Settings)
    add_report(parser)
    add_version(parser)
    return parser

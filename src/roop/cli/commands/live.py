"""The command ``roop live``: swap a face in a live camera stream."""

import sys
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from roop.cli.parsing.configuration import Configuration
from roop.cli.parsing.flags import add_flags
from roop.cli.parsing.job_flags import (
    add_confirmation_flags,
    add_processor_choice,
    add_processor_options,
    add_source,
)
from roop.cli.parsing.named_cameras import with_named_camera
from roop.cli.parsing.parser import Parser, add_output_flags, add_version
from roop.cli.terminal.interrupts import cancel_on_signals
from roop.cli.terminal.keys import HELP, pressed_keys
from roop.cli.terminal.results import print_json
from roop.cli.terminal.terms import show_terms
from roop.cli.terminal.text import one_line, warn
from roop.errors import UsageError
from roop.live_options import FILES_ONLY, LiveOptions
from roop.options import FaceOptions, LabelOptions, Options, Settings, VideoOptions
from roop.processors import installed

if TYPE_CHECKING:  # imported when a job runs, so that --help is fast
    from roop.media.live.modes import CameraDevice
    from roop.pipeline.live.control import LiveControl
    from roop.pipeline.live.live_job import LiveResult
    from roop.pipeline.progress import Progress
    from roop.processors.base import Registry

_EXCLUDED = FILES_ONLY | {"label"}
"""Options that this command does not have: configured values of these are ignored."""


@dataclass(frozen=True, slots=True)
class _CameraList:
    """The result of ``--list-cameras --json``."""

    cameras: "tuple[CameraDevice, ...]"


def run(arguments: Sequence[str]) -> int:
    """Run the command; return its exit code."""
    registry = installed()
    values = vars(_parser(registry).parse(arguments))
    values.pop("debug")  # roop.cli.app reads it when it prints an error
    as_json, quiet = values.pop("json"), values.pop("quiet")
    if values.pop("list_cameras"):
        _list_cameras(as_json=as_json)
        return 0
    if not values.keys().isdisjoint({"map", "map_file"}):  # the mapping names the sources
        values.setdefault("source", [])
    if "source" not in values and values.get("engine") != "none":
        raise UsageError("missing: -s/--source", hint="see `roop live --help`")
    at_terminal = not (as_json or quiet) and sys.stderr.isatty()
    show_terms(accepted=values.pop("accept_terms"), interactive=at_terminal)
    result = _run_live(values, registry, quiet=quiet)
    for warning in result.warnings:
        warn(warning)
    if as_json:
        print_json(result)
    elif not quiet:
        sys.stdout.write(_summary(result))
    return 0


def _run_live(values: dict[str, Any], registry: "Registry", *, quiet: bool) -> "LiveResult":
    from roop.job_request import make_live
    from roop.media.live.virtual_camera import ANY
    from roop.pipeline.live.live_job import LiveTask, run_live

    if values.get("virtual_camera") is True:  # the flag without a value
        values["virtual_camera"] = ANY
    configuration = Configuration.read(registry)
    settings = configuration.settings(values)
    sources = [Path(name) for name in values.pop("source", [])]
    flags = with_named_camera(values)
    options = configuration.job_options(flags, Path("camera.mp4"))
    options = {name: v for name, v in options.items() if name in flags or name not in _EXCLUDED}
    job, live = make_live(sources, options, registry, spelling=configuration.spelling(flags))
    import cv2

    from roop.cli.terminal.progress import progress_bar

    cv2.setNumThreads(1)  # the images are small, and other threads need the other cores
    cancel = cancel_on_signals()
    with progress_bar(enabled=not quiet and sys.stderr.isatty()) as bar:
        watch = bar or (None if quiet else _print_note)
        task = LiveTask(job, live, settings, registry, watch, cancel)
        with pressed_keys(_actions(task.control), enabled=bar is not None) as listening:
            if listening:
                sys.stderr.write(f"{HELP}\n")
            return run_live(task)


def _actions(control: "LiveControl") -> dict[str, Callable[[], None]]:
    """Return what each key does."""
    return {
        "n": control.next_face,
        "p": control.previous_face,
        "w": control.next_person,
        "a": control.set_many_faces,
        "m": control.set_mirror,
        "l": control.set_label_corner,
        "s": control.take_snapshot,
        "r": control.set_recording,
        "q": control.quit,
    }


def _print_note(progress: "Progress") -> None:
    """Print the address of the page and the state of the camera."""
    if progress.note is not None:
        sys.stderr.write(f"{one_line(progress.note)}\n")
        sys.stderr.flush()


def _summary(result: "LiveResult") -> str:
    latency = "" if result.latency_ms is None else f", {result.latency_ms:.0f} ms latency"
    rate = result.shown / result.elapsed_s if result.elapsed_s > 0 else 0.0
    recorded = f"{one_line(str(result.recorded))}\n" if result.recorded else ""
    stages = "".join(
        f"  {name:14} {stage.fps:5.1f} fps, {stage.time_ms:.0f} ms (95 %: {stage.time_p95_ms:.0f}, "
        f"99 %: {stage.time_p99_ms:.0f}), {stage.dropped} dropped\n"
        for name, stage in result.statistics.stages.items()
        if stage.time_ms is not None
    )
    return (
        f"{recorded}{result.shown} frames shown, {result.swapped} swapped, {result.dropped} "
        f"dropped; {result.elapsed_s:.1f} s, {rate:.1f} fps{latency}; engine {result.engine}\n"
        f"{stages}"
    )


def _list_cameras(*, as_json: bool) -> None:
    from roop.media.live.devices import list_cameras

    cameras = list_cameras()
    if as_json:
        print_json(_CameraList(tuple(cameras)))
        return
    if not cameras:
        sys.stderr.write("no cameras found\n")
    for camera in cameras:
        sys.stdout.write(f"{one_line(camera.address)}  {one_line(camera.name)}\n")
        for mode in camera.modes:
            rates = ", ".join(f"{fps:g}" for fps in mode.fps)
            size = f"{mode.size[0]}x{mode.size[1]}"
            sys.stdout.write(f"    {size:9}  {mode.format:8}  {rates and rates + ' fps'}".rstrip())
            sys.stdout.write("\n")


def _parser(registry: "Registry") -> Parser:
    parser = Parser(
        "roop live",
        "Swap a face in a live camera stream and show it on a page in the browser.\n"
        "Press Ctrl+C to stop.",
        usage="roop live -s PHOTO... [--input CAMERA] [options]",
    )
    add_source(parser)
    parser.add_argument(
        "--list-cameras", action="store_true", help="list the cameras of this machine and exit"
    )
    add_flags(parser, "live", LiveOptions, value_optional="virtual_camera")
    add_confirmation_flags(parser)
    add_processor_choice(parser, registry)
    groups: dict[str, type[Options]] = {
        "faces": FaceOptions,
        "recording": VideoOptions,
        "label": LabelOptions,
    }
    for title, options in groups.items():
        add_flags(parser, title, options, only=options.model_fields.keys() - _EXCLUDED)
    add_processor_options(parser, registry)
    add_flags(parser, "machine", Settings)
    add_output_flags(parser)
    add_version(parser)
    return parser

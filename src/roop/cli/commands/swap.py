"""The command ``roop swap``."""

import argparse
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from roop.cli.parsing.configuration import Configuration
from roop.cli.parsing.job_flags import add_job_flags, add_source
from roop.cli.parsing.original_options import translate
from roop.cli.parsing.parser import Parser, add_report, add_version
from roop.cli.parsing.share_flags import ShareRequest, add_share_flags, take_share_request
from roop.cli.terminal.errors import show
from roop.cli.terminal.interrupts import cancel_on_signals
from roop.cli.terminal.results import amount, print_json
from roop.cli.terminal.sharing import print_shared, share_file
from roop.cli.terminal.terms import tell_terms
from roop.cli.terminal.text import line, warn
from roop.errors import UsageError
from roop.options import Job, Settings
from roop.processors import installed

if TYPE_CHECKING:  # the pipeline is imported when there is a job: --help stays quick
    from roop.pipeline.job import JobResult
    from roop.processors.base import Registry

_ABOUT = {
    "roop swap": "Put the face of a photo into a photo, an animation or a video.",
    "roop enhance": "Make the faces of a photo, an animation or a video sharper; nothing is "
    "swapped, and no source photo needed. The same as roop swap --engine none --enhance.",
}

_REQUIRED = {"source": "-s/--source", "target": "-t/--target", "output": "-o/--output"}


def run(arguments: Sequence[str], *, prog: str = "roop swap") -> int:
    """Run the command; return its exit code."""
    registry = installed()
    values = vars(_parser(prog, registry).read(arguments))
    if not values.keys().isdisjoint({"map", "map_file"}):  # they name the sources
        values.setdefault("source", [])
    translate(values)
    _refuse_without_files(values, prog)
    values.pop("debug")  # read at the edge, which shows the errors
    as_json, quiet = values.pop("json"), values.pop("quiet")
    at_terminal = not (as_json or quiet) and sys.stderr.isatty()
    tell_terms(accepted=values.pop("accept_terms"), shown=at_terminal)
    presets = Configuration.read(registry)
    request = take_share_request(values, presets)
    job, settings = _asked(values, presets)
    result = work(job, settings, registry, show_progress=not quiet and sys.stderr.isatty())
    return report(job, result, request, as_json=as_json, quiet=quiet)


def report(
    job: Job, result: "JobResult", request: ShareRequest | None, *, as_json: bool, quiet: bool
) -> int:
    """Print what came of a job, share its output if requested, and return the exit code."""
    for warning in result.warnings:
        warn(warning)
    if not (as_json or quiet):
        sys.stdout.write(summary(job, result))
        sys.stdout.flush()  # the upload may take minutes
    if request is None:
        if as_json:
            print_json(result)
        return 0
    bar = not quiet and sys.stderr.isatty()
    outcome = share_file(result.output, request.options, cancel_on_signals(), show_progress=bar)
    if as_json:
        print_json(result, outcome.of_job())
    elif outcome.shared and not quiet:
        print_shared(outcome.shared, qr=sys.stdout.isatty())
    elif outcome.error:
        show(outcome.error)
    return outcome.exit_code


def summary(job: Job, result: "JobResult") -> str:
    """Return the lines that end a finished job."""
    now = result.frames - result.resumed
    rate = f", {now / result.elapsed_s:.1f} fps" if result.frames > 1 else ""
    where = f" on {', '.join(result.providers)}" if result.providers else ""
    spent = f"{result.elapsed_s:.1f} s{rate}; engine {result.engine}{where}"
    kept = f"frames in {line(str(result.kept_frames))}\n" if result.kept_frames else ""
    anybody = not (job.faces.many_faces or job.faces.selective)
    more = "; --many-faces for all" if anybody and result.frames == 1 < result.seen else ""
    return f"{line(str(result.output))}\n{amount(result)}{more}; {spent}\n{kept}"


def _refuse_without_files(values: dict[str, Any], prog: str) -> None:
    if values.get("engine") == "none":
        values.setdefault("source", [])
    missing = [flag for name, flag in _REQUIRED.items() if name not in values]
    if missing:
        raise UsageError(f"missing: {', '.join(missing)}", hint=f"see `{prog} --help`")
    for name, flag in _REQUIRED.items():
        given = values[name]
        if "" in (given if isinstance(given, list) else [given]):
            raise UsageError(f"{flag} is empty", hint="name a file; a variable may be unset")


def _asked(values: dict[str, Any], presets: Configuration) -> tuple[Job, Settings]:
    """Return the job and what it may take of this machine."""
    from roop.api import make_job

    settings = presets.settings(values)
    sources = [Path(name) for name in values.pop("source")]
    target, output = Path(values.pop("target")), Path(values.pop("output"))
    spelling, options = presets.spelling(values), presets.completed(values, target)
    job = make_job(sources, target, output, options, presets.registry, spelling=spelling)
    return job, settings


def work(job: Job, settings: Settings, registry: "Registry", *, show_progress: bool) -> "JobResult":
    """Do a job at a terminal: with a bar, and until somebody presses Ctrl+C."""
    import cv2

    from roop.cli.terminal.progress import progress
    from roop.pipeline.job import run_job

    cv2.setNumThreads(1)  # the pictures are small, and the encoder has use for the other cores
    cancel = cancel_on_signals()
    with progress(shown=show_progress) as watch:
        return run_job(job, settings, registry, watch=watch, cancel=cancel)


def _parser(prog: str, registry: "Registry") -> Parser:
    parser = Parser(prog, _ABOUT.get(prog, _ABOUT["roop swap"]))
    source = "" if prog == "roop enhance" else "-s PHOTO... "
    parser.usage = f"{prog} {source}-t FILE -o FILE [options]"
    _add_files(parser)
    add_job_flags(parser, registry)
    add_share_flags(parser)
    add_report(parser)
    add_version(parser)
    return parser


def _add_files(parser: Parser) -> None:
    add_source(parser)
    parser.add_argument(
        "-t",
        "--target",
        default=argparse.SUPPRESS,
        metavar="FILE",
        help="photo, animation or video to change",
    )
    parser.add_argument(
        "-o",
        "--output",
        default=argparse.SUPPRESS,
        metavar="FILE",
        help="file to write, or a folder",
    )
    parser.add_argument(
        "--record",
        default=argparse.SUPPRESS,
        metavar="FILE",
        help=Job.model_fields["record"].description,
    )

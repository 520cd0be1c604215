"""The command ``roop swap``: swap a face in a photo, an animation or a video."""

import argparse
import shlex
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from roop.cli.parsing.configuration import Configuration
from roop.cli.parsing.job_flags import add_job_flags, add_source
from roop.cli.parsing.original_options import translate_original_options
from roop.cli.parsing.parser import Parser, add_output_flags, add_version
from roop.cli.parsing.share_flags import ShareRequest, add_share_flags, take_share_request
from roop.cli.terminal.errors import print_error
from roop.cli.terminal.interrupts import cancel_on_signals
from roop.cli.terminal.results import counts, print_json
from roop.cli.terminal.sharing import print_shared, share_file
from roop.cli.terminal.terms import show_terms
from roop.cli.terminal.text import hint, one_line, warn
from roop.errors import UsageError
from roop.options import Job, Settings
from roop.processors import installed

if TYPE_CHECKING:  # imported when a job runs, so that --help is fast
    from roop.pipeline.job import JobResult
    from roop.processors.base import Registry

_ABOUT = {
    "roop swap": "Swap a face in a photo, an animation or a video.",
    "roop enhance": "Sharpen the faces in a photo, an animation or a video without swapping them.\n"
    "No source photo is needed. Short for `roop swap --engine none --enhance`.",
}

_MOST_NAMES = 4
"""People of a target whose names in a mapping are printed."""

_FILES = {"source": "-s/--source", "target": "-t/--target", "output": "-o/--output"}


def run(arguments: Sequence[str], *, prog: str = "roop swap") -> int:
    """Run the command; return its exit code."""
    registry = installed()
    values = vars(_parser(prog, registry).parse(arguments))
    if not values.keys().isdisjoint({"map", "map_file"}):  # the mapping names the sources
        values.setdefault("source", [])
    translate_original_options(values)
    _require_files(values, prog)
    values.pop("debug")  # roop.cli.app reads it when it prints an error
    as_json, quiet = values.pop("json"), values.pop("quiet")
    at_terminal = not (as_json or quiet) and sys.stderr.isatty()
    show_terms(accepted=values.pop("accept_terms"), interactive=at_terminal)
    configuration = Configuration.read(registry)
    request = take_share_request(values, configuration)
    job, settings = _job_and_settings(values, configuration)
    show_progress = not quiet and sys.stderr.isatty()
    result = run_with_progress(job, settings, registry, show_progress=show_progress)
    return report(job, result, request, as_json=as_json, quiet=quiet)


def report(
    job: Job, result: "JobResult", request: ShareRequest | None, *, as_json: bool, quiet: bool
) -> int:
    """Print the result of a job, share its output if requested, and return the exit code."""
    for warning in result.warnings:
        warn(warning)
    if names := [person.name for person in result.replaced_people if person.name]:
        hint(f"to replace only one of them: {_map_flags(job, names)}")
    if not (as_json or quiet):
        sys.stdout.write(summary(job, result))
        sys.stdout.flush()  # the upload may take minutes
    if request is None:
        if as_json:
            print_json(result)
        return 0
    progress = not quiet and sys.stderr.isatty()
    cancel = cancel_on_signals()
    outcome = share_file(result.output, request.options, cancel, show_progress=progress)
    if as_json:
        print_json(result, outcome.for_job_result())
    elif outcome.shared and not quiet:
        print_shared(outcome.shared, qr=sys.stdout.isatty())
    elif outcome.error:
        print_error(outcome.error)
    return outcome.exit_code


def summary(job: Job, result: "JobResult") -> str:
    """Return the lines to print when a job is done."""
    this_run = result.frames - result.resumed
    rate = f", {this_run / result.elapsed_s:.1f} fps" if result.frames > 1 else ""
    providers = f" on {', '.join(result.providers)}" if result.providers else ""
    time = f"{result.elapsed_s:.1f} s{rate}; engine {result.engine}{providers}"
    frames = f"frames in {one_line(str(result.kept_frames))}\n" if result.kept_frames else ""
    one_person = not (job.faces.many_faces or job.faces.selective)
    more = "; --many-faces for all" if one_person and result.frames == 1 < result.seen else ""
    return f"{one_line(str(result.output))}\n{counts(result)}{more}; {time}\n{frames}"


def _map_flags(job: Job, names: Sequence[str]) -> str:
    """Return what replaces one of the people with these names instead of all of them."""
    photo = shlex.quote(str(job.sources[0])) if len(job.sources) == 1 else "PHOTO"
    flags = [f"--map {photo}={name}" for name in names[:_MOST_NAMES]]
    return f"{' or '.join(flags)} instead of -s"


def _require_files(values: dict[str, Any], prog: str) -> None:
    if values.get("engine") == "none":
        values.setdefault("source", [])
    missing = [flag for name, flag in _FILES.items() if name not in values and name != "output"]
    if missing:
        raise UsageError(f"missing: {', '.join(missing)}", hint=f"see `{prog} --help`")
    for name, flag in _FILES.items():
        given = values.get(name)
        if "" in (given if isinstance(given, list) else [given]):
            raise UsageError(
                f"{flag} is empty", hint="name a file; perhaps a shell variable is not set"
            )


def _job_and_settings(values: dict[str, Any], configuration: Configuration) -> tuple[Job, Settings]:
    """Return the job and the settings from parsed flags and the configuration."""
    from roop.job_request import make_job

    settings = configuration.settings(values)
    sources = [Path(name) for name in values.pop("source")]
    target, given = Path(values.pop("target")), values.pop("output", None)
    spelling, options = configuration.spelling(values), configuration.job_options(values, target)
    output = Path("output" if given is None else given)
    job = make_job(sources, target, output, options, configuration.registry, spelling=spelling)
    if given is None:
        from roop.pipeline.output.suggested import suggest_output

        job = job.model_copy(update={"output": suggest_output(job)})
    return job, settings


def run_with_progress(
    job: Job, settings: Settings, registry: "Registry", *, show_progress: bool
) -> "JobResult":
    """Run a job with a progress bar; Ctrl+C cancels it."""
    import cv2

    from roop.cli.terminal.progress import progress_bar
    from roop.pipeline.job import run_job

    cv2.setNumThreads(1)  # the images are small, and the encoder needs the other cores
    cancel = cancel_on_signals()
    with progress_bar(enabled=show_progress) as watch:
        return run_job(job, settings, registry, watch=watch, cancel=cancel)


def _parser(prog: str, registry: "Registry") -> Parser:
    source = "" if prog == "roop enhance" else "-s PHOTO... "
    parser = Parser(prog, _ABOUT[prog], usage=f"{prog} {source}-t FILE [-o FILE] [options]")
    _add_files(parser)
    add_job_flags(parser, registry)
    add_share_flags(parser)
    add_output_flags(parser)
    add_version(parser)
    return parser


def _add_files(parser: Parser) -> None:
    add_source(parser)
    parser.add_argument(
        "-t",
        "--target",
        default=argparse.SUPPRESS,
        metavar="FILE",
        help="the photo, animation or video to change",
    )
    parser.add_argument(
        "-o",
        "--output",
        default=argparse.SUPPRESS,
        metavar="FILE",
        help="the file to write, or an existing folder; by default a new file in the folder "
        "Outputs of your videos or pictures",
    )
    parser.add_argument(
        "--record",
        default=argparse.SUPPRESS,
        metavar="FILE",
        help=Job.model_fields["record"].description,
    )

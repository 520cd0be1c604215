"""The command ``roop batch``: swap many sources and targets."""

import argparse
import sys
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from roop.cli.parsing.configuration import Configuration
from roop.cli.parsing.job_flags import add_job_flags
from roop.cli.parsing.original_options import translate_original_options
from roop.cli.parsing.parser import Parser, add_output_flags
from roop.cli.parsing.share_flags import ShareRequest, add_share_flags, take_share_request
from roop.cli.terminal import batch_report
from roop.cli.terminal.interrupts import cancel_on_signals
from roop.cli.terminal.sharing import ShareOutcome, share_once
from roop.cli.terminal.terms import show_terms
from roop.cli.terminal.text import warn
from roop.errors import MediaError, UsageError
from roop.options import NAME_PATTERN
from roop.processors import installed

if TYPE_CHECKING:  # imported when jobs run, so that --help is fast
    import threading

    from roop.jobs.batch import Report
    from roop.jobs.rows import Row
    from roop.options import Job, Settings
    from roop.pipeline.job import JobResult
    from roop.pipeline.progress import Progress, Watch
    from roop.processors.base import Registry


def run(arguments: Sequence[str]) -> int:
    """Run the command; return its exit code."""
    registry = installed()
    values = vars(_parser(registry).parse(arguments))
    translate_original_options(values)
    values.pop("debug")  # roop.cli.app reads it when it prints an error
    as_json, quiet = values.pop("json"), values.pop("quiet")
    show_bars = not quiet and sys.stderr.isatty()
    show_terms(accepted=values.pop("accept_terms"), interactive=show_bars and not as_json)
    report_file = values.pop("report", None)
    if report_file:
        batch_report.check_report_path(Path(report_file))
    reports = []
    batch = _Batch(values, registry)
    for report in batch.run(show_bars=show_bars):
        reports.append(report)
        if not (as_json or quiet or show_bars):
            sys.stdout.write(batch_report.table_row(report, batch.shares))
            sys.stdout.flush()
    batch_report.print_reports(
        reports, batch.shares, as_json=as_json, quiet=quiet, rows_printed=not show_bars
    )
    if report_file:
        batch_report.write_report(Path(report_file), reports, batch.shares)
    return batch_report.batch_exit_code(reports, batch.shares)


class _Batch:
    """The jobs of one command, from its flags, and how to run them."""

    def __init__(self, values: dict[str, Any], registry: "Registry") -> None:
        self.shares: dict[Path, ShareOutcome] = {}
        """The result of sharing, by output."""
        self._registry = registry
        self._configuration = Configuration.read(registry)
        self._request: ShareRequest | None = take_share_request(values, self._configuration)
        self._settings: Settings = self._configuration.settings(values)
        self._sources: list[str] = values.pop("source", [])
        self._targets: list[str] = values.pop("target", [])
        self._folder = Path(values.pop("output", "."))
        self._list: str | None = values.pop("list", None)
        self._pattern: str = values.pop("output_pattern")
        self._watched: str | None = values.pop("watch", None)
        self._flags = values
        self._check()

    def run(self, *, show_bars: bool) -> "Iterator[Report]":
        """Run the jobs; yield a report as each one ends."""
        import cv2

        from roop.cli.terminal.batch_progress import batch_bars
        from roop.jobs.batch import run_batch
        from roop.jobs.job_pool import JobPool
        from roop.jobs.queue import Queue
        from roop.pipeline.job import JobRunner
        from roop.pipeline.stages.resources import PipelineResources

        cv2.setNumThreads(1)  # as `roop swap` does
        listed = None if self._watched else self._jobs(self._rows())
        cancel = cancel_on_signals()
        shared = PipelineResources(self._settings, self._registry)
        runner = JobRunner(self._settings, self._registry, shared=shared)
        total = len(listed or ())
        workers = self._photo_workers(listed or [])
        with (
            Queue.of_user(warn) as queue,
            JobPool(workers, self._settings) as pool,
            batch_bars(enabled=show_bars, total=total) as bars,
        ):

            def perform_job(job: "Job", report: "Watch", stop: "threading.Event") -> "JobResult":
                bar = bars.start_job(str(job.target))

                def watch(progress: "Progress") -> None:
                    report(progress)
                    if bar is not None:
                        bar(progress)

                if workers > 1:
                    return pool.run(job, watch, stop)
                return runner.run(job, watch=watch, cancel=stop)

            for jobs in [listed] if listed is not None else self._watched_jobs(cancel):
                for report in run_batch(jobs, queue, perform_job, cancel=cancel, at_once=workers):
                    self._share(report, cancel)
                    bars.finish_job()
                    yield report

    def _photo_workers(self, jobs: "Sequence[Job]") -> int:
        """Return how many processes share the jobs: several only if all targets are photos.

        A video keeps more than one core busy by itself, and so does a network.
        """
        from roop.jobs.job_pool import photo_workers
        from roop.media.open import is_photo
        from roop.processors import local_only

        for job in jobs:
            networks = self._registry.models(job.steps, self._settings)
            if networks or local_only(self._registry, job.steps) or not is_photo(job.target):
                return 1
        return photo_workers(len(jobs), self._settings)

    def _share(self, report: "Report", cancel: "threading.Event") -> None:
        """Share an output, also one that an earlier run failed to share."""
        if self._request and report.outcome in ("done", "skipped"):
            outcome = share_once(report.output, self._request.options, cancel)
            self.shares[report.output] = outcome

    def _check(self) -> None:
        from roop.pipeline.output.naming import check_pattern

        check_pattern(self._pattern)
        if self._list and (self._sources or self._targets or self._watched):
            raise UsageError(
                f"the list {self._list} already names sources and targets",
                hint="leave out --source, --target and --watch",
            )
        if not self._list and not self._sources:
            raise UsageError("missing: -s/--source, or a list", hint="see `roop batch --help`")
        if not (self._list or self._targets or self._watched):
            raise UsageError("missing: -t/--target or --watch", hint="see `roop batch --help`")
        if self._watched and self._targets:
            raise UsageError("--watch replaces --target", hint="leave one of them out")
        if self._watched and Path(self._watched).resolve() == self._folder.resolve():
            raise UsageError(
                f"the output folder {self._watched} is also the watched folder",
                hint="name another folder with --output",
            )

    def _rows(self) -> "list[Row]":
        from roop.jobs.rows import combined, images, media, read_list

        if self._list:
            return read_list(Path(self._list))
        return combined(images(self._sources), media(self._targets))

    def _watched_jobs(self, cancel: "threading.Event") -> "Iterator[list[Job]]":
        from roop.jobs.rows import combined, images
        from roop.jobs.watched_folder import new_files

        sources = images(self._sources)
        for path in new_files(Path(self._watched or ""), cancel):
            yield self._jobs(combined(sources, [path]))

    def _jobs(self, rows: "list[Row]") -> "list[Job]":
        from roop.jobs.batch import refuse_twins

        jobs = [self._job(row, number) for number, row in enumerate(rows, 1)]
        refuse_twins([job.output for job in jobs])
        return jobs

    def _job(self, row: "Row", number: int) -> "Job":
        from roop.api import make_job
        from roop.pipeline.output.naming import named

        flags = {**self._flags, **row.options}
        spelling = self._configuration.spelling(flags)
        job = make_job(
            row.sources,
            row.target,
            row.output or self._folder,
            self._configuration.job_options(flags, row.target),
            self._registry,
            spelling=lambda n: f"{n} ({row.location})" if n in row.options else spelling(n),
        )
        if row.output is not None and not row.output.is_dir():
            return job
        ext = self._extension(job)
        output = named(job, job.output, ext, pattern=self._pattern, number=number)
        return job.model_copy(update={"output": output})

    def _extension(self, job: "Job") -> str:
        from roop.media.open import same_format_suffix

        try:
            return same_format_suffix(job.target, job.video)
        except MediaError:  # reported when the job runs
            return job.target.suffix


def _parser(registry: "Registry") -> Parser:
    parser = Parser(
        "roop batch",
        "Swap every source into every target, or run a list of jobs. A second run does only\n"
        "what is missing.",
        usage="roop batch -s PHOTO... -t FILE... -o FOLDER [options]\n"
        "       roop batch LIST [options]",
        epilog="exit codes: 0 if no job failed, the code of `roop swap` if all failures share it,\n"
        "1 if they differ, 130 if cancelled",
    )
    _add_files(parser)
    add_job_flags(parser, registry)
    add_share_flags(parser)
    add_output_flags(parser)
    return parser


def _add_files(parser: Parser) -> None:
    parser.add_argument(
        "list",
        nargs="?",
        default=argparse.SUPPRESS,
        metavar="LIST",
        help="a list of jobs (.csv, .jsonl or .toml), instead of --source and --target",
    )
    _add_option(
        parser, "-s", "--source", "PHOTO", "photos, folders or patterns; each photo is one person"
    )
    _add_option(
        parser, "-t", "--target", "FILE", "photos, animations and videos, folders or patterns"
    )
    _add_option(
        parser,
        "-o",
        "--output",
        "FOLDER",
        "folder for the outputs, created if missing (default: .)",
    )
    parser.add_argument(
        "--output-pattern",
        default=NAME_PATTERN,
        metavar="NAME",
        help="name of each output, from {source} {target} {ext} {folder} {number} "
        "(default: %(default)s)",
    )
    parser.add_argument(
        "--watch",
        default=argparse.SUPPRESS,
        metavar="FOLDER",
        help="swap into each file added to this folder, until Ctrl+C",
    )
    parser.add_argument(
        "--report",
        default=argparse.SUPPRESS,
        metavar="FILE",
        help="write the outcome of every job as JSON",
    )


def _add_option(parser: Parser, short: str, name: str, word: str, text: str) -> None:
    several: dict[str, Any] = {"nargs": "+", "action": "extend"} if word != "FOLDER" else {}
    parser.add_argument(short, name, default=argparse.SUPPRESS, metavar=word, help=text, **several)

"""The command ``roop batch``."""

import argparse
import sys
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from roop.cli.parsing.configuration import Configuration
from roop.cli.parsing.job_flags import add_job_flags
from roop.cli.parsing.original_options import translate
from roop.cli.parsing.parser import Parser, add_report
from roop.cli.parsing.share_flags import ShareRequest, add_share_flags, take_share_request
from roop.cli.terminal import batch_report
from roop.cli.terminal.interrupts import cancel_on_signals
from roop.cli.terminal.sharing import ShareOutcome, share_once
from roop.cli.terminal.terms import tell_terms
from roop.cli.terminal.text import warn
from roop.errors import MediaError, UsageError
from roop.options import NAME_PATTERN
from roop.processors import installed

if TYPE_CHECKING:  # the pipeline is imported when there are jobs: --help stays quick
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
    values = vars(_parser(registry).read(arguments))
    translate(values)
    values.pop("debug")  # read at the edge, which shows the errors
    as_json, quiet = values.pop("json"), values.pop("quiet")
    bar = not quiet and sys.stderr.isatty()
    tell_terms(accepted=values.pop("accept_terms"), shown=bar and not as_json)
    written = values.pop("report", None)
    if written:
        batch_report.refuse_other_files(Path(written))
    batch = _Batch(values, registry)
    reports = []
    for report in batch.reports(shown=bar):
        reports.append(report)
        if not (as_json or quiet or bar):
            sys.stdout.write(batch_report.row(report, batch.shares))
            sys.stdout.flush()
    batch_report.say(reports, batch.shares, as_json=as_json, quiet=quiet, told=not bar)
    if written:
        batch_report.write(Path(written), reports, batch.shares)
    return batch_report.exit_code_of(reports, batch.shares)


class _Batch:
    """What was asked for, and what it takes to do it."""

    def __init__(self, values: dict[str, Any], registry: "Registry") -> None:
        self.shares: dict[Path, ShareOutcome] = {}
        """What came of sharing, by output."""
        self._registry = registry
        self._presets = Configuration.read(registry)
        self._request: ShareRequest | None = take_share_request(values, self._presets)
        self._settings: Settings = self._presets.settings(values)
        self._sources: list[str] = values.pop("source", [])
        self._targets: list[str] = values.pop("target", [])
        self._folder = Path(values.pop("output", "."))
        self._list: str | None = values.pop("list", None)
        self._pattern: str = values.pop("output_pattern")
        self._watched: str | None = values.pop("watch", None)
        self._flags = values
        self._check()

    def reports(self, *, shown: bool) -> "Iterator[Report]":
        """Do the work; yield a report for each job when it is settled."""
        import cv2

        from roop.cli.terminal.batch_progress import batch_bars
        from roop.jobs.batch import run_batch
        from roop.jobs.queue import Queue
        from roop.pipeline.job import JobRunner
        from roop.pipeline.stages.resources import PipelineResources

        cv2.setNumThreads(1)  # as in roop swap
        given = None if self._watched else self._jobs(self._rows())
        cancel = cancel_on_signals()
        shared = PipelineResources(self._settings, self._registry)
        runner = JobRunner(self._settings, self._registry, shared=shared)
        with Queue.of_user(warn) as queue, batch_bars(shown=shown, total=len(given or ())) as bars:

            def perform_job(job: "Job", watch: "Watch", cancel: "threading.Event") -> "JobResult":
                shown_by = bars.begin(str(job.target))

                def watch_both(progress: "Progress") -> None:
                    watch(progress)
                    if shown_by is not None:
                        shown_by(progress)

                return runner.run(job, watch=watch_both, cancel=cancel)

            for jobs in [given] if given is not None else self._arrivals(cancel):
                for report in run_batch(jobs, queue, perform_job, cancel=cancel):
                    self._share(report, cancel)
                    bars.settled()
                    yield report

    def _share(self, report: "Report", cancel: "threading.Event") -> None:
        """Share an output, also of an earlier run that could not."""
        if self._request and report.outcome in ("done", "skipped"):
            outcome = share_once(report.output, self._request.options, cancel)
            self.shares[report.output] = outcome

    def _check(self) -> None:
        from roop.pipeline.output.naming import check_pattern

        check_pattern(self._pattern)
        if self._list and (self._sources or self._targets or self._watched):
            raise UsageError(
                f"the list {self._list} names sources and targets itself",
                hint="leave out --source, --target and --watch",
            )
        if not self._list and not self._sources:
            raise UsageError("missing: -s/--source, or a list", hint="see `roop batch --help`")
        if not (self._list or self._targets or self._watched):
            raise UsageError("missing: -t/--target or --watch", hint="see `roop batch --help`")
        if self._watched and self._targets:
            raise UsageError("--watch takes the place of --target", hint="leave one out")
        if self._watched and Path(self._watched).resolve() == self._folder.resolve():
            raise UsageError(
                f"outputs would be dropped into {self._watched}, which is watched",
                hint="name another folder with --output",
            )

    def _rows(self) -> "list[Row]":
        from roop.jobs.rows import combined, images, media, read_list

        if self._list:
            return read_list(Path(self._list))
        return combined(images(self._sources), media(self._targets))

    def _arrivals(self, cancel: "threading.Event") -> "Iterator[list[Job]]":
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
        spelling = self._presets.spelling(flags)
        job = make_job(
            row.sources,
            row.target,
            row.output or self._folder,
            self._presets.completed(flags, row.target),
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
        except MediaError:  # said when the job is done
            return job.target.suffix


def _parser(registry: "Registry") -> Parser:
    parser = Parser(
        "roop batch",
        "Swap many targets with many sources. A second run does only what is missing.",
        epilog="exit codes: 0 nothing failed; that of `roop swap` if all failures have the same,\n"
        "1 if they differ; 130 cancelled",
    )
    parser.usage = (
        "roop batch -s PHOTO... -t FILE... -o FOLDER [options]\n       roop batch LIST [options]"
    )
    parser.add_argument(
        "list",
        nargs="?",
        default=argparse.SUPPRESS,
        metavar="LIST",
        help="a list of jobs instead of --source and --target: .csv, .jsonl or .toml",
    )
    _add_option(parser, "-s", "--source", "PHOTO", "photos, folders, patterns; each is one person")
    _add_option(parser, "-t", "--target", "FILE", "photos and videos, folders of them, patterns")
    _add_option(parser, "-o", "--output", "FOLDER", "where outputs go; made if need be (here)")
    parser.add_argument(
        "--output-pattern",
        default=NAME_PATTERN,
        metavar="NAME",
        help="how they are called: {source} {target} {ext} {folder} {number} (%(default)s)",
    )
    parser.add_argument(
        "--watch",
        default=argparse.SUPPRESS,
        metavar="FOLDER",
        help="do what is dropped there, until Ctrl+C",
    )
    parser.add_argument(
        "--report", default=argparse.SUPPRESS, metavar="FILE", help="write what became of each"
    )
    add_job_flags(parser, registry)
    add_share_flags(parser)
    add_report(parser)
    return parser


def _add_option(parser: Parser, short: str, name: str, word: str, text: str) -> None:
    several: dict[str, Any] = {"nargs": "+", "action": "extend"} if word != "FOLDER" else {}
    parser.add_argument(short, name, default=argparse.SUPPRESS, metavar=word, help=text, **several)

"""The command ``roop models``: download, list and remove models."""

import argparse
import difflib
import json
import sys
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING

from roop.cli.parsing.configuration import Configuration
from roop.cli.parsing.flags import MODEL_FILE_SETTINGS, add_flags
from roop.cli.parsing.parser import Parser, add_output_flags
from roop.cli.terminal.interrupts import cancel_on_signals
from roop.cli.terminal.text import one_line
from roop.errors import CancelledError, UsageError
from roop.options import Settings

if TYPE_CHECKING:  # imported when needed, so that --help is fast
    from roop.models.files.download import DownloadProgress
    from roop.models.files.folder import ModelFolder
    from roop.models.files.maintenance import ModelStatus

ACTIONS = {
    "list": "list all models with their licences, and show which are installed",
    "pull": "download models now instead of on first use",
    "verify": "check installed models against their digests",
    "remove": "delete installed models",
    "export": "pack models into one file for machines without a network",
    "import": "install models from a file made by `roop models export`",
    "add": "register a model file of your own, without copying it",
}
"""The subcommands."""

_ARGUMENTS = {
    "list": "",
    "pull": "MODEL... ",
    "verify": "[MODEL...] ",
    "remove": "MODEL... ",
    "export": "FILE MODEL... ",
    "import": "FILE ",
    "add": "FILE ",
}
"""The arguments of each subcommand, as its usage shows them."""

_DAMAGED = 4
"""The exit code of ``verify`` if a model is missing or damaged, as for a ModelError."""


def run(arguments: Sequence[str]) -> int:
    """Run the command; return its exit code."""
    action = arguments[0] if arguments else "--help"
    if action not in ACTIONS:
        _overview().parse([action])  # exits if this is --help
        near = difflib.get_close_matches(action, ACTIONS, n=1)
        hint = f"did you mean {near[0]!r}?" if near else "see `roop models --help`"
        raise UsageError(f"there is no command 'models {action}'", hint=hint)
    values = _parser(action).parse(arguments[1:])
    from roop.models.files.folder import ModelFolder
    from roop.processors import installed

    settings = Configuration.read(installed()).settings(vars(values))
    entries = []
    for entry in _FUNCTIONS[action](ModelFolder(settings), values):
        entries.append(entry)
        if not (values.json or values.quiet):
            sys.stdout.write(one_line(_entry_line(action, entry)) + "\n")
            sys.stdout.flush()  # the next model may take minutes
    if values.json:
        body = json.dumps([asdict(entry) for entry in entries], ensure_ascii=False)
        sys.stdout.write(f"{body}\n")
    damaged = action == "verify" and any(entry.state != "present" for entry in entries)
    return _DAMAGED if damaged else 0


def _list(folder: "ModelFolder", values: argparse.Namespace) -> "Iterator[ModelStatus]":
    from roop.models.files.maintenance import list_models

    yield from list_models(folder, values.task)


def _pull(folder: "ModelFolder", values: argparse.Namespace) -> "Iterator[ModelStatus]":
    from roop.models.files.maintenance import find_models, pull, with_dependencies

    with _download_progress(enabled=not values.quiet and sys.stderr.isatty()) as watch:
        for model in with_dependencies(folder, find_models(folder, values.names)):
            yield pull(folder, model, watch(model.name))


def _verify(folder: "ModelFolder", values: argparse.Namespace) -> "Iterator[ModelStatus]":
    from roop.models.files.maintenance import find_models, verify

    installed = [model for model in folder.catalogue if folder.problem(model) != "missing"]
    for model in find_models(folder, values.names) or installed:
        yield verify(folder, model)


def _remove(folder: "ModelFolder", values: argparse.Namespace) -> "Iterator[ModelStatus]":
    from roop.models.files.maintenance import find_models, remove

    for model in find_models(folder, values.names):
        yield remove(folder, model)


def _export(folder: "ModelFolder", values: argparse.Namespace) -> "Iterator[ModelStatus]":
    from roop.models.files.bundle import export_bundle
    from roop.models.files.maintenance import find_models, status_of, with_dependencies

    models = with_dependencies(folder, find_models(folder, values.names))
    for model in export_bundle(folder, models, values.bundle):
        yield status_of(folder, model)


def _import(folder: "ModelFolder", values: argparse.Namespace) -> "Iterator[ModelStatus]":
    from roop.models.files.bundle import import_bundle
    from roop.models.files.maintenance import status_of

    for model in import_bundle(folder, values.bundle):
        yield status_of(folder, model)


def _add(folder: "ModelFolder", values: argparse.Namespace) -> "Iterator[ModelStatus]":
    from roop.models.files.custom import register
    from roop.models.files.maintenance import status_of

    model = register(folder, values.file, like=values.like, name=values.name, licence=values.allows)
    yield status_of(folder, model)


_FUNCTIONS: "dict[str, Callable[[ModelFolder, argparse.Namespace], Iterator[ModelStatus]]]" = {
    "list": _list,
    "pull": _pull,
    "verify": _verify,
    "remove": _remove,
    "export": _export,
    "import": _import,
    "add": _add,
}


def _entry_line(action: str, entry: "ModelStatus") -> str:
    if action != "list":
        return f"{entry.name}: {entry.state}"
    size = f"{entry.size / 1e6:.1f} MB" if entry.size else "?"
    state = "installed" if entry.state == "present" else entry.state
    return f"{entry.name:24} {entry.task:10} {entry.licence:14} {size:>8}  {state:9} {entry.terms}"


def _overview() -> Parser:
    width = max(map(len, ACTIONS))
    listing = "\n".join(f"  {name:{width}}  {summary}" for name, summary in ACTIONS.items())
    parser = Parser(
        "roop models",
        "Download, list and remove the models that the neural engines use.",
        usage="roop models COMMAND [options]",
        epilog=f"commands:\n{listing}\n\nRun `roop models COMMAND --help` for the options.",
    )
    parser.add_argument("command", nargs="?", help=argparse.SUPPRESS)
    return parser


def _parser(action: str) -> Parser:
    text = ACTIONS[action]
    parser = Parser(
        f"roop models {action}",
        f"{text[0].upper()}{text[1:]}.",
        usage=f"roop models {action} {_ARGUMENTS[action]}[options]",
    )
    if action == "list":
        parser.add_argument(
            "--task", help="list only models for this task: swap, enhance, upscale, detect, ..."
        )
    elif action == "add":
        parser.add_argument("file", type=Path, metavar="FILE", help="the ONNX file")
        parser.add_argument(
            "--like", metavar="MODEL", help="a known model with the same inputs and outputs"
        )
        parser.add_argument("--name", help="name of the model (default: the file's name)")
        parser.add_argument(
            "--allows",
            choices=("permissive", "non-commercial", "unclear"),
            help="what its licence allows (default: unclear)",
        )
    if action in ("export", "import"):
        parser.add_argument("bundle", type=Path, metavar="FILE", help="the tar file")
    if action in ("pull", "verify", "remove", "export"):
        parser.add_argument(
            "names",
            nargs="*" if action == "verify" else "+",
            metavar="MODEL",
            help="name of a model, or of a family such as inswapper for its first model"
            + (" (default: all that are installed)" if action == "verify" else ""),
        )
    add_flags(parser, "machine", Settings, only=MODEL_FILE_SETTINGS)
    add_output_flags(parser)
    return parser


@contextmanager
def _download_progress(*, enabled: bool) -> "Iterator[Callable[[str], DownloadProgress]]":
    """Yield a function that makes the progress callback of a download; a signal cancels it."""
    from roop.cli.terminal.progress import transfer_bar

    cancel = cancel_on_signals()
    with transfer_bar(enabled=enabled) as draw:

        def watch(name: str) -> "DownloadProgress":
            def report(done: int, total: int | None) -> None:
                if cancel.is_set():
                    raise CancelledError("cancelled; the next download resumes from here")
                draw(name, done, total)

            return report

        yield watch

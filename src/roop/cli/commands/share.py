"""The command ``roop share``."""

import argparse
import json
import sys
from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

from roop.cli.parsing.configuration import Configuration
from roop.cli.parsing.flags import add_flags, taken
from roop.cli.parsing.parser import Parser, add_report
from roop.cli.terminal.errors import show
from roop.cli.terminal.interrupts import cancel_on_signals
from roop.cli.terminal.sharing import ShareOutcome, print_qr, print_shared, share_file
from roop.cli.terminal.text import line
from roop.errors import UsageError
from roop.options import SECRETS, ShareOptions
from roop.processors import installed

if TYPE_CHECKING:
    from roop.share import Shared, SharedFile


def run(arguments: Sequence[str]) -> int:
    """Run the command; return its exit code."""
    values = vars(_parser().read(arguments))
    flags = taken(values, ShareOptions)
    options = Configuration.read(installed()).sharing(flags)
    chosen = argparse.Namespace(**values)
    _check(chosen)
    if chosen.list:
        return _list(flags.get("to"), options, chosen)
    if chosen.delete:
        return _delete(flags.get("to"), options, chosen)
    return _share(options, chosen)


def _check(chosen: argparse.Namespace) -> None:
    wanted = sum((bool(chosen.files), chosen.list, bool(chosen.delete)))
    if wanted == 0:
        raise UsageError("missing: FILE, --list or --delete", hint="see `roop share --help`")
    if wanted > 1:
        raise UsageError("FILE, --list and --delete exclude each other", hint="name one of them")
    if chosen.qr and chosen.qr != "-" and len(chosen.files) != 1:
        raise UsageError("--qr FILE takes the code of one address", hint="share one file at a time")
    if chosen.qr and chosen.qr != "-" and Path(chosen.qr).suffix.lower() not in (".svg", ".png"):
        raise UsageError(
            f"--qr {chosen.qr} is neither .svg nor .png", hint="name such a file, or - to print it"
        )
    if chosen.qr and chosen.qr == "-" and chosen.json:
        raise UsageError("--qr - and --json both print", hint="leave one of them out")


def _share(options: ShareOptions, chosen: argparse.Namespace) -> int:
    from roop.share import check_target

    check_target(None, options)
    cancel = cancel_on_signals()
    bar = not chosen.quiet and sys.stderr.isatty()
    outcomes: list[ShareOutcome] = []
    for path in chosen.files:
        outcomes.append(share_file(path, options, cancel, show_progress=bar))
        shared = outcomes[-1].shared
        if shared is None:
            break
        if chosen.qr and chosen.qr != "-":
            _write_qr(Path(chosen.qr), shared)
        if not (chosen.json or chosen.quiet):
            _print(path, shared, chosen)
    if chosen.json:
        _print_json([outcome.body() for outcome in outcomes])
    elif outcomes[-1].error:
        show(outcomes[-1].error, debug=chosen.debug)
    return outcomes[-1].exit_code


def _print(path: Path, shared: "Shared", chosen: argparse.Namespace) -> None:
    sys.stdout.write(f"{line(str(path))}\n")
    print_shared(shared, qr=sys.stdout.isatty() and not chosen.qr)
    if chosen.qr == "-":
        print_qr(shared.address)


def _write_qr(path: Path, shared: "Shared") -> None:
    from roop.media.files.disk import writing
    from roop.replacement import replacing
    from roop.share import qr_png, qr_svg

    svg = path.suffix.lower() == ".svg"
    content = qr_svg(shared.address).encode() if svg else qr_png(shared.address)
    with writing(path), replacing(path) as part:
        part.write_bytes(content)


def _list(to: str | None, options: ShareOptions, chosen: argparse.Namespace) -> int:
    from roop.share import list_shared

    found = list_shared(to, options)
    if chosen.json:
        _print_json([_plain(shared) for shared in found])
    elif not chosen.quiet:
        sys.stdout.write("".join(map(_described, found)) or "nothing is shared\n")
    return 0


def _described(shared: "SharedFile") -> str:
    size, end = f"{shared.size / 1e6:.1f} MB", ""
    if shared.expires_at:
        verb = "ended" if shared.expires_at < datetime.now(UTC) else "ends"
        end = f", address {verb} {_minute(shared.expires_at)}"
    since = f"shared {_minute(shared.shared_at)}"
    address = f"  {line(shared.address)}\n" if shared.address else ""
    return f"{shared.name}\n  in {line(shared.target)}, {size}, {since}{end}\n{address}"


def _minute(time: datetime) -> str:
    return f"{time.astimezone():%Y-%m-%d %H:%M}"


def _plain(shared: "SharedFile") -> dict[str, Any]:
    return {
        "name": shared.name,
        "target": shared.target,
        "size": shared.size,
        "shared_at": shared.shared_at.isoformat(),
        "address": shared.address,
        "expires_at": shared.expires_at.isoformat() if shared.expires_at else None,
        "file": str(shared.file) if shared.file else None,
    }


def _delete(to: str | None, options: ShareOptions, chosen: argparse.Namespace) -> int:
    from roop.share import delete_shared

    for name in chosen.delete:
        delete_shared(name, to, options)
        if not (chosen.json or chosen.quiet):
            sys.stdout.write(f"{name}: deleted\n")
    if chosen.json:
        _print_json([{"name": name, "deleted": True} for name in chosen.delete])
    return 0


def _print_json(body: list[dict[str, Any]]) -> None:
    sys.stdout.write(json.dumps(body, default=str, ensure_ascii=False) + "\n")


def _parser() -> Parser:
    parser = Parser(
        "roop share",
        "Give outputs of roop an address that others can open, and a QR code.",
        epilog="keys are never given as flags: docs/share.md says where they are set.\n"
        "exit codes: 0 shared, 3 a file cannot be read, 6 a file has no marks of roop, "
        "10 the store failed",
    )
    parser.usage = (
        "roop share FILE... --to ADDRESS [options]\n"
        "       roop share --list [--to ADDRESS]\n"
        "       roop share --delete NAME... [--to ADDRESS]"
    )
    parser.add_argument("files", nargs="*", type=Path, metavar="FILE", help="outputs of roop")
    parser.add_argument(
        "--list",
        action="store_true",
        help="list what was shared from here, or with --to what is there",
    )
    parser.add_argument(
        "--delete", nargs="+", action="extend", metavar="NAME", help="delete what was shared"
    )
    parser.add_argument(
        "--qr", metavar="FILE", help="write the QR code, as .svg or .png; - prints it"
    )
    names = [name for name in ShareOptions.model_fields if name not in SECRETS]
    add_flags(parser, "sharing", ShareOptions, only=names)
    add_report(parser)
    return parser

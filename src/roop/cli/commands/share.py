"""The command ``roop share``: upload outputs and get a link and a QR code."""

import argparse
import json
import sys
from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

from roop.cli.parsing.configuration import Configuration
from roop.cli.parsing.flags import add_flags, pop_options
from roop.cli.parsing.parser import Parser, add_output_flags
from roop.cli.terminal.errors import print_error
from roop.cli.terminal.interrupts import cancel_on_signals
from roop.cli.terminal.sharing import ShareOutcome, print_qr, print_shared, share_file
from roop.cli.terminal.text import one_line
from roop.errors import UsageError
from roop.options import SECRETS, ShareOptions
from roop.processors import installed

if TYPE_CHECKING:
    from roop.share import Shared, SharedFile


def run(arguments: Sequence[str]) -> int:
    """Run the command; return its exit code."""
    values = vars(_parser().parse(arguments))
    flags = pop_options(values, ShareOptions)
    options = Configuration.read(installed()).sharing(flags)
    given = argparse.Namespace(**values)
    _check(given)
    if given.list:
        return _list(flags.get("to"), options, given)
    if given.delete:
        return _delete(flags.get("to"), options, given)
    return _share(options, given)


def _check(given: argparse.Namespace) -> None:
    actions = sum((bool(given.files), given.list, bool(given.delete)))
    if actions == 0:
        raise UsageError("missing: FILE, --list or --delete", hint="see `roop share --help`")
    if actions > 1:
        raise UsageError("FILE, --list and --delete exclude each other", hint="use one of them")
    if given.qr and given.qr != "-" and len(given.files) != 1:
        raise UsageError(
            "--qr FILE writes the code of one link only", hint="share one file at a time"
        )
    if given.qr and given.qr != "-" and Path(given.qr).suffix.lower() not in (".svg", ".png"):
        raise UsageError(
            f"--qr {given.qr} is neither .svg nor .png",
            hint="name such a file, or - to print the code",
        )
    if given.qr and given.qr == "-" and given.json:
        raise UsageError("--qr - and --json both print", hint="leave one of them out")


def _share(options: ShareOptions, given: argparse.Namespace) -> int:
    from roop.share import check_target

    check_target(None, options)
    cancel = cancel_on_signals()
    show_progress = not given.quiet and sys.stderr.isatty()
    outcomes: list[ShareOutcome] = []
    for path in given.files:
        outcomes.append(share_file(path, options, cancel, show_progress=show_progress))
        shared = outcomes[-1].shared
        if shared is None:
            break
        if given.qr and given.qr != "-":
            _write_qr(Path(given.qr), shared)
        if not (given.json or given.quiet):
            _print(path, shared, given)
    if given.json:
        _print_json([outcome.to_dict() for outcome in outcomes])
    elif outcomes[-1].error:
        print_error(outcomes[-1].error, debug=given.debug)
    return outcomes[-1].exit_code


def _print(path: Path, shared: "Shared", given: argparse.Namespace) -> None:
    sys.stdout.write(f"{one_line(str(path))}\n")
    print_shared(shared, qr=sys.stdout.isatty() and not given.qr)
    if given.qr == "-":
        print_qr(shared.address)


def _write_qr(path: Path, shared: "Shared") -> None:
    from roop.media.files.disk import writing
    from roop.replacement import replacing
    from roop.share import qr_png, qr_svg

    svg = path.suffix.lower() == ".svg"
    content = qr_svg(shared.address).encode() if svg else qr_png(shared.address)
    with writing(path), replacing(path) as part:
        part.write_bytes(content)


def _list(to: str | None, options: ShareOptions, given: argparse.Namespace) -> int:
    from roop.share import list_shared

    files = list_shared(to, options)
    if given.json:
        _print_json([_plain(shared) for shared in files])
    elif not given.quiet:
        sys.stdout.write("".join(map(_listing, files)) or "nothing is shared\n")
    return 0


def _listing(shared: "SharedFile") -> str:
    size, end = f"{shared.size / 1e6:.1f} MB", ""
    if shared.expires_at:
        verb = "ended" if shared.expires_at < datetime.now(UTC) else "ends"
        end = f", address {verb} {_minute(shared.expires_at)}"
    since = f"shared {_minute(shared.shared_at)}"
    address = f"  {one_line(shared.address)}\n" if shared.address else ""
    return f"{shared.name}\n  in {one_line(shared.target)}, {size}, {since}{end}\n{address}"


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


def _delete(to: str | None, options: ShareOptions, given: argparse.Namespace) -> int:
    from roop.share import delete_shared

    for name in given.delete:
        delete_shared(name, to, options)
        if not (given.json or given.quiet):
            sys.stdout.write(f"{name}: deleted\n")
    if given.json:
        _print_json([{"name": name, "deleted": True} for name in given.delete])
    return 0


def _print_json(body: list[dict[str, Any]]) -> None:
    sys.stdout.write(json.dumps(body, default=str, ensure_ascii=False) + "\n")


def _parser() -> Parser:
    parser = Parser(
        "roop share",
        "Upload outputs of roop to S3, Supabase, Google or Azure, or copy them to a folder, and\n"
        "print a link that others can open, with a QR code.",
        usage="roop share FILE... --to ADDRESS [options]\n"
        "       roop share --list [--to ADDRESS]\n"
        "       roop share --delete NAME... [--to ADDRESS]",
        epilog="There are no flags for keys: see docs/share.md.\n"
        "exit codes: 0 shared, 3 a file cannot be read, 6 a file has no marks of roop,\n"
        "10 the store failed",
    )
    parser.add_argument("files", nargs="*", type=Path, metavar="FILE", help="outputs of roop")
    parser.add_argument(
        "--list",
        action="store_true",
        help="list the files shared from this machine, or with --to those in that store",
    )
    parser.add_argument(
        "--delete", nargs="+", action="extend", metavar="NAME", help="delete shared files by name"
    )
    parser.add_argument(
        "--qr", metavar="FILE", help="write the QR code to an .svg or .png file; - prints it"
    )
    names = [name for name in ShareOptions.model_fields if name not in SECRETS]
    add_flags(parser, "sharing", ShareOptions, only=names)
    add_output_flags(parser)
    return parser

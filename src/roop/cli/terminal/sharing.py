"""Share files from the terminal, with progress, link and QR code."""

import dataclasses
import sys
import threading
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from roop.cli.terminal.errors import exit_code, flag_style
from roop.cli.terminal.progress import transfer_bar
from roop.cli.terminal.text import one_line, warn
from roop.errors import RoopError
from roop.options import ShareOptions

if TYPE_CHECKING:
    from roop.share import Shared

_WHITE_ON_BLACK, _RESET = "\x1b[97;40m", "\x1b[0m"


@dataclass(frozen=True, slots=True)
class ShareOutcome:
    """The result of sharing one file: a link or an error."""

    file: Path
    shared: "Shared | None"
    error: RoopError | None

    @property
    def exit_code(self) -> int:
        """The exit code of the error, 0 without one."""
        return exit_code(self.error) if self.error else 0

    def to_dict(self) -> dict[str, Any]:
        """Return the outcome as plain data."""
        shared = dataclasses.asdict(self.shared) if self.shared else None
        if shared and self.shared and self.shared.expires_at:
            shared["expires_at"] = self.shared.expires_at.isoformat()
        error = None
        if self.error:
            message, hint = self.error.written(flag_style)
            error = {"code": self.error.code, "message": message, "hint": hint}
        return {"file": str(self.file), "shared": shared, "error": error}

    def for_job_result(self) -> dict[str, Any]:
        """Return the fields that it adds to the JSON of a job's result."""
        body = self.to_dict()
        return {"shared": body["shared"], "share_error": body["error"]}


def share_file(
    path: Path, options: ShareOptions, cancel: threading.Event, *, show_progress: bool
) -> ShareOutcome:
    """Share a file; an error is returned, because the finished job must still be reported."""
    from roop.share import share

    with transfer_bar(enabled=show_progress) as draw:

        def watch(sent: int, total: int) -> None:
            draw(path.name, sent, total)

        try:
            shared = share(path, options=options, watch=watch, cancel=cancel)
        except RoopError as error:
            return ShareOutcome(path, None, error)
    for warning in shared.warnings:
        warn(warning)
    return ShareOutcome(path, shared, None)


def share_once(path: Path, options: ShareOptions, cancel: threading.Event) -> ShareOutcome:
    """Share a file as ``share_file`` does, unless it was shared since it was last written."""
    from roop.share import find_shared

    known = find_shared(path, options)
    if known is not None:
        return ShareOutcome(path, known, None)
    return share_file(path, options, cancel, show_progress=False)


def print_shared(shared: "Shared", *, qr: bool) -> None:
    """Print the link, when it ends and, if ``qr``, its QR code."""
    until = shared.expires_at.astimezone() if shared.expires_at else None
    end = f"works until {until:%Y-%m-%d %H:%M}" if until else "works until it is deleted"
    sys.stdout.write(f"{one_line(shared.address)}\n{end}; roop share --delete {shared.name}\n")
    if qr:
        print_qr(shared.address)
    sys.stdout.flush()


def print_qr(address: str) -> None:
    """Print the QR code of a link; on a terminal in colours that every scanner reads."""
    from roop.share import qr_text

    code = qr_text(address)
    if sys.stdout.isatty():
        code = "".join(f"{_WHITE_ON_BLACK}{row}{_RESET}\n" for row in code.splitlines())
    sys.stdout.write(code)

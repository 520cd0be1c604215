"""The command ``roop serve``."""

import importlib.util
import sys
from collections.abc import Sequence
from contextlib import suppress
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from roop.cli.parsing.configuration import SHARE_PREFIX, Configuration
from roop.cli.parsing.flags import add_flags, flag_of, pop_options
from roop.cli.parsing.job_flags import add_confirmation_flags
from roop.cli.parsing.named_cameras import with_named_camera
from roop.cli.parsing.parser import Parser, add_output_flags, add_version
from roop.cli.terminal.terms import show_terms
from roop.errors import ShareError, UsageError
from roop.live_options import CameraOptions
from roop.options import Settings
from roop.processors import installed
from roop.share import qr_text
from roop.validation import validate

if TYPE_CHECKING:
    from roop.server.run import Announcement
    from roop.server.studio.job_defaults import JobDefaults

_NEEDED = ("fastapi", "uvicorn", "websockets")


def run(arguments: Sequence[str]) -> int:
    """Run the command; return its exit code."""
    from roop.server.options import ServerOptions

    registry = installed()
    values = vars(_parser().parse(arguments))
    missing = [name for name in _NEEDED if importlib.util.find_spec(name) is None]
    if missing:
        raise UsageError(
            f"the server needs {missing[0]}, which is not installed",
            hint="pip install 'roop[serve]'",
        )
    quiet = values["quiet"]
    show_terms(accepted=values["accept_terms"], interactive=not quiet and sys.stderr.isatty())
    options = validate(ServerOptions, pop_options(values, ServerOptions), spelling=flag_of)
    configuration = Configuration.read(registry)
    settings, sharing = configuration.settings(values), configuration.sharing({})
    from roop.server.run import Configured, serve

    def announce(news: "Announcement") -> None:
        _announce(news, quiet=quiet)

    cameras = dict(map(_camera, options.cameras))
    configured = Configured(sharing, _defaults(configuration), cameras)
    serve(options, settings, registry, configured, announce)
    return 0


def _defaults(configuration: Configuration) -> "JobDefaults":
    """Return the configured options that clients may also set: files are for local commands."""
    from roop.server.studio.job_defaults import JobDefaults
    from roop.server.studio.job_options import is_allowed

    registry = configuration.registry
    values = {
        name: value
        for name, value in configuration.values.items()
        if name not in Settings.model_fields
        and not name.startswith(SHARE_PREFIX)
        and is_allowed(name, registry)
    }
    known = {name: value.value for name, value in values.items()}
    return JobDefaults(known, Configuration(values, registry).job_options)


def _camera(written: str) -> tuple[str, CameraOptions]:
    """Return name and options of a camera, written as for ``--cameras``."""
    name, _, camera = written.partition("=")
    found = with_named_camera({"input": camera or name})
    return name, validate(CameraOptions, found, spelling=flag_of)


def _announce(news: "Announcement", *, quiet: bool) -> None:
    for address in news.addresses:
        sys.stdout.write(f"{address}\n")
    if news.fingerprint is not None:
        sys.stdout.write(f"certificate {news.fingerprint}\n")
    if not quiet and sys.stdout.isatty() and not _is_local(news.addresses[0]):
        with suppress(ShareError):  # without the extra the address is enough
            sys.stdout.write(qr_text(news.addresses[0]))
    if not quiet:
        sys.stdout.write("Ctrl+C ends the server; running jobs wait for the next start\n")
    sys.stdout.flush()


def _is_local(address: str) -> bool:
    """Return whether only this machine reaches an address: no phone would."""
    return urlsplit(address).hostname in ("localhost", "127.0.0.1", "::1")


def _parser() -> Parser:
    from roop.server.options import ServerOptions

    about = "Serve a web page, and an API for other programs (docs/serve.md)."
    parser = Parser("roop serve", about, usage="roop serve [options]")
    add_flags(parser, "server", ServerOptions)
    add_confirmation_flags(parser)
    add_flags(parser, "machine", Settings)
    add_output_flags(parser)
    add_version(parser)
    return parser

"""Start the server and run it until it is told to stop."""

import socket
import threading
import webbrowser
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from types import FrameType

import uvicorn
from filelock import FileLock, Timeout

from roop.errors import UsageError
from roop.home import user_folder
from roop.jobs.queue import Queue
from roop.leftovers import remove_leftovers
from roop.live_options import CameraOptions
from roop.media.files.disk import reason, writing
from roop.options import Settings, ShareOptions
from roop.processors.base import Registry
from roop.server.app import Setup, create_app
from roop.server.options import ServerOptions
from roop.server.routes.live import MAX_FRAME
from roop.server.security.access import new_token
from roop.server.security.requests import addresses, own_hosts
from roop.server.security.tls import certificate_for, fingerprint_of
from roop.server.studio.job_defaults import JobDefaults

_STOP_S = 5
"""How long open requests may take when the server stops."""

_BACKLOG = 512


@dataclass(frozen=True, slots=True)
class Announcement:
    """What users need to know about a running server."""

    addresses: tuple[str, ...]
    """Its URLs; with the token, if it needs one."""
    fingerprint: str | None
    """Of its certificate."""


@dataclass(frozen=True, slots=True)
class Configured:
    """What the owner of a server has configured for its clients."""

    sharing: ShareOptions
    """Where and how results are shared."""
    defaults: JobDefaults
    """Options that jobs have unless clients say otherwise."""
    cameras: Mapping[str, CameraOptions]
    """Those that clients may use, by the names that they see."""


def serve(
    options: ServerOptions,
    settings: Settings,
    registry: Registry,
    configured: Configured,
    announce: Callable[[Announcement], None],
) -> None:
    """Serve until the process is told to stop.

    Args:
        options: The options of the server.
        settings: What this machine has.
        registry: The available processors.
        configured: What the owner of the server has configured.
        announce: Called when the server accepts connections.

    Raises:
        UsageError: The address is in use, or another server uses the folder.
        MediaError: The folder or the queue cannot be used.
    """
    folder = options.data or user_folder() / "server"
    with writing(folder):
        folder.mkdir(parents=True, exist_ok=True)
    folder = folder.resolve()
    remove_leftovers()
    token = None if options.token is None else options.token.get_secret_value()
    if token is None and not options.is_local:
        token = new_token()
    lock = FileLock(folder / "lock")
    try:
        lock.acquire(blocking=False)
    except Timeout as error:
        raise UsageError(
            f"another server uses {folder}", hint="end it, or use [[data=FOLDER]] for another one"
        ) from error
    with lock, _listening(options) as listener, Queue(user_folder() / "jobs.sqlite3") as queue:
        setup = Setup(
            options,
            settings,
            registry,
            queue,
            folder,
            configured.sharing,
            configured.defaults,
            token,
            configured.cameras,
        )
        app = create_app(setup)
        files = certificate_for(folder, own_hosts(options)) if options.tls else None
        config = uvicorn.Config(
            app,
            http="h11",
            ws="websockets-sansio",
            ws_max_size=MAX_FRAME,
            lifespan="on",
            log_config=None,
            access_log=False,  # paths contain ids, which grant access
            proxy_headers=False,
            server_header=False,
            timeout_graceful_shutdown=_STOP_S,
            ssl_certfile=files and files[0],
            ssl_keyfile=files and files[1],
        )
        port: int = listener.getsockname()[1]
        urls = tuple(_urls(options, port, token))
        news = Announcement(urls, None if files is None else fingerprint_of(files[0]))
        if options.open:
            threading.Timer(0.5, webbrowser.open, [urls[0]]).start()
        _Server(config, lambda: announce(news)).run([listener])


class _Server(uvicorn.Server):
    """Announces itself when it has started, and ends streams when it stops."""

    def __init__(self, config: uvicorn.Config, announce: Callable[[], None]) -> None:
        super().__init__(config)
        self._announce = announce

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        """Start to accept connections."""
        await super().startup(sockets)
        if self.started:
            self._announce()

    async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
        """End streams, then wait for open requests."""
        app = self.config.app
        if not isinstance(app, str):
            services = getattr(getattr(app, "state", None), "services", None)
            if services is not None:
                services.stopping.set()
        await super().shutdown(sockets)

    def handle_exit(self, sig: int, frame: FrameType | None) -> None:
        """Handle a signal to stop."""
        super().handle_exit(sig, frame)
        self._captured_signals.clear()  # exit normally, not by the signal


def _listening(options: ServerOptions) -> socket.socket:
    """Return a listening socket.

    Raises:
        UsageError: The address is in use, or not one of this machine.
    """
    family = socket.AF_INET6 if ":" in options.host else socket.AF_INET
    try:
        return socket.create_server((options.host, options.port), family=family, backlog=_BACKLOG)
    except OSError as error:
        raise UsageError(
            f"the server cannot listen at {options.host} port {options.port}: {reason(error)}",
            hint="choose another one with [[port]], or [[port=0]] for any that is free",
        ) from error


def _urls(options: ServerOptions, port: int, token: str | None) -> list[str]:
    """Return the URLs of the server, the best one first."""
    scheme = "https" if options.tls else "http"
    path = "/" if token is None else f"/enter?token={token}"
    hosts = [options.host]
    if options.host in ("0.0.0.0", "::"):
        outside = [a for a in addresses() if ":" not in a and not a.startswith("127.")]
        hosts = [*outside, "localhost"]
    return [f"{scheme}://{f'[{host}]' if ':' in host else host}:{port}{path}" for host in hosts]

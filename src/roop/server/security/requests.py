"""Checks of every request, and headers of every response."""

import logging
import socket
from collections.abc import Iterable
from urllib.parse import urlsplit

import psutil
from starlette.datastructures import Headers, MutableHeaders
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from roop.server.options import ServerOptions
from roop.server.responses.problems import ApiError, answer_of, unexpected_problem
from roop.server.security.access import Access

_LOG = logging.getLogger(__name__)

_SAFE = frozenset({"GET", "HEAD", "OPTIONS"})

_OPEN = frozenset({"/api/v1/healthz", "/api/v1/session"})
"""Paths of the API that need no token, because they reveal nothing."""

_OWN_SITES = frozenset({"same-origin", "none"})
"""``Sec-Fetch-Site`` of requests from our own page, and of URLs that a user typed."""

HEADERS = {
    "Content-Security-Policy": "default-src 'self'; img-src 'self' blob: data:; "
    "media-src 'self' blob:; object-src 'none'; base-uri 'none'; form-action 'self'; "
    "frame-ancestors 'none'",
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
    "Referrer-Policy": "no-referrer",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Permissions-Policy": "camera=(self), microphone=(), geolocation=()",
}
"""Defaults of the headers of every response."""


class Guard:
    """ASGI middleware that checks every request before the application sees it.

    In this order: the host (DNS rebinding), the origin (other sites must not use the rights of a
    user's browser), and the token.

    Args:
        app: The application.
        access: Checks tokens and cookies.
        hosts: Names and addresses of this server, in lower case.
    """

    def __init__(self, app: ASGIApp, access: Access, hosts: Iterable[str]) -> None:
        self._app = app
        self._access = access
        self._hosts = frozenset(hosts)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Handle a request."""
        if scope["type"] not in ("http", "websocket"):
            await self._app(scope, receive, send)
            return
        error = self._error_of(scope)
        if error is None:
            await self._handed_on(scope, receive, _with_headers(send))
        elif scope["type"] == "websocket":
            await receive()
            await send({"type": "websocket.close", "code": 1008, "reason": str(error)})
        else:
            answer = answer_of(error.problem, error.headers)
            await answer(scope, receive, _with_headers(send))

    async def _handed_on(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Call the application; turn an unexpected exception into a response."""
        started = False

        async def sending(message: Message) -> None:
            nonlocal started
            started = True
            await send(message)

        try:
            await self._app(scope, receive, sending)
        except Exception as error:  # the edge of a request
            _LOG.error("unexpected %s", type(error).__name__, exc_info=error)
            if not started and scope["type"] == "http":
                await answer_of(unexpected_problem())(scope, receive, send)
            elif scope["type"] == "http":
                raise  # closes the connection: the response is incomplete

    def _error_of(self, scope: Scope) -> ApiError | None:
        """Return why a request is refused, None if it is not."""
        headers = Headers(scope=scope)
        host = headers.get("host", "")
        if host_of(host) not in self._hosts:
            return ApiError(
                "misdirected",
                "this server has another name",
                hint="add the name to allow_host if it shall be reached under it",
            )
        path: str = scope["path"]
        api = path.startswith("/api/")
        unsafe = scope["type"] == "websocket" or scope["method"] not in _SAFE
        if (unsafe or api) and not self._is_own(headers, host):
            return ApiError("forbidden", "requests of other sites are not answered")
        if api and path not in _OPEN and not self._access.admits(headers):
            return ApiError(
                "unauthorised",
                "the server needs its token",
                hint="open the address that `roop serve` printed, or send the token as "
                "`Authorization: Bearer`",
                headers={"WWW-Authenticate": "Bearer"},
            )
        return None

    def _is_own(self, headers: Headers, host: str) -> bool:
        """Return False if the request comes from a page of another site."""
        if headers.get("sec-fetch-site", "none") not in _OWN_SITES:
            return False
        origin = headers.get("origin")
        if origin is None:
            return True  # not a browser, or a request that changes nothing
        parts = urlsplit(origin)
        return parts.scheme in ("http", "https") and parts.netloc.lower() == host.lower()


def host_of(header: str) -> str:
    """Return the name in a ``Host`` header, without the port, in lower case."""
    name = header.strip().lower()
    if name.startswith("["):
        return name.partition("]")[0].strip("[]")
    return name.rpartition(":")[0] if ":" in name else name


def own_hosts(options: ServerOptions) -> set[str]:
    """Return all names and addresses of the server."""
    hosts = {"localhost", "127.0.0.1", "::1", *map(str.lower, options.allow_host)}
    if options.is_local:
        return hosts
    hosts.add(options.host.lower())
    name = socket.gethostname().lower()
    hosts |= {name, f"{name.partition('.')[0]}.local"}
    return hosts | set(addresses())


def addresses() -> list[str]:
    """Return this machine's network addresses."""
    found = [
        address.address.partition("%")[0].lower()
        for interface in psutil.net_if_addrs().values()
        for address in interface
        if address.family in (socket.AF_INET, socket.AF_INET6)
    ]
    return sorted(found, key=lambda address: (":" in address, address))


def _with_headers(send: Send) -> Send:
    async def sending(message: Message) -> None:
        if message["type"] == "http.response.start":
            headers = MutableHeaders(scope=message)
            for name, value in HEADERS.items():
                headers.setdefault(name, value)
            headers.setdefault("Cache-Control", "no-store")
        await send(message)

    return sending

"""Show live frames in browsers and players, as motion JPEG over HTTP."""

import io
import socket
import threading
import time
from collections.abc import Callable
from contextlib import suppress
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, Self

from typing_extensions import Buffer, override

from roop.context_managers import Closing
from roop.errors import UsageError
from roop.media.files.disk import reason
from roop.types import Warn

MAX_VIEWERS = 16
"""Each viewer takes a thread."""

_MAX_CONNECTIONS = 64
"""So does each connection that has not sent its request yet; further ones are closed at once."""

_PATIENCE_S = 5.0
"""Time for the whole request, however slowly it comes, and for a viewer to take a frame."""

_LOOK_S = 1.0
"""Time between two looks whether a viewer that waits for a frame is still there."""

_LOCAL = ("127.0.0.1", "localhost", "::1")

_PAGE = b"""<!doctype html><html lang="en"><meta charset="utf-8"><title>roop live</title>
<style>html,body{margin:0;height:100%;background:#111}
img{display:block;width:100%;height:100%;object-fit:contain}</style>
<img src="/stream.mjpg" alt="live video, modified with AI"></html>
"""

_BOUNDARY = "frame"


def _no_metrics() -> str:
    return ""


class LivePage(Closing):
    """A page that streams the latest frame to every viewer.

    A viewer gets the latest frame when it has received the one before: a slow viewer misses frames
    and delays nobody. Leaving the context ends every stream.
    """

    def __init__(
        self,
        address: str,
        warn: Warn,
        *,
        metrics: Callable[[], str] = _no_metrics,
        patience_s: float = _PATIENCE_S,
    ) -> None:
        """Listen at ``address``.

        Args:
            address: ``HOST:PORT``; port 0 takes any free one.
            warn: Called if other machines can watch.
            metrics: Returns what ``/metrics`` shows, in the text format of Prometheus.
            patience_s: Time for a whole request, and for a viewer to take a frame.

        Raises:
            UsageError: The address is invalid or in use.
        """
        host, _, port = address.rpartition(":")
        host = host.strip("[]")
        self._changed = threading.Condition()
        self._latest: tuple[int, bytes] | None = None
        self._open = True
        self.patience_s = patience_s
        """How long to wait for a client."""
        self.metrics = metrics
        """Returns what ``/metrics`` shows."""
        try:
            self._server = _Server(self, host, int(port))
        except (OSError, ValueError, OverflowError) as error:
            why = reason(error) if isinstance(error, OSError) else "it is not HOST:PORT"
            raise UsageError(
                f"[[serve]] cannot use {address}: {why}",
                hint="use another port, such as 127.0.0.1:8081; 127.0.0.1:0 takes any",
            ) from error
        self._thread = threading.Thread(target=self._server.serve_forever, name="roop-page")
        if host not in _LOCAL:
            warn(
                f"everybody who can reach this machine can watch at {address}, unencrypted and "
                "without a password; use 127.0.0.1 to keep it on this machine"
            )
        name = f"[{host}]" if ":" in host else host
        self.url = f"http://{name}:{self._server.server_address[1]}/"
        """Address of the page."""

    @property
    def viewers(self) -> int:
        """Number of viewers."""
        return len(self._server.viewers)

    def show(self, jpeg: bytes) -> None:
        """Replace the latest frame."""
        with self._changed:
            self._latest = self._number + 1, jpeg
            self._changed.notify_all()

    @property
    def is_open(self) -> bool:
        """False once the page is closed."""
        return self._open

    def wait_for_jpeg(self, after: int, timeout_s: float) -> tuple[int, bytes] | None:
        """Wait for a frame with a number above ``after``; return None if there is none in time."""
        with self._changed:
            self._changed.wait_for(lambda: not self._open or self._number > after, timeout_s)
            return self._latest if self._number > after else None

    @property
    def _number(self) -> int:
        return 0 if self._latest is None else self._latest[0]

    @override
    def __enter__(self) -> Self:
        self._thread.start()
        return self

    @override
    def close(self) -> None:
        """End every connection, whatever it is doing, and stop listening."""
        with self._changed:
            self._open = False
            self._changed.notify_all()
        self._server.shutdown()
        self._server.end_connections()
        self._server.server_close()
        self._thread.join()


class _Server(ThreadingHTTPServer):
    daemon_threads = False  # closing waits for them, so that none outlives the page
    allow_reuse_address = True
    request_queue_size = _MAX_CONNECTIONS

    def __init__(self, page: LivePage, host: str, port: int) -> None:
        self.page = page
        self.viewers: set[socket.socket] = set()
        self.places = threading.BoundedSemaphore(MAX_VIEWERS)
        """Those that viewers may take."""
        self._connections: set[socket.socket] = set()
        self.hosts = {host, *_LOCAL} if host in _LOCAL else None
        """Host names that requests may use; None for any."""
        if ":" in host:
            self.address_family = socket.AF_INET6
        super().__init__((host, port), _Viewer)

    def verify_request(self, request: Any, client_address: Any) -> bool:  # noqa: ANN401 - the base's
        """Return True if there is room for another connection."""
        return len(self._connections) < _MAX_CONNECTIONS

    def process_request(self, request: Any, client_address: Any) -> None:  # noqa: ANN401 - the base's
        """Answer in a thread."""
        self._connections.add(request)
        super().process_request(request, client_address)

    def shutdown_request(self, request: Any) -> None:  # noqa: ANN401 - the base's
        """Close a connection that has been answered."""
        self._connections.discard(request)
        super().shutdown_request(request)

    def end_connections(self) -> None:
        """Wake every thread that waits for a client; no further connection may be accepted."""
        for connection in tuple(self._connections):
            with suppress(OSError):
                connection.shutdown(socket.SHUT_RDWR)

    def handle_error(self, request: Any, client_address: Any) -> None:  # noqa: ANN401 - the base's
        """Ignore that a viewer disconnected."""


class _Request(io.RawIOBase):
    """What a client sends, until its time is up."""

    def __init__(self, connection: socket.socket, patience_s: float) -> None:
        self._connection = connection
        self._patience_s = patience_s
        self._end = time.monotonic() + patience_s

    def readable(self) -> bool:
        """Return True."""
        return True

    def readinto(self, buffer: Buffer) -> int:
        """Receive some bytes.

        Raises:
            TimeoutError: The request took too long, as a whole.
        """
        left = self._end - time.monotonic()
        if left <= 0:
            raise TimeoutError
        self._connection.settimeout(left)
        try:
            return self._connection.recv_into(buffer)
        finally:
            self._connection.settimeout(self._patience_s)


class _Viewer(BaseHTTPRequestHandler):
    server: _Server

    def setup(self) -> None:
        """Read the request with a deadline."""
        super().setup()
        self.rfile.close()
        patience_s = self.server.page.patience_s
        self.connection.settimeout(patience_s)
        self.rfile = io.BufferedReader(_Request(self.connection, patience_s))

    def log_message(self, format: str, *args: object) -> None:
        """Log nothing."""

    def do_GET(self) -> None:
        """Answer a request."""
        host = self.headers.get("Host", "").rpartition(":")[0].strip("[]")
        if self.server.hosts is not None and host not in self.server.hosts:
            # Otherwise another site could resolve its own name to this machine and read the stream.
            self.send_error(403, "use the name of this machine")
        elif self.path == "/":
            self._answer("text/html; charset=utf-8")
            self.wfile.write(_PAGE)
        elif self.path == "/stream.mjpg":
            self._stream()
        elif self.path == "/metrics":
            self._answer("text/plain; version=0.0.4; charset=utf-8")
            self.wfile.write(self.server.page.metrics().encode())
        else:
            self.send_error(404)

    def _answer(self, kind: str) -> None:
        self.send_response(200)
        self.send_header("Content-Type", kind)
        self.send_header("Cache-Control", "no-store")
        self.send_header("Cross-Origin-Resource-Policy", "same-origin")
        self.end_headers()

    def _stream(self) -> None:
        if not self.server.places.acquire(blocking=False):
            self.send_error(503, f"there are {MAX_VIEWERS} viewers already")
            return
        self.server.viewers.add(self.connection)
        try:
            self._answer(f"multipart/x-mixed-replace; boundary={_BOUNDARY}")
            self._send_frames()
        finally:
            self.server.viewers.discard(self.connection)
            self.server.places.release()

    def _send_frames(self) -> None:
        page, number = self.server.page, 0
        while page.is_open:
            latest = page.wait_for_jpeg(number, _LOOK_S)
            if latest is None:
                if self._has_left():
                    return
                continue
            number, jpeg = latest
            head = f"Content-Type: image/jpeg\r\nContent-Length: {len(jpeg)}\r\n\r\n"
            self.wfile.write(f"--{_BOUNDARY}\r\n{head}".encode() + jpeg + b"\r\n")

    def _has_left(self) -> bool:
        """Return True if the viewer has closed the connection; what it sends else is ignored."""
        self.connection.setblocking(False)
        try:
            return not self.connection.recv(4096)
        except BlockingIOError:
            return False
        finally:
            self.connection.settimeout(self.server.page.patience_s)

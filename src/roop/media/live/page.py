"""Shows live pictures in browsers and players: motion JPEG over HTTP."""

import socket
import threading
from contextlib import suppress
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from types import TracebackType
from typing import Any, Self

import cv2

from roop.errors import UsageError
from roop.media.files.disk import reason
from roop.types import Box, Frame, Warn

QUALITY = 85
"""Of the JPEGs, 0..100."""

MOST_VIEWERS = 16
"""Each has a thread."""

_PATIENCE_S = 5.0
"""Time after which a viewer that takes nothing is let go."""

_LOCAL = ("127.0.0.1", "localhost", "::1")

_PAGE = b"""<!doctype html><html lang="en"><meta charset="utf-8"><title>roop live</title>
<style>html,body{margin:0;height:100%;background:#111}
img{display:block;width:100%;height:100%;object-fit:contain}</style>
<img src="/stream.mjpg" alt="live picture, modified with AI"></html>
"""

_BOUNDARY = "frame"


def jpeg_of(frame: Frame) -> bytes:
    """Return a frame as a JPEG file."""
    bgr = cv2.cvtColor(frame.crop(Box(0, 0, *frame.size)), cv2.COLOR_RGB2BGR)
    _, data = cv2.imencode(".jpg", bgr, [cv2.IMWRITE_JPEG_QUALITY, QUALITY])
    return data.tobytes()


class LivePage:
    """A page with the newest picture for everybody who looks. A context manager.

    A viewer gets the newest picture when it has taken the one before: a slow one misses some and
    keeps nobody waiting. Leaving ends every viewer's stream.
    """

    def __init__(self, address: str, warn: Warn) -> None:
        """Listen at ``address``.

        Args:
            address: ``HOST:PORT``; port 0 is any that is free.
            warn: Told if others than this machine can look.

        Raises:
            UsageError: The address makes no sense or is taken.
        """
        host, _, port = address.rpartition(":")
        host = host.strip("[]")
        self._news = threading.Condition()
        self._newest: tuple[int, bytes] | None = None
        self._open = True
        try:
            self._server = _Server(self, host, int(port))
        except (OSError, ValueError, OverflowError) as error:
            why = reason(error) if isinstance(error, OSError) else "it is not HOST:PORT"
            raise UsageError(
                f"[[serve]] cannot show pictures at {address}: {why}",
                hint="name another port, such as 127.0.0.1:8081; 127.0.0.1:0 takes any",
            ) from error
        self._thread = threading.Thread(target=self._server.serve_forever, name="roop-page")
        if host not in _LOCAL:
            warn(
                f"everybody who reaches this machine can watch at {address}, without a password "
                "and unencrypted: 127.0.0.1 keeps it to this machine"
            )
        shown = f"[{host}]" if ":" in host else host
        self.url = f"http://{shown}:{self._server.server_address[1]}/"
        """Where to look."""

    @property
    def viewers(self) -> int:
        """How many look now."""
        return len(self._server.viewers)

    def show(self, jpeg: bytes) -> None:
        """Put a picture in the place of the one before."""
        with self._news:
            number = self._newest[0] + 1 if self._newest else 1
            self._newest = number, jpeg
            self._news.notify_all()

    def newer(self, than: int) -> tuple[int, bytes] | None:
        """Wait for a picture with a number above ``than``; None when there will be none."""
        with self._news:
            while self._open and (self._newest is None or self._newest[0] <= than):
                self._news.wait()
            return self._newest if self._open else None

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        with self._news:
            self._open = False
            self._news.notify_all()
        self._server.shutdown()
        for viewer in tuple(self._server.viewers):  # what is on its way to a slow one is dropped
            with suppress(OSError):
                viewer.shutdown(socket.SHUT_RDWR)
        self._server.server_close()
        self._thread.join()


class _Server(ThreadingHTTPServer):
    daemon_threads = False  # closing waits for them: none outlives the page
    allow_reuse_address = True

    def __init__(self, page: LivePage, host: str, port: int) -> None:
        self.page = page
        self.viewers: set[socket.socket] = set()
        self.hosts = {host, *_LOCAL} if host in _LOCAL else None
        """Names under which this machine may be asked for; None for any."""
        if ":" in host:
            self.address_family = socket.AF_INET6
        super().__init__((host, port), _Viewer)

    def handle_error(self, request: Any, client_address: Any) -> None:  # noqa: ANN401 - the base's
        """Say nothing: a viewer went away."""


class _Viewer(BaseHTTPRequestHandler):
    server: _Server
    timeout = _PATIENCE_S

    def log_message(self, format: str, *args: object) -> None:
        """Say nothing."""

    def do_GET(self) -> None:
        """Answer a viewer."""
        asked = self.headers.get("Host", "").rpartition(":")[0].strip("[]")
        if self.server.hosts is not None and asked not in self.server.hosts:
            # Another site's page could otherwise have its own name lead here and read along.
            self.send_error(403, "ask for it under the name of this machine")
        elif self.path == "/":
            self._answer("text/html; charset=utf-8")
            self.wfile.write(_PAGE)
        elif self.path == "/stream.mjpg":
            self._stream()
        else:
            self.send_error(404)

    def _answer(self, kind: str) -> None:
        self.send_response(200)
        self.send_header("Content-Type", kind)
        self.send_header("Cache-Control", "no-store")
        self.send_header("Cross-Origin-Resource-Policy", "same-origin")
        self.end_headers()

    def _stream(self) -> None:
        viewers = self.server.viewers
        if len(viewers) >= MOST_VIEWERS:
            self.send_error(503, f"{MOST_VIEWERS} look already")
            return
        viewers.add(self.connection)
        try:
            self._answer(f"multipart/x-mixed-replace; boundary={_BOUNDARY}")
            number = 0
            while (news := self.server.page.newer(number)) is not None:
                number, jpeg = news
                head = f"Content-Type: image/jpeg\r\nContent-Length: {len(jpeg)}\r\n\r\n"
                self.wfile.write(f"--{_BOUNDARY}\r\n{head}".encode() + jpeg + b"\r\n")
        finally:
            viewers.discard(self.connection)

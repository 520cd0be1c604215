"""Show live frames in browsers and players, as motion JPEG over HTTP."""

import socket
import threading
from collections.abc import Callable
from contextlib import suppress
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, Self

import cv2
import numpy as np
from typing_extensions import override

from roop.context_managers import Closing
from roop.errors import UsageError
from roop.media.files.disk import reason
from roop.types import Box, Frame, Warn

QUALITY = 85
"""JPEG quality, 0..100."""

MAX_VIEWERS = 16
"""Each viewer takes a thread."""

_VIEWER_TIMEOUT_S = 5.0
"""Time after which a viewer that receives nothing is disconnected."""

_LOCAL = ("127.0.0.1", "localhost", "::1")

_PAGE = b"""<!doctype html><html lang="en"><meta charset="utf-8"><title>roop live</title>
<style>html,body{margin:0;height:100%;background:#111}
img{display:block;width:100%;height:100%;object-fit:contain}</style>
<img src="/stream.mjpg" alt="live video, modified with AI"></html>
"""

_BOUNDARY = "frame"

_EMPTY = (640, 360)
"""Size of the image before the first frame, pixels."""


def _no_metrics() -> str:
    return ""


def encode_jpeg(frame: Frame) -> bytes:
    """Return ``frame`` as a JPEG file."""
    bgr = cv2.cvtColor(frame.crop(Box(0, 0, *frame.size)), cv2.COLOR_RGB2BGR)
    _, data = cv2.imencode(".jpg", bgr, [cv2.IMWRITE_JPEG_QUALITY, QUALITY])
    return data.tobytes()


def stalled_jpeg(frame: Frame | None, text: str) -> bytes:
    """Return ``frame``, or black, as a JPEG file with ``text`` on a dark bar in the middle.

    Args:
        frame: Already labelled; it is not changed.
        text: One line of ASCII.
    """
    size = _EMPTY if frame is None else frame.size
    rgb = np.zeros((size[1], size[0], 3), np.uint8)
    if frame is not None:
        rgb = frame.crop(Box(0, 0, *size))
    middle, half = size[1] // 2, max(12, size[1] // 24)
    rgb[middle - half : middle + half] //= 4
    scale = cv2.getFontScaleFromHeight(cv2.FONT_HERSHEY_SIMPLEX, max(8, half * 2 // 3))
    (width, _), _ = cv2.getTextSize(text, cv2.FONT_HERSHEY_SIMPLEX, scale, 1)
    scale *= min(1.0, size[0] * 0.9 / width)
    width = min(width, int(size[0] * 0.9))
    where = (size[0] - width) // 2, middle + half // 3
    cv2.putText(rgb, text, where, cv2.FONT_HERSHEY_SIMPLEX, scale, (255, 255, 255), 1, cv2.LINE_AA)
    bgr = cv2.cvtColor(rgb, cv2.COLOR_RGB2BGR)
    _, data = cv2.imencode(".jpg", bgr, [cv2.IMWRITE_JPEG_QUALITY, QUALITY])
    return data.tobytes()


class LivePage(Closing):
    """A page that streams the latest frame to every viewer.

    A viewer gets the latest frame when it has received the one before: a slow viewer misses frames
    and delays nobody. Leaving the context ends every stream.
    """

    def __init__(
        self, address: str, warn: Warn, *, metrics: Callable[[], str] = _no_metrics
    ) -> None:
        """Listen at ``address``.

        Args:
            address: ``HOST:PORT``; port 0 takes any free one.
            warn: Called if other machines can watch.
            metrics: Returns what ``/metrics`` shows, in the text format of Prometheus.

        Raises:
            UsageError: The address is invalid or in use.
        """
        host, _, port = address.rpartition(":")
        host = host.strip("[]")
        self._changed = threading.Condition()
        self._latest: tuple[int, bytes] | None = None
        self._open = True
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
            number = self._latest[0] + 1 if self._latest else 1
            self._latest = number, jpeg
            self._changed.notify_all()

    def wait_for_jpeg(self, after: int) -> tuple[int, bytes] | None:
        """Wait for a frame with a number above ``after``; return None when the page is closed."""
        with self._changed:
            while self._open and (self._latest is None or self._latest[0] <= after):
                self._changed.wait()
            return self._latest if self._open else None

    @override
    def __enter__(self) -> Self:
        self._thread.start()
        return self

    @override
    def close(self) -> None:
        """End every stream and stop listening."""
        with self._changed:
            self._open = False
            self._changed.notify_all()
        self._server.shutdown()
        for viewer in tuple(self._server.viewers):  # a slow one may still be receiving
            with suppress(OSError):
                viewer.shutdown(socket.SHUT_RDWR)
        self._server.server_close()
        self._thread.join()


class _Server(ThreadingHTTPServer):
    daemon_threads = False  # closing waits for them, so that none outlives the page
    allow_reuse_address = True

    def __init__(self, page: LivePage, host: str, port: int) -> None:
        self.page = page
        self.viewers: set[socket.socket] = set()
        self.hosts = {host, *_LOCAL} if host in _LOCAL else None
        """Host names that requests may use; None for any."""
        if ":" in host:
            self.address_family = socket.AF_INET6
        super().__init__((host, port), _Viewer)

    def handle_error(self, request: Any, client_address: Any) -> None:  # noqa: ANN401 - the base's
        """Ignore that a viewer disconnected."""


class _Viewer(BaseHTTPRequestHandler):
    server: _Server
    timeout = _VIEWER_TIMEOUT_S

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
        viewers = self.server.viewers
        if len(viewers) >= MAX_VIEWERS:
            self.send_error(503, f"there are {MAX_VIEWERS} viewers already")
            return
        viewers.add(self.connection)
        try:
            self._answer(f"multipart/x-mixed-replace; boundary={_BOUNDARY}")
            number = 0
            while (latest := self.server.page.wait_for_jpeg(number)) is not None:
                number, jpeg = latest
                head = f"Content-Type: image/jpeg\r\nContent-Length: {len(jpeg)}\r\n\r\n"
                self.wfile.write(f"--{_BOUNDARY}\r\n{head}".encode() + jpeg + b"\r\n")
        finally:
            viewers.discard(self.connection)

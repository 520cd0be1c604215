"""A local server that misbehaves in every way a download has to survive."""

import hashlib
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import numpy as np

from roop.models.catalogue import Model


class Misbehaving(BaseHTTPRequestHandler):
    """Serves ``server.content``; the first part of the path names the behaviour."""

    protocol_version = "HTTP/1.1"
    server: "Server"

    def do_GET(self) -> None:
        server = self.server
        server.requests.append((self.path, self.headers.get("Range")))
        behaviour = self.path.strip("/").split("/")[0]
        getattr(self, f"serve_{behaviour}")()

    def serve_good(self, *, cut_at: int | None = None, ranges: bool = True) -> None:
        content = self.server.content
        asked = self.headers.get("Range")
        start = int(asked.removeprefix("bytes=").removesuffix("-")) if asked and ranges else 0
        if start >= len(content):
            self.send_error(416)
            return
        self.send_response(206 if start else 200)
        if start:
            self.send_header("Content-Range", f"bytes {start}-{len(content) - 1}/{len(content)}")
        self.send_header("Content-Length", str(len(content) - start))
        self.end_headers()
        self.wfile.write(content[start : cut_at and start + cut_at])
        if cut_at:
            self.close_connection = True

    def serve_cut(self) -> None:
        """Close the connection after every 40 % of the content."""
        self.serve_good(cut_at=len(self.server.content) * 2 // 5)

    def serve_cutnorange(self) -> None:
        """Close the connection once; then ignore ranges and serve everything."""
        first = len(self.server.requests) == 1
        self.serve_good(ranges=False, cut_at=1000 if first else None)

    def serve_short(self) -> None:
        """End early, without having sent a length."""
        self.send_response(200)
        self.send_header("Connection", "close")
        self.end_headers()
        self.wfile.write(self.server.content[:5000])

    def serve_other(self) -> None:
        """Send other content of the same length."""
        self.send_response(200)
        self.send_header("Content-Length", str(len(self.server.content)))
        self.end_headers()
        self.wfile.write(bytes(len(self.server.content)))

    def serve_page(self) -> None:
        """Send a login page with status 200, as captive portals do."""
        self.send_response(200)
        self.send_header("Content-Length", "12")
        self.end_headers()
        self.wfile.write(b"please login")

    def serve_missing(self) -> None:
        self.send_error(404)

    def serve_busy(self) -> None:
        """Answer the first request with 503."""
        if len(self.server.requests) == 1:
            self.send_error(503)
        else:
            self.serve_good()

    def serve_hang(self) -> None:
        """Send a few bytes, then nothing."""
        self.send_response(200)
        self.send_header("Content-Length", str(len(self.server.content)))
        self.end_headers()
        self.wfile.write(self.server.content[:10])
        self.wfile.flush()
        self.server.closing.wait(20)
        self.close_connection = True

    def serve_drip(self) -> None:
        """Send single bytes with pauses, for ever."""
        self.send_response(200)
        self.send_header("Content-Length", str(len(self.server.content)))
        self.end_headers()
        while not self.server.closing.wait(0.02):
            self.wfile.write(b"x")
            self.wfile.flush()

    def serve_slow(self) -> None:
        """Send everything, in chunks with pauses."""
        content = self.server.content
        self.send_response(200)
        self.send_header("Content-Length", str(len(content)))
        self.end_headers()
        for start in range(0, len(content), len(content) // 10):
            self.wfile.write(content[start : start + len(content) // 10])
            self.wfile.flush()
            self.server.closing.wait(0.05)

    def serve_endless(self) -> None:
        """Send no length and no content."""
        self.send_response(200)
        self.send_header("Connection", "close")
        self.end_headers()
        self.server.closing.wait(20)

    def serve_flood(self) -> None:
        """Send content without a length and without an end."""
        self.send_response(200)
        self.send_header("Connection", "close")
        self.end_headers()
        while not self.server.closing.is_set():
            self.wfile.write(bytes(1 << 20))

    def serve_redirect(self) -> None:
        self.send_response(302)
        self.send_header("Location", "/good/there")
        self.send_header("Content-Length", "0")
        self.end_headers()

    def log_message(self, *_args: object) -> None:
        pass


class Server(ThreadingHTTPServer):
    daemon_threads = False  # server_close waits for all responses

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), Misbehaving)
        self.content = np.random.default_rng(7).bytes(300_000)
        self.requests: list[tuple[str, str | None]] = []
        self.closing = threading.Event()

    def url(self, behaviour: str) -> str:
        return f"http://127.0.0.1:{self.server_port}/{behaviour}/model.bin"

    def model(self, *behaviours: str, size: bool = True) -> Model:
        """Return a model whose URLs have these behaviours, in order."""
        first, *others = [self.url(behaviour) for behaviour in behaviours]
        return Model(
            name="sample",
            task="test",
            licence="permissive",
            sha256=hashlib.sha256(self.content).hexdigest(),
            size=len(self.content) if size else None,
            url=first,
            mirrors=tuple(others),
        )

    def handle_error(self, request: object, client_address: object) -> None:
        """Ignore closed connections: clients give up on this server, as they should."""

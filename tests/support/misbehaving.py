"""A server on 127.0.0.1 that does everything a download has to survive."""

import hashlib
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import numpy as np

from roop.models.catalogue import Model


class Misbehaving(BaseHTTPRequestHandler):
    """Serves ``server.content`` on every path; the path says how badly."""

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
        """Break off after every 40 % of the whole."""
        self.serve_good(cut_at=len(self.server.content) * 2 // 5)

    def serve_cutnorange(self) -> None:
        """Break off once; then serve everything from the start whatever is asked."""
        first = len(self.server.requests) == 1
        self.serve_good(ranges=False, cut_at=1000 if first else None)

    def serve_short(self) -> None:
        """End early without having said how much there is."""
        self.send_response(200)
        self.send_header("Connection", "close")
        self.end_headers()
        self.wfile.write(self.server.content[:5000])

    def serve_other(self) -> None:
        """Send other bytes of the right number."""
        self.send_response(200)
        self.send_header("Content-Length", str(len(self.server.content)))
        self.end_headers()
        self.wfile.write(bytes(len(self.server.content)))

    def serve_page(self) -> None:
        """Send a page that says something is wrong, as many portals do, with status 200."""
        self.send_response(200)
        self.send_header("Content-Length", "12")
        self.end_headers()
        self.wfile.write(b"please login")

    def serve_missing(self) -> None:
        self.send_error(404)

    def serve_busy(self) -> None:
        """Be overloaded for the first request."""
        if len(self.server.requests) == 1:
            self.send_error(503)
        else:
            self.serve_good()

    def serve_hang(self) -> None:
        """Send a little, then nothing more."""
        self.send_response(200)
        self.send_header("Content-Length", str(len(self.server.content)))
        self.end_headers()
        self.wfile.write(self.server.content[:10])
        self.wfile.flush()
        self.server.closing.wait(20)
        self.close_connection = True

    def serve_drip(self) -> None:
        """Send a byte now and then, for ever."""
        self.send_response(200)
        self.send_header("Content-Length", str(len(self.server.content)))
        self.end_headers()
        while not self.server.closing.wait(0.02):
            self.wfile.write(b"x")
            self.wfile.flush()

    def serve_slow(self) -> None:
        """Send everything, in pieces with pauses."""
        content = self.server.content
        self.send_response(200)
        self.send_header("Content-Length", str(len(content)))
        self.end_headers()
        for start in range(0, len(content), len(content) // 10):
            self.wfile.write(content[start : start + len(content) // 10])
            self.wfile.flush()
            self.server.closing.wait(0.05)

    def serve_endless(self) -> None:
        """Never say how much there is."""
        self.send_response(200)
        self.send_header("Connection", "close")
        self.end_headers()
        self.server.closing.wait(20)

    def serve_redirect(self) -> None:
        self.send_response(302)
        self.send_header("Location", "/good/there")
        self.send_header("Content-Length", "0")
        self.end_headers()

    def log_message(self, *_args: object) -> None:
        pass


class Server(ThreadingHTTPServer):
    daemon_threads = False  # closing it waits for every answer

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), Misbehaving)
        self.content = np.random.default_rng(7).bytes(300_000)
        self.requests: list[tuple[str, str | None]] = []
        self.closing = threading.Event()

    def address(self, behaviour: str) -> str:
        return f"http://127.0.0.1:{self.server_port}/{behaviour}/model.bin"

    def model(self, *behaviours: str, size: bool = True) -> Model:
        """Return the row of a model whose addresses behave like this, in order."""
        first, *others = [self.address(behaviour) for behaviour in behaviours]
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
        """Clients hang up on a server like this one: that is what it is for."""

"""A network camera on this machine, and a viewer of the live page."""

import io
import socket
import threading
import urllib.request
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from support.local_server import serving

Pixels = NDArray[np.uint8]


def jpeg(pixels: Pixels) -> bytes:
    file = io.BytesIO()
    Image.fromarray(pixels).save(file, "JPEG", quality=95)
    return file.getvalue()


@contextmanager
def ip_camera(
    *feeds: Sequence[Pixels], silence_s: float = 0, lost: threading.Event | None = None
) -> Iterator[str]:
    """Serve motion JPEG and yield its address.

    Each connection gets the next feed and is closed after it; the last feed repeats forever, after
    ``silence_s`` seconds without a picture. With ``lost``, the first feed repeats until that is
    set, however long the viewer takes to look.
    """
    closing, remaining = threading.Event(), [[jpeg(p) for p in feed] for feed in feeds]

    class Handler(BaseHTTPRequestHandler):
        timeout = 5

        def log_message(self, format: str, *args: object) -> None:
            pass

        def do_GET(self) -> None:
            first, endless = len(remaining) == len(feeds), len(remaining) == 1
            feed = remaining[0] if endless else remaining.pop(0)
            self.send_response(200)
            self.send_header("Content-Type", "multipart/x-mixed-replace; boundary=cut")
            self.end_headers()
            while not closing.is_set():
                for data in feed:
                    head = f"--cut\r\nContent-Type: image/jpeg\r\nContent-Length: {len(data)}"
                    self.wfile.write(head.encode() + b"\r\n\r\n" + data + b"\r\n")
                    closing.wait(0.05)
                if first and lost is not None and not lost.is_set():
                    continue
                if not endless:
                    return
                closing.wait(silence_s)

    with serving(Handler) as address:
        try:
            yield f"{address}/video"
        finally:
            closing.set()


@dataclass
class Viewer:
    """Reads the stream of a live page, as a browser does, until it ends."""

    pictures: list[bytes] = field(default_factory=list)
    ended: threading.Event = field(default_factory=threading.Event)
    _thread: threading.Thread | None = None

    def look(self, page: str) -> None:
        self._thread = threading.Thread(target=self._read, args=(page,))
        self._thread.start()

    def join(self) -> None:
        assert self._thread is not None
        self._thread.join(30)
        assert not self._thread.is_alive()

    def pixels(self, number: int) -> Pixels:
        return np.asarray(Image.open(io.BytesIO(self.pictures[number])).convert("RGB"))

    def _read(self, page: str) -> None:
        try:
            with urllib.request.urlopen(page + "stream.mjpg", timeout=30) as stream:
                while line := stream.readline():
                    if line.startswith(b"Content-Length"):
                        stream.readline()
                        self.pictures.append(stream.read(int(line.split()[1])))
        except OSError:
            pass
        self.ended.set()


def idle_viewer(page: str) -> socket.socket:
    """Request the stream and never read it."""
    host, port = page.removeprefix("http://").strip("/").split(":")
    viewer = socket.create_connection((host, int(port)), timeout=30)
    viewer.sendall(f"GET /stream.mjpg HTTP/1.0\r\nHost: {host}:{port}\r\n\r\n".encode())
    return viewer

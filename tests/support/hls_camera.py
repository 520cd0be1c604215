"""A network camera on this machine that serves HTTP Live Streaming, a segment at a time."""

import io
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from fractions import Fraction
from http.server import BaseHTTPRequestHandler

import av
from av.video.stream import VideoStream

from support.ip_camera import Pixels
from support.local_server import serving

FPS, SEGMENT_S = 10, 1


@contextmanager
def hls_camera(frames: Sequence[Pixels]) -> Iterator[str]:
    """Serve ``frames``, 10 a second, again and again, and yield the address of the playlist.

    The playlist lists the last three segments of a second, as they become complete.
    """
    began = time.monotonic()

    class Handler(BaseHTTPRequestHandler):
        timeout = 5

        def log_message(self, format: str, *args: object) -> None:
            pass

        def do_GET(self) -> None:
            complete = 3 + int((time.monotonic() - began) / SEGMENT_S)
            if self.path == "/live.m3u8":
                body = _playlist(complete).encode()
            else:
                number = int(self.path.removeprefix("/").removesuffix(".ts"))
                body = _segment(number, frames)
            self.send_response(200)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

    with serving(Handler) as address:
        yield f"{address}/live.m3u8"


def _playlist(complete: int) -> str:
    first = max(0, complete - 3)
    lines = ["#EXTM3U", "#EXT-X-VERSION:3", f"#EXT-X-TARGETDURATION:{SEGMENT_S}"]
    lines.append(f"#EXT-X-MEDIA-SEQUENCE:{first}")
    for number in range(first, complete):
        lines += [f"#EXTINF:{SEGMENT_S:.3f},", f"{number}.ts"]
    return "\n".join(lines) + "\n"


def _segment(number: int, frames: Sequence[Pixels]) -> bytes:
    """Return a second of MPEG-TS that begins with a keyframe."""
    file = io.BytesIO()
    with av.open(file, "w", format="mpegts") as container:
        stream = container.add_stream("libx264", rate=FPS)
        assert isinstance(stream, VideoStream)
        stream.height, stream.width = frames[0].shape[:2]
        stream.pix_fmt = "yuv420p"
        stream.codec_context.options = {"preset": "ultrafast", "tune": "zerolatency"}
        stream.codec_context.time_base = Fraction(1, FPS)
        for index in range(FPS * SEGMENT_S):
            place = number * FPS * SEGMENT_S + index
            frame = av.VideoFrame.from_ndarray(frames[place % len(frames)], format="rgb24")
            frame.pts, frame.time_base = place, Fraction(1, FPS)
            container.mux(stream.encode(frame))
        container.mux(stream.encode(None))
    return file.getvalue()

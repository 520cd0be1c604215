"""Point 10: whoever connects to the live page holds neither its end nor a place."""

import contextlib
import socket
import threading
import time
from collections.abc import Callable, Iterator

import pytest

from roop.media.live.page import MAX_VIEWERS, LivePage

PATIENCE_S = 30.0
"""Far longer than anything here takes, even on a busy machine."""


@pytest.fixture(params=[600.0])
def page(request: pytest.FixtureRequest) -> Iterator[LivePage]:
    """Return a page that waits for clients for ever, so that only its end ends connections."""
    page = LivePage("127.0.0.1:0", lambda sentence: None, patience_s=request.param)
    page.__enter__()
    yield page
    page.close()


def _connect(page: LivePage, sent: bytes) -> socket.socket:
    host, _, port = page.url.split("/")[2].rpartition(":")
    connection = socket.create_connection((host, int(port)), timeout=PATIENCE_S)
    connection.sendall(sent)
    return connection


def _watch(page: LivePage) -> socket.socket:
    """Connect a viewer, and wait for the beginning of its stream."""
    viewer = _connect(page, b"GET /stream.mjpg HTTP/1.1\r\nHost: 127.0.0.1:1\r\n\r\n")
    assert b"200 OK" in viewer.recv(4096)
    return viewer


def _hung_up(connection: socket.socket) -> bool:
    """Wait for something; True if it is the end, with what was sent read or not."""
    try:
        return connection.recv(4096) == b""
    except ConnectionResetError:
        return True


def _becomes(condition: Callable[[], bool]) -> bool:
    end = time.monotonic() + PATIENCE_S
    while not condition() and time.monotonic() < end:
        time.sleep(0.05)
    return condition()


@contextlib.contextmanager
def _trickling(page: LivePage) -> Iterator[threading.Event]:
    """Send one byte of a header after another; the event is set if the page hangs up."""
    connection = _connect(page, b"GET / HTTP/1.1\r\nX-Endless: ")
    ended, stop = threading.Event(), threading.Event()

    def trickle() -> None:
        with connection, contextlib.suppress(OSError):
            while not stop.wait(0.2):
                connection.sendall(b"a")
        if not stop.is_set():
            ended.set()

    thread = threading.Thread(target=trickle)
    thread.start()
    try:
        yield ended
    finally:
        stop.set()
        thread.join()


@pytest.mark.parametrize("page", [1.0], indirect=True)
def test_a_header_that_trickles_in_has_a_deadline(page: LivePage) -> None:
    with _trickling(page) as ended:
        assert ended.wait(PATIENCE_S)


@pytest.mark.parametrize("sent", [b"", b"GET / HTTP/1.1\r\nX-Endless: "])
def test_silent_connections_do_not_hold_the_end(page: LivePage, sent: bytes) -> None:
    with _connect(page, sent) as connection:
        assert _ends(page)
        assert _hung_up(connection)


def test_a_trickling_connection_does_not_hold_the_end(page: LivePage) -> None:
    with _trickling(page):
        assert _ends(page)


def test_a_viewer_that_takes_nothing_does_not_hold_the_end(page: LivePage) -> None:
    with _watch(page):
        page.show(bytes(50_000_000))
        assert _ends(page)


def test_departed_viewers_give_their_places_back(page: LivePage) -> None:
    viewers = [_watch(page) for _ in range(MAX_VIEWERS)]
    with _connect(page, b"GET /stream.mjpg HTTP/1.1\r\nHost: 127.0.0.1:1\r\n\r\n") as late:
        assert b"503" in late.recv(4096)
    for viewer in viewers:  # no frame is shown meanwhile
        viewer.close()
    assert _becomes(lambda: page.viewers == 0)
    _watch(page).close()


def test_connections_that_ask_for_nothing_are_limited(page: LivePage) -> None:
    before = threading.active_count()
    idle = [_connect(page, b"") for _ in range(150)]
    assert _becomes(lambda: threading.active_count() > before)
    with contextlib.ExitStack() as stack:
        for connection in idle:
            stack.enter_context(connection)
        assert _hung_up(idle[-1])  # it was not even waited for
        assert threading.active_count() - before < 100


def _ends(page: LivePage) -> bool:
    """Close the page; True if that takes less than for ever."""
    closing = threading.Thread(target=page.close, daemon=True)
    closing.start()
    closing.join(PATIENCE_S)
    return not closing.is_alive()

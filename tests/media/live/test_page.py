"""Who can watch the live page, and what it answers."""

import http.client
import urllib.error
import urllib.request
from collections.abc import Iterator

import pytest

from roop.media.live.page import LivePage


@pytest.fixture
def page() -> Iterator[LivePage]:
    with LivePage("127.0.0.1:0", lambda sentence: None) as page:
        yield page


def _status(page: LivePage, path: str, host: str) -> int:
    connection = http.client.HTTPConnection(page.url.split("/")[2], timeout=10)
    connection.request("GET", path, headers={"Host": host})
    status = connection.getresponse().status
    connection.close()
    return status


def test_the_page_shows_the_stream_and_nothing_else(page: LivePage) -> None:
    with urllib.request.urlopen(page.url, timeout=10) as answer:
        body = answer.read().decode()
        assert answer.headers["Cross-Origin-Resource-Policy"] == "same-origin"
    assert 'src="/stream.mjpg"' in body
    assert "AI" in body
    with pytest.raises(urllib.error.HTTPError, match="404"):
        urllib.request.urlopen(page.url + "etc/passwd", timeout=10)


def test_another_sites_name_does_not_lead_here(page: LivePage) -> None:
    assert _status(page, "/", "evil.example:8080") == 403
    assert _status(page, "/stream.mjpg", "evil.example:8080") == 403
    assert _status(page, "/", "localhost:8080") == 200


def test_a_page_for_everybody_is_warned_of() -> None:
    warnings: list[str] = []
    with LivePage("0.0.0.0:0", warnings.append) as page:
        assert _status(page, "/", "another.name:80") == 200
    assert "everybody who can reach this machine can watch" in warnings[0]


def test_a_port_in_use_is_an_error(page: LivePage) -> None:
    from roop.errors import UsageError

    with pytest.raises(UsageError, match="already in use"):
        LivePage(page.url.split("/")[2], lambda sentence: None)

"""What the server turns away, and what it never shows."""

import ssl
import subprocess
import sys
from collections.abc import Iterator
from http.cookies import SimpleCookie
from pathlib import Path

import httpx
import pytest
from websockets.exceptions import InvalidStatus
from websockets.sync.client import connect

from support.server import API, TUS, Server, environment_in, problem, running
from support.terminal import command, environment


@pytest.fixture(scope="module")
def guarded(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """A server that others could reach."""
    with running(tmp_path_factory.mktemp("guarded"), "--host", "0.0.0.0") as server:
        yield server


def token_of(server: Server) -> str:
    return server.address.partition("token=")[2]


def root(server: Server) -> str:
    return str(server.client.base_url).removesuffix(API + "/")


def test_only_this_machine_can_reach_it_unless_told(server: Server, tmp_path: Path) -> None:
    assert server.address.startswith("http://127.0.0.1:")
    port = httpx.URL(server.address).port
    listening = subprocess.run(["ss", "-ltnH"], capture_output=True, text=True, check=False).stdout
    if listening:
        assert f"127.0.0.1:{port} " in listening
        assert f"0.0.0.0:{port} " not in listening


def test_others_need_the_token(guarded: Server) -> None:
    client = guarded.client
    assert len(token_of(guarded)) >= 32
    refused = client.get("/jobs")
    assert refused.headers["WWW-Authenticate"] == "Bearer"
    assert problem(refused, 401)["code"] == "unauthorised"
    for method, path in (("POST", "/jobs"), ("POST", "/uploads"), ("GET", "/openapi.json")):
        assert client.request(method, path, headers=TUS).status_code == 401
    assert client.get("/healthz").json() == {"status": "ok"}
    assert client.get("/session").json()["authenticated"] is False
    wrong = {"Authorization": "Bearer " + "x" * 43}
    assert client.get("/jobs", headers=wrong).status_code == 401
    right = {"Authorization": f"Bearer {token_of(guarded)}"}
    assert client.get("/jobs", headers=right).status_code == 200


def test_the_printed_address_gives_a_browser_its_cookie(guarded: Server) -> None:
    with httpx.Client(trust_env=False, follow_redirects=True) as browser:
        page = browser.get(guarded.address)
        assert (page.status_code, page.url.path) == (200, "/")
        assert "token" not in str(page.url)
        cookie = SimpleCookie(page.history[0].headers["Set-Cookie"])["roop_session"]
        assert cookie["httponly"]
        assert cookie["samesite"].lower() == "strict"
        assert token_of(guarded) not in cookie.value
        assert browser.get(root(guarded) + f"{API}/jobs").status_code == 200
        assert browser.delete(root(guarded) + f"{API}/session").status_code == 204
        assert browser.get(root(guarded) + f"{API}/jobs").status_code == 401
        wrong = browser.post(root(guarded) + f"{API}/session", json={"token": "wrong"})
        assert problem(wrong, 401)
        right = browser.post(root(guarded) + f"{API}/session", json={"token": token_of(guarded)})
        assert right.status_code == 204
        assert browser.get(root(guarded) + f"{API}/jobs").status_code == 200
    forged = {"Cookie": "roop_session=" + "0" * 64}
    assert guarded.client.get("/jobs", headers=forged).status_code == 401
    assert (
        guarded.client.get("/jobs", headers={"Cookie": "roop_session=ä".encode()}).status_code
        == 401
    )


@pytest.mark.parametrize(
    "host", ["evil.example", "evil.example:8000", "127.0.0.1.evil.example", ""]
)
def test_it_answers_under_its_own_names_only(server: Server, host: str) -> None:
    answer = server.client.get("/jobs", headers={"Host": host})
    assert problem(answer, 421)["code"] == "misdirected"
    page = httpx.get(root(server) + "/", headers={"Host": host}, trust_env=False)
    assert page.status_code == 421


def test_more_names_can_be_allowed(tmp_path: Path) -> None:
    token = "a-token-of-my-own"
    with running(tmp_path, "--allow-host", "Roop.Example", "--token", token) as server:
        headers = {"Host": "roop.example:80", "Authorization": f"Bearer {token}"}
        assert server.client.get("/jobs", headers=headers).status_code == 200
        assert server.client.get("/jobs").status_code == 401  # this machine needs it, too


@pytest.mark.parametrize(
    "headers",
    [
        {"Origin": "https://evil.example"},
        {"Origin": "null"},
        {"Origin": "http://127.0.0.1:1"},
        {"Sec-Fetch-Site": "cross-site"},
        {"Sec-Fetch-Site": "same-site"},
    ],
)
def test_other_sites_cannot_use_it(server: Server, headers: dict[str, str]) -> None:
    for method, path in (("POST", "/jobs"), ("DELETE", "/media/x"), ("GET", "/jobs")):
        answer = server.client.request(method, path, headers=headers)
        assert problem(answer, 403)["code"] == "forbidden"
        assert not any(name.startswith("access-control") for name in answer.headers)
    address = root(server).replace("http", "ws") + f"{API}/live"
    with pytest.raises(InvalidStatus, match="403"), connect(address, additional_headers=headers):
        pass


def test_its_own_page_can(server: Server) -> None:
    headers = {"Origin": root(server), "Sec-Fetch-Site": "same-origin"}
    assert server.client.post("/uploads", headers=headers | TUS).status_code == 400
    preflight = server.client.options("/jobs", headers={"Origin": "https://evil.example"})
    assert preflight.status_code == 403


def test_a_live_socket_needs_the_token(guarded: Server) -> None:
    address = root(guarded).replace("http", "ws") + f"{API}/live"
    with pytest.raises(InvalidStatus, match="403"), connect(address):
        pass


def test_every_answer_has_the_policies(server: Server, sent: dict[str, str]) -> None:
    for path in ("/healthz", "/jobs", "/nothing", f"/media/{sent['pair']}/content"):
        headers = server.client.get(path).headers
        assert headers["X-Content-Type-Options"] == "nosniff"
        assert headers["Referrer-Policy"] == "no-referrer"
        assert headers["Cross-Origin-Resource-Policy"] == "same-origin"
        assert "default-src 'self'" in headers["Content-Security-Policy"] or path.endswith(
            "content"
        )
    page = httpx.get(root(server) + "/", trust_env=False)
    assert "frame-ancestors 'none'" in page.headers["Content-Security-Policy"]
    content = server.client.get(f"/media/{sent['pair']}/content").headers
    assert content["Content-Security-Policy"].startswith("sandbox; default-src 'none'")


def test_no_path_leads_out_of_the_page_or_the_storage(server: Server) -> None:
    for path in ("/../app.py", "/%2e%2e/app.py", "/..%2fapp.py", "//etc/passwd", "/index.html/.."):
        answer = httpx.get(root(server) + path, trust_env=False)
        assert answer.status_code in (200, 404, 405)
        assert "import" not in answer.text
        assert "root:" not in answer.text
    for id in ("..", "%2e%2e", "0" * 31 + "/", "a" * 33, "..%2f..%2fjobs.sqlite3"):
        for path in (f"/media/{id}/content", f"/uploads/{id}", f"/jobs/{id}/result"):
            assert server.client.get(path, headers=TUS).status_code in (404, 405, 422)


def test_what_is_no_picture_is_not_kept(server: Server, tmp_path: Path) -> None:
    page = tmp_path / "photo.jpg"
    page.write_text("<script>alert(1)</script>" * 40)
    upload = server.start_upload(page.stat().st_size, "photo.jpg")
    headers = TUS | {"Content-Type": "application/offset+octet-stream", "Upload-Offset": "0"}
    answer = server.client.patch(f"/uploads/{upload}", content=page.read_bytes(), headers=headers)
    assert problem(answer, 422)["code"] == "media"
    assert str(server.folder) not in answer.text
    assert server.client.get(f"/media/{upload}").status_code == 404
    assert server.client.head(f"/uploads/{upload}", headers=TUS).status_code == 404


@pytest.mark.slow
def test_names_are_nowhere_but_where_they_are_shown(tmp_path: Path, files: dict[str, Path]) -> None:
    name = "very-private-name.png"
    with running(tmp_path) as server:
        source = server.upload(files["hopper"], f"../../{name}")
        assert server.client.get(f"/media/{source}").json()["name"] == name
        job = server.start_job(source, server.upload(files["nobody"], name))
        failed = server.ended(job["id"])
        assert failed["error"]["detail"] == f"no face found in {name}"
        server.client.get(f"/jobs?cursor={name}")
        paths = [str(path) for path in tmp_path.rglob("*")]
    assert not any("private" in path for path in paths)
    assert name not in (tmp_path / "stderr").read_text()


def test_tls_with_a_certificate_of_its_own(tmp_path: Path) -> None:
    with running(tmp_path, "--tls", "--token", "a-token-of-my-own") as server:
        assert server.address.startswith("https://127.0.0.1:")
        certificate = tmp_path / "roop/server/tls.pem"
        assert (tmp_path / "roop/server/tls-key.pem").stat().st_mode & 0o077 == 0
        context = ssl.create_default_context(cafile=str(certificate))
        with httpx.Client(verify=context, trust_env=False) as client:
            assert client.get(root(server) + f"{API}/healthz").status_code == 200
            entered = client.get(server.address)
            assert "Secure" in entered.headers["Set-Cookie"]
        server.client.close()


@pytest.mark.parametrize(
    ("options", "message"),
    [
        (["--host", "203.0.113.1"], "the server cannot listen at 203.0.113.1"),
        (["--token", "short"], "--token: needs at least 16 letters, digits, - or _\n"),
        (["--token", "ä" * 16], "--token: needs at least 16 letters, digits, - or _\n"),
        (["--cameras", "=0"], "--cameras must match"),
        (["--port", "70000"], "--port must be at most 65535"),
        (["--prot", "1"], "there is no option --prot"),
    ],
)
def test_a_wrong_command_is_one_line(tmp_path: Path, options: list[str], message: str) -> None:
    done = subprocess.run(
        command("serve", *options),
        env=environment_in(tmp_path),
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
    )
    assert done.returncode == 2
    assert done.stderr.startswith(f"error: {message}")


def test_without_the_extra_there_is_one_line() -> None:
    program = (
        "import sys; sys.modules['uvicorn'] = None; from roop.cli import main; sys.exit(main())"
    )
    done = subprocess.run(
        [sys.executable, "-c", program, "serve"],
        env=environment(),
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
    )
    assert done.returncode == 2
    assert done.stderr == (
        "error: the server needs uvicorn, which is not installed\nhint: pip install 'roop[serve]'\n"
    )


def test_two_servers_do_not_share_a_folder(server: Server) -> None:
    done = subprocess.run(
        command("serve", "--port", "0"),
        env=environment_in(server.folder),
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
    )
    assert done.returncode == 2
    assert done.stderr.startswith("error: another server uses")

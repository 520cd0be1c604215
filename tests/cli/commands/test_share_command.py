"""``roop share``, and ``--share`` at the end of jobs."""

import json
import resource
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import cv2
import pytest
from PIL import Image

from support.object_store import ACCESS_KEY, SECRET_KEY, ObjectStore
from support.outputs import make
from support.s3 import fetched
from support.terminal import command, environment

pytestmark = pytest.mark.slow

TARGET = "supabase://myproject/private"


class Terminal:
    """Runs the command as a person whose home is the test's folder."""

    def __init__(self, home: Path) -> None:
        self.home = home
        self.variables: dict[str, str] = {}

    def __call__(self, *arguments: str | Path) -> "subprocess.CompletedProcess[str]":
        clean = {k: v for k, v in environment().items() if not k.startswith("AWS_")}
        own = {"HOME": self.home, "XDG_DATA_HOME": self.home / "data", "NO_PROXY": "127.0.0.1"}
        return subprocess.run(
            command(*arguments),
            cwd=self.home,
            env={**clean, **{k: str(v) for k, v in own.items()}, **self.variables},
            capture_output=True,
            text=True,
            stdin=subprocess.DEVNULL,
            check=False,
            timeout=120,
        )


@pytest.fixture
def terminal(tmp_path: Path) -> Terminal:
    return Terminal(tmp_path)


@pytest.fixture
def supabase(terminal: Terminal) -> Iterator[ObjectStore]:
    """A store that the terminal's environment has the key to."""
    with ObjectStore() as store:
        terminal.variables = {
            "ROOP_SHARE_ENDPOINT": store.address,
            "ROOP_SHARE_ACCESS_KEY": ACCESS_KEY,
            "ROOP_SHARE_SECRET_KEY": SECRET_KEY,
        }
        yield store


@pytest.fixture(scope="module")
def output(portraits: dict[str, Path], tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("output") / "out.jpg"
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("XDG_DATA_HOME", str(path.parent / "keys"))
        make(portraits["astronaut"], portraits["astronaut"], path)
    return path


def test_share_list_delete(terminal: Terminal, output: Path, supabase: ObjectStore) -> None:
    done = terminal("share", output, "--to", TARGET, "--expires", "2h")
    assert (done.returncode, done.stderr) == (0, "")
    file, address, end = done.stdout.splitlines()
    assert file == str(output)
    assert fetched(address)[0] == output.read_bytes()
    assert "X-Amz-Expires=7200&" in address
    name = end.rpartition(" ")[2]
    assert end.startswith("works until 2")

    for arguments in ((), ("--to", TARGET)):
        listed = terminal("share", "--list", *arguments)
        assert name in listed.stdout
        assert TARGET in listed.stdout
        assert address in listed.stdout

    deleted = terminal("share", "--delete", name)
    assert (deleted.returncode, deleted.stdout) == (0, f"{name}: deleted\n")
    assert supabase.objects == {}
    assert terminal("share", "--list").stdout == "nothing is shared\n"


def test_json(terminal: Terminal, output: Path, supabase: ObjectStore) -> None:
    done = terminal("share", output, output, "--to", TARGET, "--json")
    assert (done.returncode, done.stderr) == (0, "")
    first, second = json.loads(done.stdout)
    assert first["file"] == str(output)
    assert first["error"] is None
    assert first["shared"]["name"] != second["shared"]["name"]
    assert fetched(first["shared"]["address"])[0] == output.read_bytes()
    listed = json.loads(terminal("share", "--list", "--json").stdout)
    assert {row["name"] for row in listed} == {row["shared"]["name"] for row in (first, second)}


def test_a_failure_as_json(terminal: Terminal, output: Path, supabase: ObjectStore) -> None:
    supabase.behaviour = "forbidden"
    done = terminal("share", output, "--to", TARGET, "--json")
    assert (done.returncode, done.stderr) == (10, "")
    (row,) = json.loads(done.stdout)
    assert row["shared"] is None
    assert row["error"]["code"] == "share"
    assert row["error"]["message"] == f"{TARGET} refused access (AccessDenied)"


@pytest.mark.parametrize("suffix", ["svg", "png"])
def test_qr_codes(terminal: Terminal, output: Path, tmp_path: Path, suffix: str) -> None:
    (tmp_path / "shared").mkdir()
    to = (tmp_path / "shared").as_uri()
    done = terminal("share", output, "--to", to, "--qr", f"code.{suffix}")
    assert (done.returncode, done.stderr) == (0, "")
    address = done.stdout.splitlines()[1]
    code = tmp_path / f"code.{suffix}"
    if suffix == "png":
        pixels = cv2.imread(str(code))
        assert pixels is not None
        assert cv2.QRCodeDetectorAruco().detectAndDecode(pixels)[0] == address
    else:
        assert code.read_text().startswith("<svg ")
    printed = terminal("share", output, "--to", to, "--qr", "-").stdout
    assert printed.count("█") > 100
    assert "\x1b" not in printed


def test_a_photo_that_is_no_output(
    terminal: Terminal, portraits: dict[str, Path], supabase: ObjectStore
) -> None:
    done = terminal("share", portraits["hopper"], "--to", TARGET)
    assert done.returncode == 6
    message, hint = done.stderr.splitlines()
    assert message.endswith("hopper.png is not shared: it carries no marks of roop")
    assert hint.startswith("hint: ")
    assert supabase.requests == []


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["share"], "missing: FILE, --list or --delete"),
        (["share", "a.jpg"], "there is no address to share to"),
        (["share", "a.jpg", "--to", "ftp://x"], "cannot share to 'ftp://x'"),
        (["share", "a.jpg", "--list"], "FILE, --list and --delete exclude each other"),
        (["share", "a.jpg", "--to", "s3://b", "--expires", "8d"], "--expires must be between"),
        (["share", "a.jpg", "--to", "s3://b", "--expires", "soon"], "--expires needs a duration"),
        (["share", "a.jpg", "--to", "s3://b", "--qr", "a.gif"], "--qr a.gif is neither .svg nor"),
        (
            ["share", "a", "b", "--to", "s3://b", "--qr", "a.png"],
            "--qr FILE writes the code of one",
        ),
        (["share", "--delete", "film.mp4"], "nothing called 'film.mp4' was shared from here"),
        (["share", "a.jpg", "--secret-key", "x"], "there is no option --secret-key"),
        (
            ["swap", "-s", "a", "-t", "b", "-o", "c", "--share-public"],
            "--share-public has no effect without --share",
        ),
        (["swap", "-s", "a", "-t", "b", "-o", "c", "--share", "x"], "cannot share to 'x'"),
        (["swap", "-s", "a", "-t", "b", "-o", "c", "--share"], "there is no address to share to"),
    ],
)
def test_a_wrong_request(terminal: Terminal, arguments: list[str], message: str) -> None:
    done = terminal(*arguments)
    assert done.returncode == 2
    assert done.stdout == ""
    assert done.stderr.startswith(f"error: {message}")
    assert "hint: " in done.stderr or message.startswith("--expires")  # says what is valid


def test_what_is_set_in_a_file(terminal: Terminal, output: Path, supabase: ObjectStore) -> None:
    terminal.variables = {}
    (terminal.home / "roop.toml").write_text(
        f'[share]\nto = "{TARGET}/of-the-file"\nexpires = "3h"\nendpoint = "{supabase.address}"\n'
        f'access-key = "{ACCESS_KEY}"\nsecret_key = "{SECRET_KEY}"\n'
    )
    done = terminal("share", output)
    assert (done.returncode, done.stderr) == (0, "")
    assert "/private/of-the-file/" in done.stdout
    assert "X-Amz-Expires=10800&" in done.stdout
    assert "X-Amz-Expires=3600&" in terminal("share", output, "--expires", "1h").stdout


def test_a_wrong_line_of_a_file_is_named(terminal: Terminal, output: Path) -> None:
    file = terminal.home / "roop.toml"
    file.write_text('many-faces = true\n\n[share]\nexpires = "9d"\n')
    assert f"expires ({file}, line 4) must be between 1m and 7d" in terminal("share", output).stderr
    file.write_text("[share]\nexpire = 1\n")
    done = terminal("share", output)
    assert f"there is no option share.expire ({file}, line 2)" in done.stderr
    assert "did you mean share_expires?" in done.stderr


def test_secrets_are_never_shown(terminal: Terminal, output: Path, supabase: ObjectStore) -> None:
    said = [terminal("config"), terminal("config", "--json")]
    supabase.behaviour = "forbidden"
    said += [terminal("share", output, "--to", TARGET, "--debug")]
    said += [terminal("doctor"), terminal("share", "--list", "--json")]
    (terminal.home / "roop.toml").write_text("[share]\nsecret-key = 4711471147114711\n")
    del terminal.variables["ROOP_SHARE_SECRET_KEY"]
    said += [terminal("share", output, "--to", TARGET, "--debug")]
    assert "secret-key" in said[-1].stderr
    for done in said:
        for secret in (SECRET_KEY, ACCESS_KEY, "4711471147114711"):
            assert secret not in done.stdout + done.stderr
    assert "share_secret_key" in said[0].stdout


def test_a_full_disk(tmp_path: Path, output: Path) -> None:
    folder = tmp_path / "shared"
    folder.mkdir()
    done = subprocess.run(
        command("share", output, "--to", folder.as_uri()),
        env=environment() | {"XDG_DATA_HOME": str(tmp_path / "data")},
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
        preexec_fn=lambda: resource.setrlimit(resource.RLIMIT_FSIZE, (4096, 4096)),
    )
    assert done.returncode == 10
    message, hint = done.stderr.splitlines()
    assert message == f"error: {folder} cannot be written: file too large"
    assert "may be left" not in hint
    assert list(folder.iterdir()) == []


def test_a_picture_without_tags_and_signature(
    terminal: Terminal, portraits: dict[str, Path], supabase: ObjectStore
) -> None:
    with Image.open(portraits["astronaut"]) as picture:
        picture.save(terminal.home / "target.bmp")
    done = terminal("swap", "-s", portraits["hopper"], "-t", "target.bmp", "-o", "out.bmp")
    assert "every frame gets the visible label" in done.stderr
    assert terminal("share", "target.bmp", "--to", TARGET).returncode == 6
    done = terminal("share", "out.bmp", "--to", TARGET)
    assert (done.returncode, done.stderr) == (0, "")


def test_without_the_extra(tmp_path: Path, output: Path) -> None:
    program = (
        "import sys; sys.modules['obstore'] = None; from roop.cli.app import run; "
        "sys.exit(run(sys.argv[1:]))"
    )
    done = subprocess.run(
        [sys.executable, "-c", program, "share", str(output), "--to", "s3://films"],
        env=environment(),
        cwd=tmp_path,
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
    )
    assert done.returncode == 10
    assert done.stderr.splitlines() == [
        "error: sharing needs obstore, which is not installed",
        "hint: pip install 'roop[share]'",
    ]


def test_a_swap_shares_its_output(
    terminal: Terminal, portraits: dict[str, Path], supabase: ObjectStore
) -> None:
    files = ("-s", portraits["hopper"], "-t", portraits["astronaut"])
    done = terminal("swap", *files, "-o", "a.jpg", "--share", TARGET, "--share-expires", "1h")
    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout.splitlines()[0] == "a.jpg"
    (address,) = [line for line in done.stdout.splitlines() if line.startswith("http")]
    assert fetched(address)[0] == (terminal.home / "a.jpg").read_bytes()
    assert "X-Amz-Expires=3600&" in address

    done = terminal("swap", *files, "-o", "b.jpg", "--share", TARGET, "--json")
    result = json.loads(done.stdout)
    assert fetched(result["shared"]["address"])[0] == (terminal.home / "b.jpg").read_bytes()
    assert result["share_error"] is None
    assert result["swapped"] == 1


@pytest.mark.slow
def test_a_swap_stands_when_sharing_fails(
    terminal: Terminal, portraits: dict[str, Path], supabase: ObjectStore
) -> None:
    supabase.behaviour = "full"
    files = ("-s", portraits["hopper"], "-t", portraits["astronaut"])
    done = terminal("swap", *files, "-o", "a.jpg", "--share", TARGET)
    assert done.returncode == 10
    assert done.stdout.splitlines()[0] == "a.jpg"
    assert done.stderr.startswith(f"error: {TARGET} has no room for it")
    assert (terminal.home / "a.jpg").exists()
    done = terminal("swap", *files, "-o", "b.jpg", "--share", TARGET, "--json")
    result = json.loads(done.stdout)
    assert (done.returncode, result["shared"]) == (10, None)
    assert result["share_error"]["code"] == "share"
    assert result["output"] == "b.jpg"


def test_a_batch_shares_what_it_makes_once(
    terminal: Terminal, portraits: dict[str, Path], supabase: ObjectStore
) -> None:
    batch = ("batch", "-s", portraits["hopper"], "-t", portraits["astronaut"], portraits["both"])
    supabase.behaviour = "forbidden"
    done = terminal(*batch, "-o", "out", "--share", TARGET)
    assert done.returncode == 10
    assert "2 done" in done.stdout
    assert done.stderr.count("is not shared") == 2

    supabase.behaviour = ""
    done = terminal(*batch, "-o", "out", "--share", TARGET, "--json", "--report", "report.json")
    assert (done.returncode, done.stderr) == (0, "")
    items = json.loads(done.stdout)["items"]
    assert [item["outcome"] for item in items] == ["skipped", "skipped"]
    for item in items:
        content = (terminal.home / item["output"]).read_bytes()
        assert fetched(item["shared"]["address"])[0] == content
    assert json.loads((terminal.home / "report.json").read_text())["items"] == items

    again = json.loads(terminal(*batch, "-o", "out", "--share", TARGET, "--json").stdout)["items"]
    assert [i["shared"]["address"] for i in again] == [i["shared"]["address"] for i in items]
    assert len(supabase.objects) == 2

"""Stores that fail: one clear line, nothing half shared, nothing secret said."""

import signal
import subprocess
import threading
import time
import traceback
from pathlib import Path

import pytest

from roop.errors import CancelledError, MediaError, RefusedError, RoopError, ShareError
from roop.options import ShareOptions
from roop.share import list_shared, share
from support.object_store import ACCESS_KEY, SECRET_KEY, ObjectStore
from support.terminal import command, environment

pytestmark = pytest.mark.slow

TARGET = "supabase://myproject/private"


@pytest.mark.slow
@pytest.mark.parametrize(
    ("behaviour", "message"),
    [
        ("full", r"has no room for it \(InsufficientStorage\)"),
        ("quota", r"has no room for it \(EntityTooLarge\)"),
        ("forbidden", r"refused access \(AccessDenied\)"),
        ("busy", r"answered with an error at 127.0.0.1:\d+: HTTP 503, SlowDown"),
        ("cut", r"the connection to .* failed at 127.0.0.1:\d+"),
    ],
)
@pytest.mark.parametrize("size", ["small", "large"])
def test_a_failure_is_one_line_and_a_hint(
    behaviour: str,
    message: str,
    size: str,
    supabase: ObjectStore,
    at_supabase: ShareOptions,
    request: pytest.FixtureRequest,
) -> None:
    path = request.getfixturevalue("output" if size == "small" else "large_output")
    supabase.behaviour = behaviour
    with pytest.raises(ShareError, match=f"^{TARGET} {message}|^{message}") as caught:
        share(path, TARGET, at_supabase)
    assert caught.value.hint
    assert "\n" not in f"{caught.value}{caught.value.hint}"
    assert "may be left" not in caught.value.hint
    assert (supabase.objects, supabase.parts) == ({}, {})
    assert list_shared() == []
    _assert_nothing_secret(caught.value)


@pytest.mark.slow
@pytest.mark.parametrize("size", ["small", "large"])
def test_what_arrived_without_an_answer_is_removed(
    size: str,
    supabase: ObjectStore,
    at_supabase: ShareOptions,
    request: pytest.FixtureRequest,
) -> None:
    path = request.getfixturevalue("output" if size == "small" else "large_output")
    supabase.behaviour = "silent"
    with pytest.raises(ShareError, match=r"the connection to .* failed"):
        share(path, TARGET, at_supabase)
    assert any(line.startswith("PUT") for line in supabase.requests)
    assert supabase.objects == {}


def test_a_cancelled_upload_is_aborted(
    large_output: Path, supabase: ObjectStore, at_supabase: ShareOptions
) -> None:
    supabase.behaviour = "hang"
    cancel = threading.Event()

    def watch(sent: int, total: int) -> None:
        assert sent == 0
        if any("partNumber" in line for line in supabase.requests):
            cancel.set()
            supabase.behaviour = ""  # the line is free again
            supabase.release.set()

    with pytest.raises(CancelledError, match="was not shared"):
        share(large_output, TARGET, at_supabase, watch=watch, cancel=cancel)
    assert (supabase.objects, supabase.parts) == ({}, {})
    assert any(line.startswith("DELETE") and "uploadId" in line for line in supabase.requests)


def test_ctrl_c_aborts_an_upload(large_output: Path, supabase: ObjectStore, tmp_path: Path) -> None:
    supabase.behaviour = "hang"
    keys = {"ACCESS_KEY": ACCESS_KEY, "SECRET_KEY": SECRET_KEY, "ENDPOINT": supabase.address}
    with subprocess.Popen(
        command("share", large_output, "--to", TARGET),
        env=environment() | {f"ROOP_SHARE_{name}": value for name, value in keys.items()},
        cwd=tmp_path,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    ) as process:
        until = time.monotonic() + 60
        while not any("partNumber" in line for line in supabase.requests):
            assert time.monotonic() < until
            time.sleep(0.02)
        process.send_signal(signal.SIGINT)
        supabase.release.set()
        out, err = process.communicate(timeout=60)
    assert (process.returncode, out) == (130, "")
    assert "was not shared" in err
    assert "Traceback" not in err
    assert (supabase.objects, supabase.parts) == ({}, {})


def test_an_error_of_the_watcher_ends_the_upload(
    large_output: Path, supabase: ObjectStore, at_supabase: ShareOptions
) -> None:
    def watch(sent: int, total: int) -> None:
        supabase.release.set()
        raise KeyError("a fault of the caller")

    supabase.behaviour = "hang"
    with pytest.raises(KeyError, match="a fault of the caller"):
        share(large_output, TARGET, at_supabase, watch=watch)
    assert (supabase.objects, supabase.parts) == ({}, {})


def test_a_file_that_changes_meanwhile_is_not_shared(
    large_output: Path, tmp_path: Path, supabase: ObjectStore, at_supabase: ShareOptions
) -> None:
    path = tmp_path / "growing.mkv"
    path.write_bytes(large_output.read_bytes())
    supabase.behaviour = "hang"

    def watch(sent: int, total: int) -> None:
        if not supabase.release.is_set():
            with path.open("ab") as file:
                file.write(bytes(30 << 20))
            supabase.behaviour = ""
            supabase.release.set()

    with pytest.raises(MediaError, match=r"growing.mkv changed while it was shared"):
        share(path, TARGET, at_supabase, watch=watch)
    assert (supabase.objects, supabase.parts) == ({}, {})


@pytest.mark.slow
def test_nobody_listens(output: Path, at_supabase: ShareOptions) -> None:
    options = ShareOptions(endpoint="http://127.0.0.1:9", access_key="a", secret_key="b")
    with pytest.raises(
        ShareError, match=r"connection to s3://films failed at 127.0.0.1:9"
    ) as found:
        share(output, "s3://films", options)
    assert found.value.hint
    assert "may be left" in found.value.hint  # nobody knows what a store has that does not answer


def test_only_outputs_of_roop_are_shared(
    photo: Path, output: Path, tmp_path: Path, supabase: ObjectStore, at_supabase: ShareOptions
) -> None:
    with pytest.raises(RefusedError, match=r"is not shared: it carries no marks of roop"):
        share(photo, TARGET, at_supabase)
    changed = bytearray(output.read_bytes())
    changed[-200] ^= 1
    (tmp_path / "changed.jpg").write_bytes(changed)
    with pytest.raises(RefusedError, match=r"is not shared: it was changed after it was signed"):
        share(tmp_path / "changed.jpg", TARGET, at_supabase)
    for name, words in {"gone.jpg": "does not exist", "text.txt": "."}.items():
        if name == "text.txt":
            (tmp_path / name).write_text("no picture")
        with pytest.raises(RoopError, match=words):
            share(tmp_path / name, TARGET, at_supabase)
    assert supabase.requests == []


def test_options_do_not_show_what_is_secret(at_supabase: ShareOptions) -> None:
    assert SECRET_KEY not in repr(at_supabase)
    assert SECRET_KEY not in at_supabase.model_dump_json()


def _assert_nothing_secret(error: RoopError) -> None:
    """Nor in what ``--debug`` prints."""
    said = "".join(traceback.format_exception(error))
    for secret in (ACCESS_KEY, SECRET_KEY, "StringToSign", "Signature="):
        assert secret not in said

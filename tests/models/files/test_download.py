import subprocess
import sys
import threading
from dataclasses import replace
from pathlib import Path

import pytest

from roop.errors import CancelledError, ModelError
from roop.models.files.download import RetryPolicy, download
from support.misbehaving import Server

NO_PAUSE = RetryPolicy(pause_s=0.01)
IMPATIENT = RetryPolicy(timeout_s=0.3, attempts=3, pause_s=0.01)
"""For servers that stall; on a busy machine it gives up on good ones, too."""


def assert_only(destination: Path, server: Server) -> None:
    """Assert that the complete file is there and nothing else: no part, no lock."""
    assert destination.read_bytes() == server.content
    assert [path.name for path in destination.parent.iterdir()] == [destination.name]


@pytest.mark.parametrize("size", [True, False], ids=["size known", "size unknown"])
@pytest.mark.parametrize("behaviour", ["good", "cut", "cutnorange", "busy", "redirect", "slow"])
def test_the_file_arrives_complete(
    server: Server, destination: Path, behaviour: str, size: bool
) -> None:
    download(server.model(behaviour, size=size), destination, retry=NO_PAUSE)
    assert_only(destination, server)


def test_a_cut_connection_is_resumed_where_it_broke(server: Server, destination: Path) -> None:
    download(server.model("cut"), destination, retry=NO_PAUSE)
    part = len(server.content) * 2 // 5
    assert [asked for _, asked in server.requests] == [
        None,
        f"bytes={part}-",
        f"bytes={2 * part}-",
    ]


@pytest.mark.slow
@pytest.mark.parametrize("size", [True, False], ids=["size known", "size unknown"])
@pytest.mark.parametrize("behaviour", ["missing", "other", "page", "short", "hang", "drip"])
def test_a_mirror_replaces_a_failing_url(
    server: Server, destination: Path, behaviour: str, size: bool
) -> None:
    download(server.model(behaviour, "good", size=size), destination, retry=IMPATIENT)
    assert_only(destination, server)


@pytest.mark.parametrize(
    ("behaviour", "reason"),
    [
        ("missing", "404"),
        ("other", "sha256"),
        ("page", "12 bytes instead of 300000"),
        ("short", "5000 of 300000"),
        ("hang", "timed out"),
        ("drip", "bytes per second"),
    ],
)
@pytest.mark.slow
def test_if_every_url_fails_the_error_names_url_and_reason(
    server: Server, destination: Path, behaviour: str, reason: str
) -> None:
    with pytest.raises(ModelError, match=reason) as caught:
        download(server.model(behaviour), destination, retry=IMPATIENT)
    assert server.url(behaviour) in str(caught.value)
    assert "\n" not in str(caught.value)
    assert str(destination) in caught.value.hint
    assert not destination.exists()


def test_a_missing_server_is_named(server: Server, destination: Path) -> None:
    model = replace(server.model("good"), url="http://127.0.0.1:9/model.bin")
    with pytest.raises(ModelError, match=r"127\.0\.0\.1:9"):
        download(model, destination, retry=IMPATIENT)


def test_a_stopped_download_is_resumed(server: Server, destination: Path) -> None:
    def stop_halfway(done: int, total: int) -> None:
        if done > total // 2:
            raise CancelledError("stopped")

    with pytest.raises(CancelledError):
        download(server.model("good"), destination, progress=stop_halfway, retry=NO_PAUSE)
    assert not destination.exists()
    server.requests.clear()
    download(server.model("good"), destination, retry=NO_PAUSE)
    assert_only(destination, server)
    ((_, asked),) = server.requests
    assert int(asked.removeprefix("bytes=").removesuffix("-")) > len(server.content) // 2


@pytest.mark.parametrize("length", [1000, 300_000, 400_000])
def test_a_damaged_part_is_discarded(server: Server, destination: Path, length: int) -> None:
    destination.parent.mkdir()
    destination.with_name("sample.bin.part").write_bytes(bytes(length))
    download(server.model("good"), destination, retry=NO_PAUSE)
    assert_only(destination, server)


def test_a_damaged_file_is_replaced(server: Server, destination: Path) -> None:
    destination.parent.mkdir()
    destination.write_bytes(b"half")
    download(server.model("good"), destination, retry=NO_PAUSE)
    assert_only(destination, server)


def test_progress_runs_from_zero_to_the_full_size(server: Server, destination: Path) -> None:
    reports = []
    download(server.model("slow"), destination, progress=lambda *report: reports.append(report))
    done = [size for size, _ in reports]
    assert done == sorted(done)
    assert (done[0], done[-1]) == (0, len(server.content))
    assert {total for _, total in reports} == {len(server.content)}


def test_two_threads_download_once(server: Server, destination: Path) -> None:
    model, faults = server.model("slow"), []

    def work() -> None:
        try:
            download(model, destination, retry=NO_PAUSE)
        except ModelError as error:
            faults.append(error)

    threads = [threading.Thread(target=work) for _ in range(3)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert (faults, len(server.requests)) == ([], 1)
    assert_only(destination, server)


def test_two_processes_download_once(server: Server, destination: Path) -> None:
    model = server.model("slow")
    script = (
        "from pathlib import Path; from roop.models.catalogue import *;"
        "from roop.models.files.download import download;"
        f"download({model!r}, Path({str(destination)!r}))"
    )
    processes = [subprocess.Popen([sys.executable, "-c", script]) for _ in range(2)]
    assert [process.wait(60) for process in processes] == [0, 0]
    assert len(server.requests) == 1
    assert_only(destination, server)


def test_a_file_larger_than_the_disk_is_not_downloaded(server: Server, destination: Path) -> None:
    model = replace(server.model("slow"), size=10**16)
    with pytest.raises(ModelError, match="no room") as caught:
        download(replace(model, url=server.url("endless")), destination, retry=NO_PAUSE)
    assert "10000000000 MB" in str(caught.value)
    assert not destination.exists()


def test_a_folder_that_cannot_be_written_is_named(server: Server, tmp_path: Path) -> None:
    (tmp_path / "models").write_text("not a folder")
    with pytest.raises(ModelError, match="cannot write") as caught:
        download(server.model("good"), tmp_path / "models" / "sample.bin", retry=NO_PAUSE)
    assert "models" in caught.value.hint


def test_a_full_disk_is_named(server: Server, destination: Path) -> None:
    """/dev/full rejects every byte, as a full disk does."""
    destination.parent.mkdir()
    destination.with_name("sample.bin.part").symlink_to("/dev/full")
    with pytest.raises(ModelError, match="No space left"):
        download(server.model("good"), destination, retry=NO_PAUSE)
    assert not destination.exists()

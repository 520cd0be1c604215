import subprocess
import sys
import threading
from dataclasses import replace
from pathlib import Path

import pytest

from roop.errors import CancelledError, ModelError
from roop.models.files.download import RetryPolicy, download
from support.misbehaving import Server

HASTE = RetryPolicy(timeout_s=0.3, tries=3, pause_s=0.01)


def assert_only(destination: Path, server: Server) -> None:
    """The whole file is there and nothing else: no part, no lock."""
    assert destination.read_bytes() == server.content
    assert [path.name for path in destination.parent.iterdir()] == [destination.name]


@pytest.mark.parametrize("size", [True, False], ids=["size known", "size unknown"])
@pytest.mark.parametrize("behaviour", ["good", "cut", "cutnorange", "busy", "redirect", "slow"])
def test_the_file_arrives_whole(
    server: Server, destination: Path, behaviour: str, size: bool
) -> None:
    download(server.model(behaviour, size=size), destination, retry=HASTE)
    assert_only(destination, server)


def test_a_cut_connection_is_resumed_where_it_broke(server: Server, destination: Path) -> None:
    download(server.model("cut"), destination, retry=HASTE)
    part = len(server.content) * 2 // 5
    assert [asked for _, asked in server.requests] == [
        None,
        f"bytes={part}-",
        f"bytes={2 * part}-",
    ]


@pytest.mark.parametrize("size", [True, False], ids=["size known", "size unknown"])
@pytest.mark.parametrize("behaviour", ["missing", "other", "page", "short", "hang", "drip"])
def test_the_mirror_serves_when_the_first_address_fails(
    server: Server, destination: Path, behaviour: str, size: bool
) -> None:
    download(server.model(behaviour, "good", size=size), destination, retry=HASTE)
    assert_only(destination, server)


@pytest.mark.parametrize(
    ("behaviour", "reason"),
    [
        ("missing", "404"),
        ("other", "sha256"),
        ("page", "12 bytes instead of 300000"),
        ("short", "5000 of 300000"),
        ("hang", "timed out"),
        ("drip", "bytes a second"),
    ],
)
def test_without_a_good_address_one_line_names_address_and_reason(
    server: Server, destination: Path, behaviour: str, reason: str
) -> None:
    with pytest.raises(ModelError, match=reason) as caught:
        download(server.model(behaviour), destination, retry=HASTE)
    assert server.address(behaviour) in str(caught.value)
    assert "\n" not in str(caught.value)
    assert str(destination) in caught.value.hint
    assert not destination.exists()


def test_no_server_at_all_is_said_in_one_line(server: Server, destination: Path) -> None:
    model = replace(server.model("good"), url="http://127.0.0.1:9/model.bin")
    with pytest.raises(ModelError, match=r"127\.0\.0\.1:9"):
        download(model, destination, retry=HASTE)


def test_a_stopped_download_goes_on_later(server: Server, destination: Path) -> None:
    def stop_halfway(done: int, total: int) -> None:
        if done > total // 2:
            raise CancelledError("stopped")

    with pytest.raises(CancelledError):
        download(server.model("good"), destination, progress=stop_halfway, retry=HASTE)
    assert not destination.exists()
    server.requests.clear()
    download(server.model("good"), destination, retry=HASTE)
    assert_only(destination, server)
    ((_, asked),) = server.requests
    assert int(asked.removeprefix("bytes=").removesuffix("-")) > len(server.content) // 2


@pytest.mark.parametrize("length", [1000, 300_000, 400_000])
def test_a_damaged_part_is_thrown_away(server: Server, destination: Path, length: int) -> None:
    destination.parent.mkdir()
    destination.with_name("sample.bin.part").write_bytes(bytes(length))
    download(server.model("good"), destination, retry=HASTE)
    assert_only(destination, server)


def test_a_damaged_file_is_replaced(server: Server, destination: Path) -> None:
    destination.parent.mkdir()
    destination.write_bytes(b"half")
    download(server.model("good"), destination, retry=HASTE)
    assert_only(destination, server)


def test_progress_runs_from_nothing_to_the_whole(server: Server, destination: Path) -> None:
    reports = []
    download(server.model("slow"), destination, progress=lambda *report: reports.append(report))
    done = [here for here, _ in reports]
    assert done == sorted(done)
    assert (done[0], done[-1]) == (0, len(server.content))
    assert {total for _, total in reports} == {len(server.content)}


def test_two_threads_download_once(server: Server, destination: Path) -> None:
    model, faults = server.model("slow"), []

    def work() -> None:
        try:
            download(model, destination, retry=HASTE)
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
    works = [subprocess.Popen([sys.executable, "-c", script]) for _ in range(2)]
    assert [work.wait(60) for work in works] == [0, 0]
    assert len(server.requests) == 1
    assert_only(destination, server)


def test_a_file_larger_than_the_disk_is_refused_before_it_starts(
    server: Server, destination: Path
) -> None:
    model = replace(server.model("slow"), size=10**16)
    with pytest.raises(ModelError, match="no room") as caught:
        download(replace(model, url=server.address("endless")), destination, retry=HASTE)
    assert "10000000000 MB" in str(caught.value)
    assert not destination.exists()


def test_a_place_that_cannot_be_written_is_said_in_one_line(server: Server, tmp_path: Path) -> None:
    (tmp_path / "models").write_text("not a folder")
    with pytest.raises(ModelError, match="cannot write") as caught:
        download(server.model("good"), tmp_path / "models" / "sample.bin", retry=HASTE)
    assert "folder" in caught.value.hint


def test_a_disk_that_fills_up_is_said_in_one_line(server: Server, destination: Path) -> None:
    """/dev/full refuses every byte as a full disk does."""
    destination.parent.mkdir()
    destination.with_name("sample.bin.part").symlink_to("/dev/full")
    with pytest.raises(ModelError, match="No space left"):
        download(server.model("good"), destination, retry=HASTE)
    assert not destination.exists()

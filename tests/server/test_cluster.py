"""A server whose jobs are shared by the machines of a Ray cluster."""

import socket
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from roop.provenance.verify import verify_file
from support.clips import times
from support.job_processes import job_processes
from support.machines import Machines, cluster
from support.server import Json, Server, running

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def temporary(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Where the machines put what they are sent."""
    return tmp_path_factory.mktemp("temporary")


@pytest.fixture(scope="module")
def machines(temporary: Path) -> Iterator[Machines]:
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("RAY_TMPDIR", tempfile.gettempdir())  # the names of its sockets must be short
        patch.setenv("TMPDIR", str(temporary))
        with cluster(2) as made:
            yield made


@pytest.fixture(autouse=True)
def nothing_left_on_machines(temporary: Path) -> Iterator[None]:
    yield
    deadline = time.monotonic() + 100
    while list(temporary.glob("roop-cluster-*")):
        assert time.monotonic() < deadline
        time.sleep(0.2)


@pytest.fixture(scope="module")
def served(machines: Machines, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    folder = tmp_path_factory.mktemp("clustered")
    with running(folder, "--cluster", "auto", RAY_ADDRESS=machines.address) as server:
        yield server


@pytest.fixture(scope="module")
def film(served: Server, files: dict[str, Path]) -> tuple[str, str]:
    """Target and source."""
    return served.upload(files["slow"]), served.upload(files["hopper"])


def segments_done(job: Json) -> bool:
    return bool(job["progress"] and job["progress"]["frames"] >= 40)


def check(served: Server, job: Json, film: Path, folder: Path) -> None:
    assert job["state"] == "succeeded", job["error"]
    path = folder / "out.mp4"
    path.write_bytes(served.client.get(f"/jobs/{job['id']}/result").content)
    assert times(path) == times(film)
    assert verify_file(path, None).verdict == "intact"
    beside = (served.folder / "roop/server/jobs" / job["id"]).iterdir()
    assert {path.name for path in beside} == {"output.mp4", "request.json"}


def test_a_job_is_done_by_its_machines(
    served: Server, film: tuple[str, str], files: dict[str, Path], tmp_path: Path
) -> None:
    id = served.start_job(*film)["id"]
    served.until(id, segments_done)
    (process,) = job_processes(served.process.pid)
    (driver,) = process.children()
    assert "ray_driver" in " ".join(driver.cmdline())
    check(served, served.ended(id), files["slow"], tmp_path)


def test_a_cancelled_job_gives_them_back_and_a_retry_goes_on(
    served: Server, film: tuple[str, str], files: dict[str, Path], tmp_path: Path
) -> None:
    id = served.start_job(*film)["id"]
    served.until(id, segments_done)
    assert served.client.post(f"/jobs/{id}/cancel").is_success
    assert served.ended(id)["state"] == "cancelled"
    photo = served.start_job(film[1], film[1])["id"]
    assert served.ended(photo)["state"] == "succeeded"
    assert served.client.post(f"/jobs/{id}/retry").is_success
    done = served.ended(id)
    assert done["summary"]["resumed"] >= 15
    check(served, done, files["slow"], tmp_path)


def test_a_machine_that_dies_does_not_end_the_job(
    served: Server,
    machines: Machines,
    film: tuple[str, str],
    files: dict[str, Path],
    tmp_path: Path,
) -> None:
    id = served.start_job(*film)["id"]
    served.until(id, segments_done)
    machines.kill()
    try:
        check(served, served.ended(id), files["slow"], tmp_path)
    finally:
        machines.grow()


def test_a_killed_worker_is_an_error_of_its_job_and_leaves_the_machines_free(
    served: Server, film: tuple[str, str], files: dict[str, Path], tmp_path: Path
) -> None:
    id = served.start_job(*film)["id"]
    served.until(id, segments_done)
    (process,) = job_processes(served.process.pid)
    process.kill()
    assert "SIGKILL" in served.ended(id)["error"]["detail"]
    assert served.client.post(f"/jobs/{id}/retry").is_success
    done = served.ended(id)
    assert done["summary"]["resumed"] >= 15
    check(served, done, files["slow"], tmp_path)


def test_without_a_cluster_each_long_video_says_so(files: dict[str, Path], tmp_path: Path) -> None:
    with socket.socket() as closed:
        closed.bind(("127.0.0.1", 0))
        address = f"ray://127.0.0.1:{closed.getsockname()[1]}"
        with running(tmp_path, "--cluster", address) as server:
            photo = server.upload(files["hopper"])
            short = server.ended(server.start_job(photo, photo)["id"])
            failed = server.ended(server.start_job(server.upload(files["slow"]), photo)["id"])
    assert short["state"] == "succeeded"
    assert failed["error"]["code"] == "usage"
    assert failed["error"]["detail"].startswith(f"there is no Ray cluster at {address}: ")

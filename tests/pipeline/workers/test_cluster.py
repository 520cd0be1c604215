"""Several Ray nodes on this machine do what one process does, and lose one of them."""

import dataclasses
import json
import os
import shutil
import socket
import sys
import tempfile
import threading
import time
from collections.abc import Iterator
from fractions import Fraction
from pathlib import Path

import psutil
import pytest
from PIL import Image

from roop.errors import CancelledError, UsageError
from roop.media.video.timeline import TimeRange
from roop.options import Job, Settings
from roop.pipeline.job import JobResult, run_job
from roop.pipeline.progress import Progress
from roop.pipeline.segments.plan import Segment
from roop.pipeline.workers import remote_job
from roop.pipeline.workers.cluster_node import do_segment, remove_files, remove_old_files
from roop.pipeline.workers.remote_job import RemoteJob, SampleDigest, pack, unpack
from roop.processors import installed
from roop.validation import validate
from support.long_films import FRAMES, PACE, counting, seen, swap, swapping, work_folders
from support.machines import Machines, cluster

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def machines() -> Iterator[Machines]:
    with cluster(2) as made, pytest.MonkeyPatch.context() as patch:
        patch.setenv("RAY_ADDRESS", made.address)
        yield made


@pytest.fixture(scope="module")
def alone(media: Path, tmp_path_factory: pytest.TempPathFactory) -> JobResult:
    return swap(media, tmp_path_factory.mktemp("alone") / "out.mp4", workers=1)


def told(result: JobResult) -> tuple[object, ...]:
    return (result.frames, result.swapped, result.faces, result.warnings)


def test_it_makes_the_same(media: Path, out: Path, alone: JobResult, machines: Machines) -> None:
    states: list[Progress] = []
    job = swapping(media, out / "out.mp4")
    result = run_job(job, Settings(cluster="auto"), installed(), watch=states.append, pace=PACE)
    assert seen(result.output) == seen(alone.output)
    assert told(result) == told(alone)
    assert [p.name for p in out.iterdir()] == ["out.mp4"]
    assert states[-1].frames == FRAMES
    assert len({state.frames for state in states}) > 3


def test_a_machine_that_dies_costs_one_segment(
    media: Path, out: Path, alone: JobResult, machines: Machines
) -> None:
    losses: list[int] = []
    last = 0

    def kill_one(state: Progress) -> None:
        nonlocal last
        losses.append(last - state.frames)
        last = state.frames
        if state.frames >= 20 and machines.number == 2:
            machines.kill()

    job = swapping(media, out / "out.mp4")
    try:
        result = run_job(job, Settings(cluster="auto"), installed(), watch=kill_one, pace=PACE)
        assert machines.number == 1
    finally:
        machines.grow()
    assert seen(result.output) == seen(alone.output)
    assert told(result) == told(alone)
    assert sum(loss for loss in losses if loss > 0) <= 30  # frames of a segment


def test_a_crash_of_ray_costs_no_finished_segment(
    media: Path, out: Path, alone: JobResult, machines: Machines
) -> None:
    """Who speaks with the cluster is a process of its own: another one goes on."""
    killed: list[int] = []

    def kill_once(state: Progress) -> None:
        if state.frames > 15 and not killed:  # one is finished, for they are done one by one
            for child in psutil.Process().children():
                if "roop.pipeline.workers.ray_driver" in " ".join(child.cmdline()):
                    killed.append(child.pid)
                    child.kill()

    job = swapping(media, out / "out.mp4")
    one_by_one = Settings(cluster="auto", workers=1)
    result = run_job(job, one_by_one, installed(), watch=kill_once, pace=PACE)
    assert len(killed) == 1
    assert seen(result.output) == seen(alone.output)
    assert told(result) == told(alone)


def test_ctrl_c_keeps_what_is_finished(
    media: Path, out: Path, alone: JobResult, machines: Machines
) -> None:
    cancel = threading.Event()

    def stop(state: Progress) -> None:
        if state.frames >= 40:
            cancel.set()

    job, settings = swapping(media, out / "out.mp4"), Settings(cluster="auto", workers=1)
    with pytest.raises(CancelledError, match="segments are kept"):
        run_job(job, settings, installed(), watch=stop, cancel=cancel, pace=PACE)
    assert len(work_folders(out)) == 1
    result = run_job(job, Settings(workers=1), installed(), pace=PACE)
    assert result.resumed >= 15
    assert seen(result.output) == seen(alone.output)


def test_from_outside_and_with_files_that_the_machines_do_not_see(
    media: Path, out: Path, alone: JobResult, machines: Machines, monkeypatch: pytest.MonkeyPatch
) -> None:
    """By Ray Client; another file has the target's name when the machines look for it."""
    mine = out.parent / "mine"
    photos = mine / "photos"
    photos.mkdir(parents=True)
    shutil.copy(media / "source.png", photos / "source.png")
    shutil.copy(media / "film.mp4", mine / "film.mp4")
    job = swapping(media, out / "out.mp4").model_copy(
        update={"sources": (photos,), "target": mine / "film.mp4"}
    )
    seal = remote_job.SampleDigest(1, "of another file")
    monkeypatch.setattr(remote_job.SampleDigest, "of", lambda path: seal)
    result = run_job(job, Settings(cluster=machines.client), installed(), pace=PACE)
    assert seen(result.output) == seen(alone.output)
    assert told(result) == told(alone)


def test_without_ray_the_way_to_it_is_told(
    media: Path, out: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, "ray", None)
    with pytest.raises(UsageError, match="needs Ray, which is not installed") as caught:
        run_job(swapping(media, out / "out.mp4"), Settings(cluster="auto"), installed(), pace=PACE)
    assert caught.value.hint == "pip install 'roop[ray]'"
    assert list(out.iterdir()) == []


def test_no_cluster_is_one_line(media: Path, out: Path) -> None:
    job = swapping(media, out / "out.mp4")
    with socket.socket() as closed:
        closed.bind(("127.0.0.1", 0))
        address = f"ray://127.0.0.1:{closed.getsockname()[1]}"
        with pytest.raises(UsageError, match=f"there is no Ray cluster at {address}: "):
            run_job(job, Settings(cluster=address), installed(), pace=PACE)
    with pytest.raises(UsageError, match="cluster needs auto or ray://HOST:PORT, not 'http://a:1'"):
        validate(Settings, {"cluster": "http://a:1"})


def test_a_processor_of_this_program_alone_is_not_for_it(media: Path, out: Path) -> None:
    job = swapping(media, out / "out.mp4", "counter")
    with pytest.raises(UsageError, match="cannot find the processor 'counter'"):
        run_job(job, Settings(cluster="auto"), counting(), pace=PACE)


def test_what_an_old_run_has_left_is_removed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    for name, age in (("roop-cluster-old", 90_000), ("roop-cluster-new", 9), ("others", 90_000)):
        (tmp_path / name).mkdir()
        os.utime(tmp_path / name, (time.time() - age,) * 2)
    remove_old_files()
    assert sorted(path.name for path in tmp_path.iterdir()) == ["others", "roop-cluster-new"]


def on_a_machine(sent: RemoteJob) -> dict[str, str | None]:
    """Return the error of a machine that is given the first second of a film."""
    first = Segment(0, TimeRange(None, None, Fraction(1)), Fraction(0), 15, 0)
    try:
        answer = do_segment(sent, first, pieces=None, report=lambda state: None)
    finally:
        remove_files(sent.key)
    assert isinstance(answer, dict)
    return answer


def test_other_versions_on_a_machine_are_one_line(media: Path, out: Path) -> None:
    sent = pack(swapping(media, out / "out.mp4"), Settings(), out / "out.mp4", [None])
    other = dataclasses.replace(sent, software_versions={**sent.software_versions, "av": "1.2"})
    answer = on_a_machine(other)
    assert answer["code"] == "usage"
    assert f"{socket.gethostname()} has av " in (answer["message"] or "")
    assert (answer["message"] or "").endswith("and this one 1.2")


def test_a_photo_is_called_by_its_own_name_in_what_a_machine_says(media: Path, out: Path) -> None:
    Image.new("RGB", (200, 200), (90, 90, 90)).save(out / "no.png")
    job = swapping(media, out / "o.mp4").model_copy(update={"sources": (out / "no.png",)})
    answer = on_a_machine(pack(job, Settings(), out / "o.mp4", [None]))
    assert answer["code"] == "no_face"
    assert str(out / "no.png") in (answer["message"] or "")


def test_people_and_their_folders_travel(media: Path, out: Path) -> None:
    """What a mapping file, a folder and a photo say here is the same at the other end."""
    photos = out / "photos"
    photos.mkdir()
    for name in ("a.png", "b.png"):
        shutil.copy(media / "source.png", photos / name)
    mapping = {"person": [{"source": "photos", "reference": "photos/b.png"}]}
    (out / "who.json").write_text(json.dumps(mapping))
    files = {"target": media / "film.mp4", "output": out / "o.mp4"}
    job = Job.model_validate({**files, "faces": {"map_file": out / "who.json"}})
    there = unpack(pack(job, Settings(), out / "o.mp4", [None]), out / "there")
    (person,) = there.faces.map
    assert there.faces.map_file is None
    assert sorted(p.name for p in person.source[0].iterdir()) == ["a.png", "b.png"]
    assert person.reference is not None
    assert person.reference.read_bytes() == (photos / "b.png").read_bytes()
    assert {person.source[0].parent, person.reference.parents[1]} == {out / "there"}


def test_a_film_is_told_from_another_of_its_size(tmp_path: Path) -> None:
    one, two = tmp_path / "1", tmp_path / "2"
    content = bytes(3_000_000)
    one.write_bytes(content)
    two.write_bytes(content[:-1] + b"1")
    assert SampleDigest.of(one) == SampleDigest.of(one)
    assert SampleDigest.of(one) != SampleDigest.of(two)

"""The queue, as several processes see it."""

import os
import subprocess
import sys
import threading
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from roop.errors import MediaError
from roop.jobs.queue import Queue
from roop.options import FaceOptions, Job, VideoOptions

CLAIM = """
import sys
from pathlib import Path
from roop.jobs.queue import Queue
from roop.options import Job
with Queue(Path(sys.argv[1])) as queue:
    item = queue.add(Job.model_validate_json(sys.argv[2]))
    print(queue.wait(item) and queue.claim(item), flush=True)
    sys.stdin.read()
"""


@pytest.fixture
def job(tmp_path: Path) -> Job:
    for name in ("a.png", "b.png"):
        (tmp_path / name).write_text(name)
    return Job(sources=(tmp_path / "a.png",), target=tmp_path / "b.png", output=tmp_path / "c.png")


def test_a_job_is_found_again_until_its_files_or_options_change(job: Job, tmp_path: Path) -> None:
    with Queue(tmp_path / "q") as queue:
        first = queue.add(job)
        assert queue.add(job).id == first.id
        assert queue.add(job.model_copy(update={"force": True})).id == first.id
        other = job.model_copy(update={"video": VideoOptions(fps=25)})
        assert queue.add(other).id != first.id
        job.target.write_text("longer than before")
        assert queue.add(job).id != first.id


def test_nor_is_it_when_the_mapping_has_changed(job: Job, tmp_path: Path) -> None:
    mapping = tmp_path / "people.toml"
    job = job.model_copy(update={"sources": (), "faces": FaceOptions(map_file=mapping)})
    with Queue(tmp_path / "q") as queue:
        mapping.write_text('[[person]]\nsource = "a.png"\nposition = 0\n')
        first = queue.add(job)
        assert queue.add(job).id == first.id
        (tmp_path / "a.png").write_text("another photo")
        second = queue.add(job)
        assert second.id != first.id
        mapping.write_text('[[person]]\nsource = "a.png"\nposition = 12\n')
        assert queue.add(job).id != second.id


def test_it_outlives_the_process(job: Job, tmp_path: Path) -> None:
    with Queue(tmp_path / "q") as queue:
        item = queue.add(job)
        assert queue.claim(item)
        queue.end(item, "done")
    with Queue(tmp_path / "q") as queue:
        assert queue.state(queue.add(job)) == "done"
        assert queue.made(job.output)


def test_many_may_open_a_new_one_at_once_and_one_job_goes_to_one_of_them(
    job: Job, tmp_path: Path
) -> None:
    def claim(path: Path, start: threading.Barrier) -> bool:
        start.wait()
        with Queue(path) as queue:
            return queue.claim(queue.add(job))

    with ThreadPoolExecutor(8) as threads:
        for number in range(40):
            start = threading.Barrier(8, timeout=60)
            won = [threads.submit(claim, tmp_path / str(number), start) for _ in range(8)]
            assert sorted(each.result() for each in won) == [False] * 7 + [True]


def test_the_job_of_a_living_process_is_left_to_it_that_of_a_dead_one_is_not(
    job: Job, tmp_path: Path
) -> None:
    with (
        Queue(tmp_path / "q") as queue,
        subprocess.Popen(
            [sys.executable, "-c", CLAIM, tmp_path / "q", job.model_dump_json()],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        ) as other,
    ):
        assert other.stdout is not None
        assert other.stdout.readline() == "True\n"
        item = queue.add(job)
        assert not queue.wait(item)
        other.kill()
        os.waitid(os.P_PID, other.pid, os.WEXITED | os.WNOWAIT)  # a zombie is dead, too
        assert queue.wait(item)
        assert queue.claim(item)


def test_where_none_can_be_kept_a_batch_works_without(
    job: Job, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "roop").touch()
    monkeypatch.setenv("XDG_DATA_HOME", str(tmp_path))
    said: list[str] = []
    with Queue.of_user(said.append) as queue:
        assert queue.claim(queue.add(job))
    assert len(said) == 1
    assert "only by the outputs" in said[0]


def test_a_damaged_queue_is_one_line(tmp_path: Path) -> None:
    (tmp_path / "q").write_text("no database at all\n" * 99)
    with pytest.raises(MediaError, match=r"the queue .*q cannot be used: file is not a database"):
        Queue(tmp_path / "q")

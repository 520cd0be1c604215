"""The queue, as several processes see it."""

import os
import sqlite3
import subprocess
import sys
import threading
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from roop.errors import MediaError, UsageError
from roop.jobs.queue import Queue
from roop.jobs.statements import MOST_STARTS, Request
from roop.options import FaceOptions, Job, VideoOptions

CLAIM = """
import sys
from pathlib import Path
from roop.jobs.queue import Queue
from roop.options import Job
with Queue(Path(sys.argv[1])) as queue:
    if len(sys.argv) > 2:
        lease = queue.claim(queue.add(Job.model_validate_json(sys.argv[2])))
    else:
        lease = queue.claim_next()
    print(lease is not None, flush=True)
    sys.stdin.read()
"""

VERSION_1 = """
CREATE TABLE items (
    id INTEGER PRIMARY KEY,
    key TEXT NOT NULL UNIQUE,
    job TEXT NOT NULL,
    output TEXT NOT NULL,
    state TEXT NOT NULL DEFAULT 'waiting',
    owner TEXT,
    changed REAL NOT NULL
) STRICT;
CREATE INDEX items_by_output ON items (output);
"""


@pytest.fixture
def job(tmp_path: Path) -> Job:
    for name in ("a.png", "b.png"):
        (tmp_path / name).write_text(name)
    return Job(sources=(tmp_path / "a.png",), target=tmp_path / "b.png", output=tmp_path / "c.png")


def numbered(job: Job, number: int) -> Job:
    return job.model_copy(update={"output": job.output.with_name(f"{number}.png")})


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
        lease = queue.claim(queue.add(job))
        assert lease is not None
        queue.report(lease, {"frames": 3})
        assert queue.finish(lease, "succeeded", result={"output": job.output})
    with Queue(tmp_path / "q") as queue:
        found = queue.add(job)
        assert found.state == "succeeded"
        assert found.result == {"output": str(job.output)}
        assert found.progress == {"frames": 3}
        assert queue.has_written(job.output)


def test_many_may_open_a_new_one_at_once_and_one_job_goes_to_one_of_them(
    job: Job, tmp_path: Path
) -> None:
    def claim(path: Path, start: threading.Barrier) -> bool:
        start.wait()
        with Queue(path) as queue:
            return queue.claim(queue.add(job)) is not None

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
        queued = queue.add(job)
        assert queue.claim(queued) is None
        other.kill()
        os.waitid(os.P_PID, other.pid, os.WEXITED | os.WNOWAIT)  # a zombie is dead, too
        assert queue.claim(queued) is not None


def test_runners_of_several_processes_share_the_jobs(job: Job, tmp_path: Path) -> None:
    with Queue(tmp_path / "q") as queue:
        ids = [queue.submit(numbered(job, number)).id for number in range(40)]
        queue.add(job)  # a batch does this one itself

        def claimed() -> list[str]:
            with Queue(tmp_path / "q") as own:
                found = []
                while (next_job := own.claim_next()) is not None:
                    found.append(next_job[0].id)
                    assert own.finish(next_job[1], "succeeded")
                return found

        with ThreadPoolExecutor(4) as threads:
            shares = [threads.submit(claimed) for _ in range(4)]
            done = [id for share in shares for id in share.result()]
        assert sorted(done) == sorted(ids)
        assert queue.add(job).state == "waiting"


def test_a_lease_that_ended_passes_to_the_next_and_the_first_learns_of_it(
    job: Job, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with Queue(tmp_path / "q") as queue:
        queue.submit(job)
        monkeypatch.setattr("roop.jobs.statements.LEASE_S", -1.0)
        first = queue.claim_next()
        monkeypatch.setattr("roop.jobs.statements.LEASE_S", 60.0)
        second = queue.claim_next()
        assert first is not None
        assert second is not None
        assert not queue.renew(first[1])
        assert not queue.finish(first[1], "failed", error={"code": "late"})
        assert queue.renew(second[1])
        assert queue.finish(second[1], "succeeded")
        assert [each.state for each in queue.jobs()] == ["succeeded"]


def test_a_job_whose_processes_always_die_fails_in_the_end(job: Job, tmp_path: Path) -> None:
    with Queue(tmp_path / "q") as queue:
        queue.submit(job)
        for _ in range(MOST_STARTS):
            dead = subprocess.run(
                [sys.executable, "-c", CLAIM, tmp_path / "q"],
                input="",
                capture_output=True,
                text=True,
                check=True,
            )
            assert dead.stdout == "True\n"
        assert queue.claim_next() is None
        (failed,) = queue.jobs()
        assert failed.state == "failed"
        assert failed.error is not None
        assert failed.error["code"] == "internal"
        queue.wait_again(failed.id, states=["failed"])
        assert queue.claim_next() is not None


def test_a_wish_comes_true_at_once_or_reaches_whoever_works(job: Job, tmp_path: Path) -> None:
    with Queue(tmp_path / "q") as queue:
        first, second = queue.submit(job), queue.submit(numbered(job, 2))
        assert queue.ask(first.id, "pause").state == "paused"
        assert queue.wait_again(first.id, states=["paused"]).state == "waiting"
        claimed = queue.claim_next()
        assert claimed is not None
        assert queue.ask(first.id, "cancel").state == "running"
        assert queue.wish_for(claimed[1]) == "cancel"
        with pytest.raises(UsageError, match="the job is running"):
            queue.remove(first.id)
        queue.finish(claimed[1], "cancelled")
        assert queue.ask(second.id, "cancel").state == "cancelled"
        with pytest.raises(UsageError, match="the job has ended: cancelled"):
            queue.ask(second.id, "pause")
        queue.remove(second.id)
        with pytest.raises(UsageError, match="there is no job"):
            queue.ask(second.id, "cancel")


def test_what_changed_is_known_to_whoever_was_away(job: Job, tmp_path: Path) -> None:
    with Queue(tmp_path / "q") as queue, Queue(tmp_path / "q") as other:
        first, second = queue.submit(job), queue.submit(numbered(job, 2))
        seen = other.changes(0)
        assert [each.id for each in seen.jobs] == [first.id, second.id]
        assert other.changes(seen.revision).jobs == ()
        queue.ask(first.id, "cancel")
        queue.remove(second.id)
        news = other.changes(seen.revision)
        assert [(each.id, each.state) for each in news.jobs] == [(first.id, "cancelled")]
        assert news.removed == (second.id,)
        assert news.revision == other.revision()


def test_the_same_request_makes_one_job(job: Job, tmp_path: Path) -> None:
    with Queue(tmp_path / "q") as queue:
        first = queue.submit(job, request=Request("k", "digest"))
        assert queue.submit(job, request=Request("k", "digest")).id == first.id
        with pytest.raises(UsageError, match="belongs to another request"):
            queue.submit(job, request=Request("k", "another"))
        assert len(queue.jobs()) == 1
        with pytest.raises(UsageError, match="there are 1 unfinished jobs"):
            queue.submit(job, limit=1)
        assert queue.submit(job, request=Request("k", "digest"), limit=1).id == first.id


def test_a_file_of_the_first_version_is_taken_over(job: Job, tmp_path: Path) -> None:
    with sqlite3.connect(tmp_path / "q") as old:
        old.executescript(VERSION_1)
        for number, state in enumerate(("done", "failed", "running", "waiting")):
            each = numbered(job, number)
            row = (str(number), each.model_dump_json(), str(each.output), state, 1000.0 + number)
            old.execute(
                "INSERT INTO items (key, job, output, state, changed) VALUES (?, ?, ?, ?, ?)", row
            )
    old.close()
    for _ in range(2):
        with Queue(tmp_path / "q") as queue:
            states = [each.state for each in queue.jobs()]
            assert states == ["waiting", "waiting", "failed", "succeeded"]
            assert queue.has_written(numbered(job, 0).output)
            assert queue.jobs()[-1].ended == 1000.0
            assert queue.claim_next() is None  # they are a batch's


def test_a_file_of_a_newer_version_is_left_alone(tmp_path: Path) -> None:
    with sqlite3.connect(tmp_path / "q") as new:
        new.execute("PRAGMA user_version = 9")
    new.close()
    with pytest.raises(MediaError, match="newer version of roop"):
        Queue(tmp_path / "q")


def test_where_none_can_be_written_a_batch_works_without(
    job: Job, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "roop").touch()
    monkeypatch.setenv("XDG_DATA_HOME", str(tmp_path))
    warnings: list[str] = []
    with Queue.of_user(warnings.append) as queue:
        assert queue.claim(queue.add(job)) is not None
    assert len(warnings) == 1
    assert "only by the outputs" in warnings[0]


def test_a_damaged_queue_is_one_line(tmp_path: Path) -> None:
    (tmp_path / "q").write_text("no database at all\n" * 99)
    with pytest.raises(MediaError, match=r"the queue .*q cannot be used: file is not a database"):
        Queue(tmp_path / "q")

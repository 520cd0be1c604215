"""The hidden folder beside an output in which a long job keeps its finished segments.

A live swap keeps its recording in one, too, until that is complete.
"""

import hashlib
import hmac
import json
import secrets
import shutil
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

from roop.errors import UsageError
from roop.home import user_folder
from roop.media.files.disk import writing
from roop.options import Job, Settings
from roop.pipeline.people.paths import absolute
from roop.pipeline.segments.fingerprint import Fingerprint
from roop.pipeline.segments.machine_key import authenticate
from roop.pipeline.segments.plan import Segment
from roop.pipeline.stages.stats import JobStats
from roop.replacement import replacing

_PREFIX = ".roop-work-"

_RECORDING = f"{_PREFIX}recording-"

_ABOUT = "job.json"
_LOCK = "lock"


class WorkFolder:
    """The finished segments of one job: for each a file of packets and a record."""

    def __init__(self, path: Path) -> None:
        self.path = path

    @classmethod
    def of(cls, output: Path, fingerprint: Fingerprint) -> "WorkFolder":
        """Return the folder for an output that depends on ``fingerprint``; it may not exist yet."""
        text = json.dumps(fingerprint, sort_keys=True).encode()
        digest = hashlib.sha256(text).hexdigest()[:16]
        return cls(output.absolute().parent / f"{_stem(output)}{digest}")

    @classmethod
    def all_for(cls, output: Path) -> "list[WorkFolder]":
        """Return every work folder for ``output``, the last one used first."""
        paths = output.absolute().parent.glob(f"{_stem(output)}*")
        found = [cls(path) for path in paths if (path / _ABOUT).is_file()]
        return sorted(found, key=lambda f: f.path.stat().st_mtime, reverse=True)

    @classmethod
    def for_recording(cls, output: Path) -> "WorkFolder":
        """Return a new folder for a recording, whose name nobody can foresee."""
        name = f"{_stem(output, _RECORDING)}{secrets.token_hex(8)}"
        return cls(output.absolute().parent / name)

    @classmethod
    def recordings_of(cls, output: Path) -> "list[WorkFolder]":
        """Return the folder of every recording that should have become ``output``."""
        paths = sorted(output.absolute().parent.glob(f"{_stem(output, _RECORDING)}*"))
        return [cls(path) for path in paths if (path / _ABOUT).is_file()]

    @classmethod
    def of_user(cls) -> "list[WorkFolder]":
        """Return every work folder of this user that still exists."""
        notes = sorted(_notes().glob("*"))
        paths = [Path(note.read_text(encoding="utf-8")) for note in notes]
        for note, path in zip(notes, paths, strict=True):
            if not (path / _ABOUT).is_file():
                note.unlink(missing_ok=True)
        return [cls(path) for path in paths if (path / _ABOUT).is_file()]

    @contextmanager
    def locked(self) -> Iterator[None]:
        """Lock out other processes; create the folder if it is missing.

        Raises:
            UsageError: Another process uses it.
            MediaError: It cannot be created.
        """
        from filelock import FileLock, Timeout  # takes a twentieth of the time of a job's imports

        with writing(self.path):
            self.path.mkdir(exist_ok=True)
        lock = FileLock(self.path / _LOCK, thread_local=False)  # recordings end in any thread
        try:
            lock.acquire(blocking=False)
        except Timeout as error:
            raise UsageError(
                "another run of roop is working on this output",
                hint="wait for it, or name another output",
            ) from error
        try:
            yield
        finally:
            lock.release()
            if not self.path.exists() or [p.name for p in self.path.iterdir()] == [_LOCK]:
                self._remove()  # Windows keeps a locked file until now

    @property
    def is_locked(self) -> bool:
        """True if a process uses it."""
        try:
            with self.locked():
                return False
        except UsageError:
            return True

    def record_job(
        self, job: Job, settings: Settings, fingerprint: Fingerprint, plan: Sequence[Segment]
    ) -> None:
        """Record which job the folder belongs to.

        Args:
            job: With the output's own name.
            settings: The machine's.
            fingerprint: What the output depends on.
            plan: All segments.
        """
        job = absolute(job)
        description = {
            "output": str(job.output),
            "job": job.model_dump(mode="json"),
            "settings": settings.model_dump(mode="json"),
            "fingerprint": fingerprint,
            "segments": len(plan),
            "frames": sum(segment.frames for segment in plan),
        }
        self.remove_partial_files()
        self.describe(description)

    def describe(self, description: Mapping[str, object]) -> None:
        """Record what the folder is for, if that is not known yet."""
        if not (self.path / _ABOUT).exists():
            self._write(self.path / _ABOUT, description)
        with suppress(OSError):  # then `roop jobs` does not list it
            _notes().mkdir(parents=True, exist_ok=True)
            self._note.write_text(str(self.path), encoding="utf-8")

    def remove_partial_files(self) -> None:
        """Remove files that were not finished."""
        for path in self.path.iterdir():
            whole = path.stem.isdecimal() and path.suffix in (".json", ".packets", ".descriptor")
            if path.is_dir() and not path.is_symlink():
                shutil.rmtree(path, ignore_errors=True)
            elif not whole and path.name not in (_ABOUT, _LOCK):
                path.unlink(missing_ok=True)

    def description(self) -> dict[str, Any]:
        """Return what ``record_job`` wrote; empty if it cannot be read."""
        with suppress(OSError, ValueError):
            text = (self.path / _ABOUT).read_text(encoding="utf-8")
            description = json.loads(text)
            if isinstance(description, dict):
                return description
        return {}

    def authenticate(self, content: bytes) -> str:
        """Return the code of some content of this folder, while its description stays the same."""
        about = hashlib.sha256((self.path / _ABOUT).read_bytes()).hexdigest()
        return authenticate(f"{self.path.name} {about} ".encode() + content)

    def packets(self, number: int) -> Path:
        """Return the file of a segment's packets."""
        return self.path / f"{number:05}.packets"

    def descriptor(self, number: int) -> Path:
        """Return the file that describes the person chosen where a segment begins."""
        return self.path / f"{number:05}.descriptor"

    def record(self, number: int, stats: JobStats) -> None:
        """Record that a segment's packets are complete and safe on the disk.

        Raises:
            DiskFullError: There is no room left.
        """
        record = {"packets": self._digest(number), "stats": stats.to_dict()}
        self._write(self._record(number), {**record, "code": self._code(number, record)})

    def add_segment(self, number: int, packets: bytes, stats: JobStats) -> None:
        """Store a segment that another machine has processed.

        Raises:
            DiskFullError: There is no room left.
        """
        path = self.packets(number)
        with writing(path), replacing(path) as part:
            part.write_bytes(packets)
        self.record(number, stats)

    def stats_of(self, number: int) -> JobStats | None:
        """Return the stats of a finished segment, None if it is not finished.

        Nor is it if its packets or its record are not those that this user's roop wrote for it.
        """
        try:
            record = json.loads(self._record(number).read_text(encoding="utf-8"))
            code = record.pop("code")
            if not hmac.compare_digest(str(code), self._code(number, record)):
                return None
            if record["packets"] != self._digest(number):
                return None
            return JobStats.from_dict(record["stats"])
        except (OSError, ValueError, LookupError, TypeError, AttributeError, RecursionError):
            return None

    @property
    def finished_count(self) -> int:
        """Number of finished segments."""
        return sum(1 for path in self.path.glob("[0-9]*.json"))

    @property
    def size(self) -> int:
        """Size of all its files, bytes."""
        return sum(path.stat().st_size for path in self.path.iterdir() if path.is_file())

    def discard(self) -> None:
        """Remove the folder and what is in it."""
        self._remove()
        with suppress(OSError):
            self._note.unlink(missing_ok=True)

    @property
    def _note(self) -> Path:
        return _notes() / hashlib.sha256(str(self.path).encode()).hexdigest()[:16]

    def _remove(self) -> None:
        shutil.rmtree(self.path, ignore_errors=True)

    def _digest(self, number: int) -> str:
        """Return the digest of a segment's packets."""
        with self.packets(number).open("rb") as file:
            return hashlib.file_digest(file, "sha256").hexdigest()

    def _code(self, number: int, record: dict[str, Any]) -> str:
        """Return what authenticates a record, for this segment of this job alone."""
        text = json.dumps([self.path.name, number, record], sort_keys=True)
        return authenticate(text.encode())

    def _record(self, number: int) -> Path:
        return self.path / f"{number:05}.json"

    def _write(self, path: Path, value: Mapping[str, object]) -> None:
        with writing(path), replacing(path) as part:
            part.write_text(json.dumps(value), encoding="utf-8")


def _stem(output: Path, prefix: str = _PREFIX) -> str:
    """Return how the names of an output's work folders begin; its own name may be too long."""
    return f"{prefix}{hashlib.sha256(output.name.encode()).hexdigest()[:8]}-"


def _notes() -> Path:
    """Return the folder that lists the work folders of this user."""
    return user_folder() / "unfinished"

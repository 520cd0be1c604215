"""The folders of jobs, in which their outputs and unfinished segments lie."""

import json
import shutil
from collections.abc import Iterator, Mapping
from contextlib import suppress
from pathlib import Path
from typing import Any

from roop.media.files.disk import writing
from roop.server.storage.ids import is_id

_REQUEST = "request.json"


class Results:
    """The folder of jobs.

    Args:
        folder: Where they lie.
    """

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        folder.mkdir(parents=True, exist_ok=True)

    def create(self, id: str, request: Mapping[str, Any], suffix: str) -> Path:
        """Make the folder of a job.

        Args:
            id: The job's.
            request: What was asked for, so that it can be shown again.
            suffix: The extension of its output.

        Returns:
            The output to write.
        """
        folder = self._folder / id
        with writing(folder):
            folder.mkdir()
            (folder / _REQUEST).write_text(json.dumps(request), encoding="utf-8")
        return folder / f"output{suffix}"

    def request(self, id: str) -> Mapping[str, Any] | None:
        """Return what was asked for, None if that is not known."""
        if is_id(id):
            with suppress(OSError, ValueError):
                request: Mapping[str, Any] = json.loads(
                    (self._folder / id / _REQUEST).read_text(encoding="utf-8")
                )
                return request
        return None

    def owns(self, output: Path) -> bool:
        """Return True if a job of this server writes ``output``."""
        return output.parent.parent == self._folder and is_id(output.parent.name)

    def ids(self) -> Iterator[str]:
        """Yield the jobs that have a folder."""
        yield from (path.name for path in self._folder.iterdir() if is_id(path.name))

    def age_of(self, id: str) -> float | None:
        """Return when a job's folder was made, None if there is none."""
        with suppress(OSError):
            return (self._folder / id / _REQUEST).stat().st_mtime
        return None

    def remove(self, id: str) -> None:
        """Delete all files of a job."""
        if is_id(id):
            shutil.rmtree(self._folder / id, ignore_errors=True)

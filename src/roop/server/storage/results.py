"""The folders of jobs, with their outputs and unfinished segments."""

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
        folder: Where they are stored.
    """

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        folder.mkdir(parents=True, exist_ok=True)

    def create(self, id: str, request: Mapping[str, Any], suffix: str) -> Path:
        """Create the folder of a job.

        Args:
            id: The job's id.
            request: The request, to be returned with the job.
            suffix: The extension of its output.

        Returns:
            The path of the output.
        """
        folder = self._folder / id
        with writing(folder):
            folder.mkdir()
            (folder / _REQUEST).write_text(json.dumps(request), encoding="utf-8")
        return folder / f"output{suffix}"

    def request(self, id: str) -> Mapping[str, Any] | None:
        """Return the request of a job, None if it is unknown."""
        if is_id(id):
            with suppress(OSError, ValueError):
                request: Mapping[str, Any] = json.loads(
                    (self._folder / id / _REQUEST).read_text(encoding="utf-8")
                )
                return request
        return None

    def owns(self, output: Path) -> bool:
        """Return whether ``output`` belongs to a job of this server."""
        return output.parent.parent == self._folder and is_id(output.parent.name)

    def ids(self) -> Iterator[str]:
        """Yield the ids of jobs that have a folder."""
        yield from (path.name for path in self._folder.iterdir() if is_id(path.name))

    def age_of(self, id: str) -> float | None:
        """Return when a job's folder was created, None if there is none."""
        with suppress(OSError):
            return (self._folder / id / _REQUEST).stat().st_mtime
        return None

    def remove(self, id: str) -> None:
        """Delete all files of a job."""
        if is_id(id):
            shutil.rmtree(self._folder / id, ignore_errors=True)

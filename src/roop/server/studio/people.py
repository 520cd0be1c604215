"""The people in uploaded media, searched in the background."""

import base64
import threading
from collections.abc import Mapping, Sequence
from concurrent.futures import Future
from dataclasses import dataclass
from typing import Any, Literal

from roop.errors import RoopError, unexpected
from roop.options import FaceOptions
from roop.pipeline.workers.child_process import Message
from roop.studio.studio_client import StudioClient

FACES = FaceOptions()
"""How people are sorted and told apart, the same as by a job without other options."""

SearchState = Literal["searching", "done", "failed"]


@dataclass(frozen=True, slots=True)
class FoundPeople:
    """The people found in a target so far."""

    state: SearchState
    people: Sequence[Mapping[str, Any]] = ()
    """For each, the fields of a ``FoundPerson``."""
    pictures: Sequence[bytes] = ()
    """A JPEG of each."""
    error: RoopError | None = None


class PeopleCache:
    """Searches each target once, and keeps the result.

    Args:
        studio: Does the searches.
    """

    def __init__(self, studio: StudioClient) -> None:
        self._studio = studio
        self._lock = threading.Lock()
        self._found: dict[str, FoundPeople] = {}

    def find(self, id: str, target: str) -> FoundPeople:
        """Return the people found so far; the first call starts the search.

        Args:
            id: The target's id.
            target: Its file.
        """
        with self._lock:
            found = self._found.get(id)
            if found is not None and (found.error is None or found.error.code != "internal"):
                return found
            self._found[id] = FoundPeople("searching")
        values = {"target": target, "faces": FACES.model_dump(mode="json")}
        future = self._studio.request(
            "people", values, lambda more: self._keep(id, _people_of("searching", more))
        )
        future.add_done_callback(lambda done: self._keep(id, _outcome(done)))
        return FoundPeople("searching")

    def remove(self, id: str) -> None:
        """Forget a target."""
        with self._lock:
            self._found.pop(id, None)

    def _keep(self, id: str, found: FoundPeople) -> None:
        with self._lock:
            if id in self._found:
                self._found[id] = found


def _outcome(future: Future[Message]) -> FoundPeople:
    error = future.exception()
    if error is None:
        return _people_of("done", future.result())
    if not isinstance(error, RoopError):
        error = unexpected(Exception(str(error)))
    return FoundPeople("failed", error=error)


def _people_of(state: SearchState, message: Message) -> FoundPeople:
    pictures = [base64.b64decode(picture) for picture in message["pictures"]]
    return FoundPeople(state, message["people"], pictures)

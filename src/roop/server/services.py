"""The services that routes use, created when the server starts."""

import asyncio
import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated

from fastapi import Depends
from starlette.requests import HTTPConnection

from roop.errors import RoopError
from roop.jobs.queue import Queue
from roop.live_options import CameraOptions
from roop.media.pictures.identity_file import identities_folder
from roop.options import Settings, ShareOptions
from roop.processors.base import Registry
from roop.server.options import ServerOptions
from roop.server.responses.problems import Problem, problem_of
from roop.server.security.access import Access
from roop.server.storage.captures import Captures
from roop.server.storage.identities import Identities
from roop.server.storage.inspection import Inspector
from roop.server.storage.media import MediaStore
from roop.server.storage.results import Results
from roop.server.storage.share_uploads import ShareUploads
from roop.server.storage.uploads import Uploads
from roop.server.studio.job_defaults import JobDefaults
from roop.server.studio.live_swaps import LiveSwaps
from roop.server.studio.people import PeopleCache
from roop.server.studio.preview_cache import PreviewCache
from roop.studio.change_feed import ChangeFeed
from roop.studio.studio_client import StudioClient


@dataclass(frozen=True, slots=True)
class Storage:
    """The folder of the server."""

    folder: Path
    uploads: Uploads
    media: MediaStore
    results: Results
    captures: Captures
    identities: Identities

    @classmethod
    def open(cls, folder: Path, options: ServerOptions) -> "Storage":
        """Open the folder, or make it."""
        return cls(
            folder,
            Uploads(folder / "uploads", options),
            MediaStore(folder / "media"),
            Results(folder / "jobs"),
            Captures(folder / "captures"),
            Identities(identities_folder()),
        )

    def redact(self, text: str) -> str:
        """Replace the server's paths in a message by the names that clients gave their files."""
        root = re.escape(str(self.folder))

        def name(found: re.Match[str]) -> str:
            known = {item.id: item.name for item in self.media.all()}
            return known.get(found[1], "a file that is gone")

        saved = re.escape(str(self.identities.folder))
        text = re.sub(rf"{saved}/([^/\n]+?)\.identity", r"\1", text)
        text = re.sub(rf"{root}/(?:media|uploads)/([0-9a-f]{{32}})[\w./-]*", name, text)
        return re.sub(rf"{root}[\w./-]*", "the output", text)


@dataclass(frozen=True, slots=True)
class Services:
    """All services of one server."""

    options: ServerOptions
    settings: Settings
    registry: Registry
    access: Access
    queue: Queue
    feed: ChangeFeed
    storage: Storage
    inspector: Inspector
    studio: StudioClient
    people: PeopleCache
    previews: PreviewCache
    sharing: ShareOptions
    """Where and how results are shared."""
    defaults: JobDefaults
    share_uploads: ShareUploads
    live: LiveSwaps
    cameras: Mapping[str, CameraOptions]
    """Those that clients may use, by the names that they see."""
    stopping: asyncio.Event
    """Set when the server stops, to end streams."""

    def redact(self, text: str) -> str:
        """Replace the server's paths in a message by names."""
        return self.storage.redact(text)

    def problem(self, error: RoopError) -> Problem:
        """Return the problem for an error."""
        hint = None if error.hint is None else self.redact(error.hint)
        return problem_of(error.code, self.redact(str(error)), hint)


def _services(connection: HTTPConnection) -> Services:
    services: Services = connection.app.state.services
    return services


ServicesDep = Annotated[Services, Depends(_services)]

"""Networks, prepared sources and processors, kept from one job to the next."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Generic, TypeVar

from roop.errors import NoFaceError
from roop.faces.analyser import Analyser
from roop.faces.detection.loading import EmbeddedNetworks
from roop.models.loader import Models, SessionCache, UsedModel
from roop.options import Job, Settings, Step
from roop.pipeline.people.face_mapping import load_identities
from roop.pipeline.people.mapping_file import assignments_of
from roop.pipeline.people.paths import photos_in, reference_paths, source_paths
from roop.pipeline.people.photos import Photos
from roop.processors.base import Context, Processor, Registry
from roop.safety.classifiers import Classifiers
from roop.safety.screen import Screen
from roop.types import Identity, Warn

T = TypeVar("T")

Fetching = Callable[[str, int, int | None], None]
"""Receives the progress of a download: the model, the bytes so far and the total, if known."""


@dataclass(slots=True)
class _Kept(Generic[T]):
    """Something that was built, and what it was built from."""

    key: object
    value: T
    warnings: tuple[str, ...]


@dataclass(slots=True)
class Sources:
    """The photos of a job, and the identities in them."""

    photos: Photos
    identities: tuple[Identity, ...]
    passed: bool = False
    """True if the screen has passed every photo."""


@dataclass(frozen=True, slots=True)
class Processors:
    """The processors of a job, and the networks that they run."""

    processors: Sequence[Processor]
    used: tuple[UsedModel, ...]


class PipelineResources:
    """What takes long to build, built on first use and kept for later jobs.

    Of sources and processors only those of the last job are kept. One thread uses it at a time;
    ``share`` makes another one, for a job that runs at the same time.

    Args:
        settings: Options of this machine.
        registry: The processors to choose from.
    """

    def __init__(self, settings: Settings, registry: Registry) -> None:
        self.settings = settings
        self.registry = registry
        self.classifiers = Classifiers(settings)
        """The networks that screen images."""
        self._sessions = SessionCache()
        self._embedded = EmbeddedNetworks(settings)
        self._sources: _Kept[Sources] | None = None
        self._processors: _Kept[Processors] | None = None

    def share(self) -> "PipelineResources":
        """Return resources that run the same networks, with sources and processors of their own."""
        other = PipelineResources(self.settings, self.registry)
        other.classifiers = self.classifiers
        other._sessions = self._sessions.share()
        other._embedded = self._embedded
        return other

    def models(self, warn: Warn, on_download: Fetching) -> Models:
        """Return a loader of networks for one job; loaded networks are reused."""
        return Models(self.settings, warn=warn, on_download=on_download, cache=self._sessions)

    def analyser(self, job: Job, models: Models) -> Analyser:
        """Return the analyser of a job's photos and target."""
        return Analyser(self.settings, job.faces, models=models, embedded=self._embedded)

    def sources(self, job: Job, analyser: Analyser, screen: Screen, warn: Warn) -> Sources:
        """Return the photos of a job and the identities in them, all submitted to ``screen``.

        Raises:
            NoFaceError: A photo does not show the face that it should.
            RefusedError: A photo is refused; or later, as the verdicts come in from ``screen``.
            MediaError: A file cannot be read.
            UsageError: The mapping is invalid.
        """
        key = _sources_key(job)
        if self._sources is None or self._sources.key != key:
            self._sources = self._processors = None  # free the memory first
            warnings: list[str] = []
            paths = [*source_paths(job), *reference_paths(job)]
            photos = Photos(paths, warnings.append)
            photos.submit(screen)
            try:
                sources = Sources(photos, load_identities(job, photos, analyser))
            except NoFaceError:
                screen.wait_for_verdicts()  # a refusal comes first
                raise
            self._sources = _Kept(key, sources, tuple(warnings))
        elif not self._sources.value.passed:
            self._sources.value.photos.submit(screen)
        for warning in self._sources.warnings:
            warn(warning)
        return self._sources.value

    def processors(
        self, job: Job, sources: Sources, warn: Warn, on_download: Fetching, *, single: bool
    ) -> Processors:
        """Return the processors of a job.

        Args:
            job: Its steps say which.
            sources: What ``sources`` returned for it.
            warn: Receives warnings about how networks run.
            on_download: Receives the progress of downloads.
            single: The job replaces one face in one photo.
        """
        key = (_steps_key(job.steps), single)
        if self._processors is None or self._processors.key != key:
            self._processors = None  # free the memory first
            warnings: list[str] = []
            models = self.models(warnings.append, on_download)
            context = Context(self.settings, sources.identities, models, single_face=single)
            built = Processors(self.registry.build(job.steps, context), models.used)
            self._processors = _Kept(key, built, tuple(warnings))
        for warning in self._processors.warnings:
            warn(warning)
        self._sessions.use(model.name for model in self._processors.value.used)
        return self._processors.value

    def close(self) -> None:
        """Free everything that is not shared; later jobs build what they need again."""
        self._sessions.release()
        self.classifiers = Classifiers(self.settings)
        self._sessions = SessionCache()
        self._embedded = EmbeddedNetworks(self.settings)
        self._sources = self._processors = None

    def end_job(self) -> None:
        """Free the networks that the last job did not use."""
        self._sessions.end_job()


def _sources_key(job: Job) -> object:
    """Return what the identities of a job depend on: its photos and which faces of them."""
    mapping = [(given.source, given.reference) for given in assignments_of(job.faces)]
    paths = photos_in([*source_paths(job), *reference_paths(job)])
    faces = job.faces
    choice = (faces.source_face_position, faces.reference, faces.face_detector)
    return (job.sources, mapping, choice, [_file_key(path) for path in paths])


def _file_key(path: Path) -> object:
    """Return what tells a file from one that replaces it."""
    try:
        status = path.stat()
    except OSError:
        return (path, None)
    return (path, status.st_ino, status.st_size, status.st_mtime_ns)


def _steps_key(steps: Sequence[Step]) -> object:
    return [(step.processor, repr(sorted(step.options.items()))) for step in steps]

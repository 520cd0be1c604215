"""Loader of a job's networks, a cache of them for later jobs, and a list for the result."""

import threading
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from roop.models.catalogue import Catalogue, Model
from roop.models.files.folder import ModelFolder
from roop.models.formats.initializers import last_initializer
from roop.models.opening import open_session
from roop.models.session import Session, memory_limit_error
from roop.options import Settings
from roop.types import Warn


@dataclass(frozen=True, slots=True)
class UsedModel:
    """A network that a job used."""

    name: str
    sha256: str
    licence: str
    provider: str
    """The provider it actually ran on."""


@dataclass(frozen=True, slots=True)
class _Loaded:
    """A loaded network, and the warnings about how it runs."""

    session: Session
    weight_bytes: int
    warnings: tuple[str, ...]


@dataclass(slots=True)
class _Networks:
    """The networks of one or more caches."""

    lock: threading.RLock = field(default_factory=threading.RLock)
    loaded: dict[tuple[str, bool], _Loaded] = field(default_factory=dict)
    in_use: list[set[str]] = field(default_factory=list)
    """Names that each cache's current job uses."""


class SessionCache:
    """Loaded networks, kept from one job to the next. For one thread at a time.

    Jobs that run at the same time have a cache each, which share their networks.
    """

    def __init__(self, networks: _Networks | None = None) -> None:
        self._networks = networks or _Networks()
        self._in_use: set[str] = set()
        with self._networks.lock:
            self._networks.in_use.append(self._in_use)

    def share(self) -> "SessionCache":
        """Return a cache of the same networks, for another thread."""
        return SessionCache(self._networks)

    def release(self) -> None:
        """Leave the networks to the caches that share them; those that nobody uses are freed."""
        with self._networks.lock:
            used = self._networks.in_use
            self._networks.in_use = [names for names in used if names is not self._in_use]
            self.remove_unused()

    @property
    def weight_bytes(self) -> int:
        """Total size of the networks in the cache."""
        with self._networks.lock:
            return sum(loaded.weight_bytes for loaded in self._networks.loaded.values())

    def get(self, name: str, open_network: Callable[[], _Loaded], *, few_runs: bool) -> _Loaded:
        """Return the network called ``name``; open it if it is not in the cache.

        Args:
            name: Its name in the catalogue.
            open_network: Opens the network.
            few_runs: Whether it is optimised for loading time.
        """
        key, loaded = (name, few_runs), self._networks.loaded
        with self._networks.lock:
            self._in_use.add(name)
            if key not in loaded:
                loaded[key] = open_network()
            return loaded[key]

    def use(self, names: Iterable[str]) -> None:
        """Mark the networks called ``names`` as used by the current job."""
        with self._networks.lock:
            self._in_use.update(names)

    def remove_unused(self) -> None:
        """Remove the networks that no current job has used so far."""
        with self._networks.lock:
            used = set().union(*self._networks.in_use)
            for key in [key for key in self._networks.loaded if key[0] not in used]:
                del self._networks.loaded[key]

    def end_job(self) -> None:
        """Remove the networks that the job did not use."""
        with self._networks.lock:
            self.remove_unused()
            self._in_use.clear()


class Models:
    """Loads networks by catalogue name, for one job and one thread."""

    def __init__(
        self,
        settings: Settings,
        *,
        warn: Warn = lambda text: None,
        on_download: Callable[[str, int, int | None], None] | None = None,
        catalogue: Catalogue | None = None,
        cache: SessionCache | None = None,
    ) -> None:
        """Prepare to load networks, without accessing any file yet.

        Args:
            settings: Where models are stored and what they may run on.
            warn: Called with a message if a network runs on another provider than requested.
            on_download: Called during a download with the model's name, the bytes so far and the
                total, if known. It may raise to stop the download.
            catalogue: The models to choose from; None for the package's and the user's.
            cache: Networks loaded by earlier jobs, if any.
        """
        self.folder = ModelFolder(settings, catalogue)
        self._settings = settings
        self._warn = warn
        self._on_download = on_download
        self._cache = cache or SessionCache()
        self._used: dict[str, UsedModel] = {}

    @property
    def used(self) -> tuple[UsedModel, ...]:
        """The networks loaded so far, in order."""
        return tuple(self._used.values())

    def session(self, name: str, *, few_runs: bool = False) -> Session:
        """Load a network; download it first if it is missing.

        Args:
            name: Its name in the catalogue.
            few_runs: Optimise for loading time: the network runs only once or twice.

        Raises:
            ModelError: The network is unknown, unavailable or cannot be run.
        """
        model = self.folder.catalogue[name]

        def open_network() -> _Loaded:
            path, warnings = self._path(name), list[str]()
            self._check_memory(path, model)
            session = open_session(path, model, self._settings, warnings.append, few_runs=few_runs)
            return _Loaded(session, path.stat().st_size, tuple(warnings))

        loaded = self._cache.get(name, open_network, few_runs=few_runs)
        for warning in loaded.warnings:
            self._warn(warning)
        provider = loaded.session.provider
        self._used[name] = UsedModel(name, model.sha256, model.licence, provider)
        return loaded.session

    def _check_memory(self, path: Path, model: Model) -> None:
        """Enforce the memory limit of all networks together.

        Weights have to be checked here: ONNX Runtime loads them even beyond its limit, and then
        ignores the limit altogether.
        """
        limit = self._settings.network_memory
        if limit is None:
            return
        if not self._cache.weight_bytes:
            from roop.models.runtimes.onnx import limit_memory  # takes half a second to import

            limit_memory(limit)
        size = path.stat().st_size
        if self._cache.weight_bytes + size > limit:
            self._cache.remove_unused()  # those of earlier jobs
        if self._cache.weight_bytes + size > limit:
            raise memory_limit_error(model)

    def last_initializer(self, name: str) -> NDArray[np.float32]:
        """Return the last initializer in a network's file: the emap of a swap model.

        Raises:
            ModelError: The network is unavailable, or its file has no such initializer.
        """
        return last_initializer(self._path(name))

    def _path(self, name: str) -> Path:
        report = self._on_download
        progress = (lambda done, total: report(name, done, total)) if report else None
        return self.folder.require(name, progress=progress)

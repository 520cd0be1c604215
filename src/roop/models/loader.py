"""The networks of one job: fetched, loaded, and remembered for its result."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass
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
    """A network that took part in a job."""

    name: str
    sha256: str
    licence: str
    provider: str
    """What it really ran on."""


@dataclass(frozen=True, slots=True)
class _Loaded:
    """A network that was loaded, and the warnings about how it runs."""

    session: Session
    warnings: tuple[str, ...]


class SessionCache:
    """Loaded networks that jobs use one after another, in one thread at a time."""

    def __init__(self) -> None:
        self._loaded: dict[tuple[str, bool], _Loaded] = {}
        self._in_use: set[str] = set()
        self.weight_bytes = 0
        """Bytes of all networks loaded so far."""

    def get(self, name: str, open_network: Callable[[Warn], Session], *, few_runs: bool) -> _Loaded:
        """Return the network called ``name``, opened if it is not here.

        Args:
            name: Its row of the catalogue.
            open_network: Opens it; takes what receives warnings.
            few_runs: It was, or is to be, loaded for one or two runs.
        """
        key = (name, few_runs)
        self._in_use.add(name)
        if key not in self._loaded:
            warnings: list[str] = []
            session = open_network(warnings.append)
            self._loaded[key] = _Loaded(session, tuple(warnings))
        return self._loaded[key]

    def use(self, names: Iterable[str]) -> None:
        """Note that the running job uses the networks called ``names``."""
        self._in_use.update(names)

    def end_job(self) -> None:
        """Let go of the networks that the job did not use."""
        self._loaded = {
            key: loaded for key, loaded in self._loaded.items() if key[0] in self._in_use
        }
        self._in_use.clear()


class Models:
    """Loads networks by their catalogue names, for one job and one thread."""

    def __init__(
        self,
        settings: Settings,
        *,
        warn: Warn = lambda text: None,
        on_download: Callable[[str, int, int | None], None] | None = None,
        catalogue: Catalogue | None = None,
        cache: SessionCache | None = None,
    ) -> None:
        """Prepare to load; nothing is looked for yet.

        Args:
            settings: Where models lie and what they may run on.
            warn: Told when another provider than the wanted one is used.
            on_download: Called during a download with the model's name, the bytes so far and the
                total, if known. It may raise to stop the download.
            catalogue: The rows to choose from; None for the package's own.
            cache: Networks that earlier jobs have loaded; None for none.
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
        """Load a network, downloaded first if need be.

        Args:
            name: Its row of the catalogue.
            few_runs: It is run once or twice, so that loading counts for more than running.

        Raises:
            ModelError: It is unknown, cannot be had or cannot be run.
        """
        model = self.folder.catalogue[name]

        def open_network(warn: Warn) -> Session:
            path = self._path(name)
            self._check_memory(path, model)
            return open_session(path, model, self._settings, warn, few_runs=few_runs)

        loaded = self._cache.get(name, open_network, few_runs=few_runs)
        for warning in loaded.warnings:
            self._warn(warning)
        provider = loaded.session.provider
        self._used[name] = UsedModel(name, model.sha256, model.licence, provider)
        return loaded.session

    def _check_memory(self, path: Path, model: Model) -> None:
        """Hold the networks to the memory that they may take.

        Weights are checked here: beyond its bound ONNX Runtime takes them all the same, and then
        counts what is left as if there were no bound.
        """
        limit = self._settings.network_memory
        if limit is None:
            return
        if not self._cache.weight_bytes:
            from roop.models.runtimes.onnx import limit_memory  # takes half a second to import

            limit_memory(limit)
        self._cache.weight_bytes += path.stat().st_size
        if self._cache.weight_bytes > limit:
            raise memory_limit_error(model)

    def last_initializer(self, name: str) -> NDArray[np.float32]:
        """Return the last constant in a network's file: the emap of a row with that ``latent``.

        Raises:
            ModelError: The network cannot be had, or its file has no such constant.
        """
        return last_initializer(self._path(name))

    def _path(self, name: str) -> Path:
        report = self._on_download
        progress = (lambda done, total: report(name, done, total)) if report else None
        return self.folder.require(name, progress=progress)

"""Management of the folder of models: list, download, verify, remove."""

from collections.abc import Sequence
from dataclasses import dataclass

from roop.errors import ModelError
from roop.models.catalogue import Model
from roop.models.files.custom import forget
from roop.models.files.download import DownloadProgress
from roop.models.files.folder import ModelFolder


@dataclass(frozen=True, slots=True)
class ModelStatus:
    """The state of one model on this machine."""

    name: str
    task: str
    family: str
    licence: str
    terms: str
    size: int | None
    """In bytes; None if unknown before the download."""
    source: str
    """The URL, package or file it comes from."""
    state: str
    """"present", "missing", or what is wrong with it."""


def list_models(folder: ModelFolder, task: str | None = None) -> tuple[ModelStatus, ...]:
    """Return the state of all models, or of those for ``task``.

    Raises:
        ModelError: There is no such task.
    """
    tasks = dict.fromkeys(model.task for model in folder.catalogue)
    if task is not None and task not in tasks:
        raise ModelError(f"there is no task {task!r}", hint=f"choose one of: {', '.join(tasks)}")
    return tuple(
        status_of(folder, model) for model in folder.catalogue if task in (None, model.task)
    )


def find_models(folder: ModelFolder, names: Sequence[str]) -> tuple[Model, ...]:
    """Return the models with these names; a family's name stands for its first model.

    Raises:
        ModelError: A name is unknown.
    """
    families = {model.family: model for model in reversed(tuple(folder.catalogue))}
    found = [families.get(name) or folder.catalogue[name] for name in names]
    return tuple(dict.fromkeys(found))


def with_dependencies(folder: ModelFolder, models: Sequence[Model]) -> tuple[Model, ...]:
    """Return ``models`` and the recognisers that they need."""
    needed = [folder.catalogue[model.embedding] for model in models if model.embedding]
    return tuple(dict.fromkeys([*models, *needed]))


def pull(
    folder: ModelFolder, model: Model, progress: DownloadProgress | None = None
) -> ModelStatus:
    """Download ``model`` if it is missing or damaged.

    Raises:
        ModelError: It cannot be downloaded.
    """
    folder.require(model.name, progress=progress)
    return status_of(folder, model)


def verify(folder: ModelFolder, model: Model) -> ModelStatus:
    """Verify the digest of ``model``'s whole file."""
    status = status_of(folder, model)
    path = folder.locate(model)
    if status.state != "present" or path is None or model.matches(path):
        return status
    return status_of(folder, model, "damaged: its sha256 differs")


def remove(folder: ModelFolder, model: Model) -> ModelStatus:
    """Delete the downloaded file of ``model``; unregister a custom model but keep its file.

    Raises:
        ModelError: The model belongs to an installed package, or cannot be deleted.
    """
    if model.path is not None:
        forget(folder, model.name)
        return status_of(folder, model, "forgotten")
    if model.package is not None:
        raise ModelError(
            f"{model.name} is part of the package {model.package}",
            hint="it takes no space in the folder of models; only downloaded models are removed",
        )
    path = folder.path / model.filename
    try:
        for file in (path, path.with_name(f"{path.name}.part")):
            file.unlink(missing_ok=True)
    except OSError as error:
        raise ModelError(
            f"cannot delete {error.filename}: {error.strerror}", hint="delete the file yourself"
        ) from error
    return status_of(folder, model)


def status_of(folder: ModelFolder, model: Model, state: str | None = None) -> ModelStatus:
    """Return the state of ``model``: ``state`` if given, else as found by a quick check."""
    path = folder.locate(model)
    size = path.stat().st_size if path is not None and path.is_file() else model.size
    return ModelStatus(
        name=model.name,
        task=model.task,
        family=model.family,
        licence=model.licence,
        terms=model.terms,
        size=size,
        source=model.url or model.package or str(model.path),
        state=state or folder.problem(model) or "present",
    )

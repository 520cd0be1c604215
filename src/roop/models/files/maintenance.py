"""What a person does with the folder of models: look, fetch, check, remove."""

from collections.abc import Sequence
from dataclasses import dataclass

from roop.errors import ModelError
from roop.models.catalogue import Model
from roop.models.files.custom import forget
from roop.models.files.download import DownloadProgress
from roop.models.files.folder import ModelFolder


@dataclass(frozen=True, slots=True)
class ModelStatus:
    """One model, as it is on this machine."""

    name: str
    task: str
    family: str
    licence: str
    terms: str
    size: int | None
    """Bytes; None where that is not known before it is here."""
    source: str
    """The address, the package or the file that it comes from."""
    state: str
    """"present", "missing", or what is wrong with it."""


def list_models(folder: ModelFolder, task: str | None = None) -> tuple[ModelStatus, ...]:
    """Return all models, or those that do ``task``.

    Raises:
        ModelError: No model does ``task``.
    """
    tasks = dict.fromkeys(model.task for model in folder.catalogue)
    if task is not None and task not in tasks:
        raise ModelError(f"no model does {task!r}", hint=f"choose one of: {', '.join(tasks)}")
    return tuple(
        status_of(folder, model) for model in folder.catalogue if task in (None, model.task)
    )


def find_models(folder: ModelFolder, names: Sequence[str]) -> tuple[Model, ...]:
    """Return the models of these names, or the first of each family of these names.

    Raises:
        ModelError: A name is unknown.
    """
    families = {model.family: model for model in reversed(tuple(folder.catalogue))}
    found = [families.get(name) or folder.catalogue[name] for name in names]
    return tuple(dict.fromkeys(found))


def with_dependencies(folder: ModelFolder, models: Sequence[Model]) -> tuple[Model, ...]:
    """Return ``models`` and what they cannot work without."""
    needed = [folder.catalogue[model.embedding] for model in models if model.embedding]
    return tuple(dict.fromkeys([*models, *needed]))


def pull(
    folder: ModelFolder, model: Model, progress: DownloadProgress | None = None
) -> ModelStatus:
    """Fetch ``model`` unless it is here.

    Raises:
        ModelError: It cannot be had.
    """
    folder.require(model.name, progress=progress)
    return status_of(folder, model)


def verify(folder: ModelFolder, model: Model) -> ModelStatus:
    """Read all of ``model``'s file and compare its digest, whatever its size."""
    status = status_of(folder, model)
    path = folder.locate(model)
    if status.state != "present" or path is None or model.matches(path):
        return status
    return status_of(folder, model, "damaged: its sha256 differs")


def remove(folder: ModelFolder, model: Model) -> ModelStatus:
    """Delete the downloaded file of ``model``; of one's own file only the row.

    Raises:
        ModelError: It belongs to an installed package, or cannot be deleted.
    """
    if model.path is not None:
        forget(folder, model.name)
        return status_of(folder, model, "forgotten")
    if model.package is not None:
        raise ModelError(
            f"{model.name} belongs to the package {model.package}",
            hint=f"pip uninstall {model.package.partition('==')[0]}",
        )
    path = folder.path / model.filename
    try:
        for file in (path, path.with_name(f"{path.name}.part")):
            file.unlink(missing_ok=True)
    except OSError as error:
        raise ModelError(
            f"cannot delete {error.filename}: {error.strerror}", hint="delete it by hand"
        ) from error
    return status_of(folder, model)


def status_of(folder: ModelFolder, model: Model, state: str | None = None) -> ModelStatus:
    """Return how ``model`` is here; ``state`` if that is known better than by a quick look."""
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

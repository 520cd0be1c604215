"""Bundles: tar files of models, for machines without network access."""

import hashlib
import io
import shutil
import tarfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path, PurePosixPath
from typing import IO

from roop.errors import ModelError
from roop.models.catalogue import Model
from roop.models.files.folder import ModelFolder
from roop.replacement import replacing

DIGESTS = "SHA256SUMS"
"""The member with all digests, in the format of ``sha256sum -c``."""

_FOLDER = "roop-models"
_CHUNK = 1 << 20
_DISK_RESERVE = 64 << 20  # bytes of disk space to leave free


def export_bundle(folder: ModelFolder, models: Sequence[Model], bundle: Path) -> Iterator[Model]:
    """Write the files of ``models`` to a tar file.

    Models from Python packages are left out: the package has to be installed anyway.

    Yields:
        Each model after it is written. The bundle appears under its name after the last.

    Raises:
        ModelError: A model is missing or damaged, or the bundle exists or cannot be written.
    """
    if bundle.exists():
        raise ModelError(f"{bundle} exists", hint="choose another name")
    downloadable = [model for model in models if model.url]
    if not downloadable:
        raise ModelError("no model to put into the bundle", hint="see `roop models list`")
    paths = [_intact_file(folder, model) for model in downloadable]
    sums = "".join(f"{model.sha256}  {model.filename}\n" for model in downloadable).encode()
    with _writing(bundle) as part, tarfile.open(part, "w") as tar:
        entry = tarfile.TarInfo(f"{_FOLDER}/{DIGESTS}")
        entry.size = len(sums)
        tar.addfile(entry, io.BytesIO(sums))
        for model, path in zip(downloadable, paths, strict=True):
            entry = tarfile.TarInfo(
                f"{_FOLDER}/{model.filename}"
            )  # no owner, no time: reproducible
            entry.size = path.stat().st_size
            with path.open("rb") as file:
                tar.addfile(entry, file)
            yield model


def import_bundle(folder: ModelFolder, bundle: Path) -> Iterator[Model]:
    """Extract the models of a bundle to the folder.

    Nothing in a bundle is trusted: only files of catalogue models are extracted, each under its
    name in the catalogue and only if its digest matches.

    Yields:
        Each model after it is extracted.

    Raises:
        ModelError: The bundle is damaged or contains anything else, or the disk is full. Models
            extracted before that stay.
    """
    known = {model.filename: model for model in folder.catalogue if model.url}
    found = False
    try:
        folder.path.mkdir(parents=True, exist_ok=True)
        with tarfile.open(bundle, "r:") as tar:
            for member in tar:
                name = PurePosixPath(member.name)
                if member.isdir() or name.name == DIGESTS:
                    continue
                if not member.isfile() or member.issparse() or name.name not in known:
                    raise _not_a_bundle(bundle, f"{member.name!r} is not a model in the catalogue")
                model = known[name.name]
                source = tar.extractfile(member)
                if source is not None:
                    _extract(folder, model, source, member.size)
                found = True
                yield model
    except (tarfile.TarError, EOFError) as error:
        raise _not_a_bundle(bundle, str(error)) from error
    except OSError as error:
        raise ModelError(
            f"cannot import {error.filename or bundle}: {error.strerror or error}",
            hint="check that the bundle is readable and that the disk has room",
        ) from error
    if not found:
        raise _not_a_bundle(bundle, "it contains no model")


def _extract(folder: ModelFolder, model: Model, source: IO[bytes], size: int) -> None:
    """Copy one file to a temporary name, verify it, and rename it."""
    if model.size is not None and size != model.size:
        raise ModelError(
            f"the bundle's {model.name} is damaged: {size} bytes instead of {model.size}",
            hint="export the bundle again",
        )
    free = shutil.disk_usage(folder.path).free
    if size + _DISK_RESERVE > free:
        raise ModelError(
            f"no room for {model.name}: it needs {size / 1e6:.0f} MB, {free / 1e6:.0f} MB are free "
            f"in {folder.path}",
            hint="free some space, or choose another folder with [[models]]",
        )
    digest = hashlib.sha256()
    with _writing(folder.path / model.filename) as part:
        with part.open("wb") as file:
            for chunk in _chunks(source):
                digest.update(chunk)
                file.write(chunk)
        if digest.hexdigest() != model.sha256:
            raise ModelError(
                f"the bundle's {model.name} is damaged: its sha256 differs",
                hint="export the bundle again",
            )


def _chunks(source: IO[bytes]) -> Iterator[bytes]:
    while chunk := source.read(_CHUNK):
        yield chunk


@contextmanager
def _writing(path: Path) -> Iterator[Path]:
    """Yield a temporary file that becomes ``path`` on a clean exit, with errors translated."""
    try:
        with replacing(path) as part:
            yield part
    except OSError as error:
        raise ModelError(
            f"cannot write {path}: {error.strerror or error}",
            hint="free some space, or choose another folder",
        ) from error


def _intact_file(folder: ModelFolder, model: Model) -> Path:
    path = folder.path / model.filename
    fault = folder.problem(model) or (
        None if model.matches(path) else "damaged: its sha256 differs"
    )
    if fault:
        raise ModelError(
            f"the model {model.name} is {fault}", hint=f"`roop models pull {model.name}`"
        )
    return path


def _not_a_bundle(bundle: Path, reason: str) -> ModelError:
    return ModelError(
        f"{bundle} is not a bundle of models: {reason}",
        hint="bundles are made with `roop models export`",
    )

"""The record of a finished job: what went in, what came out, and with what."""

import datetime
import hashlib
import json
from collections.abc import Sequence
from dataclasses import dataclass
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any, Literal

from roop.errors import MediaError
from roop.media.files.disk import reason
from roop.models.files.folder import ModelFolder
from roop.models.networks import embedded_models, screen_models
from roop.models.roles import detector_model, recogniser_model
from roop.options import Job, Settings
from roop.pipeline.people.paths import photos_in, reference_paths, source_paths
from roop.processors.base import Registry
from roop.provenance.xmp import SOURCE_TYPE
from roop.version import VERSION

_LIBRARIES = ("av", "c2pa-python", "numpy", "onnxruntime", "opencv-python-headless", "pillow")


def input_digests(job: Job) -> dict[str, Any]:
    """Return the digests of the files that a job reads; its output may replace them.

    Raises:
        MediaError: A file cannot be read.
    """
    sources = [_digest(path) for path in photos_in(source_paths(job))]
    references = [_digest(path) for path in photos_in(reference_paths(job))]
    return {"sources": sources, "references": references, "target": _digest(job.target)}


def write_record(
    part: Path, job: Job, settings: Settings, *, inputs: dict[str, Any], results: dict[str, Any]
) -> None:
    """Write the record; it contains digests, no images.

    Args:
        part: The file to write.
        job: The job.
        settings: Where the models are.
        inputs: As returned by ``inputs_of`` before the job.
        results: The result, with the path of the output as ``output``.
    """
    record = {
        "software": {"name": "roop", "version": VERSION},
        "time": datetime.datetime.now(datetime.UTC).isoformat(timespec="seconds"),
        **inputs,
        "output": _digest(results["output"]),
        "digital_source_type": SOURCE_TYPE,
        "options": job.model_dump(mode="json", exclude={"sources", "target", "output", "record"}),
        "models": model_digests(settings, results["models"]),
        "libraries": versions(),
        "result": {name: value for name, value in results.items() if name != "output"},
    }
    text = json.dumps(record, indent=2, default=str, ensure_ascii=False)
    part.write_text(f"{text}\n", encoding="utf-8")


def _digest(path: Path) -> dict[str, Any]:
    try:
        with path.open("rb") as file:
            digest = hashlib.file_digest(file, "sha256").hexdigest()
            size = file.tell()
    except OSError as error:
        raise MediaError(f"{path} cannot be read: {reason(error)}") from error
    return {"name": path.name, "bytes": size, "sha256": digest}


@dataclass(frozen=True, slots=True)
class Recognition:
    """How people were recognised in a job."""

    by: Literal["embedding", "descriptor"]
    """By a network's embedding, or by a descriptor that needs no network."""
    name: str
    """Name of the network in the catalogue, or of the descriptor."""
    limit: float
    """Distance up to which a face counted as a person's, on the original tool's scale."""


def recognition_of(job: Job, settings: Settings) -> Recognition | None:
    """Return how a job recognises people; None if it names nobody."""
    if not job.faces.selective:
        return None
    name, limit = recogniser_model(ModelFolder(settings), settings), job.faces.similar_face_distance
    if name is None:
        from roop.faces.recognition.texture import TextureRecogniser  # brings OpenCV and more

        return Recognition("descriptor", TextureRecogniser.name, limit)
    return Recognition("embedding", name, limit)


def models_of(job: Job, settings: Settings, registry: Registry) -> tuple[str, ...]:
    """Return the catalogue's names of the networks that make the output of a job.

    Raises:
        ModelError: The job names one that does not exist.
    """
    folder = ModelFolder(settings)
    detector = detector_model(job.faces.face_detector, folder)
    recogniser = recogniser_model(folder, settings) if job.faces.selective else None
    known = (detector, embedded_models(folder)[1], *([recogniser] if recogniser else []))
    return tuple(dict.fromkeys((*known, *registry.models(job.steps, settings))))


def model_digests(settings: Settings, names: Sequence[str]) -> dict[str, str]:
    """Return the digests of the networks of ``names`` and of those that screen."""
    folder = ModelFolder(settings)
    used = dict.fromkeys((*names, *screen_models(settings)))
    return {name: folder.catalogue[name].sha256 for name in used}


def versions() -> dict[str, str]:
    """Return the versions of the libraries that process images, by name."""
    found: dict[str, str] = {}
    for name in _LIBRARIES:
        try:
            found[name] = version(name)
        except PackageNotFoundError:
            continue
    return found

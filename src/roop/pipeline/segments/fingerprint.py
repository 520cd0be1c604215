"""The fingerprint of a job: a job resumes only if nothing that its output depends on has changed.

Files count by their content: one that was moved or touched is the same, one that was edited under
its old name and date is not. Hashing a video takes about a second for every two hours.
"""

from dataclasses import asdict
from typing import Any

from roop.options import Job, Settings
from roop.pipeline.output.record import input_digests, model_digests, models_of, versions
from roop.pipeline.people.mapping_file import assignments_of
from roop.pipeline.segments.plan import Pace
from roop.processors.base import Registry
from roop.version import VERSION

_LEFT_OUT = {"sources", "target", "output", "force", "record", "steps", "frames"}
"""Parts of a job that do not change its output, or that the fingerprint has elsewhere."""

_POSITIONS = {"position", "frame"}
"""Fields of a mapping that count as they are; its photos count by their content."""

Fingerprint = dict[str, Any]
"""JSON by topic: target, sources, options, software, pace."""


def fingerprint_of(job: Job, settings: Settings, registry: Registry, pace: Pace) -> Fingerprint:
    """Return everything that the output of ``job`` depends on.

    Raises:
        MediaError: A file cannot be read.
    """
    inputs = input_digests(job)
    options: dict[str, Any] = {}
    for group in job.model_dump(mode="json", exclude=_LEFT_OUT).values():
        options |= group
    mapping = assignments_of(job.faces)
    options |= {"mapping": [given.model_dump(include=_POSITIONS) for given in mapping]}
    for name in ("reference", "map", "map_file"):
        options.pop(name)
    for step in job.steps:
        spec = registry[step.processor]
        own = spec.parse(step.options).model_dump(mode="json")
        options |= {f"{spec.name} {name}": value for name, value in own.items()}
    if registry.models(job.steps, settings):  # the last digits depend on where networks run
        options |= {
            "execution provider": list(settings.execution_provider),
            "execution precision": settings.execution_precision,
        }
    digests = model_digests(settings, models_of(job, settings, registry))
    software = {"roop": VERSION, **versions(), **digests}
    return {
        "target": inputs["target"]["sha256"],
        "sources": [f["sha256"] for f in (*inputs["sources"], *inputs["references"])],
        "options": {**options, "processors": [step.processor for step in job.steps]},
        "software": software,
        "pace": {name: str(value) for name, value in asdict(pace).items()},
    }


def difference(old: Fingerprint, new: Fingerprint) -> str:
    """Return in a few words what has changed; ``old`` may have been edited by anybody."""
    if not isinstance(old, dict) or not isinstance(old.get("options"), dict):
        return "the record of the earlier run is damaged"
    if old.get("target") != new["target"]:
        return "the target has changed"
    if old.get("sources") != new["sources"]:
        return "the source photos have changed"
    before = old.get("options", {})
    for name, value in new["options"].items():
        if before.get(name) != value:
            return f"{name.replace('_', ' ')} is {value} and was {before.get(name)}"
    if old.get("software") != new["software"]:
        return "roop or one of its libraries has changed"
    return "the target was cut in another way"

"""The options of jobs that clients may set: those of ``roop swap`` that name no files."""

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, get_args

from pydantic.fields import FieldInfo
from pydantic.json_schema import models_json_schema

from roop.options import FaceOptions, FrameOptions, Job, LabelOptions, Options, VideoOptions
from roop.processors.base import Registry
from roop.server.responses.problems import ApiError

_GROUPS: tuple[type[Options], ...] = (FaceOptions, VideoOptions, LabelOptions)

_NOT_OF_CLIENTS = frozenset({"force", "record", *FrameOptions.model_fields})
"""The server names outputs itself, and only serves those."""


def require_allowed(options: Mapping[str, Any], registry: Registry) -> None:
    """Check that clients may set all of ``options``, whether these exist or not.

    Raises:
        ApiError: An option names a file, or has no effect on a server.
    """
    faces = set(_file_fields(FaceOptions))
    others = {name for model in _models(registry) for name in _file_fields(model)}
    for name in options:
        if name in faces | others | _NOT_OF_CLIENTS:
            hint = "use assignments for who gets which face" if name in faces else None
            raise ApiError("usage", f"{name} cannot be set over HTTP", hint=hint)


def is_allowed(name: str, registry: Registry) -> bool:
    """Return whether clients may set an option."""
    try:
        require_allowed({name: None}, registry)
    except ApiError:
        return False
    return True


def schema_of(registry: Registry, defaults: Mapping[str, Any] | None = None) -> dict[str, Any]:
    """Return the JSON Schema of the options that a client may set, as ``roop.swap`` takes them.

    The fields come from the models that the command line's flags are made of.

    Args:
        registry: The available processors.
        defaults: Replace the options' own.
    """
    models = _models(registry)
    _, shared = models_json_schema(
        [(model, "validation") for model in models], ref_template="#/components/schemas/{model}"
    )
    engines = [spec.name for spec in registry if spec.engine]
    others = [spec.name for spec in registry if not spec.engine]
    default = Job.model_fields["steps"].default[0].processor
    properties: dict[str, Any] = {
        "engine": {"enum": [*engines, "none"], "default": default, "description": "what swaps"},
        "processor": {
            "type": "array",
            "items": {"enum": others},
            "description": "what else to do, in this order",
        },
    }
    for model in models:
        fields = shared["$defs"][model.__name__]["properties"]
        left_out = set(_file_fields(model))
        properties |= {name: field for name, field in fields.items() if name not in left_out}
    for name in properties.keys() & (defaults or {}).keys():
        properties[name] = {**properties[name], "default": (defaults or {})[name]}
    return {
        "type": "object",
        "description": "options of `roop swap`, by their names in Python",
        "properties": properties,
        "additionalProperties": False,
    }


def _models(registry: Registry) -> list[type[Options]]:
    return [*_GROUPS, *dict.fromkeys(spec.options for spec in registry)]


def _file_fields(model: type[Options]) -> Iterator[str]:
    """Yield the options that contain file names."""
    for name, field in model.model_fields.items():
        if _names_file(field):
            yield name


def _names_file(field: FieldInfo) -> bool:
    def contains(annotation: Any) -> bool:  # noqa: ANN401 - a type form has no better type
        if annotation is Path:
            return True
        if isinstance(annotation, type) and issubclass(annotation, Options):
            return any(contains(inner.annotation) for inner in annotation.model_fields.values())
        return any(contains(part) for part in get_args(annotation))

    return contains(field.annotation)

"""The options of jobs that name no files, as a JSON Schema."""

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, get_args

from pydantic.fields import FieldInfo
from pydantic.json_schema import models_json_schema

from roop.options import FaceOptions, Job, LabelOptions, Options, VideoOptions
from roop.processors.base import Registry

_GROUPS: tuple[type[Options], ...] = (FaceOptions, VideoOptions, LabelOptions)


def schema_of(registry: Registry, defaults: Mapping[str, Any] | None = None) -> dict[str, Any]:
    """Return the JSON Schema of the options that name no files, as ``roop.swap`` takes them.

    The fields come from the models that the command line's flags are made of.

    Args:
        registry: The available processors.
        defaults: Replace the options' own.
    """
    models = option_models(registry)
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
        left_out = set(file_options(model))
        properties |= {name: field for name, field in fields.items() if name not in left_out}
    for name in properties.keys() & (defaults or {}).keys():
        properties[name] = {**properties[name], "default": (defaults or {})[name]}
    return {
        "type": "object",
        "description": "options of `roop swap`, by their names in Python",
        "properties": properties,
        "additionalProperties": False,
    }


def option_models(registry: Registry) -> list[type[Options]]:
    """Return the classes of these options."""
    return [*_GROUPS, *dict.fromkeys(spec.options for spec in registry)]


def file_options(model: type[Options]) -> Iterator[str]:
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

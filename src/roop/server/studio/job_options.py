"""The options of jobs that clients may set: those of ``roop swap`` that name no files."""

from collections.abc import Mapping
from typing import Any

from roop.options import FaceOptions, FrameOptions
from roop.processors.base import Registry
from roop.server.responses.problems import ApiError
from roop.studio.option_schema import file_options, option_models

_NOT_OF_CLIENTS = frozenset({"force", "record", *FrameOptions.model_fields})
"""The server names outputs itself, and only serves those."""


def require_allowed(options: Mapping[str, Any], registry: Registry) -> None:
    """Check that clients may set all of ``options``, whether these exist or not.

    Raises:
        ApiError: An option names a file, or has no effect on a server.
    """
    faces = set(file_options(FaceOptions))
    others = {name for model in option_models(registry) for name in file_options(model)}
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

"""Processor ``upscale``: enlarge whole frames two or four times by a network."""

from typing import Annotated, Literal

from pydantic import BeforeValidator, Field

from roop.options import Options, Settings
from roop.processors.base import Context, Processor, ProcessorSpec


def _parse_number(value: object) -> object:
    return int(value) if isinstance(value, str) and value.isdecimal() else value


class UpscaleOptions(Options):
    """Options of the processor ``upscale``."""

    upscale: Annotated[Literal[2, 4], BeforeValidator(_parse_number)] = Field(
        2, description="enlarge the output by this factor, with a network"
    )
    upscale_model: str = Field(
        "realesrgan", description="the network that enlarges, see `roop models list`"
    )


def _build(options: UpscaleOptions, context: Context) -> Processor:
    from roop.processors.upscale.enlarge import Upscaler

    return Upscaler(options, context)


def _models(options: UpscaleOptions, settings: Settings) -> tuple[str, ...]:
    from roop.models.files.folder import ModelFolder

    return (ModelFolder(settings).catalogue.choose("upscale", options.upscale_model).name,)


def _missing(settings: Settings) -> str | None:
    from roop.models.files.folder import ModelFolder

    (name,) = _models(UpscaleOptions(), settings)
    return ModelFolder(settings).describe_problem(name)


UPSCALE = ProcessorSpec(
    "upscale",
    "enlarge the whole picture",
    UpscaleOptions,
    _build,
    scale=lambda options: options.upscale,
    models=_models,
    missing=_missing,
)

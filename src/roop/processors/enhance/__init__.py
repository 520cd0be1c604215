"""Processor ``enhance``: sharper faces, by a restoration network or without any."""

from pydantic import Field

from roop.options import Options, Settings
from roop.processors.base import Context, Processor, ProcessorSpec, network_batch_size

BUILT_IN = "detail"
"""The enhancer without a network."""


class EnhanceOptions(Options):
    """Options of the processor ``enhance``."""

    enhance: str = Field(
        BUILT_IN,
        description="how to sharpen faces: detail (built in, as sharp as the source photo), "
        "gfpgan, gpen, codeformer, restoreformer, or a model from `roop models list`",
    )
    enhance_blend: float = Field(
        0.8, ge=0, le=1, description="how much of the enhanced face to show"
    )
    enhance_fidelity: float = Field(
        0.5, ge=0, le=1, description="codeformer only: 1 stays closest to the face, 0 looks best"
    )


def _build(options: EnhanceOptions, context: Context) -> Processor:
    if options.enhance == BUILT_IN:
        from roop.processors.enhance.detail import DetailEnhancer

        return DetailEnhancer(options, context)
    from roop.processors.enhance.restore import FaceRestorer

    return FaceRestorer(options, context)


def _models(options: EnhanceOptions, settings: Settings) -> tuple[str, ...]:
    if options.enhance == BUILT_IN:
        return ()
    from roop.models.files.folder import ModelFolder

    return (ModelFolder(settings).catalogue.choose("enhance", options.enhance).name,)


ENHANCE = ProcessorSpec(
    "enhance",
    "make faces sharper",
    EnhanceOptions,
    _build,
    batch_size=network_batch_size,
    models=_models,
)

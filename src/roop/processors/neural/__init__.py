"""Neural engines: a network draws the source's face over an aligned crop of the target's."""

from typing import TYPE_CHECKING, Annotated, Any, Literal

from pydantic import AfterValidator, BeforeValidator, Field

from roop.options import Options, Settings
from roop.processors.base import Context, Processor, ProcessorSpec, frames_at_once

if TYPE_CHECKING:  # numpy would double the time that `roop swap --help` takes
    from roop.models.catalogue import Catalogue

Part = Literal["skin", "brows", "eyes", "glasses", "nose", "mouth", "lips"]
"""A region of the face."""


def _split(value: object) -> object:
    """Take ``a,b`` for ``a b``, as one string or as one of several."""
    words = [value] if isinstance(value, str) else value
    if not isinstance(words, list | tuple) or not all(isinstance(word, str) for word in words):
        return value
    return tuple(part for word in words for part in word.split(",") if part)


def _sides(padding: tuple[float, ...]) -> tuple[float, ...]:
    if len(padding) not in (1, 4):
        raise ValueError(f"one number or four (top, right, bottom, left), not {len(padding)}")
    return padding


class NeuralOptions(Options):
    """Options that all neural engines share."""

    swap_model: str | None = Field(
        None, description="which model of the engine, see `roop models list`; its first by default"
    )
    pixel_boost: Annotated[int, Field(ge=64, le=1024)] | None = Field(
        None, description="swap at this side, a multiple of the model's own, such as 256 or 512"
    )
    mask: Annotated[
        tuple[Literal["box", "outline", "occlusion", "region"], ...], BeforeValidator(_split)
    ] = Field(
        ("outline",),
        min_length=1,
        description="what is replaced, one or more of: box (all that the model draws), outline "
        "(of the face), occlusion (not what is in front of it), region (parts of the face)",
    )
    occlusion_model: str = Field(
        "xseg", description="which network makes the mask `occlusion`, see `roop models list`"
    )
    region_model: str = Field(
        "bisenet",
        description="which network makes the mask `region`, such as bisenet_resnet18, which is "
        "half as large",
    )
    mask_padding: Annotated[
        tuple[Annotated[float, Field(ge=0, lt=0.5)], ...], AfterValidator(_sides)
    ] = Field(
        (0.0,),
        description="room left free inside the box, as shares of its side: "
        "one number, or top right bottom left",
    )
    mask_blur: float = Field(
        0.08, ge=0, le=0.5, description="width of the mask's soft border, as a share of the box"
    )
    mask_region: Annotated[tuple[Part, ...], BeforeValidator(_split)] = Field(
        ("skin", "brows", "eyes", "glasses", "nose", "mouth", "lips"),
        min_length=1,
        description="the parts that the mask `region` replaces",
    )
    face_weight: float = Field(
        1.0,
        ge=0,
        le=1.5,
        description="1 gives the source's face, less keeps some of the target's, more moves away "
        "from it",
    )
    colour_match: float = Field(
        0.0, ge=0, le=1, description="how much of the target's colours to put on the new face"
    )


def mask_models(options: NeuralOptions, catalogue: "Catalogue") -> dict[str, str]:
    """Return the rows of the networks that the chosen masks need, by mask.

    Raises:
        ModelError: One of these names is no network for that.
    """
    named = {"occlusion": options.occlusion_model, "region": options.region_model}
    return {
        task: catalogue.choose(task, name).name
        for task, name in named.items()
        if task in options.mask
    }


FAMILIES = {
    "inswapper": "neural, 128 pixels, as in the original roop (554 MB, non-commercial)",
    "hyperswap": "neural, 256 pixels, by FaceFusion (403 MB, non-commercial)",
    "ghost": "neural, 256 pixels, by ai-forever (commercial use allowed)",
    "simswap": "neural, 512 pixels, by neuralchen (non-commercial)",
}
"""The engines: each runs the rows of the catalogue that name it as their family."""


def _engine(family: str, summary: str) -> ProcessorSpec[NeuralOptions]:
    def build(options: NeuralOptions, context: Context) -> Processor:
        from roop.processors.neural.swap import NeuralSwap

        return NeuralSwap(family, options, context)

    def models(options: NeuralOptions, settings: Settings) -> tuple[str, ...]:
        from roop.models.files.folder import ModelFolder

        catalogue = ModelFolder(settings).catalogue
        model = catalogue.choose("swap", options.swap_model or family)
        masks = mask_models(options, catalogue).values()
        return (model.name, *([model.embedding] if model.embedding else []), *masks)

    def missing(settings: Settings) -> str | None:
        from roop.models.files.folder import ModelFolder

        needed = models(NeuralOptions(), settings)
        return next(filter(None, map(ModelFolder(settings).describe_problem, needed)), None)

    return ProcessorSpec(
        family,
        summary,
        NeuralOptions,
        build,
        engine=True,
        stateless=True,
        batch=frames_at_once,
        models=models,
        missing=missing,
    )


ENGINES: tuple[ProcessorSpec[Any], ...] = tuple(
    _engine(family, summary) for family, summary in FAMILIES.items()
)

"""Neural engines: a network draws the source's face into an aligned crop of the target's."""

from typing import TYPE_CHECKING, Annotated, Any, Literal

from pydantic import AfterValidator, BeforeValidator, Field

from roop.options import Options, Settings
from roop.processors.base import Context, Processor, ProcessorSpec, network_batch_size

if TYPE_CHECKING:  # numpy would double the time that `roop swap --help` takes
    from roop.models.catalogue import Catalogue

Part = Literal["skin", "brows", "eyes", "glasses", "nose", "mouth", "lips"]
"""A region of the face."""


def _split_commas(value: object) -> object:
    """Take ``a,b`` for ``a b``, in one string or in several."""
    words = [value] if isinstance(value, str) else value
    if not isinstance(words, list | tuple) or not all(isinstance(word, str) for word in words):
        return value
    return tuple(part for word in words for part in word.split(",") if part)


def _check_padding(padding: tuple[float, ...]) -> tuple[float, ...]:
    if len(padding) not in (1, 4):
        raise ValueError(f"one number or four (top, right, bottom, left), not {len(padding)}")
    return padding


class NeuralOptions(Options):
    """Options that all neural engines share."""

    swap_model: str | None = Field(
        None, description="the engine's model, see `roop models list`; its first by default"
    )
    pixel_boost: Annotated[int, Field(ge=64, le=1024)] | None = Field(
        None,
        description="swap at this resolution, a multiple of the model's own, such as 256 or 512",
    )
    mask: Annotated[
        tuple[Literal["box", "outline", "occlusion", "region"], ...], BeforeValidator(_split_commas)
    ] = Field(
        ("outline",),
        min_length=1,
        description="what to replace, one or more of: box (all that the model draws), outline "
        "(of the face), occlusion (nothing in front of it), region (parts of the face)",
    )
    occlusion_model: str = Field(
        "xseg", description="the network for the mask `occlusion`, see `roop models list`"
    )
    region_model: str = Field(
        "bisenet",
        description="the network for the mask `region`; bisenet_resnet18 is half as large",
    )
    mask_padding: Annotated[
        tuple[Annotated[float, Field(ge=0, lt=0.5)], ...], AfterValidator(_check_padding)
    ] = Field(
        (0.0,),
        description="margin to leave out of the box, as a share of its side: "
        "one number, or top right bottom left",
    )
    mask_blur: float = Field(
        0.08, ge=0, le=0.5, description="width of the mask's soft border, as a share of the box"
    )
    mask_region: Annotated[tuple[Part, ...], BeforeValidator(_split_commas)] = Field(
        ("skin", "brows", "eyes", "glasses", "nose", "mouth", "lips"),
        min_length=1,
        description="the parts of the face that the mask `region` replaces",
    )
    face_weight: float = Field(
        1.0,
        ge=0,
        le=1.5,
        description="1 is the source's face, less mixes in the target's, more moves further away "
        "from it",
    )
    colour_match: float = Field(
        0.0, ge=0, le=1, description="how much of the target's colours to put on the new face"
    )


def mask_models(options: NeuralOptions, catalogue: "Catalogue") -> dict[str, str]:
    """Return the rows of the networks that the chosen masks need, by mask.

    Raises:
        ModelError: The named model does not exist or does not make that mask.
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
"""The engines: each runs the models of the catalogue whose family it is."""


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
        batch_size=network_batch_size,
        models=models,
        missing=missing,
    )


ENGINES: tuple[ProcessorSpec[Any], ...] = tuple(
    _engine(family, summary) for family, summary in FAMILIES.items()
)

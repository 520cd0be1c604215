"""Engine ``mesh``: draw the source's texture on the target's face mesh. No download, any CPU."""

from pydantic import Field

from roop.options import Options, Settings
from roop.processors.base import Context, Processor, ProcessorSpec


class MeshOptions(Options):
    """Options of the engine ``mesh``."""

    face_shape: float = Field(
        0.8, ge=0, le=1, description="how much of the source's face shape to take, 0 to 1"
    )


def _build(options: MeshOptions, context: Context) -> Processor:
    from roop.processors.mesh.swap import MeshSwap

    return MeshSwap(options, context)


def _missing(settings: Settings) -> str | None:
    from roop.models.files.folder import ModelFolder
    from roop.models.networks import embedded_models

    folder = ModelFolder(settings)
    return next(filter(None, map(folder.describe_problem, embedded_models(folder))), None)


MESH = ProcessorSpec(
    "mesh", "built in, no download, any CPU", MeshOptions, _build, engine=True, missing=_missing
)

"""Processor ``pixelate``: show faces as coarse squares."""

from pydantic import Field

from roop.options import Options
from roop.processors.base import Context, Processor, ProcessorSpec


class PixelateOptions(Options):
    """Options of the processor ``pixelate``."""

    pixelate_squares: int = Field(12, ge=2, le=100, description="squares from ear to ear")


def _build(options: PixelateOptions, context: Context) -> Processor:
    from roop_pixelate.pixelate import Pixelate  # imports numpy and OpenCV, so not sooner

    return Pixelate(options)


SPEC = ProcessorSpec("pixelate", "Show faces as coarse squares", PixelateOptions, _build)

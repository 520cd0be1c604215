"""The capabilities of the server."""

from typing import Any

from fastapi import APIRouter
from pydantic import BaseModel, Field

from roop.media.files.extensions import IMAGE_SUFFIXES, VIDEO_SUFFIXES
from roop.processors.base import ProcessorSpec
from roop.server.services import ServicesDep
from roop.studio.option_schema import schema_of
from roop.version import VERSION

router = APIRouter(tags=["server"])


class ProcessorView(BaseModel):
    """An engine or another processor."""

    name: str
    summary: str
    engine: bool = Field(description="whether it swaps faces")
    available: bool
    missing: str | None = Field(description="why it is not available, and what to do")
    options: list[str] = Field(description="names of its options")


class Limits(BaseModel):
    """The limits of the server."""

    upload_bytes: int
    pixels: int
    unfinished_jobs: int
    retention_s: float


class Capabilities(BaseModel):
    """The capabilities of the server."""

    version: str
    processors: list[ProcessorView]
    options: dict[str, Any] = Field(description="JSON Schema of the options of a job")
    extensions: list[str] = Field(description="file extensions that can be uploaded")
    limits: Limits
    cameras: list[str] = Field(description="names of the server's cameras, for live swaps")
    sharing: bool = Field(description="whether results can be shared")


@router.get("/capabilities")
def capabilities(services: ServicesDep) -> Capabilities:
    """Return processors, options of jobs, limits and cameras."""
    options = services.options
    return Capabilities(
        version=VERSION,
        processors=[_shown(spec, services) for spec in services.registry],
        options=schema_of(services.registry, services.defaults.values),
        extensions=sorted(IMAGE_SUFFIXES | VIDEO_SUFFIXES),
        limits=Limits(
            upload_bytes=options.upload_bytes,
            pixels=options.pixels,
            unfinished_jobs=options.max_queue,
            retention_s=options.retention_s,
        ),
        cameras=sorted(services.cameras),
        sharing=services.sharing.to is not None,
    )


def _shown(spec: ProcessorSpec[Any], services: ServicesDep) -> ProcessorView:
    missing = spec.missing(services.settings)
    return ProcessorView(
        name=spec.name,
        summary=spec.summary,
        engine=spec.engine,
        available=missing is None,
        missing=missing,
        options=sorted(spec.options.model_fields),
    )

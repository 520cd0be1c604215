"""What ``roop verify`` says of what a job made."""

from fastapi import APIRouter
from pydantic import BaseModel, Field

from roop.provenance.verify import Verdict, verify_file
from roop.server.responses.problems import responses
from roop.server.routes.jobs import JobDep, require_output
from roop.server.services import ServicesDep

router = APIRouter(prefix="/jobs/{id}/marks", tags=["jobs"])


class Marks(BaseModel):
    """The marks of a result."""

    verdict: Verdict
    made_with_ai: bool | None = Field(description="whether any mark says so; null if none does")
    summary: str = Field(description="one line for people")


@router.get("", responses=responses("not_found", "conflict"))
def marks(queued: JobDep, services: ServicesDep) -> Marks:
    """Read the marks of the result: signature, tags and XMP, without the slow search of pixels."""
    found = verify_file(require_output(queued, services), None)
    return Marks(
        verdict=found.verdict,
        made_with_ai=found.made_with_ai,
        summary=services.redact(found.summary),
    )

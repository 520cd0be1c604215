"""The health check."""

from typing import Literal

from fastapi import APIRouter
from pydantic import BaseModel

router = APIRouter(tags=["server"])


class Health(BaseModel):
    """The state of the server."""

    status: Literal["ok"] = "ok"


@router.get("/healthz")
def health() -> Health:
    """Report that the server works; needs no token."""
    return Health()

"""Sessions of browsers: the token, exchanged for a cookie."""

from typing import Annotated

from fastapi import APIRouter, Query, Request, Response
from fastapi.responses import RedirectResponse

from roop.server.responses.problems import ApiError, responses
from roop.server.schema import Session, TokenInput
from roop.server.security.access import COOKIE, Access
from roop.server.services import ServicesDep
from roop.version import VERSION

router = APIRouter(tags=["session"])

entrance = APIRouter(include_in_schema=False)
"""The URL that is printed when the server starts."""

_COOKIE_S = 30 * 24 * 3600
"""Lifetime of the cookie."""


@router.get("/session")
def session(request: Request, services: ServicesDep) -> Session:
    """Report whether the client may use the server; needs no token."""
    return Session(
        authenticated=services.access.admits(request.headers),
        token_required=services.access.required,
        version=VERSION,
    )


@router.post("/session", status_code=204, responses=responses("bad_request", "unauthorised"))
def sign_in(body: TokenInput, request: Request, response: Response, services: ServicesDep) -> None:
    """Exchange the token for a cookie that scripts cannot read."""
    _set_cookie(response, body.token, services.access, secure=request.url.scheme == "https")


@router.delete("/session", status_code=204)
def sign_out(response: Response) -> None:
    """Delete the cookie."""
    response.delete_cookie(COOKIE, path="/", httponly=True, samesite="strict")


@entrance.get("/enter")
def enter(
    token: Annotated[str, Query(max_length=200)], request: Request, services: ServicesDep
) -> RedirectResponse:
    """Sign a browser in, and redirect to the page."""
    response = RedirectResponse("/", 303)
    _set_cookie(response, token, services.access, secure=request.url.scheme == "https")
    return response


def _set_cookie(response: Response, token: str, access: Access, *, secure: bool) -> None:
    if not access.accepts(token):
        raise ApiError(
            "unauthorised", "this is not the server's token", hint="see what `roop serve` printed"
        )
    if access.cookie is not None:
        response.set_cookie(
            COOKIE,
            access.cookie,
            max_age=_COOKIE_S,
            path="/",
            httponly=True,
            samesite="strict",
            secure=secure,
        )

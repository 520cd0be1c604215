"""Errors as HTTP responses: ``application/problem+json`` (RFC 9457) with our code and hint."""

import http
from collections.abc import Mapping
from typing import Any

from fastapi import FastAPI, Request, Response
from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse
from pydantic import BaseModel, Field
from starlette.exceptions import HTTPException
from starlette.requests import ClientDisconnect

from roop.errors import RoopError
from roop.validation import explain

MEDIA_TYPE = "application/problem+json"

STATUSES: Mapping[str, int] = {
    # kinds of RoopError
    "usage": 422,
    "media": 422,
    "disk_full": 507,
    "model": 503,
    "no_face": 422,
    "refused": 422,
    "cancelled": 409,
    "share": 502,
    "internal": 500,
    # of requests
    "bad_request": 400,
    "unauthorised": 401,
    "forbidden": 403,
    "not_found": 404,
    "method_not_allowed": 405,
    "conflict": 409,
    "gone": 410,
    "precondition_failed": 412,
    "too_large": 413,
    "unsupported_media_type": 415,
    "range_not_satisfiable": 416,
    "misdirected": 421,
    "locked": 423,
    "too_many": 429,
    "busy": 503,
}
"""The status of each code: the only table of statuses."""


class Problem(BaseModel):
    """An error."""

    type: str = "about:blank"
    title: str = Field(description="the status in words")
    status: int
    code: str = Field(description="stable name of the kind of error")
    detail: str = Field(description="what happened")
    hint: str | None = Field(None, description="what to do")


class ApiError(Exception):
    """An error of a request.

    Args:
        code: One of ``STATUSES``.
        message: What happened.
        hint: What to do.
        headers: More headers of the response.
    """

    def __init__(
        self,
        code: str,
        message: str,
        *,
        hint: str | None = None,
        headers: Mapping[str, str] | None = None,
    ) -> None:
        super().__init__(message)
        self.problem = problem_of(code, message, hint)
        self.headers = dict(headers or {})


def problem_of(code: str, message: str, hint: str | None) -> Problem:
    """Return a problem with the status of ``code``."""
    status = STATUSES.get(code, 500)
    title = http.HTTPStatus(status).phrase
    return Problem(title=title, status=status, code=code, detail=message, hint=hint)


def answer_of(problem: Problem, headers: Mapping[str, str] | None = None) -> JSONResponse:
    """Return the response for a problem."""
    body = problem.model_dump(exclude_none=True)
    return JSONResponse(body, problem.status, dict(headers or {}), media_type=MEDIA_TYPE)


def install_handlers(app: FastAPI) -> None:
    """Install handlers that turn every error into a problem."""
    app.add_exception_handler(ApiError, _api_error)
    app.add_exception_handler(RoopError, _roop_error)
    app.add_exception_handler(RequestValidationError, _invalid_request)
    app.add_exception_handler(HTTPException, _http_error)
    app.add_exception_handler(ClientDisconnect, _gone)


JPEG: dict[int | str, dict[str, Any]] = {
    200: {"description": "a picture", "content": {"image/jpeg": {}}}
}
"""The description of a route that returns an image."""


def responses(*codes: str) -> dict[int | str, dict[str, Any]]:
    """Return the description of a route's errors for the schema."""
    found: dict[int | str, dict[str, Any]] = {}
    for code in codes:
        status = STATUSES[code]
        content = {MEDIA_TYPE: {"schema": {"$ref": "#/components/schemas/Problem"}}}
        found[status] = {"description": http.HTTPStatus(status).phrase, "content": content}
    return found


async def _api_error(request: Request, error: Exception) -> JSONResponse:
    if not isinstance(error, ApiError):
        raise TypeError from error
    return answer_of(error.problem, error.headers)


async def _roop_error(request: Request, error: Exception) -> JSONResponse:
    if not isinstance(error, RoopError):
        raise TypeError from error
    return answer_of(request.app.state.services.problem(error))


async def _invalid_request(request: Request, error: Exception) -> JSONResponse:
    if not isinstance(error, RequestValidationError):
        raise TypeError from error
    first: Any = dict(error.errors()[0])
    where = first["loc"][0] if first["loc"] else "body"
    first["loc"] = tuple(first["loc"][1:])
    if first["type"] == "json_invalid" or isinstance(first["input"], bytes):
        hint = "send a JSON object as application/json"
        return answer_of(problem_of("bad_request", "the body is not JSON", hint))
    sentence = explain(first, str) or f"the {where} is missing"
    return answer_of(problem_of("usage", sentence.strip(), None))


_CODES = {status: code for code, status in reversed(list(STATUSES.items()))}


async def _http_error(request: Request, error: Exception) -> JSONResponse:
    if not isinstance(error, HTTPException):
        raise TypeError from error
    code = _CODES.get(error.status_code, "internal")
    if error.status_code in (404, 405):
        code = "not_found" if error.status_code == 404 else "method_not_allowed"
    problem = problem_of(code, str(error.detail).lower(), None)
    problem = problem.model_copy(update={"status": error.status_code})
    return answer_of(problem, error.headers)


async def _gone(request: Request, error: Exception) -> Response:
    return Response(status_code=400)  # nobody reads it


def unexpected_problem() -> Problem:
    """Return the problem for an unexpected exception."""
    hint = "this is a bug in roop: report it with the server's log"
    return problem_of("internal", "something unexpected happened", hint)

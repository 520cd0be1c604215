"""Responses with files: ranges and conditional requests."""

from pathlib import Path

from fastapi import Request, Response
from fastapi.responses import FileResponse

from roop.server.responses.problems import ApiError

_POLICY = "sandbox; default-src 'none'; style-src 'unsafe-inline'"
"""Nothing in an uploaded file runs, whatever a browser takes it for."""


def file_answer(
    path: Path, media_type: str, name: str, request: Request, *, download: bool = False
) -> Response:
    """Return a response with a file, a range of it, or status 304.

    Args:
        path: The file.
        media_type: Its media type.
        name: The name that browsers save it under.
        request: Its headers name the range and the version that the client has.
        download: Browsers save it instead of showing it.

    Raises:
        ApiError: The file no longer exists.
    """
    try:
        status = path.stat()
    except OSError as error:
        raise ApiError("gone", "the file is gone") from error
    headers = {
        "Content-Security-Policy": _POLICY,
        "Cache-Control": "private, no-cache",  # revalidated every time
    }
    answer = FileResponse(
        path,
        headers=headers,
        media_type=media_type,
        filename=name,
        stat_result=status,
        content_disposition_type="attachment" if download else "inline",
    )
    known = request.headers.get("if-none-match", "")
    if answer.headers["etag"] in [tag.strip().removeprefix("W/") for tag in known.split(",")]:
        return Response(status_code=304, headers=headers | {"ETag": answer.headers["etag"]})
    return answer

"""Files as answers: with ranges, and not again to whoever has them."""

from pathlib import Path

from fastapi import Request, Response
from fastapi.responses import FileResponse

from roop.server.problems import ApiError

_POLICY = "sandbox; default-src 'none'; style-src 'unsafe-inline'"
"""Nothing in a file that somebody sent runs, whatever a browser takes it for."""


def file_answer(
    path: Path, media_type: str, name: str, request: Request, *, download: bool = False
) -> Response:
    """Answer with a file, a range of it, or the news that it has not changed.

    Args:
        path: Of the file.
        media_type: What it is.
        name: What to call it when it is saved.
        request: Says which part is wanted, and which version is there.
        download: Browsers save it instead of showing it.

    Raises:
        ApiError: It is gone.
    """
    try:
        status = path.stat()
    except OSError as error:
        raise ApiError("gone", "the file is gone") from error
    headers = {
        "Content-Security-Policy": _POLICY,
        "Cache-Control": "private, no-cache",  # asked again each time
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

"""Resumable uploads: the tus protocol 1.0 (core, creation, creation-with-upload, termination)."""

import base64
import binascii
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from typing import Annotated

import anyio
from anyio.to_thread import run_sync
from fastapi import APIRouter, Depends, Header, Request, Response

from roop.errors import RoopError
from roop.server.responses.problems import ApiError, responses
from roop.server.services import Services, ServicesDep
from roop.server.storage.ids import display_name
from roop.server.storage.uploads import Upload

VERSION = "1.0.0"
EXTENSIONS = "creation,creation-with-upload,termination"
MEDIA_TYPE = "application/offset+octet-stream"

_PART = 1 << 20
"""Bytes that are written at once."""


class UploadWriters:
    """Lets one request at a time write to an upload: the newest.

    A client may reconnect before the server notices that the connection was lost.
    """

    def __init__(self) -> None:
        self._locks: dict[str, anyio.Lock] = {}
        self._scopes: dict[str, anyio.CancelScope] = {}

    @asynccontextmanager
    async def writing(self, id: str) -> AsyncIterator[None]:
        """Stop the request that writes to an upload, and keep others out."""
        if (older := self._scopes.get(id)) is not None:
            older.cancel()
        lock = self._locks.setdefault(id, anyio.Lock())
        async with lock:
            with anyio.CancelScope() as scope:
                self._scopes[id] = scope
                try:
                    yield
                finally:
                    self._scopes.pop(id, None)
        if scope.cancelled_caught:
            raise ApiError("conflict", "another request goes on with this upload")

    @asynccontextmanager
    async def idle(self, id: str) -> AsyncIterator[None]:
        """Wait for the request that writes to an upload, and keep others out."""
        async with self._locks.setdefault(id, anyio.Lock()):
            yield

    def forget(self, id: str) -> None:
        """Drop the lock of an upload that has ended."""
        self._locks.pop(id, None)


def require_version(
    tus_resumable: Annotated[str | None, Header(description="always 1.0.0")] = None,
) -> None:
    """Check the version of the protocol."""
    if tus_resumable != VERSION:
        raise ApiError(
            "precondition_failed",
            "the header Tus-Resumable is not 1.0.0",
            headers={"Tus-Version": VERSION},
        )


def _writers(request: Request) -> UploadWriters:
    writers: UploadWriters = request.app.state.upload_writers
    return writers


WritersDep = Annotated[UploadWriters, Depends(_writers)]


def make_router(max_bytes: int) -> APIRouter:
    """Return the routes.

    Args:
        max_bytes: Limit of one upload.
    """
    router = APIRouter(prefix="/uploads", tags=["uploads"])
    checked = [Depends(require_version)]
    router.add_api_route("", options, methods=["OPTIONS"], status_code=204)
    router.add_api_route(
        "",
        create,
        methods=["POST"],
        status_code=201,
        dependencies=checked,
        max_body_size=max_bytes,
        responses=responses("bad_request", "precondition_failed", "too_large", "disk_full"),
    )
    router.add_api_route(
        "/{id}",
        offset,
        methods=["HEAD"],
        dependencies=checked,
        responses=responses("not_found", "precondition_failed", "media"),
    )
    router.add_api_route(
        "/{id}",
        append,
        methods=["PATCH"],
        status_code=204,
        dependencies=checked,
        max_body_size=max_bytes,
        responses=responses(
            *("bad_request", "not_found", "conflict", "precondition_failed", "too_large"),
            *("unsupported_media_type", "media", "disk_full"),
        ),
        openapi_extra=_BODY,
    )
    router.add_api_route(
        "/{id}",
        remove,
        methods=["DELETE"],
        status_code=204,
        dependencies=checked,
        responses=responses("not_found", "precondition_failed"),
    )
    return router


_BODY = {
    "requestBody": {
        "content": {MEDIA_TYPE: {"schema": {"type": "string", "format": "binary"}}},
        "required": True,
    }
}


async def options(response: Response, services: ServicesDep) -> None:
    """Report the supported version and extensions of the protocol."""
    response.headers["Tus-Resumable"] = VERSION
    response.headers["Tus-Version"] = VERSION
    response.headers["Tus-Extension"] = EXTENSIONS
    response.headers["Tus-Max-Size"] = str(services.options.upload_bytes)


async def create(
    request: Request,
    services: ServicesDep,
    writers: WritersDep,
    upload_length: Annotated[int | None, Header(ge=1, description="size in bytes")] = None,
    upload_metadata: Annotated[
        str | None, Header(description="`filename` and its name in base64")
    ] = None,
) -> Response:
    """Start an upload; the body may contain the file or its first part.

    `Location` is the URL for the rest. A complete file appears in the media, under the same id.
    """
    if upload_length is None:
        raise ApiError("bad_request", "the header Upload-Length is missing")
    name = display_name(_metadata(upload_metadata).get("filename", ""))
    storage = services.storage
    upload = await run_sync(
        lambda: storage.uploads.create(upload_length, name, stored=lambda: storage.media.bytes)
    )
    headers = {"Location": f"/api/v1/uploads/{upload.id}", "Upload-Offset": "0"}
    if request.headers.get("content-type") == MEDIA_TYPE:
        upload = await _receive(upload, request, services, writers)
        headers["Upload-Offset"] = str(upload.offset)
    return Response(status_code=201, headers=headers | {"Tus-Resumable": VERSION})


async def offset(id: str, services: ServicesDep, writers: WritersDep) -> Response:
    """Report the offset of an upload; for a complete one, that it is among the media."""
    await _finish_interrupted(id, services, writers)
    try:
        upload = await run_sync(services.storage.uploads.get, id)
    except ApiError:
        item = services.storage.media.get(id)  # complete: no longer an upload
        upload = Upload(item.id, item.name, item.bytes, item.bytes, item.created)
    return Response(
        status_code=200,
        headers={
            "Tus-Resumable": VERSION,
            "Upload-Offset": str(upload.offset),
            "Upload-Length": str(upload.length),
        },
    )


async def append(
    id: str,
    request: Request,
    services: ServicesDep,
    writers: WritersDep,
    upload_offset: Annotated[int | None, Header(ge=0, description="offset of the body")] = None,
) -> Response:
    """Send the next part; the response to the last one reports whether the file is accepted."""
    if request.headers.get("content-type") != MEDIA_TYPE:
        raise ApiError("unsupported_media_type", f"the body must be {MEDIA_TYPE}")
    if upload_offset is None:
        raise ApiError("bad_request", "the header Upload-Offset is missing")
    upload = await run_sync(services.storage.uploads.get, id)
    upload = await _receive(upload, request, services, writers, expected=upload_offset)
    headers = {"Tus-Resumable": VERSION, "Upload-Offset": str(upload.offset)}
    return Response(status_code=204, headers=headers)


async def remove(id: str, services: ServicesDep, writers: WritersDep) -> Response:
    """Abort an upload."""
    await run_sync(services.storage.uploads.get, id)
    async with writers.writing(id):
        await run_sync(services.storage.uploads.remove, id)
    writers.forget(id)
    return Response(status_code=204, headers={"Tus-Resumable": VERSION})


async def _receive(
    upload: Upload,
    request: Request,
    services: Services,
    writers: UploadWriters,
    *,
    expected: int = 0,
) -> Upload:
    """Append the body of a request; inspect the file if it is complete."""
    uploads = services.storage.uploads
    async with writers.writing(upload.id):
        upload = await run_sync(uploads.get, upload.id)
        if expected != upload.offset:
            raise ApiError(
                "conflict",
                f"{upload.offset} bytes have arrived, not {expected}",
                hint="ask for the offset with HEAD and go on there",
                headers={"Upload-Offset": str(upload.offset)},
            )
        left = upload.length - upload.offset
        async for part in _parts(request):
            left -= len(part)
            if left < 0:
                raise ApiError("too_large", "the body is longer than the Upload-Length said")
            await run_sync(uploads.append, upload.id, part)
        upload = await run_sync(uploads.get, upload.id)
        if upload.complete:
            with anyio.CancelScope(shield=True):  # even if the client is gone
                await run_sync(_finish, upload, services)
            writers.forget(upload.id)
    return upload


async def _parts(request: Request) -> AsyncIterator[bytes]:
    """Yield the body of a request in larger parts."""
    buffer = bytearray()
    try:
        async for chunk in request.stream():
            buffer += chunk
            if len(buffer) >= _PART:
                yield bytes(buffer)
                buffer.clear()
    except Exception:  # the client is gone: keep what it sent
        if buffer:
            yield bytes(buffer)
        raise
    if buffer:
        yield bytes(buffer)


async def _finish_interrupted(id: str, services: Services, writers: UploadWriters) -> None:
    """Finish a complete upload if the server was killed before it did.

    Raises:
        RoopError: The file is not accepted.
    """
    uploads = services.storage.uploads
    with suppress(ApiError):  # it is no upload, or no longer one
        if not (await run_sync(uploads.get, id)).complete:
            return
        async with writers.idle(id):
            upload = await run_sync(uploads.get, id)
            with anyio.CancelScope(shield=True):
                await run_sync(_finish, upload, services)
        writers.forget(id)


def _finish(upload: Upload, services: Services) -> None:
    """Inspect a complete file; add it to the media, or delete it."""
    uploads, media = services.storage.uploads, services.storage.media
    try:
        found = services.inspector.inspect(uploads.path(upload.id), upload.name)
    except RoopError:
        uploads.remove(upload.id)
        raise
    media.add(upload.id, upload.name, uploads.path(upload.id), found)
    uploads.remove(upload.id)


def _metadata(header: str | None) -> dict[str, str]:
    """Parse an ``Upload-Metadata`` header.

    Raises:
        ApiError: It is malformed.
    """
    pairs = {}
    for pair in (header or "").split(","):
        key, _, value = pair.strip().partition(" ")
        try:
            pairs[key] = base64.b64decode(value, validate=True).decode("utf-8")
        except (binascii.Error, ValueError) as error:
            raise ApiError(
                "bad_request", "the header Upload-Metadata is no list of names in base64"
            ) from error
    return pairs

"""Live swaps of a client's or a server's camera."""

import asyncio
import base64
import json
from collections.abc import Mapping
from contextlib import suppress
from typing import Any

from anyio.to_thread import run_sync
from fastapi import APIRouter, WebSocket, WebSocketDisconnect
from pydantic import ValidationError

from roop.errors import CancelledError, RoopError, UsageError, unexpected
from roop.pipeline.workers.child_process import Message
from roop.server.responses.problems import ApiError, Problem, problem_of
from roop.server.schema import LiveInput
from roop.server.services import Services, ServicesDep
from roop.server.studio.drafts import live_draft_of
from roop.studio.studio_client import StudioClient
from roop.validation import validate

router = APIRouter()

MAX_FRAME = 4_000_000
"""Largest frame, in bytes."""

_POLICY_VIOLATION, _TRY_AGAIN_LATER = 1008, 1013


@router.websocket("/live")
async def live(socket: WebSocket, services: ServicesDep) -> None:
    """Swap frames: JPEGs in, JPEGs out, in order.

    The client first sends a ``LiveInput`` as text. The server sends ``{"ready": true}`` when the
    networks are loaded. It answers each binary message, a frame, by a frame, or by
    ``{"dropped": true}`` if a newer one took its place. With a camera of the server, the client
    sends no frames. On an error the server sends a problem as text and closes the socket.
    """
    await socket.accept()
    if services.live.locked():
        await _end(socket, problem_of("busy", "others are live now", "try again later"))
        return
    async with services.live:
        try:
            values = await _chosen(socket, services)
        except WebSocketDisconnect:
            return
        except ApiError as error:
            await _end(socket, error.problem)
        except RoopError as error:
            await _end(socket, services.problem(error))
        else:
            await _Stream(socket, services, values).run()


async def _chosen(socket: WebSocket, services: Services) -> Mapping[str, Any]:
    """Receive and check the first message."""
    try:
        text = await socket.receive_text()
        body = LiveInput.model_validate_json(text)
    except KeyError as error:  # a binary message
        raise ApiError("bad_request", "the first message must be what is chosen") from error
    except ValidationError as error:
        with suppress(ValueError):
            validate(LiveInput, _parsed(text))
        raise UsageError("the first message is not what is chosen") from error
    draft = await run_sync(live_draft_of, body, services)
    values: dict[str, Any] = {"draft": draft.model_dump(mode="json")}
    if body.camera is not None:
        address = services.options.camera_addresses.get(body.camera)
        if address is None:
            raise ApiError("not_found", "there is no such camera", hint="see the capabilities")
        values["camera"] = address
    return values


def _parsed(text: str) -> Mapping[str, Any]:
    values: Mapping[str, Any] = json.loads(text)
    return values


class _Stream:
    """One live swap: its process, and the messages in both directions."""

    def __init__(self, socket: WebSocket, services: Services, values: Mapping[str, Any]) -> None:
        self._socket = socket
        self._services = services
        self._values = values
        self._studio = StudioClient(services.settings)
        self._finished: asyncio.Queue[Message] = asyncio.Queue()

    async def run(self) -> None:
        """Swap until the client or the server stops."""
        loop = asyncio.get_running_loop()

        def finished(more: Message) -> None:
            loop.call_soon_threadsafe(self._finished.put_nowait, more)

        try:
            future = await run_sync(self._studio.request, "live", self._values, finished)
            tasks: list[asyncio.Future[Any]] = [
                asyncio.ensure_future(asyncio.wrap_future(future)),
                asyncio.ensure_future(self._receive()),
                asyncio.ensure_future(self._send()),
                asyncio.ensure_future(self._services.stopping.wait()),
            ]
            done, pending = await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
            for task in pending:
                task.cancel()
            await asyncio.gather(*pending, return_exceptions=True)
            await self._report(done)
        finally:
            await run_sync(self._studio.close)

    async def _receive(self) -> None:
        """Pass the client's frames to the process."""
        while True:
            message = await self._socket.receive()
            if message["type"] == "websocket.disconnect":
                return
            frame = message.get("bytes")
            if not frame or len(frame) > MAX_FRAME:
                raise ApiError(
                    "bad_request", f"a frame must be a JPEG of at most {MAX_FRAME} bytes"
                )
            jpeg = base64.b64encode(frame).decode("ascii")
            await run_sync(self._studio.send, "live_frame", {"jpeg": jpeg})

    async def _send(self) -> None:
        """Send finished frames to the client."""
        while True:
            more = await self._finished.get()
            if "jpeg" in more:
                await self._socket.send_bytes(base64.b64decode(more["jpeg"]))
            else:
                await self._socket.send_json(dict(more))

    async def _report(self, done: set[asyncio.Future[Any]]) -> None:
        """Send the error that ended the swap, if there was one."""
        for task in done:
            error = task.exception()
            if isinstance(error, ApiError):
                await _end(self._socket, error.problem)
            elif isinstance(error, RoopError) and not isinstance(error, CancelledError):
                await _end(self._socket, self._services.problem(error))
            elif isinstance(error, Exception) and not isinstance(error, WebSocketDisconnect):
                await _end(self._socket, self._services.problem(unexpected(error)))
        with suppress(RuntimeError):  # it is closed
            await self._socket.close()


async def _end(socket: WebSocket, problem: Problem) -> None:
    with suppress(RuntimeError, WebSocketDisconnect):  # it is closed
        await socket.send_json(problem.model_dump(exclude_none=True))
        code = _TRY_AGAIN_LATER if problem.code == "busy" else _POLICY_VIOLATION
        await socket.close(code)

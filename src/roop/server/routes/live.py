"""Live swaps of a client's or a server's camera."""

import asyncio
import base64
import json
from collections.abc import Mapping, Sequence
from contextlib import suppress
from typing import Any

from anyio.to_thread import run_sync
from fastapi import APIRouter, Response, WebSocket, WebSocketDisconnect
from pydantic import ValidationError

from roop.errors import CancelledError, RoopError, UsageError, unexpected
from roop.pipeline.workers.child_process import Message
from roop.server.responses.problems import ApiError, Problem, problem_of, responses
from roop.server.schema import LiveChange, LiveInput, LiveList, LiveView
from roop.server.services import Services, ServicesDep
from roop.server.studio.drafts import live_draft_of
from roop.server.studio.live_swaps import LiveSwap
from roop.validation import validate

router = APIRouter(tags=["live"])

MAX_FRAME = 4_000_000
"""Largest frame, in bytes."""

_POLICY_VIOLATION, _TRY_AGAIN_LATER = 1008, 1013

_CONTROLS = frozenset({"many_faces", "mirror", "label_corner", "record", "still"})
"""What changes without a new choice of faces."""

_END_S = 20.0
"""How long to wait for the process to end a swap: it may be opening a camera."""


@router.get("/live")
async def running(services: ServicesDep) -> LiveList:
    """Return the live swaps that run, the newest first, and what they measure."""
    return LiveList(items=await _views(services))


@router.get("/live/{id}", responses=responses("not_found"))
async def view(id: str, services: ServicesDep) -> LiveView:
    """Return one live swap."""
    services.live.get(id)
    for found in await _views(services):
        if found.id == id:
            return found
    raise ApiError("not_found", "there is no such live swap")


@router.patch(
    "/live/{id}",
    status_code=204,
    responses=responses("bad_request", "not_found", "no_face", "refused", "busy"),
)
async def change(id: str, body: LiveChange, services: ServicesDep) -> Response:
    """Change a live swap while it runs.

    Answers when a frame has the new faces; if they cannot be used, everything stays as it was.
    """
    swap = services.live.get(id)
    given = body.model_dump(exclude_none=True)
    chosen, draft = _changed(swap.chosen, body), None
    if given.keys() & {"sources", "assignments"} or (chosen.assignments and "many_faces" in given):
        draft = await run_sync(live_draft_of, chosen, services)
    if body.record:
        await run_sync(services.storage.uploads.require_room, 0)
    values = {name: given[name] for name in _CONTROLS & given.keys()}
    await services.live.change(id, values, draft and draft.model_dump(mode="json"))
    swap.chosen = chosen
    return Response(status_code=204)


@router.delete("/live/{id}", status_code=204, responses=responses("not_found"))
async def end(id: str, services: ServicesDep) -> Response:
    """End a live swap."""
    await services.live.stop(services.live.get(id).id)
    return Response(status_code=204)


@router.get("/metrics", response_class=Response)
async def metrics(services: ServicesDep) -> Response:
    """Return what the live swaps measure, in the text format of Prometheus."""
    state = await services.live.state()
    return Response(state["prometheus"], media_type="text/plain; version=0.0.4; charset=utf-8")


@router.websocket("/live")
async def live(socket: WebSocket, services: ServicesDep) -> None:
    """Swap frames: JPEGs in, JPEGs out, in order.

    The client first sends a ``LiveInput`` as text. The server sends ``{"ready": true}`` and the
    ``id`` of the live swap when everything is loaded. It answers each binary message, a frame, by a
    frame, or by ``{"dropped": true}`` if a newer one took its place. With a camera of the server,
    the client sends no frames. ``{"saved": NAME}`` says that ``/captures`` has a new recording or
    still. On an error the server sends a problem as text and closes the socket.
    """
    await socket.accept()
    if services.live.full:
        await _end(socket, problem_of("busy", "others are live now", "try again later"))
        return
    try:
        swap, values = await _chosen(socket, services)
    except WebSocketDisconnect:
        return
    except ApiError as error:
        await _end(socket, error.problem)
    except RoopError as error:
        await _end(socket, services.problem(error))
    else:
        async with services.live.entered(swap):
            await _Stream(socket, services, swap, values).run()


def _changed(chosen: LiveInput, change: LiveChange) -> LiveInput:
    """Return what is chosen after a change."""
    update: dict[str, Any] = {}
    if change.sources is not None or change.assignments is not None:
        update = {"sources": change.sources or [], "assignments": change.assignments or []}
    if change.many_faces is not None:
        update["options"] = {**chosen.options, "many_faces": change.many_faces}
    return chosen.model_copy(update=update)


async def _views(services: Services) -> list[LiveView]:
    state = await services.live.state()
    return [
        LiveView(
            id=swap.id, camera=swap.chosen.camera, started=swap.started, **state["swaps"][swap.id]
        )
        for swap in services.live.all()
        if swap.id in state["swaps"]
    ]


async def _chosen(socket: WebSocket, services: Services) -> tuple[LiveSwap, Mapping[str, Any]]:
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
    values: dict[str, Any] = {
        "draft": draft.model_dump(mode="json"),
        "folder": str(services.storage.captures.folder),
    }
    if body.camera is not None:
        camera = services.cameras.get(body.camera)
        if camera is None:
            raise ApiError("not_found", "there is no such camera", hint="see the capabilities")
        values["camera"] = camera.model_dump(mode="json")
    return LiveSwap(body), values


def _parsed(text: str) -> Mapping[str, Any]:
    values: Mapping[str, Any] = json.loads(text)
    return values


class _Stream:
    """One live swap and the messages in both directions."""

    def __init__(
        self, socket: WebSocket, services: Services, swap: LiveSwap, values: Mapping[str, Any]
    ) -> None:
        self._socket = socket
        self._services = services
        self._swap = swap
        self._values = values
        self._finished: asyncio.Queue[Message] = asyncio.Queue()

    async def run(self) -> None:
        """Swap until the client or the server stops."""
        loop = asyncio.get_running_loop()

        def finished(more: Message) -> None:
            loop.call_soon_threadsafe(self._finished.put_nowait, more)

        future = await self._services.live.start(self._swap, self._values, finished)
        ended = asyncio.wrap_future(future)
        tasks: list[asyncio.Future[Any]] = [
            asyncio.ensure_future(asyncio.shield(ended)),
            asyncio.ensure_future(self._receive()),
            asyncio.ensure_future(self._send()),
            asyncio.ensure_future(self._services.stopping.wait()),
        ]
        done, pending = await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
        await self._services.live.stop(self._swap.id)
        for task in pending:
            task.cancel()
        await asyncio.gather(*pending, return_exceptions=True)
        await self._report(done)
        await asyncio.wait([ended], timeout=_END_S)  # until then it counts
        if ended.done() and not ended.cancelled():
            ended.exception()  # reported above, or of no interest any more

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
            await self._services.live.put(self._swap, base64.b64encode(frame).decode("ascii"))

    async def _send(self) -> None:
        """Send finished frames to the client."""
        while True:
            waiting = [await self._finished.get()]
            while not self._finished.empty():
                waiting.append(self._finished.get_nowait())
            for more in waiting if self._swap.chosen.camera is None else _newest(waiting):
                if "jpeg" in more:
                    await self._socket.send_bytes(base64.b64decode(more["jpeg"]))
                elif "ready" in more:
                    await self._socket.send_json({**more, "id": self._swap.id})
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


def _newest(waiting: Sequence[Message]) -> list[Message]:
    """Return what is to be sent of what waits: of frames, a slow client gets the newest."""
    frames = [more for more in waiting if "jpeg" in more]
    return [more for more in waiting if "jpeg" not in more] + frames[-1:]


async def _end(socket: WebSocket, problem: Problem) -> None:
    with suppress(RuntimeError, WebSocketDisconnect):  # it is closed
        await socket.send_json(problem.model_dump(exclude_none=True))
        code = _TRY_AGAIN_LATER if problem.code == "busy" else _POLICY_VIOLATION
        await socket.close(code)

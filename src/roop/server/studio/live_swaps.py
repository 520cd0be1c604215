"""The live swaps of one server: they share a process, and so one set of networks."""

import asyncio
from collections.abc import AsyncIterator, Mapping
from concurrent.futures import Future
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

from anyio.to_thread import run_sync

from roop.options import Settings
from roop.pipeline.workers.child_process import Message
from roop.server.responses.problems import ApiError
from roop.server.schema import LiveInput
from roop.server.storage.ids import new_id
from roop.studio.studio_client import OnMore, StudioClient

AT_ONCE = 4
"""Live swaps that run at once; each takes about half a core at 30 frames a second."""

_IDLE_S = 30.0
"""Time that the process waits for the next live swap: its networks are loaded."""

_PATIENCE_S = 30.0
"""Longest wait until a change is in force: a camera may send nothing."""


@dataclass(slots=True)
class LiveSwap:
    """A live swap that runs."""

    chosen: LiveInput
    """What is swapped now."""
    id: str = field(default_factory=new_id)
    started: datetime = field(default_factory=lambda: datetime.now(UTC))


class LiveSwaps:
    """Starts, changes and ends live swaps. For the event loop's thread.

    Args:
        settings: What this machine has.
    """

    def __init__(self, settings: Settings) -> None:
        self._studio = StudioClient(settings)
        self._swaps: dict[str, LiveSwap] = {}
        self._idle: asyncio.Task[None] | None = None

    @property
    def full(self) -> bool:
        """True if no other may start."""
        return len(self._swaps) >= AT_ONCE

    def all(self) -> list[LiveSwap]:
        """Return those that run, the newest first."""
        return sorted(self._swaps.values(), key=lambda swap: swap.started, reverse=True)

    def get(self, id: str) -> LiveSwap:
        """Return one.

        Raises:
            ApiError: It does not run.
        """
        swap = self._swaps.get(id)
        if swap is None:
            raise ApiError("not_found", "there is no such live swap")
        return swap

    @asynccontextmanager
    async def entered(self, swap: LiveSwap) -> AsyncIterator[None]:
        """List a swap, and keep the process while it runs."""
        self._swaps[swap.id] = swap
        if self._idle is not None:
            self._idle.cancel()
        try:
            yield
        finally:
            del self._swaps[swap.id]
            if not self._swaps:
                self._idle = asyncio.ensure_future(self._end_process())

    async def start(
        self, swap: LiveSwap, values: Mapping[str, Any], on_more: OnMore
    ) -> "Future[Message]":
        """Begin to swap; ``on_more`` receives what the process sends before the result."""
        return await run_sync(self._studio.request, "live", {**values, "swap": swap.id}, on_more)

    async def put(self, swap: LiveSwap, jpeg: str) -> None:
        """Pass on a frame of the client, in base64."""
        await run_sync(self._studio.send, "live_frame", {"swap": swap.id, "jpeg": jpeg})

    async def stop(self, id: str) -> None:
        """End a swap."""
        await run_sync(self._studio.send, "live_stop", {"swap": id})

    async def change(self, id: str, change: Mapping[str, Any], draft: object | None) -> None:
        """Change a swap, and wait until the change is in force.

        Args:
            id: Which.
            change: New values.
            draft: Other faces, as plain data; None to keep them.

        Raises:
            RoopError: It cannot be changed so: everything stays as it was.
            ApiError: The camera sends no frame that could be changed.
        """
        values = {"swap": id, "change": change, "draft": draft}
        future = await run_sync(self._studio.request, "live_change", values)
        try:
            await asyncio.wait_for(asyncio.wrap_future(future), _PATIENCE_S)
        except TimeoutError as error:
            raise ApiError(
                "busy", "the camera sends no pictures", hint="the change waits for the next one"
            ) from error

    async def state(self) -> Mapping[str, Any]:
        """Return state and measurements by id (``swaps``), and these for Prometheus."""
        if not self._swaps:
            return {"swaps": {}, "prometheus": ""}
        future = await run_sync(self._studio.request, "live_state", {})
        return await asyncio.wrap_future(future)

    async def close(self) -> None:
        """End the process."""
        if self._idle is not None:
            self._idle.cancel()
        await run_sync(self._studio.close)

    async def _end_process(self) -> None:
        await asyncio.sleep(_IDLE_S)
        await asyncio.shield(run_sync(self._studio.close))

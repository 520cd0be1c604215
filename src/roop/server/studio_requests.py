"""Ask the studio's process from a route."""

import asyncio
from collections.abc import Mapping
from typing import Any

from anyio.to_thread import run_sync

from roop.server.problems import ApiError
from roop.server.services import Services

_PATIENCE_S = 120.0
"""How long an answer may take; after that its process is ended."""


async def ask_studio(services: Services, name: str, values: Mapping[str, Any]) -> Mapping[str, Any]:
    """Return what the studio's process answers.

    Args:
        services: Have the process.
        name: The kind of request.
        values: What it needs.

    Raises:
        RoopError: It cannot be done.
        ApiError: It takes too long.
    """
    future = await run_sync(services.studio.request, name, values)
    try:
        return await asyncio.wait_for(asyncio.wrap_future(future), _PATIENCE_S)
    except TimeoutError as error:
        await run_sync(services.studio.restart)
        raise ApiError(
            "busy", "this took too long, and was stopped", hint="try a smaller file"
        ) from error

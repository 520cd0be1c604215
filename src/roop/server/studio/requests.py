"""Send requests to the studio process from a route."""

import asyncio
from collections.abc import Mapping
from typing import Any

from anyio.to_thread import run_sync

from roop.server.responses.problems import ApiError
from roop.server.services import Services

_PATIENCE_S = 120.0
"""Timeout of a request; after that the process is restarted."""


async def ask_studio(services: Services, name: str, values: Mapping[str, Any]) -> Mapping[str, Any]:
    """Return the result of a request to the studio process.

    Args:
        services: The services of the server.
        name: The kind of request.
        values: Its parameters.

    Raises:
        RoopError: The request failed.
        ApiError: It took too long.
    """
    future = await run_sync(services.studio.request, name, values)
    try:
        return await asyncio.wait_for(asyncio.wrap_future(future), _PATIENCE_S)
    except TimeoutError as error:
        await run_sync(services.studio.restart)
        raise ApiError(
            "busy", "this took too long, and was stopped", hint="try a smaller file"
        ) from error

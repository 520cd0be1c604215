"""The application: its routes, its services, and its background tasks."""

import asyncio
import logging
from collections.abc import AsyncIterator, Mapping
from contextlib import ExitStack, asynccontextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from anyio.to_thread import run_sync
from fastapi import APIRouter, FastAPI
from fastapi.openapi.utils import get_openapi

from roop.errors import RoopError
from roop.jobs.queue import Queue
from roop.live_options import CameraOptions
from roop.options import Settings, ShareOptions
from roop.processors.base import Registry
from roop.server.options import ServerOptions
from roop.server.responses.problems import STATUSES, Problem, install_handlers, responses
from roop.server.routes import (
    capabilities,
    captures,
    events,
    health,
    identities,
    jobs,
    live,
    marks,
    media,
    previews,
    session,
    shares,
    uploads,
)
from roop.server.schema import WITH_OPTIONS
from roop.server.security.access import Access
from roop.server.security.requests import Guard, own_hosts
from roop.server.services import Services, Storage
from roop.server.storage import retention
from roop.server.storage.inspection import Inspector
from roop.server.storage.share_uploads import ShareUploads
from roop.server.studio.job_defaults import JobDefaults
from roop.server.studio.live_swaps import LiveSwaps
from roop.server.studio.people import PeopleCache
from roop.server.studio.preview_cache import PreviewCache
from roop.studio.change_feed import ChangeFeed
from roop.studio.option_schema import schema_of
from roop.studio.runner import Runner
from roop.studio.studio_client import StudioClient
from roop.version import VERSION

_LOG = logging.getLogger(__name__)

PREFIX = "/api/v1"

MAX_BODY = 1_000_000
"""Largest body of a request that uploads no file, in bytes."""

PAGE = Path(__file__).parent / "page"
"""The page's files."""

_ABOUT = (
    "Swap a face in photos, videos and live pictures. Every state can be asked for; events are "
    "only faster. Errors are `application/problem+json` with a stable `code` and a `hint`."
)


@dataclass(frozen=True, slots=True)
class Setup:
    """Everything that a server is started with."""

    options: ServerOptions
    settings: Settings
    registry: Registry
    queue: Queue
    folder: Path
    """For uploads and results."""
    sharing: ShareOptions
    defaults: JobDefaults
    token: str | None
    """Required from clients; None to admit everybody who reaches the server."""
    cameras: Mapping[str, CameraOptions] = field(default_factory=dict)
    """Those that clients may use, by the names that they see."""


def create_app(setup: Setup) -> FastAPI:
    """Return the application of one server."""

    @asynccontextmanager
    async def lifespan(app: FastAPI) -> AsyncIterator[None]:
        with ExitStack() as stack:
            app.state.services = services = _services(setup, stack)
            sweeper = asyncio.ensure_future(_sweep(services))
            try:
                yield
            finally:
                services.stopping.set()
                sweeper.cancel()
                with suppress(asyncio.CancelledError):
                    await sweeper
                await services.live.close()
                await run_sync(stack.close)

    app = FastAPI(
        title="roop",
        version=VERSION,
        description=_ABOUT,
        lifespan=lifespan,
        openapi_url=f"{PREFIX}/openapi.json",
        docs_url=None,  # they load scripts from elsewhere
        redoc_url=None,
        redirect_slashes=False,
        max_body_size=MAX_BODY,
    )
    app.state.upload_writers = uploads.UploadWriters()
    access = Access(setup.token)
    app.add_middleware(Guard, access=access, hosts=own_hosts(setup.options))
    install_handlers(app)
    api = APIRouter(prefix=PREFIX)
    parts = (
        *(health, session, capabilities, media, previews, jobs, marks, shares, events, live),
        captures,
        identities,
    )
    for part in parts:
        api.include_router(part.router)
    api.include_router(shares.every)
    api.include_router(uploads.make_router(setup.options.upload_bytes))
    app.include_router(api)
    app.include_router(session.entrance)
    app.frontend("/", directory=PAGE, fallback=None)
    app.openapi = lambda: _schema(app, setup.registry)  # type: ignore[method-assign]  # as FastAPI documents it
    return app


def _services(setup: Setup, stack: ExitStack) -> Services:
    """Start the services; ``stack`` ends them."""
    options, settings = setup.options, setup.settings
    storage = Storage.open(setup.folder, options)
    stopping = asyncio.Event()
    studio = stack.enter_context(StudioClient(settings))
    feed = stack.enter_context(ChangeFeed(setup.queue))
    stack.enter_context(Runner(setup.queue, settings, at_once=options.jobs))
    return Services(
        options=options,
        settings=settings,
        registry=setup.registry,
        access=Access(setup.token),
        queue=setup.queue,
        feed=feed,
        storage=storage,
        inspector=Inspector(options.pixels),
        studio=studio,
        people=PeopleCache(studio),
        previews=PreviewCache(),
        sharing=setup.sharing,
        defaults=setup.defaults,
        share_uploads=ShareUploads(setup.sharing, stopping),
        stopping=stopping,
        live=LiveSwaps(settings),
        cameras=setup.cameras,
    )


async def _sweep(services: Services) -> None:
    """Delete expired files periodically."""
    while True:
        try:
            await run_sync(retention.sweep, services)
        except (RoopError, OSError) as error:  # the next sweep may succeed
            _LOG.warning("cannot delete what has expired: %s", error)
        await asyncio.sleep(retention.PERIOD_S)


def _schema(app: FastAPI, registry: Registry) -> dict[str, Any]:
    """Return the OpenAPI schema, with the options of jobs as the processors define them."""
    if app.openapi_schema is None:
        schema = get_openapi(
            title=app.title, version=app.version, description=app.description, routes=app.routes
        )
        parts = schema["components"]["schemas"]
        parts["JobOptions"] = schema_of(registry)
        parts["Problem"] = Problem.model_json_schema()
        for name in WITH_OPTIONS:
            reference = {"$ref": "#/components/schemas/JobOptions"}
            parts.get(name, {}).get("properties", {})["options"] = reference
        for name in ("HTTPValidationError", "ValidationError"):  # FastAPI's, which are not sent
            del parts[name]
        problem = responses("usage")[STATUSES["usage"]]
        for path in schema["paths"].values():
            for operation in path.values():
                if "422" in operation["responses"]:
                    operation["responses"]["422"] = problem
        app.openapi_schema = schema
    return app.openapi_schema

"""The application: puts the routes, the problems and the outermost layer together, and starts and ends with them."""

import asyncio
import gc
import math
import sys
from collections.abc import AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from importlib.metadata import version
from importlib.resources import files
from typing import Any, Final

from anyio.to_thread import current_default_thread_limiter
from fastapi import FastAPI, Request, Response
from fastapi.openapi.docs import get_swagger_ui_html
from starlette.concurrency import run_in_threadpool
from starlette.responses import JSONResponse, RedirectResponse
from starlette.staticfiles import StaticFiles
from starlette.types import Receive, Scope, Send

from app import openapi, startup
from app.access.context import Context
from app.access.routing import require_guards
from app.assessments.router import router as assessments
from app.attributions.router import router as attributions
from app.audit.router import router as audit
from app.background.worker import Worker
from app.claims.router import router as claims
from app.claims.router import source_router as claims_of_source
from app.documents.router import router as documents
from app.exposure.router import router as exposure
from app.facets.router import router as facets
from app.factcheck.router import router as fact_checks
from app.health.router import router as health
from app.identities.router import custodian_router as custodians
from app.identities.router import router as identities
from app.keys.router import router as keys
from app.keys.service import ensure_first_key
from app.kit import database_errors, problems
from app.kit.admission import Admission
from app.kit.headers import AnswerHeaders, page_policy
from app.kit.protocol import BEHIND_TLS, PROXIES
from app.kit.proxies import CallersAddress
from app.kit.rate_limits import RateLimits
from app.kit.requests import RequestLayer
from app.relations.router import router as relations
from app.search.router import router as search
from app.settings import Settings
from app.sources.router import router as sources
from app.sourcing.router import router as sourcing
from app.track_record.router import router as track_record
from app.vocabulary.router import router as vocabulary

TITLE = "Onrecord"
THREADS: Final = 8
"""That answer requests in one process; writes have half of them, `app.access.context.WRITES_AT_ONCE`. Python runs one
at a time: more do no more, and each that wants to run has the loop, which takes in what comes, wait some milliseconds
longer. See docs/decisions/bounds.md."""
SWITCH_SECONDS: Final = 0.0005
"""After which a thread that computes lets another have its turn. The loop takes a turn for each packet: with the
interpreter's 5 ms, and two large bodies in work, health took twice as long to tell."""
ROUTERS = (
    claims_of_source,
    search,
    facets,  # before claims, whose ids would take its path
    claims,
    attributions,
    assessments,
    sourcing,
    relations,
    sources,
    track_record,
    identities,
    custodians,
    exposure,
    documents,
    fact_checks,
    vocabulary,
    keys,
    audit,
    health,
)


class WholeFiles(StaticFiles):
    """Files that are served whole, whatever Range is asked for: Starlette answers a bad one in plain text.

    A server may ignore Range (RFC 9110 §14.2).
    """

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answers one request."""
        headers = [(name, value) for name, value in scope["headers"] if name != b"range"]
        await super().__call__({**scope, "headers": headers}, receive, send)

    def file_response(self, *of_file: Any, **named: Any) -> Response:
        """The file, or that it has not changed; browsers may keep it."""
        response = super().file_response(*of_file, **named)
        response.headers["Cache-Control"] = "no-cache"
        return response


def create_app(settings: Settings | None = None, context: Context | None = None) -> FastAPI:
    """The application, over the context given or over one opened from the settings when it starts.

    Raises UnguardedRoute for a route that declares no scope. At its start it raises a Refusal for a database that is
    not of this version, or whose keys were made with another pepper, and makes the first key where there is none.
    """
    chosen = context.settings if context is not None else settings or Settings()
    app = FastAPI(
        title=TITLE,
        version=version("onrecord"),
        summary="Who said what, through whom, in what words, and how sure we are.",
        license_info={"name": "Apache-2.0", "identifier": "Apache-2.0"},
        lifespan=_lifespan(settings, context),
        openapi_url=None,  # served below, as is its page
        docs_url=None,
        redoc_url=None,
        redirect_slashes=False,  # a redirect would repeat the path in its Location
        generate_unique_id_function=lambda route: route.name,
    )
    for router in ROUTERS:
        app.include_router(router)
    require_guards(app)
    problems.install(app)
    database_errors.install(app)
    _wrap(app, chosen)
    _describe(app)
    return app


def _lifespan(
    settings: Settings | None, context: Context | None
) -> Callable[[FastAPI], AbstractAsyncContextManager[dict[str, Any]]]:
    """What is begun and ended with the app: its context, and the worker that carries out what follows writes."""

    @asynccontextmanager
    async def lifespan(app: FastAPI) -> AsyncIterator[dict[str, Any]]:
        running = context or startup.open_context(settings or Settings(), make=False)
        app.state.context = running
        current_default_thread_limiter().total_tokens = THREADS
        sys.setswitchinterval(SWITCH_SECONDS)
        try:
            await run_in_threadpool(_prepare, running)
            gc.freeze()  # what stays for good: to look through it again took the loop tenths of a second each time
            worker = Worker(running)
            worker.start()
            try:
                behind_proxy = running.settings.behind_proxy
                yield {
                    BEHIND_TLS: behind_proxy,
                    PROXIES: running.settings.trusted_proxies if behind_proxy else (),
                }
            finally:
                await run_in_threadpool(worker.stop)
        finally:
            running.database.dispose()

    return lifespan


def _wrap(app: FastAPI, chosen: Settings) -> None:
    """Puts what every request goes through around the app, the innermost first."""
    app.add_middleware(
        Admission,
        max_in_flight=chosen.max_in_flight,
        of_one_caller=THREADS // 2,
        rate_limits=_rate_limits(chosen),
        always=openapi.ALWAYS_ADMITTED,
    )
    if chosen.behind_proxy:
        app.add_middleware(CallersAddress, trusted=chosen.trusted_proxies)
    app.add_middleware(RequestLayer, max_body_bytes=chosen.max_body_bytes)
    app.add_middleware(AnswerHeaders, behind_tls=chosen.behind_proxy, origins=chosen.cors_origins)


def _rate_limits(settings: Settings) -> RateLimits:
    """This process's share of the limits: callers are taken to be spread over the processes evenly."""
    return RateLimits(
        per_address=math.ceil(settings.rate_per_address / settings.workers),
        per_key=math.ceil(settings.rate_per_key / settings.workers),
    )


def _prepare(context: Context) -> None:
    startup.check_database(context)
    context.database.gather_statistics()
    ensure_first_key(context)


def _describe(app: FastAPI) -> None:
    """Serves the API's description and a page to read and try it on, with every file of the page from here."""

    def described() -> dict[str, Any]:
        if app.openapi_schema is None:
            app.openapi_schema = openapi.describe(app)
        return app.openapi_schema

    app.openapi = described  # type: ignore[method-assign]  # FastAPI's documented way to change the document
    written: list[Response] = []
    writing = asyncio.Lock()

    async def description(_request: Request) -> Response:
        async with writing:  # once, by one thread: it takes a second, in which the loop has others to serve
            if not written:
                written.append(await run_in_threadpool(lambda: JSONResponse(app.openapi())))
        return written[0]

    assets = WholeFiles(directory=str(files("fastapi_swagger") / "resources"))
    app.mount("/docs/assets", assets)

    page = get_swagger_ui_html(
        openapi_url="/openapi.json",
        title=f"{TITLE} API",
        swagger_js_url="/docs/assets/swagger-ui-bundle.js",
        swagger_css_url="/docs/assets/swagger-ui.css",
        swagger_favicon_url="/docs/assets/favicon-32x32.png",
    )
    page.headers["Content-Security-Policy"] = page_policy(bytes(page.body).decode())

    async def docs(_request: Request) -> Response:
        return page

    async def root(_request: Request) -> Response:
        return RedirectResponse("/docs")

    app.add_route("/openapi.json", description, include_in_schema=False)
    app.add_route("/docs", docs, include_in_schema=False)
    app.add_route("/", root, include_in_schema=False)

"""The routes, and the server that serves them."""

from __future__ import annotations

import asyncio
import logging
from asyncio.base_events import Server as Listener

from aiohttp import web
from aiohttp.typedefs import Middleware

from sla_monitor.errors import Misconfigured, Problem
from sla_monitor.keys import Scope

from . import openapi as described
from . import signing_out
from .actions import Actions
from .assets import Assets
from .board import Board
from .broadcast import Broadcast
from .callbacks import Callbacks
from .claim_page import ClaimPage
from .connections import Connection, mark_busy
from .context import KEY, VISITOR, Route, Web
from .ingest import Ingest
from .live import Live
from .openapi import openapi, problems
from .outcomes import Outcomes
from .people import People
from .probes import Contracts, Probes
from .problems import Handler, answer_problems
from .refusals import Refusals
from .reports import PARAMETERS, Reports
from .sign_in import SignIn
from .story import Stories
from .views import Views

__all__ = ["Server", "Web", "build_app"]

logger = logging.getLogger(__name__)

WRITE: Scope = "write"
READ: Scope = "read"
ACT: Scope = "act"

VERIFYING = frozenset({"/claim/{token}", "/callbacks/telegram", "/callbacks/slack", "/static/{name}"})
"""Where what comes carries its own proof, or asks for what anybody may have: keys say nothing of it, nor do none."""

HEADERS = {
    "Cache-Control": "no-store",
    "Content-Security-Policy": "default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self'; "
    "base-uri 'none'; form-action 'none'; frame-ancestors 'none'",
    "Referrer-Policy": "no-referrer",
    "X-Content-Type-Options": "nosniff",
}

_LEAD_FILTER = {"name": "lead_id", "in": "query", "schema": {"type": "string"}}
_FROM = {"name": "from", "in": "query", "schema": {"enum": ["start"]}}
_CURSOR = {"name": "Last-Event-ID", "in": "header", "schema": {"type": "string"}}
_OK = {"200": {"description": "OK"}}
_PAGE = {"responses": _OK | {"303": {"description": "A browser that has not signed in."}} | problems("401", "403")}
_CALLBACK = {"responses": _OK | problems("400", "401", "404", "408", "413", "429", "503")}


def routes(context: Web, outcomes: Outcomes, callbacks: Callbacks, live: Live, broadcast: Broadcast) -> list[Route]:
    """Every route but the one that describes them."""
    ingest, views, board, probes = Ingest(context), Views(context), Board(context, live), Probes(context)
    people, sign_in, claim, actions = (
        People(context),
        SignIn(context),
        ClaimPage(context, views),
        Actions(context, views),
    )
    reports, assets = Reports(context), Assets()
    reported = {"parameters": PARAMETERS, "responses": _OK | problems("400", "401", "403", "429", "503")}
    stream = {
        "parameters": [_LEAD_FILTER, _FROM, _CURSOR],
        "responses": _OK | problems("400", "401", "403", "410", "429", "503"),
    }
    return [
        Route("POST", "/v1/events", ingest.one, WRITE, "Send one event.", described.ONE_EVENT),
        Route("POST", "/v1/events:batch", ingest.batch, WRITE, "Send up to 500 events.", described.MANY_EVENTS),
        Route(
            "GET",
            "/v1/leads/{id}",
            views.lead,
            READ,
            "One lead.",
            {"responses": _OK | problems("401", "403", "404", "503")},
        ),
        Route("GET", "/v1/leads/{id}/story", Stories(context, views).story, READ, "All about a lead.", described.STORY),
        Route("GET", "/v1/outcomes", outcomes.stream, READ, "Outcomes as server-sent events.", stream),
        Route("GET", "/v1/board", board.data, READ, "The open leads.", described.LEADS),
        Route("GET", "/v1/board/stream", broadcast.stream, READ, "What the board shows, live.", described.BOARD),
        Route(
            "POST", "/v1/leads/{id}/actions", actions.on_lead, ACT, "Claim, reassign or close a lead.", described.ACT
        ),
        Route("GET", "/v1/me", people.me, READ, "Who you are here.", described.ME),
        Route("GET", "/v1/managers", people.managers, READ, "The managers that you see.", described.MANAGERS),
        Route(
            "PUT", "/v1/managers/{id}/status", actions.on_manager, ACT, "Say where a manager is.", described.PRESENCE
        ),
        Route("GET", "/claim/{token}", claim.show, None, "The page of a claim link.", described.CLAIM_PAGE),
        Route("HEAD", "/claim/{token}", claim.show, None, "Whether a claim link is good.", described.CLAIM_PAGE),
        Route("POST", "/claim/{token}", claim.take, None, "Claim the lead of a link.", described.CLAIM),
        Route("GET", "/sign-in", sign_in.show, None, "The page to sign in on, with a key."),
        Route("POST", "/sign-in", sign_in.enter, None, "Begin a session.", described.SIGN_IN),
        Route("POST", "/sign-out", sign_in.leave, None, "End the session.", described.SIGN_OUT),
        Route("GET", "/v1/report", reports.data, READ, "How well the promise was kept: JSON or CSV.", reported),
        Route("GET", "/report", assets.report, READ, "The page of the report.", _PAGE),
        Route("GET", "/report/sheet", reports.sheet, READ, "A manager's sheet, to print.", reported),
        Route("GET", "/report/sheet.css", reports.style, None, "What a sheet looks like."),
        Route("GET", "/", assets.board, READ, "The board.", _PAGE),
        Route("GET", "/static/{name}", assets.file, None, "What the pages need."),
        Route("GET", "/favicon.ico", assets.icon, None, "The icon of the pages."),
        Route("POST", "/callbacks/telegram", callbacks.telegram, None, "A button in Telegram was pressed.", _CALLBACK),
        Route("POST", "/callbacks/slack", callbacks.slack, None, "A button in Slack was pressed.", _CALLBACK),
        Route("GET", "/healthz", probes.healthz, None, "Whether the process lives."),
        Route("GET", "/readyz", probes.readyz, None, "Whether to rely on it.", {"responses": _OK | problems("503")}),
        Route("GET", "/metrics", probes.metrics, None, "Metrics for Prometheus."),
    ]


def contracts(described: list[Route]) -> list[Route]:
    """The routes that describe all routes, themselves included."""
    document: dict[str, object] = {}
    served = Contracts(document)
    mine = [
        Route("GET", "/v1/schemas", served.schemas, None, "The event types."),
        Route(
            "GET",
            "/v1/schemas/{type}",
            served.schema,
            None,
            "The JSON Schema of an event type.",
            {"responses": _OK | problems("404")},
        ),
        Route("GET", "/openapi.json", served.openapi, None, "This document."),
    ]
    document.update(openapi([*described, *mine]))
    return mine


def build_app(context: Web) -> web.Application:
    """The application. Its streams end when it shuts down."""
    app = web.Application(middlewares=[mark_busy, _counted(context), answer_problems])
    outcomes, live = Outcomes(context), Live(context)
    callbacks, broadcast = Callbacks(context, Views(context)), Broadcast(context, live)
    declared = routes(context, outcomes, callbacks, live, broadcast)
    for route in [*declared, *contracts(declared)]:
        path = route.path.replace("}", ":[^/]+}")  # aiohttp by itself lets no id have braces
        app.router.add_route(route.method, path, _guarded(context, route))

    following: list[asyncio.Task[None]] = []

    async def follow_sessions(_app: web.Application) -> None:
        if context.access.sessions:
            following.append(asyncio.create_task(signing_out.follow(context), name="signed out"))

    async def end_streams(_app: web.Application) -> None:
        outcomes.stop.set()
        broadcast.stop.set()
        for task in following:
            task.cancel()
        await asyncio.gather(*following, return_exceptions=True)
        await live.stop()

    async def end_answers(_app: web.Application) -> None:
        await callbacks.close()

    app.on_startup.append(follow_sessions)
    app.on_shutdown.append(end_streams)
    app.on_cleanup.append(end_answers)
    app.on_response_prepare.append(_harden)
    return app


def _guarded(context: Web, route: Route) -> Handler:
    async def handle(request: web.Request) -> web.StreamResponse:
        if route.scope is None:
            if route.path not in VERIFYING:
                context.access.admit(request)
        else:
            request[VISITOR], key = context.access.visitor(request, route.scope, context.rules())
            if key is not None:
                request[KEY] = key
        return await route.handler(request)

    return handle


def _counted(context: Web) -> Middleware:
    refusals = Refusals(context.access)

    @web.middleware
    async def count(request: web.Request, handler: Handler) -> web.StreamResponse:
        response = await handler(request)
        refusals.note(request, response)
        resource = request.match_info.route.resource
        context.metrics.request(resource.canonical if resource else "none", response.status)
        return response

    return count


async def _harden(_request: web.Request, response: web.StreamResponse) -> None:
    for name, value in HEADERS.items():
        response.headers.setdefault(name, value)
    response.headers.popall("Server", None)


class Server:
    """HTTP on one address. Port 0 takes any that is free; `port` tells which."""

    def __init__(self, context: Web, host: str, port: int) -> None:
        self._context, self._host, self._asked = context, host, port
        self._runner: web.AppRunner | None = None
        self._listener: Listener | None = None

    @property
    def port(self) -> int:
        """The port in use. Only after `start`."""
        assert self._listener is not None
        return int(self._listener.sockets[0].getsockname()[1])

    @property
    def url(self) -> str:
        """Where it is reached from this machine. Only after `start`."""
        here = {"0.0.0.0": "127.0.0.1", "::": "::1"}.get(self._host, self._host)  # noqa: S104 - asked for, not bound
        host = f"[{here}]" if ":" in here else here
        return f"http://{host}:{self.port}"

    async def start(self) -> None:
        """Listen. Raises Misconfigured when the address cannot be had."""
        loop, limits = asyncio.get_running_loop(), self._context.limits
        self._runner = web.AppRunner(build_app(self._context), shutdown_timeout=limits.shutdown_seconds)
        await self._runner.setup()
        server = self._runner.server
        assert server is not None

        def connection() -> Connection:
            return Connection(server, limits, loop)

        try:
            self._listener = await loop.create_server(connection, self._host, self._asked, backlog=1024)
        except OSError as error:
            message = f"cannot serve on {self._host}:{self._asked} ({error.strerror}); name another SLA_LISTEN"
            raise Misconfigured([Problem("SLA_LISTEN", "", message)]) from error

    async def stop(self) -> None:
        """Take nothing new, finish what is under way within `shutdown_seconds`, end the streams."""
        if self._listener is not None:
            self._listener.close()
        if self._runner is not None:
            await self._runner.cleanup()

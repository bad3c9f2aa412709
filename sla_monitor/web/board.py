"""The board: its page, and the most urgent leads for programs."""

from __future__ import annotations

from collections import Counter
from importlib.resources import files
from typing import Any

from aiohttp import web

from sla_monitor.codec import rfc3339
from sla_monitor.core.rules import Rules

from .context import VISITOR, Web
from .live import Live
from .picture import Line
from .problems import Refused
from .views import moment
from .visitors import Visitor

SHOWN = 200

TYPES = {
    "html": "text/html",
    "js": "text/javascript",
    "mjs": "text/javascript",
    "css": "text/css",
    "svg": "image/svg+xml",
}

PAGE_HEADERS = {
    "Content-Security-Policy": "default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self'; "
    "img-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'; "
    "require-trusted-types-for 'script'; trusted-types 'none'",
    "X-Frame-Options": "DENY",
}


class Board:
    def __init__(self, context: Web, live: Live) -> None:
        self._web, self._live = context, live
        here = files(__package__) / "static"
        self._files = {file.name: file.read_bytes() for file in here.iterdir()}

    async def page(self, _request: web.Request) -> web.Response:
        """GET /"""
        response = self._file("board.html")
        response.headers.update(PAGE_HEADERS)
        return response

    async def static(self, request: web.Request) -> web.Response:
        """GET /static/{name}"""
        return self._file(request.match_info["name"])

    async def data(self, request: web.Request) -> web.Response:
        """GET /v1/board"""
        scene = await self._live.look()
        visitor, rules, now = request[VISITOR], self._web.rules(), self._web.clock.now()
        lines = [shown.line for shown in scene.picture.seen_by(visitor)]
        return web.json_response(
            {
                "now": rfc3339(now),
                "speed": self._web.clock.speed,
                "open": len(lines),
                "counts": Counter(line.status for line in lines),
                "leads": [_lead(line, visitor, rules, now) for line in lines[:SHOWN]],
            }
        )

    def _file(self, name: str) -> web.Response:
        if name not in self._files:
            raise Refused(404, "no such file")
        kind = TYPES[name.rpartition(".")[2]]
        return web.Response(body=self._files[name], content_type=kind, charset="utf-8")


def _lead(line: Line, visitor: Visitor, rules: Rules, now: int) -> dict[str, Any]:
    manager = rules.managers.get(line.holder_id)
    return {
        "lead_id": line.lead_id,
        "name": visitor.shown(line.name),
        "status": line.status,
        "source": line.source,
        "team_id": line.team_id,
        "turn": line.turn,
        "holder_id": line.holder_id or None,
        "holder_name": (manager.name if manager else "") or line.holder_id or None,
        "due_at": moment(line.due_at),
        "customer_due_at": moment(line.customer_due_at),
        "seconds_left": (line.due_at - now) // 1000 if line.due_at else None,
    }

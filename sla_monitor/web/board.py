"""The board: which leads are open, whose they are, and how long they have."""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import Iterable
from heapq import nsmallest
from importlib.resources import files
from operator import itemgetter
from typing import Any

from aiohttp import web

from sla_monitor.codec import OURS, read_header, rfc3339
from sla_monitor.core.effects import Log
from sla_monitor.core.lead import OPEN, STATUSES, Lead
from sla_monitor.core.rules import Rules

from .context import VISITOR, Web
from .glance import Glance
from .problems import Refused
from .views import LEADS, due_at, moment
from .visitors import Visitor

SHOWN = 200

STATIC = {
    "board.html": "text/html",
    "board.js": "text/javascript",
    "board.css": "text/css",
    "page.css": "text/css",
}

_OPEN = {number for number, status in enumerate(STATUSES) if status in OPEN}


class Board:
    def __init__(self, context: Web) -> None:
        self._web = context
        self._files = {name: (files(__package__) / "static" / name).read_bytes() for name in STATIC}
        self._glance = Glance(self._look)

    async def page(self, _request: web.Request) -> web.Response:
        """GET /"""
        return self._file("board.html")

    async def static(self, request: web.Request) -> web.Response:
        """GET /static/{name}"""
        return self._file(request.match_info["name"])

    async def data(self, request: web.Request) -> web.Response:
        """GET /v1/board"""
        return web.json_response(await self._glance(request[VISITOR].sight, request[VISITOR]))

    def _file(self, name: str) -> web.Response:
        if name not in self._files:
            raise Refused(404, "no such file")
        return web.Response(body=self._files[name], content_type=STATIC[name], charset="utf-8")

    async def _look(self, visitor: Visitor) -> dict[str, Any]:
        rows = await self._web.reader.rows(self._web.topic(Log.EVENTS))
        return await asyncio.to_thread(self._show, rows, visitor, self._web.rules(), self._web.clock.now())

    def _show(self, rows: Iterable[tuple[bytes, bytes]], visitor: Visitor, rules: Rules, now: int) -> dict[str, Any]:
        """In a thread: one pass over all rows; for who sees every team it decodes none but those shown."""
        counts: Counter[str] = Counter()
        first = nsmallest(SHOWN, self._open(rows, visitor, counts), key=itemgetter(0))
        leads = sorted((LEADS.decode(row) for _, row in first), key=due_at)
        return {
            "now": rfc3339(now),
            "speed": self._web.clock.speed,
            "open": sum(counts.values()),
            "counts": counts,
            "leads": [_line(lead, visitor, rules, now) for lead in leads],
        }

    def _open(
        self, rows: Iterable[tuple[bytes, bytes]], visitor: Visitor, counts: Counter[str]
    ) -> Iterable[tuple[int, bytes]]:
        """(when its next timer fires, row) of each open lead; one without a timer waits for a person: first."""
        for key, row in rows:
            if key.startswith(OURS):
                continue
            header = read_header(row)
            if header.status in _OPEN and (visitor.teams is None or visitor.sees(LEADS.decode(row))):
                counts[STATUSES[header.status]] += 1
                yield header.next_due or 0, row


def _line(lead: Lead, visitor: Visitor, rules: Rules, now: int) -> dict[str, Any]:
    manager = rules.managers.get(lead.holder)
    due = due_at(lead)
    return {
        "lead_id": lead.lead_id,
        "name": visitor.shown(lead.name),
        "status": lead.status,
        "source": lead.source,
        "team_id": lead.team_id,
        "turn": lead.turn,
        "holder_id": lead.holder or None,
        "holder_name": (manager.name if manager else "") or lead.holder or None,
        "due_at": moment(due),
        "customer_due_at": moment(lead.due_at),
        "seconds_left": (due - now) // 1000 if due else None,
    }

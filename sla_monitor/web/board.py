"""The most urgent leads, for programs."""

from __future__ import annotations

from collections import Counter
from typing import Any

from aiohttp import web

from sla_monitor.codec import rfc3339
from sla_monitor.core.rules import Rules

from .context import VISITOR, Web
from .live import Live
from .picture import NO_TIMER, Line
from .views import moment
from .visitors import Visitor

SHOWN = 200


class Board:
    def __init__(self, context: Web, live: Live) -> None:
        self._web, self._live = context, live

    async def data(self, request: web.Request) -> web.Response:
        """GET /v1/board"""
        scene = await self._live.look()
        visitor, rules, now = request[VISITOR], self._web.rules(), self._web.clock.now()
        tests = request.query.get("test") == "true"
        lines = [shown.line for shown in scene.picture.seen_by(visitor) if shown.line.test is tests]
        return web.json_response(
            {
                "now": rfc3339(now),
                "speed": self._web.clock.speed,
                "open": len(lines),
                "unreadable": len(scene.picture.damaged),
                "counts": Counter(line.status for line in lines),
                "leads": [_lead(line, visitor, rules, now) for line in lines[:SHOWN]],
            }
        )


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
        "breached": line.breached,
        "seconds_left": _seconds(line.customer_due_at, now),
        "holder_seconds_left": None if line.status in NO_TIMER else _seconds(line.due_at, now),
    }


def _seconds(due: int, now: int) -> int | None:
    """Until an instant; negative once it has passed; null if there is none."""
    return (due - now) // 1000 if due else None

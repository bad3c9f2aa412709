"""One lead, as it is committed."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from contextlib import aclosing, suppress
from typing import Any

from aiohttp import web

from sla_monitor.codec import RowCodec, legible, rfc3339
from sla_monitor.core.effects import Log
from sla_monitor.core.joining import HOPS
from sla_monitor.core.lead import BUILT_IN, Kind, Lead, Phase, Turn
from sla_monitor.core.promise import Result

from .context import VISITOR, Web
from .problems import Refused
from .rows import decoded
from .visitors import Visitor

LEADS = RowCodec((Lead,))


class Views:
    def __init__(self, context: Web) -> None:
        self._web = context

    async def lead(self, request: web.Request) -> web.Response:
        """GET /v1/leads/{id}"""
        visitor = request[VISITOR]
        lead = await self.known(request.match_info["id"], visitor)
        followed = await self.followed(lead)
        if followed is lead:
            return web.json_response(lead_view(lead))
        mine = {"lead_id": lead.lead_id, "status": lead.status, "joined_to": lead.joined_to}
        return web.json_response((lead_view(followed) if visitor.sees(followed) else {}) | mine)

    async def known(self, lead_id: str, visitor: Visitor) -> Lead:
        """A lead that the visitor sees. Raises Refused (404)."""
        lead = await self.row(lead_id)
        if lead is None or lead.phase is Phase.UNKNOWN or not visitor.sees(lead):
            raise Refused(404, "no such lead, or not yet", headers={"Retry-After": "1"})
        return lead

    async def followed(self, lead: Lead) -> Lead:
        """The lead that a joined one became part of; its view follows it (R25). Itself for any other."""
        followed = lead
        for _ in range(HOPS):
            into = await self.row(followed.joined_to) if followed.phase is Phase.JOINED else None
            if into is None:
                break
            followed = into
        return followed

    async def row(self, lead_id: str) -> Lead | None:
        """A lead as it is committed."""
        key = lead_id.encode("utf-8", "surrogateescape")
        if key[:1] < b" ":  # ours, not a lead's
            return None
        return _decoded(key, await self._web.reader.row(self._web.topic(Log.EVENTS), key))

    async def until(self, lead_id: str, holds: Callable[[Lead | None], bool], seconds: float) -> Lead | None:
        """A lead as soon as something holds of it, or as it is when nobody waits any longer."""
        lead = None
        with suppress(TimeoutError):
            key = lead_id.encode()
            rows = self._web.reader.follow(self._web.topic(Log.EVENTS), key)
            async with asyncio.timeout(seconds), aclosing(rows):
                async for row in rows:
                    lead = _decoded(key, row)
                    if holds(lead):
                        break
        return lead


def _decoded(key: bytes, row: bytes | None) -> Lead | None:
    """Raises Refused (500)."""
    lead: Lead | None = None if row is None else decoded(LEADS, key, row)
    if row is not None and lead is None:
        raise Refused(500, "the row of this lead is damaged; an operator finds its key in the log")
    return lead


def lead_view(lead: Lead) -> dict[str, Any]:
    """What GET /v1/leads/{id} answers. Nothing that the lead was created with but its source and team."""
    first_at, first_by = first_response(lead)
    return {
        "lead_id": lead.lead_id,
        "status": lead.status,
        "source": lead.source,
        "team_id": lead.team_id,
        "turn": lead.turn,
        "holder_id": lead.holder or None,
        "started_at": moment(lead.started_at),
        "due_at": moment(due_at(lead)),
        "customer_due_at": moment(lead.due_at),
        "contact_due_at": moment(lead.contact_due_at),
        "breached": lead.evaluated is Result.BREACHED,
        "first_attempt_at": moment(lead.first_attempt_at),
        "first_contact_at": moment(lead.first_contact_at),
        "first_response_at": moment(first_at),
        "first_response_by": first_by or None,
        "policy": policy_of(lead),
        "joined_to": lead.joined_to or None,
        "previous_lead_id": lead.previous_lead_id or None,
        "flags": list(lead.flags),
        "turns": [_turn(turn) for turn in lead.turns],
        "timeline": [
            legible(entry.data) | {"type": f"{entry.type}.v1", "at": moment(entry.at), "turn": entry.turn}
            for entry in lead.timeline
        ],
    }


def due_at(lead: Lead) -> int:
    """The instant by which the present turn's holder is due, ms; the customer's in the first turn or without one."""
    turn = lead.current
    return lead.due_at if turn is None or turn.kind is Kind.FIRST else turn.due


def policy_of(lead: Lead) -> str:
    """The name of the policy whose promise it has."""
    return str(lead.terms.get("name", BUILT_IN.name))


def first_response(lead: Lead) -> tuple[int, str]:
    """The earliest response that the lead's policy accepts, ms, and who gave it; (0, "") if none is known (R4)."""
    proofs = [(lead.first_contact_at, lead.first_contact_by)]
    if lead.terms.get("response", BUILT_IN.response) == "attempt":
        proofs.append((lead.first_attempt_at, lead.first_attempt_by))
    return min((proof for proof in proofs if proof[0]), default=(0, ""))


def _turn(turn: Turn) -> dict[str, Any]:
    return {
        "turn": turn.turn,
        "holder_id": turn.holder or None,
        "from": moment(turn.begun),
        "due_at": moment(turn.due),
        "result": turn.result or None,
    }


def moment(at: int) -> str | None:
    """RFC 3339, or null for none."""
    return rfc3339(at) if at else None

"""Outcomes as GET /v1/outcomes has them."""

from __future__ import annotations

from typing import Any


def outcome(kind: str, lead_id: str = "web-1", turn: int = 1, /, **data: Any) -> dict[str, Any]:
    return {
        "id": f"{lead_id}:{turn}:{kind}",
        "type": f"{kind}.v1",
        "time": "2026-11-23T09:41:07.000Z",
        "data": {"lead_id": lead_id, "turn": turn, **data},
    }


def assigned(to: str, lead_id: str = "web-1", turn: int = 1, reason: str = "assigned") -> dict[str, Any]:
    due = "2026-11-23T09:51:07.000Z"
    return outcome("lead.assigned", lead_id, turn, to=to, reason=reason, due_at=due)


def reassigned(
    before: str, to: str, lead_id: str = "web-1", turn: int = 2, reason: str = "no_response"
) -> dict[str, Any]:
    return outcome("lead.reassigned", lead_id, turn, **{"from": before}, to=to, reason=reason)


def breached(holder: str, lead_id: str = "web-1", turn: int = 1, evaluated: str = "first") -> dict[str, Any]:
    due = "2026-11-23T09:51:07.000Z"
    return outcome("sla.breached", lead_id, turn, holder_id=holder, evaluated=evaluated, due_at=due)


def met(by: str, lead_id: str = "web-1", turn: int = 1, evaluated: str = "first") -> dict[str, Any]:
    return outcome("sla.met", lead_id, turn, by=by, evaluated=evaluated)


def responded(by: str, lead_id: str = "web-1") -> dict[str, Any]:
    return outcome("sla.responded", lead_id, by=by)


def retracted(holder: str, lead_id: str = "web-1", turn: int = 1, evaluated: str = "first") -> dict[str, Any]:
    at = "2026-11-23T09:49:00.000Z"
    return outcome("sla.breach_retracted", lead_id, turn, holder_id=holder, evaluated=evaluated, response_at=at)


def closed(lead_id: str = "web-1", reason: str = "converted", into: str | None = None) -> dict[str, Any]:
    return outcome("lead.closed", lead_id, reason=reason, merged_into=into)


def joined(into: str, lead_id: str = "web-1") -> dict[str, Any]:
    return outcome("lead.joined", lead_id, into=into)

"""Facts as tests write them: short, with an identity of their own."""

from __future__ import annotations

from itertools import count
from typing import Any

from sla_monitor.core import events
from sla_monitor.core.events import Origin

_numbers = count(1)


def origin(at: int, **changes: Any) -> Origin:
    """received: the instant of the event unless said otherwise."""
    given = {"uri": "/crm", "id": f"e{next(_numbers)}", "source": "crm", "received": at} | changes
    return Origin(**given)


def _make(kind: Any, at: int, fields: dict[str, Any]) -> Any:
    names = ("received", "id", "uri", "source", "digest", "hops", "flags", "actor", "may", "person")
    source = {name: fields.pop(name) for name in names if name in fields}
    return kind(at=at, origin=origin(at, **source), **fields)


def lead(lead_id: str, at: int, **fields: Any) -> events.LeadCreated:
    return _make(events.LeadCreated, at, {"lead_id": lead_id, **fields})


def assigned(lead_id: str, owner_id: str, at: int, **fields: Any) -> events.LeadAssigned:
    return _make(events.LeadAssigned, at, {"lead_id": lead_id, "owner_id": owner_id, **fields})


def updated(lead_id: str, at: int, **fields: Any) -> events.LeadUpdated:
    return _make(events.LeadUpdated, at, {"lead_id": lead_id, **fields})


def closed(lead_id: str, at: int, reason: str = "converted", **fields: Any) -> events.LeadClosed:
    return _make(events.LeadClosed, at, {"lead_id": lead_id, "reason": reason, **fields})


def reopened(lead_id: str, at: int, **fields: Any) -> events.LeadReopened:
    return _make(events.LeadReopened, at, {"lead_id": lead_id, **fields})


def erased(lead_id: str, at: int, **fields: Any) -> events.LeadErased:
    return _make(events.LeadErased, at, {"lead_id": lead_id, **fields})


def claimed(lead_id: str, manager_id: str, turn: int, at: int, **fields: Any) -> events.LeadClaimed:
    return _make(events.LeadClaimed, at, {"lead_id": lead_id, "manager_id": manager_id, "turn": turn, **fields})


def started(call_id: str, at: int, **fields: Any) -> events.CallStarted:
    return _make(events.CallStarted, at, {"call_id": call_id, "direction": "outbound", **fields})


def answered(call_id: str, at: int, **fields: Any) -> events.CallAnswered:
    return _make(events.CallAnswered, at, {"call_id": call_id, "answered_by": "customer", **fields})


def ended(call_id: str, at: int, **fields: Any) -> events.CallEnded:
    given = {"call_id": call_id, "direction": "outbound", "outcome": "answered", "talk": 60_000} | fields
    return _make(events.CallEnded, at, given)


def called(call_id: str, start: int, **fields: Any) -> events.CallEnded:
    """A whole outbound call in one event, as most PBXs send it: 10 s of ringing, 60 s of talk by default."""
    talk, ring = fields.pop("talk", 60_000), fields.pop("ring", 10_000)
    return ended(call_id, start + ring + talk, started_at=start, talk=talk, ring=ring, **fields)


def missed(call_id: str, at: int, **fields: Any) -> events.CallEnded:
    """An inbound call that nobody took; it rang for 20 s and ended at `at`."""
    given = {"direction": "inbound", "outcome": "no_answer", "talk": 0, "started_at": at - 20_000} | fields
    return ended(call_id, at, **given)


def message(at: int, manager_id: str = "anna", **fields: Any) -> events.ContactRecorded:
    return _make(events.ContactRecorded, at, {"kind": "message", "manager_id": manager_id, **fields})


def status(manager_id: str, what: str, at: int, **fields: Any) -> events.ManagerStatus:
    return _make(events.ManagerStatus, at, {"manager_id": manager_id, "status": what, **fields})

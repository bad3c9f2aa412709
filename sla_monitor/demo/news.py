"""An outcome as a line that people read."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from .feed import Outcome

Names = Mapping[str, str]
"""id of a manager -> name."""

PLAIN, GOOD, WARN, BAD = "", "green", "yellow", "red"


@dataclass(frozen=True, slots=True)
class News:
    """at: the time of day. tone: how it is coloured."""

    at: str
    lead_id: str
    text: str
    tone: str

    def __str__(self) -> str:
        return f"{self.at}  {shown(self.lead_id):12}  {self.text}"


def report(outcome: Outcome, names: Names) -> News | None:
    """What to say of an outcome; None if it says nothing new to a reader."""
    data = outcome["data"]
    tell = _TEXTS.get(outcome["type"].removesuffix(".v1"))
    said = tell(data, names) if tell else None
    return News(time_of_day(outcome["time"]), data["lead_id"], *said) if said else None


def shown(lead_id: str) -> str:
    """A lead made of a missed call has a long id."""
    return f"call-{lead_id[7:11]}" if lead_id.startswith("missed:") else lead_id


def time_of_day(instant: str) -> str:
    """2026-11-23T09:41:07.000Z -> 09:41"""
    return instant[11:16]


_Said = tuple[str, str] | None


def _assigned(data: dict[str, Any], names: Names) -> _Said:
    verb = "is given by hand to" if data["reason"] == "manual" else "goes to"
    return f"{verb} {_name(data['to'], names)}, due {time_of_day(data['due_at'])}", PLAIN


def _reassigned(data: dict[str, Any], names: Names) -> _Said:
    why = "absent" if data["reason"] == "absent" else "no response"
    return f"passed on from {_name(data['from'], names)} to {_name(data['to'], names)}: {why}", WARN


def _escalated(data: dict[str, Any], names: Names) -> _Said:
    return f"escalated to {_name(data['to'], names)}: nobody responded", BAD


def _unassignable(_data: dict[str, Any], _names: Names) -> _Said:
    return "nobody can take it, the head is told", BAD


def _warning(data: dict[str, Any], names: Names) -> _Said:
    return f"{_name(data['holder_id'], names)} is reminded, {data['share']} % of the time is gone", PLAIN


def _held(_data: dict[str, Any], _names: Names) -> _Said:
    return "due, but a call is going on", WARN


def _breached(data: dict[str, Any], names: Names) -> _Said:
    due, holder = time_of_day(data["due_at"]), _name(data["holder_id"], names)
    if data["evaluated"] == "later":
        return f"breached again: no response from {holder} by {due}", BAD
    return f"breached: no response by {due}", BAD


def _met(data: dict[str, Any], names: Names) -> _Said:
    return (f"answered in time by {_name(data['by'], names)}", GOOD) if data["evaluated"] == "first" else None


def _retracted(data: dict[str, Any], names: Names) -> _Said:
    holder, at = _name(data["holder_id"], names), time_of_day(data["response_at"])
    return (f"breach taken back: {holder} had called at {at}", GOOD) if data["evaluated"] == "first" else None


def _responded(data: dict[str, Any], names: Names) -> _Said:
    return f"answered late by {_name(data['by'], names)}", WARN


def _joined(data: dict[str, Any], _names: Names) -> _Said:
    return f"joins {shown(data['into'])}: the same number", PLAIN


def _closed(data: dict[str, Any], _names: Names) -> _Said:
    """A merged lead has been reported when it joined."""
    return None if data["reason"] == "merged" else (f"closed: {data['reason']}", PLAIN)


def _name(manager_id: str, names: Names) -> str:
    return names.get(manager_id, manager_id) or "somebody"


_TEXTS: dict[str, Callable[[dict[str, Any], Names], _Said]] = {
    "lead.assigned": _assigned,
    "lead.reassigned": _reassigned,
    "lead.escalated": _escalated,
    "lead.unassignable": _unassignable,
    "sla.warning": _warning,
    "sla.held": _held,
    "sla.breached": _breached,
    "sla.met": _met,
    "sla.breach_retracted": _retracted,
    "sla.responded": _responded,
    "lead.joined": _joined,
    "lead.closed": _closed,
}

"""What the outcomes of today add up to: shares in time, the last hour's responses, what was in the news."""

from __future__ import annotations

from collections import deque
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, NamedTuple

import msgspec

from sla_monitor.core.lead import Lead
from sla_monitor.core.rules import HOUR
from sla_monitor.report.clocks import Clocks
from sla_monitor.report.figures import in_time_of

NEWS = frozenset(
    {
        "sla.breached.v1",
        "sla.breach_retracted.v1",
        "lead.reassigned.v1",
        "lead.escalated.v1",
        "lead.unassignable.v1",
    }
)
RESPONSES = frozenset({"sla.met.v1", "sla.responded.v1", "sla.breach_retracted.v1"})
KEPT_NEWS, KEPT_RESPONSES = 200, 2000
"""The newest of each; what is older than these is not shown."""


class Outcome(msgspec.Struct):
    """A published decision, as it lies in its log."""

    type: str
    time: str
    subject: str
    data: dict[str, Any]

    @property
    def at(self) -> int:
        return instant(self.time)

    @property
    def about_now(self) -> bool:
        """Whether it is shown for as long as it is new, and needs the row of its lead for that."""
        return self.type in NEWS or self.type in RESPONSES


_decode = msgspec.json.Decoder(Outcome).decode


def read_outcome(value: bytes) -> Outcome | None:
    try:
        return _decode(value)
    except msgspec.MsgspecError:
        return None  # another program's; the board is no place to complain


class Response(NamedTuple):
    """A lead's first response. at: when, ms; took: ms since the lead's start, of which `promised` were allowed."""

    lead_id: str
    at: int
    took: int
    promised: int
    in_time: bool
    team_id: str | None
    holder_id: str


class News(NamedTuple):
    """What happened to a lead. by: who had it; to: who got it."""

    at: int
    kind: str
    lead_id: str
    team_id: str | None
    holder_id: str
    by: str
    to: str
    reason: str


class Told(NamedTuple):
    """What looks different: the last hour's responses, the news."""

    hour: bool = False
    news: bool = False


@dataclass(slots=True)
class Today:
    """began, ends: local midnights, ms. clocks: those that started today, as in a report of these days.

    recent: from when on there is news, ms. responses: of the last hour, by lead. answered: when the last lead was, by
    team, ms.
    """

    began: int = 0
    ends: int = 0
    recent: int = 0
    clocks: Clocks = field(init=False)
    responses: dict[str, Response] = field(default_factory=dict)
    news: deque[News] = field(default_factory=lambda: deque(maxlen=KEPT_NEWS))
    answered: dict[str | None, int] = field(default_factory=dict)
    _shares: dict[str, tuple[int, int]] | None = None

    def __post_init__(self) -> None:
        self.clocks = Clocks(self.began, self.ends)

    def fold(self, values: Sequence[bytes | None]) -> None:
        """Outcomes as they lie in their log: what they say of today's clocks."""
        self.clocks.apply(values)
        self._shares = None

    def shares(self) -> dict[str, tuple[int, int]]:
        """(in time, decided) by manager, of the clocks that started today; test leads count nowhere."""
        if self._shares is None:
            self._shares = in_time_of(self.clocks)
        return self._shares

    def take(self, outcome: Outcome, lead: Lead | None) -> Told:
        """Add one, in their order; what it changed. lead: as it is now, of what is new. Test leads count nowhere."""
        if outcome.data.get("test"):
            return Told()
        at = outcome.at
        news = outcome.type in NEWS and at >= self.recent
        if news:
            self.news.append(_news(outcome, at))
        return Told(outcome.type in RESPONSES and self._respond(outcome, lead), news)

    def turn(self, began: int, ends: int) -> None:
        """Another day has begun: what started before it is yesterday's."""
        if began > self.began:
            self.began, self.ends = began, ends
            self.clocks.cut(began, ends)
            self._shares = None

    def forget(self, now: int) -> bool:
        """Drop what is older than an hour; whether anything was."""
        old = [lead_id for lead_id, response in self.responses.items() if response.at <= now - HOUR]
        for lead_id in old:
            del self.responses[lead_id]
        return bool(old)

    def _respond(self, outcome: Outcome, lead: Lead | None) -> bool:
        data = outcome.data
        if outcome.type != "sla.responded.v1" and (data["measure"], data["evaluated"]) != ("response", "first"):
            return False
        if "response_at" not in data:  # taken back because the lead had ended by its due (R29)
            return False
        at = instant(data["response_at"])
        team_id = data.get("team_id")
        self.answered[team_id] = max(self.answered.get(team_id, 0), at)
        if lead is None:
            return True
        in_time = outcome.type != "sla.responded.v1"
        took = max(at - lead.started_at, 0)
        self.responses.pop(lead.lead_id, None)
        if len(self.responses) >= KEPT_RESPONSES:
            del self.responses[next(iter(self.responses))]
        promised = max(lead.due_at - lead.started_at, 1)
        told = Response(lead.lead_id, at, took, promised, in_time, lead.team_id, lead.holder)
        self.responses[lead.lead_id] = told
        return True


def _news(outcome: Outcome, at: int) -> News:
    data = outcome.data
    return News(
        at=at,
        kind=outcome.type.removesuffix(".v1"),
        lead_id=outcome.subject,
        team_id=data.get("team_id"),
        holder_id=data.get("holder_after") or data.get("holder_id") or "",
        by=data.get("from") or data.get("holder_id") or "",
        to=data.get("to") or "",
        reason=data.get("reason") or data.get("measure") or "",
    )


def instant(text: str) -> int:
    """RFC 3339 as ms."""
    return round(datetime.fromisoformat(text).timestamp() * 1000)

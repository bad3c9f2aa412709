"""What the outcomes of today add up to: shares in time, the last hour's responses, what was in the news."""

from __future__ import annotations

from collections import defaultdict, deque
from dataclasses import dataclass, field
from datetime import datetime, time
from typing import Any, NamedTuple

import msgspec

from sla_monitor.core.calendar import to_utc, zone
from sla_monitor.core.lead import Lead
from sla_monitor.core.rules import HOUR, Rules

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


@dataclass(slots=True)
class Share:
    """Evaluations of one manager. breached: without those that were taken back."""

    met: int = 0
    breached: int = 0


class Response(NamedTuple):
    """A lead's first response. at: when, ms; took: ms since the lead's start."""

    at: int
    took: int
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
    """began: local midnight, ms. shares: by manager. responses: of the last hour, by lead.

    answered: when the last lead was, ms; 0 if none was.
    """

    began: int = 0
    shares: defaultdict[str, Share] = field(default_factory=lambda: defaultdict(Share))
    responses: dict[str, Response] = field(default_factory=dict)
    news: deque[News] = field(default_factory=lambda: deque(maxlen=KEPT_NEWS))
    answered: int = 0

    def take(self, outcome: Outcome, lead: Lead | None) -> Told:
        """Add one, in their order; what it changed. lead: as it is now, of what is new. Test leads count nowhere."""
        if outcome.data.get("test"):
            return Told()
        at = outcome.at
        if at >= self.began:
            self._credit(outcome)
        news = outcome.type in NEWS
        if news:
            self.news.append(_news(outcome, at, lead))
        return Told(outcome.type in RESPONSES and self._respond(outcome, lead), news)

    def begin_day(self, began: int) -> bool:
        """Start counting anew if another day has begun; whether it has."""
        if began == self.began:
            return False
        self.began = began
        self.shares.clear()
        return True

    def forget(self, now: int) -> bool:
        """Drop what is older than an hour; whether anything was."""
        old = [lead_id for lead_id, response in self.responses.items() if response.at <= now - HOUR]
        for lead_id in old:
            del self.responses[lead_id]
        return bool(old)

    def _credit(self, outcome: Outcome) -> None:
        data = outcome.data
        holder = data.get("holder_id")
        if not holder or data.get("measure") != "response":
            return
        share = self.shares[holder]
        match outcome.type:
            case "sla.met.v1":
                share.met += 1
            case "sla.breached.v1":
                share.breached += 1
            case "sla.breach_retracted.v1":
                share.met += 1
                share.breached = max(0, share.breached - 1)  # it may be of yesterday

    def _respond(self, outcome: Outcome, lead: Lead | None) -> bool:
        data = outcome.data
        if outcome.type != "sla.responded.v1" and (data["measure"], data["evaluated"]) != ("response", "first"):
            return False
        at = instant(data["response_at"])
        self.answered = max(self.answered, at)
        if lead is None:
            return True
        in_time = outcome.type != "sla.responded.v1"
        took = max(at - lead.started_at, 0)
        self.responses.pop(lead.lead_id, None)
        if len(self.responses) >= KEPT_RESPONSES:
            del self.responses[next(iter(self.responses))]
        self.responses[lead.lead_id] = Response(at, took, in_time, lead.team_id, lead.holder)
        return True


def _news(outcome: Outcome, at: int, lead: Lead | None) -> News:
    data = outcome.data
    return News(
        at=at,
        kind=outcome.type.removesuffix(".v1"),
        lead_id=outcome.subject,
        team_id=lead.team_id if lead else None,
        holder_id=lead.holder if lead else "",
        by=data.get("from") or data.get("holder_id") or "",
        to=data.get("to") or "",
        reason=data.get("reason") or data.get("measure") or "",
    )


def instant(text: str) -> int:
    """RFC 3339 as ms."""
    return round(datetime.fromisoformat(text).timestamp() * 1000)


def midnight(rules: Rules, now: int) -> int:
    """When today began where the policy is at home, ms."""
    where = zone(home(rules))
    day = datetime.fromtimestamp(now / 1000, where).date()
    return to_utc(datetime.combine(day, time()), where)


def home(rules: Rules) -> str:
    """The time zone of the last policy's calendar, else of the first shift, else UTC."""
    named = [rules.policies[-1].calendar, *(manager.shift for manager in rules.managers.values())]
    return next((rules.calendars[name].timezone for name in named if name and name in rules.calendars), "UTC")

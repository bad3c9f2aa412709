"""The figures of a report, reckoned again from raw outcomes by what docs/outcomes.md and docs/report.md say.

It uses nothing of the product: JSON in, numbers out.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from datetime import datetime
from math import ceil
from typing import Any, NamedTuple
from zoneinfo import ZoneInfo

Outcome = dict[str, Any]
"""A CloudEvent as `GET /v1/outcomes` gives it."""

DECISIONS = {"sla.met": "met", "sla.breached": "breached", "sla.breach_retracted": "retracted"}
TURNS = ("lead.assigned", "lead.reassigned", "lead.superseded", "sla.warning")
"""What names the holder of a turn."""

ENDS = ("lead.closed", "lead.joined", "lead.erased")
REASONS = ("converted", "junk", "duplicate", "deleted", "merged", "expired", "erased")
BY = ("manager", "team", "source", "policy", "day", "hour")


def at(text: str) -> datetime:
    return datetime.fromisoformat(text)


@dataclass
class Clock:
    """All outcomes of one customer's clock (lead, cycle), in their order."""

    lead_id: str
    cycle: int
    told: list[Outcome] = field(default_factory=list)

    def all(self, kind: str, /, **data: Any) -> list[dict[str, Any]]:
        return [one["data"] for one in self.told if one["type"] == f"{kind}.v1" and data.items() <= one["data"].items()]

    def last(self, name: str, none: Any = "") -> Any:
        return next((one["data"][name] for one in reversed(self.told) if one["data"].get(name)), none)

    @property
    def start(self) -> datetime:
        return at(self.told[-1]["data"]["started_at"])

    def decision(self, measure: str) -> str:
        """How the customer was served in the end; empty if nothing was decided, or nothing that stands."""
        kinds = [
            (DECISIONS[kind], one["data"])
            for one in self.told
            if (kind := one["type"].removesuffix(".v1")) in DECISIONS
            and (one["data"]["measure"], one["data"]["evaluated"]) == (measure, "first")
        ]
        if not kinds:
            return ""
        kind, data = kinds[-1]
        return "" if kind == "retracted" and data.get("reason") == "closed_before_due" else kind

    @property
    def holder(self) -> str:
        """Who answers for the decision; without one, whoever is named first as the holder of a turn."""
        for kind in ("sla.met", "sla.breached"):
            for data in self.all(kind, measure="response", evaluated="first"):
                return str(data.get("holder_id", ""))
        for one in self.told:
            kind, data = one["type"].removesuffix(".v1"), one["data"]
            judged = kind in DECISIONS and data["evaluated"] == "first"
            begun = kind in TURNS and data.get("reason") != "holder_only"
            names = begun or judged or (kind in ENDS and data["turn"] == self.cycle)
            who = next(filter(None, map(data.get, ("from", "holder_id", "to"))), "") if names else ""
            if who or kind in ENDS:
                return str(who)
        return ""

    @property
    def responded(self) -> bool:
        proven = [
            *self.all("sla.met", measure="response"),
            *(one for one in self.all("sla.breach_retracted", measure="response") if one.get("response_at")),
        ]
        return bool(proven or self.all("sla.responded") or self.all("lead.closed", responded=True))

    @property
    def fate(self) -> str:
        """decided, joined, undecided, or what it ended by before it was decided."""
        if self.decision("response"):
            return "decided"
        if any(data.get("clock") != "own" for data in self.all("lead.joined")):
            return "joined"
        for data in self.all("lead.closed"):
            return str(data["reason"])
        return "erased" if self.all("lead.erased") else "undecided"

    @property
    def over(self) -> bool:
        return bool(self.all("lead.closed") or self.all("lead.joined") or self.all("lead.erased"))

    def later(self) -> Iterator[tuple[str, bool]]:
        """(holder, in time) of each turn that a breach began and that was judged, and not taken back."""
        turns: dict[int, tuple[str, dict[str, Any]]] = {}
        for one in self.told:
            kind = one["type"].removesuffix(".v1")
            if kind in DECISIONS and one["data"]["evaluated"] == "later":
                turns[one["data"]["turn"]] = DECISIONS[kind], one["data"]
        for kind, data in turns.values():
            if kind != "retracted":
                yield data.get("holder_id", ""), kind == "met"


def clocks(outcomes: Iterable[Outcome]) -> list[Clock]:
    """Those that count: no test leads, none without a clock, no missed call that turned out answered."""
    found: dict[tuple[str, int], Clock] = {}
    for one in outcomes:
        data = one["data"]
        if data.get("test") or "cycle" not in data or "started_at" not in data:
            continue
        name = data["lead_id"], data["cycle"]
        found.setdefault(name, Clock(*name)).told.append(one)
    return [clock for clock in found.values() if clock.fate != "not_missed"]


class Reckoning:
    """Of clocks that started in [begin, end)."""

    def __init__(self, outcomes: list[Outcome], begin: datetime, end: datetime, zone: ZoneInfo) -> None:
        self.every = clocks(outcomes)
        self.zone = zone
        self.clocks = [clock for clock in self.every if begin <= clock.start < end]

    def rows(self, by: str) -> dict[str, dict[str, Any]]:
        """Key of a line -> its figures, by the names that JSON has."""
        counts: dict[str, Counter[str]] = defaultdict(Counter)
        times: dict[str, dict[str, list[float]]] = defaultdict(lambda: {"attempt": [], "contact": []})
        for clock in self.clocks:
            key = self._key(clock, by, clock.holder)
            counts[key].update(self._own(clock))
            for kind in ("attempt", "contact"):
                credited = clock.all("call.credited", kind=kind)
                times[key][kind] += [credited[-1]["open_seconds"]] if credited else []
            for what, manager in self._deeds(clock):
                counts[self._key(clock, by, manager)][what] += 1
        return {key: _line(counts[key], times[key]) for key in counts}

    def total(self) -> dict[str, Any]:
        return self.rows("total").get("", _line(Counter(), {"attempt": [], "contact": []}))

    def _key(self, clock: Clock, by: str, manager: str) -> str:
        local = clock.start.astimezone(self.zone)
        keys = {
            "manager": manager,
            "team": clock.told[-1]["data"].get("team_id", ""),
            "policy": clock.told[-1]["data"].get("policy", ""),
            "source": clock.last("source", "other"),
            "day": local.date().isoformat(),
            "hour": f"{local.hour:02}",
            "total": "",
        }
        return str(keys[by])

    def _own(self, clock: Clock) -> Iterator[str]:
        fate, decision = clock.fate, clock.decision("response")
        yield "received"
        if fate in ("decided", "joined", "undecided"):
            yield fate
        else:
            yield "ended_undecided"
            yield f"ended_undecided_{fate if fate in REASONS else 'other'}"
        flags = {
            "in_time": decision in ("met", "retracted"),
            "still_open": not (clock.responded or clock.over),
            "late_responses": decision == "breached" and clock.all("sla.responded"),
            "escalated": clock.all("lead.escalated"),
            "unassignable": clock.all("lead.unassignable"),
            "late_given": decision == "breached" and clock.all("sla.breached", evaluated="first", late_given=True),
            "contact_target_decided": clock.decision("contact"),
            "contact_target_in_time": clock.decision("contact") in ("met", "retracted"),
            "attempts": clock.all("call.credited", kind="attempt"),
            "contacts": clock.all("call.credited", kind="contact"),
            "closed_unanswered": clock.all("lead.closed") and not (clock.responded or clock.all("lead.joined")),
            "missed_calls": clock.last("missed_call", none=False),
            "missed_calls_recovered": clock.last("missed_call", none=False) and self._recovered(clock),
        }
        yield from (name for name, holds in flags.items() if holds)

    def _recovered(self, clock: Clock) -> bool:
        """Whether somebody responded, to it or to what it became part of."""
        seen = set()
        while not clock.responded and clock.all("lead.joined"):
            joined = next(one for one in clock.told if one["type"] == "lead.joined.v1")
            into = joined["data"]["into"]
            if into in seen:
                return False
            seen.add(into)
            others = [other for other in self.every if other.lead_id == into]
            then = [other for other in others if at(other.told[0]["time"]) <= at(joined["time"])] or others
            if not then:
                return False
            clock = max(then, key=lambda other: other.cycle)
        return clock.responded

    @staticmethod
    def _deeds(clock: Clock) -> Iterator[tuple[str, str]]:
        for data in clock.all("lead.reassigned"):
            yield "reassigned_away", data.get("from", "")
            yield "received_by_reassignment", data["to"]
        for holder, in_time in clock.later():
            yield "later_turns_decided", holder
            if in_time:
                yield "later_turns_in_time", holder


def _line(counts: Counter[str], times: dict[str, list[float]]) -> dict[str, Any]:
    line: dict[str, Any] = dict(counts)
    line["share_in_time"] = counts["in_time"] * 10_000 // counts["decided"] / 10_000 if counts["decided"] else None
    for kind, waited in times.items():
        for rank in (50, 90):
            of = sorted(waited)[ceil(len(waited) * rank / 100) - 1] if waited else None
            line[f"{kind}_p{rank}_seconds"] = of
    return line


def decisions(outcomes: Iterable[Outcome]) -> Counter[str]:
    """All that was decided, as the ledger and Prometheus count it: turn/measure/outcome."""
    return Counter(
        f"{one['data']['evaluated']}/{one['data']['measure']}/{DECISIONS[kind]}"
        for one in outcomes
        if (kind := one["type"].removesuffix(".v1")) in DECISIONS and not one["data"].get("test")
    )


NOT_OPEN = (*ENDS, "sla.responded")


GIVEN = ("lead.assigned", "lead.reassigned")


class Held(NamedTuple):
    """by: empty for nobody. escalated: the head has it, without a timer."""

    by: str
    escalated: bool


def holders(outcomes: Iterable[Outcome]) -> dict[str, Held]:
    """Who has each lead that is open: nobody responded to its newest clock, and nothing ended it."""
    found: dict[str, Held] = {}
    over: dict[str, bool] = {}
    newest: dict[str, int] = {}
    for one in outcomes:
        lead_id, kind, data = one["data"]["lead_id"], one["type"].removesuffix(".v1"), one["data"]
        if data.get("test"):
            continue  # on no list but their own
        before = found.get(lead_id, Held("", escalated=False))
        escalated = kind == "lead.escalated" or (before.escalated and kind not in GIVEN)
        found[lead_id] = Held(data.get("holder_after", ""), escalated)
        over.setdefault(lead_id, "cycle" not in data)
        newest[lead_id] = max(newest.get(lead_id, 0), data.get("cycle", 0))
        if data.get("cycle", 0) < newest[lead_id]:
            continue  # of a clock of the past
        if kind == "lead.reopened":
            over[lead_id] = "cycle" not in data
        elif kind in NOT_OPEN or (kind in ("sla.met", "sla.breach_retracted") and data["measure"] == "response"):
            over[lead_id] = True
    return {lead_id: held for lead_id, held in found.items() if not over[lead_id]}

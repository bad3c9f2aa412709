"""What became of each customer's clock, from the outcomes as they come.

A lead has a clock, and another one each time it is reopened (R29); `cycle` tells them apart, or, in outcomes of the
time before that field, their order. A clock belongs to the instant at which it started; one that takes an earlier start
(R25, R26) moves there, with all that was told of it before: everything is folded first, and the days are cut out of it
at the end. Test leads, and leads too old for a clock (R30), have none.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass
from sys import intern
from typing import NamedTuple

import msgspec

from sla_monitor.codec import rfc3339
from sla_monitor.records import Stored

NEVER_A_LEAD = "not_missed"
"""The reason of closing for a missed call that turned out answered (R26)."""

JOINED, ERASED = "joined", "erased"
"""How a lead ends besides the reasons of closing."""

CLOSED_BEFORE_DUE = "closed_before_due"
"""The reason of taking back a breach because nobody was to respond by its due any more (R29)."""

HOPS = 3
"""How far a lead that became part of another is followed."""


class Data(msgspec.Struct):
    """The details of an outcome that a report looks at; instants as RFC 3339 in UTC. cycle: 0 in old outcomes."""

    started_at: str = ""
    cycle: int = 0
    turn: int = 0
    team_id: str = ""
    policy: str = ""
    source: str = ""
    missed_call: bool = False
    test: bool = False
    from_: str = msgspec.field(default="", name="from")
    to: str = ""
    into: str = ""
    clock: str = ""
    holder_id: str = ""
    reason: str = ""
    kind: str = ""
    measure: str = ""
    evaluated: str = ""
    response_at: str = ""
    open_seconds: float = 0
    objective: float | None = None
    late_given: bool = False
    responded: bool = False


class Outcome(msgspec.Struct):
    type: str
    subject: str
    data: Data
    time: str = ""


decode = msgspec.json.Decoder(Outcome).decode


class Deed(NamedTuple):
    """What a turn did to a manager: away, taken, later_met, later_breached."""

    what: str
    manager: str
    turn: int


@dataclass(slots=True)
class Clock:
    """One customer's clock.

    start: RFC 3339 in UTC; cycle: 0 if it is not known. since: when it was first told of. holder: of the turn that
    began with it, empty for nobody. evaluated, contact: how the response and the contact target were decided: met,
    breached, retracted, empty for not (yet). objective: the share that was promised, at the decision. late_given:
    nobody answers for it (R14). attempt, spoken: open seconds to the first attempt, the first contact. ended: how it
    left the open leads: a reason of closing, joined, erased. into, joined_at: the lead that it became part of, and
    when; gave_way: that one's clock is decided instead of this one (R25). deeds: all that later turns did to a manager.
    """

    lead_id: str
    start: str
    cycle: int = 0
    since: str = ""
    team: str = ""
    policy: str = ""
    source: str = "other"
    holder: str = ""
    missed: bool = False
    evaluated: str = ""
    contact: str = ""
    objective: float | None = None
    late_given: bool = False
    attempt: float | None = None
    attempt_at: str = ""
    spoken: float | None = None
    spoken_at: str = ""
    responded: bool = False
    by_contact: bool = False
    late: bool = False
    unassignable: bool = False
    escalated: bool = False
    ended: str = ""
    into: str = ""
    joined_at: str = ""
    gave_way: bool = False
    deeds: tuple[Deed, ...] = ()

    @property
    def decided(self) -> bool:
        return bool(self.evaluated)

    @property
    def in_time(self) -> bool:
        """The one definition: the response came by the due, also if that was proven later (R7, R11)."""
        return self.evaluated in ("met", "retracted")

    @property
    def waited(self) -> float | None:
        """Open seconds to the response; an attempt that becomes known later and was earlier shortens it."""
        if not self.responded:
            return None
        return self.spoken if self.by_contact else self.attempt

    @property
    def managers(self) -> set[str]:
        """Whom it says anything about."""
        return {self.holder, *(deed.manager for deed in self.deeds)}

    @property
    def is_open(self) -> bool:
        """Nobody responded, and it has not ended in another way."""
        return not self.responded and not self.ended

    @property
    def counts(self) -> bool:
        """Whether it is a promise: not if it was no lead after all."""
        return self.decided or self.ended != NEVER_A_LEAD

    @property
    def ended_undecided(self) -> str:
        """How it ended before it was decided: a reason of closing, joined, erased; empty if it did not."""
        if self.decided:
            return ""
        if self.gave_way:
            return JOINED
        return "" if self.ended == JOINED else self.ended


class Clocks:
    """Those that started in [begin, end), ms. Apply the outcomes of a lead in their order.

    until: what starts later never moves into [begin, end); None: anything may. unreadable: records that were no
    outcomes. complete_since: from when on none is missing, ms; 0: from the first on. made_at: when they were read, ms.
    """

    def __init__(self, begin: int, end: int, until: int | None = None) -> None:
        self.unreadable = self.complete_since = self.made_at = 0
        self._until = None if until is None else rfc3339(until)
        self._of: dict[str, list[Clock]] = {}
        self._wanted: Collection[str] = frozenset()
        self.cut(begin, end)

    def cut(self, begin: int, end: int) -> None:
        """Other days, behind the present ones: what started before them is forgotten."""
        self._begin, self._end = rfc3339(begin), rfc3339(end)
        for lead_id, clocks in list(self._of.items()):
            if kept := [clock for clock in clocks if clock.start >= self._begin]:
                self._of[lead_id] = kept
            else:
                del self._of[lead_id]

    def __iter__(self) -> Iterator[Clock]:
        return (clock for clocks in self._of.values() for clock in clocks if self._begin <= clock.start < self._end)

    def __contains__(self, lead_id: str) -> bool:
        """Whether a lead is known, though its clocks may lie outside the days."""
        return lead_id in self._of

    def apply(self, values: Iterable[bytes | None]) -> None:
        """Outcomes as they lie in their log. What is none is counted and left out: anybody may write to a topic."""
        for value in values:
            try:
                outcome = decode(value or b"")
            except (msgspec.MsgspecError, UnicodeDecodeError):
                self.unreadable += 1
            else:
                self._apply(outcome)

    def apply_to(self, lead_ids: Collection[str], records: Iterable[Stored]) -> None:
        """Only what is about some leads, which was applied before they were wanted."""
        keys = {lead_id.encode() for lead_id in lead_ids}
        for record in records:
            if record.key in keys:
                with suppress(msgspec.MsgspecError, UnicodeDecodeError):
                    self._apply(decode(record.value or b""))

    def add(self, row: Clock) -> None:
        """A clock that runs, as its lead's row has it; of one that the outcomes know, the row knows the start best."""
        known = self._of.setdefault(row.lead_id, [])
        if not known:
            known.append(row)
        elif row.cycle == (known[-1].cycle or row.cycle) and row.start < known[-1].start and not known[-1].decided:
            known[-1].start = row.start

    def missing(self) -> set[str]:
        """Leads that missed calls of these days became part of, and that are not known as they were then."""
        joined = [clock for clock in self if clock.missed and clock.into and not clock.responded]
        found: set[str] = set()
        for _ in range(HOPS):
            found |= {clock.into for clock in joined if not self._reaches(clock)}
            joined = [taker for clock in joined if (taker := self._taker(clock)) is not None and taker.into]
        return found - set(self._wanted)

    def want(self, lead_ids: Collection[str]) -> None:
        """Know these leads from their first clock on, whenever that was; all outcomes of theirs are to come again."""
        self._wanted = lead_ids
        for lead_id in lead_ids:
            self._of.pop(lead_id, None)

    def recovered(self, clock: Clock) -> bool:
        """Whether anybody responded, to the lead or to the clock that it became part of."""
        for _ in range(HOPS):
            taker = self._taker(clock)
            if clock.responded or taker is None:
                break
            clock = taker
        return clock.responded

    def _reaches(self, clock: Clock) -> bool:
        """Whether the clock that the other lead had at the joining can be among those that are known."""
        clocks = self._of.get(clock.into, ())
        return any(other.since <= clock.joined_at or other.cycle == 1 for other in clocks)

    def _taker(self, clock: Clock) -> Clock | None:
        """The clock that the other lead had when this one joined it."""
        clocks = self._of.get(clock.into, []) if clock.into else []
        before = [other for other in clocks if other.since <= clock.joined_at]
        return next(iter(before[-1:] or clocks[:1]), None)

    def _apply(self, outcome: Outcome) -> None:
        data = outcome.data
        if data.test or not data.started_at:
            return
        clock = self._clock(outcome)
        if clock is None:
            return
        handle = HANDLERS.get(outcome.type)
        if handle is not None:
            handle(clock, data)
        if outcome.type == "lead.joined.v1":
            clock.joined_at = outcome.time
        clock.source = intern(data.source) or clock.source
        clock.missed |= data.missed_call
        if not clock.holder and not clock.decided:
            clock.holder = intern(data.from_ or data.holder_id or data.to)

    def _clock(self, outcome: Outcome) -> Clock | None:
        """The clock that an outcome is about; None if it can have nothing to do with the days."""
        lead_id, data = outcome.subject, outcome.data
        clocks = self._of.get(lead_id, ())
        clock = None if outcome.type == "lead.reopened.v1" else _named(clocks, data)
        if clock is None:
            if not self._keeps(lead_id, data.started_at):
                return None
            clock = Clock(lead_id, data.started_at, data.cycle, outcome.time)
            self._of.setdefault(lead_id, []).append(clock)
        clock.start, clock.cycle = data.started_at, data.cycle or clock.cycle
        clock.team, clock.policy = intern(data.team_id), intern(data.policy)
        return clock

    def _keeps(self, lead_id: str, start: str) -> bool:
        near = self._begin <= start and (self._until is None or start < self._until)
        return near or lead_id in self._wanted


def _named(clocks: Iterable[Clock], data: Data) -> Clock | None:
    """The one that an outcome names: the newest of its cycle, or with its start.

    Only a start moves back, and only while nothing is decided; one that lies behind is another lead's of the same id.
    """
    alike = [clock for clock in clocks if not (clock.cycle and data.cycle) or clock.cycle == data.cycle]
    same = [clock for clock in alike if clock.start == data.started_at]
    moved = [clock for clock in alike[-1:] if clock.start > data.started_at and not clock.decided]
    return next(iter(same[-1:] or moved), None)


def _met(clock: Clock, data: Data) -> None:
    _decide(clock, data, "met")


def _breached(clock: Clock, data: Data) -> None:
    _decide(clock, data, "breached")


def _decide(clock: Clock, data: Data, how: str) -> None:
    if data.measure == "contact":
        clock.contact = how
    elif data.evaluated == "later":
        clock.deeds += (Deed(f"later_{how}", intern(data.holder_id), data.turn),)
    else:
        clock.evaluated, clock.objective = how, data.objective
        clock.holder, clock.late_given = intern(data.holder_id), data.late_given
    if data.measure == "response" and how == "met":
        _answered(clock, data)


def _retracted(clock: Clock, data: Data) -> None:
    """A later turn that is taken back counts for nobody (R11); a clock that had ended by its due is undecided (R29)."""
    how = "" if data.reason == CLOSED_BEFORE_DUE else "retracted"
    if data.measure == "contact":
        clock.contact = how
    elif data.evaluated == "later":
        clock.deeds = tuple(deed for deed in clock.deeds if deed[::2] != ("later_breached", data.turn))
    else:
        clock.evaluated = how
    if data.measure == "response" and how:
        _answered(clock, data)


def _responded(clock: Clock, data: Data) -> None:
    clock.late = True
    _answered(clock, data)


def _answered(clock: Clock, data: Data) -> None:
    clock.responded = True
    clock.by_contact = data.response_at == clock.spoken_at != clock.attempt_at


def _credited(clock: Clock, data: Data) -> None:
    if data.kind == "contact":
        clock.spoken, clock.spoken_at = data.open_seconds, data.response_at
    else:
        clock.attempt, clock.attempt_at = data.open_seconds, data.response_at


def _reassigned(clock: Clock, data: Data) -> None:
    clock.deeds += (Deed("away", intern(data.from_), data.turn), Deed("taken", intern(data.to), data.turn))


def _unassignable(clock: Clock, _data: Data) -> None:
    clock.unassignable = True


def _escalated(clock: Clock, _data: Data) -> None:
    clock.escalated = True


def _closed(clock: Clock, data: Data) -> None:
    clock.ended = data.reason
    clock.responded |= data.responded


def _joined(clock: Clock, data: Data) -> None:
    """Only this is a fact; what a closing wished may not have happened (R25)."""
    clock.ended, clock.into = clock.ended or JOINED, data.into
    clock.gave_way = data.clock != "own"


def _erased(clock: Clock, _data: Data) -> None:
    if clock.ended in ("", JOINED):  # one that joined another may have been left to decide its own clock
        clock.ended = ERASED


HANDLERS: Mapping[str, Callable[[Clock, Data], None]] = {
    "sla.met.v1": _met,
    "sla.breached.v1": _breached,
    "sla.breach_retracted.v1": _retracted,
    "sla.responded.v1": _responded,
    "call.credited.v1": _credited,
    "lead.reassigned.v1": _reassigned,
    "lead.unassignable.v1": _unassignable,
    "lead.escalated.v1": _escalated,
    "lead.closed.v1": _closed,
    "lead.joined.v1": _joined,
    "lead.erased.v1": _erased,
}
"""What each outcome says of its clock; the others only tell that there is one, and whose."""

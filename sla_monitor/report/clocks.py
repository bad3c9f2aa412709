"""What became of each customer's clock, from the outcomes as they come.

A lead has a clock, and another one each time it is reopened (R29). A clock belongs to the instant at which it started;
one that takes an earlier start (R25, R26) moves there. Test leads, and leads too old for a clock (R30), have none.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from sys import intern

import msgspec

from sla_monitor.codec import rfc3339

NEVER_A_LEAD = "not_missed"
"""The reason of closing for a missed call that turned out answered (R26)."""

HOPS = 3
"""How far a lead that became part of another is followed."""


class Data(msgspec.Struct):
    """The details of an outcome that a report looks at; instants as RFC 3339 in UTC."""

    started_at: str = ""
    team_id: str = ""
    policy: str = ""
    source: str = ""
    missed_call: bool = False
    test: bool = False
    from_: str = msgspec.field(default="", name="from")
    to: str = ""
    into: str = ""
    merged_into: str = ""
    holder_id: str = ""
    reason: str = ""
    kind: str = ""
    measure: str = ""
    evaluated: str = ""
    response_at: str = ""
    open_seconds: float = 0
    responded: bool = False


class Outcome(msgspec.Struct):
    type: str
    subject: str
    data: Data


decode = msgspec.json.Decoder(Outcome).decode


@dataclass(slots=True)
class Clock:
    """One customer's clock.

    start: RFC 3339 in UTC. holder: of the turn that began with it, empty for nobody. evaluated, contact: how the
    response and the contact target were decided: met, breached, retracted, empty for not yet. attempt, spoken, waited:
    open seconds to the first attempt, the first contact, the response. ended: how it left the open leads: a reason of
    closing, joined, erased. into: the lead that it became part of. deeds: (what, manager) of everything that later
    turns did to a manager.
    """

    lead_id: str
    start: str
    team: str = ""
    policy: str = ""
    source: str = "other"
    holder: str = ""
    missed: bool = False
    evaluated: str = ""
    contact: str = ""
    attempt: float | None = None
    spoken: float | None = None
    waited: float | None = None
    spoken_at: str = ""
    responded: bool = False
    late: bool = False
    unassignable: bool = False
    escalated: bool = False
    ended: str = ""
    into: str = ""
    deeds: tuple[tuple[str, str], ...] = ()

    @property
    def decided(self) -> bool:
        return bool(self.evaluated)

    @property
    def in_time(self) -> bool:
        return self.evaluated in ("met", "retracted")

    @property
    def managers(self) -> set[str]:
        """Whom it says anything about."""
        return {self.holder, *(manager for _, manager in self.deeds)}

    @property
    def is_open(self) -> bool:
        """Nobody responded, and it has not ended in another way."""
        return not self.responded and not self.ended

    @property
    def counts(self) -> bool:
        """Whether it is a promise of its own: not if it became part of another undecided, or was no lead after all."""
        return self.decided or not (self.into or self.ended == NEVER_A_LEAD)


class Clocks:
    """Those that started in [begin, end), ms. Apply the outcomes of a lead in their order."""

    def __init__(self, begin: int, end: int) -> None:
        self.unreadable = 0
        self._begin, self._end = rfc3339(begin), rfc3339(end)
        self._now: dict[str, Clock] = {}
        self._past: list[Clock] = []

    def __iter__(self) -> Iterator[Clock]:
        yield from self._past
        yield from self._now.values()

    def apply(self, values: Iterable[bytes | None]) -> None:
        """Outcomes as they lie in their log. What is none is counted and left out: anybody may write to a topic."""
        for value in values:
            try:
                outcome = decode(value or b"")
            except (msgspec.MsgspecError, UnicodeDecodeError):
                self.unreadable += 1
            else:
                self._apply(outcome)

    def add(self, clock: Clock) -> None:
        """A clock that runs, as its lead's row has it; the outcomes know more of those that they know."""
        if self._begin <= clock.start < self._end and clock.lead_id not in self._now:
            self._now[clock.lead_id] = clock

    def recovered(self, clock: Clock) -> bool:
        """Whether anybody responded, to the lead or to the one that it became part of."""
        for _ in range(HOPS):
            if clock.responded or clock.into not in self._now:
                break
            clock = self._now[clock.into]
        return clock.responded

    def _apply(self, outcome: Outcome) -> None:
        data = outcome.data
        if data.test or not data.started_at:
            return
        clock = self._clock(outcome.subject, data, anew=outcome.type == "lead.reopened.v1")
        if clock is not None:
            handle = HANDLERS.get(outcome.type)
            if handle is not None:
                handle(clock, data)
            clock.source = intern(data.source) or clock.source
            clock.missed |= data.missed_call
            if not clock.holder and not clock.decided:
                clock.holder = intern(data.from_ or data.holder_id or data.to)

    def _clock(self, lead_id: str, data: Data, *, anew: bool) -> Clock | None:
        """The clock that an outcome is about; None if it started outside the period."""
        start, known = data.started_at, self._now.get(lead_id)
        if known is not None and (anew or start > known.start):  # a start only ever moves back
            self._past.append(self._now.pop(lead_id))
            known = None
        if not self._begin <= start < self._end:
            self._now.pop(lead_id, None)
            return None
        if known is None:
            known = self._now[lead_id] = Clock(lead_id, start)
        known.start, known.team, known.policy = start, intern(data.team_id), intern(data.policy)
        return known


def _met(clock: Clock, data: Data) -> None:
    _decide(clock, data, "met")


def _breached(clock: Clock, data: Data) -> None:
    _decide(clock, data, "breached")


def _retracted(clock: Clock, data: Data) -> None:
    _decide(clock, data, "retracted")


def _decide(clock: Clock, data: Data, how: str) -> None:
    if data.measure == "contact":
        clock.contact = how
    elif data.evaluated == "later":
        clock.deeds += ((f"later_{how}", intern(data.holder_id)),)
    else:
        clock.evaluated = how
        if how != "retracted":
            clock.holder = intern(data.holder_id)
    if data.measure == "response" and how != "breached":
        _answered(clock, data)


def _responded(clock: Clock, data: Data) -> None:
    clock.late = True
    _answered(clock, data)


def _answered(clock: Clock, data: Data) -> None:
    clock.responded = True
    clock.waited = clock.spoken if data.response_at == clock.spoken_at else clock.attempt


def _credited(clock: Clock, data: Data) -> None:
    if data.kind == "contact":
        clock.spoken, clock.spoken_at = data.open_seconds, data.response_at
    else:
        clock.attempt = data.open_seconds


def _reassigned(clock: Clock, data: Data) -> None:
    clock.deeds += (("away", intern(data.from_)), ("taken", intern(data.to)))


def _unassignable(clock: Clock, _data: Data) -> None:
    clock.unassignable = True


def _escalated(clock: Clock, _data: Data) -> None:
    clock.escalated = True


def _closed(clock: Clock, data: Data) -> None:
    clock.ended, clock.into = data.reason, data.merged_into or clock.into
    clock.responded |= data.responded


def _joined(clock: Clock, data: Data) -> None:
    clock.ended, clock.into = clock.ended or "joined", data.into


def _erased(clock: Clock, _data: Data) -> None:
    clock.ended = clock.ended or "erased"


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

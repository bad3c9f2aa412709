"""One customer's clock, and what each outcome says of it."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from sys import intern
from typing import NamedTuple

import msgspec

NEVER_A_LEAD = "not_missed"
"""The reason of closing for a missed call that turned out answered (R26)."""

JOINED, ERASED = "joined", "erased"
"""How a lead ends besides the reasons of closing."""

OTHER = "other"
"""The source of a lead of which nothing tells another one."""

CLOSED_BEFORE_DUE = "closed_before_due"
"""The reason of taking back a breach because nobody was to respond by its due any more (R29)."""

HOLDER_ONLY = "holder_only"
"""The reason of an assignment that begins no turn (R23)."""

BEGUN = frozenset({"lead.assigned.v1", "lead.reassigned.v1", "lead.superseded.v1", "sla.warning.v1"})
"""What names the holder of a turn, the one before first."""

DECIDED = frozenset({"sla.met.v1", "sla.breached.v1"})
"""What names the holder of the first turn, if it is about that."""

ENDED = frozenset({"lead.closed.v1", "lead.joined.v1"})
"""What names the holder of the turn that ran."""


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
    began with it, empty for nobody; settled: a decision has said who that is. late: a response was announced that came
    after the due, as far as was known then. evaluated, contact: how the response and the contact target were decided:
    met, breached, retracted, empty for not (yet). objective: the share that was promised, at the decision. late_given:
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
    source: str = OTHER
    holder: str = ""
    settled: bool = False
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
    def answered_late(self) -> bool:
        """Not if an earlier response became known later (R11)."""
        return self.late and self.evaluated == "breached"

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

    def learn(self, row: Clock) -> None:
        """What the row of a lead that runs knows of it: the start best, and what outcomes need not say."""
        if not self.decided:
            self.start = min(self.start, row.start)
        if not (self.holder or self.settled):
            self.holder = row.holder
        if self.source == OTHER:
            self.source = row.source

    @property
    def ended_undecided(self) -> str:
        """How it ended before it was decided: a reason of closing, joined, erased; empty if it did not."""
        if self.decided:
            return ""
        if self.gave_way:
            return JOINED
        return "" if self.ended == JOINED else self.ended

    def tell(self, outcome: Outcome) -> None:
        """What became of it."""
        data = outcome.data
        self.start, self.cycle = data.started_at, data.cycle or self.cycle
        self.team, self.policy = intern(data.team_id), intern(data.policy)
        self.source = intern(data.source) or self.source
        self.missed |= data.missed_call
        if not (self.holder or self.settled or self.ended):
            self.holder = intern(_holder(self, outcome))
        handle = HANDLERS.get(outcome.type)
        if handle is not None:
            handle(self, data)
        if outcome.type == "lead.joined.v1":
            self.joined_at = outcome.time


def _holder(clock: Clock, outcome: Outcome) -> str:
    """Who had the turn that began with a clock, if the first outcome that names anybody is this one; else empty."""
    kind, data = outcome.type, outcome.data
    names = (
        (kind in BEGUN and data.reason != HOLDER_ONLY)
        or (kind in DECIDED and data.evaluated != "later")
        or (kind in ENDED and data.turn == (clock.cycle or 1))
    )
    return data.from_ or data.holder_id or data.to if names else ""


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
        clock.holder, clock.settled, clock.late_given = intern(data.holder_id), True, data.late_given
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

"""The row of a lead: the lead and its clock. The row is the timer (R6-R19)."""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any, NamedTuple, cast

from .events import (
    CallAnswered,
    CallEnded,
    CallStarted,
    ContactRecorded,
    LeadAssigned,
    LeadClaimed,
    LeadClosed,
    LeadErased,
    LeadReopened,
    LeadUpdated,
)
from .lead_clock import CONTACT, RESPONSE, LeadClock
from .promise import Result
from .proof import CallSeen
from .row import Header
from .rules import Policy


class Status(StrEnum):
    """What a lead is, from the customer's side. The first six after UNKNOWN are open (R23)."""

    UNKNOWN = "unknown"  # facts came before their lead and wait (R27)
    SCHEDULED = "scheduled"  # outside the calendar, until the clock starts
    WAITING = "waiting"  # the customer's clock runs
    HELD = "held"  # a live call holds the decision (R9)
    OVERDUE = "overdue"  # breached, and no response is known
    UNASSIGNABLE = "unassignable"  # nobody eligible (R18)
    ESCALATED = "escalated"  # the head has it, without a timer (R19)
    ANSWERED = "answered"
    CLOSED = "closed"
    JOINED = "joined"
    ERASED = "erased"


STATUSES = tuple(Status)
"""The header's status is an index of this; that of a test lead, which is in no figure, comes behind the last (R30)."""

OPEN = frozenset(STATUSES[1:7])

OPEN_NUMBERS = frozenset(range(1, 7))
"""The same as a row's header has them, but for test leads."""

OPEN_TESTS = frozenset(number + len(STATUSES) for number in OPEN_NUMBERS)
"""The same of test leads."""

MISSED_CALL = "missed_call"
"""The channel of a lead made of a missed call (R26)."""

HOLDER_ABSENT = "holder_absent"
"""The flag of a lead whose holder is not there, while it is theirs all the same (R17)."""

BUILT_IN = Policy()
"""What the values of `Lead.terms` differ from."""

Waiting = (
    LeadAssigned
    | LeadUpdated
    | LeadClosed
    | LeadReopened
    | LeadErased
    | LeadClaimed
    | CallStarted
    | CallAnswered
    | CallEnded
    | ContactRecorded
)
"""What may come before its lead."""


class Phase(StrEnum):
    """The part of the status that facts set; the rest is derived from the clock."""

    UNKNOWN = "unknown"
    OPEN = "open"
    ANSWERED = "answered"
    CLOSED = "closed"
    JOINED = "joined"
    ERASED = "erased"


class Kind(StrEnum):
    """Why a turn began, which decides whether it is evaluated and counts for max_turns."""

    FIRST = "first"  # with the customer's clock; due is the customer's
    BREACH = "breach"  # by a breach: evaluated for its holder (R14)
    HAND_OVER = "hand_over"  # by a person or a rule: unevaluated (R16)
    LATE = "late"  # it came, or was given, too late: a fresh target first (R14, R30)


class Loose(NamedTuple):
    """What was proven when no clock ran: one that is told of later may have begun by then (R7). Instants in ms.

    ended_at: 0 for no contact. name: the event's. spoken_for: another lead had it, and no clock that comes later (R5).
    """

    attempt_at: int | None
    contact_at: int | None
    ended_at: int
    by: str | None
    name: str
    spoken_for: bool = False


class Lent(NamedTuple):
    """A field has what a lead that joined said. part: which; own: what the lead itself had there, nothing if empty."""

    part: str
    own: tuple[str, ...]


class Closing(NamedTuple):
    """The latest closing by its own time, ms. ended: when the lead ended by it, as far as its source may be late."""

    at: int = 0
    uri: str = ""
    id: str = ""
    ended: int = 0
    reason: str = ""


NO_CLOSING = Closing()

NO_CLOCK = LeadClock(cycle=1, evaluated=Result.ENDED, contact_evaluated=Result.ENDED)
"""What a lead without a clock has instead of one (R30, R31)."""

_NUMBERS = {status: number for number, status in enumerate(STATUSES)}
_NOT_OPEN = {phase: Status(phase.value) for phase in Phase if phase is not Phase.OPEN}


@dataclass(slots=True)
class Turn:
    """One holder's span. begun, due: ms; due 0 if it has none. warned: how many warning shares are behind it."""

    turn: int
    holder: str
    begun: int
    due: int
    kind: Kind
    result: Result = Result.RUNNING
    reason: str = ""
    warned: int = 0


@dataclass(slots=True)
class Entry:
    """A step of the timeline: an outcome without its candidates."""

    type: str
    at: int
    turn: int
    data: dict[str, Any] = field(default_factory=dict)


@dataclass(slots=True)
class Parked:
    """A fact that waits for its lead until an instant (R27); exactly one of the others is set."""

    until: int
    assigned: LeadAssigned | None = None
    updated: LeadUpdated | None = None
    closed: LeadClosed | None = None
    reopened: LeadReopened | None = None
    erased: LeadErased | None = None
    claimed: LeadClaimed | None = None
    started: CallStarted | None = None
    answered: CallAnswered | None = None
    ended: CallEnded | None = None
    contact: ContactRecorded | None = None

    @property
    def fact(self) -> Waiting:
        found = next(value for name in PARKED.values() if (value := getattr(self, name)) is not None)
        return cast("Waiting", found)


PARKED: dict[type, str] = {
    LeadAssigned: "assigned",
    LeadUpdated: "updated",
    LeadClosed: "closed",
    LeadReopened: "reopened",
    LeadErased: "erased",
    LeadClaimed: "claimed",
    CallStarted: "started",
    CallAnswered: "answered",
    CallEnded: "ended",
    ContactRecorded: "contact",
}
"""The field of `Parked` for each kind of fact that may come before its lead."""


@dataclass(slots=True)
class Lead:
    """Everything known of a lead. Instants in ms, 0 for none unless said otherwise."""

    lead_id: str
    phase: Phase = Phase.UNKNOWN
    # as it came
    source: str = "other"
    created_at: int = 0
    team_id: str | None = None
    phones: tuple[str, ...] = ()
    removed_phones: tuple[str, ...] = ()  # to be erased too
    keyed: bool = False  # its numbers are open under their keys; before, each spelling was a number of its own
    shared_phones: tuple[str, ...] = ()  # those of `phones` that many may have: nothing joins by them
    emails: tuple[str, ...] = ()
    name: str | None = None
    channel: str | None = None
    priority: str | None = None
    language: str | None = None
    region: str | None = None
    skills: tuple[str, ...] = ()
    test: bool = False
    url: str | None = None  # where the source shows it
    flags: tuple[str, ...] = ()
    # the promise, chosen at the start (R33): the policy's values that differ from the built-ins
    terms: dict[str, Any] = field(default_factory=dict)
    rules_version: int = 0
    # the customer's clocks, newest last: the last is the present one
    clocks: list[LeadClock] = field(default_factory=list)
    responded: tuple[int, ...] = ()  # the cycles of those whose late response was announced
    scheduled: bool = False
    loose: list[Loose] = field(default_factory=list)
    calls: list[CallSeen] = field(default_factory=list)
    # who has it
    turn: int = 1
    holder: str = ""
    turns: list[Turn] = field(default_factory=list)
    counted: int = 1  # turns that count for max_turns in this cycle
    ask: int = 0  # the number of the last ask
    asking: bool = False
    ask_reason: str = ""
    unassignable: bool = False
    escalated: bool = False
    unassignable_to: str = ""  # the head who was told so
    no_team_to: tuple[str, ...] = ()  # the heads who were told that it is of no team
    by_escalation: bool = False  # the head has it because nobody else did, and not by a person's word
    unowned_until: int = 0
    give_at: int = 0  # of a missed call: nobody is given the lead before
    # the decision at hand (R8, R9)
    question: int = 0
    asked_at: int = 0
    catch_up_at: int = 0
    unanswered: list[str] = field(default_factory=list)
    asked_again: bool = False  # after a pause of ours
    degraded: bool = False  # the answers took too long
    held_until: int = 0
    warn_next: int = 0
    # joining (R25), closing (R29)
    joined_to: str = ""
    was_part_of: tuple[str, ...] = ()  # before it was reopened, erased or forgotten: they have what it brought
    joined: list[str] = field(default_factory=list)
    brought: dict[str, tuple[str, ...]] = field(default_factory=dict)  # the numbers of each lead that joined
    own_phones: tuple[str, ...] | None = None  # those of `phones` that it has itself; None: all that was not brought
    lent: dict[str, Lent] = field(default_factory=dict)  # of `name`, `emails` and `url`, those said of a joined lead
    parting: dict[str, LeadReopened] = field(default_factory=dict)  # a joined lead was reopened: this one was open then
    joining: dict[str, int] = field(default_factory=dict)  # leads that are on their way into this one -> their due
    refused: tuple[str, ...] = ()  # leads that would not take this one
    previous_lead_id: str = ""
    closed_reason: str = ""
    closing: Closing = NO_CLOSING
    reopened_at: int = 0  # the latest reopening of what was open then, as far as is known
    gone_at: int = 0  # when the row may go
    # order and identity of what came
    assigned_stamp: tuple[int, str, str] = (0, "", "")
    updated_stamp: tuple[int, str, str] = (0, "", "")
    seen: dict[int, int] = field(default_factory=dict)  # uid -> digest
    parked: list[Parked] = field(default_factory=list)
    timeline: list[Entry] = field(default_factory=list)

    @property
    def clock(self) -> LeadClock:
        """The present one; `NO_CLOCK` if it has none."""
        return self.clocks[-1] if self.clocks else NO_CLOCK

    def clock_of(self, cycle: int) -> LeadClock:
        return next(clock for clock in self.clocks if clock.cycle == cycle)

    def put_clock(self, clock: LeadClock) -> None:
        """Replace the clock of the same cycle."""
        self.clocks = [clock if known.cycle == clock.cycle else known for known in self.clocks]

    def was_over(self, at: int, response: str) -> bool:
        """Whether the clock of an instant had ended by then; a closing counts when it happened, however late told.

        response: what the policy takes for one.
        """
        clock = next((clock for clock in reversed(self.clocks) if clock.came <= at), self.clock)
        if self.phase is Phase.OPEN and clock is self.clock:
            return False
        return clock.over_since(response) <= at or clock.came <= self.closing.at <= at

    @property
    def own(self) -> tuple[str, ...]:
        """The numbers that it has itself, whether or not a lead that joined has them too."""
        if self.own_phones is not None:
            return self.own_phones
        brought = {number for numbers in self.brought.values() for number in numbers}
        return tuple(number for number in self.phones if number not in brought)

    def forget_question(self) -> None:
        """Nothing is asked, and no call holds anything."""
        self.unanswered, self.catch_up_at, self.held_until, self.asked_again = [], 0, 0, False

    @property
    def cycle(self) -> int:
        return self.clock.cycle

    @property
    def started_at(self) -> int:
        return self.clock.start

    @property
    def due_at(self) -> int:
        return self.clock.due

    @property
    def contact_due_at(self) -> int:
        return self.clock.contact_due

    @property
    def evaluated(self) -> Result:
        return self.clock.evaluated

    @property
    def contact_evaluated(self) -> Result:
        return self.clock.contact_evaluated

    @property
    def first_attempt_at(self) -> int:
        return self.clock.attempt_at

    @property
    def first_contact_at(self) -> int:
        return self.clock.contact_at

    @property
    def first_contact_by(self) -> str:
        return self.clock.contact_by

    @property
    def first_attempt_by(self) -> str:
        return self.clock.attempt_by

    @property
    def status(self) -> Status:
        """Escalated and unassignable win over held, held over overdue, overdue over waiting."""
        if self.phase is not Phase.OPEN:
            return _NOT_OPEN[self.phase]
        if self.escalated:
            return Status.ESCALATED
        if self.unassignable:
            return Status.UNASSIGNABLE
        if self.scheduled:
            return Status.SCHEDULED
        if self.held_until > 0:
            return Status.HELD
        return Status.OVERDUE if self.evaluated is Result.BREACHED else Status.WAITING

    @property
    def current(self) -> Turn | None:
        """The turn of the present number, if somebody fills it."""
        return self.turns[-1] if self.turns and self.turns[-1].turn == self.turn else None

    def header(self) -> Header:
        number = _NUMBERS[self.status] + (len(STATUSES) if self.test else 0)
        return Header(next_due(self), number, self.started_at, self.holder)


def next_due(lead: Lead) -> int | None:
    """The earliest instant at which time alone may change the lead, ms."""
    instants = [lead.gone_at, *(parked.until for parked in lead.parked)]
    if lead.phase is Phase.OPEN:
        instants += [lead.unowned_until, lead.warn_next]
        if lead.scheduled:
            instants.append(lead.started_at)
    if lead.unanswered:
        instants.append(lead.catch_up_at)
    elif lead.held_until:
        instants.append(lead.held_until)
    else:
        instants += deadlines(lead)
    return min(filter(None, instants), default=None)


def deadlines(lead: Lead) -> list[int]:
    """The instants after which something is to be decided: each running due with the allowance.

    What is still undecided when a lead is no longer open, or was reopened since, was due before its end (R29).
    """
    allowance = lead.terms.get("allowance", BUILT_IN.allowance)
    due = [clock.due_of(measure) for clock in lead.clocks for measure in (RESPONSE, CONTACT) if clock.awaits(measure)]
    due += [turn.due for turn in lead.turns if turn.result is Result.RUNNING and turn.kind is not Kind.FIRST]
    return [instant + allowance for instant in due if instant]

"""The row of a number: the leads that take its calls, and the facts that wait for leads still to open (R24)."""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import StrEnum
from typing import ClassVar

from .events import Call, CallAnswered, CallEnded, CallStarted, ContactRecorded
from .proof import CallSeen, applied, call_key, call_start, talk_began
from .row import Header
from .rules import DAY


class Bound:
    """What keeps the row of a busy number small."""

    KEPT: ClassVar[int] = 50  # facts that wait for leads still to open
    OPENINGS: ClassVar[int] = 100  # leads listed, closed ones too
    SERVED: ClassVar[int] = 20  # leads that get the same call, newest first
    REMEMBERED: ClassVar[int] = 7 * DAY  # ids, after the last fact
    SPANS: ClassVar[int] = 8  # of one lead, newest; one for each customer's clock


class State(StrEnum):
    """What a lead is to one of its numbers."""

    PENDING = "pending"  # made here of a missed call; its own opening is still under way
    OPEN = "open"
    ANSWERED = "answered"  # collects calls, but a missed call makes a lead of its own (R23)
    CLOSED = "closed"  # gets only calls from before, when they come late
    OVER = "over"  # ended here; what it has under way opens nothing any more
    GONE = "gone"  # ended here, and it knows: only a person opens it again


class Word(StrEnum):
    """What a lead says of its number."""

    OPEN = "open"
    COLLECT = "collect"
    CLOSE = "close"


TRANSITIONS: dict[tuple[State, Word], State] = {
    (State.PENDING, Word.OPEN): State.OPEN,
    (State.PENDING, Word.COLLECT): State.ANSWERED,
    (State.PENDING, Word.CLOSE): State.CLOSED,
    (State.OPEN, Word.OPEN): State.OPEN,
    (State.OPEN, Word.COLLECT): State.ANSWERED,
    (State.OPEN, Word.CLOSE): State.CLOSED,
    (State.ANSWERED, Word.OPEN): State.OPEN,
    (State.ANSWERED, Word.COLLECT): State.ANSWERED,
    (State.ANSWERED, Word.CLOSE): State.CLOSED,
    (State.CLOSED, Word.OPEN): State.OPEN,
    (State.CLOSED, Word.COLLECT): State.CLOSED,
    (State.CLOSED, Word.CLOSE): State.CLOSED,
    (State.OVER, Word.OPEN): State.OVER,
    (State.OVER, Word.COLLECT): State.OVER,
    (State.OVER, Word.CLOSE): State.GONE,
    (State.GONE, Word.OPEN): State.OPEN,
    (State.GONE, Word.COLLECT): State.GONE,
    (State.GONE, Word.CLOSE): State.GONE,
}


@dataclass(slots=True)
class Span:
    """From when to when a lead wanted the calls of the number, ms. 0: without an end.

    since: where its interest begins, without the window before it. open_until: it was open up to here, and a missed
    call of that time lies on it. closed_at: a call that began later is not its business. joined: another lead has its
    clock of that time (R25).
    """

    since: int
    open_until: int = 0
    closed_at: int = 0
    joined: bool = False

    def was_open(self, at: int) -> bool:
        return self.since <= at <= (self.open_until or at)

    def covers(self, at: int, window: int) -> bool:
        return self.since - window <= at <= (self.open_until or at)

    def wants(self, kept: Kept, window: int) -> bool:
        """What ended before the window is not shown (R5, R24)."""
        return kept.fact.at >= self.since - window and kept.began <= (self.closed_at or kept.began)


@dataclass(slots=True)
class Opening:
    """A lead of the number. Instants in ms, 0 for none.

    order: rises with each lead. since, open_until, closed_at, joined: its present `Span`. past: those before it was
    reopened, for retract_window.
    expires: when it leaves the row. made_of: the call that it was made of, which lasted from rang_at to missed_at.
    """

    lead_id: str
    order: int
    since: int
    state: State = State.OPEN
    open_until: int = 0
    closed_at: int = 0
    expires: int = 0
    made_of: str = ""
    rang_at: int = 0
    missed_at: int = 0
    joined: bool = False
    past: list[Span] = field(default_factory=list)

    @property
    def is_open(self) -> bool:
        return self.state in (State.PENDING, State.OPEN)

    @property
    def is_past(self) -> bool:
        return self.state in (State.CLOSED, State.OVER, State.GONE)

    @property
    def spans(self) -> list[Span]:
        return [*self.past, Span(self.since, self.open_until, self.closed_at, self.joined)]

    def begin(self, since: int, at: int) -> None:
        """Want calls from `since` on. A lead that was not open begins a new span at `at`, and keeps the one before.

        Of one that ended here, and was never its own lead's, nothing is kept.
        """
        if self.is_open and self.since:
            since = min(self.since, since)
        elif self.state in (State.ANSWERED, State.CLOSED):
            span = Span(self.since, self.open_until, self.closed_at or at, self.joined)
            self.past = [*self.past, span][1 - Bound.SPANS :]
            self.joined = False
        self.since, self.state = since, TRANSITIONS[self.state, Word.OPEN]
        self.open_until = self.closed_at = self.expires = 0

    def forget(self, before: int) -> None:
        """Spans that ended before that instant are past proof."""
        self.past = [span for span in self.past if span.closed_at > before]

    def was_open(self, at: int) -> bool:
        """Whether its clock ran at that instant, or its answer was then."""
        return any(span.was_open(at) for span in self.spans)

    def spoke(self, at: int) -> bool:
        """Whether a clock of its own ran at that instant: one that another lead has taken is not its own (R25)."""
        return any(span.was_open(at) for span in self.spans if not span.joined)

    def covers(self, at: int, window: int) -> bool:
        """Whether a missed call of that instant is this lead's: while it was open, or soon before it came."""
        return any(span.covers(at, window) for span in self.spans)

    def wants(self, kept: Kept, window: int) -> bool:
        """Whether the lead is to have this fact.

        A lead made of a missed call knows that it ended, and is not to see it ring.
        """
        if self.state in (State.OVER, State.GONE):
            return False
        if self.made_of and kept.key == self.made_of and not kept.ended:
            return False
        return any(span.wants(kept, window) for span in self.spans)


@dataclass(slots=True)
class Kept:
    """A fact of the number until it is too old to matter. Exactly one of the last four is set.

    got: the orders of the openings that have it. again: a missed call to decide again when a lead turns out closed.
    """

    until: int
    got: list[int] = field(default_factory=list)
    again: bool = False
    started: CallStarted | None = None
    answered: CallAnswered | None = None
    ended: CallEnded | None = None
    contact: ContactRecorded | None = None

    @property
    def call(self) -> Call | None:
        return self.started or self.answered or self.ended

    @property
    def key(self) -> str:
        """The call it belongs to, empty for a contact."""
        return call_key(self.call.origin.uri, self.call.call_id) if self.call else ""

    @property
    def began(self) -> int:
        """The earliest instant the fact tells of, ms."""
        instants = [self.fact.at]
        if self.ended:
            instants += [at for at in (self.ended.started_at, self.ended.answered_at) if at is not None]
            instants.append(self.ended.at - self.ended.talk)
        return min(instants)

    @property
    def fact(self) -> Call | ContactRecorded:
        fact = self.call or self.contact
        if fact is None:
            raise ValueError("nothing is kept here")
        return fact


KEPT: dict[type, str] = {
    CallStarted: "started",
    CallAnswered: "answered",
    CallEnded: "ended",
    ContactRecorded: "contact",
}
"""The field of `Kept` for each kind of fact."""


@dataclass(slots=True)
class Number:
    """The row of a number. seen: uid -> digest, forgotten at `forget_at`.

    shared: many may have it, so that no lead joins another by it, and a call credits the one that alone has it open.
    """

    openings: list[Opening] = field(default_factory=list)
    kept: list[Kept] = field(default_factory=list)
    seen: dict[int, int] = field(default_factory=dict)
    forget_at: int = 0
    last_order: int = 0
    shared: bool = False

    def header(self) -> Header:
        instants = [self.forget_at, *(kept.until for kept in self.kept), *(o.expires for o in self.openings)]
        return Header(next_due=min(filter(None, instants), default=None))

    def find(self, lead_id: str) -> Opening | None:
        return next((opening for opening in self.openings if opening.lead_id == lead_id), None)

    @property
    def empty(self) -> bool:
        return not (self.openings or self.kept or self.seen)

    def calls(self, only: str = "") -> list[CallSeen]:
        """What the kept facts tell, call by call. only: the key of the one call that is asked for."""
        known: dict[str, CallSeen] = {}
        for kept in self.kept:
            key = kept.key
            if kept.call and only in ("", key):
                known[key] = applied(known.get(key), kept.call)
        return list(known.values())

    def instants(self, kept: Kept) -> tuple[int, ...]:
        """When it answers a lead, as far as is known: our call when it starts and when talk begins (R3), ms."""
        call = next(iter(self.calls(kept.key)), None) if kept.call else None
        talk = talk_began(call) if call else None
        if call is None or talk is None:
            return (kept.began,)
        return (call_start(call), talk) if call.direction == "outbound" else (talk,)

    def alone(self, at: int) -> list[Opening]:
        """The lead that alone had it open at an instant; one made of a missed call is no other lead (R26)."""
        had = [opening for opening in self.openings if opening.was_open(at)]
        made = sum(bool(opening.made_of) for opening in had)
        return had if made <= 1 and len(had) - made <= 1 else []

    def next_order(self) -> int:
        self.last_order += 1
        return self.last_order

    def forget(self) -> None:
        self.seen.clear()
        self.forget_at = 0

    def erase(self, lead_id: str) -> None:
        """Drop the lead, what no other lead has, and with the last lead everything (R31)."""
        self.openings = [opening for opening in self.openings if opening.lead_id != lead_id]
        orders = {opening.order for opening in self.openings}
        self.kept = [kept for kept in self.kept if orders.intersection(kept.got)]
        if not self.openings:
            self.forget()

"""The customer's clock of a lead: one promise with an identity, and which proofs are its own (R5, R7, R25, R29).

A value: each question is answered by a name, each change by another clock.
"""

from __future__ import annotations

from collections.abc import Sequence
from enum import StrEnum
from typing import NamedTuple, Self

from .promise import Promise, Result, Word, decided

MOST = 8
"""Clocks of a lead that are kept."""

RESPONSE, CONTACT = "response", "contact"
"""What is measured: the first response, and the contact target (R12)."""


class Uncounted(StrEnum):
    """Why a proof counts for no clock of a lead."""

    NO = ""  # it counts
    BEFORE_START = "before_start"  # too long before the lead came, or no contact (R5)
    SPOKEN_FOR = "spoken_for"  # it fell into another clock that was open then (R5)
    ENDED = "ended"  # the clock had ended, and its due was past (R7)


class Broken(NamedTuple):
    """A turn begun by a breach whose own due was broken."""

    turn: int
    holder: str
    due: int


class LeadClock(NamedTuple):
    """(lead, cycle) names it; cycle is the number of the turn that it began with. Instants in ms, 0 for none.

    came: when the lead was created or reopened. start: the next open moment. ended: when it was answered, or its lead
    left the open ones. first_holder: who answers for its due. late: it was told of after its due (R30). late_given:
    whose delay left the first turn less than half of its target (R14): `told`, `read`, `named`, `desk`. attempt_at,
    contact_at: the earliest proofs, and by whom. breached: the later turns whose breach stands. attempt_was,
    contact_was: when a proof happened that counts at the start, but was before it.
    """

    cycle: int = 1
    came: int = 0
    start: int = 0
    due: int = 0
    contact_due: int = 0
    evaluated: Result = Result.RUNNING
    contact_evaluated: Result = Result.RUNNING
    ended: int = 0
    first_holder: str = ""
    late: bool = False
    late_given: str = ""
    attempt_at: int = 0
    attempt_by: str = ""
    contact_at: int = 0
    contact_by: str = ""
    breached: tuple[Broken, ...] = ()
    attempt_was: int = 0
    contact_was: int = 0

    @classmethod
    def begin(cls, cycle: int, came: int, promise: Promise, contact: Promise | None) -> Self:
        return cls(cycle, came).promised(promise.start(came), promise, contact)

    def promised(self, start: int, promise: Promise, contact: Promise | None) -> Self:
        """With the due instants that a start and its targets give (R6, R12)."""
        return self._replace(start=start, due=promise.due(start), contact_due=contact.due(start) if contact else 0)

    def over_since(self, kind: str) -> int:
        """From when on its lead may be reopened, 0 while it runs: what answered it before its start did so then (R5).

        kind: what a policy takes for a response.
        """
        return self.ended and max(self.came, min(filter(None, (self.ended, self.responded(kind)))))

    # what is decided

    def result(self, measure: str) -> Result:
        return self.evaluated if measure == RESPONSE else self.contact_evaluated

    def due_of(self, measure: str) -> int:
        return self.due if measure == RESPONSE else self.contact_due

    def hear(self, measure: str, word: Word) -> Self:
        """The clock after a word about one of its dues."""
        after = decided(self.result(measure), word)
        return self._replace(evaluated=after) if measure == RESPONSE else self._replace(contact_evaluated=after)

    def awaits(self, measure: str) -> bool:
        """Whether a due is undecided."""
        return self.due_of(measure) > 0 and self.result(measure) is Result.RUNNING

    def passed(self, measure: str, at: int) -> bool:
        """Whether an undecided due lies at or before an instant."""
        return self.awaits(measure) and self.due_of(measure) <= at

    def end(self, at: int) -> Self:
        """It ended at an instant: what was due before is still to be decided, the rest never will be (R29)."""
        clock = self._replace(ended=min(filter(None, (self.ended, at))))
        for measure in (RESPONSE, CONTACT):
            if clock.due_of(measure) >= at and clock.awaits(measure):
                clock = clock.hear(measure, Word.OVER)
        return clock

    def taken(self) -> Self:
        """Another clock answers for it (R25)."""
        clock = self.hear(RESPONSE, Word.TAKEN)
        return clock.hear(CONTACT, Word.TAKEN) if self.contact_due else clock

    def take(self, other: LeadClock) -> Self:
        """The earlier start and the earlier due; whose due it is, that clock's first holder answers for it (R25)."""
        clock = self._replace(came=min(self.came, other.came), start=min(self.start, other.start))
        if other.contact_due and self.contact_evaluated is Result.RUNNING:
            clock = clock._replace(contact_due=min(filter(None, (self.contact_due, other.contact_due))))
        if other.due >= self.due:
            return clock
        return clock._replace(due=other.due, first_holder=other.first_holder, late_given=other.late_given)

    # what is proven

    def counted(self, at: int | None, ended_at: int | None, window: int) -> int:
        """The instant of something that counts, 0 if it does not (R5).

        ended_at: of a contact, which may have ended shortly before the lead came.
        """
        if at is None:
            return 0
        near = ended_at is not None and ended_at >= self.came - window
        return at if at >= self.came or near else 0

    @property
    def attempted(self) -> int:
        """When the first attempt happened, whenever it counts."""
        return self.attempt_was or self.attempt_at

    @property
    def spoken(self) -> int:
        """When the first contact happened, whenever it counts."""
        return self.contact_was or self.contact_at

    def responded(self, kind: str) -> int:
        """When the earliest response that a policy accepts happened, whenever it counts; 0 if none is known."""
        return self.spoken if kind == CONTACT else self.attempted or self.spoken

    def prove(self, kind: str, at: int, by: str) -> Self:
        """With the earliest proof of a kind; it counts at the start if it was before (R5)."""
        counts = max(at, self.start)
        was = at if at < counts else 0
        if kind == CONTACT:
            return self._replace(contact_at=counts, contact_by=by, contact_was=was)
        return self._replace(attempt_at=counts, attempt_by=by, attempt_was=was)

    def disprove(self, kind: str) -> Self:
        """Without its proof of a kind."""
        if kind == CONTACT:
            return self._replace(contact_at=0, contact_by="", contact_was=0)
        return self._replace(attempt_at=0, attempt_by="", attempt_was=0)

    def response(self, kind: str) -> tuple[int, str]:
        """The earliest response that a policy accepts and who gave it; (0, "") if none is known (R4)."""
        contact = (self.contact_at, self.contact_by)
        if kind == CONTACT or not self.attempt_at:
            return contact
        attempt = (self.attempt_at, self.attempt_by)
        return min(attempt, contact, key=lambda proof: proof[0]) if contact[0] else attempt

    def lacks(self, at: int) -> bool:
        """Whether nobody is known to have answered it before an instant at or before its due (R29)."""
        first = min(filter(None, (self.attempted, self.spoken)), default=0)
        answered = self.evaluated in (Result.MET, Result.RETRACTED)
        mine = self.evaluated is not Result.JOINED and self.came <= at <= self.due
        return mine and not (answered and first <= at)

    def takes_late(self, at: int) -> bool:
        """Whether a proof of an instant counts that comes when it has ended (R29)."""
        return at <= max(self.due, self.contact_due) or at <= self.ended


def owner(
    clocks: Sequence[LeadClock],
    instants: Sequence[int],
    ended_at: int | None,
    window: int,
    *,
    spoken_for: bool = False,
    collects: bool = False,
) -> tuple[LeadClock | None, Uncounted]:
    """The one clock that a proof belongs to, or why it belongs to none (R5, R7).

    instants: of the proof, that of the response first. ended_at: of the contact; None if there was none. collects: the
    last clock is answered, and still collects what happens (R23).
    """
    found = [_last(clocks, at) for at in instants]
    for at, clock in zip(instants, found, strict=True):
        if clock is not None and not 0 < clock.ended < at:
            return clock, Uncounted.NO
    if found[0] is not None and found[0].lacks(instants[0]):
        return found[0], Uncounted.NO
    following = next((clock for clock in clocks if clock.came > max(instants)), None)
    near = following is not None and ended_at is not None and ended_at >= following.came - window
    if near and not spoken_for:
        return following, Uncounted.NO
    for at, clock in zip(instants, found, strict=True):
        if clock is not None and (clock.takes_late(at) or (collects and clock is clocks[-1])):
            return clock, Uncounted.NO
    if any(found):
        return None, Uncounted.ENDED
    return None, Uncounted.SPOKEN_FOR if near else Uncounted.BEFORE_START


def _last(clocks: Sequence[LeadClock], at: int) -> LeadClock | None:
    """The last that had come by an instant."""
    return next((clock for clock in reversed(clocks) if clock.came <= at), None)

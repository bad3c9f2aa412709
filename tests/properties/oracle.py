"""What must have been published of a lead, worked out from everything that was read at once.

Nothing here is shared with the reducers but the shapes of facts and rules. It reads the whole story of a lead, in the
order in which it was read: facts from outside, the instants at which turns began (R14) and at which breaches were
decided. From that it says which clocks had to be met, breached, retracted and announced, and where. A number's facts
must have reached every lead that had the number alone all the time, once, and before a breach if they were accepted
before its question (R8).
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property, partial
from typing import Any

from sla_monitor.core.effects import Bury, Join, Log, Publish, Question
from sla_monitor.core.events import (
    Absorbed,
    CallAnswered,
    CallEnded,
    CallStarted,
    ContactRecorded,
    Declined,
    Joined,
    JoinRefused,
    LeadClosed,
    LeadCreated,
    LeadErased,
    LeadReopened,
    Merged,
)
from sla_monitor.core.rules import Policy, Rules

DAY = 86_400_000
OPENS, CLOSES = 9 * 3_600_000, 18 * 3_600_000
CALLS = (CallStarted, CallAnswered, CallEnded)
SURE = ("answered", "busy", "rejected", "voicemail", "machine")
NEVER = 1 << 62


def add_open(calendar: str | None, at: int, span: int) -> int:
    """When `span` ms of open time have passed: around the clock, or each day from 9 to 18 UTC."""
    if calendar is None:
        return at + span
    while True:
        begin, left = _open_part(at)
        if 0 < span <= left:
            return begin + span
        span -= left
        at = at - at % DAY + DAY


def next_open(calendar: str | None, at: int) -> int:
    if calendar is None:
        return at
    begin, left = _open_part(at)
    return begin if left > 0 else at - at % DAY + DAY + OPENS


def _open_part(at: int) -> tuple[int, int]:
    """Where the rest of the day's open time begins, and how long it is."""
    day = at - at % DAY
    begin = max(at, day + OPENS)
    return begin, max(day + CLOSES - begin, 0)


@dataclass(frozen=True)
class Read:
    """A fact that the lead read: when, and what was published there. place: its order among all.

    What waited for the lead has places just after that of its creation, and published there.
    """

    place: float
    at: int
    fact: Any
    published: tuple[Publish, ...]


@dataclass(frozen=True)
class Proven:
    """An instant of a kind, attempt or contact, known from a place on. near: its call ended at this instant."""

    place: float
    kind: str
    at: int
    near: int


def first_reads(reads: Sequence[Read]) -> Iterator[Read]:
    """The first of each identity counts (R28)."""
    known = set()
    for read in reads:
        origin = getattr(read.fact, "origin", None)
        if origin is None or (origin.uri, origin.id) not in known:
            yield read
        if origin is not None:
            known.add((origin.uri, origin.id))


def proofs_of(reads: Iterable[Read], rules: Rules) -> list[Proven]:
    """Everything that any fact proves, from the place at which it was read (R1-R3)."""
    reads = list(reads)
    found = []
    for i, read in enumerate(reads):
        fact = read.fact
        if isinstance(fact, ContactRecorded):
            found.append(Proven(read.place, "attempt", fact.at, -1))
            if fact.kind == "meeting":
                found.append(Proven(read.place, "contact", fact.at, _near(fact)))
        elif isinstance(fact, CALLS):
            name = (fact.origin.uri, fact.call_id)
            legs = [r.fact for r in reads[: i + 1] if isinstance(r.fact, CALLS)]
            legs = [leg for leg in legs if (leg.origin.uri, leg.call_id) == name]
            found += [Proven(read.place, kind, at, _near(fact)) for kind, at in _proven_by_call(legs, rules)]
    return found


def _near(fact: Any) -> int:
    """When it ended; never near the coming of a lead if it was another's (R5)."""
    return -1 if fact.spoken_for else int(fact.at)


def _proven_by_call(legs: list[Any], rules: Rules) -> Iterator[tuple[str, int]]:
    ended = next((leg for leg in legs if isinstance(leg, CallEnded)), None)
    if ended is None or ended.internal or ended.number in rules.own_numbers:
        return
    start = min([leg.at for leg in legs if isinstance(leg, CallStarted)] + [ended.started_at or NEVER])
    if start == NEVER:
        start = ended.at - ended.talk - (ended.ring or 0)
    if ended.outcome == "answered" and ended.talk >= rules.limits.min_talk:
        spoke = ended.answered_at if ended.answered_at is not None else ended.at - ended.talk
        yield "contact", spoke
        yield "attempt", start if ended.direction == "outbound" else spoke
    elif ended.direction == "outbound" and ended.outcome not in ("failed", "invalid_number"):
        ring = ended.ring if ended.ring is not None else (ended.answered_at or ended.at) - start
        if ended.outcome in SURE or ring >= rules.limits.min_ring:
            yield "attempt", start


@dataclass(frozen=True)
class LaterTurn:
    """A turn that a breach began."""

    turn: int
    place: float
    begun: int
    due: int
    ended: int  # the place where another took over


class Clock:
    """One customer's clock of a lead: from its creation or reopening to the next reopening."""

    def __init__(self, story: Story, begin: Read, end: int, turn: int) -> None:
        self.story, self.begin, self.place, self.end, self.turn = story, begin, begin.place, end, turn
        self.policy: Policy = story.policy
        self.came = begin.fact.at
        self.start = next_open(self.policy.calendar, self.came)
        self.due = add_open(self.policy.calendar, self.start, self.policy.target)
        target = self.policy.contact_target
        self.contact_due = add_open(self.policy.calendar, self.start, target) if target else 0
        self.closed = story.first(LeadClosed, begin.place, end)
        self.erased = story.first(LeadErased, begin.place, end)
        self.over = min(self.closed, self.erased)
        self.ended = story.ended(self.over)

    # what is known where

    @cached_property
    def counted(self) -> list[Proven]:
        """What counts for this clock, at the instant that counts (R5)."""
        window = self.story.rules.limits.match_window
        found = []
        for proven in self.story.proofs:
            if not self.place <= proven.place < min(self.end, self.erased):
                continue
            late = proven.place > self.closed and self.ended < proven.at > max(self.due, self.contact_due)
            near = proven.kind == "contact" and proven.near >= self.came - window
            if not late and (proven.at >= self.came or near):
                found.append(Proven(proven.place, proven.kind, max(proven.at, self.start), proven.near))
        return found

    def earliest(self, place: float, *kinds: str) -> int:
        """The earliest of these kinds that was known by a place, NEVER if none."""
        return min((p.at for p in self.counted if p.place <= place and p.kind in kinds), default=NEVER)

    def response(self, place: float) -> int:
        kinds = ("contact",) if self.policy.response == "contact" else ("attempt", "contact")
        return self.earliest(place, *kinds)

    def knew(self, due: int, *kinds: str) -> float:
        """The place at which a proof of one of these kinds by `due` was first read."""
        return min((p.place for p in self.counted if p.at <= due and p.kind in kinds), default=NEVER)

    def knew_by(self, due: int) -> bool:
        """Whether a response by a due was read at all."""
        return self.response(NEVER) <= due

    @property
    def in_time(self) -> float:
        """The place at which a response in time was first known."""
        kinds = ("contact",) if self.policy.response == "contact" else ("attempt", "contact")
        return self.knew(self.due, *kinds)

    # what happened to it

    def published(self, kind: str, measure: str, turn: int) -> list[tuple[Read, Publish]]:
        return [
            (read, o)
            for read in self.story.reads
            if self.place <= read.place < self.end
            for o in read.published
            if o.type == kind and o.turn == turn and o.data.get("measure", measure) == measure
        ]

    @cached_property
    def later(self) -> list[LaterTurn]:
        """The turns of this clock that a breach began (R14, R22)."""
        begun = [
            (read, o)
            for read in self.story.reads
            if self.place <= read.place < self.end
            for o in read.published
            if o.type in ("lead.assigned", "lead.reassigned") and o.data["reason"] != "holder_only"
        ]
        found = []
        for i, (read, o) in enumerate(begun):
            ended = begun[i + 1][0].place if i + 1 < len(begun) else NEVER
            if (o.data["reason"] == "no_response" or i == 0) and o.turn > self.turn:
                found.append(LaterTurn(o.turn, read.place, read.at, o.data["due_at"], ended))
        return found

    def breach_place(self, turn: int) -> int:
        return next((read.place for read, _ in self.published("sla.breached", "response", turn)), NEVER)

    @cached_property
    def answered(self) -> float:
        """The place at which the response ended the clock: known, with every earlier due decided (R10)."""
        places = sorted(read.place for read in self.story.reads if self.place <= read.place < min(self.end, self.over))
        return next((place for place in places if self._is_answered(place)), NEVER)

    def _is_answered(self, place: float) -> bool:
        at = self.response(place)
        if at == NEVER or (at > self.due and self.breach_place(self.turn) > place):
            return False
        running = [t for t in self.later if t.place <= place < t.ended and self.breach_place(t.turn) > place]
        return not any(t.due < at for t in running)

    # what must have been published

    def check(self) -> None:
        self.check_first()
        self.check_contact()
        self.check_later_turns()
        self.check_responded()
        self.check_nothing_else()

    def check_first(self) -> None:
        """Once: met where a response in time was read, else breached while open; late proof takes it back (R7, R11)."""
        breach = self.breach_place(self.turn)
        met = self.published("sla.met", "response", self.turn)
        back = self.published("sla.breach_retracted", "response", self.turn)
        if breach == NEVER:
            self._expect(met, self.in_time, "met")
            assert not back
            assert self.in_time != NEVER or self._spared(self.due), f"the breach of {self} is missing"
            return
        assert breach <= self.over or self.due < self.ended, f"{self} was breached when it was over"
        assert self.in_time > breach, f"{self} was breached, and the response in time was known"
        self._check_breach(self.published("sla.breached", "response", self.turn), self.due)
        known, over = self.in_time, self._taken_back(self.due)
        self._expect(back, min(known, over), "retracted")
        self._expect(met, known if over < known else NEVER, "met after its breach was taken back")

    def _spared(self, due: int) -> bool:
        """Whether the lead was over, by its own time, when it was due (R29)."""
        return self.over != NEVER and due >= self.ended

    def _taken_back(self, due: int) -> float:
        """Where it was told that the lead had ended by its due."""
        return self.over if self._spared(due) else NEVER

    def check_contact(self) -> None:
        """R12: as the response, but for a lead that is answered too."""
        if not self.contact_due:
            return
        breaches = self.published("sla.breached", "contact", self.turn)
        breaches = [(read, o) for read, o in breaches if o.data["measure"] == "contact"]
        known = self.knew(self.contact_due, "contact")
        if breaches:
            assert breaches[0][0].place <= self.over or self.contact_due < self.ended
            assert known > breaches[0][0].place, f"{self}: contact breached, and the contact was known"
            self._check_breach(breaches, self.contact_due)
        else:
            assert known != NEVER or self._spared(self.contact_due), f"{self}: the contact breach is missing"
        over = self._taken_back(self.contact_due)
        back = min(known, over) if breaches else NEVER
        self._expect(self._contact("sla.breach_retracted"), back, "contact retracted")
        self._expect(self._contact("sla.met"), known if not breaches or over < known else NEVER, "contact met")

    def _contact(self, kind: str) -> list[tuple[Read, Publish]]:
        found = self.published(kind, "contact", self.turn)
        return [(read, o) for read, o in found if o.data["measure"] == "contact"]

    def check_later_turns(self) -> None:
        for turn in self.later:
            breach = self.breach_place(turn.turn)
            met = self.published("sla.met", "response", turn.turn)
            back = self.published("sla.breach_retracted", "response", turn.turn)
            at = self.response(self.answered)
            fell = turn.place <= self.answered < min(turn.ended, breach) and turn.begun <= at <= turn.due
            self._expect(met, self.answered if fell else NEVER, f"turn {turn.turn} met")
            if breach == NEVER:
                assert not back
                gone = min(self.answered, turn.ended) != NEVER or self._spared(turn.due) or self.knew_by(turn.due)
                assert gone, f"the breach of turn {turn.turn} of {self} is missing"
                continue
            assert turn.place < breach <= turn.ended, f"{self}: a breach of turn {turn.turn}"
            assert breach <= self.over or turn.due < self.ended
            kinds = ("contact",) if self.policy.response == "contact" else ("attempt", "contact")
            known = self.knew(turn.due, *kinds)
            assert known > breach, f"{self}: turn {turn.turn} breached, and its response was known"
            self._check_breach(self.published("sla.breached", "response", turn.turn), turn.due)
            self._expect(back, min(known, self._taken_back(turn.due)), f"turn {turn.turn} retracted")

    def check_responded(self) -> None:
        """A late response is announced once: where it ends the clock, or where it is told after the end (R10)."""
        place = self.answered if self.answered != NEVER else self._responded_before_the_end()
        late = place != NEVER and self.response(place) > self.due
        self._expect(self.published("sla.responded", "response", self.turn), place if late else NEVER, "responded")

    def _responded_before_the_end(self) -> float:
        """Where both the breach and a response before the end of the lead are known."""
        known = max(self.over, self.breach_place(self.turn))
        places = sorted(read.place for read in self.story.reads if read.place >= known)
        return next((place for place in places if self.response(place) <= self.ended), NEVER)

    def check_nothing_else(self) -> None:
        """No clock but these is evaluated: no hand-over, no turn of another kind (R16)."""
        evaluated = {self.turn, *(turn.turn for turn in self.later)}
        for read in self.story.reads:
            if self.place <= read.place < self.end:
                for o in read.published:
                    assert o.type not in ("sla.met", "sla.breached") or o.turn in evaluated, f"{o} evaluates nothing"

    def _check_breach(self, found: list[tuple[Read, Publish]], due: int) -> None:
        """Once, for this due, not before due and allowance, and not blind: nothing accepted before was unread (R8)."""
        ((read, breach),) = found
        assert breach.data["due_at"] == due, f"{self}: {breach.data['due_at']} is not {due}"
        at_once = read.place == self.erased
        assert breach.data["asked_at"] >= due + (0 if at_once else self.policy.allowance)
        if breach.data["confidence"] == "full":
            self.story.check_not_blind(read.place, breach.data["question"])

    def _expect(self, found: list[tuple[Read, Publish]], place: float, what: str) -> None:
        places = [read.place for read, _ in found]
        expected = [] if place == NEVER else [int(place)]
        assert places == expected, f"{self}: {what} at {places}, not at {expected}"

    def __str__(self) -> str:
        return f"clock {self.turn} of {self.story.lead_id}"


class Story:
    """All that one lead read. blind(question): what was accepted for it before that question was asked."""

    def __init__(self, lead_id: str, reads: Sequence[Read], rules: Rules, blind: Callable[[int], list[Any]]) -> None:
        self.lead_id, self.rules = lead_id, rules
        self.reads = list(first_reads(reads))
        self.created = next(read for read in self.reads if isinstance(read.fact, LeadCreated))
        self.policy = chosen(rules, self.created.fact)
        self.proofs = proofs_of(self.reads, rules)
        self._blind = blind
        self.rules_delay = 2 * 60_000

    def first(self, kind: type, after: float, before: float) -> float:
        return min(
            (r.place for r in self.reads if isinstance(r.fact, kind) and after <= r.place < before), default=NEVER
        )

    def ended(self, place: float) -> int:
        """When the lead ended: by the fact's own time, if that is not told later than its source may (R29)."""
        fact = next((r.fact for r in self.reads if r.place == place), None)
        if fact is None:
            return NEVER
        received = fact.origin.received
        if fact.origin.uri.startswith("/sla-monitor/"):
            return received
        late = 0 if fact.origin.uri == "/sla-monitor" else received - self.rules_delay
        return min(max(fact.at, late), received)

    @cached_property
    def clocks(self) -> list[Clock]:
        """A reopening counts only for a lead that is not open (R29)."""
        begin, found, turn = self.created, [], 1
        while True:
            clock = Clock(self, begin, NEVER, turn)
            again = [r for r in self.reads if isinstance(r.fact, LeadReopened) and r.place > begin.place]
            again = [r for r in again if min(clock.closed, clock.answered) < r.place < clock.erased]
            if not again:
                return [*found, clock]
            begin = again[0]
            found.append(Clock(self, clock.begin, begin.place, turn))
            turn = self.turns_by(begin.place) + 1

    def turns_by(self, place: float) -> int:
        """The highest number of a turn before a place."""
        return max((o.turn for r in self.reads if r.place < place for o in r.published), default=1)

    def check(self) -> None:
        for clock in self.clocks:
            clock.check()

    def check_not_blind(self, place: float, question: int) -> None:
        """R8: whatever was accepted for it before the question was read before the breach."""
        for fact in self._blind(question):
            origins = ((r.place, getattr(r.fact, "origin", None)) for r in self.reads)
            read = next((at for at, origin in origins if origin and origin.id == fact.origin.id), NEVER)
            assert read < place, f"{self.lead_id}: {fact} was accepted before the breach was asked"


def chosen(rules: Rules, fact: LeadCreated) -> Policy:
    """The first policy that fits."""
    fits = [p for p in rules.policies if all(getattr(fact, name) in values for name, values in p.match.items())]
    return fits[0]


CHANGES_CLOCK = (Joined, Join, Absorbed, Merged, JoinRefused, Declined)


def stories(journal: Sequence[Any], accepted: Sequence[Any]) -> Iterator[Story]:
    """The stories of leads whose clock is their own alone: not joined, not recomputed, nothing given up for them."""
    folds = [(place, fold) for place, fold in enumerate(journal) if fold.log == Log.EVENTS]
    applied = any(policy.apply_to_open for fold in journal for policy in fold.rules.policies)
    for lead_id in sorted({fold.key for _, fold in folds if isinstance(fold.fact, LeadCreated)}):
        own = [(place, fold) for place, fold in folds if fold.key == lead_id]
        first = next(place for place, fold in own if isinstance(fold.fact, LeadCreated))
        early = [fold.fact for place, fold in own if place < first]
        special = any(isinstance(fold.fact, CHANGES_CLOCK) or _gave_up(fold) for _, fold in own)
        if special or applied or any(isinstance(fold.fact, LeadReopened) for _, fold in own):
            continue  # which proof is whose of several clocks is told by tests of their own
        waited = sorted((f for f in early if hasattr(f, "origin")), key=lambda f: (f.at, f.origin.uri, f.origin.id))
        reads = [Read(place, fold.now, fold.fact, tuple(fold.outcomes)) for place, fold in own if place >= first]
        reads[1:1] = [Read(first + (i + 1) / 1000, reads[0].at, fact, ()) for i, fact in enumerate(waited)]
        yield Story(lead_id, reads, journal[first].rules, partial(_blind, lead_id, journal, accepted))


def _gave_up(fold: Any) -> bool:
    return any(isinstance(effect, Bury) and effect.reason == "unknown_lead" for effect in fold.effects)


def _blind(lead_id: str, journal: Sequence[Any], accepted: Sequence[Any], question: int) -> list[Any]:
    """What was accepted for a lead, by its id or by a number that it always had, before a question was asked."""
    asked = next(
        place
        for place, fold in enumerate(journal)
        for effect in fold.effects
        if isinstance(effect, Question) and (effect.lead_id, effect.k) == (lead_id, question)
    )
    numbers = _steady_numbers(lead_id, accepted)
    erased = any(isinstance(each.fact, LeadErased) for each in accepted)
    created = next(i for i, f in enumerate(journal) if f.key == lead_id and isinstance(f.fact, LeadCreated))
    again = {_identity(each.fact) for each in accepted if each.folds <= created}  # sent again, it is a duplicate (R28)
    before = [each.fact for each in accepted if created < each.folds <= asked and _identity(each.fact) not in again]
    mine = [fact for fact in before if getattr(fact, "lead_id", None) == lead_id]
    if not erased:
        mine += [f for f in before if getattr(f, "lead_id", 0) is None and f.number in numbers]
    return mine


def _identity(fact: Any) -> tuple[str, str]:
    return fact.origin.uri, fact.origin.id


def _steady_numbers(lead_id: str, accepted: Sequence[Any]) -> set[str]:
    """The numbers of a lead if nobody ever changed them."""
    told = [each.fact for each in accepted if getattr(each.fact, "lead_id", None) == lead_id]
    lists = [fact.phones for fact in told if getattr(fact, "phones", None) is not None]
    return set(lists[0]) if lists and all(numbers == lists[0] for numbers in lists) else set()

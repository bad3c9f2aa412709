"""What must have been published of a lead, worked out from everything that was read at once.

Nothing here is shared with the reducers but the shapes of facts and rules. It reads the whole story of a lead, in the
order in which it was read: facts from outside, the instants at which turns began (R14) and at which breaches were
decided. From that it says which clocks had to be met, breached, retracted and announced, where, and by which proof:
each counts for one of the lead's clocks at most. A number's facts must have reached every lead that had the number
alone all the time, once, and before a breach if they were accepted before its question (R8).
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property, partial
from math import inf, nextafter
from typing import Any

from sla_monitor.core.effects import Bury, Join, Log, Publish, Question
from sla_monitor.core.events import (
    Absorbed,
    Declined,
    Joined,
    JoinRefused,
    LeadClosed,
    LeadCreated,
    LeadErased,
    LeadReopened,
    Merged,
)
from sla_monitor.core.lead_clock import MOST
from sla_monitor.core.rules import Policy, Rules
from tests.properties.proven import NEVER, Proof, Read, add_open, first_reads, next_open, proofs_of

MAX_DELAY = 2 * 60_000
"""How long after it a source may tell of an end (R29)."""


@dataclass(frozen=True)
class LaterTurn:
    """A turn that a breach began."""

    turn: int
    place: float
    begun: int
    due: int
    ended: int  # the place where another took over


@dataclass
class Counted:
    """An instant of a kind that counts for a clock, known from a place on, until it turns out to be another's."""

    place: float
    proof: Proof
    kind: str
    at: int
    until: float = NEVER


class Clock:
    """One customer's clock of a lead. end: where its lead was reopened, and next_came: the instant of that."""

    def __init__(self, story: Story, came: int, place: float, turn: int) -> None:
        self.story, self.came, self.place, self.turn = story, came, place, turn
        self.policy: Policy = story.policy
        self.start = next_open(self.policy.calendar, self.came)
        self.due = add_open(self.policy.calendar, self.start, self.policy.target)
        target = self.policy.contact_target
        self.contact_due = add_open(self.policy.calendar, self.start, target) if target else 0
        self.end: float = NEVER
        self.closed_since: Read | None = None  # closed again, before it was told of
        self.next_came = self.next_turn = NEVER
        self.counted: list[Counted] = []

    # how it ended

    @property
    def ends(self) -> list[tuple[float, int]]:
        """Where it was told that it had ended, and when: of closings each by its own time, in whatever order (R29)."""
        ends = [(self.place, self.story.ended(self.closed_since))] if self.closed_since else []
        told = self.story.between(LeadClosed, nextafter(self.place, inf))  # one told at its start ended the one before
        ends += [(read.place, self.story.ended(read)) for read in told if self._closes(read)]
        erased = self.story.between(LeadErased, self.place, self.end)
        return ends + [(r.place, self.story.ended(r)) for r in erased[:1]]

    def _closes(self, read: Read) -> bool:
        """It closes whatever had come by then, if that is the present clock or one before."""
        if read.place < self.end:
            return self.turn == 1 or read.fact.at >= self.came
        return self.came <= read.fact.at < self.next_came

    @property
    def over(self) -> float:
        """Where its lead left it for no other clock."""
        return min((place for place, _ in self.ends if place < self.end), default=NEVER)

    @property
    def ended(self) -> int:
        """When its lead left it, by its own time: closed, erased, or reopened (R29)."""
        return self.ended_by(NEVER) if self.over != NEVER else self.next_came

    def ended_by(self, place: float) -> int:
        """The same of what was told before a place."""
        return min((at for told, at in self.ends if told < place or told == self.place), default=NEVER)

    def answered_by(self, place: float) -> bool:
        """Whether a response ended it before a place: known, with every earlier due decided (R10)."""
        return self._answered_at(place) != NEVER

    @cached_property
    def answered(self) -> float:
        """The place at which the response ended it."""
        return self._answered_at(NEVER)

    def _answered_at(self, before: float) -> float:
        ends_it = any(each.place == self.end and each.until == NEVER for each in self.counted)
        before = min(before, nextafter(self.end, inf) if ends_it else self.end, self.over)
        places = [read.place for read in self.story.reads if self.place <= read.place < before]
        return next((place for place in places if self._is_answered(place)), NEVER)

    def _is_answered(self, place: float) -> bool:
        at = self.response(place)
        if at == NEVER or (at > self.due and self.breach_place(self.turn) > place):
            return False
        running = [t for t in self.later if t.place <= place < t.ended and self.breach_place(t.turn) > place]
        return not any(t.due < at for t in running)

    def had_ended(self, place: float) -> int:
        """When it had ended, as was known before a place: at its response or when its lead left it (R7, R11)."""
        over = self.ended_by(place)
        known = [p.at for p in self.counted if p.place < place and p.kind in self.story.responses]
        response = min(known, default=NEVER) if over != NEVER or self.answered_by(place) else NEVER
        return min(response, over)

    # what counts for it

    def count(self, proof: Proof, place: float) -> None:
        """From a place on; what came before the start counts at it (R5)."""
        contact = NEVER if proof.contact == NEVER else max(proof.contact, self.start)
        attempt = max(proof.attempt, self.start) if proof.attempt >= self.came else contact
        self.counted += [
            Counted(place, proof, k, at) for k, at in (("attempt", attempt), ("contact", contact)) if at < NEVER
        ]

    def uncount(self, proof: Proof, place: float) -> None:
        """It turned out to be another clock's; what it has decided stands."""
        for counted in self._of(proof):
            counted.until = place

    def _of(self, proof: Proof) -> list[Counted]:
        return [counted for counted in self.counted if counted.proof == proof and counted.until == NEVER]

    def counts(self, proof: Proof) -> bool:
        return bool(self._of(proof))

    def hangs_on(self, proof: Proof) -> bool:
        """Whether the response, or a contact in time, would be another without it."""
        before, counted = self._proven(), self.counted
        self.counted = [each for each in counted if each.proof != proof]
        without, self.counted = self._proven(), counted
        return before != without

    def _proven(self) -> tuple[int, bool]:
        return self.response(NEVER), self.earliest(NEVER, "contact") <= self.contact_due

    def has_left(self, proof: Proof) -> bool:
        """Whether it was reopened by when that happened; what ended it then, or counts at its start, is its own."""
        at = proof.contact if self.story.by_contact(proof) else min(proof.attempt, proof.contact)
        ended = self.response(NEVER) == self.next_came <= self.ended_by(NEVER)
        return at >= max(self.next_came + ended, self.came + 1)

    def lacks(self, at: int, place: float) -> bool:
        """Whether nobody is known to have answered it before an instant by its due (R29)."""
        answered = self.knew_response(self.due) < place
        first = self.earliest(nextafter(place, -inf), "attempt", "contact")
        return self.came <= at <= self.due and not (answered and (first == NEVER or first <= at))

    def earliest(self, place: float, *kinds: str) -> int:
        """The earliest of these kinds that was its own as was known at a place, NEVER if none."""
        known = [p for p in self.counted if p.place <= place and (p.until > place or p.until == NEVER)]
        return min((p.at for p in known if p.kind in kinds), default=NEVER)

    def response(self, place: float) -> int:
        return self.earliest(place, *self.story.responses)

    def knew(self, due: int, *kinds: str) -> float:
        """The place at which a proof of one of these kinds by `due` was first read."""
        return min((p.place for p in self.counted if p.at <= due and p.kind in kinds), default=NEVER)

    def knew_response(self, due: int) -> float:
        return self.knew(due, *self.story.responses)

    # what happened to it

    def published(self, kind: str, measure: str, turn: int) -> list[tuple[Read, Publish]]:
        return [
            (read, o)
            for read, o in self.story.published
            if o.type == kind and o.turn == turn and o.data.get("measure", measure) == measure
        ]

    @property
    def later(self) -> list[LaterTurn]:
        """The turns of this clock that a breach began (R14, R22)."""
        begun = [
            (read, o)
            for read, o in self.story.published
            if self.turn <= o.turn < self.next_turn
            and o.type in ("lead.assigned", "lead.reassigned")
            and o.data["reason"] != "holder_only"
        ]
        found = []
        for i, (read, o) in enumerate(begun):
            ended = begun[i + 1][0].place if i + 1 < len(begun) else NEVER
            if (o.data["reason"] == "no_response" or i == 0) and o.turn > self.turn:
                found.append(LaterTurn(o.turn, read.place, read.at, o.data["due_at"], ended))
        return found

    def breach_place(self, turn: int) -> float:
        return next((read.place for read, _ in self.published("sla.breached", "response", turn)), NEVER)

    # what must have been published

    def check(self) -> None:
        self.check_first()
        self.check_contact()
        self.check_later_turns()
        self.check_responded()

    def check_first(self) -> None:
        """Once: met where a response in time was read, else breached while open; late proof takes it back (R7, R11)."""
        breach = self.breach_place(self.turn)
        met = self.published("sla.met", "response", self.turn)
        back = self.published("sla.breach_retracted", "response", self.turn)
        if breach == NEVER:
            self._expect(met, self.knew_response(self.due), "met")
            assert not back
            assert self.knew_response(self.due) != NEVER or self._spared(self.due), f"the breach of {self} is missing"
            return
        assert breach <= self.over or self.due < self.ended, f"{self} was breached when it was over"
        assert self.knew_response(self.due) > breach, f"{self} was breached, and the response in time was known"
        self._check_breach(self.published("sla.breached", "response", self.turn), self.due)
        known, over = self.knew_response(self.due), self._taken_back(self.due)
        self._expect(back, min(known, over), "retracted")
        self._expect(met, known if over < known else NEVER, "met after its breach was taken back")

    def _spared(self, due: int) -> bool:
        """Whether the lead was over, by its own time, when it was due (R29)."""
        return due >= min(self.ended, self.next_came)

    def _taken_back(self, due: int) -> float:
        """Where it was told that the lead had ended by its due."""
        return min((place for place, at in self.ends if at <= due), default=NEVER)

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
            answered = self._answered_in(turn, min(turn.ended, breach))
            fell = turn.begun <= self.response(answered) <= turn.due
            self._expect(met, answered if fell else NEVER, f"turn {turn.turn} met")
            if breach == NEVER:
                assert not back
                gone = min(answered, turn.ended) != NEVER or self._spared(turn.due)
                assert gone, f"the breach of turn {turn.turn} of {self} is missing"
                continue
            assert turn.place < breach <= turn.ended, f"{self}: a breach of turn {turn.turn}"
            assert breach <= self.over or turn.due < self.ended
            known = self.knew_response(turn.due)
            assert known > breach, f"{self}: turn {turn.turn} breached, and its response was known"
            self._check_breach(self.published("sla.breached", "response", turn.turn), turn.due)
            self._expect(back, min(known, self._taken_back(turn.due)), f"turn {turn.turn} retracted")

    def _answered_in(self, turn: LaterTurn, before: float) -> float:
        """The place at which a response ended a turn that ran; of a lead that is over, while its due is pending."""
        if turn.place <= self.answered < before:
            return self.answered
        known = self.knew_response(turn.due)
        return known if self.over < known < before and turn.due < self.ended else NEVER

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

    def _check_breach(self, found: list[tuple[Read, Publish]], due: int) -> None:
        """Once, for this due, not before due and allowance, and not blind: nothing accepted before was unread (R8)."""
        ((read, breach),) = found
        assert breach.data["due_at"] == due, f"{self}: {breach.data['due_at']} is not {due}"
        at_once = read.place <= self.story.erased < read.place + 1
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
        self.published = [(read, o) for read in self.reads for o in read.published]
        self.created = next(read for read in self.reads if isinstance(read.fact, LeadCreated))
        self.policy = chosen(rules, self.created.fact)
        self.responses = ("contact",) if self.policy.response == "contact" else ("attempt", "contact")
        self.erased = next((r.place for r in self.between(LeadErased, self.created.place)), NEVER)
        self.clocks = [Clock(self, self.created.fact.at, self.created.place, 1)]
        self.closing: Read | None = None
        self.kept = 0  # a reopening while it was open, as far as was known
        self._blind = blind
        self._read_all()

    # which clocks there were, and whose each proof is

    def _read_all(self) -> None:
        """A reopening counts only for a lead that is not open (R29)."""
        proofs = {proof.place: proof for proof in proofs_of(self.reads, self.rules)}
        heard: list[Proof] = []
        for read in self.between(object, self.created.place, self.erased):
            present, at = self.clocks[-1], getattr(read.fact, "at", 0)
            if isinstance(read.fact, LeadReopened):
                if self._was_over(at, read.place):
                    self._reopen(at, read.place, heard)
                elif at > present.came:
                    self.kept = max(self.kept, at)
            elif isinstance(read.fact, LeadClosed) and (present.turn == 1 or at >= present.came):
                self.closing = read if self.closing is None or at > self.closing.fact.at else self.closing
            elif read.place in proofs:
                proof = proofs[read.place]
                heard.append(proof)
                if owner := self._owner(proof, read.place):
                    owner.count(proof, read.place)
                self._recall(heard, read.place)
            if self.kept > self.clocks[-1].came and self._was_over(self.kept, nextafter(read.place, inf)):
                if read.fact.origin.received - self.kept > self.rules.limits.max_event_age:
                    self.kept = 0  # too old for a clock (R30)
                else:
                    self._reopen(self.kept, read.place, heard)

    def _was_over(self, at: int, place: float) -> bool:
        """Whether the present clock had ended by an instant, as was known before a place."""
        clock = self.clocks[-1]
        ended = clock.had_ended(place)
        closed = self.closing is not None and clock.came <= self.closing.fact.at <= at
        return ended != NEVER and (closed or at >= (ended if ended > clock.start else clock.came))

    def _reopen(self, at: int, place: float, heard: list[Proof]) -> None:
        """With the next turn number; what was heard before and decides nothing may be this clock's (R7)."""
        told = [i for i, (_, o) in enumerate(self.published) if o.type == "lead.reopened"][len(self.clocks) - 1 :]
        assert told, f"{self.lead_id} was not reopened"
        turn = self.published[told[0]][1].turn
        assert turn == max((o.turn for _, o in self.published[: told[0]]), default=1) + 1
        past = self.clocks[-1]
        past.end, past.next_came, past.next_turn = place, at, turn
        clock = Clock(self, at, place, turn)
        self.clocks.append(clock)
        self.kept = 0
        if self.closing is not None and self.closing.fact.at > at:
            clock.closed_since = self.closing
        self._recall(heard, place)

    def _recall(self, heard: list[Proof], place: float) -> None:
        """What decides nothing, or left its clock with the reopening, may be another clock's (R4, R7)."""
        for proof in heard:
            before = next((clock for clock in self.clocks if clock.counts(proof)), None)
            if before and before.hangs_on(proof) and not before.has_left(proof):
                continue
            owner = self._owner(proof, nextafter(place, inf))
            if owner and owner is not before:
                if before:
                    before.uncount(proof, place)
                owner.count(proof, place)

    def _owner(self, proof: Proof, place: float) -> Clock | None:
        """The one clock that a proof counts for, if any (R5, R7). place: where that is asked."""
        instants = [at for at in (proof.attempt, proof.contact) if at < NEVER]
        if self.by_contact(proof):
            instants = [proof.contact]
        come = [(at, self._last(at)) for at in instants]
        running = next((clock for at, clock in come if clock and at <= clock.had_ended(place)), None)
        late = next((clock for at, clock in come if clock and at <= max(clock.due, clock.contact_due)), None)
        at, clock = come[0]
        lacking = clock if clock and clock.lacks(at, place) else None
        return running or lacking or self._near(proof) or late

    def by_contact(self, proof: Proof) -> bool:
        """Whether of a call only the talk is a response."""
        return self.policy.response == "contact" and proof.contact < NEVER

    def _last(self, at: int) -> Clock | None:
        """The last that had come by an instant."""
        return next((clock for clock in reversed(self.clocks) if clock.came <= at), None)

    def _near(self, proof: Proof) -> Clock | None:
        """The one that came soon after a contact."""
        if proof.contact == NEVER:
            return None
        after = next((clock for clock in self.clocks if clock.came > proof.contact), None)
        return after if after and proof.near >= after.came - self.rules.limits.match_window else None

    # what happened to it

    def between(self, kind: type, after: float, before: float = NEVER) -> list[Read]:
        return [r for r in self.reads if isinstance(r.fact, kind) and after <= r.place < before]

    def ended(self, read: Read) -> int:
        """When the lead ended: by the fact's own time, if that is not told later than its source may (R29)."""
        fact = read.fact
        received, told = fact.origin.received, fact.origin.uri
        late = 0 if told.startswith("/sla-monitor/") else NEVER if told == "/sla-monitor" else MAX_DELAY
        return int(fact.at) if received - late <= fact.at <= received else int(received)

    def check(self) -> None:
        for clock in self.clocks:
            clock.check()
        self.check_nothing_else()

    def check_nothing_else(self) -> None:
        """No clock but these is evaluated: no hand-over, no turn of another kind (R16)."""
        reopened = [o for _, o in self.published if o.type == "lead.reopened"]
        assert len(reopened) == len(self.clocks) - 1, f"{self.lead_id} was reopened {len(reopened)} times"
        evaluated = {turn for clock in self.clocks for turn in (clock.turn, *(later.turn for later in clock.later))}
        for _, o in self.published:
            assert o.type not in ("sla.met", "sla.breached") or o.turn in evaluated, f"{o} evaluates nothing"

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
        if applied or any(isinstance(fold.fact, CHANGES_CLOCK) or _gave_up(fold) for _, fold in own):
            continue
        waited = sorted((f for f in early if hasattr(f, "origin")), key=lambda f: (f.at, f.origin.uri, f.origin.id))
        reads = [Read(place, fold.now, fold.fact, tuple(fold.outcomes)) for place, fold in own if place >= first]
        reads[1:1] = [Read(first + (i + 1) / 1000, reads[0].at, fact, ()) for i, fact in enumerate(waited)]
        story = Story(lead_id, reads, journal[first].rules, partial(_blind, lead_id, journal, accepted))
        if len(story.clocks) <= MOST:  # beyond it the first ones are forgotten (R7)
            yield story


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

"""The reducer of `sla.phones`: which leads get a call, and which missed calls become leads (R24-R27).

After each fact every lead is handed what it wants and has not got, so the order of facts does not matter.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field, replace
from enum import StrEnum
from itertools import islice
from typing import Any

from .dedupe import repeated, unlearn
from .effects import Bury, CloseNumber, Count, Deliver, Effect, Join, OpenNumber, Question
from .events import (
    Absorbed,
    Asked,
    Call,
    CallAnswered,
    CallEnded,
    CallStarted,
    ContactRecorded,
    Due,
    LeadClosed,
    LeadCreated,
    Origin,
    Preceded,
    RulesChanged,
)
from .fold import Keyed
from .lead import MISSED_CALL
from .phone import KEPT, TRANSITIONS, Bound, Kept, Number, Opening, State, Word
from .proof import CallSeen, call_start, talk_began
from .rules import Rules


class Verdict(StrEnum):
    """What an ended call is to R26, and the result that is counted."""

    INTERNAL = "internal"
    OWN_NUMBER = "own_number"
    MANAGER_NUMBER = "manager_number"
    SHORT_ABANDON = "short_abandon"
    ANSWERED_ELSEWHERE = "answered_elsewhere"  # another leg of the same ring
    BACKFILL = "backfill"  # too old for a promise (R30)
    ON_LEAD = "missed_on_lead"  # an open lead has it
    BEFORE_LEAD = "missed_before_lead"  # a lead created soon after has it, and takes its start
    MADE = "missed_call"
    NOT_MISSED = "ok"


@dataclass(slots=True)
class Case:
    """One decision about one number. `effects` grow in the order in which they are asked for."""

    row: Number
    now: int
    rules: Rules
    effects: list[Effect] = field(default_factory=list)

    @property
    def window(self) -> int:
        return self.rules.limits.match_window

    def tell(self, lead_id: str, fact: Any) -> None:
        self.effects.append(Deliver(lead_id, fact))

    def count(self, result: str) -> None:
        self.effects.append(Count(result))


def decide(row: Number | None, fact: Any, now: int, rules: Rules) -> tuple[Number | None, list[Effect]]:
    """Apply one fact to a number. The row may be changed in place and is returned; None deletes it."""
    case = Case(row or Number(), now, rules)
    expire(case)
    HANDLERS[type(fact)](case, fact)
    hand_out(case)
    return (None if case.row.empty else case.row), case.effects


# calls and contacts come


def on_call(case: Case, fact: Call) -> None:
    if _seen(case, fact.origin):
        return
    kept = _keep(case, fact)
    (call,) = case.row.calls(kept.key)
    _not_missed_after_all(case, call)
    case.count(judge(case, kept, call) if isinstance(fact, CallEnded) else Verdict.NOT_MISSED)


def on_contact(case: Case, fact: ContactRecorded) -> None:
    if not _seen(case, fact.origin):
        _keep(case, fact)
        case.count("ok")


def _seen(case: Case, origin: Origin) -> bool:
    """Whether an event of this identity was applied."""
    again = repeated(case.row.seen, origin)
    if again:
        case.count(again)
    else:
        case.row.forget_at = case.now + Bound.REMEMBERED
    return bool(again)


def _keep(case: Case, fact: Call | ContactRecorded) -> Kept:
    """Keep it for match_window from now: what was read late has its lead read late too."""
    named: dict[str, Any] = {KEPT[type(fact)]: fact}
    kept = Kept(case.now + case.window, **named)
    case.row.kept.append(kept)
    if len(case.row.kept) > Bound.KEPT:
        case.count("overflow")
        _let_go(case, case.row.kept.pop(0))
    return kept


def _let_go(case: Case, kept: Kept) -> None:
    """Its time is over; a contact that found no lead is not lost in silence (R27)."""
    if kept.contact and not kept.got:
        unlearn(case.row.seen, kept.contact.origin)
        case.effects.append(Bury(reason="unknown_lead", fact=kept.contact))
    elif not kept.got:
        case.count("unmatched")


def hand_out(case: Case) -> None:
    """Every lead gets what it wants of the number and has not got; of very many leads the newest (R24)."""
    for kept in case.row.kept:
        wanting = (opening for opening in reversed(case.row.openings) if opening.wants(kept, case.window))
        for opening in islice(wanting, Bound.SERVED):
            if opening.order not in kept.got:
                kept.got.append(opening.order)
                spoken_for = _spoken_for(case, kept, opening)
                case.tell(opening.lead_id, replace(kept.fact, lead_id=opening.lead_id, spoken_for=spoken_for))


def _spoken_for(case: Case, kept: Kept, opening: Opening) -> bool:
    """Whether it came before the lead, and fell into the clock of another that was open then (R5).

    One made of a missed call is no other lead: the lead that the call led to absorbs it (R26). Nor is one whose clock
    another has taken (R25).
    """
    instants = case.row.instants(kept)
    if instants[-1] >= opening.since or opening.was_open(instants[-1]):
        return False
    others = (other for other in case.row.openings if other is not opening and not other.made_of and not other.joined)
    return any(other.was_open(at) for other in others for at in instants)


# leads open and close


def on_open(case: Case, fact: OpenNumber) -> None:
    """A lead takes the number: it absorbs a lead made of a missed call, or is offered to an older one (R25, R26).

    Of the opening and the start the earlier counts: a scheduled lead wants the calls before its clock starts.
    """
    row, known = case.row, case.row.find(fact.lead_id)
    opening = known or _list(case, Opening(fact.lead_id, row.next_order(), 0))
    new = known is None or opening.state is State.PENDING
    if opening.state is State.OVER:
        case.count("ignored_over")
        return
    opening.begin(min(fact.since, fact.at), fact.at)
    if fact.absorb:
        _absorb_made(case, opening, fact.at)
    if new:
        _introduce(case, opening, fact)


def _list(case: Case, opening: Opening) -> Opening:
    """Add it; beyond the bound the oldest closed one goes, or the oldest."""
    openings = case.row.openings
    openings.append(opening)
    if len(openings) > Bound.OPENINGS:
        case.count("overflow")
        openings.remove(next((old for old in openings if old.is_past), openings[0]))
    return opening


def _absorb_made(case: Case, opening: Opening, at: int) -> None:
    """The lead takes the start of one made of a missed call not longer than match_window before, which closes (R26)."""
    for made in list(case.row.openings):
        recent = made.made_of and not made.is_past and made.missed_at >= opening.since - case.window
        if recent and made is not opening:
            case.tell(opening.lead_id, Absorbed(lead_id=opening.lead_id, started_at=made.since, at=at))
            opening.since = min(opening.since, made.since)
            _end_made(case, made, at, "merged", opening.lead_id)


def _introduce(case: Case, opening: Opening, fact: OpenNumber) -> None:
    """Propose it to the oldest open lead of the number; without one, tell it of the last that had it (R25).

    Both stay until the older one has accepted.
    """
    before = [other for other in case.row.openings if other.order < opening.order and not other.made_of]
    older = next((other for other in case.row.openings if other.is_open and other.order < opening.order), None)
    if older is None:
        if before:
            previous = before[-1].lead_id
            case.tell(fact.lead_id, Preceded(lead_id=fact.lead_id, previous_lead_id=previous, at=fact.at))
    elif fact.join:
        case.effects.append(
            Join(
                lead_id=older.lead_id,
                joining=fact.lead_id,
                at=fact.at,
                started_at=fact.since,
                due_at=fact.due_at,
            )
        )


def on_close(case: Case, fact: CloseNumber) -> None:
    """A lead is no longer open, or wants no more calls; missed calls after that are decided again."""
    if fact.erase:
        case.row.erase(fact.lead_id)
        return
    opening = case.row.find(fact.lead_id)
    if opening is None:
        return
    opening.state = TRANSITIONS[opening.state, Word.COLLECT if fact.collect else Word.CLOSE]
    opening.joined = opening.joined or fact.joined
    opening.open_until = min(opening.open_until or fact.at, fact.at)
    opening.expires = case.now + case.rules.limits.retract_window if opening.is_past else 0
    if not fact.collect:
        opening.closed_at = min(opening.closed_at or fact.at, fact.at)
    _decide_again(case)


# missed calls


def judge(case: Case, kept: Kept, call: CallSeen) -> Verdict:
    """What an ended call is to R26; makes a lead of it if that is the verdict."""
    if call.direction != "inbound" or call.ended_at is None or talk_began(call) is not None:
        return Verdict.NOT_MISSED
    verdict = _excuse(case, kept, call) or _place(case, call, call.ended_at)
    kept.again = verdict is Verdict.ON_LEAD
    if verdict is Verdict.MADE:
        _make(case, kept, call, call.ended_at)
    return verdict


def _decide_again(case: Case) -> None:
    for kept in case.row.kept:
        if kept.again:
            (call,) = case.row.calls(kept.key)
            judge(case, kept, call)


def _excuse(case: Case, kept: Kept, call: CallSeen) -> Verdict | None:
    """Why nobody need call back, if so."""
    number, limits, fact = kept.fact.number, case.rules.limits, kept.fact
    rang_at, missed_at = ring = _ring(case, call)
    timed = call.started_at is not None or call.ring is not None
    excuses = (
        (call.internal, Verdict.INTERNAL),
        (number in case.rules.own_numbers, Verdict.OWN_NUMBER),
        (any(number in manager.phones for manager in case.rules.managers.values()), Verdict.MANAGER_NUMBER),
        (timed and missed_at - rang_at < limits.short_abandon, Verdict.SHORT_ABANDON),
        (any(_answers(case, leg, ring) for leg in case.row.calls()), Verdict.ANSWERED_ELSEWHERE),
        ((fact.origin.received or case.now) - fact.at > limits.max_event_age, Verdict.BACKFILL),
    )
    return next((verdict for excused, verdict in excuses if excused), None)


def _ring(case: Case, call: CallSeen) -> tuple[int, int]:
    """From when to when a missed call rang, ms; at most missed_settle if nobody says how long."""
    end = call.ended_at or 0
    timed = call.started_at is not None or call.ring is not None
    return call_start(call) if timed else end - case.rules.limits.missed_settle, end


def _answers(case: Case, leg: CallSeen, ring: tuple[int, int]) -> bool:
    """Whether a human took this call while the missed one rang, or within missed_settle of its end."""
    began = talk_began(leg)
    if began is None or leg.direction != "inbound" or leg.internal:
        return False
    return began <= ring[1] + case.rules.limits.missed_settle and (leg.ended_at or began) >= ring[0]


def _place(case: Case, call: CallSeen, at: int) -> Verdict:
    """Whose a missed call is: an open lead's, that of a lead created soon after, or a new one's (R25, R26)."""
    openings = case.row.openings
    near = [opening for opening in openings if opening.covers(at, case.window)]
    if any(opening.was_open(at) for opening in near) or any(opening.made_of == call.call for opening in openings):
        return Verdict.ON_LEAD
    taker = next((opening for opening in near if opening.is_open), None)
    if taker:
        case.tell(taker.lead_id, Absorbed(lead_id=taker.lead_id, started_at=at, at=at))
        taker.since = at
    return Verdict.BEFORE_LEAD if near else Verdict.MADE


def _make(case: Case, kept: Kept, call: CallSeen, at: int) -> None:
    """A lead of a missed call; it needs no word of its own call, and is listed until its opening comes back."""
    rang_at, missed_at = _ring(case, call)
    made = Opening(
        f"missed:{call.call}",
        case.row.next_order(),
        at,
        State.PENDING,
        expires=case.now + case.window,
        made_of=call.call,
        rang_at=rang_at,
        missed_at=missed_at,
    )
    _list(case, made)
    kept.got.append(made.order)
    phones = tuple(filter(None, (kept.fact.number,)))
    created = LeadCreated(lead_id=made.lead_id, at=at, origin=kept.fact.origin, phones=phones, channel=MISSED_CALL)
    case.tell(made.lead_id, created)


def _not_missed_after_all(case: Case, call: CallSeen) -> None:
    """The call turns out answered: a lead made of another leg of its ring closes, unless leads have joined it (R26)."""
    takers = [opening for opening in case.row.openings if opening.is_open]
    if len(takers) == 1 and takers[0].made_of and _answers(case, call, (takers[0].rang_at, takers[0].missed_at)):
        answered_at = max(takers[0].missed_at, talk_began(call) or 0)
        _end_made(case, takers[0], answered_at, "not_missed")


def _end_made(case: Case, made: Opening, at: int, reason: str, into: str | None = None) -> None:
    """Close a lead that was made here; missed calls after its end are decided again."""
    origin = Origin(uri="/sla-monitor", id=f"{made.lead_id}:{reason}", received=case.now)
    case.tell(made.lead_id, LeadClosed(lead_id=made.lead_id, at=at, reason=reason, origin=origin, merged_into=into))
    made.state = State.OVER
    made.open_until = made.closed_at = at
    made.expires = case.now + case.rules.limits.retract_window
    _decide_again(case)


# questions and time


def answer(case: Case, fact: Question) -> None:
    """All that was accepted before this question has been applied to this number (R8)."""
    case.tell(fact.lead_id, Asked(lead_id=fact.lead_id, k=fact.k, by=fact.to, at=case.now))


def expire(case: Case) -> None:
    """What is too old goes, before anything else is decided: it makes no difference when a timer fires."""
    row, now = case.row, case.now
    for kept in [kept for kept in row.kept if kept.until <= now]:
        row.kept.remove(kept)
        _let_go(case, kept)
    gone = [opening for opening in row.openings if 0 < opening.expires <= now]
    for opening in gone:
        row.openings.remove(opening)
    for opening in row.openings:
        opening.forget(now - case.rules.limits.retract_window)
    if any(opening.state is State.PENDING for opening in gone):
        _decide_again(case)
    if 0 < row.forget_at <= now:
        row.forget()


def pass_by(_case: Case, _fact: Due | RulesChanged) -> None:
    """Nothing: time has done its part in `expire`, and rules are read when they are needed."""


HANDLERS: dict[type, Callable[[Case, Any], None]] = {
    CallStarted: on_call,
    CallAnswered: on_call,
    CallEnded: on_call,
    ContactRecorded: on_contact,
    OpenNumber: on_open,
    CloseNumber: on_close,
    Question: answer,
    Due: pass_by,
    RulesChanged: pass_by,
}

REDUCER = Keyed((Number,), decide)

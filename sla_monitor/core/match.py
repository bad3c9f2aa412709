"""The reducer of `sla.phones`: which leads get a call, and which missed calls become leads (R24-R27).

After each fact every lead is handed what it wants and has not got, so the order of facts does not matter.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import replace
from itertools import islice
from typing import Any

from .dedupe import CONFLICT, conflict, repeated, unlearn
from .effects import Bury, CloseNumber, Effect, Join, OpenNumber, Question
from .events import (
    Asked,
    Call,
    CallAnswered,
    CallEnded,
    CallStarted,
    ContactRecorded,
    Due,
    Preceded,
    RulesChanged,
)
from .fold import Keyed
from .missed import Verdict, decide_again, end_made, judge, not_missed_after_all
from .number_case import Case, list_opening
from .phone import KEPT, TRANSITIONS, Bound, Kept, Number, Opening, State, Word
from .rules import Rules


def decide(row: Number | None, fact: Any, now: int, rules: Rules) -> tuple[Number | None, list[Effect]]:
    """Apply one fact to a number. The row may be changed in place and is returned; None deletes it."""
    case = Case(row or Number(), now, rules)
    expire(case)
    HANDLERS[type(fact)](case, fact)
    hand_out(case)
    return (None if case.row.empty else case.row), case.effects


# calls and contacts come


def on_call(case: Case, fact: Call) -> None:
    if _seen(case, fact):
        return
    case.row.shared |= fact.shared
    kept = _keep(case, fact)
    (call,) = case.row.calls(kept.key)
    not_missed_after_all(case, call)
    case.count(judge(case, kept, call) if isinstance(fact, CallEnded) else Verdict.NOT_MISSED)


def on_contact(case: Case, fact: ContactRecorded) -> None:
    if not _seen(case, fact):
        case.row.shared |= fact.shared
        _keep(case, fact)
        case.count("ok")


def _seen(case: Case, fact: Call | ContactRecorded) -> bool:
    """Whether an event of this identity was applied."""
    again = repeated(case.row.seen, fact.origin)
    if again:
        case.count(again)
        if again == CONFLICT:
            case.effects.append(conflict(fact))
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
        for opening in islice(_alone(case.row, kept, wanting) if case.row.shared else wanting, Bound.SERVED):
            if opening.order not in kept.got:
                kept.got.append(opening.order)
                spoken_for = _spoken_for(case, kept, opening)
                case.tell(opening.lead_id, replace(kept.fact, lead_id=opening.lead_id, spoken_for=spoken_for))


def _alone(row: Number, kept: Kept, wanting: Iterable[Opening]) -> Iterator[Opening]:
    """Of a number that many may have, the lead that alone had it open at that instant, or has the call already."""
    alone = row.alone(row.instants(kept)[-1])
    orders = {order for other in row.kept if kept.key and other.key == kept.key for order in other.got}
    return (opening for opening in wanting if opening in alone or opening.order in orders)


def _spoken_for(case: Case, kept: Kept, opening: Opening) -> bool:
    """Whether another lead was open then, and this one was not: no clock of this one that comes later has it (R5).

    One made of a missed call is no other lead: the lead that the call led to absorbs it (R26). Nor is one while
    another has its clock (R25).
    """
    instants = case.row.instants(kept)
    if opening.was_open(instants[-1]):
        return False
    others = (other for other in case.row.openings if other is not opening and not other.made_of)
    return any(other.spoke(at) for other in others for at in instants)


# leads open and close


def on_open(case: Case, fact: OpenNumber) -> None:
    """A lead takes the number: it absorbs a lead made of a missed call, or is offered to an older one (R25, R26).

    Of the opening and the start the earlier counts: a scheduled lead wants the calls before its clock starts.
    """
    row, known = case.row, case.row.find(fact.lead_id)
    row.shared |= fact.shared
    opening = known or list_opening(case, Opening(fact.lead_id, row.next_order(), 0))
    new = known is None or opening.state is State.PENDING
    if opening.state is State.OVER:
        case.count("ignored_over")
        return
    opening.begin(min(fact.since, fact.at), fact.at)
    if fact.absorb and not row.shared:
        _absorb_made(case, opening, fact.at)
    if new and not row.shared:
        _introduce(case, opening, fact)


def _absorb_made(case: Case, opening: Opening, at: int) -> None:
    """The lead takes the start of one made of a missed call not longer than match_window before, which closes (R26)."""
    for made in list(case.row.openings):
        recent = made.made_of and not made.is_past and made.missed_at >= opening.since - case.window
        if recent and made is not opening:
            opening.since = min(opening.since, made.since)
            end_made(case, made, at, "merged", opening.lead_id)


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
                cycle=1,
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
    decide_again(case)


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
        decide_again(case)
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

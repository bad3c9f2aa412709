"""Which missed calls become leads, and which of those were not missed after all (R26)."""

from __future__ import annotations

from enum import StrEnum

from .events import Absorbed, LeadClosed, LeadCreated, Origin
from .lead import MISSED_CALL
from .number_case import Case, list_opening
from .phone import Kept, Opening, State
from .proof import CallSeen, call_start, legs, talk_began
from .rules import Source
from .spelling import key

_UNSAID = Source("")

_ENDED_BY_US = frozenset({"busy", "rejected", "failed", "machine"})
"""Outcomes of a call that the caller did not end: however short, somebody has to call back (R26)."""


class Verdict(StrEnum):
    """What an ended call is to R26, and the result that is counted."""

    INTERNAL = "internal"
    OWN_NUMBER = "own_number"
    MANAGER_NUMBER = "manager_number"
    BLOCKED_NUMBER = "blocked_number"
    REJECTED = "rejected_call"  # by a PBX whose rejections are to be ignored
    SHORT_ABANDON = "short_abandon"
    ANSWERED_ELSEWHERE = "answered_elsewhere"  # another leg of the same ring
    BACKFILL = "backfill"  # too old for a promise (R30)
    ON_LEAD = "missed_on_lead"  # an open lead has it
    BEFORE_LEAD = "missed_before_lead"  # a lead created soon after has it, and takes its start
    MADE = "missed_call"
    NOT_MISSED = "ok"


def judge(case: Case, kept: Kept, call: CallSeen) -> Verdict:
    """What an ended call is to R26; makes a lead of it if that is the verdict."""
    if call.direction != "inbound" or call.ended_at is None or talk_began(call) is not None:
        return Verdict.NOT_MISSED
    verdict = _excuse(case, kept, call) or _place(case, call, call.ended_at)
    kept.again = verdict is Verdict.ON_LEAD
    if verdict is Verdict.ON_LEAD:
        _stretch(case, _ring(case, call))
    if verdict is Verdict.MADE:
        _make(case, kept, call, call.ended_at)
    return verdict


def _stretch(case: Case, ring: tuple[int, int]) -> None:
    """A further leg of the call that a lead was made of: whoever answers soon after it answers that call (R26)."""
    for made in _made_of_legs(case, ring):
        made.rang_at, made.missed_at = min(made.rang_at, ring[0]), max(made.missed_at, ring[1])


def _made_of_legs(case: Case, ring: tuple[int, int]) -> list[Opening]:
    """Open leads that were made of other legs of the call."""
    made = (opening for opening in case.row.openings if opening.made_of and opening.is_open)
    return [opening for opening in made if legs((opening.rang_at, opening.missed_at), ring, case.rules.limits)]


def decide_again(case: Case) -> None:
    for kept in case.row.kept:
        if kept.again:
            (call,) = case.row.calls(kept.key)
            judge(case, kept, call)


def _excuse(case: Case, kept: Kept, call: CallSeen) -> Verdict | None:
    """Why nobody need call back, if so."""
    fact, limits = kept.fact, case.rules.limits
    number, source = key(fact.number or ""), case.rules.sources.get(fact.origin.source, _UNSAID)
    rang_at, missed_at = ring = _ring(case, call)
    timed = call.started_at is not None or call.ring is not None
    hung_up = call.outcome not in _ENDED_BY_US
    excuses = (
        (call.internal, Verdict.INTERNAL),
        (number in case.rules.own_numbers, Verdict.OWN_NUMBER),
        (any(number in map(key, manager.phones) for manager in case.rules.managers.values()), Verdict.MANAGER_NUMBER),
        (number in case.rules.blocked_numbers, Verdict.BLOCKED_NUMBER),
        (call.outcome == "rejected" and source.rejected == "ignore", Verdict.REJECTED),
        (hung_up and timed and missed_at - rang_at < limits.short_abandon, Verdict.SHORT_ABANDON),
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
    open_then = [opening for opening in near if opening.was_open(at)]
    whose = len(open_then) == 1 if case.row.shared else bool(open_then)
    if whose or any(opening.made_of == call.call for opening in openings):
        return Verdict.ON_LEAD
    if case.row.shared:
        return Verdict.ON_LEAD if _made_of_legs(case, _ring(case, call)) else Verdict.MADE
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
    list_opening(case, made)
    kept.got.append(made.order)
    phones = tuple(filter(None, (kept.fact.number,)))
    created = LeadCreated(
        lead_id=made.lead_id,
        at=at,
        origin=kept.fact.origin,
        phones=phones,
        channel=MISSED_CALL,
        shared=phones if case.row.shared else (),
        give_after=at + case.rules.limits.missed_settle,
    )
    case.tell(made.lead_id, created)


def not_missed_after_all(case: Case, call: CallSeen) -> None:
    """The call turns out answered: a lead made of another leg of its ring closes, unless leads have joined it (R26)."""
    takers = [opening for opening in case.row.openings if opening.is_open]
    if len(takers) == 1 and takers[0].made_of and _answers(case, call, (takers[0].rang_at, takers[0].missed_at)):
        answered_at = max(takers[0].missed_at, talk_began(call) or 0)
        end_made(case, takers[0], answered_at, "not_missed")


def end_made(case: Case, made: Opening, at: int, reason: str, into: str | None = None) -> None:
    """Close a lead that was made here; missed calls after its end are decided again."""
    origin = Origin(uri="/sla-monitor", id=f"{made.lead_id}:{reason}", received=case.now)
    case.tell(made.lead_id, LeadClosed(lead_id=made.lead_id, at=at, reason=reason, origin=origin, merged_into=into))
    made.state = State.OVER
    made.open_until = made.closed_at = at
    made.expires = case.now + case.rules.limits.retract_window
    decide_again(case)

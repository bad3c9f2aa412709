"""What is decided about a due, and said of it: met, breached, taken back, answered (R7, R10-R12, R14, R29)."""

from __future__ import annotations

from typing import Any

from . import numbers
from .case import Case
from .lead import Kind, Phase, Turn
from .lead_clock import CONTACT, RESPONSE, Broken, LeadClock
from .promise import Result, Word
from .turns import release

CLOSED_BEFORE_DUE = "closed_before_due"
"""Why a breach is taken back without a response (R29)."""


def in_time(case: Case, clock: LeadClock, measure: str, at: int, by: str) -> None:
    """A proof at or before the due: it is met, or its breach is taken back (R7, R11)."""
    after = _heard(case, clock, measure, Word.IN_TIME)
    if after is clock.result(measure):
        return
    if after is Result.MET:
        first = _first_turn(case, clock)
        late = first.holder if first and first.kind is Kind.LATE else ""
        _decide(case, "sla.met", clock, measure, response_at=at, by=by, holder_id=clock.first_holder or late)
    else:
        _retract(case, clock, measure, response_at=at)


def _heard(case: Case, clock: LeadClock, measure: str, word: Word) -> Result:
    """What a due is after a word; the turn that began with the clock is shown as it."""
    after = clock.hear(measure, word)
    case.lead.put_clock(after)
    first = _first_turn(case, clock)
    if measure == RESPONSE and after != clock and first and first.kind is Kind.FIRST:
        first.result = first.result if first.result is Result.SUPERSEDED else after.evaluated
    return after.result(measure)


def _first_turn(case: Case, clock: LeadClock) -> Turn | None:
    return next((turn for turn in case.lead.turns if turn.turn == clock.cycle), None)


def _decide(
    case: Case,
    kind: str,
    clock: LeadClock,
    measure: str,
    later: Turn | Broken | None = None,
    **details: Any,
) -> None:
    """Publish what was decided of a clock, or of a later turn."""
    known = {
        "measure": measure,
        "evaluated": "later" if later else "first",
        "due_at": later.due if later else clock.due_of(measure),
        "holder_id": later.holder if later else clock.first_holder,
        "objective": case.policy.objective,
        "source": case.lead.source,
    }
    turn = later.turn if later else clock.cycle
    case.publish(kind, known | details, turn=turn, clock=clock, qualifier=measure)


def _retract(
    case: Case,
    clock: LeadClock,
    measure: str,
    later: Broken | None = None,
    *,
    response_at: int | None = None,
    reason: str | None = None,
) -> None:
    """Take a breach back, and tell both holders and the head who has the lead now, if anybody still has it."""
    lead = case.lead
    turn, holder = (later.turn, later.holder) if later else (clock.cycle, clock.first_holder)
    late_given = _late_given(clock, measure) if later is None else None
    why = {"response_at": response_at, "reason": reason}
    _decide(case, "sla.breach_retracted", clock, measure, later, late_given=late_given, **why)
    stays = reason is None and lead.phase in (Phase.OPEN, Phase.ANSWERED)
    told = why | {"holder_id": lead.holder if stays else ""}
    for manager in dict.fromkeys((holder, lead.holder, case.head)):
        case.notify(manager, "retracted", told, qualifier=f"{turn}:{measure}")


def retract_turns(
    case: Case, clock: LeadClock, at: int, *, response_at: int | None = None, reason: str | None = None
) -> None:
    """Each later breach with its due at or after an instant is taken back, once (R11)."""
    lead = case.lead
    back = [broken for broken in clock.breached if broken.due >= at]
    if not back:
        return
    lead.put_clock(clock._replace(breached=tuple(broken for broken in clock.breached if broken.due < at)))
    for broken in back:
        for turn in lead.turns:
            if turn.turn == broken.turn:
                turn.result = Result.RETRACTED
        _retract(case, clock, RESPONSE, broken, response_at=response_at, reason=reason)


def answer(case: Case, at: int, by: str) -> None:
    """The response ends the clock: late ones are announced, the running turn ends, the desk is free of the lead."""
    lead, clock, turn = case.lead, case.lead.clock, case.lead.current
    if turn is not None and turn.result is Result.RUNNING:
        end_by_response(case, turn, at, by)
    lead.put_clock(clock._replace(ended=at))
    respond_late(case, lead.clock)
    lead.phase, lead.escalated, lead.scheduled = Phase.ANSWERED, False, False
    lead.forget_question()
    lead.warn_next = 0
    release(case)
    numbers.collect_all(case, at)


def respond_late(case: Case, clock: LeadClock) -> None:
    """The response to a breached clock is announced once, also if the lead had ended before it was told (R10)."""
    at, by = clock.response(case.policy.response)
    lead, cycle = case.lead, clock.cycle
    if clock.evaluated is Result.BREACHED and 0 < at <= clock.ended and cycle not in lead.responded:
        lead.responded = (*(known for known in lead.responded if known >= lead.clocks[0].cycle), cycle)
        told = {"due_at": clock.due, "response_at": at, "by": by, "source": lead.source}
        case.publish("sla.responded", told, turn=cycle, clock=clock)


def end_by_response(case: Case, turn: Turn, at: int, by: str) -> None:
    """A turn begun by a breach is met for its holder if the response fell into it; others end unevaluated (R14)."""
    if turn.kind is Kind.BREACH and turn.begun <= at <= turn.due:
        turn.result = Result.MET
        _decide(case, "sla.met", clock_of(case, turn), RESPONSE, turn, response_at=at, by=by)
    else:
        turn.result = Result.ENDED


# breaches


def breach_first(case: Case, clock: LeadClock) -> None:
    """The customer's due was broken: whose it was answers for it; nobody who was given it too late (R14)."""
    _heard(case, clock, RESPONSE, Word.PASSED)
    if case.lead.current is _first_turn(case, clock):
        case.lead.warn_next = 0
    late_given = _late_given(clock, RESPONSE)
    _breach(case, clock, RESPONSE, late_given=late_given, delay=clock.late_given if late_given else None)
    if not case.runs(clock):
        respond_late(case, case.lead.clock_of(clock.cycle))


def breach_contact(case: Case, clock: LeadClock) -> None:
    """Nobody has spoken with the customer in time: holder and head are told, nothing is reassigned (R12)."""
    lead = case.lead
    lead.put_clock(clock.hear(CONTACT, Word.PASSED))
    _breach(case, clock, CONTACT)
    if lead.phase in (Phase.OPEN, Phase.ANSWERED):
        for manager in dict.fromkeys((lead.holder, case.head)):
            case.notify(manager, "contact_breached", due_at=clock.contact_due)


def clock_of(case: Case, turn: Turn) -> LeadClock:
    """The clock in which a turn began."""
    return next(clock for clock in reversed(case.lead.clocks) if clock.cycle <= turn.turn)


def breach_turn(case: Case, turn: Turn) -> None:
    """A turn begun by a breach has broken its own due (R14)."""
    lead = case.lead
    clock = clock_of(case, turn)
    turn.result = Result.BREACHED
    lead.put_clock(clock._replace(breached=(*clock.breached, Broken(turn.turn, turn.holder, turn.due))))
    _breach(case, clock, RESPONSE, turn)


def _breach(case: Case, clock: LeadClock, measure: str, later: Turn | None = None, **details: Any) -> None:
    lead = case.lead
    known = {
        "asked_at": lead.asked_at,
        "question": lead.question,
        "confidence": "degraded" if lead.degraded else "full",
        "reason": "late_arrival" if clock.late and later is None else None,
    }
    _decide(case, "sla.breached", clock, measure, later, **known, **details)


def _late_given(clock: LeadClock, measure: str) -> bool | None:
    """Whether nobody answers for the customer's due because whoever began with it was given it too late (R14)."""
    late = bool(clock.late_given) and not clock.first_holder and not clock.late
    return True if late and measure == RESPONSE else None


# ends


def end_clocks(case: Case, at: int) -> None:
    """The lead ended at an instant: what was due by then is still decided, what was due later is taken back (R29)."""
    if case.lead.clocks:
        end_clock(case, case.lead.cycle, at)


def end_clock(case: Case, cycle: int, at: int) -> None:
    """The same of one of the lead's clocks."""
    lead = case.lead
    for measure in (CONTACT, RESPONSE):
        clock = lead.clock_of(cycle)
        if clock.due_of(measure) >= at and clock.result(measure) is Result.BREACHED:
            _heard(case, clock, measure, Word.OVER)
            _retract(case, clock, measure, reason=CLOSED_BEFORE_DUE)
    retract_turns(case, lead.clock_of(cycle), at, reason=CLOSED_BEFORE_DUE)
    lead.put_clock(lead.clock_of(cycle).end(at))
    if case.runs(lead.clock_of(cycle)):  # a later turn may have waited for its decision still
        respond_late(case, lead.clock_of(cycle))

"""Met or breached: what a proof does, and how a due instant is decided (R4-R12)."""

from __future__ import annotations

from . import numbers
from .case import Case
from .effects import Log, Measure, Question
from .lead import Kind, Phase, Result, Turn, deadlines
from .proof import CallSeen, Proof, live_state
from .rules import SECOND
from .turns import end, next_turn, release

NO_LEAD = frozenset({"not_missed", "backfill"})
"""Reasons of closing after which no proof counts: it never was a lead with a clock (R26, R30)."""

PAUSE = 5 * SECOND
"""A timer that fires later than this tells that nothing ran meanwhile."""

# proofs


def credit(case: Case, proof: Proof, ended_at: int, name: str) -> bool:
    """Apply what a call or a record proves; whether it counted. name: the event's, for the outcome's id."""
    if case.lead.closed_reason in NO_LEAD:
        return False
    contact = _counted(case, proof.contact_at, ended_at)
    attempt = _counted(case, proof.attempt_at, None) or contact  # every contact is an attempt (R1)
    by = proof.by if proof.by and case.is_manager(proof.by) else ""
    if attempt:
        _credit_earlier(case, "attempt", attempt, by, name)
    if contact:
        _credit_earlier(case, "contact", contact, by, name)
    if attempt or contact:
        judge(case)
    return bool(attempt or contact)


def _counted(case: Case, at: int | None, ended_at: int | None) -> int:
    """The instant that counts, 0 if none: before the start only a contact that ended in the window (R5)."""
    started = case.lead.started_at
    if at is None or at >= started:
        return at or 0
    near = ended_at is not None and ended_at >= started - case.rules.limits.match_window
    return started if near else 0


def _credit_earlier(case: Case, kind: str, at: int, by: str, name: str) -> None:
    """Keep the earliest proof of a kind, whatever the arrival order (R4); measured once, at the first."""
    lead = case.lead
    known = getattr(lead, f"first_{kind}_at")
    if known and known <= at:
        return
    open_ms = case.customer_calendar().elapsed(lead.started_at, at)
    if not known and not lead.test:
        case.effects.append(Measure(source=lead.source, kind=kind, open=open_ms, wall=at - lead.started_at))
    setattr(lead, f"first_{kind}_at", at)
    setattr(lead, f"first_{kind}_by", by)
    spent = open_ms / 1000
    case.publish("call.credited", qualifier=f"{name}:{kind}", kind=kind, response_at=at, by=by, open_seconds=spent)


def response(case: Case) -> tuple[int, str]:
    """The earliest response the policy accepts and who gave it; (0, "") if none is known (R4)."""
    lead = case.lead
    contact = (lead.first_contact_at, lead.first_contact_by)
    if case.policy.response == "contact" or not lead.first_attempt_at:
        return contact
    attempt = (lead.first_attempt_at, lead.first_attempt_by)
    return min(attempt, contact, key=lambda proof: proof[0]) if contact[0] else attempt


def judge(case: Case) -> None:
    """What the known proofs decide at once: met, retracted, answered. A breach is never decided here."""
    lead = case.lead
    if lead.closed_reason == "merged":
        return  # its clock is another's, which learns of the proof when it takes the lead (R25)
    if lead.first_contact_at and lead.contact_due_at and lead.first_contact_at <= lead.contact_due_at:
        _contact_in_time(case)
    at, by = response(case)
    if not at:
        return
    if at <= lead.due_at:
        _in_time(case, at, by)
    _retract_turns(case, at)
    if lead.phase is Phase.OPEN and not _undecided(case, at):
        answer(case, at, by)


def _contact_in_time(case: Case) -> None:
    lead = case.lead
    if lead.contact_evaluated is Result.RUNNING:
        lead.contact_evaluated = Result.MET
        _met(case, lead.cycle, "contact", "first", lead.contact_due_at, lead.first_contact_at, lead.first_contact_by)
    elif lead.contact_evaluated is Result.BREACHED:
        lead.contact_evaluated = Result.RETRACTED
        _retract(case, lead.cycle, "contact", lead.contact_due_at, lead.first_contact_at)


def _in_time(case: Case, at: int, by: str) -> None:
    """A response at or before the customer's due: met, or the breach is taken back (R7, R11)."""
    lead = case.lead
    if lead.evaluated is Result.RUNNING:
        lead.evaluated = Result.MET
        _met(case, lead.cycle, "response", "first", lead.due_at, at, by)
    elif lead.evaluated is Result.BREACHED:
        lead.evaluated = Result.RETRACTED
        _retract(case, lead.cycle, "response", lead.due_at, at)
    first = next((turn for turn in lead.turns if turn.turn == lead.cycle), None)
    if first and first.kind is Kind.FIRST and first.result in (Result.RUNNING, Result.BREACHED):
        first.result = Result.MET if lead.evaluated is Result.MET else Result.RETRACTED


def _retract_turns(case: Case, at: int) -> None:
    """Each later breach with its due at or after the response is taken back, once (R11)."""
    for turn in _breached_after(case, at):
        turn.result = Result.RETRACTED
        _retract(case, turn.turn, "response", turn.due, at, turn)


def _breached_after(case: Case, at: int) -> list[Turn]:
    cycle = case.lead.cycle
    later = (turn for turn in case.lead.turns if turn.turn >= cycle and turn.kind is Kind.BREACH)
    return [turn for turn in later if turn.result is Result.BREACHED and turn.due >= at]


def _undecided(case: Case, at: int) -> bool:
    """Whether a clock whose due lies before the response still waits for its breach (R10)."""
    lead, turn = case.lead, case.lead.current
    if lead.evaluated is Result.RUNNING:
        return True
    later = turn is not None and turn.kind is Kind.BREACH and turn.result is Result.RUNNING
    return later and turn is not None and turn.due < at


def answer(case: Case, at: int, by: str) -> None:
    """The response ends the clock: late ones are announced, the running turn ends, the desk is free of the lead."""
    lead, turn = case.lead, case.lead.current
    if turn is not None and turn.result is Result.RUNNING:
        _end_by_response(case, turn, at, by)
    if lead.evaluated is Result.BREACHED:
        case.publish("sla.responded", turn=lead.cycle, due_at=lead.due_at, response_at=at, by=by, source=lead.source)
    lead.phase, lead.escalated = Phase.ANSWERED, False
    forget_question(case)
    end(case, Result.ENDED)
    release(case)
    numbers.collect_all(case, at)
    if by != lead.holder:
        case.notify(lead.holder, "answered", by=by)


def _end_by_response(case: Case, turn: Turn, at: int, by: str) -> None:
    """A turn begun by a breach is met for its holder if the response fell into it; others end unevaluated (R14)."""
    if turn.kind is Kind.BREACH and turn.begun <= at <= turn.due:
        turn.result = Result.MET
        _met(case, turn.turn, "response", "later", turn.due, at, by)
    else:
        turn.result = Result.ENDED


def _met(case: Case, turn: int, measure: str, evaluated: str, due_at: int, at: int, by: str) -> None:
    holder = next((t.holder for t in case.lead.turns if t.turn == turn), "")
    case.publish(
        "sla.met",
        turn=turn,
        qualifier=measure,
        measure=measure,
        evaluated=evaluated,
        due_at=due_at,
        response_at=at,
        by=by,
        holder_id=holder,
        objective=case.policy.objective,
        source=case.lead.source,
    )


def _retract(case: Case, turn: int, measure: str, due_at: int, at: int, of: Turn | None = None) -> None:
    """Take a breach back, and tell both holders and the head."""
    lead = case.lead
    past = of or next((t for t in lead.turns if t.turn == turn and t.kind is not Kind.LATE), None)
    holder = past.holder if past else ""
    case.publish(
        "sla.breach_retracted",
        turn=turn,
        qualifier=measure,
        measure=measure,
        evaluated="later" if of else "first",
        due_at=due_at,
        response_at=at,
        holder_id=holder,
        objective=case.policy.objective,
        source=lead.source,
    )
    for manager in dict.fromkeys((holder, lead.holder, case.head)):
        case.notify(manager, "retracted", qualifier=f"{turn}:{measure}", response_at=at, holder_id=holder)


# due instants


def ask_numbers(case: Case, *, blind: bool) -> None:
    """Ask for all that was accepted before now, before anything is decided (R8). blind: some may never be asked."""
    lead = case.lead
    targets = [(number, Log.PHONES) for number in lead.phones] + [(joined, Log.EVENTS) for joined in lead.joined]
    targets = targets or [(lead.lead_id, Log.EVENTS)]
    lead.question, lead.degraded = lead.question + 1, blind
    lead.asked_at, lead.unanswered = case.now, [to for to, _ in targets]
    lead.catch_up_at = case.now + case.rules.limits.max_catch_up
    for to, log in targets:
        case.effects.append(Question(lead_id=lead.lead_id, k=lead.question, to=to, at=case.now, log=log))


def forget_question(case: Case) -> None:
    lead = case.lead
    lead.unanswered, lead.catch_up_at, lead.held_until, lead.asked_again = [], 0, 0, False


def give_up_waiting(case: Case, *, blind: bool) -> None:
    """The answers take too long: ask once more if it was we who stood still, else decide without them (R8)."""
    lead = case.lead
    if case.now - lead.catch_up_at >= PAUSE and not lead.asked_again:
        ask_numbers(case, blind=blind)
        lead.asked_again = True
    else:
        lead.degraded = True
        settle(case)


def settle(case: Case) -> None:
    """Decide every clock that was due when the question was asked; a live call may hold the decision (R9)."""
    lead = case.lead
    forget_question(case)
    allowance = case.policy.allowance
    asked = lead.asked_at
    contact_due = _running_contact(case) and lead.contact_due_at + allowance <= asked
    if _hold(case):
        return
    if contact_due:
        _breach_contact(case)
    if lead.phase is not Phase.OPEN:
        return
    first = lead.evaluated is Result.RUNNING and lead.due_at + allowance <= asked
    if first:
        _breach_first(case)
    turn = lead.current
    later = turn is not None and turn.result is Result.RUNNING and turn.kind is not Kind.FIRST
    over = later and turn is not None and 0 < turn.due + allowance <= asked
    at, _ = response(case)
    if over and turn is not None and not 0 < at <= turn.due:  # such a response ends the turn (R11)
        _turn_over(case, turn)
    if at:
        judge(case)
    elif over or (first and (turn is None or turn.kind is Kind.FIRST)):
        _react(case)


def _running_contact(case: Case) -> bool:
    return bool(case.lead.contact_due_at) and case.lead.contact_evaluated is Result.RUNNING


def _hold(case: Case) -> bool:
    """Whether a call that was live at due, and is not longer than max_hold, holds the decision."""
    lead = case.lead
    until, due_at = _held_until(case)
    if until <= case.now:
        return False
    lead.held_until = until
    case.publish("sla.held", qualifier=str(lead.question), until=until, due_at=due_at)
    return True


def _held_until(case: Case) -> tuple[int, int]:
    """Until when the calls that were live at the earliest due hold its decision, 0 if none does; and that due."""
    lead, limits = case.lead, case.rules.limits
    due = min(deadlines(lead), default=0) - case.policy.allowance
    spans = {"ringing": limits.max_hold_ringing, "talking": limits.max_hold_talking}
    until = [
        since + spans[state]
        for call in lead.calls
        if (state := live_state(call)) and (call.started_at or 0) <= due and (since := live_since(call))
    ]
    return max(until, default=0), due


def live_since(call: CallSeen) -> int:
    """When the present state of a live call began."""
    return call.answered_at or call.started_at or 0


def let_go(case: Case, reason: str) -> None:
    """What is known decides, unless a call still holds the decision (R9)."""
    lead = case.lead
    lead.held_until, _ = _held_until(case)
    if lead.held_until > case.now:
        return
    lead.held_until = 0
    case.publish("sla.released", qualifier=str(lead.question), reason=reason)
    settle(case)


def _breach(case: Case, turn: int, measure: str, evaluated: str, due_at: int, holder: str) -> None:
    lead = case.lead
    case.publish(
        "sla.breached",
        turn=turn,
        qualifier=measure,
        measure=measure,
        evaluated=evaluated,
        due_at=due_at,
        asked_at=lead.asked_at,
        question=lead.question,
        holder_id=holder,
        confidence="degraded" if lead.degraded else "full",
        reason="late_arrival" if lead.late_arrival and evaluated == "first" else None,
        objective=case.policy.objective,
        source=lead.source,
    )


def _breach_first(case: Case) -> None:
    lead = case.lead
    lead.evaluated = Result.BREACHED
    first = next((turn for turn in lead.turns if turn.turn == lead.cycle and turn.kind is Kind.FIRST), None)
    if first and first.result is Result.RUNNING:
        first.result = Result.BREACHED
    if lead.current is first:
        lead.warn_next = 0
    _breach(case, lead.cycle, "response", "first", lead.due_at, first.holder if first else "")


def _turn_over(case: Case, turn: Turn) -> None:
    """A later turn's due has passed: a breach for one begun by a breach, else the end of an unevaluated one (R16)."""
    case.lead.warn_next = 0
    if turn.kind is Kind.BREACH:
        turn.result = Result.BREACHED
        _breach(case, turn.turn, "response", "later", turn.due, turn.holder)
    else:
        turn.result = Result.ENDED


def _breach_contact(case: Case) -> None:
    """Nobody has spoken with the customer in time: holder and head are told, nothing is reassigned (R12)."""
    lead = case.lead
    lead.contact_evaluated = Result.BREACHED
    _breach(case, lead.cycle, "contact", "first", lead.contact_due_at, lead.holder)
    for manager in dict.fromkeys((lead.holder, case.head)):
        case.notify(manager, "contact_breached", due_at=lead.contact_due_at)


def _react(case: Case) -> None:
    """After a breach without a response: the next turn, or only a word to holder and head (`on_breach: notify`)."""
    lead = case.lead
    if case.policy.on_breach == "reassign":
        next_turn(case)
        return
    for manager in dict.fromkeys((lead.holder, case.head)):
        case.notify(manager, "breached", due_at=lead.due_at)

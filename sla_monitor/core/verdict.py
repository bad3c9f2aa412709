"""How a due instant is decided: asked about, held by a live call, and settled with what is known then (R8-R12, R29)."""

from __future__ import annotations

from . import decisions, rights
from .case import Case
from .credit import judge
from .effects import Join, Log, Question
from .lead import Kind, Lead, Phase, Turn, deadlines
from .lead_clock import CONTACT, RESPONSE
from .promise import Live, Result, held_until
from .proof import CallSeen, live_state
from .rules import SECOND
from .turns import next_turn

PAUSE = 5 * SECOND
"""A timer that fires later than this tells that nothing ran meanwhile."""


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
    """Decide every due that was past when the question was asked; a live call may hold the decision (R9).

    A lead that is no longer open has its past dues decided like any other, and nothing follows (R29).
    """
    lead = case.lead
    lead.forget_question()
    if _hold(case):
        return
    if lead.joining:  # it was waited for, and for too long
        lead.joining = {}
        judge(case, lead.cycle)
    first = _decide_clocks(case, lead.asked_at - case.policy.allowance)
    _decide_past_turns(case, lead.asked_at - case.policy.allowance)
    turn = lead.current
    over = _passed(turn, lead.asked_at - case.policy.allowance)
    at, _ = lead.clock.response(case.policy.response)
    if over and turn is not None and not 0 < at <= turn.due:  # such a response ends the turn (R11)
        _turn_over(case, turn)
    if lead.phase is not Phase.OPEN:
        return
    if at:
        judge(case, lead.cycle)
    elif over or (first and (turn is None or turn.kind is Kind.FIRST)):
        _react(case)


def asks(lead: Lead) -> tuple[str, int] | None:
    """By which lead one that was merged is to be taken, with which clock: once nothing of it is to be decided (R29)."""
    leaves = lead.phase is Phase.CLOSED and lead.joined_to and not deadlines(lead)
    return (lead.joined_to, lead.cycle) if leaves else None


def leave(case: Case) -> None:
    lead = case.lead
    join = Join(
        lead_id=lead.joined_to,
        joining=lead.lead_id,
        at=case.now,
        started_at=lead.started_at,
        due_at=lead.due_at,
        merge=True,
        cycle=lead.cycle,
    )
    case.effects.append(join)


def _decide_clocks(case: Case, by: int) -> bool:
    """Each due of each clock that was past at an instant; whether the present clock's was broken."""
    lead, broken = case.lead, False
    for cycle in [clock.cycle for clock in lead.clocks]:
        if lead.clock_of(cycle).passed(CONTACT, by):
            decisions.breach_contact(case, lead.clock_of(cycle))
        broken = lead.clock_of(cycle).passed(RESPONSE, by)
        if broken:
            decisions.breach_first(case, lead.clock_of(cycle))
    return broken


def _decide_past_turns(case: Case, by: int) -> None:
    """Turns whose due was past when their lead was closed, and that was reopened since."""
    lead = case.lead
    for turn in [turn for turn in lead.turns if turn is not lead.current and _passed(turn, by)]:
        at, who = decisions.clock_of(case, turn).response(case.policy.response)
        if 0 < at <= turn.due:
            decisions.end_by_response(case, turn, at, who)
        else:
            decisions.breach_turn(case, turn)


def _passed(turn: Turn | None, by: int) -> bool:
    """Whether the due of a running turn of its own was past at an instant."""
    return turn is not None and turn.result is Result.RUNNING and turn.kind is not Kind.FIRST and 0 < turn.due <= by


def decide_now(case: Case) -> None:
    """Nothing can wait: what is past is decided with what is known (R31)."""
    lead = case.lead
    lead.degraded, lead.asked_at = True, case.now
    _decide_clocks(case, case.now)
    _decide_past_turns(case, case.now)
    if _passed(lead.current, case.now) and lead.current is not None:
        _turn_over(case, lead.current)


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
    live = [Live(state, live_since(call), call.started_at or 0) for call in lead.calls if (state := live_state(call))]
    most = {"ringing": limits.max_hold_ringing, "talking": limits.max_hold_talking}
    return held_until(live, due, most), due


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


def _turn_over(case: Case, turn: Turn) -> None:
    """A later turn's due has passed: a breach for one begun by a breach, else the end of an unevaluated one (R16)."""
    case.lead.warn_next = 0
    if turn.kind is Kind.BREACH:
        decisions.breach_turn(case, turn)
    else:
        turn.result = Result.ENDED


def _react(case: Case) -> None:
    """After a breach without a response: the next turn, or only a word to holder and head (`on_breach: notify`)."""
    lead = case.lead
    if case.policy.on_breach == "reassign":
        next_turn(case)
        return
    for manager in dict.fromkeys((lead.holder, *rights.heads(case))):
        case.notify(manager, "breached", due_at=lead.due_at)

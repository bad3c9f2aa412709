"""Turns: who has the lead, since when, until when; asks to the desk, warnings, escalation (R13-R22)."""

from __future__ import annotations

from .case import Case
from .effects import Ask, Free, Hold
from .events import Assigned
from .lead import HOLDER_ABSENT, Kind, Phase, Turn, deadlines
from .promise import Promise, Result
from .rules import SECOND

LAST_CALL = 15 * SECOND
"""No warning with less left than this (R13)."""

TURNS = 50
"""Turns kept in the row, newest."""

OURS = frozenset({"assigned", "no_response", "absent", "unassigned"})
"""Reasons of turns that we began."""

NAMED = frozenset({"manual", "rule", "claimed"})
"""Reasons of turns that a person or a rule began later than the lead came."""


def ask(case: Case, reason: str) -> None:
    """Ask the desk for a manager who never held the lead; replaces an ask that is outstanding."""
    lead = case.lead
    lead.ask += 1
    lead.asking, lead.ask_reason, lead.unowned_until = True, reason, 0
    case.effects.append(
        Ask(
            lead_id=lead.lead_id,
            n=lead.ask,
            at=case.now,
            team_id=lead.team_id or "",
            turn=lead.turn,
            skills=tuple(sorted({*lead.skills, *case.policy.require_skills})),
            language=lead.language,
            had=tuple(dict.fromkeys(turn.holder for turn in lead.turns)),
            grace=case.policy.absence_grace,
            test=lead.test,
        )
    )


def start(case: Case) -> None:
    """The customer's clock of a scheduled lead starts: from now on its holder is to be there (R17)."""
    lead = case.lead
    lead.scheduled = False
    if lead.current and lead.holder:
        hold(case, lead.holder)
    elif lead.current:
        _seek(case, "unassigned")
    else:
        seek_holder(case)


def seek_holder(case: Case) -> None:
    """Nobody has the lead: ask at once, or first wait for the CRM to name somebody (R22), or for other legs (R26)."""
    lead = case.lead
    if lead.current or lead.asking or lead.joined_to or not case.rules.managers:
        return
    _seek(case, "assigned")


def _seek(case: Case, reason: str) -> None:
    lead = case.lead
    wait = 0 if case.policy.unowned == "assign" else case.policy.unowned_after
    after = max(case.now + wait, lead.give_at)
    if after <= case.now:
        ask(case, reason)
    else:
        lead.unowned_until = after


def take_away(case: Case) -> None:
    """The CRM says that nobody has the lead: its turn is superseded, and it is sought a holder like one unowned (R22).

    What the head holds by escalation stays there.
    """
    lead, turn, before = case.lead, case.lead.current, case.lead.holder
    if lead.escalated:
        return
    if turn is not None and turn.result is Result.RUNNING:
        turn.result = Result.SUPERSEDED
    release(case)
    lead.holder, lead.warn_next = "", 0
    case.publish("lead.superseded", holder_id=before, reason="unassigned")
    if case.rules.managers and not lead.scheduled:
        _seek(case, "unassigned")


def unowned_reason(case: Case) -> str:
    """Why somebody is sought once the wait for the CRM is over."""
    return "unassigned" if case.lead.current else "assigned"


def stop_asking(case: Case) -> None:
    """Whatever the desk still answers to the last ask is ignored from here on (R20)."""
    case.lead.asking = case.lead.unassignable = False
    case.lead.unowned_until = 0


def hold(case: Case, manager_id: str) -> None:
    """Tell the desk of a holder whom it did not choose."""
    lead, grace = case.lead, case.policy.absence_grace
    case.effects.append(Hold(lead_id=lead.lead_id, manager_id=manager_id, at=case.now, grace=grace, test=lead.test))


def release(case: Case) -> None:
    """The lead is held by nobody who counts."""
    stop_asking(case)
    case.effects.append(Free(lead_id=case.lead.lead_id, at=case.now))


def begin(case: Case, holder: str, kind: Kind, reason: str) -> Turn:
    """Begin a turn now. The first one fills the customer's own; any other takes the next number."""
    lead = case.lead
    turn = lead.current
    if turn is not None and turn.result is Result.RUNNING:
        turn.result = Result.SUPERSEDED
    if turn is not None or kind is Kind.BREACH or lead.escalated:
        lead.turn += 1
    lead.counted += kind is Kind.BREACH
    lead.escalated = lead.by_escalation = False
    lead.flags = tuple(flag for flag in lead.flags if flag != HOLDER_ABSENT)
    stop_asking(case)
    begun = max(lead.started_at, case.now) if kind is Kind.FIRST else case.now
    turn = Turn(lead.turn, holder, begun, _due(case, holder, kind), kind, reason=reason)
    lead.holder = holder
    lead.turns = [*lead.turns, turn][-TURNS:]
    _answers_for_it(case, turn)
    schedule_warning(case)
    return turn


def _answers_for_it(case: Case, turn: Turn) -> None:
    """The customer's due is the first turn's holder's, unless they got it too late (R14)."""
    clock = case.lead.clock
    if turn.kind is Kind.FIRST:
        case.lead.put_clock(clock._replace(first_holder=turn.holder, late_given=""))
    elif turn.kind is Kind.LATE and not (clock.late or clock.late_given):
        case.lead.put_clock(clock._replace(late_given=_delay(case, turn)))


def _delay(case: Case, turn: Turn) -> str:
    """Whose delay it was: the desk's, the CRM's, or ours, who read late what the CRM had said in time."""
    if turn.reason not in NAMED:
        return "desk"
    in_time = not case.to_customer().half_gone(case.received or case.now, case.lead.due_at)
    return "read" if in_time else "named"


def _due(case: Case, holder: str, kind: Kind) -> int:
    if kind is Kind.FIRST:
        return case.lead.due_at
    return case.of_turn(holder).due(case.now)


def leave(case: Case) -> None:
    """The lead is no longer open: its turn ends unevaluated unless its due was broken before; nobody is asked any more.

    What was due by its end is decided all the same (R29).
    """
    lead, turn = case.lead, case.lead.current
    lead.warn_next = 0
    if turn is not None and turn.result is Result.RUNNING:
        broken = turn.kind is Kind.BREACH and 0 < turn.due < lead.clock.ended
        turn.result = Result.RUNNING if broken else Result.ENDED
    if not deadlines(lead):
        lead.forget_question()
    if lead.phase is Phase.OPEN:
        release(case)
    lead.scheduled = lead.escalated = False


# what the desk answers


def on_assigned(case: Case, fact: Assigned) -> None:
    """The desk's answer to the outstanding ask begins a turn, or names that there is nobody (R18)."""
    lead = case.lead
    if not lead.asking or fact.n != lead.ask:
        case.count("ignored_stale_answer")
    elif fact.manager_id is None:
        nobody(case, fact)
    else:
        _give(case, fact, fact.manager_id)
        case.count("ok")


def nobody(case: Case, fact: Assigned) -> None:
    lead = case.lead
    lead.unassignable, lead.holder = True, ""
    listed = candidates(fact)
    case.publish("lead.unassignable", listed, qualifier=str(fact.n), reason=lead.ask_reason, source=lead.source)
    tell_nobody(case)
    case.count("unassignable")


def tell_nobody(case: Case) -> None:
    """The head hears that nobody can take the lead, and so does one who comes while it waits."""
    lead = case.lead
    lead.unassignable_to = case.head
    case.notify(case.head, "unassignable", qualifier=str(lead.ask), due_at=lead.due_at, reason=lead.ask_reason)


def last_holder(case: Case) -> str:
    """Who has the lead, or had it last since its clock began: nobody holds one that nobody can take (R18)."""
    lead = case.lead
    return lead.holder or next((turn.holder for turn in reversed(lead.turns) if turn.turn >= lead.cycle), "")


def _give(case: Case, fact: Assigned, manager: str) -> None:
    before, reason = last_holder(case), case.lead.ask_reason
    kind = kind_of_next(case)
    turn = begin(case, manager, kind, reason)
    if before:
        announce_change(case, before, turn, candidates(fact))
    else:
        named = {"to": manager, "reason": reason, "due_at": turn.due, "source": case.lead.source}
        case.publish("lead.assigned", named | candidates(fact))
    tell_holder(case, before, turn)


def kind_of_next(case: Case) -> Kind:
    """How a turn that we give begins: within the customer's clock, late, or by a breach (R14, R22, R30)."""
    lead, clock = case.lead, case.lead.clock
    if lead.asking and lead.ask_reason in ("absent", "unassigned"):
        return Kind.HAND_OVER
    if lead.turns and lead.turns[-1].turn >= lead.cycle:
        return Kind.BREACH
    if clock.late:
        return Kind.LATE
    if case.now > clock.due:
        return Kind.BREACH
    if clock.first_holder:  # of a lead that joined: its due is theirs (R25)
        return Kind.HAND_OVER
    return Kind.LATE if case.to_customer().half_gone(max(case.now, clock.start), clock.due) else Kind.FIRST


def candidates(fact: Assigned) -> dict[str, object]:
    """Every manager looked at, with why they were passed over."""
    listed = [{"manager_id": c.manager_id, "passed_over": c.passed_over or None} for c in fact.candidates]
    return {"candidates": listed}


def announce_change(case: Case, before: str, turn: Turn, listed: dict[str, object]) -> None:
    """`lead.reassigned`: from whom, to whom, why."""
    named = {"from": before, "to": turn.holder, "reason": turn.reason, "due_at": turn.due}
    case.publish("lead.reassigned", named | listed, source=case.lead.source)


def tell_holder(case: Case, before: str, turn: Turn) -> None:
    """The new holder gets the lead; the old one hears of it if they knew of it (`telling.py`)."""
    told = {"reason": turn.reason, "due_at": turn.due, "turn": turn.turn, "from_id": before, "to_id": turn.holder}
    case.notify(turn.holder, "assigned", told)


# what people decide


def hand_over(case: Case, manager: str, reason: str) -> None:
    """A person or a rule gives the lead to somebody (R16): a fresh target, unevaluated; fills an empty turn 1 (R22)."""
    lead, before, old = case.lead, last_holder(case), case.lead.current
    first = old is None and not lead.escalated
    if old is not None and old.result is Result.RUNNING:
        case.publish("lead.superseded", holder_id=old.holder, to=manager, reason=reason)
    kind = kind_of_next(case) if first else Kind.HAND_OVER
    turn = begin(case, manager, kind, reason)
    hold(case, manager)
    if reason == "given" and not case.policy.notify_owner:
        return
    named = {"from": before, "to": manager, "reason": reason, "due_at": turn.due}
    case.publish("lead.assigned", named, source=lead.source)
    tell_holder(case, before, turn)


# time


def schedule_warning(case: Case) -> None:
    """The instant of the next warning of the running turn, in open time (R13)."""
    lead, turn = case.lead, case.lead.current
    lead.warn_next = 0
    if turn is None or turn.result is not Result.RUNNING or lead.phase is not Phase.OPEN:
        return
    if case.now < turn.due:
        promise, begun = _promised(case, turn)
        lead.warn_next = promise.warning(begun, turn.warned)


def _promised(case: Case, turn: Turn) -> tuple[Promise, int]:
    """What a turn's holder has, and from when on: the customer's target from the start, or a fresh one."""
    if turn.kind is Kind.FIRST:
        return case.to_customer(), case.lead.started_at
    return case.of_turn(turn.holder), turn.begun


def warn(case: Case) -> None:
    """Send the last of the warnings that are due; none with too little left or past due (R13)."""
    lead, turn = case.lead, case.lead.current
    if turn is None:
        lead.warn_next = 0
        return
    promise, begun = _promised(case, turn)
    before, turn.warned = turn.warned, promise.warned(begun, turn.warned, case.now)
    share = promise.warn_at[turn.warned - 1] if turn.warned > before else 0
    left = turn.due - case.now
    if share and left >= LAST_CALL:
        case.publish("sla.warning", qualifier=str(share), share=share, due_at=turn.due, holder_id=turn.holder)
        case.notify(turn.holder, "warning", qualifier=str(share), share=share, due_at=turn.due)
    schedule_warning(case)


def next_turn(case: Case) -> None:
    """After a turn without a response: somebody else, or the head when enough turns were spent (R14, R19)."""
    lead = case.lead
    if lead.asking:
        lead.ask_reason = "no_response"
    elif lead.counted >= case.policy.max_turns:
        escalate(case, "max_turns")
    else:
        ask(case, "no_response")


def escalate(case: Case, reason: str, *, anew: str = "") -> None:
    """The head holds the lead, without a timer, until a response or a person's assignment (R19).

    anew: names the occasion on which it goes from one head to the next.
    """
    lead = case.lead
    lead.warn_next = 0
    release(case)
    before, lead.escalated, lead.holder = lead.holder, True, case.head
    lead.by_escalation = True
    named = {"from": before, "to": lead.holder}
    case.publish("lead.escalated", named, qualifier=anew, reason=reason, source=lead.source)
    case.notify(lead.holder, "escalated", qualifier=anew, reason=reason, from_id=before)


def on_away(case: Case) -> None:
    """The holder is absent (R17): superseded and replaced, or only flagged; whoever left is always replaced (R33)."""
    lead, turn = case.lead, case.lead.current
    left = not case.is_manager(lead.holder)
    if (left or case.policy.on_absence == "reassign") and turn is not None:
        if turn.result is Result.RUNNING:
            turn.result = Result.SUPERSEDED
            case.publish("lead.superseded", holder_id=turn.holder, reason="absent")
        lead.warn_next = 0
        ask(case, "absent")
        case.count("ok")
    else:
        lead.flags = tuple(dict.fromkeys((*lead.flags, HOLDER_ABSENT)))
        case.notify(case.head, "absent", qualifier=str(case.now), holder_id=lead.holder)
        case.count("flagged_absent")

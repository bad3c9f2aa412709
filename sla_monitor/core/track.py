"""The reducer of `sla.events`: everything that can change a lead comes through this one door.

`TRANSITIONS` says what each fact does in each status, `IGNORED` why nothing happens otherwise; together they
cover every pair. A fired timer is a hint: `on_due` derives again from the row what is to be done.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any

from . import changes, events, heartbeat, joining, numbers, turns, verdict
from .calls import on_call, on_contact
from .case import Case
from .changes import stamp
from .dedupe import repeated, unlearn
from .effects import Bury, Deliver, Drop, Effect, Join, Question, Receive
from .events import Due
from .fold import Keyed
from .heartbeat import Pulse
from .lead import OPEN, PARKED, STATUSES, Lead, Parked, Phase, Result, Status, deadlines
from .proof import live_state
from .rules import DAY, Rules
from .terms import known_team, make_promise, recompute, start_clock

IDLE = 30 * DAY
"""An answered lead collects calls, and a joined one is followed, until it was idle for so long (R23)."""

MAX_PARKED = 50
"""Facts that wait for one lead; beyond it the oldest becomes a dead letter."""

Handler = Callable[[Case, Any], None]


def decide(row: Lead | Pulse | None, fact: Any, now: int, rules: Rules) -> tuple[Lead | Pulse | None, list[Effect]]:
    """Apply one fact to a lead. The row may be changed in place and is returned; None deletes it."""
    if isinstance(fact, events.Heartbeat) or isinstance(row, Pulse):
        return heartbeat.decide(row, fact, now)
    if isinstance(fact, events.RulesChanged):
        return row, []
    case = Case(row or Lead(_key(fact)), now, rules)
    origin = getattr(fact, "origin", None)
    again = repeated(case.lead.seen, origin) if origin else ""
    if again:
        case.count(again)
        return row, case.effects
    _dispatch(case, fact)
    case.say_who_has_it()
    lead = case.lead
    if lead.phase in (Phase.ANSWERED, Phase.JOINED) and not isinstance(fact, Due):
        lead.gone_at = now + IDLE
    gone = lead.phase is Phase.UNKNOWN and not lead.parked
    return (None if gone else lead), case.effects


def _key(fact: Any) -> str:
    return str(fact.to if isinstance(fact, Question) else fact.lead_id)


def _dispatch(case: Case, fact: Any) -> None:
    pair = (case.lead.status, type(fact))
    origin = getattr(fact, "origin", None)
    case.actor = origin.actor if origin else ""
    handler = TRANSITIONS.get(pair)
    if handler is None:
        case.count(f"ignored_{IGNORED[pair]}")
    else:
        handler(case, fact)


# a lead begins


def create(case: Case, fact: events.LeadCreated) -> None:
    """R6, R22, R27, R30."""
    _fill(case.lead, fact)
    make_promise(case, fact)
    if fact.team_id and not known_team(case.rules, fact.team_id):
        case.flag("unknown_team")
    received = fact.origin.received or case.now
    if received - fact.at > case.rules.limits.max_event_age:
        _backfill(case)
        return
    case.lead.phase = Phase.OPEN
    start_clock(case, fact.at)
    case.lead.late_arrival = received > case.lead.due_at
    if not case.lead.test:
        case.effects.append(Receive(case.lead.source))
    if case.lead.scheduled:
        case.publish(
            "sla.scheduled", started_at=case.lead.started_at, due_at=case.lead.due_at, source=fact.origin.source
        )
    numbers.open_all(case, join=case.policy.join_same_number)
    case.count("ok")
    _first_holder(case, fact.owner_id)


def _fill(lead: Lead, fact: events.LeadCreated) -> None:
    lead.source, lead.created_at, lead.flags = fact.origin.source, fact.at, fact.origin.flags
    lead.phones, lead.emails, lead.name, lead.channel = fact.phones, fact.emails, fact.name, fact.channel
    lead.shared_phones, lead.give_at = fact.shared, fact.give_after
    lead.priority, lead.language, lead.region = fact.priority, fact.language, fact.region
    lead.skills, lead.test, lead.url = fact.skills, fact.test, fact.url
    lead.updated_stamp = stamp(fact)


def _backfill(case: Case) -> None:
    """Too old for a promise: no clock, no notice, no SLI (R30)."""
    lead = case.lead
    lead.phase, lead.closed_reason = Phase.CLOSED, "backfill"
    lead.gone_at = case.now + case.rules.limits.retract_window
    case.count("backfill")
    _apply_parked(case)


def _first_holder(case: Case, owner: str | None) -> None:
    """The owner if there is one, then whatever waited for the lead, then somebody from the desk (R22, R27)."""
    doomed = any(waiting.closed or waiting.erased for waiting in case.lead.parked)
    if owner and case.is_manager(owner) and not doomed:
        turns.hand_over(case, owner, "given")
    elif owner and not doomed:
        case.flag("unknown_owner")
    _apply_parked(case)
    if case.lead.phase is Phase.OPEN and not case.lead.scheduled:
        turns.seek_holder(case)


def _apply_parked(case: Case) -> None:
    """What came before the lead, in the order in which it happened (R27)."""
    parked, case.lead.parked = case.lead.parked, []
    for waiting in sorted(parked, key=lambda p: (p.fact.at, p.fact.origin.uri, p.fact.origin.id)):
        _dispatch(case, waiting.fact)


def park(case: Case, fact: Any) -> None:
    """Keep a fact until its lead comes; a closing longest, so that the lead is born closed (R27)."""
    lead, limits = case.lead, case.rules.limits
    lasting = isinstance(fact, events.LeadClosed | events.LeadErased)
    until = (fact.origin.received or case.now) + (limits.max_event_age if lasting else limits.match_window)
    lead.parked.append(Parked(until, **{PARKED[type(fact)]: fact}))
    for waiting in lead.parked[:-MAX_PARKED]:
        _give_up(case, waiting)
    del lead.parked[:-MAX_PARKED]
    case.count("parked")


def _give_up(case: Case, waiting: Parked) -> None:
    unlearn(case.lead.seen, waiting.fact.origin)
    case.effects.append(Bury(reason="unknown_lead", fact=waiting.fact))


# what people and systems say of it


def close(case: Case, fact: events.LeadClosed) -> None:
    """Closing evaluates nothing; proof of a timely response may still come (R29)."""
    lead = case.lead
    if lead.closed_reason:  # closed by a merge, and joined since
        case.count("ignored_already_closed")
        return
    numbers.close_all(case, fact.at)
    leave_open(case, Phase.CLOSED)
    lead.closed_reason, lead.gone_at = fact.reason, case.now + case.rules.limits.retract_window
    responded = bool(verdict.response(case)[0])
    case.publish(
        "lead.closed",
        reason=fact.reason,
        responded=responded,
        holder_id=lead.holder,
        source=lead.source,
        merged_into=fact.merged_into,
    )
    if fact.merged_into and fact.merged_into != lead.lead_id:
        lead.joined_to = fact.merged_into
        case.effects.append(joining.propose(case, fact.merged_into))
    case.count("ok")


def leave_open(case: Case, phase: Phase) -> None:
    """The lead is no longer open: its turn ends unevaluated, nobody is asked or warned any more."""
    lead = case.lead
    turns.end(case, Result.ENDED)
    verdict.forget_question(case)
    if lead.phase is Phase.OPEN:
        turns.release(case)
    lead.phase, lead.escalated, lead.scheduled = phase, False, False
    case.effects.append(Drop(lead_id=lead.lead_id, turn=lead.turn + 1, at=case.now))


def reopen(case: Case, fact: events.LeadReopened) -> None:
    """A new customer's clock with the next turn number, and max_turns anew (R29)."""
    lead = case.lead
    lead.turn = lead.cycle = lead.turn + 1
    lead.phase, lead.evaluated, lead.contact_evaluated = Phase.OPEN, Result.RUNNING, Result.RUNNING
    lead.first_attempt_at = lead.first_contact_at = 0
    lead.first_attempt_by = lead.first_contact_by = lead.closed_reason = lead.joined_to = ""
    lead.late_arrival = False
    lead.counted, lead.gone_at = 1, 0
    start_clock(case, fact.at)
    case.publish("lead.reopened", started_at=lead.started_at, due_at=lead.due_at, source=lead.source)
    numbers.open_all(case, join=False)
    holder, lead.holder = lead.holder, ""
    if holder and case.is_manager(holder):
        turns.hand_over(case, holder, "reopened")
    elif not lead.scheduled:
        turns.seek_holder(case)
    case.count("ok")


def erase(case: Case, fact: events.LeadErased) -> None:
    """Leave lead_id and status; rows, waiting calls and queued notices lose the data at once (R31)."""
    lead = case.lead
    numbers.close_all(case, fact.at, erase=True)
    leave_open(case, Phase.ERASED)
    case.effects.append(Drop(lead_id=lead.lead_id, turn=None, at=case.now))
    case.publish("lead.erased", source=lead.source)
    case.lead = Lead(lead.lead_id, Phase.ERASED, turn=lead.turn, seen=lead.seen)
    case.count("ok")


def bury_erased(case: Case, _fact: Any) -> None:
    case.effects.append(Bury(reason="erased", data=False))


# what other logs answer


def away(case: Case, fact: events.Away) -> None:
    """The desk found the holder absent; a live call wins, and so does a change of holder (R17)."""
    lead = case.lead
    if fact.manager_id != lead.holder or lead.escalated or lead.asking:
        case.count("ignored_stale_answer")
    elif lead.scheduled:
        case.count("ignored_scheduled")  # whether they are there counts from the start on
    elif any(map(live_state, lead.calls)):
        case.count("ignored_live_call")
    else:
        turns.on_away(case)


def asked(case: Case, fact: events.Asked) -> None:
    """With the last answer the decision is made (R8)."""
    lead = case.lead
    if fact.k != lead.question or fact.by not in lead.unanswered:
        case.count("ignored_stale_answer")
        return
    lead.unanswered.remove(fact.by)
    if not lead.unanswered:
        verdict.settle(case)


def answer_question(case: Case, fact: Question) -> None:
    """All that was accepted before this question has been applied to this lead."""
    answer = events.Asked(lead_id=fact.lead_id, k=fact.k, by=fact.to, at=case.now)
    case.effects.append(Deliver(fact.lead_id, answer))


# time


def on_due(case: Case, fact: Due) -> None:
    """Do what the row says is due, in the order of the day."""
    lead, now = case.lead, case.now
    if 0 < lead.gone_at <= now:
        _forget(case)
        return
    _expire_parked(case)
    if lead.phase is Phase.OPEN:
        _on_open_due(case)
    if lead.unanswered:
        if lead.catch_up_at <= now:
            verdict.give_up_waiting(case, blind=fact.blind)
    elif 0 < lead.held_until <= now:
        lead.degraded |= fact.blind
        verdict.let_go(case, "limit")
    if not lead.unanswered and not lead.held_until and any(instant <= now for instant in deadlines(lead)):
        verdict.ask_numbers(case, blind=fact.blind)  # another due may have passed while this one was being decided


def _on_open_due(case: Case) -> None:
    lead, now = case.lead, case.now
    if lead.rules_version < case.rules.version and recompute(case):
        turns.schedule_warning(case)
        verdict.judge(case)  # a response that was late may be in time now
    if lead.phase is not Phase.OPEN:
        return
    if lead.scheduled and lead.started_at <= now:
        turns.start(case)
    if 0 < lead.unowned_until <= now:
        turns.ask(case, "assigned")
    if 0 < lead.warn_next <= now:
        turns.warn(case)


def _expire_parked(case: Case) -> None:
    lead = case.lead
    for waiting in [parked for parked in lead.parked if parked.until <= case.now]:
        lead.parked.remove(waiting)
        _give_up(case, waiting)


def _forget(case: Case) -> None:
    """Retraction is no longer possible, or the lead was idle too long: the row goes."""
    if case.lead.phase is Phase.ANSWERED:
        numbers.close_all(case, case.now)
    case.lead.phase, case.lead.parked = Phase.UNKNOWN, []


# the table

_UNKNOWN = frozenset({Status.UNKNOWN})
_ANSWERED = frozenset({Status.ANSWERED})
_CLOSED = frozenset({Status.CLOSED})
_JOINED = frozenset({Status.JOINED})
_ERASED = frozenset({Status.ERASED})
_KEPT = OPEN | _ANSWERED | _CLOSED
_ALL = frozenset(STATUSES)

_TABLE: tuple[tuple[type, Iterable[tuple[frozenset[Status], Handler]]], ...] = (
    (
        events.LeadCreated,
        ((_UNKNOWN, create), (_KEPT, changes.update_again), (_JOINED, joining.forward), (_ERASED, bury_erased)),
    ),
    (
        events.LeadUpdated,
        ((_UNKNOWN, park), (_KEPT, changes.update), (_JOINED, joining.forward), (_ERASED, bury_erased)),
    ),
    (
        events.LeadAssigned,
        (
            (_UNKNOWN, park),
            (OPEN, changes.assign),
            (_ANSWERED | _CLOSED, changes.assign_only),
            (_JOINED, joining.forward),
            (_ERASED, bury_erased),
        ),
    ),
    (events.LeadClaimed, ((_UNKNOWN, park), (OPEN, changes.claim), (_JOINED, joining.forward), (_ERASED, bury_erased))),
    (events.LeadClosed, ((_UNKNOWN, park), (OPEN | _ANSWERED | _JOINED, close), (_ERASED, bury_erased))),
    (events.LeadReopened, ((_UNKNOWN, park), (_ANSWERED | _CLOSED, reopen), (_ERASED, bury_erased))),
    (events.LeadErased, ((_UNKNOWN, park), (_KEPT | _JOINED, erase))),
    *(
        (kind, ((_UNKNOWN, park), (_KEPT, on_call), (_JOINED, joining.forward), (_ERASED, bury_erased)))
        for kind in (events.CallStarted, events.CallAnswered, events.CallEnded)
    ),
    (
        events.ContactRecorded,
        ((_UNKNOWN, park), (_KEPT, on_contact), (_JOINED, joining.forward), (_ERASED, bury_erased)),
    ),
    (events.Assigned, ((OPEN, turns.on_assigned),)),
    (events.Away, ((OPEN, away),)),
    (events.Asked, ((OPEN | _ANSWERED, asked),)),
    (Question, ((_ALL, answer_question),)),
    (Join, ((OPEN, joining.accept),)),
    (events.Joined, ((OPEN | _CLOSED, joining.become_part),)),
    (events.Merged, ((OPEN | _ANSWERED, joining.take_over),)),
    (events.Absorbed, ((OPEN, joining.absorb),)),
    (events.Preceded, ((_KEPT, joining.follow),)),
    (Due, ((_ALL, on_due),)),
)

TRANSITIONS: dict[tuple[Status, type], Handler] = {
    (status, kind): handler for kind, rows in _TABLE for statuses, handler in rows for status in statuses
}

_REASONS: tuple[tuple[type, frozenset[Status], str], ...] = (
    (events.LeadClaimed, _ANSWERED | _CLOSED, "not_open"),
    (events.LeadClosed, _CLOSED, "already_closed"),
    (events.LeadReopened, OPEN, "already_open"),
    (events.LeadReopened, _JOINED, "joined"),
    (events.LeadErased, _ERASED, "already_erased"),
    (events.Assigned, _ALL - OPEN, "not_open"),
    (events.Away, _ALL - OPEN, "not_open"),
    (events.Asked, _ALL - OPEN - _ANSWERED, "not_open"),
    (Join, _ALL - OPEN, "not_open"),
    (events.Joined, _ALL - OPEN - _CLOSED, "not_open"),
    (events.Merged, _ALL - OPEN - _ANSWERED, "not_open"),
    (events.Absorbed, _ALL - OPEN, "not_open"),
    (events.Preceded, _ALL - _KEPT, "gone"),
)

IGNORED: dict[tuple[Status, type], str] = {
    (status, kind): reason for kind, statuses, reason in _REASONS for status in statuses
}

REDUCER = Keyed((Lead, Pulse), decide)

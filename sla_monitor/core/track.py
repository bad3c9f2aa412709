"""The reducer of `sla.events`: everything that can change a lead comes through this one door.

`TRANSITIONS` says what each fact does in each status, `IGNORED` why nothing happens otherwise; together they
cover every pair. A fired timer is a hint: `on_due` derives again from the row what is to be done.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any

from . import changes, credit, ends, events, heartbeat, joining, numbers, succession, telling, turns, verdict
from .calls import on_call, on_contact
from .case import Case
from .changes import stamp
from .dedupe import CONFLICT, conflict, repeated, unlearn
from .effects import Bury, Deliver, Effect, Join, Question
from .events import Due
from .fold import Keyed
from .heartbeat import Pulse
from .lead import HOLDER_ABSENT, OPEN, PARKED, STATUSES, Lead, Parked, Phase, Status, deadlines
from .proof import live_state
from .rules import DAY, Rules
from .terms import announce_schedule, begin_clock, known_team, make_promise, recompute

IDLE = 30 * DAY
"""An answered lead collects calls, and a joined one is followed, until it was idle for so long (R23)."""

KNOWS_WHOLE = 365 * DAY
"""A forgotten lead that brought something to others leaves their ids for so long: its erasure reaches them (R31)."""

MAX_PARKED = 50
"""Facts that wait for one lead; beyond it the oldest becomes a dead letter."""

SHOWN = frozenset({"bad_number", "own_number", "unknown_manager"})
"""What intake noticed of an event, and the lead shows."""

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
        if again == CONFLICT and row is not None:
            case.mark((CONFLICT,))
            case.effects.append(conflict(fact))
        return row, case.effects
    before = telling.so(case)
    asked = verdict.asks(case.lead)
    _dispatch(case, fact)
    ends.begin_kept(case)
    if verdict.asks(case.lead) not in (None, asked):
        verdict.leave(case)
    succession.follow(case)
    telling.finish(case, before)
    case.say_who_has_it()
    lead = case.lead
    if not lead.keyed and lead.phase in (Phase.OPEN, Phase.ANSWERED):
        numbers.rekey(case)
    if origin and lead.phase not in (Phase.UNKNOWN, Phase.ERASED):
        case.mark(flag for flag in origin.flags if flag in SHOWN)
    if lead.phase in (Phase.ANSWERED, Phase.JOINED) and not isinstance(fact, Due):
        lead.gone_at = now + IDLE
    gone = lead.phase is Phase.UNKNOWN and not lead.parked and not lead.was_part_of
    return (None if gone else lead), case.effects


def _key(fact: Any) -> str:
    return str(fact.to if isinstance(fact, Question) else fact.lead_id)


def _dispatch(case: Case, fact: Any) -> None:
    pair = (case.lead.status, type(fact))
    origin = getattr(fact, "origin", None)
    case.actor, case.received = (origin.actor, origin.received) if origin else ("", 0)
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
    if not begin_clock(case, fact.at, cycle=1):
        _backfill(case)
        return
    case.lead.phase = Phase.OPEN
    announce_schedule(case)
    numbers.open_all(case, join=case.policy.join_same_number)
    case.count("ok")
    _first_holder(case, fact.owner_id)


def _fill(lead: Lead, fact: events.LeadCreated) -> None:
    lead.source, lead.created_at, lead.flags = fact.origin.source, fact.at, fact.origin.flags
    lead.phones, lead.emails, lead.name, lead.channel = fact.phones, fact.emails, fact.name, fact.channel
    lead.shared_phones, lead.give_at, lead.keyed = fact.shared, fact.give_after, True
    lead.priority, lead.language, lead.region = fact.priority, fact.language, fact.region
    lead.skills, lead.test, lead.url = fact.skills, fact.test, fact.url
    lead.updated_stamp, lead.gone_at = stamp(fact), 0


def _backfill(case: Case) -> None:
    """Too old for a promise: no clock, no notice, no SLI (R30)."""
    lead = case.lead
    lead.phase, lead.closed_reason = Phase.CLOSED, "backfill"
    lead.gone_at = case.now + case.rules.limits.retract_window
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


def erase_or_park(case: Case, fact: events.LeadErased) -> None:
    """A lead that was forgotten is erased where it had gone to; one that is to come is erased when it comes (R27)."""
    if case.lead.was_part_of:
        ends.erase(case, fact)
    else:
        park(case, fact)


def bury_erased(case: Case, _fact: Any) -> None:
    case.effects.append(Bury(reason="erased", data=False))


# what other logs answer


def away(case: Case, fact: events.Away) -> None:
    """The desk found the holder absent; a live call wins, and so does a change of holder (R17)."""
    lead = case.lead
    if fact.manager_id != lead.holder or lead.escalated or lead.asking:
        case.count("ignored_stale_answer")
    elif fact.back:
        lead.flags = tuple(flag for flag in lead.flags if flag != HOLDER_ABSENT)
        case.count("ok")
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
        credit.judge(case, lead.cycle)  # a response that was late may be in time now
    if lead.phase is not Phase.OPEN:
        return
    if lead.scheduled and lead.started_at <= now:
        turns.start(case)
    if 0 < lead.unowned_until <= now:
        turns.ask(case, turns.unowned_reason(case))
    if 0 < lead.warn_next <= now:
        turns.warn(case)


def _expire_parked(case: Case) -> None:
    lead = case.lead
    for waiting in [parked for parked in lead.parked if parked.until <= case.now]:
        lead.parked.remove(waiting)
        _give_up(case, waiting)


def _forget(case: Case) -> None:
    """Retraction is no longer possible, or the lead was idle too long: the row goes, but for where it had gone to."""
    lead = case.lead
    if lead.phase is Phase.ANSWERED:
        numbers.close_all(case, case.now)
    whole = () if lead.phase is Phase.UNKNOWN else tuple(joining.whole_of(lead))
    case.lead = Lead(lead.lead_id, source=lead.source, team_id=lead.team_id, parked=lead.parked, was_part_of=whole)
    case.lead.gone_at = case.now + KNOWS_WHOLE if whole else 0


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
        (
            (_UNKNOWN, create),
            (_KEPT, changes.update_again),
            (_JOINED, changes.update_and_forward),
            (_ERASED, bury_erased),
        ),
    ),
    (
        events.LeadUpdated,
        ((_UNKNOWN, park), (_KEPT, changes.update), (_JOINED, changes.update_and_forward), (_ERASED, bury_erased)),
    ),
    (
        events.LeadAssigned,
        (
            (_UNKNOWN, park),
            (OPEN, changes.assign),
            (_ANSWERED | _CLOSED, changes.assign_only),
            (_JOINED, joining.ignore),
            (_ERASED, bury_erased),
        ),
    ),
    (events.LeadClaimed, ((_UNKNOWN, park), (OPEN, changes.claim), (_JOINED, joining.ignore), (_ERASED, bury_erased))),
    (events.LeadClosed, ((_UNKNOWN, park), (_KEPT | _JOINED, ends.close), (_ERASED, bury_erased))),
    (
        events.LeadReopened,
        ((_UNKNOWN, park), (_KEPT, ends.reopen), (_JOINED, joining.ask_to_reopen), (_ERASED, bury_erased)),
    ),
    (events.LeadErased, ((_UNKNOWN, erase_or_park), (_KEPT | _JOINED, ends.erase))),
    *(
        (kind, ((_UNKNOWN, park), (_KEPT, on_call), (_JOINED, joining.hear_and_forward), (_ERASED, bury_erased)))
        for kind in (events.CallStarted, events.CallAnswered, events.CallEnded)
    ),
    (
        events.ContactRecorded,
        ((_UNKNOWN, park), (_KEPT, on_contact), (_JOINED, joining.hear_and_forward), (_ERASED, bury_erased)),
    ),
    (events.Assigned, ((OPEN, turns.on_assigned),)),
    (events.Away, ((OPEN, away),)),
    (events.Asked, ((_KEPT | _JOINED, asked),)),
    (Question, ((_ALL, answer_question),)),
    (Join, ((OPEN, joining.accept), (_ALL - OPEN, joining.refuse))),
    (events.Joined, ((OPEN | _CLOSED, joining.become_part), (_ALL - OPEN - _CLOSED, joining.decline))),
    (events.JoinRefused, ((_KEPT | _JOINED, joining.refused),)),
    (events.Merged, ((_KEPT, joining.take_over), (_JOINED, joining.pass_on))),
    (events.Declined, ((_KEPT, joining.let_be), (_JOINED, joining.pass_on))),
    (
        events.JoinedReopened,
        ((_KEPT, joining.stay), (_JOINED, joining.pass_on), (_UNKNOWN | _ERASED, joining.part)),
    ),
    (events.Parted, ((_JOINED, ends.begin_alone),)),
    (events.PartErased, ((_KEPT | _JOINED, joining.forget_part), (_UNKNOWN | _ERASED, joining.pass_erasure_on))),
    (events.Absorbed, ((OPEN, joining.absorb),)),
    (events.Preceded, ((_KEPT, joining.follow),)),
    (Due, ((_ALL, on_due),)),
)

TRANSITIONS: dict[tuple[Status, type], Handler] = {
    (status, kind): handler for kind, rows in _TABLE for statuses, handler in rows for status in statuses
}

_REASONS: tuple[tuple[type, frozenset[Status], str], ...] = (
    (events.LeadClaimed, _ANSWERED | _CLOSED, "not_open"),
    (events.LeadErased, _ERASED, "already_erased"),
    (events.Assigned, _ALL - OPEN, "not_open"),
    (events.Away, _ALL - OPEN, "not_open"),
    (events.Asked, _UNKNOWN | _ERASED, "gone"),
    (events.JoinRefused, _UNKNOWN | _ERASED, "gone"),
    (events.Merged, _UNKNOWN | _ERASED, "gone"),
    (events.Declined, _UNKNOWN | _ERASED, "gone"),
    (events.Parted, _ALL - _JOINED, "not_joined"),
    (events.Absorbed, _ALL - OPEN, "not_open"),
    (events.Preceded, _ALL - _KEPT, "gone"),
)

IGNORED: dict[tuple[Status, type], str] = {
    (status, kind): reason for kind, statuses, reason in _REASONS for status in statuses
}

REDUCER = Keyed((Lead, Pulse), decide)

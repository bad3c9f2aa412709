"""How a lead ends, and how it begins anew: closed, merged, erased, reopened, each by its own time (R29, R31)."""

from __future__ import annotations

from . import credit, decisions, events, joining, numbers, rights, turns, verdict
from .case import Case
from .changes import stamp
from .lead import Closing, Lead, Phase
from .rules import Source
from .terms import announce_schedule, begin_clock

OURS, MATCHED = "/sla-monitor/", "/sla-monitor"
"""What the `uri` of our own doors begins with, and that of what the numbers find out."""


def close(case: Case, fact: events.LeadClosed) -> None:
    """What was due by its end is decided all the same, what was due later is taken back (R29).

    Closings and reopenings are ordered by their own time. A lead that became part of another stays that: its calls are
    the other's.
    """
    lead = case.lead
    if rights.refused(case, fact):
        return
    closing = Closing(*stamp(fact), ended_at(case, fact), fact.reason)
    if lead.cycle > 1 and fact.at < lead.clock.came:  # it was reopened since
        _end_past(case, closing)
        return
    lead.closing = max(lead.closing, closing)
    if lead.closed_reason:
        _end_earlier(case, closing.ended)
    else:
        _end(case, Phase.JOINED if lead.phase is Phase.JOINED else Phase.CLOSED, closing, fact.merged_into)
        case.count("ok")
    _merge(case, fact.merged_into)


def _end(case: Case, phase: Phase, closing: Closing, into: str | None = None) -> None:
    lead = case.lead
    numbers.close_all(case, closing.ended)
    leave_open(case, phase, closing.ended)
    lead.closed_reason, lead.gone_at = closing.reason, case.now + case.rules.limits.retract_window
    responded = bool(lead.clock.response(case.policy.response)[0])
    case.publish(
        "lead.closed",
        reason=closing.reason,
        responded=responded,
        holder_id=lead.holder,
        source=lead.source,
        merged_into=into,
    )


def _end_past(case: Case, closing: Closing) -> None:
    """The clock that it closed may have ended later, as far as was known."""
    past = next((clock for clock in reversed(case.lead.clocks) if clock.came <= closing.at), None)
    if past is not None and closing.ended < past.ended:
        decisions.end_clock(case, past.cycle, closing.ended)
    case.count("ignored_older")


def _end_earlier(case: Case, at: int) -> None:
    """It was closed before: of two closings the earlier ends the clock."""
    if at < case.lead.clock.ended:
        numbers.close_all(case, at)
        decisions.end_clocks(case, at)
    case.count("ignored_already_closed")


def _merge(case: Case, into: str | None) -> None:
    """Ask the lead that this one became part of in its source, if it can be asked (R25)."""
    lead = case.lead
    joined = lead.phase is Phase.JOINED
    if not into or (joined and into == lead.joined_to):
        return
    if joined or into == lead.lead_id:
        joining.may_not(case, into, "itself" if into == lead.lead_id else "joined")
    else:
        lead.joined_to = into


def ended_at(case: Case, fact: events.LeadClosed | events.LeadErased) -> int:
    """When the lead ended: by the fact's own time, as far as its source may be late; what people do here, now (R29)."""
    origin, received = fact.origin, fact.origin.received or case.now
    if origin.uri.startswith(OURS):
        return received
    if origin.uri == MATCHED:
        return fact.at
    late = case.rules.sources.get(origin.source, Source(origin.source)).max_delay
    return fact.at if received - late <= fact.at <= received else received


def leave_open(case: Case, phase: Phase, at: int) -> None:
    """The lead is no longer open since an instant; nobody is asked or warned any more."""
    lead = case.lead
    decisions.end_clocks(case, at)
    turns.leave(case)
    lead.phase = phase


def reopen(case: Case, fact: events.LeadReopened) -> None:
    """A new customer's clock, if the lead was not open at that instant: an end before it may be told of later (R29)."""
    lead, clock = case.lead, case.lead.clock
    if rights.refused(case, fact):
        return
    if lead.phase is not Phase.OPEN and fact.at >= clock.came and lead.was_over(fact.at, case.policy.response):
        _begin_again(case, fact.at)
    elif fact.at > clock.came:
        lead.reopened_at = max(lead.reopened_at, fact.at)
        case.count("ignored_already_open")
    else:
        case.count("ignored_older")


def begin_kept(case: Case) -> None:
    """The lead turned out not to have been open when it, or a part of it, was reopened: that counts after all.

    Its own comes first: a part that was reopened while it was open again stays its part.
    """
    lead, at = case.lead, case.lead.reopened_at
    idle = lead.phase in (Phase.ANSWERED, Phase.CLOSED)
    if idle and at > lead.clock.came and lead.was_over(at, case.policy.response):
        _begin_again(case, at)
    joining.part_kept(case)


def begin_alone(case: Case, fact: events.Parted) -> None:
    """The lead that it is part of is over: reopened, it has a clock of its own, unless it was closed since."""
    again = fact.reopened
    if again.at < max(case.lead.closing.at, case.lead.clock.came):
        case.count("ignored_older")
        return
    case.actor, case.received = again.origin.actor, again.origin.received
    lead = case.lead
    lead.was_part_of = tuple(dict.fromkeys((*lead.was_part_of, lead.joined_to)))[-joining.MAX_JOINED :]
    _begin_again(case, again.at)


def _begin_again(case: Case, at: int) -> None:
    """A new customer's clock with the next turn number, and max_turns anew; it may be over already (R29)."""
    lead = case.lead
    lead.reopened_at = 0
    if not begin_clock(case, at, cycle=lead.turn + 1):
        return
    _end_before(case, at)
    lead.turn = lead.cycle
    lead.phase, lead.closed_reason, lead.refused = Phase.OPEN, "", ()
    lead.counted, lead.gone_at = 1, 0
    case.publish("lead.reopened", started_at=lead.started_at, due_at=lead.due_at, source=lead.source)
    numbers.open_all(case, join=False)
    if lead.closing.at > at:
        _end_again(case)
    else:
        _go_on(case)
    credit.recall(case)
    case.count("ok")


def _holder(case: Case) -> str:
    """Whose the reopened lead is: not the head's, who had it because nobody else did."""
    lead = case.lead
    return lead.holder if lead.holder and not lead.by_escalation and case.is_manager(lead.holder) else ""


def _go_on(case: Case) -> None:
    """The reopened lead is open: it is part of no other, and whoever had it has it again."""
    lead = case.lead
    if lead.joined_to:
        case.tell_lead(lead.joined_to, events.Declined(lead_id=lead.joined_to, joined=lead.lead_id, at=case.now))
        lead.joined_to = ""
    announce_schedule(case)
    holder, lead.holder = _holder(case), ""
    if holder:
        turns.hand_over(case, holder, "reopened")
    elif not lead.scheduled:
        turns.seek_holder(case)


def _end_again(case: Case) -> None:
    """It was closed again since: nobody is given it, and whoever had it answers for what was due until then."""
    lead, clock = case.lead, case.lead.clock
    if not (clock.late or clock.late_given):
        lead.put_clock(clock._replace(first_holder=_holder(case)))
    _end(case, Phase.CLOSED, lead.closing, lead.joined_to)


def _end_before(case: Case, at: int) -> None:
    """What the clock before awaited still, of an answered lead, ends with it; it may be forgotten by now.

    What happened from then on is no longer its own (R7).
    """
    for past in case.lead.clocks[-2:-1]:
        case.lead.put_clock(past.end(at)._replace(ended=past.ended))
        credit.give_up(case, past.cycle, at)


def _erase_part(case: Case, whole: tuple[str, ...]) -> None:
    """What this lead brought to the one that it is part of, and to those that it was part of before (R31)."""
    lead = case.lead
    had = (*lead.own, *lead.removed_phones)
    for into in whole:
        case.tell_lead(into, events.PartErased(lead_id=into, joined=lead.lead_id, at=case.now, numbers=had))


def erase(case: Case, fact: events.LeadErased) -> None:
    """Leave lead_id, team and status; rows, waiting calls and queued notices lose the data at once (R31).

    What it was part of stays known by its id: erasures of its own parts go that way too.
    """
    lead = case.lead
    whole = tuple(joining.whole_of(lead))
    _erase_part(case, whole)
    numbers.close_all(case, fact.at, erase=True)
    leave_open(case, Phase.ERASED, ended_at(case, fact))
    verdict.decide_now(case)
    joining.part_kept(case)
    case.publish("lead.erased", source=lead.source)
    case.lead = Lead(
        lead.lead_id, Phase.ERASED, team_id=lead.team_id, turn=lead.turn, seen=lead.seen, was_part_of=whole
    )
    case.count("ok")

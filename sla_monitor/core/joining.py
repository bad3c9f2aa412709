"""Two leads of one customer become one (R25, R26): proposals, acceptance, and what is forwarded afterwards.

    joining lead                   the other
    Join (or its numbers' row)  ->  accepts: Joined; refuses: JoinRefused
    takes part: Merged          ->  has its clock, its numbers and its proofs
    will not any more: Declined ->  waits for it no longer
    is reopened: JoinedReopened ->  is open itself: nothing to reopen; else: Parted

Whoever sends `Merged` gives its clock away, if both were undecided at the acceptance and its due had not passed; until
it comes, the other decides nothing that the earlier due might change. So exactly one of two clocks decides a lateness.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from typing import Any

from . import decisions, numbers, rights, turns
from .calls import hear
from .case import Case
from .credit import credit, judge
from .effects import Bury, Join
from .events import (
    Absorbed,
    Call,
    ContactRecorded,
    Declined,
    Joined,
    JoinedReopened,
    JoinRefused,
    LeadAssigned,
    LeadReopened,
    Merged,
    Parted,
    PartErased,
    Preceded,
)
from .lead import Kind, Lead, Phase
from .lead_clock import CONTACT, RESPONSE, LeadClock
from .promise import Result, Word
from .proof import Proof

HOPS = 3
"""How often a fact is forwarded at most; more is a loop."""

MAX_JOINED = 20
"""Leads that one lead may take; a further one keeps its own clock."""


def accept(case: Case, fact: Join) -> None:
    """Take another lead; its clock comes with `Merged`."""
    lead = case.lead
    if fact.joining in lead.joined:
        _say_yes(case, fact, undecided=False)
    elif fact.joining == lead.lead_id or len(lead.joined) >= MAX_JOINED:
        _say_no(case, fact, "itself" if fact.joining == lead.lead_id else "full")
    else:
        lead.joined.append(fact.joining)
        undecided = lead.clock.awaits(RESPONSE)
        if undecided and case.now <= fact.due_at:
            lead.joining[fact.joining] = fact.due_at
        _say_yes(case, fact, undecided=undecided)


def _say_yes(case: Case, fact: Join, *, undecided: bool) -> None:
    """Whoever asks again has the same answer again, and brings no second clock."""
    lead = case.lead
    joined = Joined(
        lead_id=fact.joining,
        into=lead.lead_id,
        at=case.now,
        started_at=lead.started_at,
        due_at=lead.due_at,
        undecided=undecided,
        via=fact.via,
        cycle=fact.cycle,
    )
    case.tell_lead(fact.joining, joined)
    case.count("ok")


def refuse(case: Case, fact: Join) -> None:
    """What is not open takes nobody else; what became part of another, or is about to, passes the question on."""
    if fact.joining in case.lead.joined:
        _say_yes(case, fact, undecided=False)
    elif case.lead.joined_to and fact.hops < HOPS:
        case.effects.append(
            replace(fact, lead_id=case.lead.joined_to, hops=fact.hops + 1, via=fact.via or fact.lead_id)
        )
        case.count("forwarded")
    else:
        _say_no(case, fact, "unknown" if case.lead.phase is Phase.UNKNOWN else "not_open")


def _say_no(case: Case, fact: Join, reason: str) -> None:
    said = JoinRefused(lead_id=fact.joining, into=case.lead.lead_id, reason=reason, at=case.now)
    case.tell_lead(fact.joining, said)
    case.count("ignored_cannot_join")


def refused(case: Case, fact: JoinRefused) -> None:
    """The other does not take it: it stays what it was (R25)."""
    lead = case.lead
    if lead.phase is not Phase.JOINED:
        lead.joined_to = ""
        _judge(case)
    if fact.into not in lead.refused:
        lead.refused = (*lead.refused, fact.into)[-MAX_JOINED:]
        told = {"into": fact.into, "reason": fact.reason, "source": lead.source}
        case.publish("lead.join_refused", told, qualifier=fact.into)
    case.count("ok")


def may_not(case: Case, into: str, reason: str) -> None:
    """It cannot even ask the other."""
    refused(case, JoinRefused(lead_id=case.lead.lead_id, into=into, reason=reason, at=case.now))


def become_part(case: Case, fact: Joined) -> None:
    """The other has accepted: give it the clock if that is still undecided, hand over what is known, and follow it."""
    lead = case.lead
    elsewhere = lead.phase is Phase.CLOSED and lead.joined_to not in (fact.into, fact.via or fact.into)
    if elsewhere or fact.cycle not in (0, lead.cycle):
        decline(case, fact)
        return
    clock = lead.clock
    given = fact.undecided and fact.at <= clock.due and clock.taken() != clock
    if given:
        lead.put_clock(clock.taken()._replace(ended=clock.ended or fact.at))
    else:
        decisions.end_clocks(case, fact.at)
        lead.joined_to = ""
        _judge(case)
    merged = Merged(
        lead_id=fact.into,
        joined=lead.lead_id,
        at=case.now,
        phones=lead.own,
        parts=lead.brought,
        shared=lead.shared_phones,
        attempt_at=clock.attempted and max(clock.attempted, clock.came),
        attempt_by=clock.attempt_by,
        contact_at=clock.spoken and max(clock.spoken, clock.came),
        contact_by=clock.contact_by,
        **_given(clock) if given else {},
    )
    case.tell_lead(fact.into, merged)
    holder = lead.holder
    if lead.phase is Phase.OPEN:
        numbers.close_all(case, case.now, joined=given)
        turns.leave(case)
    lead.phase, lead.joined_to = Phase.JOINED, fact.into
    _hand_on_parting(case)
    told = {"into": fact.into, "clock": _became(lead.clock), "holder_id": holder, "source": lead.source}
    case.publish("lead.joined", told)
    case.count("ok")


def _hand_on_parting(case: Case) -> None:
    """Whether a part that was reopened is one of its own depends on the other now."""
    lead, into = case.lead, case.lead.joined_to
    for joined, again in lead.parting.items():
        case.tell_lead(into, JoinedReopened(lead_id=into, joined=joined, at=case.now, reopened=again))
    lead.parting = {}


def _became(clock: LeadClock) -> str:
    """What becomes of the clock of a lead that joins: only `own` is decided, or is yet to be (R25, R29)."""
    return clock.evaluated.value if clock.evaluated in (Result.JOINED, Result.ENDED) else "own"


def _given(clock: LeadClock) -> dict[str, Any]:
    """What the other gets of a clock (R25)."""
    return {
        "came": clock.came,
        "started_at": clock.start,
        "due_at": clock.due,
        "contact_due_at": 0 if clock.contact_evaluated is Result.BREACHED else clock.contact_due,
        "contact_breached": clock.contact_evaluated is Result.BREACHED,
        "first_holder": clock.first_holder,
        "late_given": clock.late_given,
    }


def decline(case: Case, fact: Joined) -> None:
    """It has been answered, closed, erased or reopened since it asked, or is another's.

    What is part of the other, or asks it anew, does not take that back.
    """
    if case.lead.joined_to in (fact.into, fact.via or fact.into):
        case.count("ignored_already_joined")
        return
    case.tell_lead(fact.into, Declined(lead_id=fact.into, joined=case.lead.lead_id, at=case.now))
    case.count("ignored_not_open")


def let_be(case: Case, fact: Declined) -> None:
    """A lead that was accepted does not come, or goes again."""
    _let_go(case, fact.joined)
    _wait_no_longer(case, fact.joined)
    case.count("ok")


def _let_go(case: Case, joined: str) -> None:
    lead = case.lead
    lead.joined = [name for name in lead.joined if name != joined]
    lead.parting.pop(joined, None)


def _wait_no_longer(case: Case, joined: str) -> None:
    lead = case.lead
    lead.joining.pop(joined, None)
    if joined in lead.unanswered:
        lead.unanswered.remove(joined)
    _judge(case)


def _judge(case: Case) -> None:
    """What was left open for the other lead's sake is judged now."""
    if case.lead.clocks:
        judge(case, case.lead.cycle)


def take_over(case: Case, fact: Merged) -> None:
    """What the joined lead knew: its clock, if it gives it away; its numbers become this lead's, its proofs count."""
    lead = case.lead
    given = fact.due_at > 0
    if given:
        _take_clock(case, fact)
    brought = {part: has for part, has in fact.parts.items() if part not in (lead.lead_id, *lead.joined)}
    numbers.bring(case, {**brought, fact.joined: fact.phones}, fact.at, fact.shared)
    lead.joining.pop(fact.joined, None)
    attempt = Proof(fact.attempt_at or None, None, fact.attempt_by or None, "", spoken_for=not given)
    contact = Proof(None, fact.contact_at or None, fact.contact_by or None, "", spoken_for=not given)
    for proof in (attempt, contact):
        credit(case, proof, proof.contact_at or 0, fact.joined)
    _judge(case)
    case.count("ok")


def forget_part(case: Case, fact: PartErased) -> None:
    """A lead that joined was erased: what it brought goes, here and wherever this lead is, or was, part of another."""
    lead = case.lead
    numbers.erase(case, fact.joined, fact.numbers, fact.at)
    _take_back(lead, fact.joined)
    case.renewed = True
    _forget_elsewhere(case, fact)
    case.count("ok")


def pass_erasure_on(case: Case, fact: PartErased) -> None:
    """What is erased or forgotten itself has nothing more of its parts, but they may have gone on with it."""
    _forget_elsewhere(case, fact)
    case.count("ok")


def _take_back(lead: Lead, part: str) -> None:
    """What was said of a lead that joined stands no longer: there is again what this lead had itself."""
    for name, lent in tuple(lead.lent.items()):
        if lent.part == part:
            del lead.lent[name]
            setattr(lead, name, lent.own if name == "emails" else next(iter(lent.own), None))


def _forget_elsewhere(case: Case, fact: PartErased) -> None:
    if fact.hops < HOPS:
        for into in whole_of(case.lead):
            case.tell_lead(into, replace(fact, lead_id=into, hops=fact.hops + 1))


def whole_of(lead: Lead) -> Iterable[str]:
    """The leads that this one is part of, or was."""
    present = (lead.joined_to,) if lead.phase is Phase.JOINED else ()
    return dict.fromkeys((*lead.was_part_of, *present))


def _take_clock(case: Case, fact: Merged) -> None:
    """The earlier start and the earlier due; a holder who does not answer for the due has a turn of their own (R25)."""
    lead, before = case.lead, case.lead.clock
    if before.evaluated not in (Result.RUNNING, Result.ENDED):
        return
    other = LeadClock(
        came=fact.came or fact.started_at,
        start=fact.started_at,
        due=fact.due_at,
        contact_due=fact.contact_due_at,
        first_holder=fact.first_holder,
        late_given=fact.late_given,
    )
    clock = before.take(other)
    if fact.contact_breached and clock.contact_due:
        clock = clock.hear(CONTACT, Word.TAKEN)
    if before.ended:  # it left the open ones meanwhile: what was due by then is decided all the same
        clock = clock._replace(evaluated=Result.RUNNING).end(before.ended)
    lead.put_clock(clock)
    turn = lead.current
    if turn and turn.kind is Kind.FIRST and turn.result is Result.RUNNING and clock.due < before.due:
        turn.kind = Kind.HAND_OVER
    _begun_earlier(case)


def _begun_earlier(case: Case) -> None:
    if case.lead.phase is Phase.OPEN:
        if case.lead.scheduled and case.lead.started_at <= case.now:
            turns.start(case)
        turns.schedule_warning(case)


def absorb(case: Case, fact: Absorbed) -> None:
    """A missed call that never made a lead: this one takes its start (R26), and so an earlier due."""
    lead, clock, promise = case.lead, case.lead.clock, case.to_customer()
    start = promise.start(fact.started_at)
    if clock.awaits(RESPONSE) and start < clock.start:
        anew = clock.promised(start, promise, case.to_speak())
        clock = clock.take(anew._replace(came=fact.started_at, first_holder=clock.first_holder))
        lead.put_clock(clock)
        turn = lead.current
        if turn and turn.kind is Kind.FIRST and turn.result is Result.RUNNING:
            _begun_late(case, turn.begun)
        _begun_earlier(case)
    case.count("ok")


def _begun_late(case: Case, begun: int) -> None:
    """A first turn that turns out to have had less than half of the target keeps its own due, and answers for none."""
    lead, clock, turn = case.lead, case.lead.clock, case.lead.turns[-1]
    if case.to_customer().half_gone(begun, clock.due):
        turn.kind = Kind.LATE
        lead.put_clock(clock._replace(first_holder="", late_given="told"))
    else:
        turn.due = clock.due


def follow(case: Case, fact: Preceded) -> None:
    """Another lead had this one's number before (R25)."""
    case.lead.previous_lead_id = fact.previous_lead_id
    case.count("ok")


# what comes to a lead that joined another


def forward(case: Case, fact: Any) -> None:
    """Later events of a joined lead are the other's; too long a way is a loop."""
    if fact.origin.hops >= HOPS:
        case.effects.append(Bury(reason="loop", fact=fact))
        return
    moved = replace(fact, lead_id=case.lead.joined_to, origin=replace(fact.origin, hops=fact.origin.hops + 1))
    case.tell_lead(case.lead.joined_to, moved)
    case.count("forwarded")


def hear_and_forward(case: Case, fact: Call | ContactRecorded) -> None:
    """A proof may fall into a clock of its own (R7); then it answers nothing of the other before that came (R5)."""
    own = hear(case, fact)
    forward(case, replace(fact, spoken_for=fact.spoken_for or own))


def ask_to_reopen(case: Case, fact: LeadReopened) -> None:
    """Whether there is something to reopen knows the other."""
    if not rights.refused(case, fact):
        lead, into = case.lead, case.lead.joined_to
        case.tell_lead(into, JoinedReopened(lead_id=into, joined=lead.lead_id, at=case.now, reopened=fact))
        case.count("forwarded")


def stay(case: Case, fact: JoinedReopened) -> None:
    """The customer of the lead that joined was waited for here: there is nothing to reopen, and that is shown.

    The reopening is kept: this lead may turn out to have been over by then.
    """
    lead, again = case.lead, fact.reopened
    if lead.was_over(again.at, case.policy.response):
        part(case, fact)
        return
    known = lead.parting.get(fact.joined, again)
    lead.parting[fact.joined] = max(known, again, key=lambda reopened: reopened.at)
    case.flag("joined_reopened")
    case.count("ignored_already_open")


def part(case: Case, fact: JoinedReopened) -> None:
    """What happens from now on is not this lead's, which is over."""
    case.tell_lead(fact.joined, Parted(lead_id=fact.joined, at=case.now, reopened=fact.reopened))
    case.count("ok")


def part_kept(case: Case) -> None:
    """A lead that joined was reopened when this one, as it turns out, was over: it is one of its own (R29)."""
    lead = case.lead
    for joined, again in tuple(lead.parting.items()):
        if lead.phase is not Phase.JOINED and lead.was_over(again.at, case.policy.response):
            del lead.parting[joined]
            case.tell_lead(joined, Parted(lead_id=joined, at=case.now, reopened=again))


def pass_on(case: Case, fact: Merged | Declined | JoinedReopened) -> None:
    """What a third lead says to one that has joined another itself."""
    if isinstance(fact, Declined):
        _let_go(case, fact.joined)
    case.tell_lead(case.lead.joined_to, replace(fact, lead_id=case.lead.joined_to))
    case.count("forwarded")


def ignore(case: Case, fact: Any) -> None:
    """Whoever wants the other lead says so: this one is nobody's any more (R25)."""
    to = fact.owner_id if isinstance(fact, LeadAssigned) else fact.manager_id
    told = {"reason": "joined", "into": case.lead.joined_to, "to": to}
    case.publish("assignment.ignored", told, qualifier=f"{fact.origin.uid():x}")
    case.count("ignored_joined")

"""Two leads of one customer become one (R25, R26): proposals, acceptance, and what is forwarded afterwards."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from . import numbers, turns, verdict
from .case import Case
from .effects import Bury, Join
from .events import Absorbed, Joined, Merged, Preceded
from .lead import Kind, Phase, Result
from .proof import Proof
from .terms import set_due

HOPS = 3
"""How often a fact is forwarded at most; more is a loop."""

MAX_JOINED = 20
"""Leads that one lead may take; a further one keeps its own clock."""


def propose(case: Case, into: str) -> Join:
    """A merged lead asks to be taken by another."""
    lead = case.lead
    return Join(
        lead_id=into,
        joining=lead.lead_id,
        at=case.now,
        started_at=lead.started_at,
        due_at=lead.due_at,
        merge=True,
    )


def accept(case: Case, fact: Join) -> None:
    """Take another lead: the earliest start and due stay."""
    lead = case.lead
    if fact.joining == lead.lead_id or len(lead.joined) >= MAX_JOINED:
        case.count("ignored_cannot_join")
        return
    if fact.joining not in lead.joined:
        lead.joined.append(fact.joining)
    take_start(case, fact.started_at, fact.due_at)
    case.tell_lead(
        fact.joining,
        Joined(lead_id=fact.joining, into=lead.lead_id, at=case.now, started_at=lead.started_at, due_at=lead.due_at),
    )
    case.count("ok")


def take_start(case: Case, started_at: int, due_at: int) -> None:
    """Move the clock back to an earlier start, unless it has been evaluated already (R6, R7)."""
    lead, started_at = case.lead, case.customer_calendar().next_open(started_at)
    if lead.evaluated is not Result.RUNNING or not 0 < started_at < lead.started_at:
        return
    before, lead.started_at = lead.due_at, started_at
    set_due(case)
    lead.due_at = min(filter(None, (before, lead.due_at, due_at)))
    turn = lead.current
    if turn and turn.kind is Kind.FIRST and turn.result is Result.RUNNING:
        turn.begun, turn.due = max(started_at, min(turn.begun, case.now)), lead.due_at
        turns.schedule_warning(case)
    if lead.scheduled and lead.started_at <= case.now:
        turns.start(case)


def absorb(case: Case, fact: Absorbed) -> None:
    """A lead made of a missed call became part of this one, which takes its start (R26)."""
    take_start(case, fact.started_at, 0)
    case.count("ok")


def follow(case: Case, fact: Preceded) -> None:
    """Another lead had this one's number before (R25)."""
    case.lead.previous_lead_id = fact.previous_lead_id
    case.count("ok")


def become_part(case: Case, fact: Joined) -> None:
    """The other lead has accepted: hand over what is known, and follow it. One that was closed since does not."""
    lead = case.lead
    if lead.phase is Phase.CLOSED and lead.joined_to != fact.into:
        case.count("ignored_closed")
        return
    case.tell_lead(
        fact.into,
        Merged(
            lead_id=fact.into,
            joined=lead.lead_id,
            at=case.now,
            phones=lead.phones,
            shared=lead.shared_phones,
            attempt_at=lead.first_attempt_at,
            attempt_by=lead.first_attempt_by,
            contact_at=lead.first_contact_at,
            contact_by=lead.first_contact_by,
        ),
    )
    if lead.phase is Phase.OPEN:
        numbers.close_all(case, case.now, joined=True)
        _leave(case)
    lead.phase, lead.joined_to = Phase.JOINED, fact.into
    case.publish("lead.joined", into=fact.into, source=lead.source)
    case.count("ok")


def _leave(case: Case) -> None:
    turns.end(case, Result.ENDED)
    verdict.forget_question(case)
    turns.release(case)
    case.lead.scheduled = case.lead.escalated = False


def take_over(case: Case, fact: Merged) -> None:
    """What the joined lead knew: its numbers become this lead's, its proofs count."""
    lead = case.lead
    added = tuple(number for number in fact.phones if number not in lead.phones)
    if added:
        numbers.change(case, (*lead.phones, *added), fact.at, fact.shared)
    attempt = Proof(fact.attempt_at or None, None, fact.attempt_by or None, "")
    contact = Proof(None, fact.contact_at or None, fact.contact_by or None, "")
    for proof in (attempt, contact):
        verdict.credit(case, proof, proof.contact_at or 0, fact.joined)
    case.count("ok")


def forward(case: Case, fact: Any) -> None:
    """Later events of a joined lead are the other's; too long a way is a loop."""
    if fact.origin.hops >= HOPS:
        case.effects.append(Bury(reason="loop", fact=fact))
        return
    moved = replace(fact, lead_id=case.lead.joined_to, origin=replace(fact.origin, hops=fact.origin.hops + 1))
    case.tell_lead(case.lead.joined_to, moved)
    case.count("forwarded")

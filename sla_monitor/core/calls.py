"""Calls and records of a lead: what they prove, whether they hold a decision, whom they concern (R1-R5, R9, R26)."""

from __future__ import annotations

from . import turns
from .case import Case
from .credit import credit
from .events import Call, CallAnswered, CallEnded, CallStarted, ContactRecorded
from .lead import Phase, deadlines
from .proof import CallSeen, Reason, applied, call_key, call_start, contact_proof, legs, live_state, proof, talk_began
from .verdict import let_go

LIVE_FACTS = (CallStarted, CallAnswered)
"""What more may follow on: nothing is said of it yet."""

NO_HUMAN_OF_OURS = (Reason.AUTOMATED, Reason.STRANGER)
"""Why a message proves nothing; then it is shown who wrote it (R1)."""

LIVE, ENDED = 20, 10
"""Calls kept in the row: live ones, and ended ones (a late `call.answered` must not make them live again)."""


def on_call(case: Case, fact: Call) -> None:
    """Apply a call in whatever order its events come."""
    counts = hear(case, fact)
    case.count("credited" if counts else "ok")
    key = call_key(fact.origin.uri, fact.call_id)
    if isinstance(fact, CallEnded) and case.lead.phase is Phase.OPEN:
        call = next(call for call in case.lead.calls if call.call == key)
        if missed(call):
            _missed(case, call, fact.at)


def on_contact(case: Case, fact: ContactRecorded) -> None:
    """A message, a mail, a meeting, a manual record."""
    case.count("credited" if hear(case, fact) else contact_proof(fact).reason or "before_start")


def hear(case: Case, fact: Call | ContactRecorded) -> bool:
    """Whether what happened counts for one of the lead's clocks; if it is over and does not, that is told."""
    name = f"{fact.origin.uid():x}"
    if isinstance(fact, ContactRecorded):
        proven = contact_proof(fact)
        uncounted: str = proven.reason or credit(case, proven, fact.at, name)
    else:
        uncounted = _hear_call(case, fact, name)
    if uncounted and not isinstance(fact, LIVE_FACTS) and case.lead.phase is not Phase.JOINED:
        by = fact.manager_id if uncounted in NO_HUMAN_OF_OURS else None
        case.publish("call.ignored", qualifier=name, reason=uncounted, manager_id=by)
    if case.lead.held_until and not (isinstance(fact, ContactRecorded) and deadlines(case.lead)):
        let_go(case, "ended")
    return not uncounted


def _hear_call(case: Case, fact: Call, name: str) -> str:
    """Why a call counts for nothing so far; empty if it counts."""
    lead, limits = case.lead, case.rules.limits
    key = call_key(fact.origin.uri, fact.call_id)
    call = applied(next((call for call in lead.calls if call.call == key), None), fact)
    lead.calls = _kept([*(other for other in lead.calls if other.call != key), call])
    proven = proof(call, limits, case.rules.own_numbers)
    return proven.reason or credit(case, proven, fact.at, name)


def _missed(case: Case, call: CallSeen, at: int) -> None:
    """The holder is told once of a call, however many legs it had; nobody is given a lead between two legs (R26)."""
    lead, limits = case.lead, case.rules.limits
    ring = call_start(call), at
    if ring[0] <= lead.give_at and ring[1] >= lead.created_at - limits.missed_settle:
        lead.give_at = max(lead.give_at, at + limits.missed_settle)
        turns.seek_holder(case)
    elif not any(_same(case, other, ring) for other in lead.calls if other.call != call.call):
        case.notify(lead.holder, "missed_call", qualifier=call.call, at=at)


def _same(case: Case, other: CallSeen, ring: tuple[int, int]) -> bool:
    """Whether another call is a leg of the one that rang: it was missed too, or a human took it."""
    inbound = other.direction == "inbound" and not other.internal
    talk = talk_began(other)
    if other.ended_at is None and talk is None:
        return False
    over = (other.ended_at or ring[1]) if talk is None else talk
    return inbound and legs((call_start(other), over), ring, case.rules.limits)


def missed(call: CallSeen) -> bool:
    """An inbound call that ended without human talk (R26)."""
    return call.direction == "inbound" and not call.internal and talk_began(call) is None


def _kept(calls: list[CallSeen]) -> list[CallSeen]:
    live = [call for call in calls if live_state(call)][-LIVE:]
    ended = [call for call in calls if not live_state(call)][-ENDED:]
    return ended + live

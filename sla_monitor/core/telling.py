"""Says once a decision what is so of the lead now, if it is not what it was: from that, notices that wait are withdrawn
and whoever was told something hears what became of it (`deliver.py`). No transition tells of the end of another.
"""

from __future__ import annotations

from typing import NamedTuple

from .case import Case
from .effects import Effect, LeadState, Notify
from .lead import HOLDER_ABSENT, Lead, Phase
from .standing import ANSWERED, CLOSED, ERASED, JOINED, LEAVING, OPEN

PHASES = {
    Phase.OPEN: OPEN,
    Phase.ANSWERED: ANSWERED,
    Phase.CLOSED: CLOSED,
    Phase.JOINED: JOINED,
    Phase.ERASED: ERASED,
}


class So(NamedTuple):
    """What people are told of, as far as it can change. phase: empty while no lead is known."""

    phase: str
    turn: int
    holder: str
    head: str
    spoken: bool
    test: bool
    absent: bool


def so(case: Case) -> So:
    """What is so of the lead at this point of its decision. Nobody holds what nobody can take."""
    lead = case.lead
    leaving = lead.phase is Phase.CLOSED and bool(lead.joined_to)
    phase = LEAVING if leaving else PHASES.get(lead.phase, "")
    holder = "" if lead.unassignable else lead.holder
    absent = HOLDER_ABSENT in lead.flags
    return So(phase, lead.turn, holder, case.head if phase else "", bool(lead.first_contact_at), lead.test, absent)


def finish(case: Case, before: So) -> None:
    """Tell the notices of the lead what is so now. Of a lead that never waited for anybody nothing is told."""
    now = so(case)
    if not before.phase and now.phase != OPEN:
        case.effects[:] = _unsaid(case)
    if (now == before and not case.renewed) or not now.phase or (not before.phase and now.phase != OPEN):
        return
    lead = case.lead
    state = LeadState(
        lead_id=lead.lead_id,
        **now._replace(test=now.test or before.test)._asdict(),
        at=case.now,
        why=_why(lead, now.phase),
        by=_by(case, now.phase),
        into=lead.joined_to if now.phase == JOINED else "",
        details={} if now.phase == ERASED else case.shared,
        renewed=case.renewed,
    )
    # before what is published, which an erasure is not to forget, and before what is told, whose head it names
    case.effects[:] = [state, *(_unsaid(case) if now.phase == ERASED else case.effects)]


def _unsaid(case: Case) -> list[Effect]:
    return [effect for effect in case.effects if not isinstance(effect, Notify)]


def _why(lead: Lead, phase: str) -> str:
    """Why it came to this: of an open lead why it has the holder that it has."""
    if phase == OPEN:
        if lead.escalated:
            return "max_turns"
        return lead.current.reason if lead.current and lead.holder and not lead.unassignable else lead.ask_reason
    return {CLOSED: lead.closed_reason, ERASED: "erased"}.get(phase, "")


def _by(case: Case, phase: str) -> str:
    """Whose doing it is."""
    if phase == ANSWERED:
        return case.lead.clock.response(case.policy.response)[1]
    return case.actor if phase == CLOSED else ""

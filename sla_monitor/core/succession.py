"""Who looks after an open lead when the people of the policy are others: nothing stays with whoever has left (R33)."""

from __future__ import annotations

from . import rights, turns
from .case import Case
from .lead import Phase
from .proof import live_state
from .row import Header
from .rules import Rules


def follow(case: Case) -> None:
    """Give on what is in the hands of somebody who has left, and tell a head who came what waits for them."""
    lead = case.lead
    if lead.phase is Phase.OPEN:
        if lead.escalated:
            _to_the_present_head(case)
        elif lead.unassignable:
            _tell_the_present_head(case)
        elif has_left(case) and lead.current and may_be_given_on(case):
            turns.on_away(case)
    if case.team is None:
        rights.tell_heads(case)


def may_concern(header: Header, rules: Rules) -> bool:
    """Whether the policy in force may have something for an open lead, by its header."""
    if any(policy.apply_to_open for policy in rules.policies):
        return True
    return bool(rules.managers) and header.holder not in rules.managers


def has_left(case: Case) -> bool:
    """Whether the lead is in the hands of somebody who is not on the roster any more."""
    return bool(case.lead.holder) and not case.is_manager(case.lead.holder)


def may_be_given_on(case: Case) -> bool:
    """Not before the clock starts, for whoever is there then is to get it; and a live call wins (R17)."""
    lead = case.lead
    return not (lead.asking or lead.scheduled or any(map(live_state, lead.calls)))


def _to_the_present_head(case: Case) -> None:
    lead, head = case.lead, case.head
    if lead.holder != head and (head or has_left(case)):
        turns.escalate(case, "max_turns", anew=str(case.rules.version))


def _tell_the_present_head(case: Case) -> None:
    if case.head and case.head != case.lead.unassignable_to:
        turns.tell_nobody(case)

"""What became of a claim, as the committed row of the lead tells. The row decides (R16); here it is only read."""

from __future__ import annotations

from enum import StrEnum

from sla_monitor.claims import Claim
from sla_monitor.core.lead import Lead, Phase


class Fate(StrEnum):
    """What a lead is to the manager of a claim."""

    OPEN = "open"  # the turn runs, so the first claim takes the lead
    YOURS = "yours"
    TAKEN = "taken"
    ANSWERED = "answered"
    CLOSED = "closed"
    GONE = "gone"
    REFUSED = "refused"  # the claim was applied and changed nothing


_OVER = {Phase.ANSWERED: Fate.ANSWERED, Phase.CLOSED: Fate.CLOSED, Phase.JOINED: Fate.CLOSED}


def fate(lead: Lead | None, claim: Claim) -> Fate:
    """A turn never comes back, so all but OPEN is final for the claim; somebody may yet give the lead to them."""
    if lead is None or lead.phase in {Phase.UNKNOWN, Phase.ERASED}:
        return Fate.GONE
    if lead.phase is not Phase.OPEN:
        return _OVER[lead.phase]
    if lead.holder == claim.manager_id:
        return Fate.YOURS
    if lead.turn != claim.turn:
        return Fate.TAKEN
    return Fate.REFUSED if claim.uid in lead.seen else Fate.OPEN

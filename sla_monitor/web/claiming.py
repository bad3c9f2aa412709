"""Claiming a lead: the event is written, and the committed row of the lead tells what became of it (R16)."""

from __future__ import annotations

from enum import StrEnum
from typing import NamedTuple

from sla_monitor.claims import SOURCE, Claim
from sla_monitor.core.case import Case
from sla_monitor.core.lead import Lead, Phase
from sla_monitor.core.rights import may_claim

from .context import Web
from .entrance import Entrance, Person
from .views import Views
from .visitors import teams_of


class Fate(StrEnum):
    """What a lead is to the manager of a claim."""

    OPEN = "open"  # the turn runs, so the first claim takes the lead
    YOURS = "yours"
    TAKEN = "taken"
    ANSWERED = "answered"
    CLOSED = "closed"
    GONE = "gone"
    JOINED = "joined"  # it became part of another lead, of which nothing was claimed (R25)
    FOREIGN = "foreign"  # of a team that the manager is not in
    REFUSED = "refused"  # the claim was applied and changed nothing


_OVER = {Phase.ANSWERED: Fate.ANSWERED, Phase.CLOSED: Fate.CLOSED, Phase.JOINED: Fate.JOINED}


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


class Found(NamedTuple):
    """A lead, and what it is to the manager of a claim. lead: None too if they are to see nothing of it."""

    lead: Lead | None
    fate: Fate


class Claiming:
    """For whatever has a claim in hand: the page of a link, a button in a chat."""

    def __init__(self, context: Web, views: Views) -> None:
        self._web, self._views = context, views
        self._entrance = Entrance(context)

    async def look(self, claim: Claim) -> Found:
        """How things are; nothing is claimed. Raises TryAgain."""
        return self._found(await self._views.row(claim.lead_id), claim)

    async def take(self, claim: Claim) -> Found:
        """Claim, and how things are once that is decided, or nobody can wait any longer: then the fate is still OPEN.

        What is decided already is not claimed; by the present holder it is an acknowledgement.
        Raises TryAgain: not known to be stored, the same call does no harm.
        """
        found = await self.look(claim)
        if found.fate not in {Fate.OPEN, Fate.YOURS}:
            return found
        data = {"lead_id": claim.lead_id, "manager_id": claim.manager_id, "turn": claim.turn}
        by = Person(claim.manager_id, tuple(sorted(teams_of(claim.manager_id, self._web.rules()))))
        await self._entrance.make("lead.claimed.v1", SOURCE, claim.event_id, data, by)
        if found.fate is Fate.YOURS or found.lead is None:
            return found
        lead_id, seconds = found.lead.lead_id, self._web.limits.claim_seconds
        lead = await self._views.until(lead_id, lambda now: fate(now, claim) is not Fate.OPEN, seconds)
        return self._found(lead, claim)

    def _found(self, lead: Lead | None, claim: Claim) -> Found:
        """Whoever has left the roster or the team of the lead since the notice takes and sees nothing of it."""
        what, rules = fate(lead, claim), self._web.rules()
        if rules.managers and claim.manager_id not in rules.managers:
            return Found(None, Fate.REFUSED)
        if lead is None or what is Fate.GONE:
            return Found(lead, what)
        foreign = not may_claim(Case(lead, self._web.clock.now(), rules), claim.manager_id)
        return Found(None, Fate.FOREIGN) if foreign else Found(lead, what)

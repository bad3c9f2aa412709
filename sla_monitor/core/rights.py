"""Who may act on a lead. Decided where the act is done, on the lead that it is done to: a door only saw it before.

An act by a source that is no person (a CRM, a PBX) is free: `Origin.may` is None. One that somebody made at a door of
ours carries the teams upon whose leads they may act. A claim takes a lead within its team, whoever sends it.
"""

from __future__ import annotations

from .case import Case
from .events import LeadAssigned, LeadClaimed, LeadClosed, LeadReopened, Origin
from .lead import Phase

EVERYWHERE = "*"
"""In `Origin.may`: the leads of all teams, and of none."""

NOT_YOUR_TEAM = "not_your_team"
"""Why an act is refused."""

Act = LeadAssigned | LeadClaimed | LeadClosed | LeadReopened

ACTS: dict[type[Act], str] = {
    LeadAssigned: "assign",
    LeadClaimed: "claim",
    LeadClosed: "close",
    LeadReopened: "reopen",
}


def refused(case: Case, fact: Act) -> bool:
    """Whether an act is outside the rights of who made it; then an outcome says so, and nothing else happens."""
    if may_act(case, fact.origin) and not (isinstance(fact, LeadClaimed) and not may_claim(case, fact.manager_id)):
        return False
    whom = {"by": fact.manager_id if isinstance(fact, LeadClaimed) else fact.origin.person}
    named = whom | {"act": ACTS[type(fact)], "reason": NOT_YOUR_TEAM}
    case.publish("act.refused", named, qualifier=f"{fact.origin.uid():x}", source=case.lead.source)
    case.count(f"refused_{NOT_YOUR_TEAM}")
    return True


def may_act(case: Case, origin: Origin) -> bool:
    """Whether whoever made an act may act on the lead: it is of a team of theirs, or of none, or in their hands."""
    if origin.may is None or EVERYWHERE in origin.may or case.team is None:
        return True
    return case.team.id in origin.may or (bool(origin.person) and origin.person in (case.lead.holder, case.head))


def may_claim(case: Case, manager_id: str) -> bool:
    """Whether a manager may take the lead: they are in its team, or head it, or have it; of no team it is anybody's."""
    team = case.team
    return team is None or manager_id in team.managers or manager_id in (team.head, case.head, case.lead.holder)


def tell_heads(case: Case) -> None:
    """A lead of no team, where there are teams, is nobody's to see: while nobody has it, every head is told once."""
    lead = case.lead
    if lead.phase is not Phase.OPEN or (lead.holder and not lead.unassignable):
        lead.no_team_to = ()
        return
    for head in heads(case):
        if head not in lead.no_team_to:
            case.notify(head, "no_team", qualifier=str(case.now), due_at=lead.due_at)
            lead.no_team_to = (*lead.no_team_to, head)


def heads(case: Case) -> tuple[str, ...]:
    """Who sees to the lead if its holder does not: its head or, of a lead of no team, all that there are."""
    if case.team is not None:
        return (case.head,)
    return tuple(dict.fromkeys(team.head for team in case.rules.teams.values() if team.head))

"""What is promised to a lead: its policy, its team, and the instants of its clock (R6, R12, R22, R33)."""

from __future__ import annotations

from .case import Case
from .events import LeadCreated
from .lead import Kind
from .rules import Policy, Rules

MATCHED = ("channel", "priority", "language", "region")


def choose_policy(rules: Rules, fact: LeadCreated, team_id: str | None) -> Policy:
    """The first policy that matches; the built-in one if none does."""
    traits = {name: getattr(fact, name) for name in MATCHED} | {"source": fact.origin.source, "team": team_id}
    for policy in rules.policies:
        if all(traits.get(name) in accepted for name, accepted in policy.match.items()):
            return policy
    return Policy()


def team_of(rules: Rules, manager_id: str | None) -> str | None:
    """The team a manager is in; a manager is in one (R15)."""
    return next((team.id for team in rules.teams.values() if manager_id in team.managers), None)


def known_team(rules: Rules, team_id: str | None) -> str | None:
    return team_id if team_id in rules.teams else None


def make_promise(case: Case, fact: LeadCreated) -> None:
    """Choose policy and team: the lead's, else the owner's, else the policy's, else the only one."""
    rules = case.rules
    team = known_team(rules, fact.team_id) or team_of(rules, fact.owner_id)
    policy = choose_policy(rules, fact, team)
    only = next(iter(rules.teams)) if len(rules.teams) == 1 else None
    case.lead.team_id = team or known_team(rules, policy.team) or only
    case.promise(policy)


def start_clock(case: Case, at: int) -> None:
    """Start the customer's clock at the next open moment from `at` on, and fix its due instants (R6, R12)."""
    lead, open_time = case.lead, case.customer_calendar()
    lead.started_at = open_time.next_open(at)
    lead.scheduled = lead.started_at > case.now
    set_due(case)


def set_due(case: Case) -> None:
    lead, open_time, policy = case.lead, case.customer_calendar(), case.policy
    lead.due_at = open_time.add(lead.started_at, policy.target)
    lead.contact_due_at = open_time.add(lead.started_at, policy.contact_target) if policy.contact_target else 0


def recompute(case: Case) -> bool:
    """Apply the policy now in force to an open lead, never moving a due instant to before the change (R33).

    Whether it applies to open leads.
    """
    lead = case.lead
    named = {policy.name: policy for policy in case.rules.policies}
    policy = named.get(case.policy.name)
    lead.rules_version = case.rules.version
    if policy is None or not policy.apply_to_open:
        return False
    case.promise(policy)
    turn = lead.current
    before = lead.due_at
    contact_before = lead.contact_due_at
    if not lead.evaluated:
        set_due(case)
        lead.due_at = _not_before(case, lead.due_at, before)
        if lead.contact_evaluated:
            lead.contact_due_at = contact_before
        elif lead.contact_due_at:
            lead.contact_due_at = _not_before(case, lead.contact_due_at, contact_before or case.now)
    if turn and turn.kind is Kind.FIRST:
        turn.due = lead.due_at
    return True


def _not_before(case: Case, due_at: int, before: int) -> int:
    """The due that the new policy names; if that is past, the old one, at the latest now."""
    return due_at if due_at >= case.now else min(before, case.now)

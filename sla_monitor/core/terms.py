"""What is promised to a lead: its policy, its team, and the instants of its clock (R6, R12, R22, R33)."""

from __future__ import annotations

from .case import Case
from .effects import Receive
from .events import LeadCreated
from .lead import Kind
from .lead_clock import MOST, RESPONSE, LeadClock
from .promise import Promise
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


def begin_clock(case: Case, came: int, cycle: int) -> bool:
    """The one door through which a clock of a lead begins (R6, R12, R30); whether it does: not for what is too old."""
    lead, limits = case.lead, case.rules.limits
    received = case.received or case.now
    if received - came > limits.max_event_age:
        case.count("backfill")
        return False
    promise = case.to_customer()
    clock = LeadClock.begin(cycle, came, promise, case.to_speak())
    lead.scheduled = clock.start > case.now
    clock = clock._replace(late=received > clock.due, late_given=_delay(promise, clock, received, case.now))
    kept = [past for past in lead.clocks if past.ended + limits.retract_window > case.now]
    if len(kept) >= MOST:
        case.flag("clocks_dropped")
    lead.clocks = [*kept[1 - MOST :], clock]
    if not lead.test:
        case.effects.append(Receive(lead.source))
    return True


def _delay(promise: Promise, clock: LeadClock, received: int, now: int) -> str:
    """Whose delay leaves the first turn less than half of its target: who told of it late, or we who read it (R14)."""
    if promise.half_gone(max(received, clock.start), clock.due):
        return "told"
    return "read" if promise.half_gone(max(now, clock.start), clock.due) else ""


def announce_schedule(case: Case) -> None:
    """The clock will start later (R6)."""
    clock = case.lead.clock
    if case.lead.scheduled:
        case.publish("sla.scheduled", started_at=clock.start, due_at=clock.due, source=case.lead.source)


def recompute(case: Case) -> bool:
    """Apply the policy now in force to an open lead, never moving a due instant to before the change (R33).

    Whether it applies to open leads.
    """
    lead = case.lead
    named = {policy.name: policy for policy in case.rules.policies}
    policy = named.get(case.policy.name)
    if policy is None or not policy.apply_to_open:
        return False
    case.promise(policy)
    turn, clock = lead.current, lead.clock
    if clock.awaits(RESPONSE):
        anew = clock.promised(clock.start, case.to_customer(), case.to_speak())
        contact_due = anew.contact_due
        if clock.contact_evaluated:
            contact_due = clock.contact_due
        elif contact_due:
            contact_due = _not_before(case, contact_due, clock.contact_due or case.now)
        lead.put_clock(anew._replace(due=_not_before(case, anew.due, clock.due), contact_due=contact_due))
    if turn and turn.kind is Kind.FIRST:
        turn.due = lead.due_at
    return True


def _not_before(case: Case, due_at: int, before: int) -> int:
    """The due that the new policy names; if that is past, the old one, at the latest now."""
    return due_at if due_at >= case.now else min(before, case.now)

"""When a decision should have been made, and when it is late (R6, R8, R9)."""

from __future__ import annotations

from dataclasses import dataclass

from sla_monitor.core.rules import MINUTE, Policy, Rules

from .rows import LeadRow

BUILT_IN = Policy()
"""What a lead's terms differ from."""

SETTLED = MINUTE
"""A policy that came into force so long before a lead was there when its promise was made, and has not moved it since
(R33)."""


@dataclass(frozen=True, slots=True)
class Force:
    """The policy in force where a lead lies. since: ms. grace: ms that a decision may come late by."""

    rules: Rules
    since: int
    grace: int


def promised(row: LeadRow, accepted_at: int, force: Force) -> int:
    """The customer's due: at most start + target, whatever the row says, where no calendar matters (R6).

    accepted_at: the instant of the lead's creation, as it came in; 0 if that is not known.
    """
    clock = row.clock
    starts = [clock.started_at] if clock.cycle > 1 else [clock.started_at, row.created_at, accepted_at]
    start = min(filter(None, starts), default=0)
    if start < force.since + SETTLED or not around_the_clock(row, force.rules):
        return clock.due_at
    latest = start + int(row.terms.get("target", BUILT_IN.target))
    return min(clock.due_at or latest, latest)


def around_the_clock(row: LeadRow, rules: Rules) -> bool:
    """Whether every moment is open for a lead: no calendar of its policy, and somebody in its team who always works."""
    if row.terms.get("calendar") in rules.calendars:
        return False
    team = rules.teams.get(row.team_id or "")
    people = [rules.managers.get(name) for name in team.managers] if team else []
    return not people or any(who is None or who.shift not in rules.calendars for who in people)


def decided_by(row: LeadRow, due: int, force: Force) -> int:
    """The last instant at which a clock with this due may still be undecided.

    A timer may wait `max_catch_up` for what others accepted, its question as long for answers, and a live call hold
    the decision, ringing and then talking. What came late, or after a stop, is asked about late.
    """
    limits = force.rules.limits
    waits = bool(row.unanswered or row.held_until)
    begun = max(due + int(row.terms.get("allowance", BUILT_IN.allowance)), row.asked_at if waits else 0)
    until = begun + 2 * limits.max_catch_up
    if row.held_until:
        until = max(until, min(row.held_until, until + limits.max_hold_ringing + limits.max_hold_talking))
    return until + force.grace

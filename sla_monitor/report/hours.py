"""How far a clock's start may lie from the coming of its lead: what is needed for days to be whole.

A lead that comes outside the calendar has its clock start at the next open moment (R6), and it may take an earlier
start as long as nothing is decided (R25, R26). Later leads never start before earlier ones, so the bounds are exact,
by the hours of the policy in force.
"""

from __future__ import annotations

from bisect import bisect_left

from sla_monitor.core.calendar import ALWAYS, OpenTime, calendar
from sla_monitor.core.case import team_hours
from sla_monitor.core.rules import DAY, Rules

EARLIER = 7 * DAY
"""So much before the first coming of a lead is read too: its hours may have been others then."""

CLOSED_AT_MOST = 60 * DAY
"""No longer than this is anything looked for that came before an opening."""


def last_start(rules: Rules, at: int) -> int:
    """The latest start that the clock of a lead has which came by an instant, ms."""
    return max(hours.next_open(at) for hours in _promised(rules))


def first_coming(rules: Rules, start: int) -> int:
    """The earliest instant at which a lead may have come whose clock started at `start` or later, ms."""
    return min(_closed_since(hours, start) for hours in _promised(rules))


def first_told(rules: Rules, start: int) -> int:
    """From when on outcomes may tell of a clock that started at `start` or later, ms."""
    return max(first_coming(rules, start) - EARLIER, 0)


def last_due(rules: Rules, start: int) -> int:
    """The latest due of a clock that started by an instant, ms: until then another may take its start (R25)."""
    target = max(policy.target for policy in rules.policies)
    return max(hours.add(hours.next_open(start), target) for hours in _promised(rules))


def _closed_since(hours: OpenTime, start: int) -> int:
    """From when on nothing opened before `start`: whoever came since then waited for it."""
    before = range(max(start - CLOSED_AT_MOST, 0), max(start, 0))
    return before.start + bisect_left(before, x=True, key=lambda at: hours.next_open(at) >= start)


def _promised(rules: Rules) -> set[OpenTime]:
    """Every line of hours that a clock may go by (R6)."""
    names = {policy.calendar for policy in rules.policies if policy.calendar}
    named = {calendar(rules.calendars[name]) for name in names & rules.calendars.keys()}
    return {ALWAYS, *named, *(team_hours(rules, team) for team in rules.teams.values())}

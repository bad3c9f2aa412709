"""When a manager works, and when they want quiet: the shift without days off, the quiet hours, and their zone."""

from __future__ import annotations

from collections.abc import Iterator

from .calendar import ALWAYS, Calendar, OpenTime, calendar
from .rules import Hours, Manager, Rules, Team

_shifts: dict[tuple[int, str], tuple[Rules, OpenTime]] = {}
"""Shifts without days off, by the identity of the rules; holding these keeps their identity from being used again."""

_MOST_SHIFTS = 4_096


def shift(rules: Rules, manager_id: str) -> OpenTime:
    """When a manager works; a manager without a shift, or unknown, always does, but for days off."""
    manager = rules.managers.get(manager_id)
    if manager is not None and manager.days_off:
        return _shift_without_days_off(rules, manager)
    hours = rules.calendars.get(manager.shift or "") if manager else None
    return calendar(hours) if hours else ALWAYS


def _shift_without_days_off(rules: Rules, manager: Manager) -> OpenTime:
    known = _shifts.get((id(rules), manager.id))
    if known is None:
        if len(_shifts) >= _MOST_SHIFTS:
            _shifts.clear()
        hours = rules.calendars.get(manager.shift or "") or Hours(zone_name(rules, manager.id))
        closed = dict.fromkeys(manager.days_off, ())
        worked = calendar(Hours(hours.timezone, hours.week, {**hours.dates, **closed}))
        known = _shifts[id(rules), manager.id] = rules, worked
    return known[1]


def zone_name(rules: Rules, manager_id: str) -> str:
    """The manager's time zone: of the shift, else of their team, or of the one that they head; else UTC.

    A team's zone is that of the first policy for it that has a calendar, else of the first of its shifts.
    """
    manager = rules.managers.get(manager_id)
    team = team_of(rules, manager_id) or headed_by(rules, manager_id)
    own = [manager.shift if manager else None]
    named = (rules.calendars.get(name or "") for name in (*own, *_calendars(rules, team)))
    return next((hours.timezone for hours in named if hours), "UTC")


def _calendars(rules: Rules, team: Team | None) -> Iterator[str | None]:
    """Of the policies that name the team, then of those for any, then of its people; of all policies without a team."""
    if team is None:
        yield from (policy.calendar for policy in rules.policies)
        return
    wanted = [(policy.calendar, {policy.team, *policy.match.get("team", ())} - {None}) for policy in rules.policies]
    yield from (hours for hours, teams in wanted if team.id in teams)
    yield from (hours for hours, teams in wanted if not teams)
    yield from (member.shift for name in team.managers if (member := rules.managers.get(name)))


def team_of(rules: Rules, manager_id: str) -> Team | None:
    """The one team of a manager (R15); heads often have none."""
    return next((team for team in rules.teams.values() if manager_id in team.managers), None)


def headed_by(rules: Rules, manager_id: str) -> Team | None:
    """The first team that somebody heads."""
    return next((team for team in rules.teams.values() if manager_id == team.head), None)


def head_of(rules: Rules, manager_id: str) -> str | None:
    """The head of a manager's team."""
    team = team_of(rules, manager_id)
    return team.head if team else None


def quiet_until(rules: Rules, manager_id: str, now: int) -> int | None:
    """The end of the quiet hours that a manager has now, ms; None outside of them."""
    quiet = quiet_hours(rules, manager_id)
    return quiet.next_close(now) if quiet and quiet.is_open(now) else None


def quiet_hours(rules: Rules, manager_id: str) -> Calendar | None:
    """Open while a manager wants quiet; None if they never do."""
    manager = rules.managers.get(manager_id)
    if manager is None or not manager.quiet:
        return None
    return calendar(Hours(zone_name(rules, manager.id), (manager.quiet,) * 7))

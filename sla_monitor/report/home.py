"""Whose day it is: the zone that the board and the report tell days in, unless another is named."""

from __future__ import annotations

from datetime import date, datetime, time, timedelta
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from sla_monitor.core.calendar import to_utc, zone
from sla_monitor.core.rules import Rules


def home(rules: Rules) -> ZoneInfo:
    """That of the last policy with a calendar (the last is the one for every other lead), else of a shift, else UTC."""
    named = (*(policy.calendar for policy in reversed(rules.policies)), *(m.shift for m in rules.managers.values()))
    hours = next((rules.calendars[name] for name in named if name and name in rules.calendars), None)
    try:
        return zone(hours.timezone if hours else "UTC")
    except ZoneInfoNotFoundError:  # the rules were resolved on a machine that knows a newer zone
        return zone("UTC")


def day_of(at: int, where: ZoneInfo) -> date:
    """The local day of an instant in ms."""
    return datetime.fromtimestamp(at // 1000, where).date()


def midnight(day: date, where: ZoneInfo) -> int:
    """The first instant of a local day, ms."""
    return to_utc(datetime.combine(day, time()), where)


def bounds(day: date, where: ZoneInfo) -> tuple[int, int]:
    """The first instant of a local day, and of the next one, ms."""
    return midnight(day, where), midnight(day + timedelta(days=1), where)

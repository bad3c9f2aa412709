"""Whole days in a time zone: what a report is about."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from functools import cached_property
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from sla_monitor.core.calendar import zone

from .home import day_of, midnight

EARLIEST, LATEST = date(1970, 1, 2), date(9000, 1, 1)
"""Days that every time zone can tell in milliseconds since the epoch."""

LAST_DAYS = re.compile(r"([1-9][0-9]{0,3})d")
ZONE = re.compile(r"[A-Za-z0-9_+-]{1,32}(/[A-Za-z0-9_+-]{1,32}){0,2}")
WEEK = re.compile(r"([0-9]{4})-W([0-9]{2})")


@dataclass(frozen=True)
class Period:
    """From the beginning of `first` to the end of `last`, local days of `zone`."""

    first: date
    last: date
    zone: ZoneInfo

    @property
    def begin(self) -> int:
        """The first instant, ms."""
        return midnight(self.first, self.zone)

    @property
    def end(self) -> int:
        """The first instant behind it, ms."""
        return midnight(self.last + timedelta(days=1), self.zone)

    @cached_property
    def days(self) -> tuple[date, ...]:
        return tuple(self.first + timedelta(days=n) for n in range((self.last - self.first).days + 1))

    def whole_from(self, complete_since: int) -> date | None:
        """The first whole day if outcomes are kept from an instant on, ms; None if all days are whole."""
        if complete_since <= self.begin:
            return None
        day = day_of(complete_since, self.zone)
        return day if midnight(day, self.zone) == complete_since else day + timedelta(days=1)

    def local(self, at: str) -> datetime:
        """An instant of RFC 3339 as a clock on the wall shows it."""
        return datetime.fromisoformat(at).astimezone(self.zone)


def zone_named(name: str) -> ZoneInfo:
    """Raises ValueError."""
    try:
        if ZONE.fullmatch(name):
            return zone(name)
    except ZoneInfoNotFoundError:
        pass
    raise ValueError("a time zone must be written like Europe/Moscow or UTC")


def choose(
    where: ZoneInfo,
    now: int,
    *,
    since: str = "",
    until: str = "",
    last: str = "",
    week: str = "",
    most: int | None = None,
) -> Period:
    """The period that was asked for, the last full week if none was.

    since, until: ISO dates, both included; since alone is up to today, until alone that day. last: `week` or `month`,
    the last full ones, or `7d`, today included. week: `2026-W47`. most: days it may have.
    Raises ValueError, with the remedy.
    """
    today = day_of(now, where)
    if sum(map(bool, (since or until, last, week))) > 1:
        raise ValueError("name from and to, or last, or week; not several of them")
    if since or until:
        first = _day(since or until)
        days = first, _day(until) if until else max(today, first)
    else:
        days = _week(week) if week else _last(last or "week", today)
    if days[1] < days[0]:
        raise ValueError(f"the period ends on {days[1]}, before it begins on {days[0]}")
    if most is not None and (days[1] - days[0]).days >= most:
        raise ValueError(f"the period may have at most {most} days")
    return Period(*days, where)


def _day(text: str) -> date:
    try:
        day = date.fromisoformat(text)
    except ValueError:
        raise ValueError("a day must be written like 2026-11-30") from None
    if not EARLIEST <= day <= LATEST:
        raise ValueError(f"a day must lie between {EARLIEST} and {LATEST}")
    return day


def _week(text: str) -> tuple[date, date]:
    """Monday and Sunday of an ISO week."""
    found = WEEK.fullmatch(text)
    try:
        monday = date.fromisocalendar(int(found[1]), int(found[2]), 1) if found else None
    except ValueError:
        monday = None
    if monday is None or not EARLIEST <= monday <= LATEST:
        raise ValueError("a week must be written like 2026-W47")
    return monday, monday + timedelta(days=6)


def _last(text: str, today: date) -> tuple[date, date]:
    if text == "week":
        sunday = today - timedelta(days=today.isoweekday())
        return sunday - timedelta(days=6), sunday
    if text == "month":
        end = today.replace(day=1) - timedelta(days=1)
        return end.replace(day=1), end
    found = LAST_DAYS.fullmatch(text)
    if not found:
        raise ValueError("last must be week, month, or a number of days like 7d")
    return today - timedelta(days=int(found[1]) - 1), today

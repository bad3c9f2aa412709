"""Opening hours as they are written in the policy file: days, spans of a day, a week of them."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from datetime import date
from itertools import pairwise

import holidays

from sla_monitor.core.rules import Intervals
from sla_monitor.values import clock_text

DAYS = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")
SPAN = r"^[0-9]{1,2}:[0-9]{2} *- *[0-9]{1,2}:[0-9]{2}$"
FULL_DAY = 24 * 60
LONGEST_ABSENCE = 366

Interval = tuple[int, int]
Week = tuple[Intervals, ...]


def parse_days(text: str) -> tuple[int, ...]:
    """`mon-fri` -> 0..4, Monday is 0; a range may pass over Sunday. Raises ValueError."""
    first, _, last = text.strip().lower().partition("-")
    if first not in DAYS or (last or first) not in DAYS:
        raise ValueError("must be a day or a range of days, such as mon or mon-fri")
    begin = DAYS.index(first)
    length = (DAYS.index(last or first) - begin) % 7
    return tuple((begin + offset) % 7 for offset in range(length + 1))


def parse_span(text: object) -> Interval:
    """`22:00-06:00` -> minutes after midnight of the day it starts on, the end beyond 1440 if it is on the next.

    Raises ValueError, with the remedy.
    """
    if not isinstance(text, str) or not re.fullmatch(SPAN, text):
        raise ValueError('must be hours of a day, such as "09:00-18:00"')
    begin, end = (_minutes(part) for part in text.split("-"))
    if begin == end:
        raise ValueError('begins and ends at once; the whole day is "00:00-24:00"')
    if begin == FULL_DAY:
        raise ValueError("24:00 can only be the end; the start of the next day is 00:00 there")
    return begin, end if end > begin else end + FULL_DAY


def _minutes(clock: str) -> int:
    hours, minutes = (int(part) for part in clock.split(":"))
    if minutes > 59 or hours * 60 + minutes > FULL_DAY:
        raise ValueError("must have times from 00:00 to 24:00")
    return hours * 60 + minutes


def check_day(spans: Iterable[Interval]) -> Intervals:
    """The spans of one day, in order. Raises ValueError if they overlap."""
    ordered = tuple(sorted(spans))
    for (begin, end), (following, _) in pairwise(ordered):
        if following < end:
            raise ValueError(
                f"has hours that overlap: {clock_text(begin)}-{clock_text(end)} and from {clock_text(following)}"
            )
    return ordered


def make_week(hours: Mapping[str, Intervals]) -> Week:
    """Seven days, Monday first. Raises ValueError for a day given twice, nights that overlap, and no hours at all."""
    week: dict[int, Intervals] = {}
    for days, spans in hours.items():
        for day in parse_days(days):
            if day in week:
                raise ValueError(f"has {DAYS[day]} twice")
            week[day] = spans
    if not any(week.values()):
        raise ValueError("opens on no weekday, so no lead would ever be due; give it hours")
    for day, spans in week.items():
        _check_night(day, spans, week.get((day + 1) % 7, ()))
    return tuple(week.get(day, ()) for day in range(7))


def _check_night(day: int, spans: Intervals, next_day: Intervals) -> None:
    if spans and next_day and spans[-1][1] - FULL_DAY > next_day[0][0]:
        end = clock_text(spans[-1][1])
        raise ValueError(f"has a night of {DAYS[day]} that ends at {end}, when {DAYS[(day + 1) % 7]} is open already")


def check_quiet(spans: Iterable[Interval]) -> Intervals:
    """The quiet hours of every day, in order. Raises ValueError if they overlap, or never end."""
    ordered = check_day(spans)
    if ordered and ordered[-1][1] - FULL_DAY > ordered[0][0]:
        raise ValueError(f"has a night that ends at {clock_text(ordered[-1][1])}, when other quiet hours have begun")
    if sum(end - begin for begin, end in ordered) >= FULL_DAY:
        raise ValueError("leaves no time of the day in which a notice may come")
    return ordered


def parse_days_off(text: str) -> list[str]:
    """`2027-01-05..2027-01-09` -> the ISO dates from one to the other; a date alone is itself. Raises ValueError."""
    first, _, last = text.partition("..")
    if not (is_iso_date(first) and is_iso_date(last or first)):
        raise ValueError("must be a date or two of them, such as 2026-12-31 or 2027-01-05..2027-01-09")
    begin, end = date.fromisoformat(first), date.fromisoformat(last or first)
    if not 0 <= (end - begin).days < LONGEST_ABSENCE:
        raise ValueError(f"must end after it begins, and within {LONGEST_ABSENCE} days")
    return [date.fromordinal(day).isoformat() for day in range(begin.toordinal(), end.toordinal() + 1)]


def holiday_dates(country: str, subdiv: str | None, today: date) -> list[str]:
    """ISO dates of the public holidays from the year before `today` to ten years after it."""
    years = range(today.year - 1, today.year + 11)
    found = holidays.country_holidays(country, subdiv=subdiv, years=years)
    return sorted(day.isoformat() for day in found if day.year in years)


def subdivisions(country: str) -> list[str] | None:
    """The subdivisions whose holidays are known, None if the country's are not."""
    known: dict[str, list[str]] = holidays.list_supported_countries()
    return known.get(country)


def countries() -> list[str]:
    """The ISO codes of the countries whose holidays are known."""
    return [code for code in holidays.list_supported_countries() if len(code) == 2]


def is_iso_date(text: str) -> bool:
    try:
        return date.fromisoformat(text).isoformat() == text
    except ValueError:
        return False


def regional_holidays(country: str, today: date) -> list[tuple[str, str]]:
    """(ISO date, name) of the coming year's days on which half of a country's regions are closed, and it is not."""
    regions, years = subdivisions(country) or [], (today.year, today.year + 1)
    closed = holidays.country_holidays(country, years=years)
    seen: dict[date, list[str]] = {}
    for region in regions:
        for day, name in holidays.country_holidays(country, subdiv=region, years=years).items():
            if day not in closed and today <= day < today.replace(year=today.year + 1, day=min(today.day, 28)):
                seen.setdefault(day, []).append(name)
    return [(day.isoformat(), names[0]) for day, names in sorted(seen.items()) if 2 * len(names) >= len(regions)]

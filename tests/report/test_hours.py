"""How far a clock's start may lie from the coming of its lead."""

from __future__ import annotations

from dataclasses import replace
from datetime import date
from zoneinfo import ZoneInfo

from sla_monitor.core.rules import DAY, HOUR, Hours, Manager, Policy
from sla_monitor.report.home import midnight
from sla_monitor.report.hours import first_coming, first_told, last_due, last_start
from tests.world import sales

UTC = ZoneInfo("UTC")
MONDAY = midnight(date(2030, 3, 18), UTC)
OFFICE = Hours("UTC", (((540, 1080),),) * 5 + ((), ()))


def test_around_the_clock_a_clock_starts_when_its_lead_comes():
    assert (first_coming(sales(), MONDAY), last_start(sales(), MONDAY)) == (MONDAY, MONDAY)


def test_a_lead_of_the_weekend_starts_on_monday():
    rules = replace(sales(policy=Policy(calendar="office")), calendars={"office": OFFICE})
    assert first_coming(rules, MONDAY) == MONDAY - 2 * DAY - 6 * HOUR
    assert last_start(rules, MONDAY - DAY) == MONDAY + 9 * HOUR
    assert last_start(rules, MONDAY + 10 * HOUR) == MONDAY + 10 * HOUR


def test_a_clock_of_the_weekend_is_due_as_much_after_the_opening_as_the_longest_target_says():
    rules = sales(policy=Policy(calendar="office", target=12 * HOUR))
    rules = replace(rules, calendars={"office": OFFICE}, policies=(*rules.policies, Policy(target=HOUR)))
    assert last_due(rules, MONDAY - DAY) == MONDAY + DAY + 12 * HOUR  # of Monday nine hours, of Tuesday three


def test_what_was_told_in_the_week_before_is_looked_at_too():
    assert first_told(sales(), MONDAY) == MONDAY - 7 * DAY
    assert first_told(sales(), DAY) == 0


def test_without_a_calendar_the_shifts_of_a_team_are_its_hours():
    rules = sales("anna")
    rules = replace(rules, managers={"anna": Manager("anna", shift="office")}, calendars={"office": OFFICE})
    assert first_coming(rules, MONDAY) == MONDAY - 2 * DAY - 6 * HOUR

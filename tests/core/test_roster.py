"""Presence, and who may take a lead (R15)."""

from __future__ import annotations

from typing import Any

import pytest

from sla_monitor.core.calendar import Calendar
from sla_monitor.core.people import team_of
from sla_monitor.core.roster import Held, PassedOver, Seat, Standing, Status, Waiting, look, shift_of
from sla_monitor.core.row import Header
from sla_monitor.core.rules import DAY, HOUR, MINUTE, Hours, Manager, Rules, Team

MONDAY = 1_893_456_000_000 - DAY  # 2029-12-31, a Monday, 00:00 UTC
OFFICE = Hours(week=(((540, 1080),),) * 5 + ((), ()))  # Monday to Friday, 9 to 18
SHIFT = Calendar(OFFICE)


def clock(hour: float, day: int = 0) -> int:
    return MONDAY + day * DAY + int(hour * HOUR)


def looked(now: int, status: str = "", at: int = 0, until: int | None = None, shift: Calendar | None = SHIFT) -> Any:
    """(reason, when to look again) of somebody with that status."""
    standing = Standing(status=status, order=(at, "", ""), until=until)
    look(standing, shift, now)
    return standing.reason, standing.changes_at


def needs(**changes: Any) -> Waiting:
    return Waiting(n=1, team_id="sales", since=0, grace=MINUTE, **changes)


def verdict(manager: Manager, held: int = 0, reason: str = "", **lead: Any) -> str | None:
    return Seat(manager, Standing(reason=reason), held).passed_over(needs(**lead))


def test_r15_without_a_status_a_manager_is_available_on_shift() -> None:
    assert looked(clock(9)) == ("", clock(18))


def test_r15_outside_the_shift_nobody_is_available_whatever_their_status() -> None:
    assert looked(clock(20), "available", clock(19.5)) == ("off_shift", clock(9, day=1))


def test_r15_without_a_shift_a_manager_is_always_on() -> None:
    assert looked(clock(3), shift=None) == ("", None)


@pytest.mark.parametrize("status", ["busy", "away", "offline"])
def test_r15_a_status_that_is_not_available_passes_a_manager_over(status: str) -> None:
    assert looked(clock(10), status, clock(9.5))[0] == status


def test_r15_a_status_expires_at_the_next_shift_start() -> None:
    status = ("offline", clock(22))
    assert looked(clock(8, day=1), *status) == ("off_shift", clock(9, day=1))
    assert looked(clock(9, day=1), *status) == ("", clock(18, day=1))


def test_r15_a_status_set_on_shift_lasts_until_the_shift_after() -> None:
    assert looked(clock(17.9), "away", clock(9.5)) == ("away", clock(18))
    assert looked(clock(9, day=1), "away", clock(17)) == ("", clock(18, day=1))


def test_r15_a_status_expires_after_twelve_hours_when_no_shift_starts_before() -> None:
    assert looked(clock(12), "offline", clock(0.5), shift=None) == ("offline", clock(12.5))
    assert looked(clock(12.5), "offline", clock(0.5), shift=None) == ("", None)


def test_r15_a_status_expires_after_twelve_hours_on_a_shift_that_never_ends() -> None:
    around_the_clock = Calendar(Hours())
    assert looked(clock(21.9), "away", clock(10), shift=around_the_clock) == ("away", clock(22))
    assert looked(clock(22), "away", clock(10), shift=around_the_clock) == ("", None)


def test_r15_a_status_expires_after_twelve_hours_within_a_long_shift() -> None:
    long = Calendar(Hours(week=(((0, 1380),),) * 7))  # 00:00 to 23:00
    assert looked(clock(21.9), "away", clock(10), shift=long) == ("away", clock(22))
    assert looked(clock(22), "away", clock(10), shift=long) == ("", clock(23))


def test_r15_a_status_with_an_end_of_its_own_expires_then_even_days_later() -> None:
    vacation = ("offline", clock(10), clock(10, day=2))
    assert looked(clock(12, day=1), *vacation)[0] == "offline"
    assert looked(clock(9.5, day=2), *vacation) == ("offline", clock(10, day=2))
    assert looked(clock(10, day=2), *vacation) == ("", clock(18, day=2))


def test_r15_a_short_break_ends_within_the_shift() -> None:
    assert looked(clock(10), "away", clock(10), clock(10.5)) == ("away", clock(10.5))


@pytest.mark.parametrize("reason", ["off_shift", "busy", "away", "offline"])
def test_r15_who_is_not_there_is_passed_over_with_the_reason(reason: str) -> None:
    assert verdict(Manager("anna"), reason=reason) == reason


def test_r15_capacity_counts_the_open_leads_held() -> None:
    anna = Manager("anna", capacity=2)
    assert verdict(anna, held=1) is None
    assert verdict(anna, held=2) is PassedOver.AT_CAPACITY
    assert verdict(Manager("anna"), held=1_000) is None


def test_r15_all_the_skills_are_needed() -> None:
    anna = Manager("anna", skills=("vip", "tax"))
    assert verdict(anna, skills=("tax", "vip")) is None
    assert verdict(anna, skills=("tax", "law")) is PassedOver.LACKS_SKILL


def test_r15_who_lists_languages_must_have_the_leads_and_who_lists_none_speaks_any() -> None:
    anna = Manager("anna", languages=("ru", "en"))
    assert verdict(anna, language="en") is None
    assert verdict(anna, language="de") is PassedOver.LACKS_LANGUAGE
    assert verdict(anna) is None
    assert verdict(Manager("boris"), language="de") is None


def test_r15_nobody_gets_a_lead_that_they_had() -> None:
    assert verdict(Manager("anna"), had=("vera", "anna")) is PassedOver.HAD_IT


def test_headers_tell_loads_waiting_asks_and_timers_without_decoding() -> None:
    assert needs().header() == Header(None, Status.WAITING, 0, "sales")
    assert Held("anna", MINUTE).header() == Header(None, Status.HELD, 0, "anna")
    assert Held("anna", MINUTE, test=True).header() == Header(None, Status.HELD, 1, "anna")
    assert Standing(changes_at=9, tell_at=5).header() == Header(5, Status.MANAGER)
    assert Standing().header() == Header(None, Status.MANAGER)


def test_r15_a_manager_is_in_one_team_or_in_none() -> None:
    rules = Rules(teams={"sales": Team("sales", ("anna",)), "care": Team("care", ("vera",))})
    team = team_of(rules, "vera")
    assert team is not None
    assert team.id == "care"
    assert team_of(rules, "boris") is None


def test_a_shift_is_the_calendar_of_that_name() -> None:
    rules = Rules(calendars={"office": OFFICE}, managers={"anna": Manager("anna", shift="office"), "b": Manager("b")})
    shift = shift_of(rules, "anna")
    assert shift is not None
    assert shift.is_open(clock(10))
    assert shift_of(rules, "b") is None

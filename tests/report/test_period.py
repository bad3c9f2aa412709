"""The days that a report is about."""

from __future__ import annotations

from datetime import UTC, date, datetime
from zoneinfo import ZoneInfo

import pytest

from sla_monitor.core.rules import HOUR, Hours, Manager, Policy, Rules
from sla_monitor.report.home import home
from sla_monitor.report.period import choose

NOW = int(datetime(2026, 11, 26, 22, 30, tzinfo=UTC).timestamp() * 1000)  # Friday already in Moscow
MOSCOW, BERLIN = ZoneInfo("Europe/Moscow"), ZoneInfo("Europe/Berlin")


@pytest.mark.parametrize(
    ("asked", "first", "last"),
    [
        ({}, "2026-11-16", "2026-11-22"),
        ({"last": "week"}, "2026-11-16", "2026-11-22"),
        ({"last": "month"}, "2026-10-01", "2026-10-31"),
        ({"last": "7d"}, "2026-11-21", "2026-11-27"),
        ({"last": "1d"}, "2026-11-27", "2026-11-27"),
        ({"week": "2026-W53"}, "2026-12-28", "2027-01-03"),
        ({"since": "2026-11-01", "until": "2026-11-30"}, "2026-11-01", "2026-11-30"),
        ({"since": "2026-11-20"}, "2026-11-20", "2026-11-27"),
        ({"since": "2026-12-20"}, "2026-12-20", "2026-12-20"),
        ({"until": "2026-11-20"}, "2026-11-20", "2026-11-20"),
    ],
)
def test_a_period_is_whole_local_days(asked: dict[str, str], first: str, last: str) -> None:
    period = choose(MOSCOW, NOW, **asked)
    assert (period.first, period.last) == (date.fromisoformat(first), date.fromisoformat(last))


def test_the_day_on_which_clocks_change_has_an_hour_more() -> None:
    period = choose(BERLIN, NOW, since="2026-10-25", until="2026-10-25")
    assert period.end - period.begin == 25 * HOUR


def test_it_may_have_so_many_days_and_no_more() -> None:
    assert len(choose(MOSCOW, NOW, last="100d", most=100).days) == 100
    with pytest.raises(ValueError, match="at most 100 days"):
        choose(MOSCOW, NOW, last="101d", most=100)


def test_the_days_are_those_of_the_policys_calendar_else_of_a_shift() -> None:
    hours = {"msk": Hours("Europe/Moscow"), "ber": Hours("Europe/Berlin")}
    staff = {"anna": Manager("anna", shift="ber")}
    assert home(Rules()).key == "UTC"
    assert home(Rules(calendars=hours, managers=staff)).key == "Europe/Berlin"
    assert (
        home(Rules(calendars=hours, managers=staff, policies=(Policy(calendar="msk"), Policy()))).key == "Europe/Moscow"
    )

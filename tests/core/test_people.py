"""When a manager works, and when they want quiet."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime
from typing import Any

import pytest

from sla_monitor.core import people
from sla_monitor.core.calendar import ALWAYS, to_utc, zone
from sla_monitor.core.lead import Status
from sla_monitor.core.people import quiet_until, shift, zone_name
from sla_monitor.core.rules import HOUR, Hours, Manager, Policy, Rules, Team
from tests import facts
from tests.world import World, sales

MOSCOW = Hours("Europe/Moscow", (((540, 1080),),) * 5 + ((), ()))
NIGHTS = Hours("Europe/Moscow", (((1320, 1800),),) * 7)  # 22:00 to 06:00


def moscow(text: str) -> int:
    """`2026-12-31 09:00` in Moscow, ms."""
    return to_utc(datetime.fromisoformat(text), zone("Europe/Moscow"))


def rules(policy: Policy | None = None, hours: Hours = MOSCOW, **anna: Any) -> Rules:
    return Rules(
        calendars={"office": hours},
        managers={"anna": Manager("anna", **anna)},
        teams={"sales": Team("sales", ("anna",))},
        policies=(policy or Policy(),),
    )


def test_r15_a_day_off_is_outside_of_the_shift():
    worked = shift(rules(shift="office", days_off=("2026-12-31",)), "anna")
    assert worked.is_open(moscow("2026-12-30 10:00"))
    assert not worked.is_open(moscow("2026-12-31 10:00"))
    assert worked.next_open(moscow("2026-12-30 19:00")) == moscow("2027-01-01 09:00")


def test_a_night_that_began_before_a_day_off_is_worked_to_its_end():
    worked = shift(rules(hours=NIGHTS, shift="office", days_off=("2026-12-31",)), "anna")
    assert worked.is_open(moscow("2026-12-31 05:00"))
    assert not worked.is_open(moscow("2026-12-31 23:00"))


def test_who_has_no_shift_has_days_off_in_the_zone_of_the_policy():
    worked = shift(rules(Policy(calendar="office"), days_off=("2026-12-31",)), "anna")
    assert not worked.is_open(moscow("2026-12-31 00:00"))
    assert worked.is_open(moscow("2027-01-01 00:00"))


def test_a_shift_without_days_off_is_made_once_a_policy(monkeypatch: pytest.MonkeyPatch):
    force = rules(shift="office", days_off=("2026-12-31",))
    assert shift(force, "anna") is shift(force, "anna")
    monkeypatch.setattr(people, "_MOST_SHIFTS", 1)
    assert shift(rules(shift="office", days_off=("2026-12-30",)), "anna") is not shift(force, "anna")


def test_who_is_unknown_always_works_and_is_never_quiet():
    assert shift(rules(), "ghost") is ALWAYS
    assert quiet_until(rules(), "ghost", 0) is None


@pytest.mark.parametrize(
    ("force", "zone"),
    [
        (rules(shift="office"), "Europe/Moscow"),
        (rules(Policy(calendar="office")), "Europe/Moscow"),
        (rules(Policy(calendar="office", team="sales")), "Europe/Moscow"),
        (rules(Policy(calendar="office", team="care")), "UTC"),
        (rules(), "UTC"),
    ],
)
def test_the_zone_is_that_of_the_shift_else_of_the_policy_else_utc(force: Rules, zone: str):
    assert zone_name(force, "anna") == zone


def test_somebody_in_no_team_has_the_zone_of_the_first_policy_with_a_calendar():
    assert zone_name(rules(Policy(calendar="office", team="care")), "boris") == "Europe/Moscow"


EAST = Hours("Asia/Vladivostok", MOSCOW.week)


def branches(*policies: Policy, **boss: Any) -> Rules:
    """Two teams in two zones, each with a head of no shift."""
    return Rules(
        calendars={"msk": MOSCOW, "vvo": EAST},
        managers={
            "anna": Manager("anna", shift="msk"),
            "daria": Manager("daria", shift="vvo"),
            "boris": Manager("boris"),
            "irina": Manager("irina", quiet=((1260, 1920),), **boss),  # 21:00 to 08:00
        },
        teams={"west": Team("west", ("anna",), "boris"), "east": Team("east", ("daria",), "irina")},
        policies=policies or (Policy("west", team="west", calendar="msk"), Policy(team="east", calendar="vvo")),
    )


@pytest.mark.parametrize(
    "policies",
    [
        (Policy("west", team="west", calendar="msk"), Policy(team="east", calendar="vvo")),
        (Policy("hot", calendar="msk"), Policy("east", match={"team": ("east",)}, calendar="vvo")),
        (Policy("west", team="west", calendar="msk"), Policy(team="east")),
    ],
)
def test_a_head_without_a_shift_has_the_zone_of_the_team_that_they_head(policies: tuple[Policy, ...]):
    assert zone_name(branches(*policies), "irina") == "Asia/Vladivostok"


def test_a_head_with_a_shift_has_its_zone():
    assert zone_name(branches(shift="msk"), "irina") == "Europe/Moscow"


def test_the_quiet_hours_of_a_head_are_in_the_zone_of_the_team():
    night = to_utc(datetime.fromisoformat("2026-12-01 01:00"), zone("Asia/Vladivostok"))
    assert quiet_until(branches(), "irina", night) == night + 7 * HOUR
    assert quiet_until(branches(), "irina", night + 10 * HOUR) is None


def test_quiet_hours_last_over_midnight_until_their_end():
    force = rules(shift="office", quiet=((1260, 1920),))  # 21:00 to 08:00
    assert quiet_until(force, "anna", moscow("2026-12-30 20:59")) is None
    assert quiet_until(force, "anna", moscow("2026-12-30 21:00")) == moscow("2026-12-31 08:00")
    assert quiet_until(force, "anna", moscow("2026-12-31 07:59")) == moscow("2026-12-31 08:00")
    assert quiet_until(force, "anna", moscow("2026-12-31 08:00")) is None


def test_r6_a_lead_on_the_day_off_of_everybody_is_scheduled_until_the_next_shift():
    anna = Manager("anna", shift="office", days_off=("2026-12-31",))
    w = World(
        replace(sales("anna", calendars={"office": MOSCOW}), managers={"anna": anna}), at=moscow("2026-12-31 10:00")
    )
    w.feed(facts.lead("L", w.now))
    assert w.lead("L").status is Status.SCHEDULED
    assert w.lead("L").started_at == moscow("2027-01-01 09:00")


def test_r17_a_holder_on_a_day_off_is_absent_like_outside_of_the_shift():
    team = sales(policy=Policy(on_absence="reassign"))
    away = {**team.managers, "anna": Manager("anna", days_off=("2026-12-31",))}
    w = World(replace(team, managers=away), at=moscow("2026-12-31 10:00"))
    w.feed(facts.lead("L", w.now, owner_id="anna"))
    assert w.lead("L").holder == "vera"

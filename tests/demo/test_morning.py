"""What happens in the demo is the same each time, and enough for everything to be seen."""

from __future__ import annotations

from datetime import UTC, date, datetime
from itertools import islice, takewhile

import phonenumbers

from sla_monitor.core.rules import MINUTE, SECOND
from sla_monitor.demo.feed import phone
from sla_monitor.demo.morning import (
    HEAD,
    OPENS,
    POLICY,
    REACTIONS,
    SPEED,
    TOLD,
    Absence,
    Form,
    MissedCall,
    Plot,
    morning,
)
from sla_monitor.demo.run import morning_clock
from sla_monitor.policy import parse_rules

RULES = parse_rules(POLICY, date(2026, 11, 23))


def first_hours(minutes: float = 120) -> list[Form | MissedCall | Absence]:
    return list(takewhile(lambda happening: happening.at < minutes, morning()))


def test_it_is_the_same_each_time_and_in_order() -> None:
    assert first_hours() == first_hours()
    times = [happening.at for happening in first_hours()]
    assert times == sorted(times)


def test_it_never_ends() -> None:
    assert len(list(islice(morning(), 1000))) == 1000


def test_every_plot_and_every_kind_of_happening_is_in_it() -> None:
    assert {happening.plot for happening in TOLD if isinstance(happening, Form)} == set(Plot)
    assert {type(happening) for happening in TOLD} == {Form, MissedCall, Absence}


def test_no_two_leads_share_an_id_and_two_of_them_a_number() -> None:
    forms = [happening for happening in first_hours() if isinstance(happening, Form)]
    assert len({form.lead_id for form in forms}) == len(forms)
    assert len(forms) - len({form.customer for form in forms}) == 1


def test_the_numbers_are_valid_and_none_is_anybodys() -> None:
    numbers = [phone(form.customer) for form in first_hours() if not isinstance(form, Absence)]
    assert all(number.startswith("+44 20 7946 0") for number in numbers)
    assert all(phonenumbers.is_valid_number(phonenumbers.parse(number)) for number in numbers)


def test_a_breach_can_be_seen_in_the_first_quarter_of_an_hour() -> None:
    overlooked = next(form for form in TOLD if isinstance(form, Form) and form.plot is Plot.OVERLOOKED)
    assert overlooked.at * MINUTE + RULES.policies[-1].target < 14 * MINUTE


def test_the_team_of_the_policy_is_the_team_that_reacts() -> None:
    team = RULES.teams["sales"]
    assert [*team.managers, team.head] == list(REACTIONS)
    assert team.head == HEAD
    assert {h.manager_id for h in TOLD if isinstance(h, Absence)} <= set(team.managers)


def test_the_clock_shows_the_hour_of_opening_and_runs_fast() -> None:
    clock = morning_clock()
    shown = datetime.fromtimestamp(clock.now() / SECOND, UTC)
    assert (shown.hour, shown.minute) == (OPENS, 0)
    assert clock.speed == SPEED

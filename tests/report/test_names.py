"""What people call the groups of a report."""

from __future__ import annotations

from dataclasses import replace

import pytest

from sla_monitor.core.rules import Manager, Policy, Rules, Team
from sla_monitor.report.figures import By
from sla_monitor.report.names import label, names_of
from sla_monitor.report.sheet import html, sheet_of
from tests.report.days import WEEK, a_week, clocks_of, office


def rules() -> Rules:
    teams = {"sales": Team("sales", name="Sales team"), "east": Team("east"), "a": Team("a", name="West")}
    return Rules(
        version=1,
        managers={"anna": Manager("anna", "Anna"), "an2": Manager("an2", "Anna"), "vera": Manager("vera")},
        teams=teams | {"b": Team("b", name="West"), "c": Team("c", name="east")},
        policies=(Policy("hot", title="10 min, hot"), Policy("default")),
    )


@pytest.mark.parametrize(
    ("by", "key", "called"),
    [
        (By.TEAM, "sales", "Sales team"),
        (By.TEAM, "gone", "gone"),
        (By.TEAM, "", ""),
        (By.POLICY, "hot", "10 min, hot"),
        (By.POLICY, "default", "default"),
        (By.MANAGER, "vera", "vera"),
        (By.SOURCE, "sales", "sales"),
        (By.DAY, "2030-03-18", "2030-03-18"),
    ],
)
def test_teams_and_promises_are_called_as_on_the_board_and_by_their_ids_where_they_have_no_name(by, key, called):
    assert label(by, key, names_of(rules())) == called


def test_two_that_are_called_alike_are_told_apart_by_their_ids():
    names = names_of(rules())
    assert [names[By.TEAM][key] for key in ("a", "b")] == ["West (a)", "West (b)"]
    assert [names[By.TEAM][key] for key in ("east", "c")] == ["east", "east (c)"]
    assert [names[By.MANAGER][key] for key in ("anna", "an2")] == ["Anna (anna)", "Anna (an2)"]


def test_the_sheet_calls_the_team_by_its_name():
    named = office()
    named = replace(named, teams={"sales": replace(named.teams["sales"], name="Отдел продаж")})
    shown = sheet_of(clocks_of(a_week(), WEEK), WEEK, named, "anna")
    assert "команда Отдел продаж" in html(shown, "")
    assert len(shown.shares) == 2

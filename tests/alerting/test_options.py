"""`sla-monitor rules`, and what it refuses."""

from __future__ import annotations

import re

import pytest
import yaml
from typer.testing import CliRunner

from sla_monitor.alerting import Options, rules_yaml
from sla_monitor.cli import app
from sla_monitor.errors import Misconfigured
from tests.alerting.promtool import RULES


def run(*arguments: str) -> str:
    result = CliRunner().invoke(app, ["rules", *arguments], catch_exceptions=False)
    assert result.exit_code == 0
    return result.stdout


def test_the_command_prints_the_committed_file() -> None:
    assert run() == RULES.read_text()


def test_the_same_options_give_the_same_bytes() -> None:
    assert run("--objective", "0.97", "--speed", "30") == run("--objective", "0.97", "--speed", "30")


@pytest.mark.parametrize("objective", [0.94, 0.95, 0.97, 0.99, 0.999])
def test_up_to_one_late_lead_in_fifteen_every_factor_can_be_reached(objective: float) -> None:
    assert rules_yaml(Options(objective)) != ""


@pytest.mark.parametrize(
    ("objective", "unreachable", "remedy"),
    [
        (0.93, ["14.4"], "11.4,6,3,1"),
        (0.9, ["14.4"], "8,6,3,1"),
        (0.85, ["14.4"], "5.33,5.33,3,1"),
        (0.8, ["14.4", "6"], "4,4,3,1"),
        (0.5, ["14.4", "6", "3"], "1.6,1.6,1.6,1"),
    ],
)
def test_a_loose_objective_is_refused_with_factors_that_can_be_reached(
    objective: float, unreachable: list[str], remedy: str
) -> None:
    with pytest.raises(Misconfigured) as refused:
        Options(objective)
    assert [problem.path for problem in refused.value.problems] == unreachable
    for problem in refused.value.problems:
        assert f"objective of {objective:g}" in problem.message
        assert f"use --burn {remedy}" in problem.message
    assert run("--objective", str(objective), "--burn", remedy)


@pytest.mark.parametrize(
    ("objective", "factors"), [(0.95, (14.4, 6, 3, 1)), (0.9, (8, 6, 3, 1)), (0.5, (1.6, 1.6, 1.6, 1))]
)
def test_where_no_factors_are_named_they_follow_the_objective(objective: float, factors: tuple[float, ...]) -> None:
    assert run("--objective", str(objective)) == rules_yaml(Options(objective, factors))


@pytest.mark.parametrize("objective", [round(0.8 + step / 100, 2) for step in range(20)])
def test_no_rule_asks_for_more_late_leads_than_there_are(objective: float) -> None:
    try:
        options = Options(objective)
    except Misconfigured as refused:
        (remedy,) = set(re.findall(r"use --burn ([\d.,]+)", str(refused)))
        options = Options(objective, tuple(map(float, remedy.split(","))))
    for rule in yaml.safe_load(rules_yaml(options))["groups"][0]["rules"]:
        for factor, budget in re.findall(r"> ([\d.]+) \* ([\d.]+)", rule["expr"]):
            assert float(factor) * float(budget) < 1


@pytest.mark.parametrize(
    ("wrong", "said"),
    [
        ({"objective": 1}, "between 0 and 1"),
        ({"objective": 95}, "between 0 and 1"),
        ({"burn": (14.4, 6)}, "4 factors"),
        ({"burn": (14.4, 6, 0, 1)}, "above 0"),
        ({"min_events": 0}, "1 or more"),
        ({"speed": 0}, "above 0"),
    ],
)
def test_what_makes_no_sense_is_refused(wrong: dict[str, object], said: str) -> None:
    with pytest.raises(Misconfigured, match=said):
        Options(**wrong)


def test_factors_that_are_no_numbers_are_a_mistake() -> None:
    with pytest.raises(Misconfigured, match="must be numbers"):
        CliRunner().invoke(app, ["rules", "--burn", "14.4;6"], catch_exceptions=False)


def test_links_begin_with_what_was_said() -> None:
    said = run("--runbooks", "https://wiki.example/sla", "--dashboards", "https://grafana.example/d")
    assert "runbook_url: https://wiki.example/sla/no-worker.md" in said
    assert "dashboard_url: https://grafana.example/d/sla-overview" in said

"""Every alert fires, says so, ends, and does not fire for what is merely close."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from sla_monitor.values import duration_text, parse_duration
from tests.alerting.cases import figures, leads, pipeline, promise, watching, workers
from tests.alerting.cases.case import Case, Firing
from tests.alerting.promtool import GROUPS, Bench

CASES = [case for part in (promise, leads, workers, pipeline, figures, watching) for case in part.CASES]
RULES = [(group, rule) for group in GROUPS for rule in group["rules"]]
ALERTS = [rule for _, rule in RULES if "alert" in rule]
ALWAYS = "SlaWatchdog"


def rule_of(case: Case) -> tuple[dict[str, Any], dict[str, Any]]:
    """Its group and itself."""
    (found,) = [
        (group, rule)
        for group, rule in RULES
        if rule.get("alert") == case.alert and case.labels.items() <= rule["labels"].items()
    ]
    return found


def bench(case: Case, path: Path) -> Bench:
    """The rule of a case alone, behind those recordings of its group that it reads."""
    group, rule = rule_of(case)
    kept = [rule]
    for one in reversed(group["rules"][: group["rules"].index(rule)]):
        if any(one.get("record", "an alert") in str(reader) for reader in kept):
            kept.insert(0, one)
    return Bench(path, [group | {"rules": kept}])


def check(case: Case, at: str, fires: list[Firing]) -> dict[str, Any]:
    _, rule = rule_of(case)
    expected = [
        {"exp_labels": rule["labels"] | labels, "exp_annotations": rule["annotations"] | {"summary": says}}
        for labels, says in fires
    ]
    return {"alertname": case.alert, "eval_time": at, "exp_alerts": expected}


def named(case: Case) -> str:
    return "-".join([case.alert, *case.labels.values()])


@pytest.mark.parametrize("case", CASES, ids=named)
def test_an_alert_fires_says_so_and_ends(case: Case, tmp_path: Path) -> None:
    checks = [check(case, case.at, case.fires), check(case, case.over, [])]
    bench(case, tmp_path).run(case.given, {"alert_rule_test": checks}, case.step, case.every)


@pytest.mark.parametrize("case", CASES, ids=named)
def test_an_alert_does_not_fire_for_what_is_close(case: Case, tmp_path: Path) -> None:
    end, often = parse_duration(case.over), max(parse_duration(case.every or "1m"), parse_duration("1m"))
    checks = [check(case, duration_text(at), []) for at in range(0, end + 1, often)]
    bench(case, tmp_path).run(case.nearly(), {"alert_rule_test": checks}, case.step, case.every)


def test_every_alert_has_its_cases() -> None:
    covered = [rule_of(case)[1] for case in CASES]
    assert [rule["alert"] for rule in ALERTS if rule not in covered] == [ALWAYS]
    assert all(case.fires and case.near for case in CASES)


def test_the_watchdog_always_fires(tmp_path: Path) -> None:
    (rule,) = [rule for rule in ALERTS if rule["alert"] == ALWAYS]
    fires = [{"exp_labels": rule["labels"], "exp_annotations": rule["annotations"]}]
    checks = [{"alertname": ALWAYS, "eval_time": at, "exp_alerts": fires} for at in ("0s", "1h")]
    Bench(tmp_path).run({}, {"alert_rule_test": checks}, "1m")

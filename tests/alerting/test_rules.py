"""What holds for every rule, whatever it watches."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pytest
import yaml

from sla_monitor.alerting import Alert, Dashboard, Options, Recording, groups, rules_yaml
from sla_monitor.alerting.figures import SAMPLE_LIMIT
from sla_monitor.alerting.promql import increase, series
from sla_monitor.alerting.watching import ALERTMANAGER, PROMETHEUS
from sla_monitor.alerting.workers import AUDIT, WEB, WORKER
from sla_monitor.metrics import catalogue as m
from sla_monitor.metrics.catalogue import CATALOGUE, Kind
from sla_monitor.values import parse_duration
from tests.alerting.promtool import ROOT, RULES, promtool

PROMETHEUS_YML = ROOT / "deploy" / "prometheus" / "prometheus.yml"
SCRAPED: dict[str, Any] = yaml.safe_load(PROMETHEUS_YML.read_text())

DEFINED = [(group, rule) for group in groups(Options()) for rule in group.rules]
ALERTS = [rule for _, rule in DEFINED if isinstance(rule, Alert)]
RECORDED = {rule.name for _, rule in DEFINED if isinstance(rule, Recording)}

OURS = {metric.name: metric for metric in CATALOGUE}
OURS |= {f"{metric.name}_{part}": metric for metric in CATALOGUE for part in ("bucket", "count", "sum")}
THEIRS = {
    "up",
    "scrape_samples_scraped",
    "prometheus_rule_evaluation_failures_total",
    "prometheus_notifications_alertmanagers_discovered",
    "prometheus_notifications_errors_total",
    "alertmanager_notifications_failed_total",
}

SELECTOR = re.compile(r"([a-zA-Z_:][\w:]*)(?![\w:]|\s*\()(?:\{([^}]*)\})?")
WORDS = {"and", "or", "unless"}
SPAN = re.compile(r"(?:\d+(?:ms|[smhd]))+")
UNITS = {"ms": 1, "s": 1_000, "m": 60_000, "h": 3_600_000, "d": 86_400_000}


def selected(expr: str) -> list[tuple[str, list[str]]]:
    """The series that an expression reads, with the labels they are chosen by."""
    bare = re.sub(r"\bby \([^)]*\)|\[[^]]*\]|\boffset \w+", "", expr)
    found = [(name, re.findall(r"(\w+)(?:=~|!=|=)", labels)) for name, labels in SELECTOR.findall(bare)]
    return [(name, labels) for name, labels in found if name not in WORDS]


def test_promtool_finds_nothing_to_complain_about() -> None:
    promtool("check", "rules", "--lint=all", "--lint-fatal", RULES)
    promtool("check", "config", PROMETHEUS_YML)


@pytest.mark.parametrize("rule", [rule for _, rule in DEFINED], ids=lambda rule: rule.name)
def test_a_rule_reads_what_is_shown_or_recorded_and_nothing_else(rule: Alert | Recording) -> None:
    read = selected(rule.expr)
    assert read or rule.expr.startswith("vector(")
    for name, labels in read:
        assert name in OURS or name in RECORDED or name in THEIRS, name
        if name in OURS:
            assert set(labels) <= {label.name for label in OURS[name].labels}


@pytest.mark.parametrize("rule", [rule for _, rule in DEFINED], ids=lambda rule: rule.name)
def test_what_moves_with_its_partition_is_first_reduced_to_the_newest(rule: Alert | Recording) -> None:
    """Else what two owners show during the move would count twice."""
    moving = [name for name, _ in selected(rule.expr) if name in OURS and OURS[name].kind in (Kind.STATE, Kind.LEDGER)]
    for name in moving:
        assert re.search(rf"max(?: by \([^)]*\) ?)?\((?:max_over_time\()?{name}\b", rule.expr), name


@pytest.mark.parametrize("alert", ALERTS, ids=lambda alert: alert.name)
def test_a_recording_that_an_alert_reads_stands_before_it_in_its_group(alert: Alert) -> None:
    (group,) = [group for group, rule in DEFINED if rule is alert]
    before = {rule.name for rule in group.rules[: group.rules.index(alert)] if isinstance(rule, Recording)}
    assert {name for name, _ in selected(alert.expr)} & RECORDED <= before


@pytest.mark.parametrize("alert", ALERTS, ids=lambda alert: alert.name)
def test_an_alert_leads_to_a_dashboard_and_to_a_runbook_that_names_it(alert: Alert) -> None:
    assert alert.name.startswith("Sla")
    assert alert.dashboard in set(Dashboard)
    assert alert.name in (ROOT / "docs" / "runbooks" / alert.runbook).read_text()


@pytest.mark.parametrize("alert", ALERTS, ids=lambda alert: alert.name)
def test_nothing_seems_old_that_was_scraped_in_time(alert: Alert) -> None:
    """The sum of both intervals is how old a value that is always now may look."""
    blind = sum(parse_duration(SCRAPED["global"][f"{what}_interval"]) for what in ("scrape", "evaluation")) / 1000
    for threshold in re.findall(r"time\(\) - .*? > (\d+)", alert.expr):
        assert float(threshold) > blind


def spans(text: str) -> list[float]:
    """Every duration in a rule file, in ms: as Prometheus writes them, and as numbers of seconds."""
    found = []
    for group in yaml.safe_load(text)["groups"]:
        for rule in group["rules"]:
            said = " ".join([group["interval"], rule.get("for", ""), re.sub(r"\w+:[\w:]+", "", rule["expr"])])
            found += [
                sum(int(part) * UNITS[unit] for part, unit in re.findall(r"(\d+)(ms|[smhd])", span))
                for span in SPAN.findall(said)
            ]
            found += [1000 * float(seconds) for seconds in re.findall(r"time\(\) - .*? > ([\d.]+)", said)]
            found += [1000 * float(seconds) for seconds in re.findall(r" \* ([\d.]+) >= 20", said)]
    return found


def test_speed_divides_every_duration() -> None:
    plain, fast = (spans(rules_yaml(Options(speed=speed))) for speed in (1, 60))
    assert plain == [60 * span for span in fast]
    assert 1000 * 120 in plain
    assert len(plain) > 150


def test_the_jobs_and_the_limit_of_the_rules_are_those_of_prometheus_yml() -> None:
    jobs = {job["job_name"]: job.get("sample_limit") for job in SCRAPED["scrape_configs"]}
    assert jobs == {WORKER: SAMPLE_LIMIT, WEB: SAMPLE_LIMIT, AUDIT: SAMPLE_LIMIT, PROMETHEUS: None, ALERTMANAGER: None}


def test_the_catalogue_is_asked_for_what_it_has_or_refuses() -> None:
    assert series(m.OPEN_LEADS, state=("waiting", "held")) == 'sla_open_leads{state=~"waiting|held"}'
    for wrong in (
        lambda: series(m.OPEN_LEADS, colour="red"),
        lambda: series(m.OPEN_LEADS, state="red"),
        lambda: series(m.OPEN_LEADS, "_bucket"),
        lambda: increase(m.RECEIVED, "5m", "partition"),
    ):
        with pytest.raises(LookupError):
            wrong()


def test_every_dashboard_is_the_way_on_from_some_alert() -> None:
    assert {alert.dashboard for alert in ALERTS} == set(Dashboard)


def test_runbooks_lead_to_pages_that_exist() -> None:
    pages = Path(ROOT / "docs" / "runbooks")
    for page in pages.glob("*.md"):
        links = [link for link in re.findall(r"\]\(([^)#]+)\)", page.read_text()) if not link.startswith("http")]
        assert [link for link in links if not (pages / link).exists()] == [], page.name

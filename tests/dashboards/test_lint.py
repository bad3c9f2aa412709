"""What must hold of a dashboard's file: the rules of Grafana's dashboard-linter, and our own about metrics."""

from __future__ import annotations

import re
from itertools import combinations
from typing import Any

import pytest

from sla_monitor.alerting import Options, Recording, groups
from sla_monitor.alerting.figures import SAMPLE_LIMIT
from sla_monitor.metrics import CATALOGUE
from sla_monitor.metrics import catalogue as m
from sla_monitor.metrics.catalogue import Kind, Metric
from tests.dashboards.files import SHEETS, Panel, Question, names, panels, questions

SHOWN = [(name, panel) for name, sheet in SHEETS.items() for panel in panels(sheet)]
ASKED = [question for sheet in SHEETS.values() for question in questions(sheet)]
every_sheet = pytest.mark.parametrize("sheet", SHEETS.values(), ids=SHEETS)
every_panel = pytest.mark.parametrize("panel", [panel for _, panel in SHOWN], ids=lambda panel: panel["title"])
every_question = pytest.mark.parametrize("question", ASKED, ids=lambda question: question.where)

COUNTERS = {Kind.COUNTER, Kind.LEDGER}
GROWING = {metric.name for metric in CATALOGUE if metric.kind in COUNTERS} | {
    f"{metric.name}_bucket" for metric in CATALOGUE if metric.kind is Kind.HISTOGRAM
}
OURS = {metric.name for metric in CATALOGUE if metric.kind is not Kind.HISTOGRAM} | GROWING

RECORDED = {rule.name for group in groups(Options()) for rule in group.rules if isinstance(rule, Recording)}

THEIRS = {
    "ALERTS",
    "ALERTS_FOR_STATE",
    "alertmanager_notifications_failed_total",
    "process_cpu_seconds_total",
    "process_open_fds",
    "process_resident_memory_bytes",
    "process_start_time_seconds",
    "prometheus_notifications_alertmanagers_discovered",
    "prometheus_notifications_dropped_total",
    "prometheus_rule_evaluation_failures_total",
    "prometheus_tsdb_head_series",
    "python_gc_collections_total",
    "scrape_duration_seconds",
    "scrape_samples_scraped",
    "up",
}
"""Metrics of Prometheus, Alertmanager and prometheus_client; that they exist, test_queries.py shows."""

UNSEEN: dict[Metric, str] = {}
"""Metrics of the catalogue that no dashboard shows, and why."""

SINCE_THE_START = {f"{m.OPENING_SECONDS.name}_bucket"}
"""Counters that have grown before the first scrape sees them: an increase would hide it."""

WINDOWS = {"$__rate_interval", "$__range", "5m", "1h", "1d", "30d", "2m"}
"""That of graphs, all that is shown, those of the promise, and that of annotations, which know no other."""


@every_panel
def test_a_panel_says_what_it_shows(panel: Panel):
    assert panel["title"]
    assert panel["description"].endswith(".")
    assert panel["fieldConfig"]["defaults"]["unit"]


@every_panel
def test_a_panel_asks_the_chosen_data_source(panel: Panel):
    assert panel["targets"]
    for asked in (panel, *panel["targets"]):
        assert asked["datasource"] == {"type": "prometheus", "uid": "${datasource}"}


@every_sheet
def test_ids_and_titles_are_unique_and_so_are_the_letters_of_a_panel(sheet: dict[str, Any]):
    ids = [panel["id"] for panel in sheet["panels"]]
    titles = [panel["title"] for panel in panels(sheet)]
    assert len({*ids}) == len(ids)
    assert len({*titles}) == len(titles)
    for panel in panels(sheet):
        letters = [target["refId"] for target in panel["targets"]]
        assert all(letters)
        assert len({*letters}) == len(letters)


@every_sheet
def test_nothing_lies_on_something_else_or_beside_the_grid(sheet: dict[str, Any]):
    places = [panel["gridPos"] for panel in sheet["panels"]]
    assert all(place["x"] + place["w"] <= 24 for place in places)
    assert not [pair for pair in combinations(places, 2) if overlap(*pair)]


def overlap(a: dict[str, int], b: dict[str, int]) -> bool:
    beside = a["x"] + a["w"] <= b["x"] or b["x"] + b["w"] <= a["x"]
    above = a["y"] + a["h"] <= b["y"] or b["y"] + b["h"] <= a["y"]
    return not (beside or above)


@every_question
def test_a_query_is_about_metrics_that_exist(question: Question):
    assert question.names() or question.expr == f"vector({SAMPLE_LIMIT})"
    assert question.names() <= OURS | RECORDED | THEIRS


@every_question
def test_a_counter_is_asked_for_its_increase_and_nothing_else_is(question: Question):
    growing = set(re.findall(r"(?:rate|increase)\((\w+)(?:\{[^}]*\})?\[", question.expr))
    if not question.where.rpartition(": ")[2].startswith("variable "):
        counters = {name for name in question.names() if name in GROWING or name.endswith("_total")}
        assert growing == counters - SINCE_THE_START


@every_question
def test_a_window_suits_what_it_is_for(question: Question):
    assert {*re.findall(r"\[(.*?)\]", question.expr)} <= WINDOWS


@every_question
def test_the_sum_over_processes_comes_last(question: Question):
    assert not re.search(r"(rate|increase)\((sum|max|min)", question.expr)


@every_question
def test_a_label_of_a_manager_is_never_shown_without_a_bound(question: Question):
    if "by (manager)" in question.expr and "{{manager}}" in question.legend:
        assert re.search(r"(top|bottom)k\(", question.expr)


def test_every_metric_is_shown_somewhere():
    shown = {name.removesuffix("_bucket") for question in ASKED for name in question.names()}
    assert [metric.name for metric in CATALOGUE if metric.name not in shown and metric not in UNSEEN] == []
    assert [metric.name for metric in UNSEEN if metric.name in shown] == []


@every_sheet
def test_a_dashboard_leads_to_the_others_and_to_the_board(sheet: dict[str, Any]):
    links = {link["url"] for link in sheet["links"]}
    assert links == {"${board}"} | {f"/d/{other['uid']}" for other in SHEETS.values() if other is not sheet}


def test_links_and_bookmarks_keep_their_uids():
    assert [sheet["uid"] for sheet in SHEETS.values()] == ["sla-overview", "sla-managers", "sla-pipeline"]


def test_an_expression_is_read_for_its_metrics_only():
    said = (
        'sum by (le, kind) (rate(a_bucket{b="c"}[$__range])) / on (d) count_values by (e) ("f", g) or h offset 2m > 1'
    )
    assert names(said) == {"a_bucket", "g", "h"}

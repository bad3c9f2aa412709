"""Every query of every dashboard, asked of a real Prometheus that has watched a busy hour of a real monitor."""

from __future__ import annotations

import time
from collections.abc import Iterator

import pytest

from tests.dashboards.files import SHEETS, Question, label_values
from tests.dashboards.preview.asking import Answer, Prometheus, Span
from tests.dashboards.preview.drawing import KINDS, page
from tests.dashboards.scenario import PACE, watched

HOUR = 60
"""Seconds that it lasts."""

EMPTY = {
    "sla-pipeline: Unavailable B": "the log is always there",
    "sla-overview: annotation Rebalances": "one process has nobody to share partitions with",
    "sla-pipeline: What metrics leave out B": "a label overflows only with more values than an office has",
}
"""What has no answer, and why; anything else must have one."""


@pytest.fixture(scope="module")
def prometheus(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Prometheus]:
    with watched(tmp_path_factory.mktemp("office"), HOUR) as ops:
        yield Prometheus(ops.url)


@pytest.fixture(scope="module")
def span(prometheus: Prometheus) -> Span:
    return Span(time.time(), HOUR, 1)


@pytest.fixture(scope="module")
def answers(prometheus: Prometheus, span: Span) -> list[Answer]:
    return [answer for sheet in SHEETS.values() for answer in prometheus.answers(sheet, span)]


def test_prometheus_understands_every_query(answers: list[Answer]):
    assert {answer.question.where: answer.error for answer in answers if answer.error} == {}


def test_only_what_is_named_is_empty(answers: list[Answer]):
    assert {answer.question.where for answer in answers if not answer.series} == EMPTY.keys()


def test_a_variable_offers_what_there_is(prometheus: Prometheus):
    for sheet in SHEETS.values():
        for one in sheet["templating"]["list"]:
            if one["type"] == "query":
                selector, label = label_values(one["query"])
                assert set(prometheus.get(f"label/{label}/values", **{"match[]": selector})) > PACE.keys()


def test_the_shares_that_are_shown_are_what_was_counted(prometheus: Prometheus, span: Span, answers: list[Answer]):
    (shown,) = (one.series[0].last for one in answers if one.question.where == "sla-overview: In time, last hour A")
    labels = 'turn="first",measure="response"'
    counted = f"sum(sla_evaluations_total{{{labels}}})"
    late = f'sum(sla_evaluations_total{{{labels},outcome="breached"}}) - sum(sla_retractions_total{{{labels}}})'
    answer = prometheus.answer(Question("counted", f"1 - ({late}) / {counted}", instant=True), span)
    assert 0.2 < shown < 1
    assert shown == pytest.approx(answer.series[0].last, abs=0.05)


def test_a_preview_draws_every_panel_and_says_what_it_is(prometheus: Prometheus, span: Span):
    for sheet in SHEETS.values():
        drawn = page(sheet, prometheus, span)
        assert "preview, not Grafana" in drawn
        assert drawn.count("<section") == sum(panel["type"] in KINDS for panel in sheet["panels"])

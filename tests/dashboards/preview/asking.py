"""A Prometheus, asked what a dashboard would ask it."""

from __future__ import annotations

import json
import re
import urllib.error
import urllib.request
from collections.abc import Iterable
from dataclasses import dataclass
from math import isnan
from typing import Any
from urllib.parse import urlencode

from tests.dashboards.files import Question, questions

POINTS = 300
"""At most, of a graph."""


@dataclass(frozen=True, slots=True)
class Span:
    """What a dashboard shows: up to an instant, in seconds since 1970; `scrape`: seconds between two scrapes."""

    end: float
    seconds: int
    scrape: int

    @property
    def start(self) -> float:
        return self.end - self.seconds

    @property
    def step(self) -> int:
        return max(self.scrape, self.seconds // POINTS)

    def fill(self, expr: str) -> str:
        """An expression with Grafana's variables filled in; of our own, everything is chosen."""
        values = {"__rate_interval": f"{max(self.step + self.scrape, 4 * self.scrape)}s", "__range": f"{self.seconds}s"}
        return re.sub(r"\$(\w+)", lambda found: values.get(found[1], ".*"), expr)


@dataclass(frozen=True, slots=True)
class Series:
    """points: instants and values, in order; never NaN, which is what a graph leaves out."""

    labels: dict[str, str]
    points: list[tuple[float, float]]

    @property
    def last(self) -> float:
        return self.points[-1][1]

    def named(self, legend: str) -> str:
        return re.sub(r"\{\{(\w+)}}", lambda found: self.labels.get(found[1], ""), legend)


@dataclass(frozen=True, slots=True)
class Answer:
    """error: what Prometheus said is wrong with the question."""

    question: Question
    series: list[Series]
    error: str = ""


class Prometheus:
    def __init__(self, url: str) -> None:
        self.url = url.rstrip("/")

    def answer(self, question: Question, span: Span) -> Answer:
        """What Grafana would get for it."""
        try:
            return Answer(question, [one for one in self._series(question, span) if one.points])
        except urllib.error.HTTPError as error:
            with error:
                return Answer(question, [], json.loads(error.read())["error"])

    def answers(self, sheet: dict[str, Any], span: Span) -> Iterable[Answer]:
        return (self.answer(question, span) for question in questions(sheet))

    def get(self, path: str, **query: object) -> Any:
        """`data` of an answer. Raises HTTPError."""
        with urllib.request.urlopen(f"{self.url}/api/v1/{path}?{urlencode(query)}", timeout=60) as answer:
            return json.loads(answer.read())["data"]

    def _series(self, question: Question, span: Span) -> list[Series]:
        expr = span.fill(question.expr)
        if question.instant:
            found = self.get("query", query=expr, time=span.end)["result"]
            return [_series(one["metric"], [one["value"]]) for one in found]
        end = span.end - span.end % span.step
        found = self.get("query_range", query=expr, start=end - span.seconds, end=end, step=span.step)["result"]
        return [_series(one["metric"], one["values"]) for one in found]


def _series(labels: dict[str, str], points: Iterable[tuple[float, str]]) -> Series:
    return Series(labels, [(at, float(value)) for at, value in points if not isnan(float(value))])

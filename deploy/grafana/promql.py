"""PromQL in the shapes that are right for our metrics (docs/metrics.md, "Reading them"), made as the alerts' is."""

from __future__ import annotations

from sla_monitor.alerting.promise import OBJECTIVE, PROMISED
from sla_monitor.alerting.promql import Wanted, increase, newest, series
from sla_monitor.metrics import catalogue as m
from sla_monitor.metrics.catalogue import Metric

WINDOW = "$__rate_interval"
"""Grafana's window of a rate in a graph: never so short that it holds fewer than two scrapes."""

RANGE = "$__range"
"""All that the dashboard shows."""

SOURCE = ("$source",)
"""The sources that are chosen in the dashboard: a pattern."""

CHOSEN: dict[str, Wanted] = {**PROMISED, "source": SOURCE}
"""Decisions on the promise to customers, of the chosen sources."""

AIM = f"({OBJECTIVE} or min({m.OBJECTIVE.name}))"
"""The share that alerts are for; without our rules the mildest of the policies: below it one is certainly broken."""

BUDGET = f"(1 - {AIM})"


def rate(metric: Metric, *by: str, **labels: Wanted) -> str:
    """A counter's increase a second. Each process counts for itself: the sum comes last."""
    return f"sum{_by(by)}(rate({series(metric, **labels)}[{WINDOW}]))"


def per_minute(metric: Metric, *by: str, **labels: Wanted) -> str:
    """Of those that had any in the time shown: most of the reasons that a label knows never come up."""
    return f"60 * {rate(metric, *by, **labels)} and {increase(metric, RANGE, *by, **labels)} > 0"


def buckets(how: str, metric: Metric, *by: str, **labels: Wanted) -> str:
    """What fell into each bucket of a histogram. how: `rate` or `increase`."""
    return f"sum{_by(('le', *by))}({how}({series(metric, '_bucket', **labels)}[{WINDOW}]))"


def quantile(share: float, metric: Metric, *by: str, **labels: Wanted) -> str:
    """Of a histogram, as far as its buckets tell."""
    return f"histogram_quantile({share}, {buckets('rate', metric, *by, **labels)})"


def state(metric: Metric, *by: str, **labels: Wanted) -> str:
    """The sum of a state gauge, in which each partition counts once while it moves from one process to another."""
    return f"sum{_by(by)}({newest(metric, *(label.name for label in metric.labels), **labels)})"


def oldest(metric: Metric, *by: str) -> str:
    return f"min{_by(by)}({metric.name})"


def since(instant: str) -> str:
    """Seconds since an instant."""
    return f"time() - {instant}"


def or_zero(value: str, present: str) -> str:
    """0 where there is no value; nothing where nothing is present: then nobody knows."""
    return f"({value}) or 0 * {present}"


def share_late(decided: str, breached: str, retracted: str) -> str:
    """1 - (met + retracted) / (met + breached - withdrawn); nothing where nothing was decided.

    decided: without what was withdrawn. retracted: with it.
    """
    return f"clamp_min({breached} - {retracted}, 0) / ({decided} > 0)"


def without(decided: str, withdrawn: str) -> str:
    """What was decided and stands, or was taken back on late proof."""
    return f"({decided} - ({withdrawn} or 0 * {decided}))"


def late(window: str, *by: str) -> str:
    """The share of promises that were broken, less the breaches that late proof took back."""
    decided = without(
        increase(m.EVALUATIONS, window, *by, **CHOSEN),
        increase(m.RETRACTIONS, window, *by, **CHOSEN, outcome="withdrawn"),
    )
    breached = increase(m.EVALUATIONS, window, *by, **CHOSEN, outcome="breached")
    return share_late(decided, breached, increase(m.RETRACTIONS, window, *by, **CHOSEN))


def in_time(window: str, *by: str) -> str:
    return f"1 - {late(window, *by)}"


def burn(window: str) -> str:
    """How many times faster than it may the budget of broken promises is used up."""
    return f"{late(window)} / {BUDGET}"


def _by(names: tuple[str, ...]) -> str:
    return f" by ({', '.join(names)}) " if names else ""

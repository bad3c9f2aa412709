"""Pieces of PromQL from the catalogue: a metric, label or value that it does not have cannot be asked for."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Self

from sla_monitor.metrics.catalogue import Kind, Metric

TARGET = ("job", "instance")
"""The labels that Prometheus adds."""


class Not(tuple[str, ...]):
    """Every value but these."""

    __slots__ = ()

    def __new__(cls, *values: str) -> Self:
        return super().__new__(cls, values)


Wanted = str | tuple[str, ...] | Not
"""One value of a label, any of some, or all but some."""


def series(metric: Metric, suffix: str = "", /, **labels: Wanted) -> str:
    """`sla_open_leads{state="overdue"}`. suffix: of a histogram. Raises LookupError for what the catalogue has not."""
    if suffix and metric.kind is not Kind.HISTOGRAM:
        raise LookupError(f"{metric.name} is no histogram")
    matchers = ",".join(_matcher(metric, name, wanted) for name, wanted in labels.items())
    return metric.name + suffix + (f"{{{matchers}}}" if matchers else "")


def newest(metric: Metric, *by: str, **labels: Wanted) -> str:
    """A gauge that moves with its partition: while it moves, two processes show it, and the greater value counts."""
    return f"max{_by(metric, by)}({series(metric, **labels)})"


def increase(metric: Metric, span: str, *by: str, **labels: Wanted) -> str:
    """How much a counter grew. Each process for itself, then the sum: else the restart of one looks like growth."""
    return f"sum{_by(metric, by)}(increase({series(metric, **labels)}[{span}]))"


def stem(metric: Metric) -> str:
    """The name of a counter as the middle part of a recorded one."""
    return metric.name.removesuffix("_total")


def _by(metric: Metric, names: Iterable[str]) -> str:
    names = tuple(names)
    for name in names:
        if name not in TARGET:
            _values(metric, name)
    return f" by ({', '.join(names)}) " if names else ""


def _matcher(metric: Metric, name: str, wanted: Wanted) -> str:
    operator, values = _asked(wanted)
    known = _values(metric, name)
    if known and (strange := set(values) - set(known)):
        raise LookupError(f"{metric.name} has no {name} {strange}")
    return f'{name}{operator}"{"|".join(values)}"'


def _asked(wanted: Wanted) -> tuple[str, tuple[str, ...]]:
    match wanted:
        case Not():
            return "!=" if len(wanted) == 1 else "!~", wanted
        case str():
            return "=", (wanted,)
        case _:
            return "=~", wanted


def _values(metric: Metric, name: str) -> tuple[str, ...]:
    """What a label can say; empty if that is open."""
    found = [label.values for label in metric.labels if label.name == name]
    if not found:
        raise LookupError(f"{metric.name} has no label {name}")
    return found[0]

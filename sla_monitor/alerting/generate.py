"""The rule file, from all groups."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import yaml

from . import figures, leads, pipeline, promise, watching, workers
from .options import Options
from .rules import Alert, Group, Recording

HEAD = """\
# Written by `sla-monitor rules`; do not edit. Valid for Prometheus 2.42 and later.
# Groups are evaluated side by side, the rules of a group in their order: an alert that reads a recorded series stands
# behind it in the same group, so that it always sees the newest value.
"""


def groups(options: Options) -> tuple[Group, ...]:
    parts = (promise.promise, promise.budget, leads.leads, workers.workers, pipeline.pipeline)
    return tuple(part(options) for part in (*parts, figures.figures, watching.watching))


def rules_yaml(options: Options | None = None) -> str:
    """deploy/prometheus/rules.yml."""
    return HEAD + _dumped(_groups(options or Options()))


def operator_yaml(options: Options | None = None) -> str:
    """The same as a resource of the Prometheus Operator: deploy/k8s/monitoring/rules.yaml."""
    resource = {
        "apiVersion": "monitoring.coreos.com/v1",
        "kind": "PrometheusRule",
        "metadata": {"name": "sla-monitor", "labels": {"app": "sla-monitor"}},
        "spec": _groups(options or Options()),
    }
    return HEAD + _dumped(resource)


def _dumped(value: dict[str, Any]) -> str:
    return yaml.dump(value, Dumper=_Dumper, sort_keys=False, allow_unicode=True, width=10_000)


def _groups(options: Options) -> dict[str, Any]:
    return {"groups": [_group(group, options) for group in groups(options)]}


def _group(group: Group, options: Options) -> dict[str, Any]:
    rules = [dict(_recording(r) if isinstance(r, Recording) else _alert(r, options)) for r in group.rules]
    return {"name": group.name, "interval": group.interval, "rules": rules}


def _recording(rule: Recording) -> Iterator[tuple[str, Any]]:
    yield "record", rule.name
    yield "expr", rule.expr


def _alert(alert: Alert, options: Options) -> Iterator[tuple[str, Any]]:
    yield "alert", alert.name
    yield "expr", alert.expr
    if alert.lasting:
        yield "for", alert.lasting
    yield "labels", {"severity": alert.severity.value, **alert.labels}
    yield (
        "annotations",
        {
            "summary": alert.summary,
            "description": f"{alert.condition[0].upper()}{alert.condition[1:]}. {alert.meaning}",
            "runbook_url": f"{options.runbooks}/{alert.runbook}",
            "dashboard_url": f"{options.dashboards}/{alert.dashboard}",
        },
    )


class _Dumper(yaml.SafeDumper):
    """Expressions of several lines as they are."""


def _text(dumper: yaml.SafeDumper, text: str) -> yaml.ScalarNode:
    return dumper.represent_scalar("tag:yaml.org,2002:str", text, style="|" if "\n" in text else None)


_Dumper.add_representer(str, _text)

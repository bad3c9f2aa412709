"""docs/alerts.md: every alert with what it means, and every series that is recorded."""

from __future__ import annotations

import re
from collections.abc import Iterator

from .generate import groups
from .options import Options
from .rules import Alert, Recording

_PAGE = """\
# Alerts

Written by `python -m tests.docs` from `sla_monitor/alerting`; do not edit. The rules are in
`deploy/prometheus/rules.yml`, as `sla-monitor rules` prints them; with other options it prints them for another
objective, other links, or compressed time. A page wakes somebody, a ticket waits for working hours; how they are routed
and which is silent beside which is in `deploy/alertmanager/alertmanager.yml`.

| alert | severity | when | what it means | runbook |
|---|---|---|---|---|
{alerts}

## Recorded series

For dashboards and for alerts. Rates and shares, here of 5m, are there for 30m, 1h, 2h, 6h, 1d, 3d and 30d too; over the
long ones each lead has the same weight.

| series | expression |
|---|---|
{recorded}
"""


def alerts_markdown() -> str:
    """The whole page."""
    rules = [rule for group in groups(Options()) for rule in group.rules]
    alerts = "\n".join(_alert(rule) for rule in rules if isinstance(rule, Alert))
    recorded = "\n".join(_recorded(rule for rule in rules if isinstance(rule, Recording)))
    return _PAGE.format(alerts=alerts, recorded=recorded)


def _alert(alert: Alert) -> str:
    name = " ".join([alert.name, *alert.labels.values()])
    link = f"[{alert.runbook}](runbooks/{alert.runbook})"
    return f"| `{name}` | {alert.severity} | {alert.condition} | {alert.meaning} | {link} |"


def _recorded(rules: Iterator[Recording]) -> Iterator[str]:
    """Of those that differ in their windows alone, the first."""
    first: dict[str, Recording] = {}
    for rule in rules:
        first.setdefault(re.sub(r"\d+[mhd]$", "", rule.name), rule)
    for rule in first.values():
        expr = " ".join(rule.expr.split()).replace("|", r"\|")
        yield f"| `{rule.name}` | `{expr}` |"

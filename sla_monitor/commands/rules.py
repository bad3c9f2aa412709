"""`sla-monitor rules`: what Prometheus is to record and to alert on."""

from __future__ import annotations

from typing import Annotated

import typer

from sla_monitor.alerting import Options, operator_yaml, rules_yaml, suggested_burn
from sla_monitor.errors import Misconfigured, Problem

DEFAULT = Options()
FACTORS = ",".join(f"{factor:g}" for factor in DEFAULT.burn)

Objective = Annotated[float, typer.Option(help="The share of leads to be answered in time.")]
Burn = Annotated[
    str,
    typer.Option(
        help="How many times faster than allowed leads may be late in 1h, 6h, 1d and 3d; if left out, "
        f"{FACTORS} or as much of it as the objective leaves room for."
    ),
]
MinEvents = Annotated[int, typer.Option(help="Decisions in such a window below which its share says nothing.")]
Speed = Annotated[float, typer.Option(help="Divides every duration, to try the rules in compressed time.")]
Runbooks = Annotated[str, typer.Option(help="What links to runbooks begin with.")]
Dashboards = Annotated[str, typer.Option(help="What links to dashboards begin with.")]
Operator = Annotated[bool, typer.Option("--operator", help="Print a PrometheusRule of the Prometheus Operator.")]


def rules(
    objective: Objective = DEFAULT.objective,
    burn: Burn = "",
    min_events: MinEvents = DEFAULT.min_events,
    speed: Speed = DEFAULT.speed,
    runbooks: Runbooks = DEFAULT.runbooks,
    dashboards: Dashboards = DEFAULT.dashboards,
    operator: Operator = False,
) -> None:
    """Print the rule file of Prometheus: docs/alerts.md says what is in it.

    Factors at which an alert could never fire are refused, with some at which it can.
    """
    factors = _factors(burn) if burn else suggested_burn(objective)
    options = Options(objective, factors, min_events, speed, runbooks, dashboards)
    typer.echo(operator_yaml(options) if operator else rules_yaml(options), nl=False)


def _factors(text: str) -> tuple[float, ...]:
    try:
        return tuple(float(part) for part in text.split(","))
    except ValueError:
        raise Misconfigured([Problem("--burn", "", f"must be numbers, such as {FACTORS}, not {text}")]) from None

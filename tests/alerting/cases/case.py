"""What is tried of each alert: what makes it fire, what it then says, when that is over, and what is merely close."""

from __future__ import annotations

from dataclasses import dataclass, field

from tests.alerting.promtool import STEP, Given, Series

Firing = tuple[dict[str, str], str]
"""The labels beside those of the rule, and the summary."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Case:
    """With `given` the rule fires at `at`, and no longer at `over`. With the changes of `near` it never does.

    labels: those of the rule, where an alert has more than one. near: None takes a series out.
    """

    alert: str
    labels: dict[str, str] = field(default_factory=dict)
    given: Given
    at: str
    fires: list[Firing]
    over: str
    near: dict[str, str | None]
    step: str = STEP
    every: str | None = None

    def nearly(self) -> Given:
        return {name: values for name, values in (self.given | self.near).items() if values is not None}


PAGE, TICKET = {"severity": "page"}, {"severity": "ticket"}

often, minutely, seldom = Series(), Series("1m"), Series("5m")
"""How often what is made up is sampled."""

WORKER = 'up{job="sla-monitor-worker",instance="w%d"}'
WEB = 'up{job="sla-monitor-web",instance="b%d"}'

MET = 'sla_evaluations_total{source="crm",turn="first",measure="response",outcome="met",instance="w1"}'
BREACHED = 'sla_evaluations_total{source="crm",turn="first",measure="response",outcome="breached",instance="w1"}'
RETRACTED = 'sla_retractions_total{source="crm",turn="first",measure="response",instance="w1"}'
LEDGER = 'sla_ledger_evaluations_total{partition="0",turn="first",measure="response",outcome="met",instance="w%d"}'
OPEN = 'sla_open_leads{partition="%d",state="%s",instance="w%d"}'


def decided(*segments: tuple[str, float, float], series: Series = often) -> Given:
    """Segments of met and breached leads a minute."""
    met, late = ([(span, rates[index]) for span, *rates in segments] for index in (0, 1))
    return {MET: series.counter(*met), BREACHED: series.counter(*late)}

"""Whether anybody would be told: Prometheus and Alertmanager by their own metrics, and a sign of life."""

from __future__ import annotations

from .options import Options
from .rules import Alert, Group, Severity

PROMETHEUS, ALERTMANAGER = "prometheus", "alertmanager"
"""The jobs by which they are scraped. The names of their metrics are theirs."""


def watching(options: Options) -> Group:
    rules = (_failing(options), _alone(options), _mute(options), WATCHDOG)
    return Group("sla-monitor-watching", options.span("15s"), rules)


def _failing(options: Options) -> Alert:
    failures = f'prometheus_rule_evaluation_failures_total{{job="{PROMETHEUS}"}}'
    return Alert(
        name="SlaRuleEvaluationFailing",
        severity=Severity.TICKET,
        expr=f"sum by (rule_group) (increase({failures}[{options.span('5m')}])) > 0",
        lasting=options.span("5m"),
        summary="Some alerts cannot come: Prometheus fails to evaluate rules of {{ $labels.rule_group }}.",
        when="the evaluation of a rule fails",
        meaning="What the rule watches is not watched.",
        page="alerting",
    )


def _alone(options: Options) -> Alert:
    known = f'prometheus_notifications_alertmanagers_discovered{{job="{PROMETHEUS}"}}'
    errors = f'prometheus_notifications_errors_total{{job="{PROMETHEUS}"}}'
    return Alert(
        name="SlaAlertmanagerNotConnected",
        severity=Severity.TICKET,
        expr=f"max({known}) < 1\nor sum(increase({errors}[{options.span('5m')}])) > 0",
        lasting=options.span("5m"),
        summary="Alerts do not get from Prometheus to Alertmanager: nobody may be told.",
        when="Prometheus knows no Alertmanager, or fails to send to it",
        meaning="If nothing gets through, the dead man's switch speaks instead.",
        page="alerting",
    )


def _mute(options: Options) -> Alert:
    failed = f'alertmanager_notifications_failed_total{{job="{ALERTMANAGER}"}}'
    return Alert(
        name="SlaAlertmanagerNotificationsFailing",
        severity=Severity.PAGE,
        expr=f"sum by (integration) (increase({failed}[{options.span('5m')}])) > 0",
        lasting=options.span("5m"),
        summary="Alerts do not get from Alertmanager to people through {{ $labels.integration }}.",
        when="Alertmanager fails to notify",
        meaning="It goes to every receiver, for one of them is the one that fails.",
        page="alerting",
    )


WATCHDOG = Alert(
    name="SlaWatchdog",
    severity=Severity.NONE,
    expr="vector(1)",
    summary="Alerting works. This one always fires; its silence is the alarm.",
    when="always",
    meaning="It goes to the dead man's switch, which speaks by its own channel when it stays away.",
    page="alerting",
)

"""Alerting that fails itself."""

from __future__ import annotations

from tests.alerting.cases.case import Case, often

gauge, counter = often.gauge, often.counter

FAILURES = 'prometheus_rule_evaluation_failures_total{job="prometheus",rule_group="rules.yml;sla-monitor-leads"}'
KNOWN = 'prometheus_notifications_alertmanagers_discovered{job="prometheus"}'
ERRORS = 'prometheus_notifications_errors_total{job="prometheus",alertmanager="http://a:9093"}'
FAILED = 'alertmanager_notifications_failed_total{job="alertmanager",integration="slack"}'
UNSENT = "Alerts do not get from Prometheus to Alertmanager: nobody may be told."

CASES = [
    Case(
        alert="SlaRuleEvaluationFailing",
        given={FAILURES: counter(("5m", 0), ("15m", 4), ("15m", 0))},
        at="15m",
        fires=[
            (
                {"rule_group": "rules.yml;sla-monitor-leads"},
                "Some alerts cannot come: Prometheus fails to evaluate rules of rules.yml;sla-monitor-leads.",
            )
        ],
        over="28m",
        near={FAILURES: gauge(("5m", 0), ("30m", 1))},  # once
    ),
    Case(
        alert="SlaAlertmanagerNotConnected",
        given={KNOWN: gauge(("5m", 1), ("10m", 0), ("5m", 1))},
        at="12m",
        fires=[({}, UNSENT)],
        over="16m",
        near={KNOWN: gauge(("20m", 1))},
    ),
    Case(
        alert="SlaAlertmanagerNotConnected",
        given={KNOWN: gauge(("35m", 1)), ERRORS: counter(("5m", 0), ("15m", 1), ("15m", 0))},
        at="15m",
        fires=[({}, UNSENT)],
        over="28m",
        near={ERRORS: gauge(("5m", 0), ("30m", 1))},
    ),
    Case(
        alert="SlaAlertmanagerNotificationsFailing",
        given={FAILED: counter(("5m", 0), ("15m", 1), ("15m", 0))},
        at="15m",
        fires=[({"integration": "slack"}, "Alerts do not get from Alertmanager to people through slack.")],
        over="28m",
        near={FAILED: gauge(("5m", 0), ("30m", 1))},
    ),
]

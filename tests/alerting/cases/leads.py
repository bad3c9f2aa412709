"""Leads that wait too long, and those that do not come."""

from __future__ import annotations

from tests.alerting.cases.case import OPEN, Case, often, seldom

gauge = often.gauge

CASES = [
    Case(
        alert="SlaLeadsOverdue",
        given={
            OPEN % (0, "overdue", 1): gauge(("2m", 0), ("8m", 7), ("5m", 0)),
            OPEN % (1, "escalated", 1): gauge(("2m", 0), ("8m", 5), ("5m", 0)),
            OPEN % (0, "waiting", 1): gauge(("15m", 4)),
            OPEN % (0, "scheduled", 1): gauge(("15m", 100)),
        },
        at="5m",
        fires=[
            (
                {},
                "12 customers have waited longer than promised without a call: more than half of all who wait.",
            )
        ],
        over="11m",
        near={OPEN % (0, "waiting", 1): gauge(("15m", 30))},
    ),
    Case(
        alert="SlaNobodyEligible",
        given={OPEN % (0, "unassignable", 1): gauge(("2m", 0), ("8m", 2), ("5m", 0))},
        at="4m",
        fires=[
            (
                {},
                "Customers whom nobody is to call: 2. Everyone who could take them is away, off shift or full.",
            )
        ],
        over="11m",
        near={OPEN % (0, "unassignable", 1): gauge(("2m", 0), ("45s", 2), ("5m", 0))},  # a moment
    ),
    Case(
        alert="SlaLeadsSilent",
        given={
            'sla_leads_received_total{source="crm"}': seldom.counter(("7d", 0.2), ("3h", 0), ("1h", 0.2)),
            'sla_calendar_open{calendar="office"}': seldom.gauge(("172h", 1)),
        },
        at="170h",
        fires=[({}, "No lead has come in for half an hour of working time; a week ago there were 6 in the same one.")],
        over="171h30m",
        near={'sla_calendar_open{calendar="office"}': seldom.gauge(("172h", 0))},
        step="5m",
    ),
]

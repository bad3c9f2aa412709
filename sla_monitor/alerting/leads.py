"""The leads that are open now, and those that should have come."""

from __future__ import annotations

from sla_monitor.metrics import catalogue as m

from .options import Options
from .promql import Not, increase, newest, series
from .rules import COUNT, Alert, Dashboard, Group, Recording, Severity

LATE = ("overdue", "escalated")
OPEN_LEADS = "state:sla_open_leads:sum"


def leads(options: Options) -> Group:
    by_state = f"sum by (state) ({newest(m.OPEN_LEADS, 'partition', 'state')})"
    rules = (Recording(OPEN_LEADS, by_state), _overdue(options), _nobody(options), _silent(options))
    return Group("sla-monitor-leads", options.span("15s"), rules)


def _overdue(options: Options) -> Alert:
    late = f"sum({newest(m.OPEN_LEADS, 'partition', 'state', state=LATE)})"
    waiting = f"sum({newest(m.OPEN_LEADS, 'partition', 'state', state=Not('scheduled'))})"
    return Alert(
        name="SlaLeadsOverdue",
        severity=Severity.PAGE,
        expr=f"{late} >= 10\nand {late} > 0.5 * {waiting}",
        lasting=options.span("2m"),
        summary=f"{COUNT} customers have waited longer than promised without a call: more than half of all who wait.",
        when="10 or more open leads are overdue or escalated, and these are more than half of those whose time runs",
        meaning="It shows before the share of a whole window does. Either nobody calls, or calls do not reach us.",
        dashboard=Dashboard.OVERVIEW,
    )


def _nobody(options: Options) -> Alert:
    return Alert(
        name="SlaNobodyEligible",
        severity=Severity.PAGE,
        expr=f"sum({newest(m.OPEN_LEADS, 'partition', 'state', state='unassignable')}) > 0",
        lasting=options.span("1m"),
        summary=f"Customers whom nobody is to call: {COUNT}. Everyone who could take them is away, off shift or full.",
        when="leads wait that no manager can be given",
        meaning="They go to the first who comes back or has room; the head has been told.",
        dashboard=Dashboard.MANAGERS,
    )


def _silent(options: Options) -> Alert:
    span, week = options.span("30m"), options.span("7d")
    before = f"sum(increase({series(m.RECEIVED)}[{span}] offset {week}))"
    return Alert(
        name="SlaLeadsSilent",
        severity=Severity.TICKET,
        expr=f"{before} >= 5\nand {increase(m.RECEIVED, span)} == 0\nand {newest(m.CALENDAR_OPEN)} == 1",
        lasting=options.span("15m"),
        summary=f"No lead has come in for half an hour of working time; a week ago there were {COUNT} in the same one.",
        when=f"no lead for {span} in working hours, and 5 or more at the same time last week",
        meaning="The website, the CRM or the PBX may have stopped sending: customers write, and nobody hears of it.",
        dashboard=Dashboard.OVERVIEW,
    )

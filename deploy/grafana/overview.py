"""Whether the promise to customers is kept, now and over the month, and which leads break it."""

from __future__ import annotations

from sla_monitor.alerting.leads import LATE
from sla_monitor.alerting.promql import increase, newest
from sla_monitor.metrics import catalogue as m

from .panels import Query, Steps, heat_of, lines, stat_of, table_of, timeline
from .promql import (
    AIM,
    BUDGET,
    CHOSEN,
    RANGE,
    SOURCE,
    buckets,
    burn,
    in_time,
    late,
    oldest,
    or_zero,
    per_minute,
    quantile,
    since,
    state,
)
from .sheet import Choice, Mark, Sheet

FIRING = 'ALERTS{alertname=~"Sla.*",alertstate="firing",severity!="none"}'
"""Without the watchdog, which always fires."""

ACTIVE_SINCE = 'ALERTS_FOR_STATE{alertname=~"Sla.*"}'

BUDGET_LEFT: Steps = {None: "red", 0: "orange", 0.25: "green"}
BURNS: Steps = {None: "green", 1: "orange", 6: "red"}
"""Above 1 the budget is gone before its 30 days are; at 6 in five days, which is when somebody is called."""
ANY_IS_BAD: Steps = {None: "green", 1: "orange"}

CALENDAR = {0: ("closed", "text"), 1: ("open", "green")}

ANSWERED = {"source": SOURCE}

STAT = 3
"""Eight numbers in a line."""

THE_PROMISE = [
    stat_of(
        "In time, last hour",
        "Share of customers' clocks of the last hour that were answered in time. Late proof counts.",
        "percentunit",
        Query(in_time("1h")),
        width=STAT,
    ),
    stat_of("In time, 24 hours", "The same over a day.", "percentunit", Query(in_time("1d")), graph=False, width=STAT),
    stat_of(
        "In time, 30 days", "The same over 30 days.", "percentunit", Query(in_time("30d")), graph=False, width=STAT
    ),
    stat_of(
        "Aim",
        "What the alerts are for; without our rules the mildest objective of the policies.",
        "percentunit",
        Query(AIM),
        graph=False,
        width=STAT,
    ),
    stat_of(
        "Error budget left",
        "What is left of the promises that may be broken in 30 days: 100% is all, below 0 too many are.",
        "percentunit",
        Query(f"1 - {burn('30d')}"),
        steps=BUDGET_LEFT,
        graph=False,
        width=STAT,
    ),
    stat_of(
        "Budget burn, last hour",
        "How many times faster than it may the budget is used up. At 1 it lasts 30 days, at 14.4 two.",
        "short",
        Query(burn("1h")),
        steps=BURNS,
        width=STAT,
    ),
    stat_of(
        "Oldest waiting lead",
        "How long the customer who has waited longest waits by now, closed hours included; 0 if nobody waits.",
        "s",
        Query(or_zero(since(oldest(m.OLDEST_WAITING)), state(m.OPEN_LEADS))),
        width=STAT,
    ),
    stat_of(
        "Overdue leads",
        "Open leads past their target, those with the head too: see the board.",
        "none",
        Query(state(m.OPEN_LEADS, state=LATE)),
        steps=ANY_IS_BAD,
        width=STAT,
    ),
]

OPEN_NOW = [
    lines(
        "Open leads by state",
        "Neither answered nor closed. Scheduled: before working hours; waiting: the clock runs; held: a call goes on.",
        "none",
        Query(state(m.OPEN_LEADS, "state"), "{{state}}"),
        stacked=True,
    ),
    lines(
        "Leads by source",
        "Leads per minute that came in and were given a promise.",
        "cpm",
        Query(per_minute(m.RECEIVED, "source", source=SOURCE), "{{source}}"),
        stacked=True,
    ),
    table_of(
        "Active alerts",
        "Alerts that fire now; the runbook of each is in docs/runbooks.",
        "none",
        Query(f"count by (alertname, severity) ({FIRING})", "Firing"),
        Query(
            f"1000 * min by (alertname, severity) ({ACTIVE_SINCE}) and on (alertname, severity) {FIRING}",
            "Since",
            "dateTimeFromNow",
        ),
    ),
]

BREACHES = [
    lines(
        "Broken promises",
        "Share of the decisions that were breaches, and how large it may be for 30 days on end.",
        "percentunit",
        Query(late("5m"), "5 minutes"),
        Query(late("1h"), "1 hour"),
        Query(BUDGET, "budget"),
        limits=["budget"],
    ),
    table_of(
        "Breaches by source",
        "Decisions on customers' clocks in the time shown.",
        "none",
        Query(increase(m.EVALUATIONS, RANGE, "source", outcome="breached", **CHOSEN), "Breached"),
        Query(increase(m.RETRACTIONS, RANGE, "source", **CHOSEN), "Taken back"),
        Query(increase(m.EVALUATIONS, RANGE, "source", **CHOSEN), "Decided"),
        Query(in_time(RANGE, "source"), "In time", "percentunit"),
    ),
    lines(
        "Reassignments",
        "Leads per minute that were to go to somebody else, by why, and by what became of it.",
        "cpm",
        Query(per_minute(m.REASSIGNMENTS, "reason", "result"), "{{reason}}: {{result}}"),
        stacked=True,
    ),
]

ANSWERS = [
    lines(
        "Answered leads: open time to the first answer",
        "Half and nine in ten of the answered leads were answered within this; leads without an answer are not in it.",
        "s",
        Query(quantile(0.5, m.RESPONSE_SECONDS, "kind", **ANSWERED), "half, by {{kind}}"),
        Query(quantile(0.9, m.RESPONSE_SECONDS, "kind", **ANSWERED), "90%, by {{kind}}"),
        Query(oldest(m.TARGET), "shortest target"),
        Query(newest(m.TARGET), "longest target"),
        limits=["shortest target", "longest target"],
    ),
    lines(
        "Answered leads: time on the clock on the wall",
        "The same with closed hours: what the customer felt.",
        "s",
        Query(quantile(0.5, m.RESPONSE_WALL_SECONDS, "kind", **ANSWERED), "half, by {{kind}}"),
        Query(quantile(0.9, m.RESPONSE_WALL_SECONDS, "kind", **ANSWERED), "90%, by {{kind}}"),
    ),
    lines(
        "Closed leads",
        "Leads per minute that were closed, by why, and whether anybody had responded.",
        "cpm",
        Query(per_minute(m.CLOSED, "reason", "responded", source=SOURCE), "{{reason}}, responded: {{responded}}"),
        stacked=True,
    ),
    heat_of(
        "Answered leads: how long it took",
        "Attempts to answer by their open time; the targets are bounds of it.",
        "s",
        Query(buckets("increase", m.RESPONSE_SECONDS, **ANSWERED), "{{le}}"),
    ),
    timeline(
        "Working hours",
        "Whether the clocks of each calendar run.",
        Query(newest(m.CALENDAR_OPEN, "calendar"), "{{calendar}}"),
        CALENDAR,
        width=12,
        height=7,
    ),
]

OVERVIEW = Sheet(
    name="overview",
    title="SLA: overview",
    text=__doc__,
    since="6h",
    rows={
        "The promise, and who waits for it": THE_PROMISE,
        "Open now": OPEN_NOW,
        "Broken promises": BREACHES,
        "Answers": ANSWERS,
    },
    choices=[Choice("source", m.RECEIVED)],
    marks=[
        Mark(
            "Versions",
            f"count by (version) ({m.BUILD_INFO.name}) unless count by (version) ({m.BUILD_INFO.name} offset 2m)",
            "Version {{version}}",
            "blue",
        ),
        Mark("Rebalances", f"{increase(m.REBALANCES, '2m', 'instance')} > 0", "Rebalance: {{instance}}", "purple"),
    ],
)

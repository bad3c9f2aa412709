"""Whether the monitor itself is well: what goes through it, how late, who does what, and what watches it."""

from __future__ import annotations

from sla_monitor.alerting.promql import increase, newest, series
from sla_monitor.alerting.workers import OWNING
from sla_monitor.metrics import catalogue as m

from .panels import NONE_IS_GOOD, Query, Steps, lines, stat_of, table_of, timeline
from .promql import WINDOW, oldest, or_zero, per_minute, quantile, rate, since, state
from .sheet import Sheet
from .watching import ALL_READY, AUDIT, MONITORING, PROCESSES

PLACE = "topic", "partition"
AT = "{{topic}}/{{partition}}"

FRESH: Steps = {None: "green", 60: "orange", 120: "red"}
SOME_IS_ODD: Steps = {None: "green", 1: "orange"}

OWNED = {1: ("closed", "text"), 2: ("opening", "blue"), 3: ("retrying", "red"), 4: ("running", "green")}
STATES = " or ".join(f"{number} * {series(m.PARTITION_STATE, state=name)}" for number, (name, _) in OWNED.items())

HEARTBEAT_AGE = since(f"min by (stage) ({newest(m.HEARTBEAT, 'stage', 'partition')})")
"""Of each stage where it is oldest: a partition that stands still is not hidden by the others."""


WANTED = f"sum({newest(m.TOPIC_PARTITIONS, 'topic')})"


AT_A_GLANCE = [
    stat_of(
        "Processes that are ready",
        "Of all that are scraped: worker, web and whatever else shows metrics of ours.",
        "percentunit",
        Query(f"avg({m.READY.name})"),
        steps=ALL_READY,
    ),
    stat_of(
        "Oldest heartbeat",
        "Age of the newest heartbeat that came all the way, at the stage and partition where it is oldest.",
        "s",
        Query(f"max({HEARTBEAT_AGE})"),
        steps=FRESH,
    ),
    stat_of(
        "Partitions without an owner",
        "Nobody decides on their leads.",
        "none",
        Query(f"{WANTED} - (count({newest(m.PARTITION_STATE, *PLACE, state=OWNING)} == 1) or 0 * {WANTED})"),
        steps=NONE_IS_GOOD,
    ),
    stat_of(
        "Dead letters, last hour",
        "Records that could not be used: sla-monitor dead-letters shows and replays them.",
        "none",
        Query(increase(m.DEAD_LETTERS, "1h")),
        steps=SOME_IS_ODD,
    ),
    stat_of(
        "Findings of the audit",
        "Leads that the last audit found to be wrong.",
        "none",
        Query(f"sum({newest(m.AUDIT_FINDINGS, 'finding')})"),
        steps=NONE_IS_GOOD,
    ),
    stat_of(
        "Processes with another policy",
        "Processes whose SLA_POLICY is not what is in force.",
        "none",
        Query(f"sum({m.POLICY_DIFFERS.name})"),
        steps=SOME_IS_ODD,
    ),
]

HEARTBEATS = [
    lines(
        "Heartbeat age by stage",
        "Since when no heartbeat came through: the first stage that rises is where it stands still.",
        "s",
        Query(HEARTBEAT_AGE, "{{stage}}"),
        width=12,
    ),
    lines(
        "Heartbeat: time on its way",
        "From sending a heartbeat until 99% of them had come through a stage.",
        "s",
        Query(quantile(0.99, m.HEARTBEAT_SECONDS, "stage"), "{{stage}}"),
        width=12,
    ),
]

LOGS = [
    lines(
        "Lag in records",
        "Records of each partition that are not applied yet, and how many of all are in memory already.",
        "none",
        Query(newest(m.LAG, *PLACE), AT),
        Query(f"sum({newest(m.PARTITION_WAITING, *PLACE)})", "in memory"),
        width=6,
    ),
    lines(
        "Lag in seconds",
        "Age of the first record of each partition that waits; 0 if none waits.",
        "s",
        Query(or_zero(since(oldest(m.OLDEST_RECORD, *PLACE)), newest(m.LAG, *PLACE)), AT),
        width=6,
    ),
    lines(
        "Event age",
        "Time from a record's timestamp to the step that applies it.",
        "s",
        Query(quantile(0.5, m.EVENT_AGE), "half"),
        Query(quantile(0.99, m.EVENT_AGE), "99%"),
        width=6,
    ),
    lines(
        "Events by result",
        "Records applied per second, by what became of them: the fifteen most frequent.",
        "cps",
        Query(f"topk(15, {rate(m.EVENTS, 'topic', 'result')} > 0)", "{{topic}}: {{result}}"),
        width=6,
    ),
    lines(
        "Commits",
        "Time to commit a step.",
        "s",
        Query(quantile(0.5, m.COMMIT_SECONDS), "half"),
        Query(quantile(0.99, m.COMMIT_SECONDS), "99%"),
        width=6,
    ),
    lines(
        "Inputs of a step",
        "Records, timers and results folded at once: large steps are how it catches up.",
        "none",
        Query(quantile(0.5, m.STEP_RECORDS), "half"),
        Query(quantile(0.99, m.STEP_RECORDS), "99%"),
        width=6,
    ),
    lines(
        "Dead letters",
        "Records per minute that could not be used.",
        "cpm",
        Query(f"60 * {rate(m.DEAD_LETTERS)}", "all"),
        Query(per_minute(m.DEAD_LETTERS, "topic", "reason"), "{{topic}}: {{reason}}"),
        width=6,
    ),
    lines(
        "Unavailable",
        "Commits and openings per minute that failed and are tried again.",
        "cpm",
        Query(f"60 * {rate(m.UNAVAILABLE)}", "all"),
        Query(per_minute(m.UNAVAILABLE, "topic", "reason"), "{{topic}}: {{reason}}"),
        width=6,
    ),
]

TIMERS = [
    lines(
        "Timer lateness",
        "Real time by which timers fired after their instant.",
        "s",
        Query(quantile(0.5, m.TIMER_LATENESS), "half"),
        Query(quantile(0.99, m.TIMER_LATENESS), "99%"),
    ),
    lines(
        "Next timer",
        "Time until the next timer of each topic; what is past is 0, and late if it stays there.",
        "s",
        Query(f"clamp_min({oldest(m.NEXT_TIMER, 'topic')} - time(), 0)", "{{topic}}"),
    ),
    lines(
        "Timers that went wrong",
        "Timers per minute whose decision failed, and jumps of the clock that stopped all of them.",
        "cpm",
        Query(f"60 * {rate(m.STUCK_TIMERS)}", "stuck timers"),
        Query(f"60 * {rate(m.CLOCK_JUMPS)}", "jumps of the clock"),
    ),
]

PARTITIONS = [
    timeline(
        "Partitions",
        "State of each partition at its owner; a gap is a time without one.",
        Query(f"max by (topic, partition) ({STATES})", AT),
        OWNED,
    ),
    lines(
        "Assignments",
        "Assignments of partitions, by process: more than one now and then is a rebalance storm.",
        "none",
        Query(increase(m.REBALANCES, WINDOW, "instance"), "{{instance}}"),
        width=6,
    ),
    lines(
        "Openings",
        "Time to open a partition, 90% of them, since the processes began: most open before the first scrape.",
        "s",
        Query(f"histogram_quantile(0.9, sum by (le, topic) ({series(m.OPENING_SECONDS, '_bucket')}))", "{{topic}}"),
        width=6,
    ),
    lines(
        "Time since the last commit",
        "Of the partition of each topic that has committed last: a quiet one may be old.",
        "s",
        Query(since(newest(m.PARTITION_COMMITTED, "topic")), "{{topic}}"),
        width=6,
    ),
    table_of(
        "Policy in force",
        "Versions, and in how many partitions: one version, but for the moment of a change.",
        "none",
        Query(f'count_values by (topic) ("version", {newest(m.POLICY_VERSION, *PLACE)})', "Partitions"),
        width=6,
    ),
]

NOTIFICATIONS = [
    lines(
        "Notices by channel",
        "Attempts per minute to send a notice, by how they ended.",
        "cpm",
        Query(per_minute(m.NOTIFICATIONS, "channel", "result"), "{{channel}}: {{result}}"),
    ),
    lines(
        "Time of an attempt",
        "99% of the attempts to send a notice took no longer.",
        "s",
        Query(quantile(0.99, m.NOTIFICATION_SECONDS, "channel"), "{{channel}}"),
    ),
    lines(
        "Time since a notice was delivered",
        "By channel: a long time is bad only if notices wait.",
        "s",
        Query(since(newest(m.NOTIFIED, "channel")), "{{channel}}"),
    ),
    lines(
        "Leads with notices that wait",
        "Leads with a notice that has not been delivered yet.",
        "none",
        Query(state(m.NOTICES_PENDING), "leads"),
        width=12,
    ),
    lines(
        "Oldest notice that waits",
        "How long it has waited for its delivery; 0 if none waits.",
        "s",
        Query(or_zero(since(oldest(m.OLDEST_NOTICE)), state(m.NOTICES_PENDING)), "oldest"),
        width=12,
    ),
    lines(
        "Leads with outcomes that wait for a webhook",
        "Leads with an outcome that a webhook has not taken yet. Attempts are those of the channel webhook, above.",
        "none",
        Query(state(m.WEBHOOKS_PENDING), "leads"),
        width=12,
    ),
    lines(
        "Disabled webhooks",
        "Webhooks whose endpoint has answered 410, so that it is not asked any more.",
        "none",
        Query(newest(m.WEBHOOKS_DISABLED), "webhooks"),
        width=12,
    ),
]

PIPELINE = Sheet(
    name="pipeline",
    title="SLA: pipeline",
    text=__doc__,
    since="1h",
    rows={
        "At a glance": AT_A_GLANCE,
        "Heartbeat: through every stage": HEARTBEATS,
        "Logs": LOGS,
        "Timers": TIMERS,
        "Partitions and their owners": PARTITIONS,
        "Notices": NOTIFICATIONS,
        "Processes": PROCESSES,
        "What watches": MONITORING,
        "Audit": AUDIT,
    },
)

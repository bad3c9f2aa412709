"""Every metric once, with its meaning, unit, labels and bounds."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from math import prod

INSTANT = "seconds since 1970"
"""The unit of timestamps: they have no series before there is one."""

OTHER = "__other__"
"""What a label says once it has had as many values as it may."""


class Kind(StrEnum):
    COUNTER = "counter"
    GAUGE = "gauge"
    HISTOGRAM = "histogram"
    STATE = "state"  # a gauge, derived at each scrape from the partitions that are owned
    LEDGER = "ledger"  # a counter that lies in the rows: derived like a state, and moves with its partition


class Group(StrEnum):
    """What a metric is about, and with that, which processes show it: `web` the last but one, `audit` the last."""

    PROMISE = "the promise"
    OPEN = "what is open now"
    PIPELINE = "the pipeline"
    PROCESS = "the process"
    AUDIT = "the audit"


@dataclass(frozen=True, slots=True, eq=False)
class Label:
    """values: known in advance, their series begin at 0. cap: values at most besides; None: one a partition."""

    name: str
    values: tuple[str, ...] = ()
    cap: int | None = 50


@dataclass(frozen=True, slots=True, eq=False)
class Metric:
    """unit: the base unit, empty for plain numbers. buckets: the upper bounds of a histogram, in that unit."""

    group: Group
    kind: Kind
    name: str
    help: str
    labels: tuple[Label, ...]
    unit: str
    buckets: tuple[float, ...]


CATALOGUE: list[Metric] = []
"""In the order of the docs."""


def _metric(
    group: Group, kind: Kind, name: str, text: str, *labels: Label, unit: str = "", buckets: tuple[float, ...] = ()
) -> Metric:
    CATALOGUE.append(Metric(group, kind, name, text, labels, unit, buckets))
    return CATALOGUE[-1]


SOURCE = Label("source")
MANAGER = Label("manager", cap=5_000)
POLICY = Label("policy", cap=200)
TOPIC = Label("topic", ("intake", "phones", "events", "desk", "notifications", "leads", "calls", "managers"))
PARTITION = Label("partition", cap=None)
OPEN_STATE = Label("state", ("scheduled", "waiting", "held", "overdue", "unassignable", "escalated"))
OWNED_STATE = Label("state", ("opening", "running", "retrying", "closed"))
CHANNEL = Label("channel", cap=20)
SENT = Label("result", ("sent", "failed"))
STAGE = Label("stage", ("ingest", "intake", "track", "timer", "notify"))
CALENDAR = Label("calendar")
FINDING = Label(
    "finding",
    ("overdue_without_breach", "breach_without_follow_up", "doubled_outcome", "lost_lead", "ledger_differs"),
)
TURN = Label("turn", ("first", "later"))
MEASURE = Label("measure", ("response", "contact"))
BURIED = Label(
    "reason",
    (
        "defect",
        "undecodable",
        "row_too_large",
        "unknown_lead",
        "loop",
        "erased",
        "notification_failed",
        "webhook_failed",
        "malformed",
        "invalid",
        "too_large",
    ),
)
FAILURE = Label("reason", ("Unavailable", "Fenced", "Unanswered"))
OUTCOME = Label("outcome", ("met", "breached"))
PROOF = Label("kind", ("attempt", "contact"))
CHANGE = Label("reason", ("no_response", "absent", "unassigned", "max_turns"))
CHANGED = Label("result", ("ok", "nobody", "escalated"))
CLOSING = Label("reason", ("converted", "junk", "duplicate", "deleted", "merged", "not_missed"))
RESPONDED = Label("responded", ("true", "false"))
LEDGER_OUTCOME = Label("outcome", ("met", "breached", "retracted"))
BACK = Label("outcome", ("retracted", "withdrawn"))
TURN_OUTCOME = Label("outcome", ("met", "breached", "retracted", "withdrawn"))

RESPONSE = (15, 30, 60, 120, 180, 240, 300, 420, 540, 600, 660, 900, 1200, 1800, 3600, 7200, 14400, 43200, 86400)
"""Seconds; every target of the policy is added as a bound of its own."""
DELAY = (0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60, 120, 300, 900, 3600)
QUICK = (0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10)
SIZES = (1, 2, 5, 10, 25, 50, 100, 250, 500, 1000, 2500, 5000, 10000)

# the promise
RECEIVED = _metric(
    Group.PROMISE,
    Kind.COUNTER,
    "sla_leads_received_total",
    "Leads that came in and were given a promise; neither test leads nor those too old for one.",
    SOURCE,
)
EVALUATIONS = _metric(
    Group.PROMISE,
    Kind.COUNTER,
    "sla_evaluations_total",
    "Decisions on a promise, when they are made: once per customer's clock (turn=first) and per turn begun by a breach "
    "(turn=later).",
    *(SOURCE, TURN, MEASURE, OUTCOME),
)
RETRACTIONS = _metric(
    Group.PROMISE,
    Kind.COUNTER,
    "sla_retractions_total",
    "Breaches taken back, when they are: on late proof (retracted: in time after all), or because nothing was due "
    "(withdrawn: the lead had been closed by its due, or the turn was a later one).",
    *(SOURCE, TURN, MEASURE, BACK),
)
LEDGER = _metric(
    Group.PROMISE,
    Kind.LEDGER,
    "sla_ledger_evaluations_total",
    "The same decisions, and all that was taken back (retracted), from a row that changes in the same step: no restart "
    "resets it.",
    *(PARTITION, TURN, MEASURE, LEDGER_OUTCOME),
)
RESPONSE_SECONDS = _metric(
    Group.PROMISE,
    Kind.HISTOGRAM,
    "sla_response_seconds",
    "Open time from the start to the first proof, of answered leads only. Every target of the policy is a bound.",
    *(SOURCE, PROOF),
    unit="seconds",
    buckets=RESPONSE,
)
RESPONSE_WALL_SECONDS = _metric(
    Group.PROMISE,
    Kind.HISTOGRAM,
    "sla_response_wall_seconds",
    "Wall-clock time from the start to the first proof, of answered leads only.",
    *(SOURCE, PROOF),
    unit="seconds",
    buckets=RESPONSE,
)
REASSIGNMENTS = _metric(
    Group.PROMISE,
    Kind.COUNTER,
    "sla_reassignments_total",
    "Attempts to give a lead to somebody else: done, nobody eligible, or handed to the head.",
    *(CHANGE, CHANGED),
)
CLOSED = _metric(
    Group.PROMISE,
    Kind.COUNTER,
    "sla_leads_closed_total",
    "Closed leads, by reason and whether anyone had responded.",
    *(SOURCE, CLOSING, RESPONDED),
)
MANAGER_EVALUATIONS = _metric(
    Group.PROMISE,
    Kind.COUNTER,
    "sla_manager_evaluations_total",
    "Decisions about turns, first and later, when they are made, credited to their holder; retracted and withdrawn "
    "each take back one breached.",
    *(MANAGER, TURN_OUTCOME),
)
# what is open now
OPEN_LEADS = _metric(
    Group.OPEN,
    Kind.STATE,
    "sla_open_leads",
    "Open leads by state. Across a rebalance use sum(max by (partition, state) (...)).",
    *(PARTITION, OPEN_STATE),
)
OLDEST_WAITING = _metric(
    Group.OPEN,
    Kind.STATE,
    "sla_oldest_waiting_timestamp_seconds",
    "Start of the customer's clock that has waited longest; absent when none waits.",
    PARTITION,
    unit=INSTANT,
)
MANAGER_OPEN_LEADS = _metric(
    Group.OPEN,
    Kind.STATE,
    "sla_manager_open_leads",
    "Open leads that a manager holds, as the desk counts them.",
    MANAGER,
)

CALENDAR_OPEN = _metric(
    Group.OPEN,
    Kind.STATE,
    "sla_calendar_open",
    "1 in the working hours of a calendar, 0 outside; `always` where a policy has none.",
    CALENDAR,
)
NOTICES_PENDING = _metric(
    Group.OPEN,
    Kind.STATE,
    "sla_notifications_pending",
    "Leads, and channels of managers, with a notice that has not been delivered yet.",
    PARTITION,
)
OLDEST_NOTICE = _metric(
    Group.OPEN,
    Kind.STATE,
    "sla_oldest_notification_timestamp_seconds",
    "Instant since when the notice could be sent that waits for it longest; absent when none waits.",
    PARTITION,
    unit=INSTANT,
)
WEBHOOKS_PENDING = _metric(
    Group.OPEN,
    Kind.STATE,
    "sla_webhooks_pending",
    "Leads with an outcome that a webhook has not taken yet.",
    PARTITION,
)
WEBHOOKS_DISABLED = _metric(
    Group.OPEN,
    Kind.STATE,
    "sla_webhooks_disabled",
    "Webhooks whose endpoint has answered 410, so that it is not asked any more.",
    PARTITION,
)

# the pipeline
EVENTS = _metric(
    Group.PIPELINE,
    Kind.COUNTER,
    "sla_events_total",
    "Records applied, by what became of them; topic=intake: events that came by HTTP.",
    TOPIC,
    Label("result", cap=100),
)
EVENT_AGE = _metric(
    Group.PIPELINE,
    Kind.HISTOGRAM,
    "sla_event_age_seconds",
    "Time from a record's timestamp to the step that applies it.",
    unit="seconds",
    buckets=DELAY,
)
TIMER_LATENESS = _metric(
    Group.PIPELINE,
    Kind.HISTOGRAM,
    "sla_timer_lateness_seconds",
    "Real time by which a timer fired after its instant.",
    unit="seconds",
    buckets=DELAY,
)
STUCK_TIMERS = _metric(
    Group.PIPELINE,
    Kind.COUNTER,
    "sla_stuck_timers_total",
    "Timers whose decision failed and is tried again in a minute.",
    TOPIC,
)
DEAD_LETTERS = _metric(
    Group.PIPELINE,
    Kind.COUNTER,
    "sla_dead_letters_total",
    "Records that could not be used, kept with their reason.",
    TOPIC,
    BURIED,
)
COMMIT_SECONDS = _metric(
    Group.PIPELINE, Kind.HISTOGRAM, "sla_log_commit_seconds", "Time to commit a step.", unit="seconds", buckets=QUICK
)
STEP_RECORDS = _metric(
    Group.PIPELINE, Kind.HISTOGRAM, "sla_step_records", "Records, timers and results folded in one step.", buckets=SIZES
)
UNAVAILABLE = _metric(
    Group.PIPELINE,
    Kind.COUNTER,
    "sla_unavailable_total",
    "Commits and openings that failed and are tried again.",
    TOPIC,
    FAILURE,
)
NOTIFICATIONS = _metric(
    Group.PIPELINE,
    Kind.COUNTER,
    "sla_notifications_total",
    "Attempts to send a notice, by the scheme of the channel and how they ended; channel=webhook: to post an outcome.",
    *(CHANNEL, SENT),
)
NOTIFICATION_SECONDS = _metric(
    Group.PIPELINE,
    Kind.HISTOGRAM,
    "sla_notification_seconds",
    "Time that an attempt to send a notice took.",
    CHANNEL,
    unit="seconds",
    buckets=DELAY,
)
NOTIFIED = _metric(
    Group.PIPELINE,
    Kind.GAUGE,
    "sla_notification_success_timestamp_seconds",
    "Instant of the last notice that was delivered; absent before the first.",
    CHANNEL,
    unit=INSTANT,
)
HTTP_REQUESTS = _metric(
    Group.PROCESS,
    Kind.COUNTER,
    "sla_http_requests_total",
    "Answered HTTP requests, by route (never the path) and status.",
    *(Label("route", cap=30), Label("status", cap=20)),
)

# who does what
TOPIC_PARTITIONS = _metric(
    Group.PIPELINE,
    Kind.STATE,
    "sla_topic_partitions",
    "Partitions of a topic that are to be owned by somebody.",
    TOPIC,
)
PARTITION_STATE = _metric(
    Group.PIPELINE,
    Kind.STATE,
    "sla_partition_state",
    "1 for the state that an owned partition is in: opening, running, retrying or closed.",
    *(TOPIC, PARTITION, OWNED_STATE),
)
PARTITION_WAITING = _metric(
    Group.PIPELINE, Kind.STATE, "sla_partition_waiting_records", "Records fetched and not yet folded.", TOPIC, PARTITION
)
LAG = _metric(
    Group.PIPELINE,
    Kind.STATE,
    "sla_lag_records",
    "Offsets of an owned partition that are not applied yet, as far as its end is known; marks of transactions count.",
    *(TOPIC, PARTITION),
)
OLDEST_RECORD = _metric(
    Group.PIPELINE,
    Kind.STATE,
    "sla_oldest_record_timestamp_seconds",
    "Timestamp of the first record of an owned partition that was fetched and is not applied; absent when none waits.",
    *(TOPIC, PARTITION),
    unit=INSTANT,
)
PARTITION_COMMITTED = _metric(
    Group.PIPELINE,
    Kind.STATE,
    "sla_partition_commit_timestamp_seconds",
    "Instant of the last commit of an owned partition; absent before the first.",
    *(TOPIC, PARTITION),
    unit=INSTANT,
)
NEXT_TIMER = _metric(
    Group.PIPELINE,
    Kind.STATE,
    "sla_next_timer_timestamp_seconds",
    "Instant of the next timer of an owned partition; absent when none is set.",
    *(TOPIC, PARTITION),
    unit=INSTANT,
)
POLICY_VERSION = _metric(
    Group.PIPELINE,
    Kind.STATE,
    "sla_policy_version",
    "Version of the policy in force in an owned partition.",
    TOPIC,
    PARTITION,
)
OPENING_SECONDS = _metric(
    Group.PIPELINE,
    Kind.HISTOGRAM,
    "sla_opening_seconds",
    "Time to open a partition: to read its rows and to find its place.",
    TOPIC,
    unit="seconds",
    buckets=DELAY,
)
REBALANCES = _metric(
    Group.PIPELINE, Kind.COUNTER, "sla_rebalances_total", "Assignments of partitions that this process was given."
)
CLOCK_JUMPS = _metric(
    Group.PIPELINE,
    Kind.COUNTER,
    "sla_clock_jumps_total",
    "Forward jumps of the clock that stopped the timers until it was trusted.",
)
POLICY_DIFFERS = _metric(
    Group.PIPELINE,
    Kind.GAUGE,
    "sla_policy_file_differs",
    "1 while the policy in force is not that of this process's SLA_POLICY.",
)

# the process
HEARTBEAT = _metric(
    Group.PROCESS,
    Kind.GAUGE,
    "sla_heartbeat_timestamp_seconds",
    "When the newest heartbeat was sent that has come through a stage; partition: of the leads' log. Absent before.",
    *(STAGE, PARTITION),
    unit=INSTANT,
)
HEARTBEAT_SECONDS = _metric(
    Group.PROCESS,
    Kind.HISTOGRAM,
    "sla_heartbeat_seconds",
    "Real time from sending a heartbeat until it had come through a stage.",
    STAGE,
    unit="seconds",
    buckets=DELAY,
)
TARGET = _metric(
    Group.PROCESS,
    Kind.GAUGE,
    "sla_target_seconds",
    "Target of open time of a policy, as this process knows it.",
    POLICY,
    unit="seconds",
)
OBJECTIVE = _metric(
    Group.PROCESS,
    Kind.GAUGE,
    "sla_objective_ratio",
    "Share of leads that a policy promises to answer in time, as this process knows it.",
    POLICY,
    unit="ratio",
)
READY = _metric(Group.PROCESS, Kind.STATE, "sla_ready", "1 while this process answers that it is ready.")
LOOP_LAG = _metric(
    Group.PROCESS,
    Kind.HISTOGRAM,
    "sla_event_loop_lag_seconds",
    "Time by which a wake-up of the event loop came late, tried each second.",
    unit="seconds",
    buckets=DELAY,
)
LABEL_OVERFLOW = _metric(
    Group.PROCESS,
    Kind.COUNTER,
    "sla_label_overflow_total",
    f"Values counted under {OTHER} because the label has as many as it may.",
    Label("label"),
)
SNAPSHOT_SECONDS = _metric(
    Group.PROCESS,
    Kind.STATE,
    "sla_snapshot_seconds",
    "Time that it took to look at the state of the partitions for this scrape.",
    unit="seconds",
)
SNAPSHOT_ERRORS = _metric(
    Group.PROCESS,
    Kind.COUNTER,
    "sla_snapshot_errors_total",
    "Scrapes without the state of the partitions, because it failed.",
)
BUILD_INFO = _metric(
    Group.PROCESS, Kind.GAUGE, "sla_build_info", "1, with the version of the program.", Label("version")
)

# the audit
AUDIT_FINDINGS = _metric(
    Group.AUDIT, Kind.GAUGE, "sla_audit_findings", "What the last audit found to be wrong, by kind.", FINDING
)
AUDIT_LEADS = _metric(Group.AUDIT, Kind.GAUGE, "sla_audit_leads", "Leads that the last audit looked at.")
AUDIT_SECONDS = _metric(Group.AUDIT, Kind.GAUGE, "sla_audit_seconds", "Time that the last audit took.", unit="seconds")
AUDITED = _metric(
    Group.AUDIT,
    Kind.GAUGE,
    "sla_audit_timestamp_seconds",
    "When the last audit ended that could read everything; absent before the first.",
    unit=INSTANT,
)


def most_series(metric: Metric, *, partitions: int, managers: int) -> int:
    """The most samples that a process shows of a metric, with so many partitions of each log and so many managers."""
    most = {PARTITION: partitions, MANAGER: managers}
    series = prod(most.get(label, len(label.values) or (label.cap or 0) + 1) for label in metric.labels)
    return series * (len(metric.buckets) + 3 if metric.buckets else 1)

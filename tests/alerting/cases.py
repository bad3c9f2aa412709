"""For each alert what makes it fire, what it then says, when that is over, and what is close to it and does not."""

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

every15s = Series()
gauge, counter, clock = every15s.gauge, every15s.counter, every15s.clock

WORKER = 'up{job="sla-monitor-worker",instance="w%d"}'
WEB = 'up{job="sla-monitor-web",instance="b%d"}'

MET = 'sla_evaluations_total{source="crm",turn="first",measure="response",outcome="met",instance="w1"}'
BREACHED = 'sla_evaluations_total{source="crm",turn="first",measure="response",outcome="breached",instance="w1"}'


def decided(*segments: tuple[str, float, float], series: Series = every15s) -> Given:
    """Segments of met and breached leads a minute."""
    met, late = ([(span, rates[index]) for span, *rates in segments] for index in (0, 1))
    return {MET: series.counter(*met), BREACHED: series.counter(*late)}


def burn(window: str, factor: str, given: Given, at: str, says: str, over: str, near: Given, **steps: str) -> Case:
    labels = {"severity": "page" if window in ("1h", "6h") else "ticket", "window": window}
    text = f"{says}. 5% are allowed; at this pace what 30 days allow is used up in {factor} days."
    case = {"given": given, "at": at, "fires": [({}, text)], "over": over, "near": near}
    return Case(alert="SlaErrorBudgetBurn", labels=labels, **case, **steps)


def late(share: str, window: str, leads: int) -> str:
    return f"{share} of the customers who were due an answer in the last {window} got none in time: {leads} leads"


minutely = Series("1m")

PROMISE = [
    burn(
        "1h",
        "2.1",
        decided(("1h", 1, 0), ("1h", 0.2, 0.8), ("20m", 1, 0)),
        "2h",
        late("80%", "1h", 48),
        "2h15m",
        decided(("1h", 1, 0), ("1h", 0.02, 0.2), ("20m", 0.1, 0)),  # 92% late, but of 13 leads
    ),
    burn(
        "6h",
        "5",
        decided(("6h", 1, 0), ("6h", 0.6, 0.4), ("1h", 1, 0), series=minutely),
        "12h",
        late("40%", "6h", 144),
        "12h50m",
        decided(("6h", 1, 0), ("6h", 0.75, 0.25), ("1h", 1, 0), series=minutely),
        step="1m",
        every="5m",
    ),
    burn(
        "1d",
        "10",
        decided(("2d", 0.08, 0.02), ("4h", 0.1, 0), series=minutely),
        "2d",
        late("20%", "1d", 29),
        "51h",
        decided(("44h", 0.088, 0.012), ("8h", 0.08, 0.02), series=minutely),  # the short window alone
        step="1m",
        every="5m",
    ),
    burn(
        "3d",
        "30",
        decided(("3d", 0.9, 0.1), ("8h", 1, 0), series=minutely),
        "3d",
        late("10%", "3d", 432),
        "79h",
        decided(("66h", 0.97, 0.03), ("14h", 0.92, 0.08), series=minutely),  # the short window alone
        step="1m",
        every="5m",
    ),
]

OPEN = 'sla_open_leads{partition="%d",state="%s",instance="w%d"}'

LEADS = [
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
                "12 customers have waited longer than promised and were not called: more than half of all who wait.",
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
            'sla_leads_received_total{source="crm"}': Series("5m").counter(("7d", 0.2), ("3h", 0), ("1h", 0.2)),
            'sla_calendar_open{calendar="office"}': Series("5m").gauge(("172h", 1)),
        },
        at="170h",
        fires=[({}, "No lead has come in for half an hour of working time; a week ago there were 6 in the same one.")],
        over="171h30m",
        near={'sla_calendar_open{calendar="office"}': Series("5m").gauge(("172h", 0))},
        step="5m",
    ),
]

STATE = 'sla_partition_state{topic="%s",partition="%d",state="%s",instance="w%d"}'

WORKERS = [
    Case(
        alert="SlaNoWorker",
        given={WORKER % 1: gauge(("3m", 1), ("5m", 0), ("5m", 1))},
        at="5m",
        fires=[
            ({}, "No lead is watched: nothing that decides is running. Nobody is reminded, and no lead is handed on.")
        ],
        over="9m",
        near={WORKER % 2: gauge(("13m", 1))},
    ),
    Case(
        alert="SlaWorkerDown",
        given={WORKER % 1: gauge(("3m", 1), ("5m", 0), ("5m", 1)), WORKER % 2: gauge(("13m", 1))},
        at="6m",
        fires=[
            (
                {"job": "sla-monitor-worker", "instance": "w1"},
                "One of the processes that watch leads is down (w1); the others do its work.",
            )
        ],
        over="9m",
        near={WORKER % 1: gauge(("3m", 1), ("90s", 0), ("5m", 1))},  # a roll-out
    ),
    Case(
        alert="SlaNoWeb",
        given={WEB % 1: gauge(("3m", 1), ("5m", None), ("5m", 1)), WEB % 2: gauge(("3m", 1), ("10m", 0))},
        at="5m",
        fires=[({}, "Leads and calls cannot reach us, and nobody sees the board: no web process is running.")],
        over="9m",
        near={WEB % 1: None, WEB % 2: None, WORKER % 1: gauge(("13m", 1))},  # `up` needs none
    ),
    Case(
        alert="SlaWebDown",
        given={WEB % 1: gauge(("3m", 1), ("5m", 0), ("5m", 1))},
        at="6m",
        fires=[
            (
                {"job": "sla-monitor-web", "instance": "b1"},
                "One of the web processes is down (b1); the others do its work.",
            )
        ],
        over="9m",
        near={WEB % 1: gauge(("3m", 1), ("90s", 0), ("5m", 1))},
    ),
    Case(
        alert="SlaPartitionsUnowned",
        given={
            'sla_topic_partitions{topic="events",instance="w1"}': gauge(("15m", 2)),
            'sla_topic_partitions{topic="desk",instance="w1"}': gauge(("15m", 3)),
            STATE % ("events", 0, "running", 1): gauge(("15m", 1)),
            STATE % ("events", 1, "running", 1): gauge(("3m", 1), ("12m", None)),
            STATE % ("events", 1, "closed", 2): gauge(("3m", 0), ("7m", 1), ("5m", 0)),
            STATE % ("events", 1, "running", 2): gauge(("10m", 0), ("5m", 1)),
            STATE % ("desk", 0, "running", 2): gauge(("10m", 0), ("5m", 1)),
            STATE % ("desk", 1, "running", 2): gauge(("10m", 0), ("5m", 1)),
            STATE % ("desk", 2, "running", 2): gauge(("10m", 0), ("5m", 1)),
        },
        at="7m",
        fires=[
            ({"topic": "events"}, "Some leads are not watched: 1 partitions of events belong to no worker."),
            ({"topic": "desk"}, "Some leads are not watched: 3 partitions of desk belong to no worker."),
        ],
        over="11m",
        near={  # handed over in two minutes
            'sla_topic_partitions{topic="desk",instance="w1"}': None,
            STATE % ("events", 1, "running", 2): gauge(("5m", 0), ("10m", 1)),
        },
    ),
    Case(
        alert="SlaOpeningStuck",
        given={
            STATE % ("events", 0, "retrying", 2): gauge(("2m", 0), ("13m", 1), ("5m", 0)),
            STATE % ("events", 0, "running", 2): gauge(("15m", 0), ("5m", 1)),
        },
        at="14m",
        fires=[({"topic": "events"}, "Some leads are not watched: 1 partitions of events do not open.")],
        over="16m",
        near={STATE % ("events", 0, "running", 1): gauge(("20m", 1))},  # its owner has it until then
    ),
    Case(
        alert="SlaPolicyDiffers",
        given={
            'sla_policy_file_differs{instance="w1"}': gauge(("2m", 0), ("20m", 1), ("5m", 0)),
            'sla_policy_file_differs{instance="w2"}': gauge(("2m", 0), ("20m", 1), ("5m", 0)),
        },
        at="18m",
        fires=[({}, "Leads are watched by other rules than the policy file says, as 2 processes have it.")],
        over="23m",
        near={  # a roll-out of the file
            'sla_policy_file_differs{instance="w1"}': gauge(("2m", 0), ("5m", 1), ("5m", 0)),
            'sla_policy_file_differs{instance="w2"}': gauge(("2m", 0), ("9m", 1), ("5m", 0)),
        },
    ),
    Case(
        alert="SlaClockJumped",
        given={'sla_clock_jumps_total{instance="w1"}': gauge(("5m", 0), ("25m", 1))},
        at="6m",
        fires=[
            ({"instance": "w1"}, "The clock of w1 jumped ahead. Deadlines waited until it was trusted again."),
        ],
        over="25m",
        near={'sla_clock_jumps_total{instance="w1"}': gauge(("30m", 1))},  # long ago
    ),
]

HEARTBEAT = 'sla_heartbeat_timestamp_seconds{stage="track",partition="%d",instance="w%d"}'
TIMER = 'sla_next_timer_timestamp_seconds{topic="events",partition="0",instance="w%d"}'
LATENESS = 'sla_timer_lateness_seconds_%s{instance="w1"}'
OLDEST = 'sla_oldest_record_timestamp_seconds{topic="events",partition="0",instance="w%d"}'
COMMITTED = 'sla_partition_commit_timestamp_seconds{topic="events",partition="0",instance="w%d"}'
LAG = 'sla_lag_records{topic="events",partition="0",instance="w%d"}'
LETTERS = 'sla_dead_letters_total{topic="events",reason="%s",instance="w1"}'
EVENTS = 'sla_events_total{topic="events",result="ok",instance="w1"}'
NOTICES = 'sla_notifications_total{channel="json",result="%s",instance="w1"}'
WAITING = 'sla_oldest_notification_timestamp_seconds{partition="0",instance="w1"}'


def lateness(*segments: tuple[str, float, float]) -> Given:
    """Segments of timers a minute: within a second, and in more than 5 but not 10 seconds."""
    punctual = [(span, good) for span, good, _ in segments]
    whole = [(span, good + bad) for span, good, bad in segments]
    return {
        LATENESS.replace("{", '{le="%s",') % ("bucket", le): counter(*rates)
        for le, rates in (("1.0", punctual), ("5.0", punctual), ("10.0", whole), ("+Inf", whole))
    } | {LATENESS % "count": counter(*whole)}


PIPELINE = [
    Case(
        alert="SlaHeartbeatStale",
        given={
            HEARTBEAT % (0, 1): clock(("20m", True)),
            HEARTBEAT % (1, 1): clock(("5m", True), ("7m", False), ("8m", True)),
        },
        at="9m",
        fires=[
            (
                {"stage": "track"},
                "Leads and calls do not get through: our own test signals have been missing behind track for 4m 15s.",
            )
        ],
        over="13m",
        near={HEARTBEAT % (1, 2): clock(("5m", None), ("15m", True))},  # another has it now
    ),
    Case(
        alert="SlaHeartbeatStale",
        given={
            HEARTBEAT % (0, 1): clock(("90m", True)),
            HEARTBEAT % (1, 1): clock(("5m", True), ("65m", None), ("20m", True)),  # each start ends before its first
        },
        at="1h",
        fires=[
            (
                {"stage": "track"},
                "Leads and calls do not get through: our own test signals have been missing behind track for 55m 15s.",
            )
        ],
        over="71m",
        near={HEARTBEAT % (1, 1): None},
    ),
    Case(
        alert="SlaTimersLate",
        labels=PAGE,
        given={TIMER % 1: gauge(("15m", 600), ("5m", 3600))},
        at="13m",
        fires=[({"topic": "events"}, "Leads are not handed on: a decision of events has been due for 3m 0s.")],
        over="16m",
        near={TIMER % 2: gauge(("10m", None), ("10m", 3600))},  # the new owner has fired it
    ),
    Case(
        alert="SlaTimersLate",
        labels=TICKET,
        given=lateness(("10m", 10, 0), ("15m", 8, 2), ("15m", 10, 0)),
        at="20m",
        fires=[({}, "Reminders and handing on come late: one in a hundred by 9.75s or more.")],
        over="38m",
        near=lateness(("10m", 0.1, 0), ("15m", 0, 0.2), ("15m", 0.1, 0)),  # three timers
    ),
    Case(
        alert="SlaConsumerLag",
        given={OLDEST % 1: gauge(("2m", None), ("8m", 120), ("5m", None))},
        at="7m",
        fires=[({"topic": "events"}, "Leads and calls are seen late: in events the next has waited for 5m 0s.")],
        over="11m",
        near={OLDEST % 2: clock(("4m", None), ("11m", True))},
    ),
    Case(
        alert="SlaConsumerLag",
        given={
            LAG % 1: gauge(("2m", 0), ("13m", 40), ("5m", 0)),
            COMMITTED % 1: clock(("2m", True), ("13m", False), ("5m", True)),
        },
        at="11m",
        fires=[({"topic": "events"}, "Leads and calls are seen late: in events the next has waited for 9m 15s.")],
        over="16m",
        near={COMMITTED % 1: clock(("20m", True))},  # much to do, and it is done
    ),
    Case(
        alert="SlaStuckTimers",
        given={'sla_stuck_timers_total{topic="events",instance="w1"}': counter(("5m", 0), ("5m", 1), ("20m", 0))},
        at="7m",
        fires=[
            (
                {"topic": "events"},
                "A decision on a lead failed by a defect; it is tried again each minute, and the head has been told.",
            )
        ],
        over="28m",
        near={'sla_stuck_timers_total{topic="events",instance="w1"}': counter(("30m", 0), start=7)},
    ),
    Case(
        alert="SlaDeadLettersGrowing",
        labels=PAGE,
        given={
            LETTERS % "invalid": counter(("15m", 0), ("15m", 2), ("20m", 0)),
            EVENTS: counter(("50m", 20)),
        },
        at="30m",
        fires=[({}, "Leads or calls are missing: 30 events in a quarter of an hour could not be used.")],
        over="46m",
        near={EVENTS: counter(("50m", 400))},
    ),
    Case(
        alert="SlaDeadLettersGrowing",
        labels=TICKET,
        given={LETTERS % "unknown_lead": counter(("15m", 0), ("5m", 1), ("25m", 0))},
        at="25m",
        fires=[
            ({"topic": "events", "reason": "unknown_lead"}, "5 events of events could not be used (unknown_lead)."),
        ],
        over="38m",
        near={LETTERS % "unknown_lead": None, LETTERS % "erased": counter(("15m", 0), ("5m", 1), ("25m", 0))},
    ),
    Case(
        alert="SlaNotificationsFailing",
        given={
            NOTICES % "failed": counter(("10m", 0), ("20m", 1), ("20m", 0)),
            NOTICES % "sent": counter(("50m", 1)),
        },
        at="25m",
        fires=[({"channel": "json"}, "Managers are not told of their leads: 50% of the notices through json fail.")],
        over="48m",
        near={NOTICES % "failed": counter(("10m", 0), ("20m", 0.2), ("20m", 0)), NOTICES % "sent": counter(("50m", 0))},
    ),
    Case(
        alert="SlaNotificationsLate",
        given={WAITING: gauge(("5m", None), ("25m", 300), ("5m", None))},
        at="25m",
        fires=[({}, "A manager has not been told for 20m 0s: a notice cannot be delivered.")],
        over="32m",
        near={WAITING: clock(("35m", True))},  # always one, never the same
    ),
]

LEDGER = 'sla_ledger_evaluations_total{partition="0",turn="first",measure="response",outcome="met",instance="w%d"}'
RETRACTED = 'sla_retractions_total{source="crm",turn="first",measure="response",instance="w1"}'
FINDING = 'sla_audit_findings{finding="%s",job="sla-monitor-audit"}'
AUDITED = 'sla_audit_timestamp_seconds{job="sla-monitor-audit"}'
OVERFLOW = 'sla_label_overflow_total{label="source",instance="w1"}'
SNAPSHOT = 'sla_snapshot_errors_total{instance="w1"}'
SCRAPED = 'scrape_samples_scraped{job="sla-monitor-worker",instance="w1"}'

FIGURES = [
    Case(
        alert="SlaCountersDrift",
        given={
            MET: counter(("2h", 1), ("2h", 2), ("2h", 1)),
            RETRACTED: counter(("6h", 0)),
            LEDGER % 1: counter(("6h", 1)),
        },
        at="4h",
        fires=[
            ({}, "The share of leads in time may be wrong: two counts of the same decisions differ by 60."),
        ],
        over="5h",
        near={  # there and back again, the former owner shown once more each time
            MET: counter(("6h", 1)),
            LEDGER % 1: f"{counter(('2h', 1), ('15s', 0), ('119m45s', None))} {counter(('2h', 1), start=240)}",
            LEDGER % 2: counter(("2h", None), ("2h", 1), ("15s", 0), ("119m45s", None), start=120),
        },
    ),
    Case(
        alert="SlaAuditFindings",
        labels=PAGE,
        given={FINDING % "lost_lead": gauge(("2m", 0), ("5m", 3), ("5m", 0))},
        at="4m",
        fires=[({"finding": "lost_lead"}, "The monitor itself missed something: an audit found 3 leads (lost_lead).")],
        over="8m",
        near={FINDING % "lost_lead": gauge(("12m", 0)), FINDING % "ledger_differs": gauge(("12m", 3))},
    ),
    Case(
        alert="SlaAuditFindings",
        labels=TICKET,
        given={FINDING % "ledger_differs": gauge(("2m", 0), ("5m", 1), ("5m", 0))},
        at="4m",
        fires=[
            (
                {"finding": "ledger_differs"},
                "The share of leads in time may be wrong: an audit counted otherwise than the ledger.",
            )
        ],
        over="8m",
        near={FINDING % "ledger_differs": gauge(("12m", 0)), FINDING % "lost_lead": gauge(("12m", 3))},
    ),
    Case(
        alert="SlaAuditSilent",
        given={AUDITED: clock(("10m", True), ("80m", None), ("20m", True))},
        at="80m",
        fires=[({}, "Nobody checks the monitor: the last audit ended 1h 10m 15s ago.")],
        over="95m",
        near={AUDITED: None, WORKER % 1: gauge(("2h", 1))},  # nobody ever asked for one
    ),
    Case(
        alert="SlaLabelOverflow",
        given={OVERFLOW: counter(("5m", 0), ("15m", 1), ("25m", 0))},
        at="15m",
        fires=[
            (
                {"label": "source"},
                "Figures are lumped together: there are more values of source than are told apart.",
            )
        ],
        over="40m",
        near={OVERFLOW: counter(("45m", 0), start=3)},
    ),
    Case(
        alert="SlaSnapshotErrors",
        given={SNAPSHOT: counter(("5m", 0), ("15m", 4), ("25m", 0))},
        at="15m",
        fires=[({"instance": "w1"}, "Figures of open leads are missing: w1 cannot show them.")],
        over="40m",
        near={SNAPSHOT: counter(("45m", 0), start=3)},
    ),
    Case(
        alert="SlaScrapeNearLimit",
        given={SCRAPED: gauge(("5m", 30_000), ("20m", 45_000), ("5m", 30_000))},
        at="22m",
        fires=[
            (
                {"job": "sla-monitor-worker", "instance": "w1"},
                "w1 shows 90% of the series that Prometheus takes; beyond, it takes none.",
            )
        ],
        over="26m",
        near={SCRAPED: gauge(("30m", 39_000))},
    ),
]

FAILURES = 'prometheus_rule_evaluation_failures_total{job="prometheus",rule_group="rules.yml;sla-monitor-leads"}'
KNOWN = 'prometheus_notifications_alertmanagers_discovered{job="prometheus"}'
ERRORS = 'prometheus_notifications_errors_total{job="prometheus",alertmanager="http://a:9093"}'
FAILED = 'alertmanager_notifications_failed_total{job="alertmanager",integration="slack"}'
UNSENT = "Alerts do not get from Prometheus to Alertmanager: nobody may be told."

WATCHING = [
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

CASES = [*PROMISE, *LEADS, *WORKERS, *PIPELINE, *FIGURES, *WATCHING]

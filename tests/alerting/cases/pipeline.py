"""What comes in and is decided or told late, or not at all."""

from __future__ import annotations

from tests.alerting.cases.case import PAGE, TICKET, Case, often
from tests.alerting.promtool import Given

gauge, counter, clock = often.gauge, often.counter, often.clock

HEARTBEAT = 'sla_heartbeat_timestamp_seconds{stage="track",partition="%d",instance="w%d"}'
TIMER = 'sla_next_timer_timestamp_seconds{topic="events",partition="0",instance="w%d"}'
LATENESS = 'sla_timer_lateness_seconds_%s{instance="w1"}'
OLDEST = 'sla_oldest_record_timestamp_seconds{topic="events",partition="0",instance="w%d"}'
COMMITTED = 'sla_partition_commit_timestamp_seconds{topic="events",partition="0",instance="w%d"}'
LAG = 'sla_lag_records{topic="events",partition="0",instance="w%d"}'
LETTERS = 'sla_dead_letters_total{topic="events",reason="%s",instance="w1"}'
TAKEN = 'sla_events_total{topic="intake",result="%s",instance="w1"}'
EVENTS = 'sla_events_total{topic="events",result="ok",instance="w1"}'
GONE = 'sla_webhooks_disabled{partition="%d",instance="w1"}'
POSTS = 'sla_notifications_total{channel="webhook",result="%s",instance="w1"}'
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


CASES = [
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
        near={LAG % 1: gauge(("20m", 0))},  # nothing to commit
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
        alert="SlaEventsIgnored",
        given={
            TAKEN % "accepted": counter(("3h", 5.0)),
            TAKEN % "unknown_owner": counter(("30m", 0.0), ("30m", 1.0), ("2h", 0.0)),
        },
        at="1h10m",
        fires=[
            (
                {},
                (
                    "Responses may not be seen: 30 events in an hour had no usable number, named unknown people, or "
                    "came with an id that was used before."
                ),
            )
        ],
        over="2h30m",
        near={TAKEN % "unknown_owner": counter(("30m", 0.0), ("30m", 0.3), ("2h", 0.0))},
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
            (
                {"topic": "events", "reason": "unknown_lead"},
                "A lead or a call may be missing. What could not be used of events (unknown_lead): 5.",
            ),
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
    Case(
        alert="SlaWebhooksFailing",
        given={POSTS % "failed": counter(("10m", 0), ("40m", 1), ("60m", 0)), POSTS % "sent": counter(("110m", 3))},
        at="45m",
        fires=[({}, "A webhook does not take outcomes: 25% of the attempts fail.")],
        over="90m",
        near={POSTS % "failed": counter(("10m", 0), ("40m", 0.2), ("60m", 0))},
    ),
    Case(
        alert="SlaWebhookDisabled",
        given={GONE % 0: gauge(("5m", 0), ("5m", 1), ("5m", 0)), GONE % 1: gauge(("15m", 0))},
        at="8m",
        fires=[({}, "A webhook gets no more outcomes: its endpoint has answered 410, which says that it wants none.")],
        over="12m",
        near={GONE % 0: gauge(("15m", 0))},
    ),
    Case(
        alert="SlaWebhooksGivenUp",
        given={LETTERS % "webhook_failed": counter(("10m", 0), ("10m", 1), ("50m", 0))},
        at="20m",
        fires=[({}, "A webhook has missed outcomes: 10 were given up after a day.")],
        over="55m",
        near={LETTERS % "webhook_failed": None, LETTERS % "notification_failed": counter(("70m", 1))},
    ),
]

"""Whether what comes in is decided and told in time.

Thresholds on the age of an instant are above a scrape and an evaluation together, which are what it seems older by.
"""

from __future__ import annotations

from collections.abc import Iterator

from sla_monitor.metrics import catalogue as m

from .options import Options
from .promql import Not, increase, newest, series
from .rules import AGE, COUNT, SHARE, Alert, Group, Severity

MEMORY = "6h"
"""How long a heartbeat is remembered after the process that showed it: one that starts again and again shows none."""


def pipeline(options: Options) -> Group:
    rules = (
        _heartbeat(options),
        *_timers(options),
        _lag(options),
        _stuck(options),
        *_dead_letters(options),
        _ignored(options),
        *_notices(options),
        *_webhooks(options),
    )
    return Group("sla-monitor-pipeline", options.span("15s"), rules)


def _heartbeat(options: Options) -> Alert:
    seen = f"max by (stage, partition) (max_over_time({series(m.HEARTBEAT)}[{options.span(MEMORY)}]))"
    return Alert(
        name="SlaHeartbeatStale",
        severity=Severity.PAGE,
        expr=f"time() - min by (stage) ({seen}) > {options.seconds('2m')}",
        lasting=options.span("1m"),
        summary="Leads and calls do not get through: our own test signals have been missing behind "
        f"{{{{ $labels.stage }}}} for {AGE}.",
        when=f"no heartbeat has come through a stage of a partition for {options.span('2m')}",
        meaning="The first stage that is silent, of ingest, intake, track, timer and notify, is where to look.",
        page="stuck-consumer",
    )


def _timers(options: Options) -> Iterator[Alert]:
    due = newest(m.NEXT_TIMER, "topic", "partition")
    yield Alert(
        name="SlaTimersLate",
        severity=Severity.PAGE,
        expr=f"time() - min by (topic) ({due}) > {options.seconds('1m')}",
        lasting=options.span("1m"),
        summary=f"Leads are not handed on: a decision of {{{{ $labels.topic }}}} has been due for {AGE}.",
        when=f"a timer has been due for more than {options.span('1m')}",
        meaning="The owner of a partition stands still, or waits for brokers, disk or a trusted clock.",
    )
    span, late = options.span("10m"), options.seconds("5s")
    buckets, count = series(m.TIMER_LATENESS, "_bucket"), series(m.TIMER_LATENESS, "_count")
    yield Alert(
        name="SlaTimersLate",
        severity=Severity.TICKET,
        expr=f"histogram_quantile(0.99, sum by (le) (rate({buckets}[{span}]))) > {late}\n"
        f"and sum(increase({count}[{span}])) >= 10",
        lasting=options.span("5m"),
        summary=f"Reminders and handing on come late: one in a hundred by {AGE} or more.",
        when=f"of 10 or more timers in {span}, 1% came more than {late} s late",
        meaning="After a restart that passes; else there is more work than the workers can do.",
    )


def _lag(options: Options) -> Alert:
    place = "topic", "partition"
    waits = f"time() - {newest(m.OLDEST_RECORD, *place)} > {options.seconds('2m')}"
    still = f"time() - {newest(m.PARTITION_COMMITTED, *place)} > {options.seconds('5m')}"
    return Alert(
        name="SlaConsumerLag",
        severity=Severity.PAGE,
        expr=f"max by (topic) (\n  {waits}\n  or\n  ({still} and {newest(m.LAG, *place)} > 0)\n)",
        lasting=options.span("2m"),
        summary=f"Leads and calls are seen late: in {{{{ $labels.topic }}}} the next has waited for {AGE}.",
        when=f"a record has waited for more than {options.span('2m')}, or some wait and nothing was committed for "
        f"{options.span('5m')}",
        meaning="Calls that come in now may be seen only after a breach; late proof takes it back.",
        page="stuck-consumer",
    )


def _stuck(options: Options) -> Alert:
    span = options.span("15m")
    return Alert(
        name="SlaStuckTimers",
        severity=Severity.TICKET,
        expr=f"{increase(m.STUCK_TIMERS, span, 'topic')} > 0",
        summary="A decision on a lead failed by a defect; it is tried again each minute, and the head has been told.",
        when=f"the decision of a timer failed in the last {span}",
        meaning="The lead concerned is not handed on until it succeeds; no other lead is held up.",
    )


def _dead_letters(options: Options) -> Iterator[Alert]:
    span, meant = options.span("15m"), {"reason": Not("erased", "webhook_failed")}
    yield Alert(
        name="SlaDeadLettersGrowing",
        severity=Severity.PAGE,
        expr=f"{increase(m.DEAD_LETTERS, span, **meant)} >= 10\n"
        f"and {increase(m.DEAD_LETTERS, span, **meant)} > 0.01 * {increase(m.EVENTS, span)}",
        summary=f"Leads or calls are missing: {COUNT} events in a quarter of an hour could not be used.",
        when=f"10 or more dead letters in {span}, and more than 1% of all events",
        meaning="Most likely a sender was changed. What it sends is kept, and can be replayed or sent again.",
        page="dead-letters",
    )
    yield Alert(
        name="SlaDeadLettersGrowing",
        severity=Severity.TICKET,
        expr=f"{increase(m.DEAD_LETTERS, span, 'topic', 'reason', **meant)} > 0",
        summary=f"A lead or a call may be missing. What could not be used of {{{{ $labels.topic }}}} "
        f"({{{{ $labels.reason }}}}): {COUNT}.",
        when=f"a dead letter in the last {span}, other than of erased leads and webhooks",
        meaning="It stopped nothing, and is kept with its reason.",
        page="dead-letters",
    )


IGNORED = ("bad_number", "own_number", "no_lead_no_number", "unknown_manager", "unknown_owner", "conflict")
"""What is accepted and then has no effect, or less than was meant; a withheld number is nobody's mistake."""


def _ignored(options: Options) -> Alert:
    span = options.span("1h")
    return Alert(
        name="SlaEventsIgnored",
        severity=Severity.TICKET,
        expr=f"{increase(m.EVENTS, span, result=IGNORED)} >= 10\n"
        f"and {increase(m.EVENTS, span, result=IGNORED)} > 0.05 * {increase(m.EVENTS, span, result='accepted')}",
        lasting=options.span("5m"),
        summary=f"Responses may not be seen: {COUNT} events in an hour had no usable number, named unknown people, or "
        "came with an id that was used before.",
        when=f"10 or more events in {span}, and more than 5% of all, had no usable number, named unknown people, or "
        "came with an id that was used before for other data",
        meaning="Leads breach although somebody called, or are given to other people than the CRM shows.",
        page="events-ignored",
    )


def _notices(options: Options) -> Iterator[Alert]:
    span = options.span("10m")
    people = Not("webhook")
    failed = increase(m.NOTIFICATIONS, span, "channel", channel=people, result="failed")
    all_of_them = increase(m.NOTIFICATIONS, span, "channel", channel=people)
    yield Alert(
        name="SlaNotificationsFailing",
        severity=Severity.PAGE,
        expr=f"{failed} / {all_of_them} > 0.1\nand {failed} >= 3",
        lasting=options.span("5m"),
        summary=f"Managers are not told of their leads: {SHARE} of the notices through {{{{ $labels.channel }}}} fail.",
        when=f"more than 10% of the attempts of a channel in {span} failed, and 3 or more",
        meaning="Notices are tried again for a day, so each comes late or not at all. Leads are handed on as before.",
    )
    yield Alert(
        name="SlaNotificationsLate",
        severity=Severity.TICKET,
        expr=f"time() - min({newest(m.OLDEST_NOTICE, 'partition')}) > {options.seconds('15m')}",
        lasting=options.span("1m"),
        summary=f"A manager has not been told for {AGE}: a notice cannot be delivered.",
        when=f"a notice has waited for more than {options.span('15m')}",
        meaning="It may be one address alone; a channel that fails for all pages.",
        page="notifications-failing",
    )


def _webhooks(options: Options) -> Iterator[Alert]:
    span = options.span("30m")
    failed = increase(m.NOTIFICATIONS, span, channel="webhook", result="failed")
    all_of_them = increase(m.NOTIFICATIONS, span, channel="webhook")
    yield Alert(
        name="SlaWebhooksFailing",
        severity=Severity.TICKET,
        expr=f"{failed} / {all_of_them} > 0.1\nand {failed} >= 3",
        lasting=options.span("15m"),
        summary=f"A webhook does not take outcomes: {SHARE} of the attempts fail.",
        when=f"more than 10% of the attempts to post outcomes in {span} failed, and 3 or more",
        meaning="Outcomes are tried again for a day. Leads are handed on, and managers told, as before.",
    )
    yield Alert(
        name="SlaWebhookDisabled",
        severity=Severity.TICKET,
        expr=f"max({newest(m.WEBHOOKS_DISABLED, 'partition')}) > 0",
        summary="A webhook gets no more outcomes: its endpoint has answered 410, which says that it wants none.",
        when="the endpoint of a webhook of the policy has answered 410",
        meaning="What is published waits for it for a day. Enable it, or take it out of the policy.",
        page="webhooks-failing",
    )
    yield Alert(
        name="SlaWebhooksGivenUp",
        severity=Severity.TICKET,
        expr=f"{increase(m.DEAD_LETTERS, span, reason='webhook_failed')} > 0",
        summary=f"A webhook has missed outcomes: {COUNT} were given up after a day.",
        when=f"an outcome for a webhook became a dead letter in the last {span}",
        meaning="They are kept, and can be replayed once the webhook works.",
        page="webhooks-failing",
    )

"""The processes, and who of them owns what."""

from __future__ import annotations

from collections.abc import Iterator

from sla_monitor.metrics import catalogue as m

from .options import Options
from .promql import increase, newest, series
from .rules import COUNT, Alert, Group, Recording, Rule, Severity

WORKER, WEB, AUDIT = "sla-monitor-worker", "sla-monitor-web", "sla-monitor-audit"
"""The jobs by which our processes are scraped; the all-in-one `up` is a worker."""

OWNING = ("opening", "running", "retrying")
OWNED = "topic:sla_partitions_owned:count"


def workers(options: Options) -> Group:
    owned = f"count by (topic) ({newest(m.PARTITION_STATE, 'topic', 'partition', state=OWNING)} == 1)"
    rules: tuple[Rule, ...] = (
        Recording(OWNED, owned),
        *_gone(options),
        _unowned(options),
        _opening(options),
        _differs(options),
        _jumped(options),
    )
    return Group("sla-monitor-workers", options.span("15s"), rules)


def _gone(options: Options) -> Iterator[Alert]:
    yield Alert(
        name="SlaNoWorker",
        severity=Severity.PAGE,
        expr=f"absent({_up(WORKER)} == 1)",
        lasting=options.span("1m"),
        summary="No lead is watched: nothing that decides is running. Nobody is reminded, and no lead is handed on.",
        when="no worker answers Prometheus",
        meaning="What comes in is kept. What falls due meanwhile is decided when a worker runs again, late but right.",
    )
    yield Alert(
        name="SlaWorkerDown",
        severity=Severity.TICKET,
        expr=f"{_up(WORKER)} == 0",
        lasting=options.span("2m"),
        summary="One of the processes that watch leads is down ({{ $labels.instance }}); the others do its work.",
        when="a worker does not answer Prometheus",
        meaning="Nothing is lost, but the next failure weighs more.",
        page="no-worker",
    )
    day = options.span("1d")
    yield Alert(
        name="SlaNoWeb",
        severity=Severity.PAGE,
        expr=f"count(count_over_time({_up(WEB)}[{day}]))\nunless count({_up(WEB)} == 1)",
        lasting=options.span("1m"),
        summary="Leads and calls cannot reach us, and nobody sees the board: no web process is running.",
        when=f"no web process answers Prometheus, and one did in the last {day}",
        meaning="Senders get no answer and have to send again. Leads that are known are watched as before.",
    )
    yield Alert(
        name="SlaWebDown",
        severity=Severity.TICKET,
        expr=f"{_up(WEB)} == 0",
        lasting=options.span("2m"),
        summary="One of the web processes is down ({{ $labels.instance }}); the others do its work.",
        when="a web process does not answer Prometheus",
        meaning="Whoever is sent to it by address has to turn to another.",
        page="no-web",
    )


def _up(job: str) -> str:
    return f'up{{job="{job}"}}'


def _unowned(options: Options) -> Alert:
    wanted = newest(m.TOPIC_PARTITIONS, "topic")
    return Alert(
        name="SlaPartitionsUnowned",
        severity=Severity.PAGE,
        expr=f"{wanted} - ({OWNED} or 0 * {wanted}) > 0",
        lasting=options.span("3m"),
        summary=f"Some leads are not watched. Partitions of {{{{ $labels.topic }}}} without a worker: {COUNT}.",
        when="a partition belongs to no worker",
        meaning="What belongs to it waits; it is decided when a worker takes the partition over.",
        page="stuck-consumer",
    )


def _opening(options: Options) -> Alert:
    opening = newest(m.PARTITION_STATE, "topic", "partition", state=("opening", "retrying"))
    running = newest(m.PARTITION_STATE, "topic", "partition", state="running")
    return Alert(
        name="SlaOpeningStuck",
        severity=Severity.PAGE,
        expr=f"count by (topic) ({opening} == 1 unless {running} == 1) > 0",
        lasting=options.span("10m"),
        summary=f"Some leads are not watched. Partitions of {{{{ $labels.topic }}}} that do not open: {COUNT}.",
        when="a partition is being opened and runs nowhere",
        meaning="The brokers do not answer, or its rows cannot be read; a million open leads take far less.",
        page="stuck-consumer",
    )


def _differs(options: Options) -> Alert:
    return Alert(
        name="SlaPolicyDiffers",
        severity=Severity.TICKET,
        expr=f"sum({series(m.POLICY_DIFFERS)}) > 0",
        lasting=options.span("15m"),
        summary=f"Leads are watched by other rules than the policy file says, as {COUNT} processes have it.",
        when="the policy in force is not that of a process's policy file",
        meaning="On Kafka a changed file comes into force only by `sla-monitor policy apply`.",
    )


def _jumped(options: Options) -> Alert:
    span = options.span("15m")
    return Alert(
        name="SlaClockJumped",
        severity=Severity.TICKET,
        expr=f"{increase(m.CLOCK_JUMPS, span, 'instance')} > 0",
        summary="The clock of {{ $labels.instance }} jumped ahead. Deadlines waited until it was trusted again.",
        when=f"the clock of a process jumped ahead in the last {span}",
        meaning="No breach is decided by a clock that is wrong, so decisions came late.",
        page="timers-late",
    )

"""Whether the figures can be believed."""

from __future__ import annotations

from collections.abc import Iterator

from sla_monitor.metrics import catalogue as m

from .options import Options
from .promql import Not, increase, newest, series
from .rules import AGE, COUNT, SHARE, Alert, Dashboard, Group, Recording, Rule, Severity

SAMPLE_LIMIT = 50_000
"""Series that a scrape may bring, by prometheus.yml; with more, Prometheus drops the whole scrape."""

LEDGER = "partition:sla_ledger_evaluations:max"


def figures(options: Options) -> Group:
    ledger = Recording(LEDGER, newest(m.LEDGER, *(label.name for label in m.LEDGER.labels)))
    rules: tuple[Rule, ...] = (ledger, _drift(options), *_audit(options), *_incomplete(options))
    return Group("sla-monitor-figures", options.span("15s"), rules)


def _drift(options: Options) -> Alert:
    """The greatest of a partition first: a partition that comes back to a former owner would count twice."""
    span = options.span("1h")
    counted = f"{increase(m.EVALUATIONS, span)} + {increase(m.RETRACTIONS, span)}"
    ledger = f"sum(increase({LEDGER}[{span}]))"
    return Alert(
        name="SlaCountersDrift",
        severity=Severity.TICKET,
        expr=f"abs({counted} - {ledger}) > 10 + 0.01 * {ledger}",
        lasting=options.span("30m"),
        summary=f"The share of leads in time may be wrong: two counts of the same decisions differ by {COUNT}.",
        when=f"counters and ledger differ by more than 10 and 1% of the decisions of {span}",
        meaning="Decisions themselves are not touched; an audit tells which of the counts is wrong.",
        dashboard=Dashboard.OVERVIEW,
    )


def _audit(options: Options) -> Iterator[Alert]:
    yield Alert(
        name="SlaAuditFindings",
        severity=Severity.PAGE,
        expr=f"{newest(m.AUDIT_FINDINGS, 'finding', finding=Not('ledger_differs'))} > 0",
        summary=f"The monitor itself missed something: an audit found {COUNT} leads ({{{{ $labels.finding }}}}).",
        when="the last audit found a decision that is missing or doubled",
        meaning="A customer may wait without anybody being told.",
    )
    yield Alert(
        name="SlaAuditFindings",
        severity=Severity.TICKET,
        expr=f"{newest(m.AUDIT_FINDINGS, 'finding', finding='ledger_differs')} > 0",
        summary="The share of leads in time may be wrong: an audit counted otherwise than the ledger.",
        when="the last audit counted other decisions than the ledger",
        meaning="No lead is missed for it.",
    )
    ended = f"max_over_time({series(m.AUDITED)}[{options.span('1d')}])"
    yield Alert(
        name="SlaAuditSilent",
        severity=Severity.TICKET,
        expr=f"time() - max({ended}) > {options.seconds('1h')}",
        lasting=options.span("5m"),
        summary=f"Nobody checks the monitor: the last audit ended {AGE} ago.",
        when=f"an audit ended in the last {options.span('1d')}, and none for {options.span('1h')}",
        meaning="Leads are watched as before, without a second look.",
        page="audit-findings",
    )


def _incomplete(options: Options) -> Iterator[Alert]:
    span = options.span("15m")
    yield Alert(
        name="SlaLabelOverflow",
        severity=Severity.TICKET,
        expr=f"{increase(m.LABEL_OVERFLOW, span, 'label')} > 0",
        lasting=options.span("5m"),
        summary="Figures are lumped together: there are more values of {{ $labels.label }} than are told apart.",
        when="a label has had as many values as it may",
        meaning="What is beyond is counted as `__other__`; sums stay right.",
        page="incomplete-figures",
    )
    yield Alert(
        name="SlaSnapshotErrors",
        severity=Severity.TICKET,
        expr=f"{increase(m.SNAPSHOT_ERRORS, span, 'instance')} > 0",
        lasting=options.span("5m"),
        summary="Figures of open leads are missing: {{ $labels.instance }} cannot show them.",
        when=f"a scrape in the last {span} came without the state of the partitions",
        meaning="Alerts that read them, such as overdue leads and unowned partitions, see too little.",
        page="incomplete-figures",
    )
    scraped = f'scrape_samples_scraped{{job=~"sla-monitor-.*"}} / {SAMPLE_LIMIT}'
    yield Alert(
        name="SlaScrapeNearLimit",
        severity=Severity.TICKET,
        expr=f"{scraped} > 0.8",
        lasting=options.span("15m"),
        summary=f"{{{{ $labels.instance }}}} shows {SHARE} of the series that Prometheus takes; beyond, it takes none.",
        when=f"a process shows more than 80% of the {SAMPLE_LIMIT} series of `sample_limit`",
        meaning="Beyond the limit all figures of the process are missing, and it counts as down.",
        page="incomplete-figures",
    )

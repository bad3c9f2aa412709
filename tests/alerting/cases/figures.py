"""Figures that are wrong or missing."""

from __future__ import annotations

from tests.alerting.cases.case import LEDGER, MET, PAGE, RETRACTED, TICKET, WORKER, Case, often

gauge, counter, clock = often.gauge, often.counter, often.clock

FINDING = 'sla_audit_findings{finding="%s",job="sla-monitor-audit"}'
AUDITED = 'sla_audit_timestamp_seconds{job="sla-monitor-audit"}'
OVERFLOW = 'sla_label_overflow_total{label="source",instance="w1"}'
SNAPSHOT = 'sla_snapshot_errors_total{instance="w1"}'
SCRAPED = 'scrape_samples_scraped{job="sla-monitor-worker",instance="w1"}'

CASES = [
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
            LEDGER % 1: " ".join(
                counter(("20m", 1), ("15s", 0), ("1185s", None), start=at) for at in range(0, 360, 40)
            ),
            LEDGER % 2: " ".join(counter(("20m", None), ("20m", 1), start=at) for at in range(20, 360, 40)),
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

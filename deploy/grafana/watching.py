"""The rows of the pipeline's dashboard about processes, and about whether all this can be believed."""

from __future__ import annotations

from sla_monitor.alerting.figures import SAMPLE_LIMIT
from sla_monitor.alerting.promql import increase, newest
from sla_monitor.metrics import catalogue as m

from .panels import NONE_IS_GOOD, Query, Steps, lines, stat_of, table_of
from .promql import WINDOW, per_minute, quantile, rate, since

OURS = f"and on (job, instance) {m.BUILD_INFO.name}"
"""Of all processes that Prometheus scrapes those that are ours, whatever their job is called."""

ALL_READY: Steps = {None: "red", 1: "green"}


def drift(counted: str, outcome: str) -> str:
    """By how much what the processes counted in an hour differs from what the rows of their partitions say."""
    return f"abs({counted} - {increase(m.LEDGER, '1h', outcome=outcome)})"


PROCESSES = [
    lines(
        "Event loop lag",
        "Time by which a wake-up came late, 99% of them: above a second timers are late.",
        "s",
        Query(quantile(0.99, m.LOOP_LAG, "instance"), "{{instance}}"),
        width=6,
    ),
    lines(
        "Memory",
        "Resident memory of each process.",
        "bytes",
        Query(f"process_resident_memory_bytes {OURS}", "{{instance}}"),
        width=6,
    ),
    lines(
        "Processors",
        "Processors that each process keeps busy; one is all that it can use.",
        "percentunit",
        Query(f"rate(process_cpu_seconds_total[{WINDOW}]) {OURS}", "{{instance}}"),
        width=6,
    ),
    lines(
        "Garbage collections",
        "Collections per second, by generation; the oldest stops everything for longest.",
        "cps",
        Query(f"sum by (generation) (rate(python_gc_collections_total[{WINDOW}]) {OURS})", "generation {{generation}}"),
        width=6,
    ),
    lines(
        "Open files",
        "Files and connections that each process has open.",
        "none",
        Query(f"process_open_fds {OURS}", "{{instance}}"),
        width=6,
    ),
    lines(
        "HTTP requests",
        "Answers per second, by status.",
        "reqps",
        Query(rate(m.HTTP_REQUESTS, "status"), "{{status}}"),
        stacked=True,
        width=6,
    ),
    lines(
        "Time since the start",
        "How long each process has run: a fall is a restart.",
        "s",
        Query(f"time() - process_start_time_seconds {OURS}", "{{instance}}"),
        width=6,
    ),
    table_of(
        "Program in use",
        "Versions, and in how many processes.",
        "none",
        Query(f"count by (version) ({m.BUILD_INFO.name})", "Processes"),
        width=6,
    ),
]

MONITORING = [
    lines(
        "Samples of a scrape",
        "Samples that each process shows; a scrape with more than the limit is thrown away.",
        "none",
        Query(f"scrape_samples_scraped {OURS}", "{{instance}}"),
        Query(f"vector({SAMPLE_LIMIT})", "limit"),
        limits=["limit"],
    ),
    lines(
        "Time of a scrape",
        "What Prometheus waits for each process, and what of that the state of the partitions took.",
        "s",
        Query(f"scrape_duration_seconds {OURS}", "{{instance}}"),
        Query(m.SNAPSHOT_SECONDS.name, "state at {{instance}}"),
    ),
    lines(
        "What metrics leave out",
        "Scrapes per minute without the state of the partitions, and values per minute counted under __other__.",
        "cpm",
        Query(f"60 * {rate(m.SNAPSHOT_ERRORS)}", "no state"),
        Query(per_minute(m.LABEL_OVERFLOW, "label"), "no room: {{label}}"),
    ),
    stat_of(
        "Targets that are down",
        "What Prometheus could not scrape, of everything that it knows.",
        "none",
        Query("count(up) - sum(up)"),
        steps=NONE_IS_GOOD,
    ),
    stat_of(
        "Rules that failed",
        "Evaluations of rules in the last hour that failed: their alerts are blind.",
        "none",
        Query("sum(increase(prometheus_rule_evaluation_failures_total[1h]))"),
        steps=NONE_IS_GOOD,
    ),
    stat_of(
        "Alertmanagers found",
        "Alertmanagers that Prometheus sends its alerts to.",
        "none",
        Query("sum(prometheus_notifications_alertmanagers_discovered)"),
        steps=ALL_READY,
    ),
    stat_of(
        "Alerts not handed over",
        "Alerts of the last hour that Prometheus could not give to Alertmanager.",
        "none",
        Query("sum(increase(prometheus_notifications_dropped_total[1h]))"),
        steps=NONE_IS_GOOD,
    ),
    stat_of(
        "Alerts not delivered",
        "Notifications of the last hour that Alertmanager could not deliver to a receiver.",
        "none",
        Query("sum(increase(alertmanager_notifications_failed_total[1h]))"),
        steps=NONE_IS_GOOD,
    ),
    stat_of(
        "Series in Prometheus",
        "Series that Prometheus holds in memory.",
        "short",
        Query("sum(prometheus_tsdb_head_series)"),
    ),
]

AUDIT = [
    table_of(
        "Findings by kind",
        "What the last audit found: sla-monitor audit names the leads.",
        "none",
        Query(newest(m.AUDIT_FINDINGS, "finding"), "Leads"),
        width=6,
    ),
    lines(
        "Counters against the ledger",
        "Decisions of the last hour in which counters differ from the rows: a restart costs a few, for an hour.",
        "none",
        Query(drift(increase(m.EVALUATIONS, "1h", outcome="met"), "met"), "met"),
        Query(drift(increase(m.EVALUATIONS, "1h", outcome="breached"), "breached"), "breached"),
        Query(drift(increase(m.RETRACTIONS, "1h"), "retracted"), "taken back"),
        width=6,
    ),
    lines(
        "Audits",
        "Time since the last audit, and how long it took.",
        "s",
        Query(since(newest(m.AUDITED)), "since the last"),
        Query(newest(m.AUDIT_SECONDS), "the last took"),
        width=6,
    ),
    lines(
        "Leads audited", "Leads that the last audit looked at.", "short", Query(newest(m.AUDIT_LEADS), "leads"), width=6
    ),
]

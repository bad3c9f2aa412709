"""What an auditor that goes on shows to Prometheus."""

from __future__ import annotations

from typing import Any

import prometheus_client as prometheus

from sla_monitor.metrics import catalogue as m

from .findings import Report


class Figures:
    """Those of the group AUDIT, of the process, and the version of the program."""

    def __init__(self, version: str) -> None:
        self._registry = prometheus.CollectorRegistry()
        prometheus.ProcessCollector(registry=self._registry)
        self._leads, self._seconds = self._gauge(m.AUDIT_LEADS), self._gauge(m.AUDIT_SECONDS)
        self._findings = self._gauge(m.AUDIT_FINDINGS)
        self._gauge(m.BUILD_INFO).labels(version).set(1)
        self._audited: Any = None

    def audited(self, report: Report) -> None:
        """An audit has ended that could read everything."""
        self._leads.set(report.leads)
        self._seconds.set(report.seconds)
        for kind, count in report.counts.items():
            self._findings.labels(kind.value).set(count)
        self._audited = self._audited or self._gauge(m.AUDITED)  # absent before: at 0 it would tell of 1970
        self._audited.set_to_current_time()

    def take(self) -> None:
        """Nothing is derived at a scrape."""

    def render(self, _state: None = None) -> bytes:
        """The exposition, of `metrics.CONTENT_TYPE`."""
        return prometheus.generate_latest(self._registry)

    def _gauge(self, metric: m.Metric) -> Any:
        return prometheus.Gauge(
            metric.name, metric.help, [label.name for label in metric.labels], registry=self._registry
        )

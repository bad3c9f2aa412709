"""What a rule is."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum

COUNT = '{{ $value | printf "%.0f" }}'
SHARE = "{{ $value | humanizePercentage }}"
AGE = "{{ $value | humanizeDuration }}"
"""How summaries show the value of their expression."""


class Severity(StrEnum):
    """What is done with an alert: somebody is woken, somebody looks in working hours, or nothing."""

    PAGE = "page"
    TICKET = "ticket"
    NONE = "none"


class Dashboard(StrEnum):
    """The uid."""

    OVERVIEW = "sla-overview"
    MANAGERS = "sla-managers"
    PIPELINE = "sla-pipeline"


@dataclass(frozen=True, slots=True)
class Recording:
    """name: level:metric:operations."""

    name: str
    expr: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Alert:
    """summary: for those who sell, a template. when: the condition in words. meaning: what follows from it.

    lasting: how long it must hold, as Prometheus writes it; empty for at once. page: the runbook, without `.md`;
    from the name if empty.
    """

    name: str
    severity: Severity
    expr: str
    summary: str
    when: str
    meaning: str
    lasting: str = ""
    dashboard: Dashboard = Dashboard.PIPELINE
    page: str = ""
    labels: Mapping[str, str] = field(default_factory=dict)

    @property
    def runbook(self) -> str:
        """SlaNoWorker -> no-worker.md."""
        own = re.sub(r"(?<!^)(?=[A-Z])", "-", self.name.removeprefix("Sla")).lower()
        return f"{self.page or own}.md"

    @property
    def condition(self) -> str:
        return f"{self.when}, for {self.lasting}" if self.lasting else self.when


Rule = Recording | Alert


@dataclass(frozen=True, slots=True)
class Group:
    """Rules that are evaluated one after the other, every `interval`."""

    name: str
    interval: str
    rules: tuple[Rule, ...]

"""What an audit says."""

from __future__ import annotations

import shlex
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

from sla_monitor.codec import rfc3339


class Wrong(StrEnum):
    """What can be wrong: the name in the answer, and the label of `sla_audit_findings`."""

    OVERDUE = "overdue_without_breach"
    LOST = "lost_lead"
    UNFOLLOWED = "breach_without_follow_up"
    DOUBLED = "doubled_outcome"
    LEDGER = "ledger_differs"


@dataclass(frozen=True, slots=True, kw_only=True)
class Finding:
    """One thing that is wrong. lead_id: empty if it is about a whole partition. since: ms. what: in words."""

    kind: Wrong
    lead_id: str
    partition: int
    since: int
    what: str

    @property
    def command(self) -> str:
        """What shows more of it."""
        return f"sla-monitor explain {shlex.quote(self.lead_id)}" if self.lead_id else ""

    def line(self) -> str:
        """For people, on one line."""
        about = f"lead {self.lead_id}" if self.lead_id else f"partition {self.partition}"
        line = f"{self.kind}: {about}, since {rfc3339(self.since)}: {self.what}"
        return f"{line} ({self.command})" if self.command else line

    def value(self) -> dict[str, Any]:
        """As JSON."""
        return {
            "finding": self.kind,
            "lead_id": self.lead_id or None,
            "partition": self.partition,
            "since": rfc3339(self.since),
            "what": self.what,
            "command": self.command or None,
        }


@dataclass(frozen=True, slots=True, kw_only=True)
class Report:
    """at: the instant it is true for, ms. leads, outcomes: how many were looked at. complete_since: ms; 0 for ever.

    seconds: how long it took. unknown: what could not be looked at, in words.
    """

    at: int
    leads: int
    outcomes: int
    complete_since: int
    seconds: float
    findings: Sequence[Finding]
    unknown: Sequence[str] = ()

    @property
    def counts(self) -> Mapping[Wrong, int]:
        """How many findings of each kind; every kind is named."""
        found = Counter(finding.kind for finding in self.findings)
        return {kind: found[kind] for kind in Wrong}

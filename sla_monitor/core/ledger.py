"""What was decided about promises, counted in a row of its own that changes in the same step as the leads.

No restart resets it, and no crash lets it miss a decision: what the counters of a process say can be held against it.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field

from .effects import Publish
from .row import Header

OUTCOMES = {"sla.met": "met", "sla.breached": "breached", "sla.breach_retracted": "retracted"}


@dataclass(slots=True)
class Ledger:
    """since: its first entry, ms. counts: by `turn/measure/outcome`, as `first/response/met`; test leads left out."""

    since: int
    counts: dict[str, int] = field(default_factory=dict)

    def header(self) -> Header:
        return Header()

    def add(self, entries: Counter[str]) -> None:
        for name, number in entries.items():
            self.counts[name] = self.counts.get(name, 0) + number


def entry(outcome: Publish) -> str:
    """What it adds to the ledger; empty for one that is no decision, or about a test lead."""
    kind = OUTCOMES.get(outcome.type)
    if kind is None or outcome.data.get("test"):
        return ""
    return f"{outcome.data['evaluated']}/{outcome.data['measure']}/{kind}"

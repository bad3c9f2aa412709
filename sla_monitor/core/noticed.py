"""What intake noticed of the sources: whose people are known, and a sample of what had no effect. No personal data.

It lies in one row of the desk, beside the people.
"""

from __future__ import annotations

from dataclasses import dataclass, field

from .events import Noticed
from .row import Header

KEY = "n:"
"""Of the row; no lead's and no manager's begins so."""

KNOWN_PERSON = "known_person"
"""The reason of a message of somebody known; all others are why something had no effect."""

KEPT = 60
"""Samples at most."""

ALIKE = 5
"""Of one source and reason, so that a flood of one hides no other."""


@dataclass(slots=True)
class Noted:
    """known: sources of which a known person has written (R1). samples: of what had no effect, the newest last."""

    known: list[str] = field(default_factory=list)
    samples: list[Noticed] = field(default_factory=list)

    def header(self) -> Header:
        return Header(None)

    def take(self, fact: Noticed) -> None:
        if fact.reason == KNOWN_PERSON:
            self.known = sorted({*self.known, fact.source})
            return
        alike = [sample for sample in self.samples if (sample.source, sample.reason) == (fact.source, fact.reason)]
        gone = alike[: 1 - ALIKE] if len(alike) >= ALIKE else []
        self.samples = [*(sample for sample in self.samples if sample not in gone), fact][-KEPT:]

"""A number while it is being decided: the row, the instant, the rules, and the effects so far."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from .effects import Count, Deliver, Effect
from .phone import Bound, Number, Opening
from .rules import Rules


@dataclass(slots=True)
class Case:
    """One decision about one number. `effects` grow in the order in which they are asked for."""

    row: Number
    now: int
    rules: Rules
    effects: list[Effect] = field(default_factory=list)

    @property
    def window(self) -> int:
        return self.rules.limits.match_window

    def tell(self, lead_id: str, fact: Any) -> None:
        self.effects.append(Deliver(lead_id, fact))

    def count(self, result: str) -> None:
        self.effects.append(Count(result))


def list_opening(case: Case, opening: Opening) -> Opening:
    """Add it; beyond the bound the oldest closed one goes, or the oldest."""
    openings = case.row.openings
    openings.append(opening)
    if len(openings) > Bound.OPENINGS:
        case.count("overflow")
        openings.remove(next((old for old in openings if old.is_past), openings[0]))
    return opening

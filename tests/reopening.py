"""Leads that are reopened: what the tests of clocks have in common."""

from __future__ import annotations

from typing import Any

from sla_monitor.core.rules import MINUTE
from tests import facts
from tests.world import T0, World

PHONE = "+74951112233"
DECISIONS = ("sla.met", "sla.breached", "sla.breach_retracted")


def decided(w: World, lead_id: str = "L") -> list[tuple[str, int, str]]:
    """(decision, cycle, whose), in order."""
    told = [o for o in w.outcomes if o.lead_id == lead_id and o.type in DECISIONS]
    return [(o.type.removeprefix("sla."), o.data["cycle"], o.data.get("holder_id", "")) for o in told]


def call(w: World, start: int, lead_id: str = "L", **fields: Any) -> None:
    w.feed(facts.called(f"c{start}", start, lead_id=lead_id, manager_id="anna", received=w.now, **fields))


def reopened(*, closed_at: int = 12 * MINUTE, reopened_at: int = 13 * MINUTE) -> World:
    """A lead of anna's that was breached, closed and reopened."""
    w = World()
    w.feed(facts.lead("L", T0, owner_id="anna"))
    w.to(T0 + closed_at)
    w.feed(facts.closed("L", w.now))
    w.to(T0 + reopened_at)
    w.feed(facts.reopened("L", w.now))
    return w

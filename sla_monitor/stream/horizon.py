"""How far timers may go: a question is asked only when what was accepted before it has come in (R8)."""

from __future__ import annotations

import asyncio
from typing import NamedTuple, Protocol

from sla_monitor.clock import Clock


class Reach(NamedTuple):
    """due: timers up to this instant may fire. now: the instant by which they decide. blind: see `Due`."""

    due: int
    now: int
    blind: bool = False


class Horizon(Protocol):
    """Shared by the owned partitions whose timers wait for others."""

    def reach(self) -> Reach:
        """How far it is now."""

    def look(self, wake: asyncio.Event) -> None:
        """A timer is due beyond reach: move on, and set `wake` then. Costs nothing while nobody calls it."""


class Present:
    """Nothing comes in but through our own logs: timers go as far as the clock."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock

    def reach(self) -> Reach:
        now = self._clock.now()
        return Reach(now, now)

    def look(self, wake: asyncio.Event) -> None:
        """Never beyond reach for longer than a call takes."""

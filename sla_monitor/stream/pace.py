"""How soon one step follows another, and how much it takes."""

from __future__ import annotations

import asyncio
from contextlib import suppress

from sla_monitor.clock import monotonic

from .waiting import Bounds, Gathered


async def up_to(seconds: float, event: asyncio.Event) -> None:
    """Wait for the event, at most so long."""
    with suppress(TimeoutError):
        await asyncio.wait_for(event.wait(), seconds)


class Pace:
    """most: inputs of the next step. suspect: one that could not be committed by itself, not to be folded again."""

    def __init__(self, bounds: Bounds) -> None:
        self._bounds = bounds
        self.most = bounds.records
        self.suspect: int | bytes | None = None
        self._began = float("-inf")
        self._hurry = asyncio.Event()

    def enough(self, waiting: int) -> bool:
        """Whether so many inputs are worth a step of their own."""
        return waiting >= self._bounds.enough

    async def collect(self) -> None:
        """Let come together what would else be many small steps, each a transaction; until `hurry`."""
        left = self._began + self._bounds.interval - monotonic()
        if left > 0:
            self._hurry.clear()
            await up_to(left, self._hurry)

    def hurry(self) -> None:
        """What has come together is to be looked at now."""
        self._hurry.set()

    def begin(self) -> None:
        """A step begins."""
        self._began = monotonic()

    def committed(self) -> None:
        self.suspect = None
        self.most = min(self._bounds.records, self.most * 2)

    def blame(self, gathered: Gathered, error: Exception) -> None:
        """These inputs may be at fault: the next step takes half. Raises the error when the suspect fails again."""
        if len(gathered) > 1:
            self.most = len(gathered) // 2
        elif self.suspect is None:
            self.suspect = gathered.only()
        else:
            raise error

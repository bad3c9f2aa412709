"""Tells the consumer group where the owners are: for lag tools, and for whoever waits for intake.

What is told is never the truth: the place in the rows is. It expires when nobody runs for a week.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Mapping

from sla_monitor.clock import monotonic
from sla_monitor.records import Partition

from .partition import Owner
from .status import State

OPENED = (State.RUNNING, State.RETRYING)
"""Of one that was let go of while it opened nothing is known, and the group takes what it is told for proof of rows."""
REPEAT = 5.0
"""Seconds after which everything is told again: a rebalance or an outage may have swallowed it."""


class Telling:
    """every: topic -> seconds between two times that a partition of it is told of."""

    def __init__(
        self,
        every: Mapping[str, float],
        owners: Mapping[Partition, Owner],
        tell: Callable[[Mapping[Partition, int]], Awaitable[None]],
    ) -> None:
        self._every = every
        self._owners = owners
        self._tell = tell
        self._told: dict[Partition, tuple[float, int]] = {}

    async def run(self) -> None:
        """Until cancelled; what cannot be told now is told with the next."""
        while True:
            await asyncio.sleep(min(self._every.values()))
            places = dict(self._news(monotonic()))
            if places:
                await self._tell(places)

    def _news(self, now: float) -> list[tuple[Partition, int]]:
        news = []
        for partition, owner in self._owners.items():
            status = owner.status()
            at, place = self._told.get(partition, (float("-inf"), -1))
            due = self._every[partition.topic] if status.passed != place else REPEAT
            if status.state in OPENED and now - at >= due:
                self._told[partition] = now, status.passed
                news.append((partition, status.passed))
        return news

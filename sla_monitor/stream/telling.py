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
            if (
                status.state is not State.OPENING
                and status.passed != place
                and now - at >= self._every[partition.topic]
            ):
                self._told[partition] = now, status.passed
                news.append((partition, status.passed))
        return news

"""One look at the rows serves everybody for a moment."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Hashable
from typing import Generic, TypeVar

from sla_monitor.clock import monotonic

T = TypeVar("T")
Who = TypeVar("Who")

FRESH = 1.0
"""Seconds for which what was seen is shown."""


class Glance(Generic[Who, T]):
    """look: at the rows, for somebody; at most one look at a time."""

    def __init__(self, look: Callable[[Who], Awaitable[T]]) -> None:
        self._look = look
        self._looking = asyncio.Lock()
        self._seen: dict[Hashable, tuple[float, T]] = {}

    async def __call__(self, sight: Hashable, who: Who) -> T:
        """What was seen less than a moment ago, or is seen now, by all of one sight."""
        async with self._looking:
            self._seen = {of: (at, seen) for of, (at, seen) in self._seen.items() if monotonic() - at < FRESH}
            if sight not in self._seen:
                seen = await self._look(who)
                self._seen[sight] = monotonic(), seen
            return self._seen[sight][1]

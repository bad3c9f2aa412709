"""One look at the rows serves everybody for a moment."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from typing import Generic, TypeVar

from sla_monitor.clock import monotonic

T = TypeVar("T")

FRESH = 1.0
"""Seconds for which what was seen is shown."""


class Glance(Generic[T]):
    """look: at the rows; at most one look at a time."""

    def __init__(self, look: Callable[[], Awaitable[T]]) -> None:
        self._look = look
        self._looking = asyncio.Lock()
        self._seen: tuple[float, T] | None = None

    async def __call__(self) -> T:
        """What was seen less than a moment ago, or is seen now."""
        async with self._looking:
            if self._seen is None or monotonic() - self._seen[0] >= FRESH:
                seen = await self._look()
                self._seen = monotonic(), seen
            return self._seen[1]

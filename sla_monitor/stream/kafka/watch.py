"""Which rows of a log the mirror has seen change, for one who asks now and then."""

from __future__ import annotations

import asyncio

from sla_monitor.errors import Unavailable


class Watch:
    """See `Changed`."""

    def __init__(self, topic: str) -> None:
        self.topic = topic
        self._keys: set[bytes] = set()
        self._lost = False
        self._news = asyncio.Event()

    def note(self, key: bytes) -> None:
        self._keys.add(key)
        self._news.set()

    def lose(self) -> None:
        """The rows are read anew: what was deleted meanwhile nobody tells."""
        self._lost = True
        self._news.set()

    async def news(self) -> None:
        """See `Changed.news`."""
        await self._news.wait()

    async def take(self) -> set[bytes]:
        """See `Changed.take`. Raises Unavailable."""
        if self._lost:
            raise Unavailable(f"the rows of {self.topic} are read anew")
        self._news.clear()
        keys, self._keys = self._keys, set()
        return keys

"""Rows that are asked again because the policy in force may have something for them (R33)."""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Callable, Mapping

from sla_monitor import codec
from sla_monitor.core.row import Header
from sla_monitor.core.rules import Rules

from .horizon import Reach
from .index import slices


def _any(_: Header) -> bool:
    return True


class Rechecks:
    """wanted: whether a row is asked; None: no row ever is. still: whether one that is wanted is asked at openings."""

    def __init__(self, wanted: Callable[[Header], bool] | None, still: Callable[[Header, Rules], bool]) -> None:
        self._wanted, self._still = wanted, still
        self._keys: deque[bytes] = deque()
        self._since = 0

    def __bool__(self) -> bool:
        return bool(self._keys)

    async def resume(self, rows: Mapping[bytes, bytes], rules: Rules, now: int) -> None:
        """At an opening: whatever ended the last owner may have cut it short."""
        still = self._still
        await self.plan(rows, now, lambda header: still(header, rules))

    async def plan(self, rows: Mapping[bytes, bytes], now: int, still: Callable[[Header], bool] = _any) -> None:
        """Ask the rows anew, at an instant not before `now`, ms."""
        self._keys.clear()
        self._since = now
        wanted = self._wanted
        if wanted is None:
            return
        for some in slices(rows):
            headers = ((key, codec.read_header(value)) for key, value in some)
            self._keys += [key for key, header in headers if wanted(header) and still(header)]
            await asyncio.sleep(0)

    def ready(self, reach: Reach) -> bool:
        return bool(self._keys) and self._since <= reach.now

    def take(self, reach: Reach, room: int) -> list[bytes]:
        return [self._keys.popleft() for _ in range(min(len(self._keys), room))] if self.ready(reach) else []

    def give_back(self, keys: list[bytes]) -> None:
        self._keys.extendleft(reversed(keys))

"""Open rows that are asked again because the policy in force has something for them (R33)."""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Callable, Mapping

from sla_monitor import codec
from sla_monitor.core.row import Header
from sla_monitor.core.rules import Rules

from .horizon import Reach
from .index import slices


class Rechecks:
    """wanted: whether a row is asked. always: by any policy, not only one that applies to open leads."""

    def __init__(self, wanted: Callable[[Header], bool], *, always: bool = False) -> None:
        self._wanted, self._always = wanted, always
        self._keys: deque[bytes] = deque()
        self._since = 0

    def __bool__(self) -> bool:
        return bool(self._keys)

    async def plan(self, rows: Mapping[bytes, bytes], rules: Rules, now: int) -> None:
        """Ask the rows anew, if the rules have something for them; at an instant not before `now`, ms.

        At each opening too: they may have been cut short by whatever ended the last owner.
        """
        self._keys.clear()
        self._since = now
        if not self._always and not any(policy.apply_to_open for policy in rules.policies):
            return
        for some in slices(rows):
            self._keys += [key for key, value in some if self._wanted(codec.read_header(value))]
            await asyncio.sleep(0)

    def ready(self, reach: Reach) -> bool:
        return bool(self._keys) and self._since <= reach.now

    def take(self, reach: Reach, room: int) -> list[bytes]:
        return [self._keys.popleft() for _ in range(min(len(self._keys), room))] if self.ready(reach) else []

    def give_back(self, keys: list[bytes]) -> None:
        self._keys.extendleft(reversed(keys))

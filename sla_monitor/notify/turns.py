"""When an endpoint may be asked."""

from __future__ import annotations

import asyncio
from collections.abc import Callable

from sla_monitor.clock import monotonic
from sla_monitor.core.relay import LEFT_ALONE
from sla_monitor.core.rules import MINUTE, SECOND

AT_ONCE = 8
"""Requests at once to one endpoint, and failures in a row after which it is left alone."""

PAUSES = (5 * SECOND, 30 * SECOND, 2 * MINUTE, 5 * MINUTE)
"""For how long, the last one again and again, ms of the domain: thousands of outcomes may wait for an endpoint that is
down, and each that asks it in vain costs a step of ours and a connection of its."""


class Turns:
    """Of one endpoint: few requests at once, and none while it wants to be left alone or does not work.

    speed: of the domain's clock. steady: real seconds that go by.
    """

    def __init__(self, speed: float = 1.0, steady: Callable[[], float] = monotonic) -> None:
        self._speed, self._steady = speed, steady
        self._gate = asyncio.Semaphore(AT_ONCE)
        self._until = 0.0
        self._waiting = 0
        self._took = self._booked = 0.0
        self._failures = self._pauses = 0

    def pause(self) -> float:
        """Real seconds for which it is still left alone, 0 if it may be asked."""
        return max(self._until - self._steady(), 0)

    def queue(self) -> float:
        """Real seconds after which those that wait will have had their turns, going by how long turns take of late."""
        return self._waiting * self._took / AT_ONCE

    def book(self) -> float:
        """Real seconds after which one that would wait too long is to come back: each gets a place of its own."""
        now = self._steady()
        self._booked = max(self._booked, now + self.queue()) + self._took / AT_ONCE
        return self._booked - now

    async def take(self, limit: float) -> bool:
        """Wait for a turn, at most `limit` real seconds; whether there was one, which `with` then ends."""
        self._waiting += 1
        try:
            async with asyncio.timeout(limit):
                return await self._gate.acquire()
        except TimeoutError:
            return False
        finally:
            self._waiting -= 1

    def __enter__(self) -> None:
        """The turn was taken."""

    def __exit__(self, *_: object) -> None:
        self._gate.release()

    def learn(self, *, works: bool, retry_after: float | None = None, took: float = 0.0) -> None:
        """How a turn went. works: whether the endpoint gave an answer that is not its own failure.

        retry_after: real seconds that it asks for. took: real seconds.
        """
        self._took += (took - self._took) / AT_ONCE
        if works:
            self._failures = self._pauses = 0
        else:
            self._failures += 1
        if self._failures >= AT_ONCE:
            pause = PAUSES[min(self._pauses, len(PAUSES) - 1)] / 1000 / self._speed
            self._until = max(self._until, self._steady() + pause)
            self._failures, self._pauses = 0, self._pauses + 1
        if retry_after is not None:
            self._until = max(self._until, self._steady() + min(retry_after, LEFT_ALONE / 1000))

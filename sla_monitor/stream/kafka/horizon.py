"""The wait for intake before a question.

What a foreign producer has been told is accepted may not have passed intake yet when a lead is due. So while a timer is
due, the ends of the public topics are looked at, uncommitted records included, and the timers of that instant fire when
intake has passed them. Markers of transactions lie behind their records, so ends alone can hide nothing.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, Callable, Collection, Mapping, Sequence

import aiokafka
from aiokafka import errors as kafka
from aiokafka.structs import TopicPartition

from sla_monitor.clock import Clock, monotonic
from sla_monitor.errors import TryAgain, Unavailable
from sla_monitor.records import Partition
from sla_monitor.stream.horizon import Reach

from .access import Access
from .group import Group
from .offsets import LIMIT, connected

logger = logging.getLogger(__name__)

EVERY = 0.05
"""Seconds from one look to the next, at least."""
POLL = 0.02
"""Seconds between two questions of how far intake is."""
FRESH = 1.0
"""Seconds for which a look holds. A lead may come that is due since long, and what was accepted since is wanted."""
RUNNING = 1.0
"""Seconds between two questions that count at most: in more we stood still (R8)."""
OUTAGE = 300.0
"""Seconds without an answer that do not count, for then intake could not run either. In more it is not the brokers that
are away but a partition without a leader, which must not hold up the timers of everybody for ever."""

Places = Mapping[Partition, int]


class IntakeHorizon:
    """See `Horizon`; `run` is to be kept running.

    ends: where the public topics end. passed: how far intake is in some of their partitions. Both may raise TryAgain.
    catch_up: `max_catch_up` of the policy in force, ms.
    """

    def __init__(
        self,
        clock: Clock,
        ends: Callable[[], Awaitable[Places]],
        passed: Callable[[Collection[Partition]], Awaitable[Places]],
        catch_up: Callable[[], int],
        *,
        seconds: Callable[[], float] = monotonic,
    ) -> None:
        self._clock, self._ends, self._passed, self._catch_up = clock, ends, passed, catch_up
        self._seconds = seconds
        self._reached, self._reached_at = 0, float("-inf")
        self._stuck = False
        self._ran = 0.0
        self._silent_since: float | None = None
        self._wakes: set[asyncio.Event] = set()
        self._wanted = asyncio.Event()

    def reach(self) -> Reach:
        """What intake has passed or, once it is stuck, what has waited for it long enough."""
        if self._stuck:
            now = self._clock.now()
            return Reach(now - self._catch_up(), now, blind=True)
        if self._seconds() - self._reached_at > FRESH:
            return Reach(0, 0)
        return Reach(self._reached, self._reached)

    def look(self, wake: asyncio.Event) -> None:
        self._wakes.add(wake)
        self._wanted.set()

    async def run(self) -> None:
        """Until cancelled."""
        while True:
            await self._wanted.wait()
            self._wanted.clear()
            next_at = self._seconds() + EVERY
            await self._advance()
            await asyncio.sleep(max(0.0, next_at - self._seconds()))

    async def _advance(self) -> None:
        """To the instant at which it begins; that is read before the ends are."""
        at, asked_at = self._clock.now(), self._seconds()
        ahead: Places | None = None
        self._ran = 0.0
        while (ahead := await self._ahead(ahead)) is None or ahead:
            await asyncio.sleep(POLL)
            self._waited(self._seconds() - asked_at)
            asked_at = self._seconds()
        self._reached, self._reached_at, self._stuck = at, self._seconds(), False
        self._ring()

    def _waited(self, seconds: float) -> None:
        """For intake, one question long."""
        if self._silent_since is not None and self._seconds() - self._silent_since <= OUTAGE:
            return
        self._ran += min(seconds, RUNNING)
        if not self._stuck and self._ran * 1000 * self._clock.speed >= self._catch_up():
            self._stuck = True
            logger.warning("intake has not passed the ends of the public topics in time: timers go on without it")
            self._ring()

    async def _ahead(self, ends: Places | None) -> Places | None:
        """The ends that intake has not passed; what it was given, if that cannot be told now."""
        try:
            if ends is None:
                ends = {partition: end for partition, end in (await self._ends()).items() if end > 0}
            passed = await self._passed(ends) if ends else {}
        except TryAgain as error:
            self._unanswered(error)
            return ends
        self._answered()
        return {partition: end for partition, end in ends.items() if passed.get(partition, 0) < end}

    def _unanswered(self, error: TryAgain) -> None:
        if self._silent_since is None:
            self._silent_since = self._seconds()
            logger.info("timers wait: %s", error)

    def _answered(self) -> None:
        """After an outage intake has all of its time again."""
        if self._silent_since is not None:
            self._silent_since, self._ran, self._stuck = None, 0.0, False

    def _ring(self) -> None:
        wakes, self._wakes = self._wakes, set()
        for wake in wakes:
            wake.set()


class PublicTopics:
    """Asks the brokers, by a client that does nothing else; connects with the first question.

    group: that intake tells how far it is; not stopped here. own: how far the partitions of this worker are, which
    needs no asking.
    """

    def __init__(
        self, access: Access, group: Group, partitions: Sequence[Partition], own: Callable[[], Mapping[Partition, int]]
    ) -> None:
        self._access, self._group, self._own = access, group, own
        self._partitions = [TopicPartition(*partition) for partition in partitions]
        self._consumer: aiokafka.AIOKafkaConsumer | None = None

    async def ends(self) -> Places:
        """Uncommitted records included. Raises Unavailable."""
        try:
            async with asyncio.timeout(LIMIT):
                if self._consumer is None:
                    self._consumer = await connected(self._access)
                found = await self._consumer.end_offsets(self._partitions)
        except (kafka.KafkaError, TimeoutError, OSError) as error:
            raise Unavailable(f"the ends of the public topics are not known: {error!r}") from error
        return {Partition(*at): end for at, end in found.items()}

    async def passed(self, of: Collection[Partition]) -> Places:
        """Raises Unavailable."""
        own = self._own()
        others = [partition for partition in of if partition not in own]
        return {**own, **(await self._group.places(others) if others else {})}

    async def stop(self) -> None:
        if self._consumer is not None:
            await self._consumer.stop()

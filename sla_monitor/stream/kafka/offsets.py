"""Where partitions begin and end, and which topic they are of: asked by a client that reads nothing else.

A client that waits for records answers such questions only when its wait is over.
"""

from __future__ import annotations

import asyncio
from collections.abc import Collection, Mapping, Sequence
from typing import NamedTuple

import aiokafka
from aiokafka.errors import KafkaError
from aiokafka.structs import TopicPartition

from sla_monitor.errors import LogLost, Unavailable
from sla_monitor.records import Partition

from .access import Access
from .internals.protocol import Made, topic_ids
from .internals.reading import read_our_way
from .refusals import FORBIDDEN, explained, forbidden

BEHIND, AGAIN = 5.0, 0.2
"""Seconds for which a new leader may not know its end yet; seconds between two looks."""
LIMIT = 10.0
"""Seconds for an answer."""


class Extent(NamedTuple):
    """[first, end) of a partition, uncommitted records included. topic_id: given to the topic when it was made."""

    first: int
    end: int
    topic_id: str

    def missing(self, place: int) -> str:
        """What is gone, if `place` is not in it or at its end."""
        if place < self.first:
            return (
                f"records {place} to {self.first - 1} are gone before they were applied: the log begins at {self.first}"
            )
        if place > self.end:
            return (
                f"records {self.end} to {place - 1}, which its rows have applied, are gone: the log ends at {self.end}"
            )
        return ""


class Offsets:
    """Connects with the first question. isolation: read_committed counts only what a committed reader may read."""

    def __init__(self, access: Access, isolation: str = "read_uncommitted") -> None:
        self._access, self._isolation = access, isolation
        self._consumer: aiokafka.AIOKafkaConsumer | None = None
        self._starting = asyncio.Lock()

    async def extent(self, partition: TopicPartition, place: int = 0, topic_id: str | None = None) -> Extent:
        """Waits a moment for an end that is not below `place`, if it is the topic of that id.

        Raises Unavailable, Misconfigured.
        """
        found = await self._extent(partition)
        for _ in range(int(BEHIND / AGAIN)):
            if found.end >= place or found.topic_id != (topic_id or found.topic_id):
                break
            await asyncio.sleep(AGAIN)
            found = await self._extent(partition)
        return found

    async def topics(self, names: Collection[str]) -> Mapping[str, Made]:
        """Those that are there. Raises Unavailable."""
        consumer = await self._started()
        try:
            async with asyncio.timeout(LIMIT):
                return await topic_ids(consumer, names)
        except (KafkaError, TimeoutError, OSError) as error:
            raise Unavailable(f"the topics are not known: {error!r}") from error

    async def bounds(self, partitions: Sequence[TopicPartition]) -> tuple[tuple[int, ...], tuple[int, ...]]:
        """(where each begins, where each ends). Raises Unavailable."""
        consumer = await self._started()
        try:
            async with asyncio.timeout(LIMIT):
                first, end = await asyncio.gather(
                    consumer.beginning_offsets(partitions), consumer.end_offsets(partitions)
                )
        except (KafkaError, TimeoutError, OSError) as error:
            raise Unavailable(f"{partitions[0].topic} gives no offsets: {error!r}") from error
        return tuple(first[at] for at in partitions), tuple(end[at] for at in partitions)

    async def since(self, partitions: Sequence[TopicPartition], at: int) -> tuple[int, ...]:
        """Where the first record of an instant, ms, or later lies in each; its end if there is none."""
        consumer = await self._started()
        try:
            async with asyncio.timeout(LIMIT):
                found, end = await asyncio.gather(
                    consumer.offsets_for_times(dict.fromkeys(partitions, at)), consumer.end_offsets(partitions)
                )
        except (KafkaError, TimeoutError, OSError) as error:
            raise Unavailable(f"{partitions[0].topic} gives no offsets: {error!r}") from error
        return tuple(found[at].offset if found[at] else end[at] for at in partitions)

    async def stop(self) -> None:
        if self._consumer is not None:
            await self._consumer.stop()
            self._consumer = None

    async def _extent(self, partition: TopicPartition) -> Extent:
        consumer = await self._started()
        try:
            async with asyncio.timeout(LIMIT):
                first, end, topics = await asyncio.gather(
                    consumer.beginning_offsets([partition]),
                    consumer.end_offsets([partition]),
                    topic_ids(consumer, [partition.topic]),
                )
        except FORBIDDEN as error:
            raise forbidden(error, partition.topic) from error
        except (KafkaError, TimeoutError, OSError) as error:
            raise Unavailable(f"{partition.topic}/{partition.partition} gives no offsets: {error!r}") from error
        if partition.topic not in topics:
            raise Unavailable(f"{partition.topic} is missing")
        return Extent(first[partition], end[partition], topics[partition.topic].id)

    async def _started(self) -> aiokafka.AIOKafkaConsumer:
        async with self._starting:
            if self._consumer is None:
                self._consumer = await connected(self._access, isolation_level=self._isolation)
            return self._consumer


async def connected(access: Access, **settings: object) -> aiokafka.AIOKafkaConsumer:
    """A consumer of no group that has begun to talk to the brokers. Raises Unavailable, Misconfigured."""
    read_our_way()
    consumer = aiokafka.AIOKafkaConsumer(**access.client(), group_id=None, enable_auto_commit=False, **settings)
    try:
        await asyncio.wait_for(consumer.start(), LIMIT)
    except (KafkaError, TimeoutError, OSError) as error:
        await consumer.stop()
        raise await explained(access, error, "no consumer starts") from error
    except BaseException:
        await consumer.stop()
        raise
    return consumer


def lost(at: TopicPartition | Partition, what: str) -> LogLost:
    """The worker ends with it, and so does each that takes the partition over."""
    topic, number = at
    return LogLost(f"{topic}/{number}: {what}. docs/runbooks/recreated-topic.md says what to do")

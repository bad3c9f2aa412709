"""Where partitions begin and end, and which topic they are of: asked by a client that reads nothing else.

A client that waits for records answers such questions only when its wait is over.
"""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from typing import NamedTuple

import aiokafka
from aiokafka.errors import KafkaError
from aiokafka.structs import TopicPartition

from sla_monitor.errors import Unavailable

from .access import Access
from .internals import topic_id
from .refusals import FORBIDDEN, explained, forbidden

LIMIT = 10.0
"""Seconds for an answer."""


class Extent(NamedTuple):
    """[first, end) of a partition, uncommitted records included. topic_id: given to the topic when it was made."""

    first: int
    end: int
    topic_id: str


class Offsets:
    """Connects with the first question. isolation: read_committed counts only what a committed reader may read."""

    def __init__(self, access: Access, isolation: str = "read_uncommitted") -> None:
        self._access, self._isolation = access, isolation
        self._consumer: aiokafka.AIOKafkaConsumer | None = None
        self._starting = asyncio.Lock()

    async def extent(self, partition: TopicPartition) -> Extent:
        """Raises Unavailable, Misconfigured."""
        consumer = await self._started()
        try:
            async with asyncio.timeout(LIMIT):
                first, end, identity = await asyncio.gather(
                    consumer.beginning_offsets([partition]),
                    consumer.end_offsets([partition]),
                    topic_id(consumer._client, partition.topic),  # noqa: SLF001 - see internals.py
                )
        except FORBIDDEN as error:
            raise forbidden(error, partition.topic) from error
        except (KafkaError, TimeoutError, OSError) as error:
            raise Unavailable(f"{partition.topic}/{partition.partition} gives no offsets: {error!r}") from error
        return Extent(first[partition], end[partition], identity)

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

    async def stop(self) -> None:
        if self._consumer is not None:
            await self._consumer.stop()
            self._consumer = None

    async def _started(self) -> aiokafka.AIOKafkaConsumer:
        async with self._starting:
            if self._consumer is None:
                self._consumer = await connected(self._access, isolation_level=self._isolation)
            return self._consumer


async def connected(access: Access, **settings: object) -> aiokafka.AIOKafkaConsumer:
    """A consumer of no group that has begun to talk to the brokers. Raises Unavailable, Misconfigured."""
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

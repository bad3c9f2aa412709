"""The port `Log` on Kafka: a partition's own transactional producer, its rows in a compacted topic beside the log."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Iterator, Mapping

import msgspec
from aiokafka.structs import TopicPartition

from sla_monitor.errors import Unavailable
from sla_monitor.records import Partition
from sla_monitor.stream.placement import partition_of
from sla_monitor.stream.step import Step

from .access import Access
from .group import Group
from .offsets import Extent, Offsets, lost
from .producer import Item, Producer, grouped
from .rows import PLACE, Kept, Place, load, rows_of

AT_ONCE = 6
"""Partitions that are opened at the same time."""
TURN = 30.0
"""Seconds that a partition waits for its turn: half of what the watchdog takes for a standstill."""


async def _member() -> bool:
    return True


class KafkaLog:
    """partitions: every topic -> its number of partitions. member: asks the group whether this worker is still in it.
    group: knows which partitions have been opened before, whatever became of their rows.

    A worker that stood still may have lost its partitions without knowing it, and to open one fences the rightful
    owner. So each opening asks first, and is refused until the group has said yes.
    """

    def __init__(
        self,
        access: Access,
        partitions: Mapping[str, int],
        member: Callable[[], Awaitable[bool]] = _member,
        group: Group | None = None,
    ) -> None:
        self._access = access
        self._partitions = partitions
        self._member = member
        self._group = group
        self._offsets = Offsets(access)
        self._opening = asyncio.Semaphore(AT_ONCE)

    async def open(self, partition: Partition) -> KafkaOwned:
        """See `Log.open`."""
        await self._turn(partition)
        try:
            if not await self._member():
                raise Unavailable(f"{_name(partition)} is not opened before the group has confirmed this worker")
            # The order matters: first nobody else can write, then everything written is read.
            producer = await Producer.started(self._access, f"{partition.topic}-{partition.number}")
            try:
                return await self._taken(producer, partition)
            except BaseException:
                await producer.abandon()
                raise
        finally:
            self._opening.release()

    async def stop(self) -> None:
        """Let go of what is shared; partitions are closed by their owners."""
        await self._offsets.stop()

    async def _turn(self, partition: Partition) -> None:
        """Raises Unavailable when it does not come in time, so that a wait is not taken for a standstill."""
        try:
            async with asyncio.timeout(TURN):
                await self._opening.acquire()
        except TimeoutError as error:
            raise Unavailable(f"{_name(partition)} waits for others to open") from error

    async def _taken(self, producer: Producer, partition: Partition) -> KafkaOwned:
        """Where it was left. Opened for the first time, its place is written: without one, its rows are lost."""
        kept, topic_id = await load(self._access, self._offsets, partition)
        if kept.place is None and self._group is not None and await self._group.places([partition]):
            raise lost(rows_of(partition), "all rows are gone, though they have been written before")
        extent = await self._extent(partition, kept)
        place = kept.place or Place(extent.first, extent.topic_id, topic_id)
        owned = KafkaOwned(producer, self._partitions, partition, kept, place)
        if kept.place is None:
            await owned.commit(Step(owned.place))
        return owned

    async def _extent(self, partition: Partition, kept: Kept) -> Extent:
        """The log's extent. Raises LogLost when the place does not fit it."""
        at, place = TopicPartition(*partition), kept.place
        if place is None:
            return await self._offsets.extent(at)
        extent = await self._offsets.extent(at, place.place, place.topic)
        if place.topic != extent.topic_id:
            raise lost(partition, f"the log was made anew since its rows were written, at place {place.place}")
        if missing := extent.missing(place.place):
            raise lost(partition, missing)
        return extent


class KafkaOwned:
    """See `Owned`. Made by `KafkaLog.open` alone."""

    def __init__(
        self, producer: Producer, partitions: Mapping[str, int], partition: Partition, kept: Kept, place: Place
    ) -> None:
        self.rows = kept.rows
        self.place = place.place
        self._written = kept.place
        self._ids = place.topic, place.rows
        self._producer = producer
        self._partitions = partitions
        self._partition = partition

    async def commit(self, step: Step) -> None:
        """See `Owned.commit`: never Unavailable, for it cannot be told what the broker has taken."""
        step.check_sizes(self._partition)
        place = Place(step.place, *self._ids)
        await self._producer.write(grouped(self._items(step, place)))
        self.place, self._written = step.place, place
        step.apply_to(self.rows)

    async def close(self) -> None:
        """See `Owned.close`."""
        await self._producer.abandon()

    def _items(self, step: Step, place: Place) -> Iterator[tuple[TopicPartition, Item]]:
        rows = rows_of(self._partition)
        for key, value in step.rows.items():
            yield rows, Item(key, value, None)
        if place != self._written:
            yield rows, Item(PLACE, msgspec.json.encode(place), None)
        for topic, key, value, timestamp, number in step.records:
            to = partition_of(key, self._partitions[topic]) if number is None else number
            yield TopicPartition(topic, to), Item(key, value, timestamp)


def _name(partition: Partition) -> str:
    return f"{partition.topic}/{partition.number}"

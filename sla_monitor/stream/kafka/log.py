"""The port `Log` on Kafka: a partition's own transactional producer, its rows in a compacted topic beside the log."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Iterator, Mapping

import msgspec
from aiokafka.structs import TopicPartition

from sla_monitor.errors import LogLost, Unavailable
from sla_monitor.records import Partition
from sla_monitor.stream.placement import partition_of
from sla_monitor.stream.step import Step

from .access import Access
from .offsets import Extent, Offsets
from .producer import Item, Producer, grouped
from .rows import PLACE, Kept, Place, load, rows_of

AT_ONCE = 6
"""Partitions that are opened at the same time."""
BEHIND, AGAIN = 5.0, 0.2
"""Seconds for which a new leader may not know its end yet; seconds between two looks."""


async def _member() -> bool:
    return True


class KafkaLog:
    """partitions: every topic -> its number of partitions. member: asks the group whether this worker is still in it.

    A worker that stood still may have lost its partitions without knowing it, and to open one fences the rightful
    owner. So each opening asks first, and is refused until the group has said yes.
    """

    def __init__(
        self, access: Access, partitions: Mapping[str, int], member: Callable[[], Awaitable[bool]] = _member
    ) -> None:
        self._access = access
        self._partitions = partitions
        self._member = member
        self._offsets = Offsets(access)
        self._opening = asyncio.Semaphore(AT_ONCE)

    async def open(self, partition: Partition) -> KafkaOwned:
        """See `Log.open`."""
        async with self._opening:
            if not await self._member():
                raise Unavailable(f"{_name(partition)} is not opened before the group has confirmed this worker")
            # The order matters: first nobody else can write, then everything written is read.
            producer = await Producer.started(self._access, f"{partition.topic}-{partition.number}")
            try:
                kept = await load(self._access, self._offsets, partition)
                extent = await self._extent(partition, kept)
            except BaseException:
                await producer.abandon()
                raise
            return KafkaOwned(producer, self._partitions, partition, kept, extent)

    async def stop(self) -> None:
        """Let go of what is shared; partitions are closed by their owners."""
        await self._offsets.stop()

    async def _extent(self, partition: Partition, kept: Kept) -> Extent:
        """The log's extent. Raises LogLost when the place does not fit it."""
        at = TopicPartition(*partition)
        for _ in range(int(BEHIND / AGAIN)):
            extent = await self._offsets.extent(at)
            if kept.place is None or kept.place.topic != extent.topic_id or kept.place.place <= extent.end:
                break
            await asyncio.sleep(AGAIN)
        lost = _lost(kept.place, extent) if kept.place else ""
        if lost:
            raise LogLost(f"{_name(partition)}: {lost}. docs/runbooks/recreated-topic.md says what to do")
        return extent


class KafkaOwned:
    """See `Owned`. Made by `KafkaLog.open` alone."""

    def __init__(
        self, producer: Producer, partitions: Mapping[str, int], partition: Partition, kept: Kept, extent: Extent
    ) -> None:
        self.rows = kept.rows
        self.place = kept.place.place if kept.place else extent.first
        self._written = kept.place
        self._topic_id = extent.topic_id
        self._producer = producer
        self._partitions = partitions
        self._partition = partition

    async def commit(self, step: Step) -> None:
        """See `Owned.commit`: never Unavailable, for it cannot be told what the broker has taken."""
        step.check_sizes(self._partition)
        place = Place(step.place, self._topic_id)
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


def _lost(place: Place, extent: Extent) -> str:
    """What was lost, or nothing."""
    at = place.place
    if place.topic != extent.topic_id:
        return f"the log was made anew since its rows were written, at place {at}"
    if at < extent.first:
        return f"records {at} to {extent.first - 1} are gone before they were applied: the log begins at {extent.first}"
    if at > extent.end:
        return f"records {extent.end} to {at - 1}, which its rows have applied, are gone: the log ends at {extent.end}"
    return ""

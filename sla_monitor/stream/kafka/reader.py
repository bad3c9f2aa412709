"""The port `Reader` on Kafka: rows from a mirror of them, logs from the brokers."""

from __future__ import annotations

from collections.abc import AsyncGenerator, AsyncIterator, Collection, Iterable, Mapping
from contextlib import asynccontextmanager
from itertools import chain
from typing import Any

from aiokafka import errors as kafka
from aiokafka.structs import TopicPartition

from sla_monitor.errors import LogLost, Unavailable
from sla_monitor.records import Partition, Position, Stored, Taken
from sla_monitor.stream.placement import partition_of

from .access import Access
from .fetch import stored
from .internals.reading import passed
from .mirror import WAIT_MS, Mirror
from .offsets import Offsets, connected
from .rows import Kept
from .watch import Watch

CHUNK = 500
"""Records taken at once, of all partitions together."""
SETTINGS = {
    "isolation_level": "read_committed",
    "auto_offset_reset": "none",  # what is gone is told, never passed over
    "max_partition_fetch_bytes": 1 << 20,
    "retry_backoff_ms": 100,
}


class KafkaReader:
    """partitions: every topic -> its number of partitions. mirror: of the logs whose rows are asked for; started."""

    def __init__(self, access: Access, partitions: Mapping[str, int], mirror: Mirror) -> None:
        self._access, self._partitions, self._mirror = access, partitions, mirror
        self._offsets = Offsets(access, "read_committed")

    async def row(self, topic: str, key: bytes, number: int | None = None) -> bytes | None:
        """See `Reader.row`."""
        at = partition_of(key, self._partitions[topic]) if number is None else number
        return self._mirror.kept(Partition(topic, at)).rows.get(key)

    async def follow(self, topic: str, key: bytes) -> AsyncGenerator[bytes | None, None]:
        """See `Reader.follow`."""
        known: bytes | None = b""  # no row is empty
        while True:
            row = await self.row(topic, key)
            if row != known:
                known = row
                yield row
            else:
                await self._mirror.news()

    async def rows(self, topic: str) -> Iterable[tuple[bytes, bytes]]:
        """See `Reader.rows`: as they are now."""
        copies = [kept.rows.copy() for kept in self._kept(topic)]
        return chain.from_iterable(copy.items() for copy in copies)

    async def pick(self, topic: str, keys: Collection[bytes]) -> Mapping[bytes, bytes]:
        """See `Reader.pick`."""
        found = [(key, await self.row(topic, key)) for key in keys]
        return {key: row for key, row in found if row is not None}

    @asynccontextmanager
    async def changed(self, topic: str) -> AsyncIterator[Watch]:
        """See `Reader.changed`."""
        with self._mirror.watched(topic) as watch:
            yield watch

    async def place(self, topic: str) -> Position:
        """See `Reader.place`."""
        return tuple(kept.place.place if kept.place else 0 for kept in self._kept(topic))

    async def bounds(self, topic: str) -> tuple[Position, Position]:
        """See `Reader.bounds`: what is being committed lies behind the end."""
        return await self._offsets.bounds(self._topic_partitions(topic))

    async def since(self, topic: str, at: int) -> Position:
        """See `Reader.since`."""
        return await self._offsets.since(self._topic_partitions(topic), at)

    async def about(self, topic: str, key: bytes, at: int) -> list[Stored]:
        """See `Reader.about`: reads the partition of the key."""
        only = [TopicPartition(topic, partition_of(key, self._partitions[topic]))]
        start, (_, end) = await self._offsets.since(only, at), await self._offsets.bounds(only)
        found: list[Stored] = []
        async with self._tail(only, start) as tail:
            while tail.position < end:
                found += [taken.record for taken in await tail.take() if taken.record.key == key]
        return found

    @asynccontextmanager
    async def tail(self, topic: str, start: Position) -> AsyncIterator[KafkaTail]:
        """See `Reader.tail`: a consumer of its own, so that nobody waits for who reads slowly."""
        async with self._tail(self._topic_partitions(topic), start) as tail:
            yield tail

    async def stop(self) -> None:
        await self._offsets.stop()

    @asynccontextmanager
    async def _tail(self, partitions: list[TopicPartition], start: Position) -> AsyncIterator[KafkaTail]:
        consumer = await connected(self._access, **SETTINGS)
        try:
            yield KafkaTail(consumer, dict(zip(partitions, start, strict=True)))
        finally:
            await consumer.stop()

    def _kept(self, topic: str) -> list[Kept]:
        return [self._mirror.kept(Partition(topic, number)) for number in range(self._partitions[topic])]

    def _topic_partitions(self, topic: str) -> list[TopicPartition]:
        return [TopicPartition(topic, number) for number in range(self._partitions[topic])]


class KafkaTail:
    """See `Tail`: positions pass the markers of transactions, and what was aborted, without a record."""

    def __init__(self, consumer: Any, start: Mapping[TopicPartition, int]) -> None:
        self._consumer, self._offsets = consumer, dict(start)
        consumer.assign(list(start))
        for at, offset in start.items():
            consumer.seek(at, offset)

    @property
    def position(self) -> Position:
        """See `Tail`."""
        return tuple(self._offsets.values())

    async def take(self) -> list[Taken]:
        """See `Tail.take`. While the brokers are away nothing comes."""
        before = self.position
        while self.position == before:
            records = await self._fetched()
            taken = list(self._taken(records))
            self._offsets = {at: max(offset, passed(self._consumer, at)) for at, offset in self._offsets.items()}
        return taken

    async def _fetched(self) -> dict[TopicPartition, list[Any]]:
        try:
            found: dict[TopicPartition, list[Any]] = await self._consumer.getmany(timeout_ms=WAIT_MS, max_records=CHUNK)
        except kafka.OffsetOutOfRangeError as error:
            raise LogLost(f"what comes next is no longer kept: {error}") from error
        except (kafka.KafkaError, OSError) as error:
            for at, offset in self._offsets.items():  # of others than the one that failed, what was taken is passed
                self._consumer.seek(at, offset)
            raise Unavailable(f"Kafka cannot be read: {error!r}") from error
        return found

    def _taken(self, records: Mapping[TopicPartition, list[Any]]) -> Iterable[Taken]:
        for at, found in records.items():
            for record in found:
                self._offsets[at] = record.offset + 1
                yield Taken(self.position, stored(record))

"""One consumer of no group that reads every open partition from its own place.

The group only says which partitions are ours. What is read, and from where, is decided here: a position moves with
what was handed out and with `again_from`, and never by a rebalance.
"""

from __future__ import annotations

import asyncio
from collections.abc import Collection, Iterator
from typing import Any

import aiokafka
from aiokafka import errors as kafka
from aiokafka.structs import TopicPartition
from faust.types import TP

from sla_monitor.errors import Unavailable
from sla_monitor.records import Stored
from sla_monitor.stream.step import Batch

from .access import Access
from .internals.reading import bare, passed
from .offsets import Offsets, connected, lost
from .refusals import FORBIDDEN, forbidden

RECORDS = 4_000
"""Records taken at once, of all partitions together."""
SETTINGS = {
    "isolation_level": "read_committed",
    "auto_offset_reset": "none",  # a place that does not fit the log is told, never replaced
    "fetch_max_wait_ms": 50,  # one fetch is under way per broker: what it does not ask for waits for its end
    "max_partition_fetch_bytes": 1 << 20,
    "retry_backoff_ms": 20,
    "key_deserializer": bare,
}
WAIT_MS = 50
"""For how long nothing may come before positions are looked at: markers alone move them too."""


class Fetch:
    """Reads nothing before `again_from` has said where."""

    def __init__(self, access: Access) -> None:
        self._access = access
        self._offsets = Offsets(access)
        self._consumer: aiokafka.AIOKafkaConsumer | None = None
        self._positions: dict[TopicPartition, int] = {}
        self._seeks: dict[TopicPartition, int] = {}
        self._assigned: frozenset[TopicPartition] = frozenset()
        self._wanted = asyncio.Event()

    async def stop(self) -> None:
        await self._offsets.stop()
        consumer, self._consumer = self._consumer, None
        if consumer is not None:
            await consumer.stop()

    def again_from(self, tp: TP, offset: int) -> None:
        """Read a partition from `offset`; what is on its way to the agent still arrives."""
        self._seeks[TopicPartition(*tp)] = offset
        self._wanted.set()

    def keep(self, tps: Collection[TP]) -> None:
        """Forget all other partitions."""
        kept = {TopicPartition(*tp) for tp in tps}
        self._positions = {at: offset for at, offset in self._positions.items() if at in kept}
        self._seeks = {at: offset for at, offset in self._seeks.items() if at in kept}

    def position(self, tp: TP) -> int | None:
        at = TopicPartition(*tp)
        return self._seeks.get(at, self._positions.get(at))

    def end(self, tp: TP) -> int:
        """Up to where a partition can be read, as the last answer said; 0 before there was one."""
        at = TopicPartition(*tp)
        if self._consumer is None or at not in self._assigned:
            return 0
        return self._consumer.last_stable_offset(at) or 0

    async def batches(self, tps: Collection[TP]) -> Iterator[tuple[TP, Batch]]:
        """What has come of these partitions; waits a moment when nothing has.

        Raises Unavailable; LogLost when a log does not reach to a position any more, or begins after it; Misconfigured
        when reading is forbidden.
        """
        consumer = await self._ready()
        wanted = [at for tp in tps if (at := TopicPartition(*tp)) in self._assigned]
        if not wanted:
            await self._rest()
            return iter(())
        try:
            records = await self._getmany(consumer, wanted)
        except kafka.OffsetOutOfRangeError as error:
            await self._explain(error)
            return iter(())
        except FORBIDDEN as error:
            raise forbidden(error, "reading") from error
        except (kafka.KafkaError, OSError) as error:
            raise Unavailable(f"Kafka cannot be read: {error!r}") from error
        return self._taken(consumer, records)

    async def _getmany(self, consumer: Any, wanted: list[TopicPartition]) -> dict[TopicPartition, list[Any]]:
        """Where it fails for one partition, aiokafka has passed what it took of others: all of it is read again."""
        try:
            found: dict[TopicPartition, list[Any]] = await consumer.getmany(
                *wanted, timeout_ms=WAIT_MS, max_records=RECORDS
            )
        except BaseException:
            self._seeks = {**self._positions, **self._seeks}
            raise
        return found

    def _taken(self, consumer: Any, records: dict[TopicPartition, list[Any]]) -> Iterator[tuple[TP, Batch]]:
        """Batches that each begin where the last one ended; markers are passed without a record.

        What was read before a seek that came meanwhile is not handed out: it would pass for what lies between.
        """
        taken = []
        for at, start in self._positions.items():
            found = records.get(at, [])
            end = max(passed(consumer, at), found[-1].offset + 1 if found else 0)
            if at not in self._seeks and end > start:
                taken.append((TP(*at), Batch(start, end, [stored(record) for record in found])))
                self._positions[at] = end  # now: whatever is dropped on its way shows as a gap
        return iter(taken)

    async def _ready(self) -> aiokafka.AIOKafkaConsumer:
        """The consumer, with all seeks done."""
        if self._consumer is None:
            self._assigned = frozenset()
            self._consumer = await connected(self._access, **SETTINGS)
        seeks, self._seeks = self._seeks, {}
        self._positions |= seeks
        if self._assigned != self._positions.keys():
            self._assigned = frozenset(self._positions)
            self._consumer.assign(list(self._positions))
            seeks = self._positions
        for at, offset in seeks.items():
            self._consumer.seek(at, offset)
        return self._consumer

    async def _explain(self, error: kafka.OffsetOutOfRangeError) -> None:
        """Read again, if the partition only changed its leader. Raises LogLost, or Unavailable."""
        for at, offset in error.args[0].items():
            self._seeks.setdefault(at, offset)
            if missing := (await self._offsets.extent(at, offset)).missing(offset):
                raise lost(at, missing) from error

    async def _rest(self) -> None:
        self._wanted.clear()
        try:
            await asyncio.wait_for(self._wanted.wait(), WAIT_MS / 1000)
        except TimeoutError:
            return


def stored(record: Any) -> Stored:
    return Stored(record.offset, record.key, record.value, record.timestamp, tuple(record.headers))

"""The rows of a partition, as they lie in its compacted topic."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from typing import Any

import msgspec
from aiokafka import errors as kafka
from aiokafka.structs import TopicPartition

from sla_monitor.clock import monotonic
from sla_monitor.errors import LogLost, Unavailable
from sla_monitor.records import Partition

from .access import Access
from .internals.reading import whole
from .offsets import Offsets, connected, lost

ROWS = ".rows"
"""What the name of a log's rows topic ends with."""
PLACE = b"\0place"
"""The key of the place, which moves with the rows or not at all, and never expires."""
STILL = 15.0
"""Seconds without a row after which reading is given up."""
FETCHED = 2 << 20
"""Bytes of a partition in one answer: 8 MiB were read a fifth slower, and 1 MiB were."""
CHUNK = 16
"""Batches taken at once. Steps make small ones; one has at most 1 MiB, a few ms of work."""


class Place(msgspec.Struct, frozen=True):
    """place: up to where the log has been folded. topic, rows: the ids of the topics of the log and of its rows."""

    place: int
    topic: str
    rows: str


Wanted = Callable[[bytes, bytes], bool]
"""Whether a row, its key and its bytes, is to be kept."""


@dataclass(slots=True)
class Kept:
    """Rows of the partition `at`. place: None before it was opened for the first time. wanted: None keeps all rows."""

    at: TopicPartition
    rows: dict[bytes, bytes] = field(default_factory=dict)
    place: Place | None = None
    wanted: Wanted | None = None

    def take(self, records: Iterable[Any]) -> None:
        """What records of the partition change. Raises LogLost when one is none of ours."""
        rows, wanted = self.rows, self.wanted
        for record in records:
            key, value = record.key, record.value
            if key == PLACE:
                self.place = self._read_place(record)
            elif value is None or not (wanted is None or wanted(key, value)):
                rows.pop(key, None)
            else:
                rows[key] = value

    def _read_place(self, record: Any) -> Place:
        try:
            return msgspec.json.decode(record.value or b"", type=Place)
        except msgspec.DecodeError as error:
            raise LogLost(
                f"{self.at.topic}/{self.at.partition} holds at offset {record.offset}, key {record.key!r}, what is no "
                "row of ours: docs/runbooks/unreadable-rows.md says how to find out who wrote it and how to go on"
            ) from error


def rows_of(partition: Partition) -> TopicPartition:
    return TopicPartition(partition.topic + ROWS, partition.number)


async def load(access: Access, offsets: Offsets, partition: Partition) -> tuple[Kept, str]:
    """All rows of a partition, and the id of their topic.

    Its owner's producer has been started, so no transaction of a former one is open. Raises Unavailable; LogLost when
    rows are gone, or cannot be read.
    """
    at = rows_of(partition)
    first, end, topic_id = await offsets.extent(at)
    if first > 0:  # compaction leaves the beginning where it is
        raise lost(at, f"rows before {first} have been deleted")
    consumer = await connected(
        access,
        isolation_level="read_committed",
        auto_offset_reset="earliest",
        max_partition_fetch_bytes=FETCHED,
        fetch_max_wait_ms=100,
        key_deserializer=whole,
    )
    try:
        kept = await _read(consumer, at, end)
    except (kafka.KafkaError, OSError) as error:
        raise Unavailable(f"{at.topic}/{at.partition} cannot be read: {error!r}") from error
    finally:
        await consumer.stop()
    if kept.place is not None and kept.place.rows != topic_id:
        raise lost(at, "the rows topic was made anew while they were written")
    return kept, topic_id


async def _read(consumer: Any, at: TopicPartition, end: int) -> Kept:
    """Until the position has passed `end`: markers and what was compacted away take offsets too."""
    kept = Kept(at)
    consumer.assign([at])
    await consumer.seek_to_beginning(at)
    moved, seen = monotonic(), -1
    while (position := await consumer.position(at)) < end:
        if position > seen:
            moved, seen = monotonic(), position
        elif monotonic() - moved > STILL:
            raise Unavailable(
                f"{at.topic}/{at.partition} stands still at {seen} before its end, {end}: when it goes on like this, a "
                "transaction hangs there: docs/runbooks/hanging-transaction.md"
            )
        for found in (await consumer.getmany(at, timeout_ms=200, max_records=CHUNK)).values():
            for batch in found:
                kept.take(batch.records)
        await asyncio.sleep(0)  # heartbeats, probes and other partitions go on
    return kept

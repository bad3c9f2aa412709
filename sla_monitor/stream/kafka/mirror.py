"""Rows in memory, as the owners commit them: for who looks at them and owns none."""

from __future__ import annotations

import asyncio
import logging
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager, suppress
from typing import Any

from aiokafka import errors as kafka
from aiokafka.structs import TopicPartition

from sla_monitor.clock import monotonic
from sla_monitor.errors import GiveUp, TryAgain, Unavailable
from sla_monitor.records import Partition

from .access import Access
from .internals.reading import passed, whole
from .offsets import connected
from .refusals import FORBIDDEN, forbidden
from .rows import CHUNK, FETCHED, ROWS, Kept, Wanted, rows_of
from .watch import Watch

logger = logging.getLogger(__name__)

SILENT = 10.0
"""Seconds without an answer of a partition's broker after which what is known of its rows is called old."""
AGAIN = 1.0
"""Seconds after a failure until everything is read anew."""
WAIT_MS = 200
"""For how long nothing may come before positions are looked at: markers alone move them too."""
SETTINGS = {
    "isolation_level": "read_committed",
    "auto_offset_reset": "none",  # what was deleted before it was read would stay here for ever
    "max_partition_fetch_bytes": FETCHED,
    "fetch_max_wait_ms": 500,
    "retry_backoff_ms": 100,
    "key_deserializer": whole,
}


class Mirror:
    """Follows the rows of `partitions` with one consumer of no group.

    wanted: which rows are kept, beside the places; None: all. Whatever fails, all is read anew; a broker that is away
    is no failure, what is known stays.
    """

    def __init__(self, access: Access, partitions: Iterable[Partition], wanted: Wanted | None = None) -> None:
        self._access, self._wanted = access, wanted
        self._partitions = [rows_of(partition) for partition in partitions]
        self._kept: dict[TopicPartition, Kept] = {}
        self._unread: Mapping[TopicPartition, int] = dict.fromkeys(self._partitions, 0)
        self._answers: dict[TopicPartition, tuple[int | None, float]] = {}
        self._trouble = ""
        self._read = asyncio.Event()
        self._news = asyncio.Event()
        self._task: asyncio.Task[None] | None = None
        self._watches: set[Watch] = set()

    def start(self) -> None:
        """Begin to follow, beside the caller."""
        if not self._partitions:
            self._read.set()
            return
        self._silent_since_now()
        self._task = asyncio.create_task(self._run(), name="rows")

    async def stop(self) -> None:
        if self._task is not None:
            self._task.cancel()
            with suppress(asyncio.CancelledError, GiveUp):
                await self._task

    async def ready(self) -> None:
        """Return when all has been read once. Raises Unavailable when that cannot be now; LogLost, Misconfigured."""
        while not self._read.is_set():
            self._raise_end()
            if self._trouble or self._silent():
                raise Unavailable("; ".join(self.unready()))
            with suppress(TimeoutError):
                await asyncio.wait_for(self._read.wait(), AGAIN)

    def kept(self, partition: Partition) -> Kept:
        """The rows and the place of a partition. Raises Unavailable before all are read; LogLost, Misconfigured."""
        self._raise_end()
        if not self._read.is_set():
            raise Unavailable("; ".join(self.unready()))
        return self._kept[rows_of(partition)]

    async def news(self) -> None:
        """Return when rows have come since the call."""
        await self._news.wait()

    @contextmanager
    def watched(self, topic: str) -> Iterator[Watch]:
        """What changes in the rows of a log from now on."""
        watch = Watch(topic)
        self._watches.add(watch)
        try:
            yield watch
        finally:
            self._watches.discard(watch)

    def unready(self) -> list[str]:
        """Why not to rely on what is here; empty when all is well."""
        if self._task is not None and self._task.done():
            return ["rows are not followed any more"]
        if self._trouble:
            return [self._trouble]
        unread = Counter(at.topic for at in self._unread)
        reading = [f"{topic}: {count} partitions are still being read" for topic, count in unread.items()]
        return reading + [f"{at.topic}/{at.partition} has given no answer for {SILENT:g} s" for at in self._silent()]

    async def _run(self) -> None:
        while True:
            try:
                await self._follow()
            except FORBIDDEN as error:
                raise forbidden(error, "rows") from error
            except (TryAgain, kafka.KafkaError, OSError) as error:
                self._trouble = f"rows cannot be read: {error!r}"
                logger.warning("%s; they are read anew", self._trouble)
            await asyncio.sleep(AGAIN)

    async def _follow(self) -> None:
        """From the first row on, until it fails."""
        consumer = await connected(self._access, **SETTINGS)
        try:
            await self._begin(consumer)
            while True:
                came = await consumer.getmany(timeout_ms=WAIT_MS, max_records=CHUNK)
                for at, batches in came.items():
                    for batch in batches:
                        self._kept[at].take(batch.records)
                        self._note(at, batch.records)
                if came:
                    self._ring()
                self._look(consumer)
                await asyncio.sleep(0)  # requests and probes go on
        finally:
            await consumer.stop()

    async def _begin(self, consumer: Any) -> None:
        self._read.clear()
        for watch in self._watches:
            watch.lose()
        self._kept = {at: Kept(at, wanted=self._wanted) for at in self._partitions}
        self._unread = await consumer.end_offsets(self._partitions)
        first: Mapping[TopicPartition, int] = await consumer.beginning_offsets(self._partitions)
        consumer.assign(self._partitions)
        for at, offset in first.items():
            consumer.seek(at, offset)
        self._trouble = ""
        self._silent_since_now()

    def _note(self, at: TopicPartition, records: Iterable[Any]) -> None:
        for watch in self._watches:
            if at.topic == watch.topic + ROWS:
                for record in records:
                    watch.note(record.key)

    def _ring(self) -> None:
        self._news.set()
        self._news = asyncio.Event()

    def _look(self, consumer: Any) -> None:
        """Note what has been read to the end that it had at first, and which brokers have answered."""
        self._unread = {at: end for at, end in self._unread.items() if passed(consumer, at) < end}
        if not self._unread:
            self._read.set()
        for at, (answer, _) in self._answers.items():
            if (latest := consumer.last_poll_timestamp(at)) != answer:
                self._answers[at] = latest, monotonic()

    def _raise_end(self) -> None:
        if self._task is not None and self._task.done():
            self._task.result()

    def _silent_since_now(self) -> None:
        self._answers = {at: (None, monotonic()) for at in self._partitions}

    def _silent(self) -> list[TopicPartition]:
        return [at for at, (_, heard) in self._answers.items() if monotonic() - heard > SILENT]

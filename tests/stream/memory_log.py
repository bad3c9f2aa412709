"""The ports of the log in memory: for tests of what lies above them. Its failures are switched on by the test."""

from __future__ import annotations

import asyncio
from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from zlib import crc32

from sla_monitor.errors import Fenced, LogLost, TooLarge, Unavailable
from sla_monitor.records import Partition, Record, Stored
from sla_monitor.stream.step import ROW_BYTES, Batch, Step


class MemoryLog:
    """`Log`, `Inbox` and `Reader`. sizes: topic -> its number of partitions, 1 unless told."""

    def __init__(self, sizes: dict[str, int] | None = None) -> None:
        self.sizes = sizes or {}
        self.logs: defaultdict[Partition, list[Stored]] = defaultdict(list)
        self.kept: defaultdict[Partition, dict[bytes, bytes]] = defaultdict(dict)
        self.places: defaultdict[Partition, int] = defaultdict(int)
        self.epochs: defaultdict[Partition, int] = defaultdict(int)
        self.firsts: defaultdict[Partition, int] = defaultdict(int)
        self.ends: defaultdict[Partition, int] = defaultdict(int)
        self.births: defaultdict[Partition, int] = defaultdict(int)  # raised when a log is made anew
        self.known: dict[Partition, int] = {}  # the birth of the log that a place belongs to
        self.unavailable = False
        self.failures: list[Exception] = []  # raised by the next commits, one each
        self.refused: bytes | None = None  # a step that carries this record or row fails like a bug would
        self.refusal: Exception = RuntimeError("refused")
        self.lost = ""
        self.opened = self.tried = self.committed = 0
        self.moved = asyncio.Condition()

    # Log

    async def open(self, partition: Partition) -> MemoryOwned:
        await asyncio.sleep(0)
        if self.unavailable:
            raise Unavailable("switched off")
        if self.known.setdefault(partition, self.births[partition]) != self.births[partition]:
            raise LogLost("the log was made anew")
        if self.epochs[partition] == 0:
            self.places[partition] = self.firsts[partition]
        if lost := self.lost or self._lost(partition):
            raise LogLost(lost)
        self.epochs[partition] += 1
        self.opened += 1
        await self._ring()
        return MemoryOwned(self, partition)

    # Inbox

    async def append(self, records: Sequence[Record]) -> None:
        if self.unavailable:
            raise Unavailable("switched off")
        self.extend(records)
        await self._ring()

    def extend(self, records: Iterable[Record]) -> None:
        for topic, key, value, timestamp, number in records:
            home = Partition(topic, crc32(key) % self.sizes.get(topic, 1) if number is None else number)
            self.logs[home].append(Stored(self.ends[home], key, value, timestamp))
            self.ends[home] += 1

    # Reader

    def row(self, topic: str, key: bytes) -> bytes | None:
        return dict(self.rows(topic)).get(key)

    def rows(self, topic: str) -> Iterator[tuple[bytes, bytes]]:
        for partition, rows in list(self.kept.items()):
            if partition.topic == topic:
                yield from list(rows.items())

    def records(self, topic: str, offset: int, limit: int) -> list[Stored]:
        return [stored for stored in self.logs[Partition(topic, 0)] if stored.offset >= offset][:limit]

    def bounds(self, topic: str) -> tuple[int, int]:
        return self.firsts[Partition(topic, 0)], self.ends[Partition(topic, 0)]

    async def changed(self, topic: str, offset: int) -> None:
        await self.until(lambda: self.ends[Partition(topic, 0)] > offset)

    # for tests

    def batch(self, partition: Partition, start: int, end: int | None = None) -> Batch:
        """What a fetch from `start` on brings."""
        records = self.logs[partition][start:end]
        return Batch(start, start + len(records), records)

    async def until(self, holds) -> None:
        async with self.moved:
            await asyncio.wait_for(self.moved.wait_for(holds), 5)

    def _lost(self, partition: Partition) -> str:
        """What is gone, or nothing."""
        place, first, end = self.places[partition], self.firsts[partition], self.ends[partition]
        if place < first:
            return (
                f"{partition.topic}/{partition.number}: records {place} to {first - 1} are gone: it begins at {first}"
            )
        return f"records {end} to {place - 1} are gone" if place > end else ""

    async def _ring(self) -> None:
        async with self.moved:
            self.moved.notify_all()


class MemoryOwned:
    def __init__(self, log: MemoryLog, partition: Partition) -> None:
        self._log = log
        self._partition = partition
        self._epoch = log.epochs[partition]
        self.rows = dict(log.kept[partition])
        self.place = log.places[partition]
        self.closed = False

    async def commit(self, step: Step) -> None:
        log = self._log
        log.tried += 1
        await log._ring()
        await asyncio.sleep(0)
        self._check(step)
        for key, value in step.rows.items():
            for rows in (self.rows, log.kept[self._partition]):
                if value is None:
                    rows.pop(key, None)
                else:
                    rows[key] = value
        self.place = log.places[self._partition] = step.place
        log.extend(step.records)
        log.committed += 1
        await log._ring()

    async def close(self) -> None:
        self.closed = True

    def _check(self, step: Step) -> None:
        log = self._log
        if log.failures:
            raise log.failures.pop(0)
        if log.unavailable:
            raise Unavailable("switched off")
        if self._epoch != log.epochs[self._partition]:
            raise Fenced("another owner has opened it")
        if any(len(value or b"") > ROW_BYTES for value in step.rows.values()):
            raise TooLarge("a row above its bound")
        if log.refused is not None and log.refused in step.rows:
            raise log.refusal

"""A log, read on from where it was left."""

from __future__ import annotations

from collections.abc import AsyncIterator

from sla_monitor.core.effects import Log
from sla_monitor.errors import LogLost
from sla_monitor.logs import Logs
from sla_monitor.records import Position, Stored
from sla_monitor.stream.placement import partition_of


class Following:
    """since: nothing later is missing, ms; 0 for a log that is kept from its first record on."""

    def __init__(self, logs: Logs, log: Log) -> None:
        self._reader, self._topic = logs.reader, logs.topic(log)
        self._position: Position | None = None
        self._cut: set[int] = set()  # partitions that have lost their beginning, until their first record comes
        self.since = 0

    async def news(self, now: int) -> AsyncIterator[Stored]:
        """All that has come since the last time, in order within a partition; each record once, whatever fails.

        Raises Unavailable; LogLost when some of it is not there any more.
        """
        first, end = await self._reader.bounds(self._topic)
        async with self._reader.tail(self._topic, self._begin(first, end)) as tail:
            while any(map(int.__lt__, tail.position, end)):
                for taken in await tail.take():
                    self._position = taken.position
                    if self._cut:
                        self._note(taken.record, len(end))
                    yield taken.record
            self._position = tail.position
        if self._cut:
            self.since = now
            self._cut.clear()

    def _begin(self, first: Position, end: Position) -> Position:
        if self._position is None:
            self._cut = {number for number, offset in enumerate(first) if offset}
            return first
        if not all(low <= at <= high for low, at, high in zip(first, self._position, end, strict=True)):
            raise LogLost(
                f"{self._topic} was read up to {self._position}, and is kept from {first} to {end} now: records went "
                "before they were read, or the topic was made anew; start the audit again"
            )
        return self._position

    def _note(self, record: Stored, partitions: int) -> None:
        """The first record of a partition tells since when it is kept."""
        number = partition_of(record.key or b"", partitions)
        if number in self._cut:
            self._cut.remove(number)
            self.since = max(self.since, record.timestamp)

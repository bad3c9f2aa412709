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
        self.since = 0

    async def news(self, now: int) -> AsyncIterator[Stored]:
        """All that has come since the last time, in order within a partition.

        Raises Unavailable; LogLost when some of it is not there any more.
        """
        first, end = await self._reader.bounds(self._topic)
        begin = self._begin(first, end)
        cut = {number for number, offset in enumerate(first) if offset} if self._position is None else set()
        async with self._reader.tail(self._topic, begin) as tail:
            while any(map(int.__lt__, tail.position, end)):
                for taken in await tail.take():
                    if cut:
                        self._note(cut, taken.record, len(end))
                    yield taken.record
            self._position = tail.position
        self.since = now if cut else self.since

    def _begin(self, first: Position, end: Position) -> Position:
        at = self._position
        if at is None:
            return first
        if not all(low <= here <= high for low, here, high in zip(first, at, end, strict=True)):
            raise LogLost(
                f"{self._topic} was read up to {at}, and is kept from {first} to {end} now: records went before they "
                "were read, or the topic was made anew; start the audit again"
            )
        return at

    def _note(self, cut: set[int], record: Stored, partitions: int) -> None:
        """The first record of a partition that has lost its beginning."""
        number = partition_of(record.key or b"", partitions)
        if number in cut:
            cut.remove(number)
            self.since = max(self.since, record.timestamp)

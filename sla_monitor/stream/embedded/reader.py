"""The port `Reader` on the file, for views and commands in any process."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, AsyncIterator, Collection, Iterator
from contextlib import asynccontextmanager

from sla_monitor.errors import LogLost
from sla_monitor.records import Position, Stored, Taken
from sla_monitor.stream.placement import partition_of

from . import fetch
from .fetch import Extent
from .file import EmbeddedFile

CHUNK = 500
"""Records of a partition taken at once."""


class EmbeddedReader:
    """Sees what is committed, at once. A log that is not there yet is empty. Each call may raise Unavailable, LogLost.

    Whatever may take longer than a look at an index is read beside the loop.
    """

    def __init__(self, file: EmbeddedFile) -> None:
        self._file = file

    async def row(self, topic: str, key: bytes, number: int | None = None) -> bytes | None:
        """See `Reader.row`."""
        return await asyncio.to_thread(self._row, topic, key, number)

    async def follow(self, topic: str, key: bytes) -> AsyncGenerator[bytes | None, None]:
        """See `Reader.follow`."""
        known: bytes | None = b""  # no row is empty
        while True:
            row = self._row(topic, key, None)
            if row != known:
                known = row
                yield row
            else:
                await self._file.changes.wait()  # nothing was awaited since the look, so nothing is missed

    async def rows(self, topic: str) -> Iterator[tuple[bytes, bytes]]:
        """See `Reader.rows`: read page by page, so a row that changes meanwhile is seen as it was or as it is."""
        return self._rows(topic)

    async def pick(self, topic: str, keys: Collection[bytes]) -> dict[bytes, bytes]:
        """See `Reader.pick`."""
        return await asyncio.to_thread(self._pick, topic, keys)

    @asynccontextmanager
    async def changed(self, topic: str) -> AsyncIterator[EmbeddedChanged]:
        """See `Reader.changed`."""
        yield EmbeddedChanged(self._file, topic)

    async def place(self, topic: str) -> Position:
        """See `Reader.place`."""
        return _place(self._file, topic)

    async def bounds(self, topic: str) -> tuple[Position, Position]:
        """See `Reader.bounds`."""
        extents = fetch.extents_of(self._file, topic)
        return tuple(extent.first for extent in extents), tuple(extent.end for extent in extents)

    async def since(self, topic: str, at: int) -> Position:
        """See `Reader.since`."""
        return tuple(fetch.since(self._file, extent, at) for extent in fetch.extents_of(self._file, topic))

    async def about(self, topic: str, key: bytes, at: int) -> list[Stored]:
        """See `Reader.about`."""
        return await asyncio.to_thread(self._about, topic, key, at)

    @asynccontextmanager
    async def tail(self, topic: str, start: Position) -> AsyncIterator[EmbeddedTail]:
        """See `Reader.tail`."""
        yield EmbeddedTail(self._file, topic, start)

    def _row(self, topic: str, key: bytes, number: int | None) -> bytes | None:
        partitions = fetch.extents_of(self._file, topic)
        if not partitions:
            return None
        at = partition_of(key, len(partitions)) if number is None else number
        return fetch.row(self._file, partitions[at].id, key)

    def _pick(self, topic: str, keys: Collection[bytes]) -> dict[bytes, bytes]:
        partitions = fetch.extents_of(self._file, topic)
        homes = ((key, partitions[partition_of(key, len(partitions))].id) for key in keys) if partitions else ()
        found = ((key, fetch.row(self._file, home, key)) for key, home in homes)
        return {key: row for key, row in found if row is not None}

    def _about(self, topic: str, key: bytes, at: int) -> list[Stored]:
        partitions = fetch.extents_of(self._file, topic)
        if not partitions:
            return []
        extent = partitions[partition_of(key, len(partitions))]
        return fetch.of_key(self._file, extent, key, fetch.since(self._file, extent, at))

    def _rows(self, topic: str) -> Iterator[tuple[bytes, bytes]]:
        for partition in fetch.extents_of(self._file, topic):
            after: bytes | str = fetch.BEFORE_ALL
            while found := fetch.page(self._file, partition.id, after):
                yield from found
                after = found[-1][0]


class EmbeddedTail:
    """See `Tail`: at once for a commit of this process, within 20 ms for another's."""

    def __init__(self, file: EmbeddedFile, topic: str, start: Position) -> None:
        self.position = start
        self._file, self._topic = file, topic

    async def take(self) -> list[Taken]:
        """See `Tail.take`."""
        while not self._ahead(extents := fetch.extents_of(self._file, self._topic)):
            await self._file.changes.wait()  # nothing was awaited since the look, so nothing is missed
        return await asyncio.to_thread(self._read, extents)

    def _ahead(self, extents: list[Extent]) -> bool:
        return any(extent.end > at for extent, at in zip(extents, self.position, strict=True))

    def _read(self, extents: list[Extent]) -> list[Taken]:
        taken, position = [], list(self.position)
        for number, extent in enumerate(extents):
            start = position[number]
            if start < extent.first:
                raise LogLost(f"{self._topic}/{number}: records {start} to {extent.first - 1} are no longer kept")
            found = fetch.records(self._file, extent.id, start, extent.end, CHUNK)
            for record in found:
                position[number] = record.offset + 1
                taken.append(Taken(tuple(position), record))
            if len(found) < CHUNK:
                position[number] = extent.end
        self.position = tuple(position)
        return taken


class EmbeddedChanged:
    """See `Changed`: by the records between two places, the keys of what was applied."""

    def __init__(self, file: EmbeddedFile, topic: str) -> None:
        self._file, self._topic = file, topic
        self._position = _place(file, topic)

    async def news(self) -> None:
        """See `Changed.news`."""
        while _place(self._file, self._topic) == self._position:
            await self._file.changes.wait()  # nothing was awaited since the look, so nothing is missed

    async def take(self) -> set[bytes]:
        """See `Changed.take`."""
        return await asyncio.to_thread(self._take)

    def _take(self) -> set[bytes]:
        extents = fetch.extents_of(self._file, self._topic)
        before, self._position = self._position or (0,) * len(extents), tuple(extent.place for extent in extents)
        keys: set[bytes] = set()
        for extent, start in zip(extents, before, strict=True):
            keys |= fetch.keys(self._file, extent.id, start, extent.place)
        return keys


def _place(file: EmbeddedFile, topic: str) -> Position:
    return tuple(extent.place for extent in fetch.extents_of(file, topic))

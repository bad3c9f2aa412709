"""The port `Reader` on the file, for views and commands in any process."""

from __future__ import annotations

from collections.abc import Iterator

from sla_monitor.records import Stored
from sla_monitor.stream.placement import partition_of

from . import fetch
from .file import EmbeddedFile


class EmbeddedReader:
    """Sees what is committed, at once. A log that is not there yet is empty. Each call may raise Unavailable."""

    def __init__(self, file: EmbeddedFile) -> None:
        self._file = file

    def row(self, topic: str, key: bytes) -> bytes | None:
        """See `Reader.row`."""
        partitions = self._partitions(topic)
        if not partitions:
            return None
        at = partitions[partition_of(key, len(partitions))], key
        with self._file.reading() as connection:
            found = connection.execute("SELECT value FROM rows WHERE partition=? AND key=?", at).fetchone()
        return found[0] if found else None

    def rows(self, topic: str) -> Iterator[tuple[bytes, bytes]]:
        """See `Reader.rows`: read page by page, so a row that changes meanwhile is seen as it was or as it is."""
        for partition in self._partitions(topic):
            after: bytes | str = fetch.BEFORE_ALL
            while found := fetch.page(self._file, partition, after):
                yield from found
                after = found[-1][0]

    def records(self, topic: str, offset: int, limit: int) -> list[Stored]:
        """See `Reader.records`."""
        identity, _, end = self._ends(topic)
        return fetch.records(self._file, identity, offset, end, limit)

    def bounds(self, topic: str) -> tuple[int, int]:
        """See `Reader.bounds`."""
        _, first, end = self._ends(topic)
        return first, end

    def place(self, topic: str) -> int:
        """Up to where the owner of a log of one partition has applied it; 0 before it had an owner."""
        query = "SELECT place FROM places WHERE topic=? AND number=0"
        with self._file.reading() as connection:
            found = connection.execute(query, (topic,)).fetchone()
        return found[0] if found else 0

    async def changed(self, topic: str, offset: int) -> None:
        """See `Reader.changed`: at once for a commit of this process, within 20 ms for another's."""
        while self.bounds(topic)[1] <= offset:
            await self._file.changes.wait()

    def _partitions(self, topic: str) -> list[int]:
        with self._file.reading() as connection:
            found = connection.execute("SELECT id FROM partitions WHERE topic=? ORDER BY number", (topic,)).fetchall()
        return [identity for (identity,) in found]

    def _ends(self, topic: str) -> tuple[int, int, int]:
        """(id, first, next) of the topic's first partition."""
        query = "SELECT id, first, next FROM partitions WHERE topic=? AND number=0"
        with self._file.reading() as connection:
            return connection.execute(query, (topic,)).fetchone() or (0, 0, 0)

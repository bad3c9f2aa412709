"""Housekeeping: deleting what is too old, and keeping the write-ahead log short.

Deleted pages are used again for new records, so the file stays at its largest size and does not shrink by itself:
giving pages back to the file system (auto_vacuum) costs a map of pages and moves them about, for room that a steady
flow needs again a day later. `VACUUM` in any SQLite shell shrinks it, with the worker stopped.
"""

from __future__ import annotations

import asyncio
import sqlite3
from functools import partial
from itertools import takewhile

from .file import EmbeddedFile
from .schema import SHIFT

CHUNK = 500  # records a transaction: a few ms, in which nobody else can write
PAUSE = 0.01  # seconds between two chunks: housekeeping gives way

_FOUND = """
SELECT partitions.id, first, CASE WHEN :consumed THEN coalesce(place, first) ELSE next END
    FROM partitions LEFT JOIN places USING (topic, number) WHERE topic = :topic
"""


class Retention:
    """Deletes the beginning of logs."""

    def __init__(self, file: EmbeddedFile) -> None:
        self._file = file

    async def retain(self, topic: str, keep_ms: int, now: int, *, consumed: bool = True) -> int:
        """Delete the records at a log's beginning with timestamps below now - keep_ms; return how many.

        consumed: the log has an owner, whose place nothing is deleted beyond, however old. Outcomes and dead letters
        have none: they go by age alone. Raises Unavailable; what was deleted until then is.
        """
        deleted = 0
        with self._file.reading() as connection:
            found = connection.execute(_FOUND, {"topic": topic, "consumed": consumed}).fetchall()
        for partition, _, limit in found:
            while count := await self._file.write(partial(_delete_chunk, partition, limit, now - keep_ms)):
                deleted += count
                await asyncio.sleep(PAUSE)
        return deleted

    async def checkpoint(self) -> None:
        """Move the write-ahead log into the file and empty it, so that it keeps no deleted content either.

        A reader or writer in between leaves some of it for the next time. Beside the loop: it syncs the whole file.
        """
        await asyncio.to_thread(self._file.checkpoint)


def _delete_chunk(partition: int, limit: int, horizon: int, connection: sqlite3.Connection) -> int:
    """Delete from the first record on, while they are old enough; the log's first offset moves with it."""
    base = partition << SHIFT
    (first,) = connection.execute("SELECT first FROM partitions WHERE id=?", (partition,)).fetchone()
    query = "SELECT id, timestamp FROM records WHERE id>=? AND id<? ORDER BY id LIMIT ?"
    oldest = connection.execute(query, (base | first, base + limit, CHUNK)).fetchall()
    old = [identity for identity, timestamp in takewhile(lambda record: record[1] < horizon, oldest)]
    if old:
        connection.execute("DELETE FROM records WHERE id>=? AND id<=?", (old[0], old[-1]))
        connection.execute("UPDATE partitions SET first=? WHERE id=?", (old[-1] + 1 - base, partition))
    return len(old)

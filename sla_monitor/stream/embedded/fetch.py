"""What is read from the file, by whomever: rows a page at a time, extents of logs, batches of records.

No cursor stays open between two calls: it would hold every read of the connection at an old state.
"""

from __future__ import annotations

from contextlib import closing
from typing import NamedTuple

from sla_monitor.records import Partition, Stored
from sla_monitor.stream.step import Batch

from .file import EmbeddedFile
from .schema import SHIFT

BATCH_RECORDS = 4000
BATCH_BYTES = 1 << 20  # of keys and values; a larger record comes alone

BEFORE_ALL = ""  # a text, which SQLite sorts before every key of bytes

_PAGE_ROWS = 5000
_PAGE = f"SELECT key, value FROM rows WHERE partition=? AND key>? ORDER BY key LIMIT {_PAGE_ROWS}"  # noqa: S608 - ours
_EXTENTS = """
SELECT topic, number, partitions.id, first, next, coalesce(place, first)
    FROM partitions LEFT JOIN places USING (topic, number)
"""
_EXTENTS_OF = _EXTENTS + "WHERE topic=? ORDER BY number"
_RECORDS = f"""
SELECT id & {(1 << SHIFT) - 1}, key, value, timestamp FROM records WHERE id>=? AND id<? ORDER BY id LIMIT ?
"""  # noqa: S608 - a constant of ours

_OF_KEY = f"""
SELECT id & {(1 << SHIFT) - 1}, key, value, timestamp FROM records WHERE id>=? AND id<? AND key=? ORDER BY id
"""  # noqa: S608 - a constant of ours
_ROW = "SELECT value FROM rows WHERE partition=? AND key=?"
_KEYS = "SELECT DISTINCT key FROM records WHERE id>=? AND id<?"
_NEXT = f"SELECT id & {(1 << SHIFT) - 1}, timestamp FROM records WHERE id>=? AND id<? ORDER BY id LIMIT 1"  # noqa: S608 - ours


def row(file: EmbeddedFile, partition: int, key: bytes) -> bytes | None:
    with file.reading() as connection:
        found = connection.execute(_ROW, (partition, key)).fetchone()
    return found[0] if found else None


def keys(file: EmbeddedFile, partition: int, start: int, end: int) -> set[bytes]:
    """The keys of the records of [start, end)."""
    base = partition << SHIFT
    with file.reading() as connection:
        return {key for (key,) in connection.execute(_KEYS, (base | start, base + end)) if key is not None}


def page(file: EmbeddedFile, partition: int, after: bytes | str) -> list[tuple[bytes, bytes]]:
    """The rows of a partition that follow the key `after`, in order; empty at the end."""
    with file.reading() as connection:
        return connection.execute(_PAGE, (partition, after)).fetchall()


class Extent(NamedTuple):
    """A partition's id, its first kept offset, its next offset, and the place of its owner (or its beginning)."""

    id: int
    first: int
    end: int
    place: int


def extents(file: EmbeddedFile) -> dict[Partition, Extent]:
    """Every partition of the file."""
    with file.reading() as connection:
        found = connection.execute(_EXTENTS).fetchall()
    return {Partition(topic, number): Extent(*extent) for topic, number, *extent in found}


def extents_of(file: EmbeddedFile, topic: str) -> list[Extent]:
    """Those of a topic's partitions, in order; none if it is not there yet."""
    with file.reading() as connection:
        found = connection.execute(_EXTENTS_OF, (topic,)).fetchall()
    return [Extent(*extent) for _, _, *extent in found]


def records(
    file: EmbeddedFile, partition: int, offset: int, end: int, limit: int, size: float = float("inf")
) -> list[Stored]:
    """Records of [offset, end), at most `limit`, and no more once they have `size` bytes."""
    base = partition << SHIFT
    taken: list[Stored] = []
    with (
        file.reading() as connection,
        closing(connection.execute(_RECORDS, (base | offset, base + end, limit))) as found,
    ):
        for row in found:
            record = Stored(*row)
            taken.append(record)
            size -= _size(record)
            if size <= 0:
                break
    return taken


def of_key(file: EmbeddedFile, extent: Extent, key: bytes, start: int) -> list[Stored]:
    """The records of a key from an offset on: SQLite looks at each record, but hands out none in vain."""
    base = extent.id << SHIFT
    with file.reading() as connection:
        return [Stored(*found) for found in connection.execute(_OF_KEY, (base | start, base + extent.end, key))]


def since(file: EmbeddedFile, extent: Extent, at: int) -> int:
    """The offset of the first record that was written at an instant, ms, or later; the end if none was."""
    low, high, base = extent.first, extent.end, extent.id << SHIFT
    with file.reading() as connection:
        while low < high:
            middle = (low + high) // 2
            offset, written = connection.execute(_NEXT, (base | middle, base + high)).fetchone() or (high, at)
            low, high = (low, middle) if written >= at else (offset + 1, high)
    return low


def batch(file: EmbeddedFile, extent: Extent, position: int) -> Batch:
    """What follows `position`. A batch that starts later shows that records before it are gone."""
    start = max(position, extent.first)
    found = records(file, extent.id, start, extent.end, BATCH_RECORDS, BATCH_BYTES)
    cut = len(found) == BATCH_RECORDS or sum(map(_size, found)) >= BATCH_BYTES
    return Batch(start, found[-1].offset + 1 if cut else extent.end, found)


def _size(record: Stored) -> int:
    return len(record.key or b"") + len(record.value or b"")

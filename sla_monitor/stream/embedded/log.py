"""The port `Log` on the file: partitions with an epoch, steps as transactions.

Opening raises the partition's epoch in the database. Every step's transaction begins by moving the place from where
this owner left it, under its epoch; when that touches no row, somebody else has opened the partition since.
"""

from __future__ import annotations

import asyncio
import sqlite3
from collections.abc import Mapping
from functools import partial
from operator import itemgetter
from typing import NamedTuple

from sla_monitor.errors import Fenced, LogLost
from sla_monitor.records import Partition
from sla_monitor.stream.step import Step

from .fetch import BEFORE_ALL, page
from .file import EmbeddedFile
from .topics import Topics

_TAKE_OVER = """
INSERT INTO places SELECT :topic, :number, topics.id, 1, first FROM partitions JOIN topics ON topics.name = topic
    WHERE topic = :topic AND number = :number
    ON CONFLICT(topic, number) DO UPDATE SET epoch = epoch + 1
"""
_TAKEN = """
SELECT partitions.id, epoch, place, first, next, topics.id = topic_id
    FROM partitions JOIN topics ON topics.name = topic JOIN places USING (topic, number)
    WHERE topic = :topic AND number = :number
"""
_MOVE = "UPDATE places SET place=? WHERE topic=? AND number=? AND epoch=? AND place=?"
_UPSERT = "INSERT INTO rows VALUES(?,?,?) ON CONFLICT(partition, key) DO UPDATE SET value=excluded.value"


class EmbeddedLog:
    """partitions: every log's topic -> its number of partitions; missing ones are made."""

    def __init__(self, file: EmbeddedFile, partitions: Mapping[str, int]) -> None:
        self._file = file
        self._topics = Topics(file, partitions)

    async def open(self, partition: Partition) -> EmbeddedOwned:
        """See `Log.open`."""
        taken = await self._file.write(partial(_take_over, partition))
        # Nobody but us changes these rows now: the epoch is ours.
        rows: dict[bytes, bytes] = {}
        after: bytes | str = BEFORE_ALL
        while found := page(self._file, taken.id, after):
            rows.update(found)
            after = found[-1][0]
            await asyncio.sleep(0)
        return EmbeddedOwned(self._file, self._topics, partition, taken, rows)


class EmbeddedOwned:
    """See `Owned`. Made by `EmbeddedLog.open` alone."""

    def __init__(
        self, file: EmbeddedFile, topics: Topics, partition: Partition, taken: _Taken, rows: dict[bytes, bytes]
    ) -> None:
        self.rows = rows
        self.place = taken.place
        self._file = file
        self._topics = topics
        self._partition = partition
        self._id = taken.id
        self._epoch = taken.epoch

    async def commit(self, step: Step) -> None:
        """See `Owned.commit`; an embedded commit is never unanswered."""
        step.check_sizes(self._partition)
        await self._file.write(partial(self._write, step))
        self.place = step.place
        step.apply_to(self.rows)

    async def close(self) -> None:
        """Nothing is held: the next owner raises the epoch."""

    def _write(self, step: Step, connection: sqlite3.Connection) -> None:
        topic, number = self._partition
        moved = connection.execute(_MOVE, (step.place, topic, number, self._epoch, self.place))
        if moved.rowcount != 1:
            raise Fenced(f"{self._name} was opened by another owner")
        changed = sorted(step.rows.items(), key=itemgetter(0))  # neighbours share pages
        kept = [(self._id, key, value) for key, value in changed if value is not None]
        deleted = [(self._id, key) for key, value in changed if value is None]
        connection.executemany(_UPSERT, kept)
        connection.executemany("DELETE FROM rows WHERE partition=? AND key=?", deleted)
        self._topics.append(connection, step.records)

    @property
    def _name(self) -> str:
        return f"{self._partition.topic}/{self._partition.number}"


class _Taken(NamedTuple):
    id: int
    epoch: int
    place: int


def _take_over(partition: Partition, connection: sqlite3.Connection) -> _Taken:
    """Raise the epoch, unless the place does not fit the log: then nothing changes, and LogLost says why."""
    connection.execute(_TAKE_OVER, partition._asdict())
    found = connection.execute(_TAKEN, partition._asdict()).fetchone()
    if found is None:
        raise LogLost(f"there is no log {partition.topic}/{partition.number} in this file")
    identity, epoch, place, first, end, same = found
    lost = _lost(place, first, end, same=bool(same))
    if lost:
        raise LogLost(f"{partition.topic}/{partition.number}: {lost}. {_REMEDY}")
    return _Taken(identity, epoch, place)


_REMEDY = (
    "Restore the data directory from a backup, or move it away to start afresh: what the rows know of open leads "
    "is forgotten then."
)


def _lost(place: int, first: int, end: int, *, same: bool) -> str:
    """What was lost, or nothing."""
    if not same:
        return f"the log was made anew since its rows were written, at place {place}"
    if place < first:
        return f"records {place} to {first - 1} are gone before they were applied: the log begins at {first}"
    if place > end:
        return f"records {end} to {place - 1}, which its rows have applied, are gone: the log ends at {end}"
    return ""

"""Topics and their partitions: which partition a key belongs to, and appending."""

from __future__ import annotations

import secrets
import sqlite3
from collections import defaultdict
from collections.abc import Iterable, Mapping

from sla_monitor.errors import LogLost, Misconfigured, Problem
from sla_monitor.records import Record
from sla_monitor.stream.placement import partition_of

from .file import EmbeddedFile
from .schema import SHIFT


class Topics:
    """The topics of a file. partitions: how many each has; missing topics are made.

    Raises Misconfigured when a topic has another number of partitions.
    """

    def __init__(self, file: EmbeddedFile, partitions: Mapping[str, int]) -> None:
        self._ids = file.write_now(lambda connection: _ensure(connection, partitions))

    def append(self, connection: sqlite3.Connection, records: Iterable[Record]) -> None:
        """Append within a transaction, in order."""
        for partition, appended in self._by_partition(records).items():
            offset = _allot(connection, partition, len(appended))
            connection.executemany(
                "INSERT INTO records VALUES(?,?,?,?)",
                [
                    (partition << SHIFT | number, record.key, record.value, record.timestamp)
                    for number, record in enumerate(appended, offset)
                ],
            )

    def _by_partition(self, records: Iterable[Record]) -> Mapping[int, list[Record]]:
        grouped = defaultdict(list)
        for record in records:
            ids = self._ids[record.topic]
            number = partition_of(record.key, len(ids)) if record.number is None else record.number
            grouped[ids[number]].append(record)
        return grouped


def _allot(connection: sqlite3.Connection, partition: int, count: int) -> int:
    """The first of `count` offsets. Other processes append too, so the end is read in each transaction."""
    found = connection.execute("SELECT next FROM partitions WHERE id=?", (partition,)).fetchone()
    if found is None:
        raise LogLost("a log was deleted while this process used it: start the process again")
    connection.execute("UPDATE partitions SET next=? WHERE id=?", (found[0] + count, partition))
    offset: int = found[0]
    return offset


def _ensure(connection: sqlite3.Connection, partitions: Mapping[str, int]) -> dict[str, tuple[int, ...]]:
    """Topic -> the ids of its partitions, in order."""
    for topic, count in partitions.items():
        _create(connection, topic, count)
    found: dict[str, list[int]] = {}
    for topic, partition in connection.execute("SELECT topic, id FROM partitions ORDER BY topic, number"):
        found.setdefault(topic, []).append(partition)
    return {topic: tuple(ids) for topic, ids in found.items()}


def _create(connection: sqlite3.Connection, topic: str, count: int) -> None:
    existing = connection.execute("SELECT partitions FROM topics WHERE name=?", (topic,)).fetchone()
    if existing is None:
        connection.execute("INSERT INTO topics VALUES(?,?,?)", (topic, secrets.token_hex(8), count))
        numbers = [(topic, number) for number in range(count)]
        connection.executemany("INSERT INTO partitions(topic, number) VALUES(?,?)", numbers)
    elif existing[0] != count:
        message = f"has {existing[0]} partitions and cannot be given {count}: keys would move and their rows would not"
        raise Misconfigured([Problem("the embedded log", topic, message)])

"""What the contract suite needs of an implementation of the ports: the ports, and ways to do them harm."""

from __future__ import annotations

import sqlite3
from collections.abc import AsyncIterator, Iterator
from contextlib import AbstractAsyncContextManager, asynccontextmanager, closing, contextmanager
from pathlib import Path
from typing import Protocol

from sla_monitor.records import Inbox, Reader, Record, Stored
from sla_monitor.stream.embedded import EmbeddedFile, EmbeddedInbox, EmbeddedLog, EmbeddedReader
from sla_monitor.stream.step import Log
from tests import embedded

LEADS, DESK, WIDE = "t.leads", "t.desk", "t.wide"
PARTITIONS = {LEADS: 1, DESK: 1, WIDE: 3}


class Ports(Protocol):
    inbox: Inbox

    def log(self) -> Log:
        """A new one, as another worker would have."""

    def reader(self) -> AbstractAsyncContextManager[Reader]:
        """A new one, as another process would have."""

    async def read(self, topic: str, number: int = 0) -> list[Stored]:
        """The committed records of a partition."""

    async def skip(self, topic: str, count: int) -> None:
        """Use up offsets of a log's partition 0 without records."""

    async def lose_before(self, topic: str, offset: int) -> None:
        """Let the log begin at `offset`."""

    async def lose_from(self, topic: str, offset: int) -> None:
        """Let the log end at `offset`."""

    async def make_anew(self, topic: str) -> None:
        """Delete the log, and make one of the same name."""

    def unwritable(self) -> object:
        """A context in which nothing can be written."""


class EmbeddedPorts:
    def __init__(self, directory: Path) -> None:
        self._path = directory / "sla.db"
        self._file = EmbeddedFile(self._path, busy_timeout=0.05)
        self.inbox = EmbeddedInbox(self._file, PARTITIONS)

    def log(self) -> Log:
        return EmbeddedLog(self._file, PARTITIONS)

    @asynccontextmanager
    async def reader(self) -> AsyncIterator[Reader]:
        yield EmbeddedReader(self._file)

    async def read(self, topic: str, number: int = 0) -> list[Stored]:
        return embedded.records(self._file, topic, number)

    async def skip(self, topic: str, count: int) -> None:
        self._harm("UPDATE partitions SET next = next + ? WHERE topic=?", count, topic)

    async def lose_before(self, topic: str, offset: int) -> None:
        self._harm("UPDATE partitions SET first = ? WHERE topic=?", offset, topic)

    async def lose_from(self, topic: str, offset: int) -> None:
        self._harm("UPDATE partitions SET next = ? WHERE topic=?", offset, topic)

    async def make_anew(self, topic: str) -> None:
        self._harm("DELETE FROM topics WHERE name=?", topic)
        self._harm("DELETE FROM partitions WHERE topic=?", topic)
        self.inbox = EmbeddedInbox(self._file, PARTITIONS)

    @contextmanager
    def unwritable(self) -> Iterator[None]:
        with closing(sqlite3.connect(self._path, isolation_level=None)) as other:
            other.execute("BEGIN IMMEDIATE")
            yield

    def close(self) -> None:
        self._file.close()

    def _harm(self, statement: str, *values: object) -> None:
        self._file.write_now(lambda connection: connection.execute(statement, values))


def record(topic: str, value: str, key: str = "k", timestamp: int = 1) -> Record:
    return Record(topic, key.encode(), value.encode(), timestamp)

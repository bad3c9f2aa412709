"""Records as they lie in the logs, and the two ports that everybody but the reducers' shell uses."""

from __future__ import annotations

from collections.abc import AsyncGenerator, AsyncIterator, Collection, Iterable, Mapping, Sequence
from contextlib import AbstractAsyncContextManager
from typing import NamedTuple, Protocol


class Partition(NamedTuple):
    """A partition of a log. topic: the full name, prefix included."""

    topic: str
    number: int


class Record(NamedTuple):
    """A record to append to a log. timestamp: ms. number: of the partition; None: the one that `key` belongs to."""

    topic: str
    key: bytes
    value: bytes
    timestamp: int
    number: int | None = None


class Stored(NamedTuple):
    """A record as it lies in its log. timestamp: ms. headers: only foreign producers give any."""

    offset: int
    key: bytes | None
    value: bytes | None
    timestamp: int
    headers: tuple[tuple[str, bytes], ...] = ()


class Inbox(Protocol):
    """Where ingest puts accepted events."""

    async def append(self, records: Sequence[Record]) -> None:
        """Return when all records are durable, all or none of them. Raises Unavailable: not known to be stored."""


Position = tuple[int, ...]
"""Where a log is read: the offset that comes next in each of its partitions, in their order."""


class Taken(NamedTuple):
    """A record that was read. position: of the log, behind this record and all that were taken before it."""

    position: Position
    record: Stored


class Tail(Protocol):
    """A log as it is read on from a position."""

    @property
    def position(self) -> Position:
        """Behind all that was taken."""

    async def take(self) -> list[Taken]:
        """Wait for what comes next, in order within each partition; none if only the position moves.

        Raises Unavailable; LogLost when what comes next is no longer kept.
        """


class Changed(Protocol):
    """Which rows of a log have changed. Each call may raise Unavailable, after which all of them may have."""

    async def news(self) -> None:
        """Return when there is something to take."""

    async def take(self) -> Collection[bytes]:
        """The keys that records were applied to since the last call.

        A row that time alone has changed need not be among them: its header said when that would be.
        """


class Reader(Protocol):
    """What views and commands read, from any process; sees committed state only. Each call may raise Unavailable."""

    async def row(self, topic: str, key: bytes, number: int | None = None) -> bytes | None:
        """The current row of a log at a key. number: of the partition; None: the one that `key` belongs to."""

    def follow(self, topic: str, key: bytes) -> AsyncGenerator[bytes | None, None]:
        """The row at a key as it is, and as it is after each change, though not after each of several at once."""

    async def rows(self, topic: str) -> Iterable[tuple[bytes, bytes]]:
        """All current rows of a log, the rules' rows included; another thread may go through them."""

    async def pick(self, topic: str, keys: Collection[bytes]) -> Mapping[bytes, bytes]:
        """The rows at some keys, of those that are there."""

    def changed(self, topic: str) -> AbstractAsyncContextManager[Changed]:
        """What changes in the rows from now on, for as long as the context lasts."""

    async def place(self, topic: str) -> Position:
        """Up to where a log has been applied by its owners; its beginning before it had any."""

    async def bounds(self, topic: str) -> tuple[Position, Position]:
        """(position of the first kept records, position behind the last)."""

    async def since(self, topic: str, at: int) -> Position:
        """The position of the first records that were written at an instant, ms, or later."""

    async def about(self, topic: str, key: bytes, at: int) -> Sequence[Stored]:
        """The kept records of a key that were written at an instant, ms, or later, in order."""

    def tail(self, topic: str, start: Position) -> AbstractAsyncContextManager[Tail]:
        """The log from a position within its bounds on, for as long as the context lasts."""


async def between(reader: Reader, topic: str, begin: Position, end: Position) -> AsyncIterator[list[Stored]]:
    """What a log keeps from one position to another, in order within a partition; perhaps a little more.

    Raises Unavailable, LogLost.
    """
    async with reader.tail(topic, begin) as tail:
        while any(map(int.__lt__, tail.position, end)):
            yield [taken.record for taken in await tail.take()]

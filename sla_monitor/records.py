"""Records as they lie in the logs, and the two ports that everybody but the reducers' shell uses."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
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


class Reader(Protocol):
    """What views and commands read; sees committed state only. On the embedded log from any process."""

    def row(self, topic: str, key: bytes) -> bytes | None:
        """The current row of a log at a key."""

    def rows(self, topic: str) -> Iterable[tuple[bytes, bytes]]:
        """All current rows of a log, the rules' row included."""

    def records(self, topic: str, offset: int, limit: int) -> list[Stored]:
        """Up to `limit` records of a log of one partition from `offset` on, in order."""

    def bounds(self, topic: str) -> tuple[int, int]:
        """(first kept offset, next offset) of a log of one partition."""

    async def changed(self, topic: str, offset: int) -> None:
        """Return when the log has a record at or beyond `offset`."""

"""The port `Inbox` on the file: requests that wait together are stored together.

One transaction costs the same sync of the disk for one request or for a hundred. It works in the worker's process and
in another one beside it; when another process writes too, it leaves the file alone for a moment between two groups:
a worker there, which tries every millisecond, must not wait behind a busy intake.
"""

from __future__ import annotations

import asyncio
import sqlite3
from collections.abc import Iterable, Mapping, Sequence
from functools import partial
from itertools import chain
from typing import NamedTuple

from sla_monitor.clock import monotonic
from sla_monitor.errors import SlaMonitorError
from sla_monitor.records import Record

from .file import EmbeddedFile
from .topics import Topics

GROUP = 1000  # records in one transaction, about 10 ms: nobody else can write meanwhile
REST = 10.0  # seconds without traffic that a failure earns; then somebody has to try again
PAUSE = 0.003  # seconds between two groups; a worker's tries are 1-2 ms apart


class _Request(NamedTuple):
    records: Sequence[Record]
    stored: asyncio.Future[None]


class EmbeddedInbox:
    """partitions: every log's topic -> its number of partitions; missing ones are made."""

    def __init__(self, file: EmbeddedFile, partitions: Mapping[str, int]) -> None:
        self._file = file
        self._topics = Topics(file, partitions)
        self._waiting: list[_Request] = []
        self._writing: asyncio.Task[None] | None = None
        self._failed_at = float("-inf")

    def failing(self) -> bool:
        """Whether a group could not be stored within the last `REST` seconds."""
        return monotonic() - self._failed_at < REST

    async def append(self, records: Sequence[Record]) -> None:
        """See `Inbox.append`. A caller that is cancelled does not know either: its records may be stored."""
        request = _Request(records, asyncio.get_running_loop().create_future())
        self._waiting.append(request)
        if self._writing is None:
            self._writing = asyncio.create_task(self._write_groups())
        await request.stored

    async def _write_groups(self) -> None:
        try:
            while self._waiting:
                await self._write_group(self._next_group())
                await asyncio.sleep(PAUSE if self._file.is_shared() else 0)
        finally:
            self._writing = None

    def _next_group(self) -> list[_Request]:
        """The requests that wait, up to `GROUP` records, at least one request."""
        group, size = [self._waiting[0]], len(self._waiting[0].records)
        for request in self._waiting[1:]:
            size += len(request.records)
            if size > GROUP:
                break
            group.append(request)
        del self._waiting[: len(group)]
        return group

    async def _write_group(self, group: list[_Request]) -> None:
        try:
            await self._file.write(partial(self._write, group))
        except Exception as error:  # noqa: BLE001 - whatever it is, every waiting request has to hear of it
            self._failed_at = monotonic()
            for request in _still_asking(group):
                request.stored.set_exception(type(error)(str(error)) if isinstance(error, SlaMonitorError) else error)
        else:
            self._failed_at = float("-inf")
            for request in _still_asking(group):
                request.stored.set_result(None)

    def _write(self, group: list[_Request], connection: sqlite3.Connection) -> None:
        self._topics.append(connection, chain.from_iterable(request.records for request in group))


def _still_asking(group: Iterable[_Request]) -> list[_Request]:
    return [request for request in group if not request.stored.done()]

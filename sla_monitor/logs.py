"""The logs of an installation, wherever they lie: what the web layer and the commands work with."""

from __future__ import annotations

from collections.abc import AsyncIterator, Awaitable, Callable, Collection, Iterator, Mapping
from contextlib import asynccontextmanager, closing
from dataclasses import dataclass

from .core.effects import Log
from .errors import Unavailable
from .records import Inbox, Partition, Position, Reader, Stored, between
from .settings import Settings
from .stream.embedded import EmbeddedFile, EmbeddedInbox, EmbeddedReader, worker_of
from .stream.kafka import rights, topics
from .stream.kafka.access import Access
from .stream.kafka.group import members
from .stream.kafka.inbox import KafkaInbox
from .stream.kafka.mirror import Mirror
from .stream.kafka.reader import KafkaReader
from .stream.kafka.rows import Wanted
from .stream.placement import partition_of

KEYED = (Log.PHONES, Log.EVENTS, Log.DESK, Log.NOTIFICATIONS)
"""The logs that a reducer owns; the others are only read."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Logs:
    """topics: every log's topic -> its number of partitions. unready: why not to rely on them now, if anything.

    workers: who decides now, in words; nothing when nobody does.
    """

    inbox: Inbox
    reader: Reader
    topics: Mapping[str, int]
    prefix: str
    unready: Callable[[], list[str]]
    workers: Callable[[], Awaitable[str]]

    def topic(self, log: Log) -> str:
        return self.prefix + log

    def partitions(self, log: Log) -> Iterator[Partition]:
        topic = self.topic(log)
        return (Partition(topic, number) for number in range(self.topics[topic]))

    async def records(self, log: Log, start: Position | None = None, key: bytes | None = None) -> AsyncIterator[Stored]:
        """What a log keeps now, in order within a partition; from a position on, or of the partition of a key."""
        topic = self.topic(log)
        first, end = await self.reader.bounds(topic)
        begin = tuple(map(max, first, start)) if start else first
        if key is not None:
            at = partition_of(key, len(first))
            begin = end[:at] + begin[at : at + 1] + end[at + 1 :]
        async for found in between(self.reader, topic, begin, end):
            for record in found:
                yield record


@dataclass(frozen=True, slots=True, kw_only=True)
class Embedded(Logs):
    """Those of a data directory, opened."""

    file: EmbeddedFile

    @classmethod
    def open(cls, settings: Settings) -> Embedded:
        """Raises Misconfigured, Unavailable."""
        file = EmbeddedFile(settings.database)
        partitions = {settings.topic_prefix + log: 1 for log in Log}
        inbox = EmbeddedInbox(file, partitions)

        def unready() -> list[str]:
            return ["events cannot be stored"] if inbox.failing() else []

        async def workers() -> str:
            pid = worker_of(settings.database.parent)
            return f"pid {pid}" if pid else ""

        return cls(
            inbox=inbox,
            reader=EmbeddedReader(file),
            topics=partitions,
            prefix=settings.topic_prefix,
            unready=unready,
            workers=workers,
            file=file,
        )

    @classmethod
    def existing(cls, settings: Settings) -> Embedded:
        """Like `open`, but makes no new log. Raises Unavailable where there is none."""
        if not settings.database.exists():
            raise Unavailable(
                f"there is no log at {settings.database}: `sla-monitor up` makes it; "
                "if it lies elsewhere, name its directory with --data-dir or SLA_DATA_DIR"
            )
        return cls.open(settings)

    def close(self) -> None:
        self.file.close()


@asynccontextmanager
async def existing(
    settings: Settings,
    rows: Collection[Log] = (),
    keys: Collection[bytes] = (),
    *,
    everywhere: bool = False,
    wanted: Wanted | None = None,
) -> AsyncIterator[Logs]:
    """For a command that asks for the rows of some keys in some logs; `everywhere`: in each of their partitions.

    wanted: which rows it asks for there, instead of keys. Raises Misconfigured, Unavailable.
    """
    if settings.servers is None:
        with closing(Embedded.existing(settings)) as embedded:
            yield embedded
        return
    chosen = wanted or (lambda key, _: key in keys)
    async with on_kafka(settings, rows, None if everywhere or wanted else keys, chosen) as (logs, mirror):
        await mirror.ready()
        yield logs


@asynccontextmanager
async def auditing(settings: Settings) -> AsyncIterator[Logs]:
    """For a process that reads every lead and writes nothing. Raises Misconfigured, Unavailable."""
    if settings.servers is None:
        with closing(Embedded.existing(settings)) as embedded:
            yield embedded
        return
    await rights.require(Access.of(settings), rights.Role.AUDIT, settings.topic_prefix)
    async with on_kafka(settings, (Log.EVENTS,)) as (logs, mirror):
        await mirror.ready()
        yield logs


@asynccontextmanager
async def serving(settings: Settings) -> AsyncIterator[Logs]:
    """For a process that serves views of leads and of who is there. Raises Misconfigured, Unavailable."""
    if settings.servers is None:
        with closing(Embedded.open(settings)) as embedded:
            yield embedded
        return
    await rights.require(Access.of(settings), rights.Role.WEB, settings.topic_prefix)
    async with on_kafka(settings, (Log.EVENTS, Log.DESK)) as (logs, _):
        yield logs


@asynccontextmanager
async def on_kafka(
    settings: Settings, rows: Collection[Log], keys: Collection[bytes] | None = None, wanted: Wanted | None = None
) -> AsyncIterator[tuple[Logs, Mirror]]:
    """Those of a cluster, and the mirror of the rows that are wanted, which may still be reading them.

    keys: only their partitions are read; None: all. Raises Misconfigured, Unavailable.
    """
    access, prefix = Access.of(settings), settings.topic_prefix
    partitions = await topics.require(access, settings)
    read = [
        Partition(topic, number)
        for topic in (prefix + log for log in rows)
        for number in _numbers(partitions[topic], keys)
    ]
    inbox, mirror = KafkaInbox(access, partitions), Mirror(access, read, wanted)
    reader = KafkaReader(access, partitions, mirror)

    def unready() -> list[str]:
        return mirror.unready() + (["events cannot be stored"] if inbox.failing() else [])

    async def workers() -> str:
        count = await members(access, group_of(prefix))
        return f"{count} in all" if count else ""

    mirror.start()
    try:
        yield (
            Logs(inbox=inbox, reader=reader, topics=partitions, prefix=prefix, unready=unready, workers=workers),
            mirror,
        )
    finally:
        for part in (inbox, reader, mirror):
            await part.stop()


def _numbers(count: int, keys: Collection[bytes] | None) -> Collection[int]:
    """Of the partitions that these keys belong to; None: all."""
    return range(count) if keys is None else {partition_of(key, count) for key in keys}


def group_of(prefix: str) -> str:
    """The consumer group of the workers."""
    return prefix + rights.WORKERS

"""The one place that wires everything. Nothing connects, reads the environment or starts a task at import."""

from __future__ import annotations

import asyncio
import gc
import logging
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass, replace

from . import __version__, codec
from .acts import Acts, snapshot
from .clock import DISTRUST, Clock, WallClock
from .core import assign, deliver, match, track
from .core.effects import Log
from .core.events import RulesChanged
from .core.lead import OPEN, STATUSES
from .core.rules import HOUR, Rules
from .core.stuck import tell_head
from .errors import Misconfigured, Problem, SlaMonitorError, TryAgain, Unavailable
from .keys import KeyRing
from .metrics import Metrics
from .notify.channels import registry
from .notify.sender import Sender
from .policy import same
from .records import Reader, Record, Stored
from .settings import Settings
from .stream.app import Broker, Worker
from .stream.embedded import (
    DirectoryLock,
    EmbeddedFile,
    EmbeddedInbox,
    EmbeddedLog,
    EmbeddedReader,
    Retention,
    transport,
)
from .stream.folding import Role
from .stream.status import State
from .web.context import Web
from .web.limits import Limits
from .web.server import Server

logger = logging.getLogger(__name__)

KEYED = (Log.PHONES, Log.EVENTS, Log.DESK, Log.NOTIFICATIONS)
"""The logs that a reducer owns; the others are only read."""

_OPEN = frozenset(n for n, status in enumerate(STATUSES) if status in OPEN)

ROLES = (
    Role(Log.PHONES, lambda: match.REDUCER),
    Role(
        Log.EVENTS,
        lambda: track.REDUCER,
        recheck=lambda header: header.status in _OPEN,
        on_stuck=tell_head,
        waiting=_OPEN,
    ),
    Role(Log.DESK, assign.Desk),
    Role(Log.NOTIFICATIONS, lambda: deliver.REDUCER),
)

GC_THRESHOLD = 50_000
"""New objects between two looks for cycles. A step keeps thousands until it is committed, and makes no cycles: to look
every 700, as Python does by itself, took a fifth of the processor's time."""

RULES_POLL = 1.0
"""Seconds between two looks for another policy in force: any process may have applied it."""
CLOCK_POLL = 1.0
"""Seconds between two looks for a jump of the clock."""
CHUNK = 1000
"""Records read at once."""


@dataclass(frozen=True, slots=True)
class Embedded:
    """The embedded log of a data directory, opened. topics: every log's topic -> its number of partitions."""

    file: EmbeddedFile
    inbox: EmbeddedInbox
    reader: EmbeddedReader
    topics: Mapping[str, int]
    prefix: str

    @classmethod
    def open(cls, settings: Settings) -> Embedded:
        """Raises Misconfigured, Unavailable."""
        topics = {settings.topic_prefix + log: 1 for log in Log}
        file = EmbeddedFile(settings.database)
        return cls(file, EmbeddedInbox(file, topics), EmbeddedReader(file), topics, settings.topic_prefix)

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

    def records(self, log: Log, offset: int = 0) -> Iterator[Stored]:
        """What a log keeps from an offset on, in order."""
        topic = self.prefix + log
        start = max(offset, self.reader.bounds(topic)[0])
        while found := self.reader.records(topic, start, CHUNK):
            yield from found
            start = found[-1].offset + 1


def domain_clock(settings: Settings) -> WallClock:
    """The domain's clock. A compressed one begins once a data directory, so that it goes on after a restart."""
    if settings.clock_speed == 1:
        return WallClock()
    path = settings.data_dir / "clock-origin"
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        if not path.exists():
            path.write_text(repr(time.time()))
        return WallClock(settings.clock_speed, float(path.read_text()))
    except OSError as error:
        raise Unavailable(f"{path} cannot be used: {error.strerror}") from error
    except ValueError:
        raise Misconfigured([Problem(str(path), "", "holds no time; name another SLA_DATA_DIR")]) from None


def rules_in_force(reader: Reader, prefix: str, log: Log = Log.EVENTS) -> Rules:
    """The policy that decides now in a log; the built-in one, version 0, before any was applied."""
    row = reader.row(prefix + log, codec.RULES_KEY)
    return codec.decode_rules_row(row).rules if row else Rules()


def newest_rules(embedded: Embedded) -> Rules:
    """The policy that was written last: in force, or as soon as a worker reads it. Version 0: none was written."""
    place = embedded.reader.place(embedded.prefix + Log.DESK)  # before the row, which may move on meanwhile
    newest = rules_in_force(embedded.reader, embedded.prefix, Log.DESK)
    for record in embedded.records(Log.DESK, place):  # the shortest of the logs that have it
        if record.key == codec.RULES_KEY:
            newest = max(newest, codec.decode_record(record.value).rules, key=lambda rules: rules.version)
    return newest


async def apply_rules(embedded: Embedded, rules: Rules, now: int) -> tuple[Rules, bool]:
    """Write a policy to every partition with a higher version, if it says anything new (R33).

    The version is the second it was applied in, or one more than the last.
    Returns the policy with its version, and whether it was new.
    """
    newest = newest_rules(embedded)
    if newest.version and same(newest, rules):
        return newest, False
    applied = replace(rules, version=max(newest.version + 1, now // 1000))
    value = codec.encode_record(RulesChanged(version=applied.version, rules=applied, at=now))
    await embedded.inbox.append([Record(embedded.prefix + log, codec.RULES_KEY, value, now) for log in KEYED])
    return applied, True


async def follow_rules(embedded: Embedded, known: Callable[[], Rules], adopt: Callable[[Rules], None]) -> None:
    """Adopt every policy that comes into force, whoever applied it, until cancelled. Raises LogLost."""
    while True:
        with suppress(TryAgain, codec.Undecodable):  # a newer program may have written it
            force = rules_in_force(embedded.reader, embedded.prefix)
            if force.version > known().version:
                adopt(force)
        await asyncio.sleep(RULES_POLL)


async def watch_clock(clock: Clock, metrics: Metrics) -> None:
    """Log and count each jump of the clock, until cancelled (R8)."""
    seen = 0
    while True:
        while seen < clock.jumped():
            seen += 1
            metrics.clock_jumped()
            logger.warning("the clock jumped ahead: timers wait until %.0f s have run without another", DISTRUST)
        await asyncio.sleep(CLOCK_POLL)


class Up:
    """Everything in one process on the embedded log: `sla-monitor up`.

    rules: to put into force at the start; None leaves what was applied last.
    """

    def __init__(self, settings: Settings, rules: Rules | None, keys: KeyRing, clock: Clock | None = None) -> None:
        self._lock = DirectoryLock(settings.database.parent)
        self.settings, self.clock = settings, clock or domain_clock(settings)
        self.embedded = Embedded.open(settings)
        self.rules = rules or newest_rules(self.embedded)
        self.metrics = Metrics(__version__, self.rules, keys.names)
        sender = Sender(registry(settings.data_dir, self.clock), self.clock, self.metrics.notification)
        self._acts = Acts(self.metrics, sender, lambda: self.rules)
        self._worker = self._make_worker()
        self.server = make_server(
            settings, self.embedded, self.clock, keys, lambda: self.rules, self.metrics, self._unready
        )
        self._chores: list[asyncio.Task[None]] = []

    def _make_worker(self) -> Worker:
        def prepare(app: object) -> None:
            app.embedded = self.embedded.file  # type: ignore[attr-defined]

        transport.register()
        broker = Broker(f"sqlite:///{self.settings.database}", prepare)
        log = EmbeddedLog(self.embedded.file, self.embedded.topics)
        prefix = self.settings.topic_prefix
        return Worker(broker, log, ROLES, prefix=prefix, clock=self.clock, observer=self._acts)

    async def start(self) -> None:
        """Return when events are taken; partitions open beside it."""
        gc.set_threshold(GC_THRESHOLD)
        await self.change_policy(self.rules)
        self.metrics.watch(lambda: snapshot(self._worker, not self._unready()))
        await self._worker.start()
        await self.server.start()
        following = follow_rules(self.embedded, lambda: self.rules, self._adopt)
        chores = self._keep_house(), following, watch_clock(self.clock, self.metrics)
        self._chores = [asyncio.create_task(chore) for chore in chores]

    async def change_policy(self, rules: Rules) -> bool:
        """Put a policy into force if it says anything new; whether it did."""
        newest, changed = await apply_rules(self.embedded, rules, self.clock.now())
        self._adopt(newest)
        return changed

    def _adopt(self, rules: Rules) -> None:
        self.rules = rules
        self.metrics.know(rules)

    async def wait(self) -> None:
        """Until stopped; raises what the process must end for."""
        await self._worker.wait()

    async def stop(self) -> None:
        for chore in self._chores:
            chore.cancel()
        await self.server.stop()
        await self._worker.stop()
        await self._acts.close()
        self.embedded.close()
        self._lock.close()

    def _unready(self) -> list[str]:
        """Why not to rely on this process now; empty when all is well."""
        reasons = [] if self.clock.trusted() else ["the clock jumped; timers wait"]
        owners = {owner.role.log: owner.status().state for owner in self._worker.owners.values()}
        for log in KEYED:
            state = owners.get(log, State.OPENING)
            if state is not State.RUNNING:
                reasons.append(f"{log} is {state}")
        return reasons + unwritable(self.embedded)

    async def _keep_house(self) -> None:
        """Delete what is too old, and keep the write-ahead log short."""
        retention = Retention(self.embedded.file)
        while True:  # at the start too: a process that never lives for an hour keeps house as well
            for topic in self.embedded.topics:
                with suppress(SlaMonitorError):
                    await self._retain(retention, topic)
            with suppress(SlaMonitorError):
                await retention.checkpoint()
            await asyncio.sleep(HOUR / 1000)

    async def _retain(self, retention: Retention, topic: str) -> None:
        settings, log = self.settings, topic.removeprefix(self.settings.topic_prefix)
        keep = {Log.OUTCOMES: settings.outcomes_retention, Log.DEAD_LETTERS: settings.dead_letters_retention}
        span = keep.get(Log(log), settings.events_retention)
        await retention.retain(topic, span, self.clock.now(), consumed=log in KEYED)


class WebOnly:
    """Ingest, views and board without decisions, beside an embedded `up`, running or down: `sla-monitor web`."""

    def __init__(self, settings: Settings, rules: Rules, keys: KeyRing) -> None:
        self.clock = domain_clock(settings)
        self.embedded = Embedded.open(settings)
        self.rules = rules
        self.metrics = Metrics(__version__, rules, keys.names)
        self.server = make_server(
            settings, self.embedded, self.clock, keys, lambda: self.rules, self.metrics, self._unready
        )

    async def start(self) -> None:
        await self.server.start()

    async def wait(self) -> None:
        """Follow the policy in force until cancelled."""
        await follow_rules(self.embedded, lambda: self.rules, self._adopt)

    async def stop(self) -> None:
        await self.server.stop()
        self.embedded.close()

    def _unready(self) -> list[str]:
        return unwritable(self.embedded)

    def _adopt(self, rules: Rules) -> None:
        self.rules = rules
        self.metrics.know(rules)


def unwritable(embedded: Embedded) -> list[str]:
    """Why events are better sent elsewhere for a while."""
    return ["events cannot be stored"] if embedded.inbox.failing() else []


def make_server(
    settings: Settings,
    embedded: Embedded,
    clock: Clock,
    keys: KeyRing,
    rules: Callable[[], Rules],
    metrics: Metrics,
    unready: Callable[[], list[str]],
) -> Server:
    """The web layer on the embedded log, within the limits of the settings."""
    limits = Limits(
        event=settings.event_bytes,
        batch=settings.batch_bytes,
        batch_events=settings.batch_events,
        depth=settings.json_depth,
        head_seconds=settings.header_deadline / 1000,
        body_seconds=settings.body_deadline / 1000,
        shutdown_seconds=settings.stop_deadline / 2000,
    )
    context = Web(
        inbox=embedded.inbox,
        reader=embedded.reader,
        clock=clock,
        rules=rules,
        unready=unready,
        metrics=metrics,
        keys=keys,
        prefix=settings.topic_prefix,
        limits=limits,
    )
    return Server(context, settings.listen.host, settings.listen.port)

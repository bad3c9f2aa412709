"""A data directory with something in it, and the commands run on it."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Callable, Iterable, Mapping
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from sla_monitor import codec
from sla_monitor.core.effects import Log
from sla_monitor.core.events import RulesChanged
from sla_monitor.core.rules import Rules
from sla_monitor.logs import KEYED, Embedded
from sla_monitor.records import Partition, Record, Stored
from sla_monitor.settings import Settings
from sla_monitor.stream.embedded import EmbeddedLog, Retention
from sla_monitor.stream.step import Step
from tests.embedded import records
from tests.world import T0, World

Run = Callable[..., "Answer"]


@dataclass(frozen=True)
class Answer:
    """What a command said, and its exit code."""

    code: int
    out: str
    err: str

    @property
    def json(self) -> Any:
        return json.loads(self.out)


class Shelf:
    """No worker has it: what it holds was written as a worker would have."""

    def __init__(self, directory: Path) -> None:
        self.settings = Settings(data_dir=directory)
        self.write(Log.EVENTS)

    def write(self, log: Log, rows: Mapping[bytes, bytes | None] | None = None, sent: Iterable[Record] = ()) -> None:
        """Commit one step of a log's owner, who has then read the whole log."""

        async def commit() -> None:
            with closing(Embedded.open(self.settings)) as embedded:
                topic = embedded.topic(log)
                owned = await EmbeddedLog(embedded.file, embedded.topics).open(Partition(topic, 0))
                await owned.commit(Step((await embedded.reader.bounds(topic))[1][0], dict(rows or {}), list(sent)))

        asyncio.run(commit())

    def read(self, log: Log) -> list[Stored]:
        with closing(Embedded.open(self.settings)) as embedded:
            return records(embedded.file, embedded.topic(log))

    def trim(self, log: Log, before: int) -> None:
        """Keep what was written at an instant or later, ms."""

        async def retain() -> None:
            with closing(Embedded.open(self.settings)) as embedded:
                await Retention(embedded.file).retain(embedded.topic(log), 0, before, consumed=False)

        asyncio.run(retain())

    def remember(self, world: World, lead_id: str) -> None:
        """The row of a lead, and all that was decided about it."""
        outcomes = [
            Record("sla.outcomes", lead_id.encode(), codec.encode_outcome(outcome), outcome.at)
            for outcome in world.outcomes
        ]
        row = world.logs[Log.EVENTS].rows.get(lead_id)
        self.write(Log.EVENTS, {lead_id.encode(): row} if row else {}, outcomes)

    def enforce(self, rules: Rules) -> None:
        """What workers do when they read of another policy."""
        row = codec.encode_rules_row(RulesChanged(version=rules.version, rules=rules, at=T0))
        for log in KEYED:
            self.write(log, {codec.RULES_KEY: row})

    def bury(self, reason: str, fact: Any = None, **where: Any) -> None:
        """Put a fact, or other bytes, among the dead letters."""
        self.write(Log.EVENTS, sent=[letter(reason, fact, **where)])


def letter(
    reason: str, fact: Any = None, *, key: bytes | None = b"L-1", value: bytes | None = None, topic: str = "sla.events"
) -> Record:
    value = codec.encode_record(fact) if fact else value
    dead = codec.DeadLetter(reason=reason, topic=topic, offset=None, received=T0, key=key, value=value)
    return Record("sla.dead-letters", key or b"", codec.encode_dead_letter(dead), T0)

"""A world written to a real log as its workers would have, with a fault planted here and there; and its audit."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterable
from contextlib import closing
from pathlib import Path
from typing import Any

from sla_monitor import codec
from sla_monitor.audit import Auditor, Finding, Report
from sla_monitor.clock import ManualClock
from sla_monitor.core.effects import Log, Publish
from sla_monitor.core.events import RulesChanged
from sla_monitor.core.lead import Lead
from sla_monitor.core.rules import DAY, Rules
from sla_monitor.logs import Embedded
from sla_monitor.records import Record
from sla_monitor.stream.embedded.retention import Retention
from tests.commands.shelf import Shelf
from tests.rows import change_row
from tests.world import T0, World

LEADS = codec.RowCodec((Lead,))


class Recorded(World):
    """A world that remembers what was appended to the log of leads, and since when its policy has been in force."""

    def __init__(self, *args: Any, **options: Any) -> None:
        self.appended: list[Record] = []
        self.ruled_at = T0 - DAY
        super().__init__(*args, **options)

    def change_rules(self, rules: Rules) -> None:
        if rules is not self.rules:
            self.ruled_at = self.now
        super().change_rules(rules)

    def _append(self, log: Log, key: str, fact: Any) -> None:
        super()._append(log, key, fact)
        if log is Log.EVENTS and key[:1] != "\0":
            self.appended.append(event(key, fact, self.now))


def event(key: str, fact: Any, now: int) -> Record:
    return Record("sla.events", key.encode(), codec.encode_record(fact), now)


def published(outcome: Publish) -> Record:
    return Record("sla.outcomes", outcome.lead_id.encode(), codec.encode_outcome(outcome), outcome.at)


class Archive:
    """The log in a directory. keep: what becomes of what is published; by default all of it lies there, once."""

    def __init__(self, directory: Path) -> None:
        self.shelf = Shelf(directory)
        self.keep: Callable[[Publish], int] = lambda _: 1
        self._events = self._outcomes = 0
        self._rows: dict[bytes, bytes | None] = {}

    def save(self, world: Any) -> Archive:
        """What has happened since the last time."""
        self.shelf.write(Log.EVENTS, sent=world.appended[self._events :])
        outcomes = [published(o) for o in world.outcomes[self._outcomes :] for _ in range(self.keep(o))]
        self._events, self._outcomes = len(world.appended), len(world.outcomes)
        rows: dict[bytes, bytes | None] = dict.fromkeys(self._rows)
        rows |= {key.encode(): value for key, value in world.logs[Log.EVENTS].rows.items() if key[:1] != "\0"}
        fact = RulesChanged(version=world.rules.version, rules=world.rules, at=world.ruled_at)
        rows[codec.RULES_KEY] = codec.encode_rules_row(fact)
        changed = {key: value for key, value in rows.items() if self._rows.get(key, b"") != value}
        self._rows = rows
        self.shelf.write(Log.EVENTS, changed, outcomes)
        return self

    def accept(self, key: str, fact: Any, at: int) -> None:
        """Append to the log of leads, and let nobody apply it."""

        async def append() -> None:
            with closing(Embedded.open(self.shelf.settings)) as logs:
                await logs.inbox.append([event(key, fact, at)])

        asyncio.run(append())

    def change(self, lead_id: str, **fields: Any) -> None:
        """Let a row tell something else."""
        key = lead_id.encode()
        lead = LEADS.decode(self._rows[key] or b"")
        change_row(lead, **fields)
        self._rows[key] = LEADS.encode(lead)
        self.shelf.write(Log.EVENTS, {key: self._rows[key]})

    def lose(self, lead_id: str) -> None:
        """Let a row be gone."""
        self.shelf.write(Log.EVENTS, {lead_id.encode(): None})

    def expire(self, log: Log, before: int) -> None:
        """Delete the records of a log that are older than an instant."""

        async def delete() -> None:
            with closing(Embedded.open(self.shelf.settings)) as logs:
                await Retention(logs.file).retain(logs.topic(log), 0, before, consumed=False)

        asyncio.run(delete())

    def audit(self, now: int, **options: Any) -> Report:
        return self.audits([now], **options)[0]

    def audits(
        self, instants: Iterable[int], between: Callable[[int], object] | None = None, **options: Any
    ) -> list[Report]:
        """By one auditor that goes on. between: called before each audit, with its instant."""

        async def audit() -> list[Report]:
            with closing(Embedded.existing(self.shelf.settings)) as logs:
                clock = ManualClock()
                auditor = Auditor(logs, clock, **({"pause": 0} | options))
                reports = []
                for now in instants:
                    clock.at = now
                    if between:
                        await asyncio.to_thread(between, now)
                    reports.append(await auditor.run())
                return reports

        return asyncio.run(audit())


def told(report: Report) -> list[tuple[str, str]]:
    """(kind, lead) of each finding."""
    return [(finding.kind.value, finding.lead_id) for finding in report.findings]


def only(report: Report) -> Finding:
    (finding,) = report.findings
    return finding

"""Open leads by the hundred thousand, as rows straight into the file.

`python -m tests.benchmarks.leads DIR N [SPREAD]`

The reducers make the four rows of one lead (its own, its number's, the desk's, its notice's) from one `lead.created`
with a phone and an owner. Those rows are then written N times with other ids, numbers and instants, each encoded by
the codec. The turn's warnings are behind it; its due lies somewhere in the `SPREAD` seconds (an hour) after `START`.
"""

from __future__ import annotations

import asyncio
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from sla_monitor import codec
from sla_monitor.bootstrap import ROLES
from sla_monitor.core import deliver, match, track
from sla_monitor.core.effects import Hold, Log, Notify, OpenNumber, Told
from sla_monitor.core.events import LeadCreated, Origin
from sla_monitor.core.roster import Held, Standing
from sla_monitor.core.rules import MINUTE, SECOND
from sla_monitor.in_force import apply_rules
from sla_monitor.logs import Embedded
from sla_monitor.records import Partition
from sla_monitor.stream.embedded import EmbeddedLog
from sla_monitor.stream.step import Step
from tests.benchmarks.running import settings
from tests.benchmarks.workload import MANAGERS, PREFIX, roster

START = 1_790_000_000_000
"""The instant at which the rows are opened, ms."""

AGE = 9 * MINUTE
"""How long before it the leads were created."""
FIRST_DUE = 5
"""Seconds from START to the first due."""

WRITTEN = 5_000
"""Leads in one transaction."""

Rows = dict[Log, dict[bytes, bytes | None]]


class Template:
    """One lead's rows, as its reducers leave them; changed and encoded again for each lead. start: see START."""

    def __init__(self, start: int = START) -> None:
        rules, at = roster(), start - AGE
        origin = Origin(uri="/crm", id="00000000-0000-4000-8000-000000000000", source="crm", received=at)
        created = LeadCreated(
            lead_id="crm:0000000",
            at=at,
            origin=origin,
            owner_id=MANAGERS[0],
            phones=("+74950000000",),
            emails=("customer0000000@example.com",),
            name="Customer 0000000",
            channel="web",
        )
        self.lead, effects = track.decide(None, created, at, rules)
        said = {type(effect): effect for effect in effects}
        self.number, _ = match.decide(None, said[OpenNumber], at, rules)
        self.held = Held(MANAGERS[0], said[Hold].grace)
        self.notices = _told(said[Notify], at, rules)
        kinds = {role.log: role.reducer().kinds for role in ROLES}
        self._codecs = {log: codec.RowCodec(of) for log, of in kinds.items()}

    def rows(self, number: int, due_at: int) -> Iterator[tuple[Log, bytes, bytes]]:
        """(log, key, value) of the rows of one lead."""
        lead_id, phone, holder = f"crm:{number:07}", f"+7495{number:07}", MANAGERS[number % len(MANAGERS)]
        self._become(lead_id, number, phone, holder, due_at)
        for log, key, row in (
            (Log.EVENTS, lead_id, self.lead),
            (Log.PHONES, phone, self.number),
            (Log.DESK, "l:" + lead_id, self.held),
            (Log.NOTIFICATIONS, lead_id, self.notices),
        ):
            yield log, key.encode(), self._codecs[log].encode(row)

    def _become(self, lead_id: str, number: int, phone: str, holder: str, due_at: int) -> None:
        lead: Any = self.lead
        lead.lead_id, lead.phones, lead.holder = lead_id, (phone,), holder
        lead.name, lead.emails = f"Customer {number:07}", (f"customer{number:07}@example.com",)
        lead.seen = {number * 9_223_372_036_854 + 1: number * 4_294 + 1}  # as long as hashes are
        lead.due_at, lead.warn_next = due_at, 0
        lead.turns[0].holder, lead.turns[0].due, lead.turns[0].warned = holder, due_at, 2
        opening: Any = self.number.openings[0]  # type: ignore[union-attr]
        opening.lead_id = lead_id
        self.held.manager_id = holder
        self.notices.lead_id, self.notices.known = lead_id, [number * 9_223_372_036_854 + 2]


def _told(fact: Notify, at: int, rules: Any) -> deliver.Notices:
    """The row of notices once the only one has been sent."""
    row, _ = deliver.decide(None, fact, at, rules)
    told = Told(lead_id=fact.lead_id, manager_id=fact.manager_id, kind=fact.kind, turn=fact.turn, at=at)
    row, _ = deliver.decide(row, told, at, rules)
    assert isinstance(row, deliver.Notices)
    return row


def due(n: int, number: int, start: int, spread: int) -> int:
    """When the n-th of `number` leads is due; neighbours in the file are not neighbours in time."""
    return start + FIRST_DUE * SECOND + n * 7_919 % number * spread * SECOND // number


async def write(path: Path, number: int, spread: int = 3600) -> None:
    """`number` open leads in a new data directory; their dues lie evenly in `spread` seconds from FIRST_DUE on."""
    template, embedded = Template(), Embedded.open(settings(path))
    await apply_rules(embedded, roster(), START - AGE)
    opened = {log: await _owned(embedded, log) for log in (role.log for role in ROLES)}
    for first in range(0, number, WRITTEN):
        rows: Rows = {log: {} for log in opened}
        for n in range(first, min(first + WRITTEN, number)):
            for log, key, value in template.rows(n, due(n, number, START, spread)):
                rows[log][key] = value
        for log, owned in opened.items():
            await owned.commit(Step(owned.place, rows[log]))
            owned.rows.clear()
    await opened[Log.DESK].commit(Step(0, {**managers(START)}))
    embedded.close()


def managers(start: int) -> dict[bytes, bytes]:
    """Rows of the desk: everybody is there, as it would have found out."""
    encode = codec.RowCodec((Standing,)).encode
    return {b"m:" + name.encode(): encode(Standing(idle_since=start - AGE)) for name in MANAGERS}


async def _owned(embedded: Embedded, log: Log) -> Any:
    return await EmbeddedLog(embedded.file, embedded.topics).open(Partition(PREFIX + log, 0))


def prepare(path: Path, number: int, spread: int = 3600) -> None:
    """The same in a process of its own, so that its memory is not measured."""
    subprocess.run([sys.executable, "-m", "tests.benchmarks.leads", str(path), str(number), str(spread)], check=True)


if __name__ == "__main__":
    asyncio.run(write(Path(sys.argv[1]), *map(int, sys.argv[2:])))

"""What a process shows of its state at a scrape: derived then, from what is owned then."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass

from .clock import Clock
from .core import attempts, relay
from .core.calendar import calendar
from .core.effects import Log, Public
from .core.lead import OPEN_NUMBERS, STATUSES
from .core.rules import Rules
from .metrics import OwnedPartition, Snapshot
from .stream.app import Worker
from .stream.index import Gauges
from .stream.partition import Owner

ALWAYS = "always"
"""The calendar of policies without one."""


@dataclass(frozen=True, slots=True)
class Scraped:
    """topics: how many partitions each log has that somebody must own. unready: why not to rely on this process."""

    worker: Worker
    topics: Mapping[str, int]
    rules: Callable[[], Rules]
    clock: Clock
    unready: Callable[[], list[str]]

    def snapshot(self) -> Snapshot:
        owners = self.worker.owners.values()
        desk = next((owner for owner in owners if owner.role.log is Log.DESK), None)
        return Snapshot(
            ready=not self.unready(),
            partitions=tuple(map(self._shown, owners)),
            managers=dict(getattr(desk and desk.reducer, "loads", {})),
            topics=self.topics,
            calendars=dict(self._calendars()),
        )

    def _calendars(self) -> Iterator[tuple[str, bool]]:
        """Those that a promise goes by, and whether each is open now."""
        rules, now = self.rules(), self.clock.now()
        for name in {policy.calendar for policy in rules.policies}:
            yield name or ALWAYS, name is None or calendar(rules.calendars[name]).is_open(now)

    def _shown(self, owner: Owner) -> OwnedPartition:
        status, gauges, log = owner.status(), owner.gauges(), owner.role.log
        ledger = owner.ledger() if log is Log.EVENTS else None
        return OwnedPartition(
            topic=log,
            number=owner.partition.number,
            state=status.state,
            waiting=status.waiting,
            lag=max(status.end - status.passed, 0),
            version=status.version,
            committed_at=self._real(status.committed_at),
            next_due=self._real(gauges.next_due) if gauges else None,
            oldest_record=self._real(status.oldest),
            open_leads=_open(gauges) if gauges and log is Log.EVENTS else None,
            pending=_count(gauges, log, attempts.PENDING) if gauges and log is Log.NOTIFICATIONS else None,
            posts=_count(gauges, log, relay.RELAYING),
            gone=_count(gauges, log, relay.DISABLED),
            oldest=self._real(gauges.oldest) if gauges else None,
            ledger=ledger.counts if ledger else {},
        )

    def _real(self, at: int | None) -> float | None:
        return None if at is None else self.clock.real(at)


def _count(gauges: Gauges | None, log: Log | Public, status: int) -> int:
    """Rows of a status of the notifications."""
    return gauges.states.get(status, 0) if gauges and log is Log.NOTIFICATIONS else 0


def _open(gauges: Gauges) -> dict[str, int]:
    return {STATUSES[number]: gauges.states.get(number, 0) for number in sorted(OPEN_NUMBERS)}

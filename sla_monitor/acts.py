"""What follows a commit: counting, and sending notices."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable

from .core.effects import Log, Public, Send
from .core.lead import OPEN, STATUSES
from .core.rules import Rules
from .metrics import Metrics, OwnedPartition, Snapshot
from .notify.sender import Sender
from .stream.app import Worker
from .stream.observer import Committed, Feed
from .stream.partition import Owner

logger = logging.getLogger(__name__)


class Acts:
    """The stream's observer. rules: those in force, for the texts of notices."""

    def __init__(self, metrics: Metrics, sender: Sender, rules: Callable[[], Rules]) -> None:
        self._metrics, self._sender, self._rules = metrics, sender, rules
        self._sending: set[asyncio.Task[None]] = set()

    def committed(self, done: Committed) -> None:
        self._metrics.step(done.log, done.acts, done.ages, done.late, done.stuck)
        self._metrics.committed(done.seconds, len(done.ages) + len(done.late))

    def send(self, effect: Send, feed: Feed) -> None:
        """Begin to send; the result goes back into the partition."""
        task = asyncio.create_task(self._send(effect, feed))
        self._sending.add(task)
        task.add_done_callback(self._sending.discard)

    async def _send(self, effect: Send, feed: Feed) -> None:
        feed(await self._sender.send(effect, self._rules()), effect.lead_id)

    def failed(self, log: Log | Public, partition: int, reason: str) -> None:
        logger.debug("%s/%d: %s", log, partition, reason)
        self._metrics.unavailable(log, reason)

    async def close(self) -> None:
        """Abandon what is being sent; its timers try again after the next start."""
        await self._sender.close()
        for task in self._sending:
            task.cancel()


def snapshot(worker: Worker, ready: bool) -> Snapshot:
    """What the owned partitions show at a scrape."""
    owners = worker.owners.values()
    desk = next((owner for owner in owners if owner.role.log is Log.DESK), None)
    return Snapshot(ready, tuple(map(_shown, owners)), dict(getattr(desk and desk.reducer, "loads", {})))


def _shown(owner: Owner) -> OwnedPartition:
    status, gauges = owner.status(), owner.gauges()
    leads = owner.role.log is Log.EVENTS and gauges is not None
    return OwnedPartition(
        topic=owner.role.log,
        number=owner.partition.number,
        state=status.state,
        waiting=status.waiting,
        version=status.version,
        committed_at=status.committed_at,
        next_due=gauges.next_due if gauges else None,
        open_leads={status: gauges.states.get(n, 0) for n, status in enumerate(STATUSES) if status in OPEN}
        if leads and gauges
        else None,
        oldest=gauges.oldest if leads and gauges else None,
    )

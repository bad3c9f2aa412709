"""What follows a commit: counting, sending notices, posting outcomes."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable

from .clock import Clock
from .core.effects import Beat, Log, Post, Public, Send
from .core.rules import Rules
from .metrics import Metrics
from .notify.sender import Sender
from .notify.webhook_channel import Webhooks
from .stream.observer import Committed, Feed

logger = logging.getLogger(__name__)


class Acts:
    """The stream's observer. rules: those in force, for the texts of notices and the addresses of webhooks."""

    def __init__(
        self, metrics: Metrics, sender: Sender, webhooks: Webhooks, rules: Callable[[], Rules], clock: Clock
    ) -> None:
        self._metrics, self._sender, self._webhooks = metrics, sender, webhooks
        self._rules, self._clock = rules, clock
        self._sending: set[asyncio.Task[None]] = set()

    def committed(self, done: Committed) -> None:
        self._metrics.step(done.log, done.acts, done.ages, done.late, done.stuck)
        self._metrics.committed(done.seconds, len(done.ages) + len(done.late))
        for act in done.acts:
            if isinstance(act, Beat):
                self._metrics.beat(act, self._clock)

    def opened(self, log: Log | Public, partition: int, seconds: float) -> None:
        logger.debug("%s/%d: opened in %.1f s", log, partition, seconds)
        self._metrics.opened(log, seconds)

    def assigned(self) -> None:
        self._metrics.assigned()

    def send(self, effect: Send | Post, feed: Feed) -> None:
        """Begin to send; the result goes back into the partition."""
        task = asyncio.create_task(self._send(effect, feed))
        self._sending.add(task)
        task.add_done_callback(self._sending.discard)

    async def _send(self, effect: Send | Post, feed: Feed) -> None:
        if isinstance(effect, Post):
            feed(await self._webhooks.post(effect, self._rules()), effect.lead_id)
        else:
            feed(await self._sender.send(effect, self._rules()), effect.key)

    def failed(self, log: Log | Public, partition: int, reason: str) -> None:
        logger.debug("%s/%d: %s", log, partition, reason)
        self._metrics.unavailable(log, reason)

    async def close(self) -> None:
        """Abandon what is being sent; its timers try again after the next start."""
        await self._sender.close()
        await self._webhooks.close()
        for task in self._sending:
            task.cancel()

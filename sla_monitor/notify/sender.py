"""Makes one attempt to send a notice, and always says how it ended."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping

from sla_monitor.clock import Clock, monotonic
from sla_monitor.core.effects import Send
from sla_monitor.core.events import Sent
from sla_monitor.core.rules import Rules

from .address import place, scheme
from .channels import OTHERS, Channel
from .failure import Failed
from .render import Link, no_link, render

Observe = Callable[[str, str, float], None]
"""`observe(scheme, result, seconds)` after each attempt; result: sent or failed."""


class Sender:
    """Sends within half of a notice's limit; the other half is the margin before the queue tries again.

    link: where a manager can take the lead of a notice.
    The limit is the domain's time, like the timer that waits for it, so it shrinks when the clock runs faster.
    """

    def __init__(self, channels: Mapping[str, Channel], clock: Clock, observe: Observe, link: Link = no_link) -> None:
        self._channels, self._link = channels, link
        self._clock = clock
        self._observe = observe
        self._gates: dict[str, asyncio.Semaphore] = {}
        self._running: set[asyncio.Task[None]] = set()

    async def send(self, effect: Send, rules: Rules) -> Sent:
        """Try once. Never raises: whatever goes wrong is the result's error, without secrets."""
        began = monotonic()
        failure = await self._outcome(effect, rules)
        self._observe(scheme(effect.channel), "failed" if failure else "sent", monotonic() - began)
        return Sent(
            lead_id=effect.lead_id,
            notice_id=effect.notice_id,
            attempt=effect.attempt,
            at=self._clock.now(),
            error=str(failure) if failure else None,
            permanent=failure is not None and failure.permanent,
            retry_after=failure.retry_after if failure else None,
        )

    async def close(self) -> None:
        """Abandon what is out; its notices are tried again after the next start."""
        for task in self._running:
            task.cancel()
        await asyncio.gather(*self._running, return_exceptions=True)
        for channel in self._channels.values():
            channel.close()

    async def _outcome(self, effect: Send, rules: Rules) -> Failed | None:
        try:
            async with asyncio.timeout(effect.limit / 2 / 1000 / self._clock.speed):
                await self._attempt(effect, rules)
        except Failed as failure:
            return failure
        except TimeoutError:
            return Failed("no answer in time")
        except Exception as error:  # noqa: BLE001  a channel may fail in any way; its words may hold secrets
            return Failed(type(error).__name__)
        return None

    async def _attempt(self, effect: Send, rules: Rules) -> None:
        """Wait for a turn at the place, then for the channel, which keeps the turn until it ends, even abandoned."""
        channel = self._channels.get(scheme(effect.channel)) or self._channels[OTHERS]
        message = render(effect, rules, personal=channel.personal, link=self._link)
        gate = self._gates.setdefault(place(effect.channel), asyncio.Semaphore(channel.at_once))
        await gate.acquire()
        task = asyncio.create_task(channel.send(effect, message))
        self._running.add(task)
        task.add_done_callback(lambda task: self._ended(task, gate))
        await asyncio.wait({task})
        if task.cancelled():
            raise Failed("stopped before an answer")
        task.result()

    def _ended(self, task: asyncio.Task[None], gate: asyncio.Semaphore) -> None:
        gate.release()
        self._running.discard(task)
        if not task.cancelled():
            task.exception()  # read, or asyncio complains of an abandoned attempt that failed later

"""Makes one attempt to send a notice, and always says how it ended."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping

from sla_monitor.clock import Clock, monotonic
from sla_monitor.core.effects import Send
from sla_monitor.core.events import Sent
from sla_monitor.core.mailbox import parts
from sla_monitor.core.rules import Rules

from .address import place, scheme
from .channels import OTHERS, Channel
from .failure import Failed
from .render import Link, Message, no_link, render

Observe = Callable[[str, str, float], None]
"""`observe(scheme, result, seconds)` after each attempt; result: sent or failed."""


REMEMBERED = 1000
"""Attempts that are known, those that ended too late included."""


class Sender:
    """Sends within half of a notice's limit, once it has its turn at the place; the rest of it is for waiting for that,
    and the margin before the queue tries again.

    link: where a manager can take the lead of a notice.
    The limit is the domain's time, like the timer that waits for it, so it shrinks when the clock runs faster.
    """

    def __init__(self, channels: Mapping[str, Channel], clock: Clock, observe: Observe, link: Link = no_link) -> None:
        self._channels, self._link = channels, link
        self._clock = clock
        self._observe = observe
        self._gates: dict[str, asyncio.Semaphore] = {}
        self._running: dict[tuple[str, str], asyncio.Task[None]] = {}

    async def send(self, effect: Send, rules: Rules) -> Sent:
        """Try once. Never raises: whatever goes wrong is the result's error, without secrets."""
        began = monotonic()
        failure = await self._outcome(effect, rules)
        if failure is None or failure.asked:
            took = monotonic() - began
            for _ in parts(effect):
                self._observe(scheme(effect.channel), "failed" if failure else "sent", took)
        return Sent(
            lead_id=effect.lead_id,
            notice_id=effect.notice_id,
            attempt=effect.attempt,
            at=self._clock.now(),
            channel=effect.channel,
            error=str(failure) if failure else None,
            permanent=failure is not None and failure.permanent,
            refused=failure is not None and failure.refused,
            asked=failure is None or failure.asked,
            unsure=failure is not None and failure.unsure,
            retry_after=failure.retry_after if failure else None,
        )

    async def close(self) -> None:
        """Abandon what is out; its notices are tried again after the next start."""
        running = [*self._running.values()]
        for task in running:
            task.cancel()
        await asyncio.gather(*running, return_exceptions=True)
        for channel in self._channels.values():
            channel.close()

    async def _outcome(self, effect: Send, rules: Rules) -> Failed | None:
        limit = effect.limit / 1000 / self._clock.speed
        try:
            task = self._under_way(effect) or await self._begin(effect, rules, limit / 4)
            done, _ = await asyncio.wait({task}, timeout=limit / 2)
        except Failed as failure:
            return failure
        except Exception as error:  # noqa: BLE001  whatever a message cannot be made of; its words may hold secrets
            return Failed(type(error).__name__)
        return await self._end(effect, task) if done else Failed("no answer in time", unsure=True)

    def _under_way(self, effect: Send) -> asyncio.Task[None] | None:
        """An attempt that was given up as too slow, and arrives all the same: another would tell the same twice."""
        task = self._running.get(_message(effect))
        failed = task is not None and task.done() and (task.cancelled() or task.exception() is not None)
        return None if failed else task

    async def _begin(self, effect: Send, rules: Rules, limit: float) -> asyncio.Task[None]:
        """Wait for a turn at the place, then for the channel, which keeps the turn until it ends, even abandoned."""
        channel = self._channels.get(scheme(effect.channel)) or self._channels[OTHERS]
        longest = channel.longest(effect.channel)
        told = [
            (part, render(part, rules, personal=channel.personal, link=self._link, longest=longest))
            for part in parts(effect)
        ]
        gate = self._gates.setdefault(place(effect.channel), asyncio.Semaphore(channel.at_once))
        try:
            async with asyncio.timeout(limit):
                await gate.acquire()
        except TimeoutError:
            raise Failed("others to this place took all the time", asked=False) from None
        task = asyncio.create_task(_hand_over(channel, told))
        self._remember(effect, task)
        task.add_done_callback(lambda task: _ended(task, gate))
        return task

    def _remember(self, effect: Send, task: asyncio.Task[None]) -> None:
        """Of those that nobody asks for again the oldest that have ended go."""
        self._running[_message(effect)] = task
        if len(self._running) > REMEMBERED:
            ended = next((message for message, known in self._running.items() if known.done()), None)
            if ended is not None:
                del self._running[ended]

    async def _end(self, effect: Send, task: asyncio.Task[None]) -> Failed | None:
        """How it went."""
        self._running.pop(_message(effect), None)
        if task.cancelled():
            return Failed("stopped before an answer", unsure=True)
        error = task.exception()
        if error is None or isinstance(error, Failed):
            return error
        return Failed(type(error).__name__)


def _message(effect: Send) -> tuple[str, str]:
    return effect.channel, effect.notice_id


def _ended(task: asyncio.Task[None], gate: asyncio.Semaphore) -> None:
    gate.release()
    if not task.cancelled():
        task.exception()  # read, or asyncio complains of an abandoned attempt that failed later


async def _hand_over(channel: Channel, told: list[tuple[Send, Message]]) -> None:
    await asyncio.gather(*(channel.send(notice, message) for notice, message in told))

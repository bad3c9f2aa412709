"""A channel that tests listen to."""

from __future__ import annotations

import asyncio

from sla_monitor.core.effects import Send
from sla_monitor.notify.render import Message


class Mouth:
    """failures: what the next tries end with. said: (address, message) of those that did not fail."""

    personal, at_once = False, 1

    def __init__(self, *failures: Exception) -> None:
        self.failures = list(failures)
        self.said: asyncio.Queue[tuple[str, Message]] = asyncio.Queue()
        self.ids: list[str] = []

    async def send(self, notice: Send, message: Message) -> None:
        self.ids.append(notice.notice_id)
        if self.failures:
            raise self.failures.pop(0)
        self.said.put_nowait((notice.channel, message))

    def close(self) -> None:
        """Nothing is open."""

    async def title(self) -> str:
        """Of what is said next."""
        return (await asyncio.wait_for(self.said.get(), 10))[1].title

"""The outside world: everything goes in and comes out through the HTTP of the product, as with a real integration."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator, Iterator
from itertools import count
from typing import Any

from aiohttp import ClientSession, ClientTimeout

from sla_monitor.clock import Clock
from sla_monitor.codec import rfc3339
from sla_monitor.core.rules import MINUTE

CRM, PBX = "/crm/demo", "/pbx/demo"

Outcome = dict[str, Any]


class Feed:
    """A client of the monitor at `url`. The morning begins when this is made; its minutes are those of `clock`."""

    def __init__(self, session: ClientSession, url: str, clock: Clock) -> None:
        self._session, self._url, self.clock = session, url, clock
        self._ids: Iterator[int] = count(1)
        self._begun = clock.now()

    def next_id(self, what: str) -> str:
        return f"{what}-{next(self._ids)}"

    async def until(self, minute: float) -> None:
        """Return at a minute of the morning."""
        await self.pause(minute - (self.clock.now() - self._begun) / MINUTE)

    async def pause(self, minutes: float) -> None:
        await asyncio.sleep(minutes * MINUTE / 1000 / self.clock.speed)

    async def send(self, source: str, kind: str, /, *, at: int | None = None, **data: Any) -> None:
        """Send one event that happened at `at`, now by default. Raises ClientResponseError if it is not taken."""
        event = {
            "specversion": "1.0",
            "id": self.next_id("evt"),
            "source": source,
            "type": f"{kind}.v1",
            "time": rfc3339(self.clock.now() if at is None else at),
            "data": {name: value for name, value in data.items() if value is not None},
        }
        headers = {"Content-Type": "application/cloudevents+json"}
        async with self._session.post(f"{self._url}/v1/events", data=json.dumps(event), headers=headers) as answer:
            answer.raise_for_status()

    async def outcomes(self) -> AsyncIterator[Outcome]:
        """Every outcome from the first on, once each, as they are published."""
        url, cursor = f"{self._url}/v1/outcomes?from=start", dict[str, str]()
        while True:
            async with self._session.get(url, timeout=ClientTimeout(total=None), headers=cursor) as stream:
                stream.raise_for_status()
                async for line in stream.content:
                    if line.startswith(b"id:"):
                        cursor = {"Last-Event-ID": line[3:].strip().decode()}
                    elif line.startswith(b"data:"):
                        yield json.loads(line[5:])

    async def board(self) -> dict[str, Any]:
        """The open leads, as the board in the browser gets them."""
        async with self._session.get(f"{self._url}/v1/board") as answer:
            answer.raise_for_status()
            return dict(await answer.json())


def phone(customer: int) -> str:
    """A number of the range that is kept free for films and books."""
    return f"+44 20 7946 {customer % 1000:04d}"

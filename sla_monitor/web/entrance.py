"""Where events come in over HTTP, whoever makes them: by the policy in force to the log that owns them."""

from __future__ import annotations

from collections.abc import Collection, Iterator
from typing import Any

from sla_monitor import codec, wire
from sla_monitor.codec import rfc3339
from sla_monitor.keys import Key
from sla_monitor.records import Record

from .context import Web

INTAKE = "intake"
"""The `topic` of what is counted here."""


class Entrance:
    def __init__(self, context: Web) -> None:
        self._web = context
        self._routing = wire.Routing(context.rules)

    async def store(self, events: Collection[wire.Event], received: int, key: Key | None) -> None:
        """Return when all events are durable. received: ms. key: of who sends them. Raises Unavailable."""
        records = list(self._records(events, received, key))
        if records:
            await self._web.inbox.append(records)
        self.count("accepted", len(events))

    async def make(
        self, kind: str, source: str, event_id: str, data: dict[str, Any], *, actor: str = "", key: Key | None = None
    ) -> None:
        """Store an event of ours that happens now. Raises Unavailable."""
        now = self._web.clock.now()
        named = {"specversion": "1.0", "id": event_id, "source": source, "type": kind, "time": rfc3339(now)}
        await self.store([wire.read(named | {"actor": actor or None, "data": data}, now)], now, key)

    def count(self, result: str, number: int) -> None:
        if number:
            self._web.metrics.event(INTAKE, result, number)

    def _records(self, events: Collection[wire.Event], received: int, key: Key | None) -> Iterator[Record]:
        for event in events:
            source = key.name if key else self._web.access.keys.source_of(event.source)
            accept, counts = self._routing.enter(event, received, source)
            for result in counts:
                self.count(result, 1)
            if accept is not None:
                yield Record(self._web.topic(accept.log), accept.key.encode(), codec.encode_record(accept), received)

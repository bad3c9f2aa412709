"""Where events come in over HTTP, whoever makes them: by the policy in force to the log that owns them."""

from __future__ import annotations

from collections.abc import Collection, Iterator
from contextlib import suppress
from dataclasses import replace
from typing import Any, NamedTuple

from sla_monitor import codec, wire
from sla_monitor.codec import rfc3339
from sla_monitor.core.effects import Accept, Log
from sla_monitor.core.events import Heartbeat, Noticed
from sla_monitor.core.rules import MINUTE
from sla_monitor.errors import TryAgain
from sla_monitor.keys import Key
from sla_monitor.noted import read_noted
from sla_monitor.records import Record

from .context import Web

INTAKE = "intake"
"""The `topic` of what is counted here."""


CONTACT = "contact.recorded.v1"
RECALL = MINUTE
"""How often it is looked whose people are known."""


class Person(NamedTuple):
    """Who does something at a door of ours.

    may: see `Origin`. actor: the name of their key; empty for a link or a button, which belong to the manager.
    """

    manager_id: str
    may: tuple[str, ...]
    actor: str = ""


class Entrance:
    def __init__(self, context: Web) -> None:
        self._web = context
        self._routing = wire.Routing(context.rules)
        self._recalled = -RECALL

    async def store(self, events: Collection[wire.Event], received: int, key: Key | None) -> None:
        """Return when all events are durable. received: ms. key: of who sends them. Raises Unavailable."""
        if any(event.type == CONTACT for event in events):
            await self._recall(received)
        records = list(self._records(events, received, key))
        if records:
            await self._append(records)
        self.count("accepted", len(events))

    async def make(
        self, kind: str, source: str, event_id: str, data: dict[str, Any], by: Person, key: Key | None = None
    ) -> None:
        """Store an event of ours that happens now. by: who makes it happen. Raises Unavailable."""
        now = self._web.clock.now()
        named = {"specversion": "1.0", "id": event_id, "source": source, "type": kind, "time": rfc3339(now)}
        records = self._records([wire.read(named | {"data": data}, now)], now, key, by)
        await self._append(list(records))
        self.count("accepted", 1)

    async def _append(self, records: list[Record]) -> None:
        try:
            await self._web.inbox.append(records)
        except BaseException:
            self._routing.unsent()
            raise

    def count(self, result: str, number: int) -> None:
        if number:
            self._web.metrics.event(INTAKE, result, number)

    def _records(
        self, events: Collection[wire.Event], received: int, key: Key | None, by: Person | None = None
    ) -> Iterator[Record]:
        for event in events:
            source = key.name if key else self._web.access.keys.source_of(event.source)
            accept, counts, also = self._routing.enter(event, received, source)
            for result in counts:
                self.count(result, 1)
            if accept is not None and by is not None:
                accept = _made(accept, by)
            for accepted in filter(None, (accept, *also)):
                topic = self._web.topic(accepted.log)
                yield Record(topic, accepted.key.encode(), codec.encode_record(accepted), received)

    async def _recall(self, now: int) -> None:
        """Whose people are known by now, whichever process heard of them (R1)."""
        if now < self._recalled + RECALL:
            return
        self._recalled = now
        with suppress(TryAgain, codec.Undecodable):
            noted = await read_noted(self._web.reader, self._web.topic(Log.DESK))
            self._routing.learn(noted.known)


def _made(accept: Accept, by: Person) -> Accept:
    """What somebody whom we know has done, with what they may."""
    fact = accept.fact
    assert not isinstance(fact, (Heartbeat, Noticed))
    origin = replace(fact.origin, actor=by.actor, may=by.may, person=by.manager_id)
    return replace(accept, fact=replace(fact, origin=origin))

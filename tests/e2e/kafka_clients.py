"""A foreign producer and readers of a fault run, which live through whatever happens to the brokers."""

from __future__ import annotations

import asyncio
import json
import time
from collections import defaultdict
from collections.abc import Set as AbstractSet
from contextlib import suppress
from typing import Any, NamedTuple, Self

import aiokafka
from aiokafka.errors import KafkaError
from aiokafka.structs import TopicPartition

from sla_monitor.clock import WallClock
from tests.e2e.expectation import Outcome
from tests.e2e.plan import Planned

ACKNOWLEDGED = 5_000
"""ms after which a producer takes a record to be lost and sends it again."""
AGAIN = 0.2
"""Seconds before that."""
READ = 120.0
"""Seconds in which a whole topic is read."""


class Feeder:
    """Sends what happens when it happens, acks=all, and again with the same ids until it is acknowledged."""

    def __init__(self, servers: str, prefix: str, clock: WallClock) -> None:
        self.accepted: dict[str, int] = {}
        self.resent = 0
        self._prefix, self._clock = prefix, clock
        self._producer = aiokafka.AIOKafkaProducer(
            bootstrap_servers=servers, acks="all", request_timeout_ms=ACKNOWLEDGED, linger_ms=5
        )

    async def __aenter__(self) -> Self:
        await self._producer.start()
        return self

    async def __aexit__(self, *_: object) -> None:
        await self._producer.stop()

    async def feed(self, plan: list[Planned], origin: int) -> None:
        """Until all of it is acknowledged."""
        sends = [send for lead in plan for send in lead.events(origin)]
        queue = sorted(sends, key=lambda send: (send[0], send[1]["id"]))
        while queue:
            now = self._clock.now()
            ready = [event for at, event in queue if at <= now]
            del queue[: len(ready)]
            await self.send(ready)
            await asyncio.sleep(0.02)

    async def send(self, events: list[dict[str, Any]]) -> None:
        while events:
            answers = await asyncio.gather(*map(self._send, events), return_exceptions=True)
            events = [event for event, answer in zip(events, answers, strict=True) if answer is not None]
            self.resent += len(events)
            if events:
                await asyncio.sleep(AGAIN)

    async def _send(self, event: dict[str, Any]) -> None:
        """A lead's events are in order, and so are a call's."""
        lead, data = event["type"].startswith("lead."), event["data"]
        key = data.get("call_id") or data["lead_id"]
        topic = self._prefix + ("leads" if lead else "calls")
        await self._producer.send_and_wait(topic, json.dumps(event).encode(), key.encode())
        self.accepted[event["id"]] = self._clock.now()


class Seen(NamedTuple):
    """An outcome as it came to a reader. at: seconds since the epoch. partition: of the outcomes' topic."""

    at: float
    partition: int
    outcome: Outcome


class Watcher:
    """Reads outcomes, committed ones alone, as they are published."""

    def __init__(self, servers: str, topic: str) -> None:
        self.seen: list[Seen] = []
        self._escalated: set[str] = set()
        self._news = asyncio.Event()
        self._consumer = aiokafka.AIOKafkaConsumer(
            topic, bootstrap_servers=servers, isolation_level="read_committed", auto_offset_reset="earliest"
        )

    async def run(self) -> None:
        async with self._consumer:
            while True:
                try:
                    found = await self._consumer.getmany(timeout_ms=200)
                except KafkaError:
                    await asyncio.sleep(AGAIN)
                    continue
                for record in (record for records in found.values() for record in records):
                    self._note(Seen(time.time(), record.partition, json.loads(record.value)))

    async def escalated(self, leads: AbstractSet[str], limit: float) -> bool:
        """Return when all of them have been; false after `limit` seconds."""
        with suppress(TimeoutError):
            async with asyncio.timeout(limit):
                while not leads <= self._escalated:
                    self._news.clear()
                    await self._news.wait()
        return leads <= self._escalated

    def _note(self, seen: Seen) -> None:
        self.seen.append(seen)
        if seen.outcome["type"] == "lead.escalated.v1":
            self._escalated.add(seen.outcome["subject"])
            self._news.set()


async def read_all(servers: str, topic: str) -> list[tuple[bytes, bytes | None]]:
    """(key, value) of the committed records of a topic, up to its end as it is now.

    Raises TimeoutError where an open transaction holds them back.
    """
    found: dict[TopicPartition, list[tuple[bytes, bytes | None]]] = defaultdict(list)
    async with (
        aiokafka.AIOKafkaConsumer(topic, bootstrap_servers=servers) as looking,
        aiokafka.AIOKafkaConsumer(
            topic, bootstrap_servers=servers, isolation_level="read_committed", auto_offset_reset="earliest"
        ) as consumer,
        asyncio.timeout(READ),
    ):
        ends = await looking.end_offsets(looking.assignment())
        while any([await consumer.position(at) < end for at, end in ends.items()]):
            for at, records in (await consumer.getmany(timeout_ms=200)).items():
                found[at] += [(record.key, record.value) for record in records]
    return [record for records in found.values() for record in records]

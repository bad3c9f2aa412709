"""A log on a real Kafka with its worker in this process: a reducer that obeys, a clock that tests move."""

from __future__ import annotations

import asyncio
import uuid
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from typing import Any

import aiokafka
from aiokafka.admin import AIOKafkaAdminClient, NewTopic
from aiokafka.structs import TopicPartition

from sla_monitor import codec
from sla_monitor.clock import ManualClock
from sla_monitor.core.effects import Log
from sla_monitor.core.events import ManagerStatus
from sla_monitor.core.fold import Keyed
from sla_monitor.records import Partition, Record, Stored
from sla_monitor.stream.app import Broker, Worker
from sla_monitor.stream.folding import Role
from sla_monitor.stream.kafka import transport
from sla_monitor.stream.kafka.access import Access
from sla_monitor.stream.kafka.fetch import Fetch
from sla_monitor.stream.kafka.group import Group
from sla_monitor.stream.kafka.inbox import KafkaInbox
from sla_monitor.stream.kafka.log import KafkaLog, KafkaOwned
from sla_monitor.stream.kafka.rows import ROWS
from sla_monitor.stream.partition import Owner
from sla_monitor.stream.status import State
from tests.stream.bench import T0, Listener, Told, obey

SIZES = {Log.EVENTS: 1, Log.DESK: 1, Log.OUTCOMES: 1, Log.DEAD_LETTERS: 1}
PATIENCE = 20.0
FAR = {"message.timestamp.after.max.ms": str(2**63 - 1)}
"""The clock of these tests is years ahead of the broker's."""


class Rig:
    """Topics of its own, removed in the end. access: may be led through something else by a test."""

    def __init__(self, servers: str) -> None:
        self.access = Access(servers=servers)
        self.prefix = f"p{uuid.uuid4().hex[:8]}."
        self.events = Partition(self.prefix + Log.EVENTS, 0)
        self.at = TopicPartition(*self.events)
        self.sizes = {self.prefix + log: count for log, count in SIZES.items()}
        self.group = Group(self.access, f"{self.prefix}workers")
        self.heard = Listener()
        self.workers: list[Worker] = []
        self._open: list[Any] = []

    @classmethod
    @asynccontextmanager
    async def made(cls, servers: str) -> AsyncIterator[Rig]:
        rig = cls(servers)
        topics = [*rig.sizes, *(name + ROWS for name in rig.sizes)]
        async with rig.admin() as admin:
            await admin.create_topics([NewTopic(name, 1, 1, topic_configs=FAR) for name in topics])
            while not set(topics) <= set(await admin.list_topics()):  # noqa: ASYNC110 - a broker tells nobody
                await asyncio.sleep(0.01)
        rig.inbox = KafkaInbox(rig.access, rig.sizes)
        try:
            yield rig
            await rig.until(lambda: all(state is not State.OPENING for state in rig.states()))
        finally:
            for worker in rig.workers:
                await worker.stop()
            for thing in (*reversed(rig._open), rig.group, rig.inbox):
                await (thing.close() if isinstance(thing, KafkaOwned) else thing.stop())
            async with rig.admin() as admin:
                await admin.delete_topics(topics)

    @asynccontextmanager
    async def admin(self) -> AsyncIterator[AIOKafkaAdminClient]:
        admin = AIOKafkaAdminClient(bootstrap_servers=self.access.servers)
        await admin.start()
        yield admin
        await admin.close()

    async def make_anew(self, topic: str) -> None:
        """Delete a topic, and make one of the same name."""
        async with self.admin() as admin:
            await admin.delete_topics([topic])
            while topic in await admin.list_topics():  # noqa: ASYNC110 - a broker tells nobody
                await asyncio.sleep(0.01)
            await admin.create_topics([NewTopic(topic, 1, 1, topic_configs=FAR)])
            while topic not in await admin.list_topics():  # noqa: ASYNC110 - likewise
                await asyncio.sleep(0.01)

    # without a worker

    def log(self, access: Access | None = None, **more: Any) -> KafkaLog:
        self._open.append(KafkaLog(access or self.access, self.sizes, **more))
        return self._open[-1]

    async def open(self, access: Access | None = None, **more: Any) -> KafkaOwned:
        """As another worker would."""
        self._open.append(await self.log(access, **more).open(self.events))
        return self._open[-1]

    def fetch(self) -> Fetch:
        self._open.append(Fetch(self.access))
        return self._open[-1]

    async def stranger(self) -> aiokafka.AIOKafkaProducer:
        """Somebody else's transactional producer."""
        producer = aiokafka.AIOKafkaProducer(
            bootstrap_servers=self.access.servers, transactional_id=f"{self.prefix}stranger"
        )
        await producer.start()
        self._open.append(producer)
        return producer

    async def append(self, *statuses: str, key: str = "a") -> None:
        events = [ManagerStatus(manager_id=key, at=T0, status=status) for status in statuses]
        records = [Record(self.events.topic, key.encode(), codec.encode_record(event), T0) for event in events]
        await self.inbox.append(records)

    async def read(self, topic: str, count: int) -> list[Stored]:
        """The first committed records, as many as asked for."""
        found: list[Stored] = []
        consumer = aiokafka.AIOKafkaConsumer(
            bootstrap_servers=self.access.servers, isolation_level="read_committed", auto_offset_reset="earliest"
        )
        async with consumer, asyncio.timeout(PATIENCE):
            consumer.assign([TopicPartition(topic, 0)])
            while len(found) < count:
                record = await consumer.getone()
                found.append(Stored(record.offset, record.key, record.value, record.timestamp))
        return found

    # with one

    async def work(self, **more: Any) -> Worker:
        """Start a worker; return when all partitions are open.

        An opening that is cut off leaves connections behind, which aiokafka does not close.
        """
        worker = await self.start(**more)
        await self.until(lambda: self.states() == [State.RUNNING] * 2)
        return worker

    async def start(self, **more: Any) -> Worker:
        """Start a worker; return when it has joined the group."""
        fetch = self.fetch()

        def prepare(app: Any) -> None:
            app.kafka = transport.Reading(self.access, fetch)

        async def is_member() -> bool:
            return await worker.is_member()

        transport.register()
        broker = Broker("slakafka://", prepare, f"{self.prefix}workers", dict.fromkeys(self.sizes, 0.1))
        log = self.log(member=is_member, group=self.group)
        roles = [Role(name, lambda: Keyed((Told,), obey)) for name in (Log.EVENTS, Log.DESK)]
        worker = Worker(broker, log, roles, prefix=self.prefix, clock=ManualClock(T0), observer=self.heard, **more)
        self.workers.append(worker)
        await worker.start()
        return worker

    def states(self) -> list[State]:
        return [owner.status().state for worker in self.workers for owner in worker.owners.values()]

    def owner(self) -> Owner:
        return next(owner for worker in self.workers if (owner := worker.owners.get(self.events)))

    def did(self, key: str = "a") -> list[str]:
        """What was done for a key, as committed."""
        for worker in self.workers:
            owner = worker.owners.get(self.events)
            value = owner and owner._owned and owner._owned.rows.get(key.encode())
            if value:
                return codec.RowCodec((Told,)).decode(value).did
        return []

    async def until(self, holds: Callable[[], bool]) -> None:
        async with asyncio.timeout(PATIENCE):
            while not holds():  # noqa: ASYNC110 - a broker, Faust and the partitions change it in turn
                await asyncio.sleep(0.01)

    async def done(self, *statuses: str, key: str = "a") -> None:
        """Until exactly this was done for a key, in this order."""
        await self.until(lambda: len(self.did(key)) >= len(statuses))
        assert self.did(key) == list(statuses)

    async def told(self, place: int) -> None:
        """Until the group has been told that the events have been applied up to a place."""
        async with asyncio.timeout(PATIENCE):
            while await self.group.places([self.events]) != {self.events: place}:  # noqa: ASYNC110 - a broker tells nobody
                await asyncio.sleep(0.05)

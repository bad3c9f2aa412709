"""The ports on a real Kafka, with fresh topics for each test."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Iterator, Mapping
from contextlib import asynccontextmanager, contextmanager

import aiokafka
from aiokafka.admin import AIOKafkaAdminClient, NewTopic, RecordsToDelete
from aiokafka.structs import TopicPartition

from sla_monitor.records import Partition, Reader, Stored
from sla_monitor.stream.kafka.access import Access
from sla_monitor.stream.kafka.inbox import KafkaInbox
from sla_monitor.stream.kafka.log import KafkaLog, KafkaOwned
from sla_monitor.stream.kafka.mirror import Mirror
from sla_monitor.stream.kafka.reader import KafkaReader
from sla_monitor.stream.kafka.rows import ROWS
from sla_monitor.stream.step import Log
from tests.contract.ports import PARTITIONS
from tests.kafka import Cluster

KEPT = {"retention.ms": "-1"}
"""The records of the suite are of 1970: a broker that looks at what is too old would delete them in mid-test."""
TOPICS = PARTITIONS | {topic + ROWS: count for topic, count in PARTITIONS.items()}


class Remembering(KafkaLog):
    """Closes in the end what tests leave open: each open partition has a connection."""

    def __init__(self, access: Access, partitions: Mapping[str, int]) -> None:
        super().__init__(access, partitions)
        self.opened: list[KafkaOwned] = []

    async def open(self, partition: Partition) -> KafkaOwned:
        self.opened.append(await super().open(partition))
        return self.opened[-1]

    async def stop(self) -> None:
        for owned in self.opened:
            await owned.close()
        await super().stop()


class KafkaPorts:
    """See `Ports`. Broker times-outs are real: what must fail takes seconds."""

    def __init__(self, cluster: Cluster) -> None:
        self._cluster = cluster
        self.access = Access(servers=cluster.address)
        self._logs: list[Remembering] = []

    @classmethod
    @asynccontextmanager
    async def made(cls, cluster: Cluster) -> AsyncIterator[KafkaPorts]:
        ports = cls(cluster)
        await ports._remake(TOPICS)
        ports.inbox = KafkaInbox(ports.access, PARTITIONS)
        yield ports
        await ports.inbox.stop()
        for log in ports._logs:
            await log.stop()

    def log(self) -> Log:
        self._logs.append(Remembering(self.access, PARTITIONS))
        return self._logs[-1]

    @asynccontextmanager
    async def reader(self) -> AsyncIterator[Reader]:
        mirror = Mirror(self.access, [Partition(topic, n) for topic, count in PARTITIONS.items() for n in range(count)])
        reader = KafkaReader(self.access, PARTITIONS, mirror)
        mirror.start()
        try:
            await mirror.ready()
            yield reader
        finally:
            await reader.stop()
            await mirror.stop()

    async def read(self, topic: str, number: int = 0) -> list[Stored]:
        """Up to the end as it is now; what is being committed is waited for, what was not is never seen."""
        at = TopicPartition(topic, number)
        async with self._consumer("read_uncommitted") as consumer:
            end = (await consumer.end_offsets([at]))[at]
        found: list[Stored] = []
        async with self._consumer("read_committed") as consumer:
            consumer.assign([at])
            await consumer.seek_to_beginning(at)
            while await consumer.position(at) < end:
                for records in (await consumer.getmany(at, timeout_ms=100)).values():
                    found += [Stored(r.offset, r.key, r.value, r.timestamp) for r in records]
        return found

    async def skip(self, topic: str, count: int) -> None:
        """An aborted transaction: its records take offsets, and so does its marker, which is written a moment later."""
        at = TopicPartition(topic, 0)
        producer = aiokafka.AIOKafkaProducer(bootstrap_servers=self._cluster.address, transactional_id="a-stranger")
        async with producer, self._consumer("read_uncommitted") as consumer:
            end = (await consumer.end_offsets([at]))[at] + count
            await producer.begin_transaction()
            for _ in range(count - 1):
                await producer.send_and_wait(topic, b"aborted", partition=0)
            await producer.abort_transaction()
            while (await consumer.end_offsets([at]))[at] < end:  # noqa: ASYNC110 - a broker tells nobody
                await asyncio.sleep(0.01)

    async def lose_before(self, topic: str, offset: int) -> None:
        async with self._admin() as admin:
            await admin.delete_records({TopicPartition(topic, 0): RecordsToDelete(offset)})

    async def make_anew(self, topic: str) -> None:
        await self._remake({topic: PARTITIONS[topic]})

    @contextmanager
    def unwritable(self) -> Iterator[None]:
        self._cluster.pause()
        try:
            yield
        finally:
            self._cluster.resume()

    async def _remake(self, topics: dict[str, int]) -> None:
        async with self._admin() as admin:
            there = set(await admin.list_topics())
            if gone := [topic for topic in topics if topic in there]:
                await admin.delete_topics(gone)
            while set(topics) & set(await admin.list_topics()):  # noqa: ASYNC110 - a broker tells nobody
                await asyncio.sleep(0.01)
            await admin.create_topics(
                [NewTopic(topic, count, 1, topic_configs=KEPT) for topic, count in topics.items()]
            )
            while set(topics) - set(await admin.list_topics()):  # noqa: ASYNC110 - likewise
                await asyncio.sleep(0.01)

    @asynccontextmanager
    async def _admin(self) -> AsyncIterator[AIOKafkaAdminClient]:
        admin = AIOKafkaAdminClient(bootstrap_servers=self._cluster.address)
        await admin.start()
        yield admin
        await admin.close()

    @asynccontextmanager
    async def _consumer(self, isolation: str) -> AsyncIterator[aiokafka.AIOKafkaConsumer]:
        async with aiokafka.AIOKafkaConsumer(
            bootstrap_servers=self._cluster.address, isolation_level=isolation, auto_offset_reset="earliest"
        ) as consumer:
            yield consumer

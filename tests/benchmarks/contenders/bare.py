"""The limit for Python: a bare loop over aiokafka.

Rows in dicts, everything written in full batches, the next fold runs while the brokers take the last. No transactions,
no places, no timers, no rebalances: if it ended now, it would lose or repeat what is under way.
"""

from __future__ import annotations

import asyncio
from collections import defaultdict
from collections.abc import Iterable
from typing import Any

import aiokafka
from aiokafka.structs import TopicPartition

from sla_monitor.core.effects import Log
from sla_monitor.stream.placement import partition_of
from tests.benchmarks.contenders.work import Output, Site, fold

RECORDS = 4_000
"""Taken at once, as in the product."""

Batches = dict[TopicPartition, list[tuple[bytes, bytes | None]]]


class Loop:
    def __init__(self, site: Site, producer: aiokafka.AIOKafkaProducer) -> None:
        self._site, self._producer = site, producer
        self._rows: list[dict[bytes, bytes | None]] = [{} for _ in range(site.partitions)]

    def written(self, number: int, records: Iterable[Any]) -> Batches:
        """What the records of one partition write."""
        rows = self._rows[number]
        changed: dict[bytes, bytes | None] = {}
        written: Batches = defaultdict(list)
        for record in records:
            puts, outputs = fold(rows.get, record.key, record.value)
            rows.update(puts)
            changed.update(puts)
            for output in outputs:
                written[self._place(output)].append((output.key, output.value))
        written[TopicPartition(self._site.prefix + "events.rows", number)] = list(changed.items())
        return written

    def _place(self, output: Output) -> TopicPartition:
        number = partition_of(output.key, self._site.count(output.log))
        return TopicPartition(self._site.prefix + output.log, number)

    async def send(self, written: Batches) -> list[asyncio.Future[Any]]:
        sent = []
        for at, items in written.items():
            batch = self._producer.create_batch()
            for key, value in items:
                if batch.append(key=key, value=value, timestamp=None) is None:
                    sent.append(await self._producer.send_batch(batch, at.topic, partition=at.partition))
                    batch = self._producer.create_batch()
                    batch.append(key=key, value=value, timestamp=None)
            sent.append(await self._producer.send_batch(batch, at.topic, partition=at.partition))
        return sent


async def main(site: Site) -> None:
    consumer = aiokafka.AIOKafkaConsumer(
        site.prefix + Log.EVENTS,
        bootstrap_servers=site.servers,
        group_id=site.prefix + "bare",
        auto_offset_reset="earliest",
        isolation_level="read_committed",
        fetch_max_wait_ms=50,
    )
    producer = aiokafka.AIOKafkaProducer(bootstrap_servers=site.servers, acks="all", max_batch_size=1 << 20)
    async with consumer, producer:
        loop = Loop(site, producer)
        print("runs", flush=True)
        under_way: list[asyncio.Future[Any]] = []
        while True:
            for at, records in (await consumer.getmany(timeout_ms=50, max_records=RECORDS)).items():
                written = loop.written(at.partition, records)
                await asyncio.gather(*under_way)
                under_way = await loop.send(written)


if __name__ == "__main__":
    asyncio.run(main(Site.of_environment()))

"""What is fetched from a real broker comes once and in order, whatever happens to another partition meanwhile."""

from __future__ import annotations

import asyncio
import uuid

import aiokafka
import pytest
from aiokafka.admin import AIOKafkaAdminClient, NewTopic
from aiokafka.consumer.fetcher import FetchResult
from aiokafka.errors import CorruptRecordException
from faust.types import TP

from sla_monitor.errors import Unavailable
from sla_monitor.stream.kafka.access import Access
from sla_monitor.stream.kafka.fetch import Fetch
from tests.integration.kafka_rig import PATIENCE


async def test_where_one_partition_cannot_be_read_the_records_of_others_come_with_the_next_fetch(
    kafka: str, monkeypatch: pytest.MonkeyPatch
):
    healthy, damaged = (TP(f"t{uuid.uuid4().hex[:8]}", n) for n in (0, 0))
    drained: list[TP] = []
    failed = 0
    getall = FetchResult.getall

    def read(self, *args):
        nonlocal failed
        at = self._topic_partition
        if at == damaged and drained and failed < 3:  # in the same call aiokafka has passed what the healthy one had
            failed += 1
            raise CorruptRecordException(at)
        found = getall(self, *args)
        drained.extend([at] * (at == healthy and bool(found)))
        return found

    monkeypatch.setattr(FetchResult, "getall", read)
    admin = AIOKafkaAdminClient(bootstrap_servers=kafka)
    await admin.start()
    await admin.create_topics([NewTopic(at.topic, 1, 1) for at in (healthy, damaged)])
    fetch, got, sent = Fetch(Access(servers=kafka)), {healthy: [], damaged: []}, 0
    for at in got:
        fetch.again_from(at, 0)
    try:
        async with aiokafka.AIOKafkaProducer(bootstrap_servers=kafka) as producer, asyncio.timeout(PATIENCE):
            while failed < 3 or any(len(found) < sent for found in got.values()):
                drained.clear()
                if failed < 3:
                    sent += 1
                    for at in got:
                        await producer.send_and_wait(at.topic, b"v", partition=0)
                try:
                    came = await fetch.batches(list(got))
                except Unavailable:
                    continue
                for at, batch in came:
                    got[at] += [record.offset for record in batch.records]
        assert got == {at: list(range(sent)) for at in got}
    finally:
        await fetch.stop()
        await admin.delete_topics([at.topic for at in got])
        await admin.close()

"""What ingest on Kafka promises beyond the port: bounded waiting, and a producer that is replaced when it is broken."""

from __future__ import annotations

import asyncio
import uuid

import aiokafka
import pytest
from aiokafka.admin import AIOKafkaAdminClient, NewTopic
from aiokafka.errors import OutOfOrderSequenceNumber

from sla_monitor.errors import Unavailable
from sla_monitor.records import Record
from sla_monitor.stream.kafka import inbox as module
from sla_monitor.stream.kafka.access import Access
from sla_monitor.stream.kafka.inbox import SETTINGS, KafkaInbox
from sla_monitor.stream.placement import partition_of
from tests.kafka import NOW, Cluster


@pytest.fixture
async def topic(kafka: str):
    """One of three partitions that takes records of up to 5,000 bytes."""
    admin, name = AIOKafkaAdminClient(bootstrap_servers=kafka), f"inbox-{uuid.uuid4().hex[:8]}"
    await admin.start()
    await admin.create_topics([NewTopic(name, 3, 1, topic_configs={"max.message.bytes": "5000"})])
    while name not in await admin.list_topics():  # noqa: ASYNC110 - a broker tells nobody
        await asyncio.sleep(0.01)
    yield name
    await admin.delete_topics([name])
    await admin.close()


@pytest.fixture
async def inbox(kafka: str, topic: str):
    made = KafkaInbox(Access(servers=kafka), {topic: 3})
    yield made
    await made.stop()


async def stored(kafka: str, topic: str) -> dict[bytes, int]:
    """Value -> its partition, of all that is in a topic."""
    consumer = aiokafka.AIOKafkaConsumer(topic, bootstrap_servers=kafka, auto_offset_reset="earliest")
    async with consumer:
        found: dict[bytes, int] = {}
        for at, end in (await consumer.end_offsets(consumer.assignment())).items():
            while await consumer.position(at) < end:
                records = (await consumer.getmany(at, timeout_ms=200)).get(at, ())
                found |= {record.value: at.partition for record in records}
    return found


def test_events_are_acknowledged_by_all_replicas_and_stored_once_however_often_they_are_sent():
    assert (SETTINGS["acks"], SETTINGS["enable_idempotence"]) == ("all", True)


async def test_events_lie_in_the_partition_of_their_key(kafka: str, topic: str, inbox: KafkaInbox):
    keys = [b"lead-%d" % n for n in range(30)]
    await inbox.append([Record(topic, key, key, NOW) for key in keys])
    assert await stored(kafka, topic) == {key: partition_of(key, 3) for key in keys}


async def test_a_refused_batch_breaks_no_later_one_of_its_partition(kafka: str, topic: str, inbox: KafkaInbox):
    await inbox.append([Record(topic, b"k", b"before", NOW)])
    with pytest.raises(Unavailable, match="MessageSizeTooLarge"):
        await inbox.append([Record(topic, b"k", b"x" * 10_000, NOW)])
    assert inbox.failing()
    await inbox.append([Record(topic, b"k", b"after", NOW)])
    assert not inbox.failing()
    assert set(await stored(kafka, topic)) == {b"before", b"after"}


async def test_a_producer_that_goes_on_after_a_refused_batch_is_out_of_order_for_ever(kafka: str, topic: str):
    """Why it is replaced; if this fails, aiokafka has learned it."""
    async with aiokafka.AIOKafkaProducer(bootstrap_servers=kafka, enable_idempotence=True) as producer:
        await producer.send_and_wait(topic, b"before", partition=0)
        with pytest.raises(aiokafka.errors.MessageSizeTooLargeError):
            await producer.send_and_wait(topic, b"x" * 10_000, partition=0)
        for _ in range(2):
            with pytest.raises(OutOfOrderSequenceNumber):
                await producer.send_and_wait(topic, b"after", partition=0)


async def test_what_is_under_way_to_other_partitions_arrives_when_a_producer_is_replaced(
    kafka: str, topic: str, inbox: KafkaInbox
):
    keys = {partition_of(b"%d" % n, 3): b"%d" % n for n in range(30)}
    await inbox.append([Record(topic, keys[0], b"first", NOW)])
    others = [inbox.append([Record(topic, keys[n], b"other %d" % n, NOW)]) for n in (1, 2)]
    results = await asyncio.gather(
        inbox.append([Record(topic, keys[0], b"x" * 10_000, NOW)]), *others, return_exceptions=True
    )
    assert [type(result) for result in results] == [Unavailable, type(None), type(None)]
    assert set(await stored(kafka, topic)) == {b"first", b"other 1", b"other 2"}


async def test_a_producer_whose_sender_has_died_is_replaced(
    kafka: str, topic: str, inbox: KafkaInbox, monkeypatch: pytest.MonkeyPatch
):
    await inbox.append([Record(topic, b"k", b"before", NOW)])
    assert inbox._producer is not None

    async def die() -> None:
        raise OutOfOrderSequenceNumber

    monkeypatch.setattr(inbox._producer._sender, "_maybe_wait_for_pid", die)
    with pytest.raises(Unavailable):
        await asyncio.gather(*[inbox.append([Record(topic, b"k", b"%d" % n, NOW)]) for n in range(3)])
    await inbox.append([Record(topic, b"k", b"after", NOW)])
    assert {b"before", b"after"} <= set(await stored(kafka, topic))


async def test_who_waits_for_brokers_that_stand_still_is_told_in_time_and_the_next_one_is_stored(
    cluster: Cluster, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setattr(module, "LIMIT", 1.0)
    admin, name = AIOKafkaAdminClient(bootstrap_servers=cluster.address), f"inbox-{uuid.uuid4().hex[:8]}"
    await admin.start()
    await admin.create_topics([NewTopic(name, 1, 1)])
    await admin.close()
    waiting = KafkaInbox(Access(servers=cluster.address), {name: 1})
    monkeypatch.setattr(module, "WAITING", 3)
    try:
        await append_soon(waiting, Record(name, b"k", b"before", NOW))
        cluster.pause()
        first = asyncio.create_task(waiting.append([Record(name, b"k", b"%d" % n, NOW) for n in range(3)]))
        await asyncio.sleep(0)
        with pytest.raises(Unavailable, match="too many"):
            await waiting.append([Record(name, b"k", b"one too many", NOW)])
        with pytest.raises(Unavailable, match="not known to be stored"):
            await first
        cluster.resume()
        await append_soon(waiting, Record(name, b"k", b"after", NOW))
        assert {b"before", b"after"} <= set(await stored(cluster.address, name))
    finally:
        cluster.resume()
        await waiting.stop()


async def append_soon(inbox: KafkaInbox, record: Record) -> None:
    """As a client does: again, until it is known to be stored."""
    async with asyncio.timeout(30):
        while True:
            try:
                return await inbox.append([record])
            except Unavailable:
                continue

"""The wait for intake, asked of real brokers."""

from __future__ import annotations

import uuid

import aiokafka
import pytest
from aiokafka.admin import AIOKafkaAdminClient, NewTopic
from aiokafka.structs import TopicPartition

from sla_monitor.errors import Unavailable
from sla_monitor.records import Partition
from sla_monitor.stream.kafka.access import Access
from sla_monitor.stream.kafka.group import Group
from sla_monitor.stream.kafka.horizon import PublicTopics


@pytest.fixture
async def topic(kafka: str):
    """A topic of two partitions that nobody else has."""
    name = f"horizon-{uuid.uuid4().hex[:8]}"
    admin = AIOKafkaAdminClient(bootstrap_servers=kafka)
    await admin.start()
    await admin.create_topics([NewTopic(name, 2, 1)])
    yield name
    await admin.delete_topics([name])
    await admin.close()


async def test_ends_count_what_a_strangers_open_transaction_hides_from_intake(kafka: str, topic: str):
    asked = PublicTopics(Access(servers=kafka), Group(Access(servers=kafka), topic), [Partition(topic, 0)], dict)
    stranger = aiokafka.AIOKafkaProducer(bootstrap_servers=kafka, transactional_id=topic)
    await stranger.start()
    try:
        assert await asked.ends() == {Partition(topic, 0): 0}
        await stranger.begin_transaction()
        await stranger.send_and_wait(topic, b"a call", partition=0)
        assert await asked.ends() == {Partition(topic, 0): 1}
        await stranger.abort_transaction()
    finally:
        await stranger.stop()
        await asked.stop()


async def test_intake_is_asked_of_the_group_where_it_is_not_our_own(kafka: str, topic: str):
    ours, others = Partition(topic, 0), Partition(topic, 1)
    group = Group(Access(servers=kafka), f"{topic}-workers")
    asked = PublicTopics(Access(servers=kafka), group, [ours, others], lambda: {ours: 7})
    worker = aiokafka.AIOKafkaConsumer(bootstrap_servers=kafka, group_id=f"{topic}-workers", enable_auto_commit=False)
    await worker.start()
    try:
        worker.assign([TopicPartition(*ours), TopicPartition(*others)])
        await worker.commit({TopicPartition(*ours): 1})
        assert await asked.passed([ours, others]) == {ours: 7}
        await worker.commit({TopicPartition(*others): 5})
        assert await asked.passed([ours, others]) == {ours: 7, others: 5}
    finally:
        await worker.stop()
        await group.stop()
        await asked.stop()


async def test_brokers_that_do_not_answer_are_unavailable():
    nobody = Access(servers="127.0.0.1:1")
    asked = PublicTopics(nobody, Group(nobody, "workers"), [Partition("leads", 0)], dict)
    with pytest.raises(Unavailable):
        await asked.ends()
    with pytest.raises(Unavailable):
        await asked.passed([Partition("leads", 0)])
    await asked.stop()

"""deploy/kafka/run: the broker that developers and tests use."""

from __future__ import annotations

import asyncio
import subprocess
import sys
from pathlib import Path

import aiokafka
import pytest
from aiokafka.admin import AIOKafkaAdminClient, NewTopic
from aiokafka.structs import TopicPartition

from tests.kafka import RUN, Cluster

PATIENCE = 60.0
"""Seconds in which a broker that was started again serves."""


async def make(cluster: Cluster, topic: NewTopic) -> None:
    admin = AIOKafkaAdminClient(bootstrap_servers=cluster.address)
    await admin.start()
    await admin.create_topics([topic])
    await admin.close()


async def first(cluster: Cluster, topic: str) -> bytes | None:
    """The value of its first committed record."""
    consumer = aiokafka.AIOKafkaConsumer(
        topic, bootstrap_servers=cluster.address, auto_offset_reset="earliest", isolation_level="read_committed"
    )
    async with consumer, asyncio.timeout(PATIENCE):
        return (await consumer.getone()).value


async def test_three_brokers_take_a_topic_of_three_replicas_and_a_killed_one_comes_back(three: Cluster):
    await make(three, NewTopic("kept", 1, 3))
    async with aiokafka.AIOKafkaProducer(bootstrap_servers=three.address, acks="all") as producer:
        await producer.send_and_wait("kept", b"before")
    three.kill(2)
    address = three.address
    assert three.start().address == address
    assert await first(three, "kept") == b"before"


async def test_what_was_committed_while_its_partition_had_no_leader_is_read_when_it_has_one_again(three: Cluster):
    """KAFKA-20734: 4.3.0 to 4.4.0 forget such a partition, and nobody ever reads past the transaction."""
    await make(three, NewTopic("led", -1, -1, replica_assignments={0: [2]}))
    at = TopicPartition("led", 0)
    producer = aiokafka.AIOKafkaProducer(bootstrap_servers=three.address, transactional_id="led")
    async with producer:
        await producer.begin_transaction()
        await producer.send_and_wait("led", b"committed")
        three.kill(2)
        async with asyncio.timeout(PATIENCE):
            while producer.client.cluster.leader_for_partition(at) != -1:
                await producer.client.force_metadata_update()
        await producer.commit_transaction()
        three.start()
        assert await first(three, "led") == b"committed"


@pytest.mark.parametrize("tool", ["java", "mvn", "openssl"])
def test_a_missing_tool_is_named_with_the_remedy(tmp_path: Path, tool: str):
    for name in {"java", "mvn", "openssl"} - {tool}:
        (tmp_path / name).symlink_to("/bin/true")
    command = [sys.executable, RUN, "start", "--tls", "--data", tmp_path / "data"]
    done = subprocess.run(command, env={"PATH": str(tmp_path)}, capture_output=True, text=True, check=False)
    assert done.returncode == 2
    assert f"{tool} is missing" in done.stderr


def test_a_cluster_that_lets_anybody_in_is_never_taken_for_another(cluster: Cluster):
    done = subprocess.run([RUN, "start", "--tls", "--data", cluster.data], capture_output=True, text=True, check=False)
    assert done.returncode == 2
    assert "was made for PLAINTEXT; name another --data" in done.stderr

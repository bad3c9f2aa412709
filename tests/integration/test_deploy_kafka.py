"""deploy/kafka/run: the broker that developers and tests use."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import aiokafka
import pytest
from aiokafka.admin import AIOKafkaAdminClient, NewTopic

from tests.kafka import RUN, Cluster, require


async def test_three_brokers_take_a_topic_of_three_replicas_and_a_killed_one_comes_back(tmp_path: Path):
    require("java", "mvn")
    cluster = Cluster(tmp_path, brokers=3).start()
    try:
        admin = AIOKafkaAdminClient(bootstrap_servers=cluster.address)
        await admin.start()
        await admin.create_topics([NewTopic("kept", 1, 3)])
        await admin.close()
        async with aiokafka.AIOKafkaProducer(bootstrap_servers=cluster.address, acks="all") as producer:
            await producer.send_and_wait("kept", b"before")
        cluster.kill(2)
        address = cluster.address
        assert cluster.start().address == address
        consumer = aiokafka.AIOKafkaConsumer("kept", bootstrap_servers=address, auto_offset_reset="earliest")
        async with consumer:
            assert (await consumer.getone()).value == b"before"
    finally:
        cluster.stop()
    assert not cluster.runs()


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

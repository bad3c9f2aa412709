"""The topics of an installation on a real Kafka: planned, made, checked, and watched by workers."""

from __future__ import annotations

import asyncio
import json
import uuid
from collections.abc import AsyncIterator

import aiokafka
import pytest
from aiokafka.admin import AIOKafkaAdminClient, NewTopic
from aiokafka.admin.config_resource import ConfigResource, ConfigResourceType
from typer.testing import CliRunner

from sla_monitor.commands import topics as commands
from sla_monitor.errors import LogLost, Misconfigured
from sla_monitor.settings import Settings, read_settings
from sla_monitor.stream.kafka import brokers, topics
from sla_monitor.stream.kafka.access import Access
from sla_monitor.stream.kafka.standing import LOOKS, Standing


@pytest.fixture
def settings(kafka: str, monkeypatch: pytest.MonkeyPatch) -> Settings:
    """Of an installation of its own."""
    monkeypatch.setenv("SLA_BROKER", f"kafka://{kafka}")
    monkeypatch.setenv("SLA_TOPIC_PREFIX", f"t{uuid.uuid4().hex[:8]}.")
    monkeypatch.setenv("SLA_KAFKA_PARTITIONS", "2")
    return read_settings()


@pytest.fixture
async def admin(kafka: str, settings: Settings) -> AsyncIterator[AIOKafkaAdminClient]:
    """Removes the installation's topics in the end."""
    client = AIOKafkaAdminClient(bootstrap_servers=kafka)
    await client.start()
    yield client
    await client.delete_topics([name for name in await client.list_topics() if name.startswith(settings.topic_prefix)])
    await client.close()


async def test_what_is_made_has_the_settings_that_it_is_to_have(settings: Settings, admin: AIOKafkaAdminClient):
    access = Access.of(settings)
    made, differs = await topics.apply(access, settings)
    cluster = await topics.look(access, settings)
    wanted = topics.wanted(settings, cluster.brokers)
    assert (made, differs) == ([topic.name for topic in wanted], [])
    assert topics.findings(wanted, topics.counts(cluster.topics)) == []
    assert topics.differences(wanted, cluster.topics, access.servers) == []
    assert await topics.apply(access, settings) == ([], [])


@pytest.mark.parametrize(("level", "warned"), [(29, False), (30, True), (33, True), (34, False)])
def test_of_brokers_that_may_leave_transactions_open_everybody_is_warned(
    settings: Settings, monkeypatch: pytest.MonkeyPatch, level: int, warned: bool
):
    async def told(_: object) -> dict[int, dict[str, int]]:
        return {1: {"metadata.version": 29}, 2: {"metadata.version": level}}

    monkeypatch.setattr(brokers, "features", told)
    for command in ("plan", "check"):
        warnings = json.loads(CliRunner().invoke(commands.app, [command]).stdout)["warnings"]
        assert [said.startswith("Kafka: broker 2: of Kafka 4.3 or 4.4") for said in warnings] == [True] * warned


async def test_a_setting_that_was_changed_is_told_with_the_command_and_left_alone(
    settings: Settings, admin: AIOKafkaAdminClient
):
    access, rows = Access.of(settings), f"{settings.topic_prefix}events.rows"
    await topics.apply(access, settings)
    await admin.alter_configs([ConfigResource(ConfigResourceType.TOPIC, rows, configs={"cleanup.policy": "delete"})])
    async with asyncio.timeout(20):
        while not (told := await topics.apply(access, settings))[1]:
            pass
    made, [problem] = told
    assert made == []
    assert problem.path == rows
    assert "has cleanup.policy delete, not compact" in problem.message
    assert f"kafka-configs.sh --bootstrap-server {access.servers} --entity-type topics --entity-name {rows}" in str(
        problem
    )
    assert (await topics.look(access, settings)).topics[rows].settings["cleanup.policy"] == "delete"


async def test_too_few_replicas_are_told(settings: Settings, admin: AIOKafkaAdminClient):
    access = Access.of(settings)
    await topics.apply(access, settings)
    there = (await topics.look(access, settings)).topics
    told = [problem.message for problem in topics.differences(topics.wanted(settings, 3), there, access.servers)]
    assert len([message for message in told if "is kept on 1 brokers, not 3" in message]) == len(told) / 2


def test_a_plan_is_shown_though_no_broker_answers(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setenv("SLA_BROKER", "kafka://127.0.0.1:1")
    shown = json.loads(CliRunner().invoke(commands.app, ["plan", "--json"]).stdout)
    assert "does not answer" in shown["broker"]
    assert {plan["state"] for plan in shown["topics"]} == {"not known"}


async def test_a_topic_that_is_deleted_while_a_worker_runs_ends_it_naming_the_command(
    settings: Settings, admin: AIOKafkaAdminClient
):
    await topics.apply(Access.of(settings), settings)
    standing = Standing(Access.of(settings), settings)
    try:
        await standing.look()
        await gone(admin, f"{settings.topic_prefix}leads")
        for _ in range(LOOKS - 1):
            await standing.look()
        with pytest.raises(Misconfigured, match="leads: is missing; run `sla-monitor topics apply`"):
            await standing.look()
    finally:
        await standing.stop()


async def gone(admin: AIOKafkaAdminClient, name: str) -> None:
    """Delete a topic, and wait until brokers say so."""
    await admin.delete_topics([name])
    while name in await admin.list_topics():
        pass


async def test_a_log_that_is_made_anew_while_a_worker_runs_ends_it_however_much_it_has_grown(
    settings: Settings, admin: AIOKafkaAdminClient
):
    name = f"{settings.topic_prefix}leads"
    await topics.apply(Access.of(settings), settings)
    standing = Standing(Access.of(settings), settings)
    try:
        await standing.look()
        await gone(admin, name)
        await admin.create_topics([NewTopic(name, 2, 1)])
        async with aiokafka.AIOKafkaProducer(bootstrap_servers=Access.of(settings).servers) as producer:
            await producer.send_and_wait(name, b"grown")
        with pytest.raises(LogLost, match=r"leads was deleted and made anew.*recreated-topic\.md"):
            await standing.look()
    finally:
        await standing.stop()

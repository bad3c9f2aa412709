"""A transaction of several partitions of which one fails first: that failure is told, whatever aiokafka says after."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest
from aiokafka.admin.config_resource import ConfigResource, ConfigResourceType
from aiokafka.errors import KafkaError
from aiokafka.structs import TopicPartition

from sla_monitor.core.effects import Log
from sla_monitor.errors import Fenced, TooLarge, Unanswered
from sla_monitor.records import Record
from sla_monitor.stream.kafka.internals.sending import Transactional
from sla_monitor.stream.kafka.producer import Producer
from sla_monitor.stream.kafka.rows import rows_of
from sla_monitor.stream.step import Step
from tests.integration.kafka_rig import PATIENCE, Rig
from tests.kafka import NOW


@pytest.fixture
async def rig(kafka: str):
    async with Rig.made(kafka) as made:
        yield made


def give_rows_late(rig: Rig, monkeypatch: pytest.MonkeyPatch) -> list[TopicPartition]:
    """aiokafka gets the rows when what it got before has failed; where that was so."""
    waited: list[TopicPartition] = []
    give = Producer._give

    async def give_late(self: Producer, batch: Any, at: TopicPartition) -> Any:
        if at == rows_of(rig.events):
            async with asyncio.timeout(PATIENCE):
                while self._producer.failure() is None:  # noqa: ASYNC110 - aiokafka tells nobody
                    await asyncio.sleep(0)  # at once, before aiokafka tells of the failure
            waited.append(at)
        return await give(self, batch, at)

    monkeypatch.setattr(Producer, "_give", give_late)
    return waited


async def test_who_is_fenced_is_told_so(rig: Rig, monkeypatch: pytest.MonkeyPatch):
    former = await rig.open()
    await rig.open()
    late = give_rows_late(rig, monkeypatch)
    with pytest.raises(Fenced):
        await former.commit(Step(0, {b"a": b"1"}, [Record(rig.prefix + Log.DESK, b"a", b"zombie", NOW)]))
    assert late


async def test_where_a_transaction_that_is_too_large_cannot_be_ended_the_next_says_so_and_opening_ends_it(
    rig: Rig, monkeypatch: pytest.MonkeyPatch
):
    async def fail(_: Transactional) -> None:
        raise KafkaError("no answer")

    outcomes = rig.prefix + Log.OUTCOMES
    async with rig.admin() as admin:
        small = ConfigResource(ConfigResourceType.TOPIC, outcomes, configs={"max.message.bytes": "2000"})
        await admin.alter_configs([small])
    owned = await rig.open()
    monkeypatch.setattr(Transactional, "abort_transaction", fail)
    with pytest.raises(TooLarge):
        await owned.commit(Step(0, {b"a": b"1"}, [Record(outcomes, b"a", b"y" * 5_000, NOW)]))
    for _ in range(2):
        with pytest.raises(Unanswered):
            await owned.commit(Step(0, {b"b": b"1"}))
    again = await rig.open()
    await again.commit(Step(0, {b"b": b"1"}))
    assert dict((await rig.open()).rows) == {b"b": b"1"}

"""A transaction of several partitions of which one fails first: that failure is told, whatever aiokafka says after."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest
from aiokafka.structs import TopicPartition

from sla_monitor.core.effects import Log
from sla_monitor.errors import Fenced
from sla_monitor.records import Record
from sla_monitor.stream.kafka.producer import Producer
from sla_monitor.stream.kafka.rows import rows_of
from sla_monitor.stream.step import Step
from tests.integration.kafka_rig import PATIENCE, Rig


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
        await former.commit(Step(0, {b"a": b"1"}, [Record(rig.prefix + Log.DESK, b"a", b"zombie", 1)]))
    assert late

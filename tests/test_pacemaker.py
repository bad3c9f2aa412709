"""A heartbeat a partition, by way of whatever door leads come in."""

from __future__ import annotations

from types import SimpleNamespace

from sla_monitor import codec
from sla_monitor.clock import ManualClock
from sla_monitor.core.effects import Beat
from sla_monitor.pacemaker import Pacemaker, keys
from sla_monitor.records import Record
from sla_monitor.stream.placement import partition_of

NOW = 1_900_000_000_000


class Door:
    """`Inbox`."""

    def __init__(self) -> None:
        self.records: list[Record] = []

    async def append(self, records) -> None:
        self.records += records


async def beaten(topics: dict[str, int]) -> tuple[list[Record], list[Beat]]:
    door, beats = Door(), []
    logs = SimpleNamespace(inbox=door, topics=topics, prefix="sla.", topic=lambda log: f"sla.{log}")
    metrics = SimpleNamespace(beat=lambda beat, _: beats.append(beat))
    await Pacemaker(logs, ManualClock(NOW), metrics, 30).beat()
    return door.records, beats


async def test_each_partition_of_the_leads_gets_one():
    records, beats = await beaten({"sla.events": 6})
    assert {partition_of(record.key, 6) for record in records} == set(range(6))
    assert {record.topic for record in records} == {"sla.events"}
    assert [codec.decode_record(record.value).at for record in records] == [NOW] * 6
    assert beats == [Beat("ingest", number, NOW) for number in range(6)]


async def test_on_kafka_they_come_through_each_partition_of_the_public_topic():
    records, _ = await beaten({"sla.events": 6, "sla.leads": 3})
    assert [(record.topic, record.number) for record in records] == [("sla.leads", n) for n in (0, 1, 2, 0, 1, 2)]


def test_no_key_could_be_a_leads():
    assert all(key < " " for key in keys(50))

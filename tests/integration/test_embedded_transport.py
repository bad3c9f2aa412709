"""A Faust app on the embedded log."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator, Callable
from pathlib import Path
from typing import Self

import faust
import pytest
from faust.types import TP

from sla_monitor.records import Partition, Record, Stored
from sla_monitor.stream.agents import Batches
from sla_monitor.stream.embedded import EmbeddedFile, EmbeddedInbox, EmbeddedLog
from sla_monitor.stream.embedded.fetch import BATCH_BYTES, BATCH_RECORDS
from sla_monitor.stream.embedded.transport import register
from sla_monitor.stream.step import Batch, Step

IN, WIDE = "t.in", "t.wide"
PARTITIONS = {IN: 1, WIDE: 3}


@pytest.fixture
async def file(tmp_path: Path) -> AsyncIterator[EmbeddedFile]:
    opened = EmbeddedFile(tmp_path / "sla.db")
    yield opened
    opened.close()


@pytest.fixture
async def inbox(file: EmbeddedFile) -> EmbeddedInbox:
    return EmbeddedInbox(file, PARTITIONS)


class Running:
    """An app with an agent on one log, that keeps what it got."""

    def __init__(self, file: EmbeddedFile, topic: str) -> None:
        register()
        self.app = faust.App(
            "test",
            broker="sqlite://",
            store="memory://",
            datadir=str(file.path.parent / "faust"),
            topic_disable_leader=True,
            topic_allow_declare=False,
            web_enabled=False,
            stream_buffer_maxsize=4,
            stream_wait_empty=False,
            table_standby_replicas=0,
        )
        self.app.embedded = file
        self.got: list[tuple[TP, Batch]] = []
        self.free = asyncio.Event()
        self.free.set()
        self._arrived = asyncio.Event()
        self.app.agent(self.app.topic(topic, schema=Batches()), name="agent")(self._take)

    async def _take(self, stream: faust.Stream) -> None:
        async for event in stream.events():
            await self.free.wait()
            self.got.append((event.message.tp, event.value))
            self._arrived.set()

    def offsets(self, number: int = 0) -> list[int]:
        return [record.offset for tp, batch in self.got for record in batch.records if tp.partition == number]

    async def until(self, condition: Callable[[], bool]) -> None:
        async with asyncio.timeout(10):
            while not condition():
                self._arrived.clear()
                await self._arrived.wait()

    async def __aenter__(self) -> Self:
        await self.app.start()
        return self

    async def __aexit__(self, *_: object) -> None:
        began = time.monotonic()
        await self.app.stop()
        assert time.monotonic() - began < 1


def some(topic: str, count: int, value: bytes = b"v") -> list[Record]:
    return [Record(topic, b"k%d" % number, value, 1000) for number in range(count)]


async def test_an_agent_receives_every_record_in_order_before_and_after_it_started(file, inbox):
    await inbox.append(some(IN, 5))
    async with Running(file, IN) as running:
        for _ in range(20):
            await inbox.append(some(IN, 3))
        await running.until(lambda: len(running.offsets()) == 65)
        assert running.offsets() == list(range(65))
        assert running.got[0] == (TP(IN, 0), Batch(0, 5, [Stored(n, b"k%d" % n, b"v", 1000) for n in range(5)]))


async def test_batches_follow_each_other_without_a_gap(file, inbox):
    async with Running(file, IN) as running:
        for _ in range(50):
            await inbox.append(some(IN, 2))
        await running.until(lambda: len(running.offsets()) == 100)
        batches = [batch for _, batch in running.got]
        assert [batch.start for batch in batches] == [0, *(batch.end for batch in batches[:-1])]


async def test_each_partition_has_batches_of_its_own(file, inbox):
    async with Running(file, WIDE) as running:
        await inbox.append(some(WIDE, 60))
        await running.until(lambda: sum(len(running.offsets(n)) for n in range(3)) == 60)
        assert all(running.offsets(n) == list(range(len(running.offsets(n)))) for n in range(3))
        assert len({tp.partition for tp, _ in running.got}) == 3


async def test_a_started_app_goes_on_at_the_place_of_the_last_step(file, inbox):
    await inbox.append(some(IN, 10))
    async with Running(file, IN) as running:
        await running.until(lambda: len(running.offsets()) == 10)
    owned = await EmbeddedLog(file, PARTITIONS).open(Partition(IN, 0))
    await owned.commit(Step(7))
    async with Running(file, IN) as running:
        await inbox.append(some(IN, 1))
        await running.until(lambda: len(running.offsets()) == 4)
        assert running.offsets() == [7, 8, 9, 10]


async def test_a_partition_can_be_read_again(file, inbox):
    await inbox.append(some(IN, 10))
    async with Running(file, IN) as running:
        await running.until(lambda: len(running.offsets()) == 10)
        await running.app.consumer.again_from(TP(IN, 0), 6)
        await running.until(lambda: len(running.offsets()) == 14)
        assert running.offsets()[10:] == [6, 7, 8, 9]
        await running.app.consumer.again_from(TP("t.not-ours", 0), 6)


async def test_positions_without_records_are_passed(file, inbox):
    await inbox.append(some(IN, 1))
    file.write_now(lambda connection: connection.execute("UPDATE partitions SET next = 5 WHERE topic=?", (IN,)))
    async with Running(file, IN) as running:
        await running.until(lambda: bool(running.got))
        assert (running.got[0][1].start, running.got[0][1].end) == (0, 5)


async def test_records_that_are_gone_show_as_a_gap(file, inbox):
    await inbox.append(some(IN, 9))
    async with Running(file, IN) as running:
        await running.until(lambda: bool(running.got))
        file.write_now(lambda connection: connection.execute("UPDATE partitions SET first = 4 WHERE topic=?", (IN,)))
        await running.app.consumer.again_from(TP(IN, 0), 2)
        await running.until(lambda: len(running.got) == 2)
        assert running.got[1][1].start == 4


async def test_batches_are_bounded_in_records_and_in_bytes(file, inbox):
    large = BATCH_BYTES // 10
    async with Running(file, IN) as running:
        running.free.clear()
        await inbox.append(some(IN, BATCH_RECORDS * 2))
        await inbox.append(some(IN, 30, b"x" * large))
        running.free.set()
        await running.until(lambda: len(running.offsets()) == BATCH_RECORDS * 2 + 30)
        assert running.offsets() == list(range(BATCH_RECORDS * 2 + 30))
        for _, batch in running.got:
            assert len(batch.records) <= BATCH_RECORDS
            assert sum(len(record.value) for record in batch.records) <= BATCH_BYTES + large


async def test_nothing_more_is_read_while_the_agent_is_full_and_all_arrives_when_it_has_room(file, inbox):
    async with Running(file, IN) as running:
        running.free.clear()
        for _ in range(30):
            await inbox.append(some(IN, 1))
            await asyncio.sleep(0)
        for _ in range(20):
            await asyncio.sleep(0)
        assert await running.app.consumer.position(TP(IN, 0)) < 10
        running.free.set()
        await running.until(lambda: len(running.offsets()) == 30)
        assert running.offsets() == list(range(30))


async def test_sending_through_faust_is_refused(file, inbox):
    async with Running(file, IN) as running:
        with pytest.raises(NotImplementedError, match="by steps and by the inbox"):
            await running.app.topic(IN).send(value=b"v")


async def test_a_log_that_is_missing_ends_the_app(file, inbox):
    running = Running(file, "t.unknown")
    async with asyncio.timeout(10):
        await running.app.start()
        await running.app.wait_until_stopped()
    assert "t.unknown: no such log" in str(running.app.crash_reason)
    await running.app.stop()

"""What ends a worker on a real Kafka, and with which words; and how soon another has its partitions."""

from __future__ import annotations

import asyncio

import aiokafka
import pytest

from sla_monitor.codec import Undecodable
from sla_monitor.errors import LogLost
from sla_monitor.stream.app import Stalled
from sla_monitor.stream.kafka import transport
from sla_monitor.stream.kafka.log import KafkaOwned
from sla_monitor.stream.kafka.rows import PLACE, rows_of
from sla_monitor.stream.step import Step
from tests.integration.kafka_rig import Rig


@pytest.fixture
async def rig(kafka: str):
    async with Rig.made(kafka) as made:
        yield made


async def write_row(rig: Rig, key: bytes, value: bytes) -> int:
    """As somebody who should have no right to; the offset."""
    at = rows_of(rig.events)
    async with aiokafka.AIOKafkaProducer(bootstrap_servers=rig.access.servers) as producer:
        return (await producer.send_and_wait(at.topic, value, key, partition=0)).offset


async def test_a_row_that_cannot_be_read_ends_the_worker_saying_where_and_what_to_do(rig: Rig):
    await write_row(rig, b"L1", b"not ours")
    worker = await rig.start()
    with pytest.raises(Undecodable, match=r"events/0: what lies at the key b'L1' is no row .*unreadable-rows\.md"):
        await asyncio.wait_for(worker.wait(), 20)


async def test_a_place_that_cannot_be_read_ends_the_worker_saying_where_and_what_to_do(rig: Rig):
    offset = await write_row(rig, PLACE, b"not ours")
    worker = await rig.start()
    with pytest.raises(LogLost, match=rf"events\.rows/0 holds at offset {offset}, key .*unreadable-rows\.md"):
        await asyncio.wait_for(worker.wait(), 20)


async def test_a_partition_that_makes_no_progress_ends_the_worker_naming_it(rig: Rig, monkeypatch: pytest.MonkeyPatch):
    worker = await rig.work(stall=3.0)

    async def hang(_: KafkaOwned, __: Step) -> None:
        await asyncio.Event().wait()

    monkeypatch.setattr(KafkaOwned, "commit", hang)
    await rig.append("1")
    with pytest.raises(Stalled, match=r"events/0 has made no progress for 3 s"):
        await asyncio.wait_for(worker.wait(), 20)


async def test_a_log_that_is_made_anew_ends_the_worker_that_reads_it(rig: Rig):
    worker = await rig.work()
    await rig.append("1")
    await rig.done("1")
    await rig.make_anew(rig.events.topic)
    with pytest.raises(LogLost, match=r"events/0: .*recreated-topic\.md"):
        await asyncio.wait_for(worker.wait(), 60)


async def test_what_the_group_does_not_want_to_be_told_is_no_reason_to_join_anew(
    rig: Rig, caplog: pytest.LogCaptureFixture
):
    """Else each refusal begins a rebalance, in which others are refused: they took turns for ever."""
    caplog.set_level("INFO", logger=transport.__name__)
    worker = await rig.work()
    coordinator = worker._app.consumer._thread._ensure_consumer()._coordinator
    joined = coordinator.generation, coordinator.member_id
    coordinator.generation -= 1  # as it is for a moment in each rebalance
    await worker._tell({rig.events: 0})
    assert "IllegalGeneration" in caplog.text
    assert (coordinator.generation + 1, coordinator.member_id) == joined
    coordinator.generation += 1


async def test_a_dead_workers_partitions_are_taken_over_when_its_session_of_ten_seconds_ends(rig: Rig):
    assert transport.GROUP["session_timeout_ms"] == 10_000
    dead = await rig.work()
    await rig.append("1")
    await rig.done("1")
    await fall_silent(dead._app.consumer._thread)
    rig.workers.remove(dead)
    await rig.start()
    await rig.append("2")
    await rig.done("1", "2")
    await dead.stop()


async def fall_silent(thread: transport.Thread) -> None:
    """No heartbeat any more, and no word of leaving: as after kill -9."""
    coordinator = thread._consumer._coordinator

    async def silence() -> None:
        coordinator._coordination_task.cancel()
        coordinator._heartbeat_task.cancel()

    async def stay() -> None:
        """It does not say that it goes."""

    coordinator._maybe_leave_group = stay
    await asyncio.wrap_future(asyncio.run_coroutine_threadsafe(silence(), thread.thread_loop))

"""What once lost, doubled or stalled data on Kafka, each as the promise that it is kept by now.

`python -m tests.integration.kafka_mutants` takes the remedies out one by one, and sees each test fail. Our own consumer
reads each partition from its owner's place, so that several pitfalls of a consumer group have another form here; the
docstrings say which.
"""

from __future__ import annotations

import asyncio
from collections import Counter
from contextlib import suppress
from typing import Any

import aiokafka
import pytest
from aiokafka.admin.config_resource import ConfigResource, ConfigResourceType
from aiokafka.consumer.fetcher import Fetcher
from aiokafka.protocol.group import LeaveGroupRequest
from aiokafka.structs import TopicPartition
from faust.types import TP

from sla_monitor.core.effects import Log
from sla_monitor.core.events import Sent
from sla_monitor.errors import Fenced, LogLost, TooLarge, Unanswered, Unavailable
from sla_monitor.log_lines import LEVELS
from sla_monitor.records import Partition, Record, Stored
from sla_monitor.settings import read_settings
from sla_monitor.stream.agents import Ownership
from sla_monitor.stream.kafka import fetch as fetching
from sla_monitor.stream.kafka import log as kafka_log
from sla_monitor.stream.kafka import producer, topics, transport
from sla_monitor.stream.kafka.assignor import Retaining
from sla_monitor.stream.kafka.fetch import Fetch
from sla_monitor.stream.kafka.horizon import PublicTopics
from sla_monitor.stream.kafka.internals.membership import heartbeat
from sla_monitor.stream.kafka.log import KafkaOwned
from sla_monitor.stream.kafka.offsets import Offsets
from sla_monitor.stream.kafka.rows import load, rows_of
from sla_monitor.stream.step import Batch, Step
from sla_monitor.stream.waiting import BOUNDS
from tests.integration.endtxn_proxy import EndTxnProxy
from tests.integration.kafka_mutants import MUTANTS
from tests.integration.kafka_rig import Rig
from tests.kafka import NOW, Cluster
from tests.properties.mutants import Mutant, mutated

SESSION = transport.GROUP["session_timeout_ms"] / 1000


@pytest.fixture
async def rig(kafka: str):
    async with Rig.made(kafka) as made:
        yield made


@pytest.mark.parametrize("mutant", MUTANTS, ids=lambda mutant: mutant.name)
def test_each_remedy_stands_where_kafka_mutants_takes_it_out(mutant: Mutant):
    compile(mutated(mutant), mutant.module, "exec")


def drop_next(rig: Rig, monkeypatch: pytest.MonkeyPatch) -> list[Batch]:
    """The next batch is lost between the consumer and its owner, as by a queue that Faust clears."""
    ownership, dropped = rig.workers[0]._ownership, []
    put = ownership.put

    async def drop_or_put(partition: Partition, batch: Batch) -> None:
        if dropped:
            await put(partition, batch)
        else:
            dropped.append(batch)

    monkeypatch.setattr(ownership, "put", drop_or_put)
    return dropped


async def test_pitfall_01_a_batch_that_is_dropped_on_its_way_is_read_again(rig: Rig, monkeypatch: pytest.MonkeyPatch):
    """Our position moves with what is handed out, so what is dropped after that shows as a gap."""
    await rig.work()
    await rig.append("1")
    await rig.done("1")
    dropped = drop_next(rig, monkeypatch)
    await rig.append("2")
    await rig.until(lambda: bool(dropped))
    await rig.append("3")
    await rig.done("1", "2", "3")


async def test_pitfall_01_markers_at_the_end_of_a_log_are_passed_without_a_record(rig: Rig):
    """Offsets of records alone cannot show a gap: markers take offsets too. What was passed is never read again."""
    await rig.work()
    stranger = await rig.stranger()
    await stranger.begin_transaction()
    await stranger.send_and_wait(rig.events.topic, b"never", b"a", partition=0)
    await stranger.abort_transaction()
    await rig.until(lambda: bool(rig.workers[0].owners) and rig.owner().status().passed == 2)
    await rig.append("1")
    await rig.done("1")
    assert rig.owner().status().place == 3


async def test_pitfall_02_what_was_fetched_before_a_seek_is_not_handed_out_after_it(
    rig: Rig, monkeypatch: pytest.MonkeyPatch
):
    """It would pass for what lies between; and the seek would be repeated for ever."""
    fetch = rig.fetch()
    fetch.again_from(TP(*rig.at), 0)
    await rig.append("1", "2", "3")
    await handed_out(fetch, rig.at, 3)
    consumer = fetch._consumer
    getmany = consumer.getmany

    async def seek_meanwhile(*args: Any, **kwargs: Any) -> Any:
        found = await getmany(*args, **kwargs)
        if found:
            monkeypatch.undo()
            fetch.again_from(TP(*rig.at), 0)
        return found

    monkeypatch.setattr(consumer, "getmany", seek_meanwhile)
    await rig.append("4")
    batches = await handed_out(fetch, rig.at, 4)
    assert batches[0].start == 0
    assert [stored.offset for batch in batches for stored in batch.records] == [0, 1, 2, 3]


async def handed_out(fetch: Fetch, at: TopicPartition, end: int) -> list[Batch]:
    """What is handed out until a position."""
    batches: list[Batch] = []
    async with asyncio.timeout(20):
        while not batches or batches[-1].end < end:
            batches += [batch for _, batch in await fetch.batches([TP(*at)])]
    return batches


async def test_pitfall_03_a_batch_that_comes_before_its_assignment_is_kept():
    """On Kafka only after a rebalance: nothing is read of a partition before its owner has said from where."""
    came: list[Batch] = []

    class Owner:
        def start(self) -> asyncio.Future[None]:
            return asyncio.get_running_loop().create_future()

        async def put(self, batch: Batch) -> None:
            came.append(batch)

    ownership = Ownership(["events"], lambda _: Owner(), lambda _: None)
    batch = Batch(0, 1, [Stored(0, b"a", b"1", 1)])
    putting = asyncio.create_task(ownership.put(Partition("events", 0), batch))
    await asyncio.sleep(0)
    await ownership.assigned(None, [TP("events", 0)])
    await putting
    assert came == [batch]


async def test_pitfall_04_records_come_through_in_every_generation_of_the_group(rig: Rig):
    """Faust drops events without the present generation in silence."""
    await rig.work()
    await rig.append("1")
    await rig.done("1")
    second = await rig.work()
    await second.stop()
    await rig.append("2")
    await rig.done("1", "2")


async def test_pitfall_05_what_waits_is_in_the_partitions_where_one_step_takes_it_all(rig: Rig):
    worker = await rig.work()
    assert worker._app.conf.stream_buffer_maxsize == 16
    assert (BOUNDS.records, BOUNDS.bytes) == (2_000, 1 << 20)


async def test_pitfall_06_a_transaction_waits_for_the_markers_of_the_last_one_no_longer_than_they_take(rig: Rig):
    owned = await rig.open()
    assert owned._producer._producer._sender._retry_backoff == 0.005
    assert LEVELS["aiokafka.producer.sender"] == "ERROR", "the broker's checks of a transaction are retried, quietly"


async def test_pitfall_07_what_was_never_committed_is_never_folded(rig: Rig):
    await rig.work()
    stranger = await rig.stranger()
    await stranger.begin_transaction()
    await stranger.send_and_wait(rig.events.topic, b"never", b"a", partition=0)
    await rig.append("1")
    await stranger.abort_transaction()
    await rig.done("1")
    assert rig.heard.acts, "the record was acted on"
    assert [act for act in rig.heard.acts if getattr(act, "reason", "") == "undecodable"] == []


async def test_pitfall_07_a_step_writes_one_batch_a_partition(rig: Rig, monkeypatch: pytest.MonkeyPatch):
    owned = await rig.open()
    client, batches = owned._producer._producer, Counter[str]()
    send_batch = client.send_batch

    async def counted(batch: Any, topic: str, *, partition: int) -> Any:
        batches[topic] += 1
        return await send_batch(batch, topic, partition=partition)

    monkeypatch.setattr(client, "send_batch", counted)
    rows: dict[bytes, bytes | None] = {b"%d" % n: b"x" * 300 for n in range(2_000)}
    desk = rig.prefix + Log.DESK
    await owned.commit(Step(0, rows, [Record(desk, b"k", b"y" * 100, NOW) for _ in range(500)]))
    assert batches == {rows_of(rig.events).topic: 1, desk: 1}


async def test_pitfall_08_the_place_in_the_rows_is_the_truth_whatever_the_group_was_told(rig: Rig):
    """Offsets of a group expire when nobody runs for a week."""
    worker = await rig.work()
    await rig.append("1", "2")
    await rig.done("1", "2")
    await worker.stop()
    rig.workers.remove(worker)
    async with aiokafka.AIOKafkaConsumer(
        bootstrap_servers=rig.access.servers, group_id=f"{rig.prefix}workers", enable_auto_commit=False
    ) as somebody:
        somebody.assign([rig.at])
        await somebody.commit({rig.at: 0})
    await rig.work()
    await rig.append("3")
    await rig.done("1", "2", "3")


async def test_pitfall_08_the_group_is_told_how_far_the_partitions_are(rig: Rig):
    await rig.work()
    await rig.append("1", "2")
    await rig.told(2)


async def test_pitfall_09_nobody_else_can_write_when_the_rows_are_read(rig: Rig, monkeypatch: pytest.MonkeyPatch):
    former = await rig.open()

    async def load_before_the_former_writes(*args: Any) -> Any:
        kept = await load(*args)
        with suppress(Fenced):
            await former.commit(Step(0, {b"a": b"late"}))
        return kept

    monkeypatch.setattr(kafka_log, "load", load_before_the_former_writes)
    owner = await rig.open()
    monkeypatch.undo()
    assert dict(owner.rows) == dict((await rig.open()).rows)


async def test_pitfall_10_after_a_failed_commit_the_partition_opens_anew_and_does_nothing_twice(rig: Rig):
    await rig.work()
    await rig.append("1")
    await rig.done("1")
    await rig.open()
    await rig.append("2")
    await rig.done("1", "2")
    assert rig.heard.failures == ["Fenced"]


async def test_pitfall_11_a_dead_owners_open_transaction_is_ended_by_the_next_one(
    rig: Rig, monkeypatch: pytest.MonkeyPatch
):
    """Else the readers of its outputs wait until it times out; and that is after ten seconds, not a minute."""
    assert producer.SETTINGS["transaction_timeout_ms"] == 10_000
    monkeypatch.setitem(producer.SETTINGS, "transaction_timeout_ms", 600_000)
    outcomes = rig.prefix + Log.OUTCOMES
    await half_a_step(await rig.open(), Record(outcomes, b"a", b"half", NOW))
    await (await rig.open()).commit(Step(0, {}, [Record(outcomes, b"a", b"whole", NOW)]))
    assert [stored.value for stored in await rig.read(outcomes, 1)] == [b"whole"]


async def half_a_step(owned: KafkaOwned, record: Record) -> None:
    """Everything that a commit does, but for the end."""
    client = owned._producer._producer
    await client.begin_transaction()
    batch = client.create_batch()
    batch.append(key=record.key, value=record.value, timestamp=record.timestamp)
    batch.close()
    await (await client.send_batch(batch, record.topic, partition=0))


async def test_pitfall_12_no_two_logs_need_the_same_owner_so_that_each_topic_is_spread_evenly(rig: Rig):
    """Faust's own assignor is for tables."""
    worker = await rig.work()
    assert [type(one) for one in worker._app.consumer._thread._consumer._coordinator._assignors] == [Retaining]


# 13, nothing is inferred from ends: test_kafka_horizon.py. 14, the opening rules: tests/contract/test_ports.py.


async def test_pitfall_14_a_last_batch_that_is_dropped_is_missed_in_the_silence_after_it(
    rig: Rig, monkeypatch: pytest.MonkeyPatch
):
    await rig.work()
    await rig.append("1")
    await rig.done("1")
    drop_next(rig, monkeypatch)
    await rig.append("2")
    await rig.done("1", "2")


@pytest.mark.parametrize(
    ("place", "told"), [(1, "records 1 to 4 .* begins at 5"), (20, "records 10 to 19, .* ends at 10")]
)
async def test_pitfall_14_a_log_that_does_not_fit_the_place_ends_a_worker_that_runs(rig: Rig, place: int, told: str):
    await rig.append(*map(str, range(10)))
    await delete_records(rig, rig.at, 5)
    fetch = rig.fetch()
    fetch.again_from(TP(*rig.at), place)
    with pytest.raises(LogLost, match=rf"events/0: {told}.*recreated-topic\.md"):
        await handed_out(fetch, rig.at, 10)


async def test_pitfall_14_rows_that_were_deleted_are_missed(rig: Rig):
    """Compaction leaves the beginning of a topic where it is."""
    await (await rig.open()).commit(Step(0, {b"a": b"1"}))
    await delete_records(rig, rows_of(rig.events), 1)
    with pytest.raises(LogLost, match=r"events\.rows/0: rows before 1 have been deleted"):
        await rig.open()


async def test_pitfall_14_rows_that_are_all_gone_are_missed_by_what_the_group_was_told(rig: Rig):
    """Without the rows there is no place: the log would be folded again from its start, and all be published twice."""
    worker = await rig.work()
    await rig.append("1")
    await rig.done("1")
    await rig.told(1)
    await worker.stop()
    await rig.make_anew(rows_of(rig.events).topic)
    with pytest.raises(LogLost, match=r"events\.rows/0: all rows are gone"):
        await rig.open(group=rig.group)


async def test_pitfall_14_rows_that_went_on_in_a_topic_made_anew_are_refused(rig: Rig):
    """Their place is there, and fits the log; the rows from before are not."""
    await (await rig.open()).commit(Step(0, {b"a": b"1"}))
    owned = await rig.open()
    await rig.make_anew(rows_of(rig.events).topic)
    replaced = await rig.open()
    replaced._ids = owned._ids  # as of a producer that did not notice
    await replaced.commit(Step(0, {b"b": b"1"}))
    with pytest.raises(LogLost, match=r"events\.rows/0: the rows topic was made anew"):
        await rig.open()


async def delete_records(rig: Rig, at: TopicPartition, before: int) -> None:
    async with rig.admin() as admin:
        await admin.delete_records({at: aiokafka.admin.RecordsToDelete(before)})


async def test_pitfall_15_a_step_is_not_committed_without_the_record_that_the_broker_does_not_take(rig: Rig):
    desk, outcomes = rig.prefix + Log.DESK, rig.prefix + Log.OUTCOMES
    async with rig.admin() as admin:
        small = ConfigResource(ConfigResourceType.TOPIC, outcomes, configs={"max.message.bytes": "2000"})
        await admin.alter_configs([small])
    owned = await rig.open()
    with pytest.raises(TooLarge):
        await owned.commit(
            Step(0, {b"a": b"1"}, [Record(desk, b"a", b"x", NOW), Record(outcomes, b"a", b"y" * 5_000, NOW)])
        )
    assert dict(owned.rows) == {}
    await owned.commit(Step(0, {b"b": b"1"}, [Record(desk, b"a", b"good", NOW)]))
    assert [stored.value for stored in await rig.read(desk, 1)] == [b"good"]
    assert dict((await rig.open()).rows) == {b"b": b"1"}


async def test_pitfall_16_an_unanswered_end_of_a_transaction_is_never_sent_again(
    rig: Rig, monkeypatch: pytest.MonkeyPatch
):
    """A late one would end the next transaction of the same epoch, however little of that had been sent by then."""
    outcomes = rig.prefix + Log.OUTCOMES
    async with EndTxnProxy(rig.access.servers) as proxy:
        proxy.lead_all(monkeypatch)
        owned = await rig.open()
        proxy.swallow_next()
        with pytest.raises(Unanswered):
            await owned.commit(Step(0, {b"a": b"1"}, [Record(outcomes, b"a", b"first", NOW)]))
        assert len(proxy.asked) == 1
        again = await rig.open()
        assert dict(again.rows) == {b"a": b"1"}, "what became of it is read"
        await half_a_step(again, Record(outcomes, b"a", b"half", NOW))
        assert await proxy.late(proxy.asked[0]) != 0
        monkeypatch.undo()
    await (await rig.open()).commit(Step(0, {}, [Record(outcomes, b"a", b"second", NOW)]))
    assert [stored.value for stored in await rig.read(outcomes, 2)] == [b"first", b"second"]


async def test_pitfall_17_whom_the_group_has_not_confirmed_fences_nobody(rig: Rig):
    """A zombie that wakes and opens at once would throw out the rightful owner."""
    owner = await rig.open()

    async def unconfirmed() -> bool:
        return False

    with pytest.raises(Unavailable, match="confirmed"):
        await rig.open(member=unconfirmed)
    await owner.commit(Step(0, {b"a": b"1"}))


async def test_pitfall_17_the_group_confirms_its_members_and_nobody_whom_it_has_thrown_out(rig: Rig):
    group = f"{rig.prefix}group"
    consumer = aiokafka.AIOKafkaConsumer(rig.events.topic, bootstrap_servers=rig.access.servers, group_id=group)
    async with consumer:
        await rig.until(lambda: bool(consumer.assignment()))
        coordinator = consumer._coordinator
        assert await heartbeat(consumer)
        coordinator._coordination_task.cancel()  # it stands still, and hears nothing
        with suppress(asyncio.CancelledError):
            await coordinator._coordination_task
        await coordinator._send_req(LeaveGroupRequest(group, coordinator.member_id))
        assert not await heartbeat(consumer)


async def test_pitfall_18_a_commit_ends_before_the_session_though_the_broker_stands_still(cluster: Cluster):
    async with Rig.made(cluster.address) as rig:
        owned = await rig.open()
        cluster.pause()
        try:
            async with asyncio.timeout(SESSION):
                with pytest.raises(Unanswered):
                    await owned.commit(Step(0, {b"a": b"1"}))
                await owned.close()
        finally:
            cluster.resume()


async def test_pitfall_18_a_revocation_ends_before_the_session_though_the_broker_stands_still(cluster: Cluster):
    async with Rig.made(cluster.address) as rig:
        worker = await rig.work()
        await rig.append("1")
        await rig.done("1")
        owner = rig.owner()
        cluster.pause()
        try:
            owner.feed(Sent(lead_id="a", notice_id="n", attempt=1, at=1), "a")
            await rig.until(lambda: owner._step is not None)
            async with asyncio.timeout(SESSION):
                await worker._ownership.revoked(None, [TP(*rig.at)])
        finally:
            cluster.resume()
        assert worker.owners.get(rig.events) is None


async def test_pitfall_19_looks_are_answered_while_a_read_waits_at_the_broker(
    rig: Rig, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setitem(fetching.SETTINGS, "fetch_max_wait_ms", 600_000)
    fetch = rig.fetch()
    fetch.again_from(TP(*rig.at), 0)
    await fetch.batches([TP(*rig.at)])
    await rig.until(lambda: is_waiting(fetch._consumer._fetcher))
    offsets, public = Offsets(rig.access), PublicTopics(rig.access, rig.group, [rig.events], dict)
    try:
        async with asyncio.timeout(20):
            assert (await offsets.extent(rig.at)).end == 0
            assert await public.ends() == {rig.events: 0}
    finally:
        await offsets.stop()
        await public.stop()


def is_waiting(fetcher: Fetcher) -> bool:
    return bool(fetcher._pending_tasks)


def test_pitfall_20_rows_are_compacted_early_and_in_small_segments(monkeypatch: pytest.MonkeyPatch):
    """Else an opening reads a gigabyte of what is not compacted yet."""
    monkeypatch.setenv("SLA_BROKER", "kafka://nowhere:9092")
    rows = [topic for topic in topics.wanted(read_settings()) if topic.name.endswith(".rows")]
    assert len(rows) == len(topics.OWNED)
    for topic in rows:
        assert topic.settings["cleanup.policy"] == "compact"
        assert int(topic.settings["segment.bytes"]) == 64 << 20
        assert float(topic.settings["min.cleanable.dirty.ratio"]) <= 0.1


async def test_pitfall_21_rows_change_only_with_the_commit(rig: Rig):
    former = await rig.open()
    await former.commit(Step(0, {b"a": b"1"}))
    await rig.open()
    with pytest.raises(Fenced):
        await former.commit(Step(0, {b"a": b"2", b"b": b"1"}))
    assert (dict(former.rows), former.place) == ({b"a": b"1"}, 0)

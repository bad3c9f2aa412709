"""What stream/kafka reads and overrides inside aiokafka and Faust is there, in the versions it was written for."""

from __future__ import annotations

import asyncio
import gc
import inspect
from importlib.metadata import version
from typing import Any

import aiokafka
import pytest
from aiokafka.admin import AIOKafkaAdminClient, NewTopic
from aiokafka.consumer import fetcher
from aiokafka.consumer.group_coordinator import GroupCoordinator
from aiokafka.errors import KafkaError
from aiokafka.producer import sender
from aiokafka.record.default_records import DefaultRecordBatchBuilder
from aiokafka.structs import TopicPartition
from faust.transport.drivers import aiokafka as driver

from sla_monitor.stream.kafka import fetch, inbox, producer, transport
from sla_monitor.stream.kafka.access import Access
from sla_monitor.stream.kafka.internals import VERSIONS, membership, reading, sending
from sla_monitor.stream.kafka.internals.protocol import features, topic_ids
from sla_monitor.stream.kafka.internals.reading import bare, passed, whole
from sla_monitor.stream.kafka.offsets import Offsets, connected
from tests.integration.kafka_rig import PATIENCE, Rig
from tests.kafka import Cluster


@pytest.mark.parametrize("package", VERSIONS)
def test_the_installed_version_is_the_one_whose_inside_was_read(package: str):
    assert version(package) == VERSIONS[package], f"read stream/kafka/internals beside the source of {package}"


def test_the_end_of_a_transaction_is_still_sent_by_what_is_overridden():
    sent = inspect.getsource(sender.Sender._maybe_do_transactional_request)
    assert "self._do_txn_commit(commit_result)" in sent
    assert {"do", "create_request", "handle_response"} <= set(dir(sender.EndTxnHandler))


def test_a_heartbeat_of_our_own_asks_what_aiokafkas_asks():
    asked = inspect.getsource(GroupCoordinator._do_heartbeat)
    assert "HeartbeatRequest(self.group_id, self.generation, self.member_id)" in asked
    assert "self._send_req(request)" in asked


def test_a_place_is_told_by_what_aiokafka_itself_sends():
    told = " ".join(inspect.getsource(GroupCoordinator._do_commit_offsets).split())
    assert (
        "OffsetCommitRequest( self.group_id, self.generation, self.member_id, "
        "OffsetCommitRequest.DEFAULT_RETENTION_TIME, list(offset_data.items()), )"
    ) in told
    assert "(tp.partition, offset.offset, offset.metadata)" in told


@pytest.mark.parametrize("told", ["fatal_error", "error_transaction"])
async def test_what_has_made_a_transaction_fail_can_be_asked(told: str):
    made = sending.Transactional(**producer.SETTINGS, transactional_id="any")
    manager = made._txn_manager
    manager.set_pid_and_epoch(1, 0)
    manager.begin_transaction()
    assert made.failure() is None
    getattr(manager, told)(KafkaError("why"))
    assert repr(made.failure()) == "KafkaError('why')"
    assert not manager.is_in_transaction(), "whatever is sent now is refused"
    await made.abandon(0)


def under_way() -> list[asyncio.Task[object]]:
    """What aiokafka's senders do."""
    return [task for task in asyncio.all_tasks() if "Sender." in task.get_coro().__qualname__]


@pytest.mark.parametrize("transactional_id", [None, "abandoned"])
async def test_nothing_goes_on_for_an_abandoned_producer_whose_broker_is_away(
    cluster: Cluster, transactional_id: str | None
):
    settings = producer.SETTINGS | {"transactional_id": transactional_id} if transactional_id else inbox.SETTINGS
    kind = sending.Transactional if transactional_id else sending.Producer
    made = kind(bootstrap_servers=cluster.address, **settings)
    await made.start()
    topics = AIOKafkaAdminClient(bootstrap_servers=cluster.address)
    await topics.start()
    await topics.create_topics([NewTopic(f"abandoned-{transactional_id}", 1, 1)])
    await topics.close()
    await made.partitions_for(f"abandoned-{transactional_id}")
    try:
        if transactional_id:
            await made.begin_transaction()
        cluster.kill()
        await made.send(f"abandoned-{transactional_id}", b"v", partition=0)
        async with asyncio.timeout(PATIENCE):
            while made._sender._coordinators or len(under_way()) < 2:  # noqa: ASYNC110 - aiokafka tells nobody
                await asyncio.sleep(0)
        await made.abandon(1)
        async with asyncio.timeout(PATIENCE):
            while under_way():  # noqa: ASYNC110 - likewise
                await asyncio.sleep(0)
    finally:
        await asyncio.to_thread(cluster.start)


def test_a_member_without_a_name_leaves_the_group_when_it_is_stopped():
    assert "if self.generation > 0 and self._group_instance_id is None:" in inspect.getsource(
        GroupCoordinator._maybe_leave_group
    )


OVERRIDDEN = {
    transport.Consumer: (
        "_drain_messages _getmany _new_consumer_thread _seek highwater on_partitions_assigned position "
        "seek_to_committed seek_wait verify_all_partitions_active ack commit _commit perform_seek"
    ),
    transport.Thread: "_create_worker_consumer on_thread_stop",
    transport.Transport: "Consumer Producer",
    membership.Listener: "on_partitions_assigned",
    sending._Sender: "_send_produce_req _do_add_partitions_to_txn",
    sending._OnceSender: "_do_txn_commit",
    sending._OnceEndTxn: "do",
}
"""What takes the place of something in Faust or aiokafka: without that, it would never be called."""


@pytest.mark.parametrize(("ours", "name"), [(ours, name) for ours in OVERRIDDEN for name in OVERRIDDEN[ours].split()])
def test_what_is_overridden_is_still_there_and_called_in_the_same_way(ours: type, name: str):
    theirs = next(vars(base)[name] for base in ours.__mro__ if base.__module__[:5] != "sla_m" and name in vars(base))
    if not inspect.isfunction(theirs) or name == "_getmany":  # which refuses, however it is called
        return
    wanted, given = (list(inspect.signature(method).parameters) for method in (theirs, getattr(ours, name)))
    assert len(given) == len(wanted), f"{ours.__name__}.{name}{given} took the place of {wanted}"


READ = {
    driver.AIOKafkaConsumerThread: "_ensure_consumer",
    transport.Consumer: "_get_active_partitions flow_active can_resume_flow callback should_stop",
    GroupCoordinator: "_send_req",
    sender.Sender: "_find_coordinator sender_task",
    aiokafka.AIOKafkaProducer: "create_batch send_batch",
}
"""What is called, or asked, without being of the public interface."""


@pytest.mark.parametrize(("theirs", "name"), [(theirs, name) for theirs in READ for name in READ[theirs].split()])
def test_what_is_read_is_still_there(theirs: type, name: str):
    inits = [vars(base)["__init__"] for base in theirs.__mro__[:-1] if "__init__" in vars(base)]
    assert name in dir(theirs) or any(f"self.{name}" in inspect.getsource(init) for init in inits)


def test_faust_still_listens_with_what_is_overridden():
    assert "RebalanceListener(self)" in inspect.getsource(driver.AIOKafkaConsumerThread.__post_init__)


async def test_a_position_is_read_past_the_markers_of_a_transaction(kafka: str, admin: AIOKafkaAdminClient):
    await admin.create_topics([NewTopic("marked", 1, 1)])
    at = TopicPartition("marked", 0)
    writer = aiokafka.AIOKafkaProducer(bootstrap_servers=kafka, transactional_id="marked")
    reader = aiokafka.AIOKafkaConsumer(bootstrap_servers=kafka, auto_offset_reset="none")
    async with writer, reader:
        reader.assign([at])
        assert passed(reader, at) == -1
        reader.seek(at, 0)
        await writer.begin_transaction()
        await writer.send_and_wait("marked", b"one", partition=0)
        await writer.commit_transaction()
        async with asyncio.timeout(20):
            while passed(reader, at) < 2:
                await reader.getmany(at, timeout_ms=50)
    await admin.delete_topics(["marked"])


async def test_what_cannot_be_told_to_the_group_leaves_nothing_behind(
    cluster: Cluster, caplog: pytest.LogCaptureFixture
):
    async with Rig.made(cluster.address) as rig:
        worker = await rig.work()
        cluster.pause()
        await worker._tell({rig.events: 0})
        cluster.kill()
        cluster.start()
        async with asyncio.timeout(PATIENCE):
            while not await worker.is_member():  # noqa: ASYNC110 - a group tells nobody
                await asyncio.sleep(0.1)
        gc.collect()
        assert "never retrieved" not in caplog.text


def test_a_dead_workers_transaction_blocks_readers_for_ten_seconds_at_most():
    assert producer.SETTINGS["transaction_timeout_ms"] == transport.GROUP["session_timeout_ms"] == 10_000
    assert producer.COMMIT_LIMIT < 10


def test_records_are_read_committed_and_a_place_is_never_replaced():
    assert fetch.SETTINGS["isolation_level"] == "read_committed"
    assert fetch.SETTINGS["auto_offset_reset"] == "none"


def batch(base: int, *names: bytes, producer: int = -1) -> bytes:
    """Three records with a header each; its name has one letter."""
    made = DefaultRecordBatchBuilder(2, 0, int(producer >= 0), producer, 0, 0, 1 << 20)
    for offset in range(3):
        made.append(offset, 0, b"k", f"v{base + offset}".encode(), [("\x7f", b"")])
    raw = bytearray(made.build())
    raw[:8] = base.to_bytes(8, "big")
    for name in names:
        raw = raw.replace(b"\x7f", name, 1)
    return bytes(raw)


def end_of_transaction(offset: int, producer: int) -> bytes:
    """The marker of one that was aborted."""
    made = DefaultRecordBatchBuilder(2, 0, 1, producer, 0, 0, 1 << 20)
    made.append(0, 0, b"\0\0\0\0", b"\0" * 6, [])
    raw = bytearray(made.build())
    raw[:8] = offset.to_bytes(8, "big")
    raw[22] |= 0x20  # a control batch
    return bytes(raw)


def fetched(raw: bytes, start: int, aborted: tuple[tuple[int, int], ...], how: Any = bare) -> Any:
    return fetcher.PartitionRecords(
        TopicPartition("t", 0), fetcher.MemoryRecords(raw), aborted, start, how, None, False, fetcher.READ_COMMITTED
    )


def read(raw: bytes, start: int = 0, aborted: tuple[tuple[int, int], ...] = ()) -> list[tuple[int, str]]:
    """(offset, name of its header) of what a fetch from `start` gives."""
    return [(record.offset, record.headers[0][0]) for record in fetched(raw, start, aborted)]


def test_a_header_whose_name_is_no_utf8_is_read_and_its_neighbours_come_once_each():
    reading.read_our_way()
    first, rest = batch(0, b"a", b"b", b"c"), batch(3, b"d", b"\xe9", b"f") + batch(6, b"g", b"\xff", b"i")
    expected = list(enumerate(["a", "b", "c", "d", "\udce9", "f", "g", "\udcff", "i"]))
    assert read(first + rest) == expected
    assert read(rest, 4) == expected[4:]


def test_what_was_aborted_is_not_read_behind_such_a_header_either():
    reading.read_our_way()
    raw = batch(0, b"a", b"\xe9", b"c") + batch(3, b"x", b"x", b"x", producer=7) + batch(6, b"g", b"h", b"i")
    assert [offset for offset, _ in read(raw, aborted=((7, 3),))] == [0, 1, 2, 6, 7, 8]


@pytest.mark.parametrize("name", [b"x", b"\xe9"], ids=["utf-8", "no utf-8"])
def test_whole_batches_come_as_committed_and_the_position_passes_each(name: bytes):
    reading.read_our_way()
    aborted = batch(3, b"x", b"x", b"x", producer=7) + end_of_transaction(6, 7)
    raw = batch(0, b"a", name, b"c") + aborted + batch(7, b"g", b"h", name)
    found = fetched(raw, 0, ((7, 3),), whole)
    told = [(one.offset, [record.value for record in one.records], found.next_fetch_offset) for one in found]
    assert told == [(2, [b"v0", b"v1", b"v2"], 3), (9, [b"v7", b"v8", b"v9"], 10)]


async def test_bare_records_come_as_they_lie_in_their_batch(kafka: str, admin: AIOKafkaAdminClient):
    await admin.create_topics([NewTopic("bare", 1, 1)])
    at = TopicPartition("bare", 0)
    async with aiokafka.AIOKafkaProducer(bootstrap_servers=kafka) as sending:
        await sending.send_and_wait("bare", b"v", b"k", 0, 1000, [("h", b"1")])
        await sending.send_and_wait("bare", None, b"k", 0, 2000)
    consumer = await connected(Access(servers=kafka), key_deserializer=bare, auto_offset_reset="earliest")
    try:
        consumer.assign([at])
        found = [await consumer.getone(), await consumer.getone()]
    finally:
        await consumer.stop()
        await admin.delete_topics(["bare"])
    told = [(r.offset, r.key, r.value, r.timestamp, tuple(r.headers)) for r in found]
    assert told == [(0, b"k", b"v", 1000, (("h", b"1"),)), (1, b"k", None, 2000, ())]
    assert not any(hasattr(record, "topic") for record in found)


@pytest.mark.parametrize("codec", range(1, 5), ids=["gzip", "snappy", "lz4", "zstd"])
def test_every_codec_that_brokers_accept_can_be_read(codec: int):
    made = DefaultRecordBatchBuilder(2, codec, 0, -1, 0, 0, 1 << 20)
    made.append(0, 0, b"k", b"v" * 1000, [("name", b"")])
    raw = bytes(made.build())
    assert len(raw) < 1000
    assert read(raw) == [(0, "name")]


@pytest.fixture
async def admin(kafka: str):
    client = AIOKafkaAdminClient(bootstrap_servers=kafka)
    await client.start()
    yield client
    await client.close()


async def test_a_topic_has_an_id_that_a_topic_of_the_same_name_has_not(admin: AIOKafkaAdminClient):
    ids = []
    for _ in range(2):
        await admin.create_topics([NewTopic("made-anew", 1, 1)])
        while "made-anew" not in await admin.list_topics():
            pass
        ids.append((await topic_ids(admin, ["made-anew", "never-made"]))["made-anew"].id)
        await admin.delete_topics(["made-anew"])
        while "made-anew" in await admin.list_topics():
            pass
    assert len(set(ids)) == 2
    assert all(len(identity) == 32 for identity in ids)


async def test_a_broker_tells_the_levels_of_its_features(admin: AIOKafkaAdminClient):
    assert [known["metadata.version"] >= 25 for known in (await features(admin)).values()] == [True]


async def test_offsets_count_what_is_there_and_name_its_topic(kafka: str, admin: AIOKafkaAdminClient):
    await admin.create_topics([NewTopic("counted", 1, 1)])
    offsets = Offsets(Access(servers=kafka))
    try:
        async with aiokafka.AIOKafkaProducer(bootstrap_servers=kafka) as sending:
            await sending.send_and_wait("counted", b"one")
        found = await offsets.extent(TopicPartition("counted", 0))
        assert found == (0, 1, (await topic_ids(admin, ["counted"]))["counted"].id)
    finally:
        await offsets.stop()
        await admin.delete_topics(["counted"])

"""All that is read or overridden inside aiokafka and Faust, for the versions below and no others.

`tests/integration/test_kafka_internals.py` says what has changed when one of them moves.
"""

from __future__ import annotations

import asyncio
import contextlib
from collections import deque
from collections.abc import Collection, Iterable, Iterator, Mapping
from io import BytesIO
from itertools import chain
from typing import Any, ClassVar, NamedTuple

import aiokafka
from aiokafka.client import CoordinationType
from aiokafka.consumer import fetcher
from aiokafka.errors import (
    GroupAuthorizationFailedError,
    KafkaError,
    NoError,
    RebalanceInProgressError,
    TopicAuthorizationFailedError,
    UnknownTopicOrPartitionError,
    for_code,
)
from aiokafka.producer.sender import EndTxnHandler, Sender
from aiokafka.protocol.admin import CreateAclsRequest
from aiokafka.protocol.api import Request, RequestStruct, Response, ResponseHeader_v0
from aiokafka.protocol.commit import OffsetCommitRequest
from aiokafka.protocol.group import HeartbeatRequest
from aiokafka.protocol.types import (
    AbstractType,
    Boolean,
    CompactArray,
    CompactString,
    Int16,
    Int32,
    Schema,
    TaggedFields,
)
from aiokafka.record import default_records, memory_records
from aiokafka.record.util import decode_varint_py
from aiokafka.structs import TopicPartition
from faust.transport.drivers import aiokafka as driver

VERSIONS = {"aiokafka": "0.14.0", "faust-streaming": "0.15.3"}
"""What this module was written against."""
LITERAL, PREFIXED, ALLOW = 3, 4, 3
"""The protocol's numbers of patterns and of what an ACL says."""


class NoAnswer(KafkaError):
    """The end of a transaction was asked for, and no answer came: nobody knows whether it was committed."""


# the producer


class _OnceEndTxn(EndTxnHandler):
    """aiokafka sends an unanswered EndTxn again on a new connection, where it would commit the transaction after."""

    async def do(self, node_id: int) -> bool:
        request = self.create_request()
        try:
            response = await self._sender.client.send(node_id, request, group=self.group)
        except KafkaError as error:
            raise NoAnswer(str(error)) from error
        backoff = self.handle_response(response)
        if backoff is not None:
            await asyncio.sleep(backoff)
        return backoff is None


class _Sender(Sender):
    """Can drop what is under way: where a client is closed, aiokafka waits for news of its brokers for ever."""

    def __init__(self, *args: Any, **settings: Any) -> None:
        super().__init__(*args, **settings)
        self._under_way: set[asyncio.Task[Any] | None] = set()
        self._dropped = False

    def drop(self) -> None:
        """End it all, and what is about to begin."""
        self._dropped = True
        for task in {self.sender_task} | self._under_way:
            if task is not None:
                task.cancel()

    @contextlib.contextmanager
    def _noted(self) -> Iterator[None]:
        """That the present task is under way. Raises CancelledError when it comes too late."""
        if self._dropped:
            raise asyncio.CancelledError
        task = asyncio.current_task()
        self._under_way.add(task)
        try:
            yield
        finally:
            self._under_way.discard(task)

    async def _send_produce_req(self, node_id: int, batches: Any) -> None:
        with self._noted():
            await super()._send_produce_req(node_id, batches)

    async def _do_add_partitions_to_txn(self, tps: Any) -> Any:
        with self._noted():
            return await super()._do_add_partitions_to_txn(tps)


class _OnceSender(_Sender):
    async def _do_txn_commit(self, commit_result: Any) -> None:
        with self._noted():
            await self._commit_once(commit_result)

    async def _commit_once(self, commit_result: Any) -> None:
        await self._message_accumulator.flush_for_commit()
        manager = self._txn_manager
        if manager.is_empty_transaction():
            manager.complete_transaction()
            return
        node = await self._find_coordinator(CoordinationType.TRANSACTION, manager.transactional_id)
        try:
            await _OnceEndTxn(self, commit_result).do(node)
        except NoAnswer as error:
            manager.fatal_error(error)


class Producer(aiokafka.AIOKafkaProducer):
    """A producer that can be abandoned; acks=all."""

    _SENDER: ClassVar[type[_Sender]] = _Sender

    def __init__(self, **settings: Any) -> None:
        super().__init__(**settings)
        self._sender = self._SENDER(
            self.client,
            acks=-1,
            txn_manager=self._txn_manager,
            message_accumulator=self._message_accumulator,
            retry_backoff_ms=settings.get("retry_backoff_ms", 100),
            request_timeout_ms=self._request_timeout_ms,
        )

    async def abandon(self, limit: float) -> None:
        """Let go of all connections within `limit` seconds, whatever is under way; never raises."""
        self._closed = True
        self._sender.drop()
        self._quiet()
        with contextlib.suppress(Exception):
            await asyncio.wait_for(self.client.close(), limit)
        self._quiet()  # of what has failed by that

    def _quiet(self) -> None:
        """What failed has been told to the caller already: without a look at each, asyncio would tell it again."""
        accumulator, manager = self._message_accumulator, self._txn_manager
        batches = chain(accumulator._pending_batches, *accumulator._batches.values())  # noqa: SLF001 - see above
        waiters = [manager._transaction_waiter, *(batch._drain_waiter for batch in batches)]  # noqa: SLF001 - likewise
        for waiter in waiters:
            if waiter is not None and waiter.done() and not waiter.cancelled():
                waiter.exception()


class Transactional(Producer):
    """A transactional producer that never sends the end of a transaction twice."""

    _SENDER = _OnceSender

    def failure(self) -> BaseException | None:
        """What has made the transaction under way fail; None while nothing has."""
        waiter = self._txn_manager._transaction_waiter  # noqa: SLF001 - see the module's docstring
        return waiter.exception() if waiter is not None and waiter.done() and not waiter.cancelled() else None


# the reader


class _Bytes(bytearray):
    """Text that is no UTF-8 becomes lone surrogates, which no event may have."""

    def __getitem__(self, at: Any) -> Any:
        found = super().__getitem__(at)
        return _Bytes(found) if isinstance(at, slice) else found

    def decode(self, *_: object) -> str:
        return super().decode(errors="surrogateescape")


class _LenientBatch(default_records._DefaultRecordBatchPy):  # noqa: SLF001 - see the module's docstring
    def _maybe_uncompress(self) -> None:
        super()._maybe_uncompress()
        self._buffer: Any = _Bytes(self._buffer)

    def _read_msg(self) -> Any:
        return super()._read_msg(decode_varint_py)  # the other one takes no subclass


class _LenientRecords:
    """The batches of a fetch from that of an offset on. See `MemoryRecords`."""

    def __init__(self, raw: bytes, offset: int) -> None:
        self._batches = deque(batch for batch in _batches(raw) if batch.next_offset > offset)

    def has_next(self) -> bool:
        return bool(self._batches)

    def next_batch(self) -> _LenientBatch:
        return self._batches.popleft()


def _batches(raw: bytes) -> Iterator[_LenientBatch]:
    records = memory_records._MemoryRecordsPy(raw)  # noqa: SLF001 - see the module's docstring
    while records.has_next():
        yield _LenientBatch(records._next_slice)  # noqa: SLF001 - likewise
        records._cache_next()  # noqa: SLF001 - likewise


class _Records(memory_records.MemoryRecords):
    def __init__(self, raw: bytes) -> None:
        super().__init__(raw)
        self.raw = raw


def bare(key: bytes | None) -> bytes | None:
    """As a consumer's `key_deserializer`: records come as they lie in their batch, which halves the work for each.

    They do not know their topic and partition.
    """
    return key


class _PartitionRecords(fetcher.PartitionRecords):
    """Reads on where aiokafka would give up for ever: at a header whose name is no UTF-8."""

    def _consumer_record(self, tp: TopicPartition, record: Any) -> Any:
        return record if self._key_deserializer is bare else super()._consumer_record(tp, record)

    def __next__(self) -> Any:
        try:
            return super().__next__()
        except UnicodeDecodeError:
            self._records: Any = _LenientRecords(self._records.raw, self.next_fetch_offset)
            self._records_iterator = self._unpack_records()
            return super().__next__()


def read_our_way() -> None:
    """Let consumers of this process read whatever brokers accept, and `bare`: aiokafka has no other place to say so."""
    fetcher.MemoryRecords, fetcher.PartitionRecords = _Records, _PartitionRecords


# consumers


def passed(consumer: Any, at: TopicPartition) -> int:
    """The position of a consumer in a partition, which markers move as well; -1 while it has none."""
    assignment = consumer._subscription.subscription.assignment  # noqa: SLF001 - `position()` would wait for one
    state = assignment.state_value(at)
    return state.position if state is not None and state.has_valid_position else -1


class Listener(driver.ConsumerRebalanceListener):
    """Lets the member of the group fetch nothing."""

    async def on_partitions_assigned(self, assigned: Iterable[TopicPartition]) -> None:
        self._thread._ensure_consumer().pause(*assigned)  # noqa: SLF001 - Faust's way to its consumer
        await super().on_partitions_assigned(assigned)


async def heartbeat(consumer: Any) -> bool:
    """Ask the broker now whether this member, with its present generation, still belongs to the group.

    Changes nothing, unlike aiokafka's own heartbeat. A group that is about to rebalance counts as a yes: until the
    member joins again, or is thrown out, nobody is given what it has. Raises GroupAuthorizationFailedError.
    """
    coordinator = consumer._coordinator  # noqa: SLF001 - see the module's docstring
    if not _belongs(coordinator):
        return False
    request = HeartbeatRequest(coordinator.group_id, coordinator.generation, coordinator.member_id)
    try:
        response = await coordinator._send_req(request)  # noqa: SLF001 - see the module's docstring
    except KafkaError:
        return False
    error = for_code(response.error_code)
    if error is GroupAuthorizationFailedError:
        raise error(coordinator.group_id)
    return error in (NoError, RebalanceInProgressError)


def forget_name(consumer: Any) -> None:
    """A member with a name does not leave the group when it is stopped; without, it does."""
    consumer._coordinator._group_instance_id = None  # noqa: SLF001 - see the module's docstring


async def tell(consumer: Any, places: Mapping[TopicPartition, int]) -> None:
    """Tell the group, once, of the partitions that this member has. Raises KafkaError.

    aiokafka's own way takes a refusal in the middle of a rebalance for a reason to join anew, which begins the next
    rebalance, in which the others are refused: members that tell often enough take turns for ever. Whether we belong
    to the group is for heartbeats to find out.
    """
    coordinator, ours = consumer._coordinator, consumer.assignment()  # noqa: SLF001 - see the module's docstring
    by_topic: dict[str, list[tuple[int, int, str]]] = {}
    for (topic, number), place in places.items():
        if TopicPartition(topic, number) in ours:
            by_topic.setdefault(topic, []).append((number, place, ""))
    if not by_topic or not _belongs(coordinator):
        return
    forever = OffsetCommitRequest.DEFAULT_RETENTION_TIME
    request = OffsetCommitRequest(
        coordinator.group_id, coordinator.generation, coordinator.member_id, forever, list(by_topic.items())
    )
    response = await coordinator._send_req(request)  # noqa: SLF001 - see the module's docstring
    for error in {for_code(code) for _, partitions in response.topics for _, code in partitions} - {NoError}:
        raise error(coordinator.group_id)


def _belongs(coordinator: Any) -> bool:
    """Whether it has joined, as far as it knows."""
    return coordinator.generation >= 0 and bool(coordinator.member_id) and coordinator.coordinator_id is not None


# what the protocol has and aiokafka does not: topic ids, and what may be done with a topic


class _Uuid(AbstractType[bytes]):
    @classmethod
    def encode(cls, value: bytes) -> bytes:
        return value

    @classmethod
    def decode(cls, data: Any) -> bytes:
        return bytes(data.read(16))


_NAME = CompactString("utf-8")


class _MetadataResponse(Response):
    API_KEY = 3
    API_VERSION = 10
    SCHEMA = Schema(
        ("throttle_time_ms", Int32),
        (
            "brokers",
            CompactArray(("node_id", Int32), ("host", _NAME), ("port", Int32), ("rack", _NAME), ("tags", TaggedFields)),
        ),
        ("cluster_id", _NAME),
        ("controller_id", Int32),
        (
            "topics",
            CompactArray(
                ("error_code", Int16),
                ("name", _NAME),
                ("topic_id", _Uuid),
                ("is_internal", Boolean),
                (
                    "partitions",
                    CompactArray(
                        ("error_code", Int16),
                        ("partition", Int32),
                        ("leader", Int32),
                        ("leader_epoch", Int32),
                        ("replicas", CompactArray(Int32)),
                        ("isr", CompactArray(Int32)),
                        ("offline", CompactArray(Int32)),
                        ("tags", TaggedFields),
                    ),
                ),
                ("authorized_operations", Int32),
                ("tags", TaggedFields),
            ),
        ),
        ("cluster_authorized_operations", Int32),
        ("tags", TaggedFields),
    )


class _MetadataRequestV10(RequestStruct):
    FLEXIBLE_VERSION = True
    API_KEY = 3
    API_VERSION = 10
    RESPONSE_TYPE = _MetadataResponse
    SCHEMA = Schema(
        ("topics", CompactArray(("topic_id", _Uuid), ("name", _NAME), ("tags", TaggedFields))),
        ("allow_auto_topic_creation", Boolean),
        ("include_cluster_authorized_operations", Boolean),
        ("include_topic_authorized_operations", Boolean),
        ("tags", TaggedFields),
    )


class _Topics(Request[_MetadataRequestV10]):
    API_KEY = 3

    def __init__(self, topics: Iterable[str]) -> None:
        self._topics: list[tuple[Any, ...]] = [(bytes(16), topic, {}) for topic in topics]

    def build(self, request_struct_class: type[_MetadataRequestV10]) -> _MetadataRequestV10:
        return request_struct_class(self._topics, False, False, True, {})


class _VersionsResponse(Response):
    API_KEY = 18
    API_VERSION = 3
    SCHEMA = Schema(
        ("error_code", Int16),
        ("api_keys", CompactArray(("api_key", Int16), ("lowest", Int16), ("highest", Int16), ("tags", TaggedFields))),
        ("throttle_time_ms", Int32),
        ("tags", TaggedFields),
    )


class _VersionsRequestV3(RequestStruct):
    FLEXIBLE_VERSION = True
    API_KEY = 18
    API_VERSION = 3
    RESPONSE_TYPE = _VersionsResponse
    SCHEMA = Schema(("software", _NAME), ("version", _NAME), ("tags", TaggedFields))

    def parse_response_header(self, read_buffer: BytesIO | bytes) -> ResponseHeader_v0:
        """The old one, so that a client of any age can read this answer."""
        return ResponseHeader_v0.decode(read_buffer)


class _Versions(Request[_VersionsRequestV3]):
    API_KEY = 18

    def build(self, request_struct_class: type[_VersionsRequestV3]) -> _VersionsRequestV3:
        return request_struct_class("aiokafka", VERSIONS["aiokafka"], {})


_FEATURES = CompactArray(("name", _NAME), ("lowest", Int16), ("highest", Int16), ("tags", TaggedFields))
"""What stands in the answer's field 0."""


async def features(admin: Any) -> dict[int, dict[str, int]]:
    """Broker -> feature -> the highest level of it that the broker has. Raises KafkaError."""
    client = admin._client  # noqa: SLF001 - see the module's docstring
    found = {}
    for broker in client.cluster.brokers():
        response = await client.send(broker.nodeId, _Versions())
        told = _FEATURES.decode(BytesIO(response.tags.get(0, b"\x01"))) or ()
        found[broker.nodeId] = {name: highest for name, _, highest, _ in told}
    return found


class Made(NamedTuple):
    """id: given to a topic when it was made, as hex."""

    id: str
    partitions: int


async def topic_ids(consumer: aiokafka.AIOKafkaConsumer, topics: Collection[str]) -> dict[str, Made]:
    """Those of the topics that are there. Raises KafkaError."""
    client = consumer._client  # noqa: SLF001 - see the module's docstring
    response = await client.send(client.get_random_node(), _Topics(topics))
    found = {}
    for code, name, identity, _, partitions, *_ in response.topics:
        error = for_code(code)
        if error is NoError:
            found[name] = Made(bytes(identity).hex(), len(partitions))
        elif error is not UnknownTopicOrPartitionError:
            raise error(name)
    return found


async def operations(admin: Any, topics: Iterable[str]) -> dict[str, frozenset[int]]:
    """Topic -> what this user may do with it; those that are missing are left out. Raises KafkaError."""
    client = admin._client  # noqa: SLF001 - see the module's docstring
    response = await client.send(client.get_random_node(), _Topics(topics))
    found = {}
    for code, name, _, _, _, bits, _ in response.topics:
        error = for_code(code)
        if error in (NoError, TopicAuthorizationFailedError):
            found[name] = frozenset(bit for bit in range(32) if error is NoError and bits >> bit & 1)
        elif error is not UnknownTopicOrPartitionError:
            raise error(name)
    return found


async def allow(admin: Any, principal: str, operation: int, kind: int, name: str, *, prefixed: bool) -> None:
    """Make an ACL, for any host. Raises KafkaError."""
    client = admin._client  # noqa: SLF001 - see the module's docstring
    request = CreateAclsRequest(kind, name, PREFIXED if prefixed else LITERAL, principal, "*", operation, ALLOW)
    response = await client.send(client.get_random_node(), request)
    for code, message in response.creation_responses:
        if code:
            raise for_code(code)(message)

"""What the protocol has and aiokafka does not: topic ids, rights, the features of brokers."""

from __future__ import annotations

from collections.abc import Collection, Iterable
from io import BytesIO
from typing import Any, NamedTuple

import aiokafka
from aiokafka.errors import NoError, TopicAuthorizationFailedError, UnknownTopicOrPartitionError, for_code
from aiokafka.protocol.admin import CreateAclsRequest
from aiokafka.protocol.api import Request, RequestStruct, Response, ResponseHeader_v0
from aiokafka.protocol.commit import OffsetFetchRequest
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
from aiokafka.structs import TopicPartition

from . import VERSIONS

LITERAL, PREFIXED, ALLOW = 3, 4, 3
"""The protocol's numbers of patterns and of what an ACL says."""


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
    client = admin._client  # noqa: SLF001 - see the package's docstring
    found = {}
    for broker in client.cluster.brokers():
        response = await client.send(broker.nodeId, _Versions())
        told = _FEATURES.decode(BytesIO(response.tags.get(0, b"\x01"))) or ()
        found[broker.nodeId] = {name: highest for name, _, highest, _ in told}
    return found


async def group_offsets(
    admin: Any, group: str, coordinator: int, of: Iterable[TopicPartition]
) -> dict[TopicPartition, int]:
    """What a group has committed.

    Raises KafkaError: also when the broker is the group's coordinator no more, which aiokafka takes for an answer
    without offsets.
    """
    by_topic: dict[str, list[int]] = {}
    for topic, number in of:
        by_topic.setdefault(topic, []).append(number)
    client = admin._client  # noqa: SLF001 - see the package's docstring
    response = await client.send(coordinator, OffsetFetchRequest(group, list(by_topic.items())))
    found = {}
    codes = [response.error_code]
    for topic, partitions in response.topics:
        for number, offset, _, code in partitions:
            codes.append(code)
            found[TopicPartition(topic, number)] = offset
    for error in map(for_code, codes):
        if error is not NoError:
            raise error(group)
    return {at: offset for at, offset in found.items() if offset >= 0}


class Made(NamedTuple):
    """id: given to a topic when it was made, as hex."""

    id: str
    partitions: int


async def topic_ids(consumer: aiokafka.AIOKafkaConsumer, topics: Collection[str]) -> dict[str, Made]:
    """Those of the topics that are there. Raises KafkaError."""
    client = consumer._client  # noqa: SLF001 - see the package's docstring
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
    client = admin._client  # noqa: SLF001 - see the package's docstring
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
    client = admin._client  # noqa: SLF001 - see the package's docstring
    request = CreateAclsRequest(kind, name, PREFIXED if prefixed else LITERAL, principal, "*", operation, ALLOW)
    response = await client.send(client.get_random_node(), request)
    for code, message in response.creation_responses:
        if code:
            raise for_code(code)(message)

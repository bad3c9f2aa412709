"""A member of the group: what it is asked, and what it tells."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from aiokafka.errors import GroupAuthorizationFailedError, KafkaError, NoError, RebalanceInProgressError, for_code
from aiokafka.protocol.commit import OffsetCommitRequest
from aiokafka.protocol.group import HeartbeatRequest
from aiokafka.structs import TopicPartition
from faust.transport.drivers import aiokafka as driver


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
    coordinator = consumer._coordinator  # noqa: SLF001 - see the package's docstring
    if not _belongs(coordinator):
        return False
    request = HeartbeatRequest(coordinator.group_id, coordinator.generation, coordinator.member_id)
    try:
        response = await coordinator._send_req(request)  # noqa: SLF001 - see the package's docstring
    except KafkaError:
        return False
    error = for_code(response.error_code)
    if error is GroupAuthorizationFailedError:
        raise error(coordinator.group_id)
    return error in (NoError, RebalanceInProgressError)


def forget_name(consumer: Any) -> None:
    """A member with a name does not leave the group when it is stopped; without, it does."""
    consumer._coordinator._group_instance_id = None  # noqa: SLF001 - see the package's docstring


async def tell(consumer: Any, places: Mapping[TopicPartition, int]) -> None:
    """Tell the group, once, of the partitions that this member has. Raises KafkaError.

    aiokafka's own way takes a refusal in the middle of a rebalance for a reason to join anew, which begins the next
    rebalance, in which the others are refused: members that tell often enough take turns for ever. Whether we belong
    to the group is for heartbeats to find out.
    """
    coordinator, ours = consumer._coordinator, consumer.assignment()  # noqa: SLF001 - see the package's docstring
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
    response = await coordinator._send_req(request)  # noqa: SLF001 - see the package's docstring
    for error in {for_code(code) for _, partitions in response.topics for _, code in partitions} - {NoError}:
        raise error(coordinator.group_id)


def _belongs(coordinator: Any) -> bool:
    """Whether it has joined, as far as it knows."""
    return coordinator.generation >= 0 and bool(coordinator.member_id) and coordinator.coordinator_id is not None

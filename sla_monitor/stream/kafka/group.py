"""Who is in a consumer group, and what it has been told."""

from __future__ import annotations

import asyncio
from collections.abc import Collection

from aiokafka.admin import AIOKafkaAdminClient
from aiokafka.errors import GroupCoordinatorNotAvailableError, KafkaError, for_code
from aiokafka.structs import TopicPartition

from sla_monitor.errors import Unavailable
from sla_monitor.records import Partition

from .access import Access
from .internals.protocol import group_offsets
from .offsets import LIMIT
from .refusals import explained

AGAIN = 0.2
"""Seconds between two questions for the coordinator: the first one of a cluster's life makes the topic it needs."""


class Group:
    """Asks by a client that does nothing else; connects with the first question."""

    def __init__(self, access: Access, name: str) -> None:
        self._access, self._name = access, name
        self._admin: AIOKafkaAdminClient | None = None
        self._coordinator: int | None = None
        self._starting = asyncio.Lock()

    async def places(self, of: Collection[Partition]) -> dict[Partition, int]:
        """Partition -> place, of those that it has been told of. Raises Unavailable."""
        try:
            async with asyncio.timeout(LIMIT):
                admin, coordinator = await self._started()
                asked = [TopicPartition(*partition) for partition in of]
                found = await group_offsets(admin, self._name, coordinator, asked)
        except (KafkaError, TimeoutError, OSError) as error:
            self._coordinator = None
            raise Unavailable(f"the group {self._name} does not say where it is: {error!r}") from error
        return {Partition(*at): offset for at, offset in found.items()}

    async def stop(self) -> None:
        if self._admin is not None:
            await self._admin.close()

    async def _started(self) -> tuple[AIOKafkaAdminClient, int]:
        async with self._starting:
            if self._admin is None:
                admin = AIOKafkaAdminClient(**self._access.client())
                await admin.start()
                self._admin = admin
            if self._coordinator is None:
                self._coordinator = await _coordinator(self._admin, self._name)
            return self._admin, self._coordinator


async def members(access: Access, group: str) -> int:
    """How many there are; 0 for a group that nobody has joined yet. Raises Unavailable, Misconfigured."""
    admin = AIOKafkaAdminClient(**access.client())
    try:
        async with asyncio.timeout(LIMIT):
            await admin.start()
            (answer,) = await admin.describe_consumer_groups([group], await _coordinator(admin, group))
    except (KafkaError, TimeoutError, OSError) as error:
        raise await explained(access, error, f"the group {group} is not known") from error
    finally:
        await admin.close()
    (described,) = answer.groups
    if described[0]:
        raise Unavailable(f"the group {group} is not known: {for_code(described[0]).__name__}")
    return len(described[5])


async def _coordinator(admin: AIOKafkaAdminClient, group: str) -> int:
    while True:
        try:
            coordinator: int = await admin.find_coordinator(group)
        except GroupCoordinatorNotAvailableError:
            await asyncio.sleep(AGAIN)
        else:
            return coordinator

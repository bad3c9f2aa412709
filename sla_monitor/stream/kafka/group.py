"""Who is in a consumer group."""

from __future__ import annotations

import asyncio

from aiokafka.admin import AIOKafkaAdminClient
from aiokafka.errors import GroupCoordinatorNotAvailableError, KafkaError

from .access import Access
from .offsets import LIMIT
from .refusals import explained

AGAIN = 0.2
"""Seconds between two questions for the coordinator: the first one of a cluster's life makes the topic it needs."""


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
    return len(described[5])


async def _coordinator(admin: AIOKafkaAdminClient, group: str) -> int:
    while True:
        try:
            coordinator: int = await admin.find_coordinator(group)
        except GroupCoordinatorNotAvailableError:
            await asyncio.sleep(AGAIN)
        else:
            return coordinator

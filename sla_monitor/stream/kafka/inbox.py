"""The port `Inbox` on Kafka: an idempotent producer that waits for all replicas."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from typing import Any

import aiokafka
from aiokafka.errors import KafkaError

from sla_monitor.errors import Unavailable
from sla_monitor.records import Record

from .access import Access
from .refusals import explained

LIMIT = 10.0
"""Seconds for an acknowledgement; after that the sender is told to send again."""
WAITING = 50_000
"""Records under way at most; beyond that events are refused at once."""


class KafkaInbox:
    """Start it before use. A record is in the partition of its key, or of its number."""

    def __init__(self, access: Access) -> None:
        self._access = access
        self._producer: aiokafka.AIOKafkaProducer | None = None
        self._waiting = 0

    async def start(self) -> None:
        """Raises Unavailable, Misconfigured."""
        producer = aiokafka.AIOKafkaProducer(
            **self._access.client(), enable_idempotence=True, acks="all", max_batch_size=1 << 20
        )
        try:
            await asyncio.wait_for(producer.start(), LIMIT)
        except (KafkaError, TimeoutError, OSError) as error:
            await producer.stop()
            raise await explained(self._access, error, "no producer starts") from error
        self._producer = producer

    async def stop(self) -> None:
        if self._producer is not None:
            try:
                await asyncio.wait_for(self._producer.stop(), LIMIT)
            except (KafkaError, TimeoutError, OSError):
                return

    async def append(self, records: Sequence[Record]) -> None:
        """See `Inbox.append`."""
        if self._waiting + len(records) > WAITING:
            raise Unavailable("too many events wait for the brokers")
        self._waiting += len(records)
        try:
            async with asyncio.timeout(LIMIT):
                await asyncio.gather(*[await self._send(record) for record in records])
        except (KafkaError, TimeoutError, OSError) as error:
            raise Unavailable(f"not known to be stored: {error!r}") from error
        finally:
            self._waiting -= len(records)

    async def _send(self, record: Record) -> asyncio.Future[Any]:
        assert self._producer is not None
        sent: asyncio.Future[Any] = await self._producer.send(
            record.topic, record.value, record.key, partition=record.number, timestamp_ms=record.timestamp
        )
        return sent

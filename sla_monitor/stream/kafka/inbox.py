"""The port `Inbox` on Kafka: an idempotent producer that waits for all replicas."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Iterable, Mapping, Sequence
from contextlib import suppress
from typing import Any

from aiokafka import errors as kafka

from sla_monitor.clock import monotonic
from sla_monitor.errors import Unavailable
from sla_monitor.records import Record
from sla_monitor.stream.placement import partition_of

from .access import Access
from .internals.sending import Producer
from .producer import ABANDON_LIMIT

logger = logging.getLogger(__name__)

LIMIT = 10.0
"""Seconds for an acknowledgement; after that the sender is told to send again. A broker that died is out of the in-sync
replicas after 9, Kafka's default."""
WAITING = 50_000
"""Records under way at most; beyond that events are refused at once."""
REST = 10.0
"""Seconds for which a failure is remembered; then somebody has to try again."""

SETTINGS: Mapping[str, Any] = {
    "enable_idempotence": True,
    "acks": "all",
    "max_batch_size": 1 << 20,
    "max_request_size": 2 << 20,
    "request_timeout_ms": 5_000,  # of a broker that stands still: another one may have its partitions within LIMIT
}


class KafkaInbox:
    """Connects with the first record. partitions: every topic -> its number of partitions.

    A batch that a broker refuses takes its sequence numbers with it, so that all later ones of its partition would be
    out of order, for as long as the producer lives; and a producer whose sender has died answers everything with the
    error of its death. So a producer that failed is replaced: one without a gap begins with the next request.
    """

    def __init__(self, access: Access, partitions: Mapping[str, int]) -> None:
        self._access, self._partitions = access, partitions
        self._producer: Producer | None = None
        self._starting = asyncio.Lock()
        self._retiring: set[asyncio.Task[None]] = set()
        self._waiting = 0
        self._failed_at = float("-inf")

    def failing(self) -> bool:
        """Whether something could not be stored within the last `REST` seconds."""
        return monotonic() - self._failed_at < REST

    async def append(self, records: Sequence[Record]) -> None:
        """See `Inbox.append`. Who is refused after `LIMIT` does not know: the records may still be stored."""
        if self._waiting + len(records) > WAITING:
            raise Unavailable("too many events wait for the brokers")
        self._waiting += len(records)
        try:
            async with asyncio.timeout(LIMIT):
                await self._store(await self._started(), records)
        except (kafka.KafkaError, TimeoutError, OSError) as error:
            self._failed_at = monotonic()
            raise Unavailable(f"not known to be stored: {error!r}") from error
        finally:
            self._waiting -= len(records)
        self._failed_at = float("-inf")

    async def stop(self) -> None:
        """Let go of the producers; nobody waits for what they still have."""
        for retiring in self._retiring:
            retiring.cancel()
        await asyncio.gather(*self._retiring, return_exceptions=True)
        if self._producer is not None:
            await self._producer.abandon(ABANDON_LIMIT)

    async def _store(self, producer: Producer, records: Iterable[Record]) -> None:
        """Return when all are acknowledged; each one's result is looked at, lest asyncio tell it again."""
        sent: list[asyncio.Future[Any]] = []
        try:
            for record in records:
                sent.append(await self._send(producer, record))  # noqa: PERF401 - those before a failure count too
            await asyncio.gather(*sent)
        except kafka.KafkaTimeoutError:
            raise
        except kafka.KafkaError as error:
            self._replace(producer, error)
            raise
        finally:
            for result in sent:
                result.cancel()
            await asyncio.gather(*sent, return_exceptions=True)

    async def _send(self, producer: Producer, record: Record) -> asyncio.Future[Any]:
        topic, key, value, timestamp, number = record
        partition = partition_of(key, self._partitions[topic]) if number is None else number
        sent: asyncio.Future[Any] = await producer.send(topic, value, key, partition, timestamp)
        return sent

    async def _started(self) -> Producer:
        async with self._starting:
            if self._producer is None:
                producer = Producer(**self._access.client(), **SETTINGS)
                try:
                    await producer.start()
                except BaseException:
                    await producer.abandon(ABANDON_LIMIT)
                    raise
                self._producer = producer
            return self._producer

    def _replace(self, producer: Producer, error: kafka.KafkaError) -> None:
        if producer is self._producer:
            logger.warning("events could not be stored: %r; a new producer takes over", error)
            self._producer = None
            retiring = asyncio.create_task(_retire(producer))
            self._retiring.add(retiring)
            retiring.add_done_callback(self._retiring.discard)


async def _retire(producer: Producer) -> None:
    """Let what it still has for other partitions reach them."""
    try:
        with suppress(kafka.KafkaError, TimeoutError, OSError):
            await asyncio.wait_for(producer.stop(), LIMIT)
    finally:
        await producer.abandon(ABANDON_LIMIT)

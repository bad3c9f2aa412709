"""A step as one transaction of the partition's own producer."""

from __future__ import annotations

import asyncio
from collections import defaultdict
from collections.abc import Iterable, Mapping
from typing import Any, NamedTuple, NoReturn

from aiokafka import errors as kafka
from aiokafka.structs import TopicPartition

from sla_monitor.errors import Fenced, TooLarge, TryAgain, Unanswered, Unavailable

from .access import Access
from .internals.sending import NoAnswer, Transactional
from .refusals import FORBIDDEN, forbidden

COMMIT_LIMIT = 6.0
"""Seconds for a whole transaction: below the session timeout, so that a revocation never waits on a dead broker."""
START_LIMIT = 10.0
"""Seconds to be given a producer id; ends the former owner's open transaction first."""
ABANDON_LIMIT = 1.0
"""Seconds for which connections are closed politely."""

SETTINGS: Mapping[str, Any] = {
    "transaction_timeout_ms": 10_000,  # a dead worker's open transaction blocks the readers of its outputs no longer
    "retry_backoff_ms": 5,  # after each transaction its markers are awaited: 100, the default, doubles its time
    "linger_ms": 0,  # a step gives whole batches
    "max_batch_size": 1 << 20,
    "request_timeout_ms": 10_000,
}

_FENCING = (kafka.ProducerFenced, kafka.InvalidProducerEpoch, kafka.InvalidProducerIdMapping, kafka.InvalidTxnState)
_TOO_LARGE = (kafka.MessageSizeTooLargeError, kafka.RecordListTooLargeError)


class Item(NamedTuple):
    """What is appended. value: None deletes the row of the key. timestamp: ms; None: now."""

    key: bytes
    value: bytes | None
    timestamp: int | None


class Producer:
    """The one writer of a partition: starting it fences the former one. Use `started`."""

    def __init__(self, producer: Transactional) -> None:
        self._producer = producer
        self._failed: TryAgain | None = None

    @classmethod
    async def started(cls, access: Access, transactional_id: str) -> Producer:
        """Raises Unavailable, Misconfigured."""
        producer = Transactional(**access.client(), **SETTINGS, transactional_id=transactional_id)
        try:
            await asyncio.wait_for(producer.start(), START_LIMIT)
        except BaseException as error:
            await producer.abandon(ABANDON_LIMIT)
            if not isinstance(error, (kafka.KafkaError, TimeoutError, OSError)):
                raise
            _refuse(error, transactional_id)
        return cls(producer)

    async def write(self, items: Mapping[TopicPartition, Iterable[Item]]) -> None:
        """All items in one transaction. Raises TooLarge, and this producer is still good; else see `Owned.commit`."""
        if self._failed is not None:
            raise self._failed
        try:
            await self._transaction(items)
        except TryAgain as error:
            self._failed = error
            raise

    async def _transaction(self, items: Mapping[TopicPartition, Iterable[Item]]) -> None:
        try:
            async with asyncio.timeout(COMMIT_LIMIT):
                await self._attempt(items)
        except _TOO_LARGE as error:
            await self._abort()
            raise TooLarge(f"a record that the broker does not take: {error}") from error
        except _FENCING as error:
            raise Fenced(f"another worker has opened the partition: {type(error).__name__}") from error
        except (kafka.KafkaError, TimeoutError, OSError) as error:
            _refuse(error, "the transaction")

    async def _attempt(self, items: Mapping[TopicPartition, Iterable[Item]]) -> None:
        """Raises what made it fail first: aiokafka refuses whatever it is asked between that and telling of it."""
        try:
            await self._producer.begin_transaction()
            await self._send(items)
            await self._producer.commit_transaction()
        except (kafka.IllegalOperation, AssertionError) as refused:
            failure = self._producer.failure()
            if failure is None:
                raise
            raise failure from refused

    async def abandon(self) -> None:
        """Let go of it; nothing is awaited for longer than a moment, nothing is raised."""
        await self._producer.abandon(ABANDON_LIMIT)

    async def _send(self, items: Mapping[TopicPartition, Iterable[Item]]) -> None:
        """Every batch's result is read: a commit would succeed without those that failed."""
        sent = [asyncio.ensure_future(self._fill(at, some)) for at, some in items.items()]
        try:
            await asyncio.gather(*sent)
        finally:
            for sending in sent:
                sending.cancel()
            await asyncio.gather(*sent, return_exceptions=True)

    async def _fill(self, at: TopicPartition, items: Iterable[Item]) -> None:
        """One partition's items, in order, in as few batches as hold them."""
        results = []
        batch = self._producer.create_batch()
        for key, value, timestamp in items:
            if batch.append(key=key, value=value, timestamp=timestamp) is None:
                results.append(await self._give(batch, at))
                batch = self._producer.create_batch()
                batch.append(key=key, value=value, timestamp=timestamp)
        results.append(await self._give(batch, at))
        await asyncio.gather(*results)

    async def _give(self, batch: Any, at: TopicPartition) -> asyncio.Future[Any]:
        batch.close()
        given: asyncio.Future[Any] = await self._producer.send_batch(batch, at.topic, partition=at.partition)
        given.add_done_callback(_look)
        return given

    async def _abort(self) -> None:
        """Where that fails, the next commit says so, and whoever opens the partition anew ends what is left."""
        try:
            async with asyncio.timeout(COMMIT_LIMIT):
                await self._producer.abort_transaction()
        except (kafka.KafkaError, TimeoutError, OSError) as error:
            self._failed = Unanswered(f"the end of a transaction that was too large: {error!r}")


def grouped(topic_items: Iterable[tuple[TopicPartition, Item]]) -> Mapping[TopicPartition, list[Item]]:
    groups: dict[TopicPartition, list[Item]] = defaultdict(list)
    for at, item in topic_items:
        groups[at].append(item)
    return groups


def _look(done: asyncio.Future[Any]) -> None:
    """Another failure may be told first; without a look at this one, asyncio would complain."""
    if not done.cancelled():
        done.exception()


def _refuse(error: BaseException, what: str) -> NoReturn:
    """Say what the caller can do about it."""
    name = type(error).__name__
    if isinstance(error, FORBIDDEN):
        raise forbidden(error, what) from error
    kind: type[TryAgain] = Unavailable if what != "the transaction" else Unanswered
    if isinstance(error, NoAnswer):
        kind = Unanswered
    raise kind(f"{what}: {name} {error}".rstrip()) from error

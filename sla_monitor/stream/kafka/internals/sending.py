"""Producers: what is under way can be dropped, and a transaction is ended once."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Iterator
from itertools import chain
from typing import Any, ClassVar

import aiokafka
from aiokafka.client import CoordinationType
from aiokafka.errors import KafkaError
from aiokafka.producer.sender import EndTxnHandler, Sender


class NoAnswer(KafkaError):
    """The end of a transaction was asked for, and no answer came: nobody knows whether it was committed."""


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
        batches = chain(accumulator._pending_batches, *accumulator._batches.values())  # noqa: SLF001 - see the package's docstring
        waiters = [manager._transaction_waiter, *(batch._drain_waiter for batch in batches)]  # noqa: SLF001 - likewise
        for waiter in waiters:
            if waiter is not None and waiter.done() and not waiter.cancelled():
                waiter.exception()


class Transactional(Producer):
    """A transactional producer that never sends the end of a transaction twice."""

    _SENDER = _OnceSender

    def failure(self) -> BaseException | None:
        """What has made the transaction under way fail; None while nothing has."""
        waiter = self._txn_manager._transaction_waiter  # noqa: SLF001 - see the package's docstring
        return waiter.exception() if waiter is not None and waiter.done() and not waiter.cancelled() else None

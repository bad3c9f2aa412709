"""Between Faust and the owned partitions: batches in, partitions taken and let go."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import AsyncIterator, Callable, Iterable
from typing import Any

import faust

from sla_monitor.records import Partition

from .partition import Owner
from .step import Batch

logger = logging.getLogger(__name__)

STEP_LIMIT = 4.0
"""Seconds that a revocation waits for a step: well below the session timeout, or the group throws us out."""


class Batches(faust.Schema):
    """Hands the consumer's batches on as they are: records are decoded in their partition."""

    def compile(self, app: Any, **_: Any) -> Callable[..., Any]:
        async def decode(message: Any, *, propagate: bool = False) -> Any:  # noqa: ARG001 - Faust's signature
            return app.create_event(None, message.value, [], message)

        return decode


class Ownership:
    """The partitions that this worker owns. make: builds the owner of one; ended: told how its task ended."""

    def __init__(
        self,
        topics: Iterable[str],
        make: Callable[[Partition], Owner],
        ended: Callable[[asyncio.Task[None]], None],
    ) -> None:
        self.owners: dict[Partition, Owner] = {}
        self._topics = frozenset(topics)
        self._make = make
        self._ended = ended
        self._settled = asyncio.Event()
        self._stopping = False

    async def assigned(self, _app: Any, assigned: Iterable[Any], **_: Any) -> None:
        """Take what is new, keep what we had, let go of the rest: handler of the signal."""
        wanted = () if self._stopping else assigned
        ours = [Partition(tp.topic, tp.partition) for tp in wanted if tp.topic in self._topics]
        await self._let_go(owner for partition, owner in self.owners.items() if partition not in ours)
        for partition in sorted(ours):
            if partition in self.owners:
                self.owners[partition].resume()
            else:
                owner = self.owners[partition] = self._make(partition)
                owner.start().add_done_callback(self._ended)
        logger.info("owns %s", ", ".join(f"{topic}/{number}" for topic, number in sorted(ours)) or "nothing")
        self._settled.set()

    async def revoked(self, _app: Any, revoked: Iterable[Any], **_: Any) -> None:
        """Begin no step until it is known what we keep: handler of the signal."""
        self._settled.clear()
        held = [owner for tp in revoked if (owner := self.owners.get(Partition(tp.topic, tp.partition)))]
        still = await asyncio.gather(*(owner.hold(STEP_LIMIT) for owner in held))
        await self._let_go(owner for owner, quiet in zip(held, still, strict=True) if not quiet)

    async def put(self, partition: Partition, batch: Batch) -> None:
        """Hand a batch to its owner. It may have come before the assignment was handled."""
        await self._settled.wait()
        owner = self.owners.get(partition)
        if owner is not None:
            await owner.put(batch)

    async def stop(self) -> None:
        """Let go of all, and take no other."""
        self._stopping = True
        await self._let_go(list(self.owners.values()))

    async def _let_go(self, owners: Iterable[Owner]) -> None:
        gone = list(owners)
        await asyncio.gather(*(owner.stop(STEP_LIMIT / 4) for owner in gone))
        for owner in gone:
            if self.owners.get(owner.partition) is owner:  # a stop may come in the middle of a rebalance
                del self.owners[owner.partition]


def register(app: faust.App, topic: str, ownership: Ownership) -> None:
    """The agent of one log: it only hands on, so that no exception can lose a batch."""

    async def hand_on(stream: Any) -> None:
        events: AsyncIterator[Any] = stream.events()
        async for event in events:
            tp = event.message.tp
            await ownership.put(Partition(tp.topic, tp.partition), event.value)

    app.agent(app.topic(topic, schema=Batches()), name=topic)(hand_on)

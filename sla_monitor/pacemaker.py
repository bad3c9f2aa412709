"""Sends heartbeats the whole way that leads go, through each partition of their log."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Iterator, Sequence
from itertools import count, cycle

from . import codec
from .clock import Clock
from .core.effects import Log, Public
from .core.events import Heartbeat
from .core.heartbeat import PREFIX, Stage, passed
from .errors import Unavailable
from .logs import Logs
from .metrics import Metrics
from .records import Record
from .stream.placement import partition_of

logger = logging.getLogger(__name__)


class Pacemaker:
    """every: seconds between two rounds; a round is a heartbeat a partition, on Kafka by way of the public topic."""

    def __init__(self, logs: Logs, clock: Clock, metrics: Metrics, every: float) -> None:
        self._logs, self._clock, self._metrics, self._every = logs, clock, metrics, every
        public = logs.prefix + Public.LEADS
        self._way: tuple[str, Sequence[int | None]] = logs.topic(Log.EVENTS), [None]
        if public in logs.topics:  # through each of its partitions, too
            self._way = public, range(logs.topics[public])
        self._keys = list(keys(logs.topics[logs.topic(Log.EVENTS)]))

    async def run(self) -> None:
        """Until cancelled. One that cannot be stored is not sent again: the next one tells the same."""
        while True:
            await asyncio.sleep(self._every)
            try:
                await self.beat()
            except Unavailable as error:
                logger.warning("no heartbeat: %s", error)

    async def beat(self) -> None:
        """One round. Raises Unavailable."""
        now = self._clock.now()
        beats = [Heartbeat(key=key, partition=number, at=now) for number, key in enumerate(self._keys)]
        await self._logs.inbox.append(list(self._records(beats)))
        for beat in beats:
            self._metrics.beat(passed(beat, Stage.INGEST), self._clock)

    def _records(self, beats: list[Heartbeat]) -> Iterator[Record]:
        topic, doors = self._way
        for beat, door in zip(beats, cycle(doors), strict=False):
            yield Record(topic, beat.key.encode(), codec.encode_record(beat), beat.at, door)


def keys(partitions: int) -> Iterator[str]:
    """For each partition, in their order, a key that belongs there."""
    for number in range(partitions):
        tried = (f"{PREFIX}{n}" for n in count())
        yield next(key for key in tried if partition_of(key.encode(), partitions) == number)

"""What waits to be folded, and whether something before it was dropped on the way."""

from __future__ import annotations

import logging
from collections import deque
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from typing import Any

from sla_monitor.clock import monotonic
from sla_monitor.records import Stored

from .step import Batch
from .timers import Entry

logger = logging.getLogger(__name__)

FAR = 10_000
"""Positions behind what was seen from which on a seek forward is cheaper than reading on."""


@dataclass(frozen=True, slots=True)
class Bounds:
    """Of one step: records, bytes of their values, timers, seconds of folds. waiting: records kept before the intake
    is held up.

    interval: seconds from the beginning of a step to that of the next, while less than `enough` waits.
    """

    records: int = 2_000
    bytes: int = 1 << 20
    timers: int = 500
    seconds: float = 0.1
    waiting: int = 20_000
    interval: float = 0.0
    enough: int = 500


BOUNDS = Bounds()


@dataclass(frozen=True, slots=True)
class Source:
    """Where the records of a partition come from.

    again_from: begin to read again at a position. end: the log's end as far as it is known.
    """

    again_from: Callable[[int], Awaitable[None]]
    end: Callable[[], int] = lambda: 0


@dataclass(slots=True)
class Gathered:
    """What goes into one step.

    at: when it was gathered, ms. now: the instant that decides, earlier than `at` by what timers have waited for
    intake. blind: they were not to wait any longer (R8).
    """

    at: int
    now: int
    blind: bool = False
    records: list[Stored] = field(default_factory=list)
    fed: list[tuple[Any, str]] = field(default_factory=list)
    due: list[Entry] = field(default_factory=list)
    rechecks: list[bytes] = field(default_factory=list)

    def __len__(self) -> int:
        return len(self.records) + len(self.fed) + len(self.due) + len(self.rechecks)

    def split(self, done: int) -> Gathered:
        """Keep the first inputs, in the order in which they are folded; the rest."""
        rest = Gathered(self.at, self.now, self.blind)
        for name in ("fed", "records", "due", "rechecks"):
            inputs = getattr(self, name)
            setattr(rest, name, inputs[done:])
            del inputs[done:]
            done -= len(inputs)
        return rest

    def only(self) -> int | bytes | None:
        """Of a single input, the offset of the record or the key of the timer; None for a result."""
        if self.records:
            return self.records[0].offset
        timers = [key for _, key in self.due] + self.rechecks
        return timers[0] if timers else None


class Waiting:
    """The batches that came and are not folded yet. seen: all before this position has been taken.

    lost: what comes does not join on to `seen`, so the log is to be read again from there.
    """

    def __init__(self) -> None:
        self._batches: deque[Batch] = deque()
        self._records = 0
        self.seen = 0
        self.lost = False

    def __len__(self) -> int:
        """Records that wait."""
        return self._records

    def __bool__(self) -> bool:
        return bool(self._batches)

    @property
    def oldest(self) -> int | None:
        """The timestamp of the first record that waits, ms."""
        return next((batch.records[0].timestamp for batch in self._batches if batch.records), None)

    def put(self, batch: Batch) -> None:
        self._batches.append(batch)
        self._records += len(batch.records)

    def restart(self, place: int) -> None:
        """The partition was opened at `place`: what came before that waits on, and is judged by where it starts."""
        self.seen = place
        self.lost = not self._batches

    def clear(self) -> None:
        self._batches.clear()
        self._records = 0

    def take(self, records: int, size: int) -> list[Stored]:
        """The next records, at most `records`, and about `size` bytes; what lies beyond a gap is dropped."""
        taken: list[Stored] = []
        while self._batches and len(taken) < records and size > 0:
            batch = self._batches.popleft()
            self._records -= len(batch.records)
            self.lost = batch.start > self.seen or batch.end + FAR < self.seen
            if batch.start <= self.seen:
                fresh = self._fresh(batch, records - len(taken))
                size -= sum(len(record.value or b"") for record in fresh)
                taken += fresh
        return taken

    def give_back(self, place: int, records: list[Stored]) -> None:
        """Records that were taken last, to be taken again; nothing from `place` on has been folded."""
        if self.seen > place:
            self._batches.appendleft(Batch(place, self.seen, records))
            self._records += len(records)
            self.seen = place

    def _fresh(self, batch: Batch, room: int) -> list[Stored]:
        """The records not seen yet; those beyond `room` wait on."""
        fresh = [record for record in batch.records if record.offset >= self.seen]
        if len(fresh) <= room:
            self.seen = max(self.seen, batch.end)
            return fresh
        self.seen = fresh[room - 1].offset + 1
        rest = fresh[room:]
        self._batches.appendleft(Batch(self.seen, batch.end, rest))
        self._records += len(rest)
        return fresh[:room]


class Seeker:
    """Has a partition read again from what was seen, at most once in `idle` seconds.

    What is on its way is dropped meanwhile. name: of the partition, for the log.
    """

    def __init__(self, source: Source, idle: float, name: str) -> None:
        self._source, self._idle, self._name = source, idle, name
        self.soon()

    def soon(self) -> None:
        """The next call seeks, however short ago the last one was."""
        self._sought = float("-inf")

    async def seek(self, waiting: Waiting) -> None:
        if monotonic() - self._sought < self._idle:
            return
        self._sought = monotonic()
        try:
            await self._source.again_from(waiting.seen)
            waiting.lost = False
        except Exception as error:  # noqa: BLE001 - the consumer is being replaced; it is asked again
            logger.warning("%s cannot be read again yet: %s", self._name, type(error).__name__)

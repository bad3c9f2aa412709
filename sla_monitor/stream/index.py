"""What is derived from the headers of the committed rows of a partition: its timers and its gauges."""

from __future__ import annotations

import asyncio
from collections import defaultdict
from collections.abc import Callable, Collection, Iterator, Mapping
from dataclasses import dataclass
from itertools import islice

from sla_monitor.codec import HEADER, NEVER, OURS, READ, VERSION, Undecodable, next_due, read_header
from sla_monitor.core.fold import Plain, Reducer

from .timers import Earliest

SLICE = 20_000
"""Rows looked at before others get the event loop; about 20 ms."""


@dataclass(frozen=True, slots=True)
class Gauges:
    """states: rows by status. oldest: the earliest started_at of a row that waits, ms. next_due: ms."""

    states: Mapping[int, int]
    oldest: int | None
    rows: int
    next_due: int | None


class Index:
    """Follows the rows commit by commit. rows: the committed rows; waiting: statuses that `oldest` looks at."""

    def __init__(self, rows: Callable[[], Mapping[bytes, bytes]], waiting: Collection[int]) -> None:
        self._rows = rows
        self._waiting = frozenset(waiting)
        self._states: defaultdict[int, int] = defaultdict(int)
        self.timers = Earliest(self._due)
        self._oldest = Earliest(self._started)

    async def build(self, name: str, reducer: Reducer) -> None:
        """Read every header, and show it a reducer that derives something from it; no row is decoded.

        Raises Undecodable, naming the partition `name`, for what is no row.
        """
        shown = None if isinstance(reducer, Plain) else reducer.moved
        read, size, states, waiting = HEADER.unpack_from, HEADER.size, self._states, self._waiting
        for rows in slices(self._rows()):
            dues: list[int] = []
            due: list[bytes] = []
            starts: list[int] = []
            started: list[bytes] = []
            for key, value in rows:
                if len(value) < size or value[0] not in READ:
                    raise Undecodable(
                        f"{name}: what lies at the key {key!r} is no row of versions {READ[0]} to {VERSION}, "
                        "which this program reads: docs/runbooks/unreadable-rows.md says what to do"
                    )
                _, at, status, began, _ = read(value)
                states[status] += 1
                if at != NEVER:
                    dues.append(at)
                    due.append(key)
                if status in waiting:
                    starts.append(began)
                    started.append(key)
                if shown is not None:
                    shown(key, None, read_header(value))
            self.timers.add(dues, due)
            self._oldest.add(starts, started)
            await asyncio.sleep(0)

    def moved(self, key: bytes, old: bytes | None, new: bytes | None) -> None:
        """A commit has replaced `old` by `new`."""
        if old is not None:
            self._states[old[9]] -= 1
        if new is None:
            return
        _, due, status, began, _ = HEADER.unpack_from(new)
        self._states[status] += 1
        if due != NEVER and (old is None or next_due(old) != due):
            self.timers.push(due, key)
        if status in self._waiting and (old is None or self._began(old) != began):
            self._oldest.push(began, key)

    def gauges(self) -> Gauges:
        states = {status: count for status, count in sorted(self._states.items()) if count}
        oldest, due = self._oldest.first(), self.timers.first()
        return Gauges(states, oldest and oldest[0], sum(states.values()), due and due[0])

    def _due(self, key: bytes) -> int | None:
        value = self._rows().get(key)
        return None if value is None else next_due(value)

    def _started(self, key: bytes) -> int | None:
        value = self._rows().get(key)
        return None if value is None else self._began(value)

    def _began(self, value: bytes) -> int | None:
        """The start of a row's clock if it waits."""
        _, _, status, began, _ = HEADER.unpack_from(value)
        return began if status in self._waiting else None


def slices(rows: Mapping[bytes, bytes]) -> Iterator[list[tuple[bytes, bytes]]]:
    """The rows of reducers, some at a time."""
    items = iter(rows.items())
    while some := list(islice(items, SLICE)):
        yield [item for item in some if item[0][:1] != OURS]

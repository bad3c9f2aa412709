"""Instants in order, of which nothing is ever cancelled: what is stale is dropped when it comes up.

A million timers as tuples in a heap are 120 bytes each. Here only the newest are; whenever these are many they become
a run, two columns in order, of 16 bytes an entry, and the earliest of all is the earliest of the runs' ends.
"""

from __future__ import annotations

from array import array
from collections import deque
from collections.abc import Callable, Iterable, Sequence
from heapq import heapify, heappop, heappush, heapreplace
from itertools import chain

Entry = tuple[int, bytes]
"""(instant in ms, key of a row)"""

RUN = 4_096
"""Entries of a run: sorting as many takes about a millisecond."""


class Run:
    """Entries in order, of which the earliest is taken first. number: tells runs apart whose earliest is the same."""

    __slots__ = ("_instants", "_keys", "number")

    def __init__(self, instants: Sequence[int], keys: list[bytes], number: int) -> None:
        """Latest first."""
        self.number = number
        self._instants, self._keys = array("q", instants), keys

    def first(self) -> Entry:
        return self._instants[-1], self._keys[-1]

    def pop(self) -> None:
        del self._instants[-1], self._keys[-1]

    def entries(self) -> Iterable[Entry]:
        return zip(self._instants, self._keys, strict=True)

    def __len__(self) -> int:
        return len(self._keys)


class Earliest:
    """The earliest instants of many rows. instant: what a row says now, None if it has none any more."""

    def __init__(self, instant: Callable[[bytes], int | None]) -> None:
        self._instant = instant
        self._newest: list[Entry] = []
        self._runs: deque[Run] = deque()  # the next ones to be swept first
        self._ends: list[tuple[int, bytes, int, Run]] = []
        self._number = 0

    def push(self, at: int, key: bytes) -> None:
        heappush(self._newest, (at, key))
        if len(self._newest) >= RUN:
            newest, self._newest = self._newest, []
            self.add([at for at, _ in newest], [key for _, key in newest])
            self._sweep()

    def add(self, instants: list[int], keys: list[bytes]) -> None:
        """Many at once, in any order, side by side."""
        floats = list(map(float, instants))  # which sort the fastest
        order = sorted(range(len(keys)), key=floats.__getitem__, reverse=True)
        for begin in range(0, len(order), RUN):
            some = order[begin : begin + RUN]
            self._keep([instants[n] for n in some], [keys[n] for n in some])

    def first(self) -> Entry | None:
        """The earliest that still holds."""
        while (entry := self._next()) is not None and not self._holds(entry):
            self._drop()
        return entry

    def take(self, until: int, limit: int) -> list[Entry]:
        """Remove and return what holds and is not after `until`, earliest first, each once."""
        taken: dict[Entry, None] = {}  # a row that came back to an instant has it twice
        while len(taken) < limit and (entry := self.first()) is not None and entry[0] <= until:
            self._drop()
            taken[entry] = None
        return list(taken)

    def __len__(self) -> int:
        """Entries kept, stale ones included."""
        return len(self._newest) + sum(map(len, self._runs))

    def _holds(self, entry: Entry) -> bool:
        return self._instant(entry[1]) == entry[0]

    def _next(self) -> Entry | None:
        """The earliest, whether it holds or not."""
        if not self._ends:
            return self._newest[0] if self._newest else None
        earliest = self._ends[0][:2]
        return min(earliest, self._newest[0]) if self._newest else earliest

    def _drop(self) -> None:
        """Remove the earliest."""
        if not self._ends or (self._newest and self._newest[0] <= self._ends[0][:2]):
            heappop(self._newest)
            return
        run = self._ends[0][-1]
        run.pop()
        if run:
            heapreplace(self._ends, (*run.first(), run.number, run))
        else:
            heappop(self._ends)

    def _keep(self, instants: list[int], keys: list[bytes]) -> None:
        """Latest first."""
        if keys:
            self._number += 1
            run = Run(instants, keys, self._number)
            self._runs.append(run)
            heappush(self._ends, (*run.first(), run.number, run))

    def _sweep(self) -> None:
        """Rid the two runs that were longest not swept of what is stale.

        Two for each run that is added, so that stale entries hardly ever outnumber the others.
        """
        swept = [self._runs.popleft() for _ in range(min(2, len(self._runs)))]
        self._ends = [end for end in self._ends if end[-1] not in swept]
        heapify(self._ends)
        left = [[entry for entry in run.entries() if self._holds(entry)] for run in swept]
        if sum(map(len, left)) <= RUN:
            left = [list(chain(*left))]
        for entries in left:
            self.add([at for at, _ in entries], [key for _, key in entries])

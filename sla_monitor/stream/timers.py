"""Instants in order, of which nothing is ever cancelled: what is stale is dropped when it comes up."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from heapq import heapify, heappop, heappush

Entry = tuple[int, bytes]
"""(instant in ms, key of a row)"""


class Earliest:
    """The earliest instants of many rows. instant: what a row says now, None if it has none any more."""

    def __init__(self, instant: Callable[[bytes], int | None], entries: Iterable[Entry] = ()) -> None:
        self._instant = instant
        self._fill(entries)

    def push(self, at: int, key: bytes) -> None:
        if len(self._heap) >= self._bound:
            self._fill({entry for entry in self._heap if self._holds(entry)})
        heappush(self._heap, (at, key))

    def first(self) -> Entry | None:
        """The earliest that still holds."""
        while self._heap and not self._holds(self._heap[0]):
            heappop(self._heap)
        return self._heap[0] if self._heap else None

    def take(self, until: int, limit: int) -> list[Entry]:
        """Remove and return what holds and is not after `until`, earliest first, each once."""
        taken: list[Entry] = []
        while len(taken) < limit and (entry := self.first()) is not None and entry[0] <= until:
            heappop(self._heap)
            if entry not in taken[-1:]:  # a row that came back to an instant has it twice, side by side
                taken.append(entry)
        return taken

    def __len__(self) -> int:
        """Entries kept, stale ones included."""
        return len(self._heap)

    def _holds(self, entry: Entry) -> bool:
        return self._instant(entry[1]) == entry[0]

    def _fill(self, entries: Iterable[Entry]) -> None:
        self._heap = list(entries)
        heapify(self._heap)
        self._bound = 2 * len(self._heap) + 1024  # so that stale entries never outnumber the others for long

"""What the desk keeps of the headers of its rows: who holds what, and what waits for whom."""

from __future__ import annotations

from bisect import bisect_left, insort
from collections import Counter

from .roster import Status
from .row import Header

LEAD = "l:"
"""Before a lead_id: the key of what the desk has of it."""
MANAGER = "m:"
"""Before a manager's id: the key of their standing."""
SESSION = "s:"
"""Before a digest: the key of a session that was ended."""


class Books:
    """What is derived from the headers of the committed rows, never kept as a counter.

    holds: manager -> the rows of the leads they hold; tests: how many of these are test leads. waits: team -> (since,
    row) of the asks that wait, oldest first. managers: who has a row. A row is named by its key as it lies in the rows,
    so that no id is in memory twice.
    """

    def __init__(self) -> None:
        self.holds: dict[str, set[bytes]] = {}
        self.waits: dict[str, list[tuple[int, bytes]]] = {}
        self.tests: Counter[str] = Counter()
        self.managers: set[str] = set()

    def add(self, key: bytes, header: Header) -> None:
        if header.status == Status.MANAGER:
            self.managers.add(named(key))
        elif header.status == Status.HELD:
            self.holds.setdefault(header.holder, set()).add(key)
            self.tests[header.holder] += header.started_at
        elif header.status == Status.WAITING:
            insort(self.waits.setdefault(header.holder, []), (header.started_at, key))

    def remove(self, key: bytes, header: Header) -> None:
        if header.status == Status.MANAGER:
            self.managers.discard(named(key))
        elif header.status == Status.HELD:
            rows = self.holds[header.holder]
            rows.discard(key)
            self.tests[header.holder] -= header.started_at
            if not rows:
                del self.holds[header.holder]
        elif header.status == Status.WAITING:
            asks = self.waits[header.holder]
            del asks[bisect_left(asks, (header.started_at, key))]
            if not asks:
                del self.waits[header.holder]


def named(key: bytes) -> str:
    """The lead or manager that a row is of."""
    return key[len(LEAD) :].decode()

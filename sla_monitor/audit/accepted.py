"""Leads that came in, until each has been seen to be watched."""

from __future__ import annotations

from collections.abc import Iterable
from typing import NamedTuple

import msgspec

from sla_monitor.codec import Undecodable
from sla_monitor.core.effects import Log
from sla_monitor.logs import Logs
from sla_monitor.records import Stored

from .following import Following
from .hashes import Hashes
from .rows import LeadRow, lead_row

NAME = b"LeadCreated "
"""What the record of a creation begins with."""


class Origin(msgspec.Struct, frozen=True, gc=False):
    received: int = 0
    hops: int = 0


class Created(msgspec.Struct, frozen=True):
    """What an audit needs of a creation."""

    at: int
    origin: Origin = Origin()


class Arrival(NamedTuple):
    """at: when the lead was created, received: when it was accepted, ms. offset: of the record."""

    at: int
    received: int
    offset: int


_decode = msgspec.json.Decoder(Created).decode


def watched(rows: Iterable[tuple[bytes, bytes]]) -> Hashes:
    """Which leads have a row, and when each was created by it."""
    found = Hashes()
    for key, value in rows:
        row = lead_row(value)
        if row is not None:
            found.add(_as_created(key, row.created_at))
    return found


def _as_created(key: bytes, at: int) -> bytes:
    return b"%s\0%d" % (key, at)


class Accepted:
    """Follows the log of leads. waiting: by key, those that no row or outcome has been seen of.

    A lead that is told of again is an update (R28), and so is one that another was forwarded to: neither counts.
    """

    def __init__(self, logs: Logs) -> None:
        self._log = Following(logs, Log.EVENTS)
        self._known = Hashes()
        self._watched = Hashes()
        self.waiting: dict[bytes, Arrival] = {}

    async def begin(self, now: int, watched: Hashes) -> None:
        """Read all that is kept. watched: leads that need not wait; a week of them takes ten times the memory."""
        self._watched = watched
        await self.read(now)
        self._watched = Hashes()

    async def read(self, now: int) -> None:
        """All that came in since the last time. Raises Unavailable, LogLost, Undecodable."""
        async for record in self._log.news(now):
            if record.key and record.value and record.value.startswith(NAME):
                self._take(record.key, record.value, record)

    def seen(self, key: bytes, row: LeadRow | None) -> None:
        """The lead is followed, or was. Of one whose row tells another start, what came in is still needed."""
        arrival = self.waiting.get(key)
        parked = row is not None and row.phase == "unknown"
        differs = arrival is not None and row is not None and row.open and row.created_at != arrival.at
        if not (parked or differs):
            self.waiting.pop(key, None)

    def _take(self, key: bytes, value: bytes, record: Stored) -> None:
        try:
            fact = _decode(value[len(NAME) :])
        except msgspec.MsgspecError as error:
            raise Undecodable(f"the leads hold at offset {record.offset} a creation whose fields do not fit") from error
        if fact.origin.hops == 0 and self._known.add(key) and _as_created(key, fact.at) not in self._watched:
            self.waiting[key] = Arrival(fact.at, fact.origin.received or record.timestamp, record.offset)

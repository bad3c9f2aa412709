"""The clocks of a period, from the logs: the outcomes once, then the leads that still run."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import AsyncIterator, Iterable
from typing import NamedTuple

from sla_monitor.codec import OURS, RowCodec, read_header, rfc3339
from sla_monitor.core.effects import Log
from sla_monitor.core.lead import BUILT_IN, MISSED_CALL, OPEN_NUMBERS, Lead
from sla_monitor.core.row import Header
from sla_monitor.core.rules import Rules
from sla_monitor.records import Position, Reader, Taken

from .clock import Clock
from .clocks import HOPS, Clocks
from .hours import first_told, last_due, last_start
from .period import Period

logger = logging.getLogger(__name__)

LEADS = RowCodec((Lead,))


class Source(NamedTuple):
    """Where a report is read from. rules: those in force. now: the instant of its making, ms."""

    reader: Reader
    prefix: str
    rules: Rules
    now: int


class Kept(NamedTuple):
    """Where the outcomes begin and end, as they are kept. start: of those that have to do with the period."""

    topic: str
    first: Position
    start: Position
    end: Position


async def read(source: Source, period: Period) -> Clocks:
    """Fold what has to do with a period, beside the loop. Keeps its clocks, and what those may need.

    Raises Unavailable, LogLost.
    """
    topic = source.prefix + Log.OUTCOMES
    kept = await _kept(source, topic, period)
    clocks, beginnings = clocks_of(source.rules, period), Beginnings(kept)
    async for taken in _all(source.reader, kept, kept.start):
        beginnings.note(taken)
        await asyncio.to_thread(clocks.apply, [one.record.value for one in taken])
    await _follow(source.reader, kept, clocks)
    if clocks.unreadable:
        logger.warning("%d records of %s are no outcomes and are left out", clocks.unreadable, topic)
    rows = await source.reader.rows(source.prefix + Log.EVENTS)
    await asyncio.to_thread(add_running, clocks, rows, period)
    trimmed = beginnings.complete_since(source.now)
    clocks.complete_since = trimmed and last_start(source.rules, trimmed) + 1
    clocks.made_at = source.now
    return clocks


def clocks_of(rules: Rules, period: Period) -> Clocks:
    """None yet. Another clock takes the start of one of the period until that is due, or comes late (R25, R26, R30)."""
    taken = max(last_due(rules, period.end), period.end + rules.limits.max_event_age)
    return Clocks(period.begin, period.end, last_start(rules, taken) + 1)


async def _kept(source: Source, topic: str, period: Period) -> Kept:
    since = await source.reader.since(topic, first_told(source.rules, period.begin))
    first, end = await source.reader.bounds(topic)
    return Kept(topic, first, tuple(map(max, first, since)), end)


async def _all(reader: Reader, kept: Kept, start: Position) -> AsyncIterator[list[Taken]]:
    async with reader.tail(kept.topic, start) as tail:
        while any(map(int.__lt__, tail.position, kept.end)):
            yield await tail.take()


async def _follow(reader: Reader, kept: Kept, clocks: Clocks) -> None:
    """What became of the leads that missed calls became part of, where they began on other days: read again."""
    for _ in range(HOPS):
        wanted = clocks.missing()
        if not wanted:
            return
        clocks.want(wanted)
        async for taken in _all(reader, kept, kept.first):
            await asyncio.to_thread(clocks.apply_to, wanted, [one.record for one in taken])


class Beginnings:
    """From when on what is read is whole: no partition has lost what came later."""

    def __init__(self, kept: Kept) -> None:
        self._before = kept.start
        begins = enumerate(zip(kept.first, kept.start, strict=True))
        self._cut = {number for number, (first, start) in begins if 0 < first == start}
        self._since = 0

    def note(self, taken: Iterable[Taken]) -> None:
        """Records as they come; the first of each partition tells since when it is kept."""
        if not self._cut:
            return
        for position, record in taken:
            for number in [n for n in self._cut if position[n] != self._before[n] and position[n] == record.offset + 1]:
                self._cut.remove(number)
                self._since = max(self._since, record.timestamp)
            self._before = position

    def complete_since(self, now: int) -> int:
        """An instant in ms, 0 if nothing has gone. A partition that has lost all it had is whole from now on."""
        return now if self._cut else self._since


def is_wanted(key: bytes, row: bytes) -> bool:
    """Whether `read` looks at a row of the leads, or at what else lies among them."""
    return key.startswith(OURS) or read_header(row).status in OPEN_NUMBERS


def add_running(clocks: Clocks, rows: Iterable[tuple[bytes, bytes]], period: Period) -> None:
    """Leads of which nothing was decided yet may have no outcomes; of all rows only theirs are decoded.

    One that took an earlier start without a word since is known by its row alone (R25).
    """
    for key, row in rows:
        if not key.startswith(OURS) and (_runs(read_header(row), period) or _known(clocks, key, row)):
            lead: Lead = LEADS.decode(row)
            if not lead.test:
                clocks.add(_clock(lead))


def _runs(header: Header, period: Period) -> bool:
    return header.status in OPEN_NUMBERS and period.begin <= header.started_at < period.end


def _known(clocks: Clocks, key: bytes, row: bytes) -> bool:
    return read_header(row).status in OPEN_NUMBERS and key.decode(errors="replace") in clocks


def _clock(lead: Lead) -> Clock:
    return Clock(
        lead.lead_id,
        rfc3339(lead.started_at),
        cycle=lead.cycle,
        team=lead.team_id or "",
        policy=lead.terms.get("name", BUILT_IN.name),
        source=lead.source,
        holder=next((turn.holder for turn in lead.turns if turn.turn == lead.cycle), ""),
        missed=lead.channel == MISSED_CALL,
    )

"""Open time (R6): when work begins, when a span of it ends, how much of it lies between two instants.

Instants and spans are milliseconds. A calendar keeps its open pieces in chunks of about 13 months that are
built when first needed, each with running sums, so that an answer years ahead is a few bisections.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from bisect import bisect_left, bisect_right
from collections.abc import Iterable, Iterator
from datetime import UTC, date, datetime, timedelta, tzinfo
from functools import cached_property, lru_cache, reduce
from importlib.resources import files
from itertools import accumulate
from typing import NamedTuple
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from .rules import DAY, MINUTE, SECOND, Hours

CHUNK_BITS = 35
HORIZON = 8
"""Chunks, close to nine years: what has not opened, or closed, by then is taken never to."""

CACHED_CHUNKS = 64
CACHED_CALENDARS = 1_024

EPOCH_DAY = date(1970, 1, 1).toordinal()
EPOCH = datetime.fromordinal(EPOCH_DAY)
DAYS = range(3, date.max.toordinal() - 3)
"""The ordinals of days that can be computed with; nothing is open on others."""

LONGEST_REACH = 3
"""Days by which a piece may end after the local day it starts on: over midnight, and the zone's offset."""

REFERENCE = 46
"""A chunk (2020-21) that stands for all weeks without dates of their own."""

Piece = tuple[int, int]


@lru_cache
def zone(name: str) -> ZoneInfo:
    """The zone as the tzdata package has it, never as the machine does, so that all workers agree (R33).

    Raises ZoneInfoNotFoundError.
    """
    try:
        with files("tzdata.zoneinfo").joinpath(name).open("rb") as file:
            return ZoneInfo.from_file(file, key=name)
    except (OSError, ValueError) as error:
        raise ZoneInfoNotFoundError(f"no time zone {name!r}") from error


def to_utc(local: datetime, where: tzinfo) -> int:
    """The instant of a local time: the first if it comes twice, the next that exists if it does not (R6).

    local: without a zone, in whole seconds.
    """
    wall = (local - EPOCH) // timedelta(seconds=1)
    earlier, later = (_seconds(where.utcoffset(local.replace(fold=fold))) for fold in (0, 1))
    if earlier >= later:
        return (wall - earlier) * SECOND
    return _end_of_gap(range(wall - later, wall - earlier + 1), where, later) * SECOND


def _end_of_gap(seconds: range, where: tzinfo, offset: int) -> int:
    """The first of the seconds since the epoch at which the new offset is in force."""

    def in_force(second: int) -> bool:
        return _seconds(datetime.fromtimestamp(second, UTC).astimezone(where).utcoffset()) >= offset

    return seconds[bisect_left(seconds, x=True, key=in_force)]


def _seconds(offset: timedelta | None) -> int:
    assert offset is not None
    return offset // timedelta(seconds=1)


class Chunk(NamedTuple):
    """The open pieces of one stretch of time, in order and apart. sums[i]: open ms in the first i pieces."""

    stop: int
    starts: list[int]
    ends: list[int]
    sums: list[int]

    @property
    def total(self) -> int:
        return self.sums[-1]

    def until(self, at: int) -> int:
        """Open ms from the beginning of the chunk to `at`."""
        i = bisect_right(self.ends, at)
        running = i < len(self.starts) and self.starts[i] < at
        return self.sums[i] + (at - self.starts[i] if running else 0)

    def instant(self, span: int) -> int:
        """The first instant by which `span` open ms have passed in the chunk, 0 < span <= total."""
        i = bisect_left(self.sums, span)
        return self.ends[i - 1] - (self.sums[i] - span)


class OpenTime(ABC):
    """A line of open time, cut into chunks.

    When nothing opens any more within the horizon, time runs by the wall clock: `next_open` is the instant
    itself and `add` counts what is left of the span from the last closing.
    """

    def __init__(self) -> None:
        self._chunks: dict[int, Chunk] = {}

    @abstractmethod
    def pieces(self, number: int) -> Iterable[Piece]:
        """What is open in a chunk; may overlap, and reach beyond its borders."""

    @abstractmethod
    def telling(self) -> Iterable[int]:
        """The chunks that suffice to tell whether it ever opens."""

    @cached_property
    def never_opens(self) -> bool:
        """Whether no week and no date of it has open time."""
        return not any(self.chunk(number).total for number in self.telling())

    def is_open(self, at: int) -> bool:
        return self._opening(at) == at

    def next_open(self, at: int) -> int:
        """The first open instant, `at` itself if it is one."""
        opening = self._opening(at)
        return at if opening is None else opening

    def next_close(self, at: int) -> int | None:
        """The first closing at or after `at`, None if it never closes, or never opens again."""
        for number in _numbers(at):
            chunk = self.chunk(number)
            i = bisect_left(chunk.ends, at)
            if i < len(chunk.ends) and chunk.ends[i] != chunk.stop:
                return chunk.ends[i]
        return None

    def next_change(self, at: int) -> int | None:
        """The first instant after `at` at which it opens or closes."""
        opening = self._opening(at)
        return self.next_close(at) if opening == at else opening

    def add(self, at: int, span: int) -> int:
        """The due: the first instant by which `span` of open time has passed since `at`.

        A span that ends exactly at closing is due at closing; no span at all, at the next opening.
        """
        if span <= 0:
            return self.next_open(at)
        number, empty, closed_at = _number(at), 0, at
        left = span + self.chunk(number).until(at)
        while empty < HORIZON:
            chunk = self.chunk(number)
            if left <= chunk.total:
                return chunk.instant(left)
            left -= chunk.total
            closed_at = max([closed_at, *chunk.ends[-1:]])
            empty = 0 if chunk.ends else empty + 1
            number += 1
        return closed_at + left

    def elapsed(self, a: int, b: int) -> int:
        """Open ms in [a, b), 0 if b is not after a."""
        if b <= a:
            return 0
        first, last = _number(a), _number(b)
        whole = sum(self.chunk(number).total for number in range(first, last))
        return whole + self.chunk(last).until(b) - self.chunk(first).until(a)

    def open_intervals(self, at: int, n: int) -> list[tuple[int, int | None]]:
        """The first `n` open intervals from `at` on, fewer if there are no more; the end is None if it never closes."""
        found: list[tuple[int, int | None]] = []
        end: int | None = at
        while len(found) < n and end is not None and (start := self._opening(end)) is not None:
            end = self.next_close(start)
            found.append((start, end))
        return found

    def chunk(self, number: int) -> Chunk:
        chunk = self._chunks.get(number)
        if chunk is None:
            if len(self._chunks) >= CACHED_CHUNKS:
                del self._chunks[next(iter(self._chunks))]
            chunk = self._chunks[number] = self._build(number)
        return chunk

    def _build(self, number: int) -> Chunk:
        begin, stop = _border(number), _border(number + 1)
        clipped = ((max(start, begin), min(end, stop)) for start, end in self.pieces(number))
        pieces = _merge(clipped)
        sums = list(accumulate((end - start for start, end in pieces), initial=0))
        return Chunk(stop, [start for start, _ in pieces], [end for _, end in pieces], sums)

    def _opening(self, at: int) -> int | None:
        for number in _numbers(at):
            chunk = self.chunk(number)
            i = bisect_right(chunk.ends, at)
            if i < len(chunk.starts):
                return max(at, chunk.starts[i])
        return None


class Calendar(OpenTime):
    """Opening hours of one place."""

    def __init__(self, hours: Hours) -> None:
        """Raises ZoneInfoNotFoundError, and ValueError for a date that is none."""
        super().__init__()
        self._zone = zone(hours.timezone)
        self._week = hours.week
        self._dates = {date.fromisoformat(day).toordinal(): spans for day, spans in hours.dates.items()}

    def pieces(self, number: int) -> Iterable[Piece]:
        first = EPOCH_DAY + _border(number) // DAY - LONGEST_REACH
        last = EPOCH_DAY + _border(number + 1) // DAY + LONGEST_REACH
        for day in range(max(first, DAYS.start), min(last, DAYS.stop)):
            midnight = datetime.fromordinal(day)
            for start, end in self._dates.get(day, self._week[(day - 1) % 7]):
                yield self._utc(midnight, start), self._utc(midnight, end)

    def _utc(self, midnight: datetime, minutes: int) -> int:
        return to_utc(midnight + timedelta(milliseconds=minutes * MINUTE), self._zone)

    def telling(self) -> Iterator[int]:
        yield REFERENCE
        for day in self._dates:
            for near in (day - LONGEST_REACH, day + LONGEST_REACH):
                yield _number((near - EPOCH_DAY) * DAY)


class _Combined(OpenTime):
    """Several calendars as one."""

    def __init__(self, parts: tuple[OpenTime, ...]) -> None:
        super().__init__()
        self._parts = parts

    def telling(self) -> Iterator[int]:
        for part in self._parts:
            yield from part.telling()

    def lines(self, number: int) -> Iterator[list[Piece]]:
        for part in self._parts:
            chunk = part.chunk(number)
            yield list(zip(chunk.starts, chunk.ends, strict=True))


class _Union(_Combined):
    def pieces(self, number: int) -> Iterable[Piece]:
        return [piece for line in self.lines(number) for piece in line]


class _Intersection(_Combined):
    def pieces(self, number: int) -> Iterable[Piece]:
        return reduce(_overlaps, self.lines(number))


def union(calendars: Iterable[OpenTime]) -> OpenTime:
    """Open when any of them is; never, if there are none."""
    return _union(tuple(dict.fromkeys(calendars)))


def intersection(calendars: Iterable[OpenTime]) -> OpenTime:
    """Open when all of them are; around the clock, if there are none."""
    return _intersection(tuple(dict.fromkeys(calendars)))


@lru_cache(CACHED_CALENDARS)
def _union(parts: tuple[OpenTime, ...]) -> OpenTime:
    return parts[0] if len(parts) == 1 else _Union(parts)


@lru_cache(CACHED_CALENDARS)
def _intersection(parts: tuple[OpenTime, ...]) -> OpenTime:
    narrowing = tuple(part for part in parts if part is not ALWAYS)
    if len(narrowing) > 1:
        return _Intersection(narrowing)
    return narrowing[0] if narrowing else ALWAYS


_known: dict[int, tuple[Hours, Calendar]] = {}
"""By identity, which costs nothing to compare; holding the hours keeps their identity from being used again."""


def calendar(hours: Hours) -> Calendar:
    """The calendar of these hours, made once. Raises ZoneInfoNotFoundError, and ValueError for a date that is none."""
    known = _known.get(id(hours))
    if known is None:
        if len(_known) >= CACHED_CALENDARS:
            _known.clear()
        known = _known[id(hours)] = hours, _calendar(hours.timezone, hours.week, tuple(sorted(hours.dates.items())))
    return known[1]


@lru_cache(CACHED_CALENDARS)
def _calendar(
    timezone: str, week: tuple[tuple[Piece, ...], ...], dates: tuple[tuple[str, tuple[Piece, ...]], ...]
) -> Calendar:
    return Calendar(Hours(timezone, week, dict(dates)))


def _border(number: int) -> int:
    """Where a chunk begins. Never a whole second, so no opening or closing falls on it: what ends there goes on."""
    return (number << CHUNK_BITS) + 1


def _number(at: int) -> int:
    return (at - 1) >> CHUNK_BITS


def _numbers(at: int) -> range:
    return range(_number(at), _number(at) + HORIZON)


def _merge(pieces: Iterable[Piece]) -> list[Piece]:
    """In order, without the empty ones; what overlaps or touches is one."""
    merged: list[Piece] = []
    for start, end in sorted(piece for piece in pieces if piece[0] < piece[1]):
        if merged and start <= merged[-1][1]:
            merged[-1] = merged[-1][0], max(merged[-1][1], end)
        else:
            merged.append((start, end))
    return merged


def _overlaps(ours: list[Piece], theirs: list[Piece]) -> list[Piece]:
    """The time in both lines, each in order and apart."""
    common, i, j = [], 0, 0
    while i < len(ours) and j < len(theirs):
        common.append((max(ours[i][0], theirs[j][0]), min(ours[i][1], theirs[j][1])))
        if ours[i][1] < theirs[j][1]:
            i += 1
        else:
            j += 1
    return [piece for piece in common if piece[0] < piece[1]]


ALWAYS = calendar(Hours())
"""Around the clock."""

"""The engine of a clock: by when something is to happen, and what becomes of that (R6-R14, R29).

A promise is a value: it has no row and no effects, and knows nothing of leads. What becomes known of a due is one of
the words below, and `DECISIONS` says what that decides; a pair that is not there changes nothing, so that a due is
decided once and taken back once.
"""

from __future__ import annotations

from collections.abc import Iterable
from enum import StrEnum
from typing import NamedTuple

from .calendar import OpenTime


class Result(StrEnum):
    """How a turn or a due ended; empty while it runs."""

    RUNNING = ""
    MET = "met"
    BREACHED = "breached"
    RETRACTED = "retracted"
    SUPERSEDED = "superseded"
    ENDED = "ended"  # unevaluated: answered or closed before, or taken back because of that
    JOINED = "joined"  # another clock answers for it (R25)


class Word(StrEnum):
    """What becomes known of a due."""

    IN_TIME = "in_time"  # it was kept: a response at or before it
    PASSED = "passed"  # it is past, and all that was accepted before has been read
    OVER = "over"  # there was nothing left to keep by then: an end at or before it
    TAKEN = "taken"  # another clock took it


DECISIONS: dict[tuple[Result, Word], Result] = {
    (Result.RUNNING, Word.IN_TIME): Result.MET,
    (Result.RUNNING, Word.PASSED): Result.BREACHED,
    (Result.RUNNING, Word.OVER): Result.ENDED,
    (Result.RUNNING, Word.TAKEN): Result.JOINED,
    (Result.BREACHED, Word.IN_TIME): Result.RETRACTED,
    (Result.BREACHED, Word.OVER): Result.ENDED,
    (Result.ENDED, Word.IN_TIME): Result.MET,
    (Result.ENDED, Word.TAKEN): Result.JOINED,
}


def decided(result: Result, word: Word) -> Result:
    """What a due is after a word; the same as before if the word changes nothing."""
    return DECISIONS.get((result, word), result)


class Promise(NamedTuple):
    """A span of open time, and the shares of it at which somebody is warned, in percent. Spans and instants in ms."""

    open_time: OpenTime
    target: int
    warn_at: tuple[int, ...] = ()

    def start(self, at: int) -> int:
        """When a clock starts for what came at an instant: the next open moment (R6)."""
        return self.open_time.next_open(at)

    def due(self, start: int) -> int:
        return self.open_time.add(start, self.target)

    def half_gone(self, at: int, due: int) -> bool:
        """Whether less than half of the target is left (R14)."""
        return 2 * self.open_time.elapsed(at, due) < self.target

    def warning(self, start: int, behind: int) -> int:
        """The instant of the next warning, 0 if there is none. behind: how many shares are."""
        shares = self.warn_at[behind : behind + 1]
        return self.open_time.add(start, self.target * shares[0] // 100) if shares else 0

    def warned(self, start: int, behind: int, now: int) -> int:
        """How many shares are behind at an instant (R13)."""
        while behind < len(self.warn_at) and self.warning(start, behind) <= now:
            behind += 1
        return behind


class Live(NamedTuple):
    """A call that goes on. state: `ringing` or `talking`, since an instant; started: when the call did."""

    state: str
    since: int
    started: int


def held_until(calls: Iterable[Live], due: int, most: dict[str, int]) -> int:
    """Until when calls that were live at a due hold its decision, 0 if none does (R9). most: ms by state."""
    return max((call.since + most[call.state] for call in calls if call.since and call.started <= due), default=0)

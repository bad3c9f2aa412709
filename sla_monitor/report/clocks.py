"""What became of each customer's clock, from the outcomes as they come.

A lead has a clock, and another one each time it is reopened (R29); `cycle` tells them apart, or, in outcomes of the
time before that field, their order. A clock belongs to the instant at which it started; one that takes an earlier start
(R25, R26) moves there, with all that was told of it before: everything is folded first, and the days are cut out of it
at the end. Test leads, and leads too old for a clock (R30), have none.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator
from contextlib import suppress
from datetime import datetime

import msgspec

from sla_monitor.codec import rfc3339
from sla_monitor.records import Stored

from .clock import Clock, Outcome, decode

HOPS = 3
"""How far a lead that became part of another is followed."""


class Clocks:
    """Those that started in [begin, end), ms. Apply the outcomes of a lead in their order.

    until: what starts later never moves into [begin, end); None: anything may. unreadable: records that were no
    outcomes. complete_since: from when on none is missing, ms; 0: from the first on. made_at: when they were read, ms.
    """

    def __init__(self, begin: int, end: int, until: int | None = None) -> None:
        self.unreadable = self.complete_since = self.made_at = 0
        self._until = None if until is None else rfc3339(until)
        self._of: dict[str, list[Clock]] = {}
        self._wanted: Collection[str] = frozenset()
        self.cut(begin, end)

    def cut(self, begin: int, end: int) -> None:
        """Other days, behind the present ones: what started before them is forgotten."""
        self._begin, self._end = rfc3339(begin), rfc3339(end)
        for lead_id, clocks in list(self._of.items()):
            if kept := [clock for clock in clocks if clock.start >= self._begin]:
                self._of[lead_id] = kept
            else:
                del self._of[lead_id]

    def __iter__(self) -> Iterator[Clock]:
        return (clock for clocks in self._of.values() for clock in clocks if self._begin <= clock.start < self._end)

    def __contains__(self, lead_id: str) -> bool:
        """Whether a lead is known, though its clocks may lie outside the days."""
        return lead_id in self._of

    def apply(self, values: Iterable[bytes | None]) -> None:
        """Outcomes as they lie in their log. What is none is counted and left out: anybody may write to a topic."""
        for value in values:
            try:
                outcome = decode(value or b"")
            except (msgspec.MsgspecError, UnicodeDecodeError):
                self.unreadable += 1
            else:
                self.unreadable += not self._apply(outcome)

    def apply_to(self, lead_ids: Collection[str], records: Iterable[Stored]) -> None:
        """Only what is about some leads, which was applied before they were wanted."""
        keys = {lead_id.encode() for lead_id in lead_ids}
        for record in records:
            if record.key in keys:
                with suppress(msgspec.MsgspecError, UnicodeDecodeError):
                    self._apply(decode(record.value or b""))

    def add(self, row: Clock) -> None:
        """A clock that runs, as its lead's row has it."""
        known = self._of.setdefault(row.lead_id, [])
        if not known:
            known.append(row)
        elif row.cycle == (known[-1].cycle or row.cycle):
            known[-1].learn(row)

    def missing(self) -> set[str]:
        """Leads that missed calls of these days became part of, and that are not known as they were then."""
        joined = [clock for clock in self if clock.missed and clock.into and not clock.responded]
        found: set[str] = set()
        for _ in range(HOPS):
            found |= {clock.into for clock in joined if not self._reaches(clock)}
            joined = [taker for clock in joined if (taker := self._taker(clock)) is not None and taker.into]
        return found - set(self._wanted)

    def want(self, lead_ids: Collection[str]) -> None:
        """Know these leads from their first clock on, whenever that was; all outcomes of theirs are to come again."""
        self._wanted = lead_ids
        for lead_id in lead_ids:
            self._of.pop(lead_id, None)

    def recovered(self, clock: Clock) -> bool:
        """Whether anybody responded, to the lead or to the clock that it became part of."""
        for _ in range(HOPS):
            taker = self._taker(clock)
            if clock.responded or taker is None:
                break
            clock = taker
        return clock.responded

    def _reaches(self, clock: Clock) -> bool:
        """Whether the clock that the other lead had at the joining can be among those that are known."""
        clocks = self._of.get(clock.into, ())
        return any(other.since <= clock.joined_at or other.cycle == 1 for other in clocks)

    def _taker(self, clock: Clock) -> Clock | None:
        """The clock that the other lead had when this one joined it."""
        clocks = self._of.get(clock.into, []) if clock.into else []
        before = [other for other in clocks if other.since <= clock.joined_at]
        return next(iter(before[-1:] or clocks[:1]), None)

    def _apply(self, outcome: Outcome) -> bool:
        """Whether it can be one of ours."""
        data = outcome.data
        if data.test or not data.started_at:
            return True
        clock = _named(self._of.get(outcome.subject, ()), outcome)
        if (clock is None or clock.start != data.started_at) and not _is_instant(data.started_at):
            return False
        if clock is not None or self._keeps(outcome.subject, data.started_at):
            (clock or self._begun(outcome)).tell(outcome)
        return True

    def _keeps(self, lead_id: str, start: str) -> bool:
        """Whether a clock can have to do with the days."""
        near = self._begin <= start and (self._until is None or start < self._until)
        return near or lead_id in self._wanted

    def _begun(self, outcome: Outcome) -> Clock:
        clock = Clock(outcome.subject, outcome.data.started_at, outcome.data.cycle, outcome.time)
        self._of.setdefault(clock.lead_id, []).append(clock)
        return clock


def _is_instant(text: str) -> bool:
    try:
        return datetime.fromisoformat(text).tzinfo is not None
    except ValueError:
        return False


def _named(clocks: Iterable[Clock], outcome: Outcome) -> Clock | None:
    """The one that an outcome names: the newest of its cycle, or with its start; None if it begins one.

    Only a start moves back, and only while nothing is decided; one that lies behind is another lead's of the same id.
    """
    data = outcome.data
    if outcome.type == "lead.reopened.v1":
        return None
    alike = [clock for clock in clocks if not (clock.cycle and data.cycle) or clock.cycle == data.cycle]
    same = [clock for clock in alike if clock.start == data.started_at]
    moved = [clock for clock in alike[-1:] if clock.start > data.started_at and not clock.decided]
    return next(iter(same[-1:] or moved), None)

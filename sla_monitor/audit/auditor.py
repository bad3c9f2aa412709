"""The order in which an audit reads, while workers go on; and it looks twice before it accuses."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterable, Mapping
from operator import attrgetter

from sla_monitor.clock import Clock, monotonic
from sla_monitor.codec import RULES_KEY, decode_rules_row
from sla_monitor.core.effects import Log
from sla_monitor.core.rules import MINUTE, Rules
from sla_monitor.errors import Unavailable
from sla_monitor.logs import Logs
from sla_monitor.records import Position
from sla_monitor.stream.placement import partition_of

from .accepted import Accepted, watched
from .checks import Subject, check
from .findings import Finding, Report
from .late import Force
from .ledger import Books, Ledger, Tally, ledgers
from .outcomes import Outcomes
from .past import look_back, stories
from .rows import LeadRow, lead_row

MOST = 10_000
"""Leads that are looked at twice; if more look wrong, these tell enough, and the rest is counted."""
PAUSE = 2.0
"""Seconds between the two looks: a step lies in several partitions, which need not show it at the same instant."""


class Auditor:
    """Audits again and again; each time only what is new of the logs is read, and all rows.

    grace: real ms that a decision may come late by. past: how far to look back for what cannot be mended any more, ms;
    None: as far as outcomes are kept.
    """

    def __init__(
        self,
        logs: Logs,
        clock: Clock,
        *,
        grace: int = MINUTE,
        past: int | None = None,
        pause: float = PAUSE,
        most: int = MOST,
    ) -> None:
        self._logs, self._clock, self._pause, self._most = logs, clock, pause, most
        self._topic = logs.topic(Log.EVENTS)
        self._partitions = logs.topics[self._topic]
        self._grace, self._look_back_for = int(grace * clock.speed), past
        self._accepted, self._tally = Accepted(logs), Tally(self._partitions)
        self._outcomes = Outcomes(logs, self._tally)
        self._past: dict[Finding, None] = {}
        self._forces: list[Force] = []
        self._place: Position = ()
        self._begun = False

    async def run(self) -> Report:
        """One audit. Raises Unavailable; LogLost, Undecodable.

        What came in and what was decided is read before the rows, so that no row is looked for in vain; what was
        decided since, behind them.
        """
        began, now = monotonic(), self._clock.now()
        ledgers_before = await ledgers(self._logs)
        self._tally.begin(ledgers_before)
        await self._read(now)
        leads, suspects = await asyncio.to_thread(self._scan, await self._logs.reader.rows(self._topic), now)
        books = await self._wait_for_more(suspects, ledgers_before, now)
        found = [finding for key in sorted(suspects)[: self._most] for finding in await self._look_again(key, now)]
        await self._look_back()
        self._require_fresh_rows()
        found += [*filter(self._matters(now), self._past), *books.differences(now)]
        return Report(
            at=now,
            leads=leads,
            outcomes=self._outcomes.count,
            complete_since=self._outcomes.complete_since,
            seconds=monotonic() - began,
            findings=sorted(found, key=attrgetter("kind", "since", "lead_id")),
            unknown=(*books.incomparable(), *self._unseen(len(suspects))),
        )

    def _unseen(self, suspects: int) -> list[str]:
        more = suspects - self._most
        return [f"{more} leads more look wrong, and were not looked at twice"] if more > 0 else []

    def _require_fresh_rows(self) -> None:
        """Rows that are not followed any more are old: what is in them is no finding."""
        if reasons := self._logs.unready():
            raise Unavailable("; ".join(reasons))

    async def _read(self, now: int) -> None:
        if self._begun:
            await self._accepted.read(now)
        else:
            await self._accepted.begin(now, await asyncio.to_thread(watched, await self._logs.reader.rows(self._topic)))
            self._begun = True
        await self._outcomes.read(now)
        self._forces = [await self._force(number) for number in range(self._partitions)]
        self._place = await self._logs.reader.place(self._topic)

    async def _force(self, number: int) -> Force:
        """The policy in force in a partition; the built-in one where none was applied."""
        row = await self._logs.reader.row(self._topic, RULES_KEY, number)
        if row is None:
            return Force(Rules(), 0, self._grace)
        fact = decode_rules_row(row)
        return Force(fact.rules, fact.at, self._grace)

    def _scan(self, rows: Iterable[tuple[bytes, bytes]], now: int) -> tuple[int, set[bytes]]:
        """(how many leads there are, those that look wrong). Beside the loop, which changes nothing meanwhile."""
        leads, suspects = 0, set()
        unseen = self._accepted.waiting.keys() | self._outcomes.pending.keys()
        for key, value in rows:
            row = lead_row(value)
            if row is None:
                continue
            leads += 1
            unseen.discard(key)
            if any(check(self._subject(key, row, now), self._outcomes)):
                suspects.add(key)
            else:
                self._accepted.seen(key, row)
        return leads, suspects | unseen

    async def _wait_for_more(self, suspects: set[bytes], before: Mapping[int, Ledger], now: int) -> Books:
        """Read on; after a pause, if there is anything that may only look wrong."""
        await self._outcomes.read(now)
        books = Books(before, await ledgers(self._logs), self._tally, self._outcomes.complete_since)
        if suspects or books.differences(now):
            await asyncio.sleep(self._pause)
            await self._outcomes.read(now)
            books = books._replace(after=await ledgers(self._logs))
        return books

    async def _look_again(self, key: bytes, now: int) -> list[Finding]:
        value = await self._logs.reader.row(self._topic, key)
        row = lead_row(value) if value else None
        found = list(check(self._subject(key, row, now), self._outcomes))
        if not found and self._outcomes.about(key):
            self._accepted.seen(key, row)
        return found

    def _subject(self, key: bytes, row: LeadRow | None, now: int) -> Subject:
        number = partition_of(key, self._partitions)
        return Subject(
            key=key,
            partition=number,
            place=self._place[number],
            row=row,
            arrival=self._accepted.waiting.get(key),
            breach=self._outcomes.pending.get(key),
            force=self._forces[number],
            now=now,
        )

    async def _look_back(self) -> None:
        """Read again what is told of leads whose past looks wrong: once, for the past does not change."""
        keys = self._outcomes.suspects
        if not keys:
            return
        for key, story in (await stories(self._logs, keys)).items():
            again = self._forces[partition_of(key, self._partitions)].rules.limits.retract_window
            found = look_back(key, story, self._partitions, self._outcomes.complete_since, again)
            self._past |= dict.fromkeys(found)
        keys.clear()

    def _matters(self, now: int) -> Callable[[Finding], bool]:
        """Whether a finding of the past is to be told of."""
        return lambda finding: self._look_back_for is None or finding.since >= now - self._look_back_for

"""What the board shows: open leads, people, the day; made once, then kept by what changes."""

from __future__ import annotations

import asyncio
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from math import inf
from typing import Any
from zoneinfo import ZoneInfo

from sla_monitor.clock import monotonic
from sla_monitor.core.books import MANAGER
from sla_monitor.core.effects import Log
from sla_monitor.core.rules import HOUR
from sla_monitor.records import Tail
from sla_monitor.report.home import bounds, day_of, home
from sla_monitor.report.hours import first_told

from .context import Web
from .people import STANDINGS, Desk, manager_view
from .picture import Picture
from .rows import decoded
from .today import Outcome, Today, read_outcome
from .views import LEADS

SWEEP = 60.0
"""Seconds after which every open lead is read again: another policy may have changed any of them, one by one."""
MEET = 1.0
"""Seconds after which people and the last hour are looked at again."""
LATE = 2.0
"""Seconds that an outcome waits for the row of its lead, which on Kafka may come a moment later."""


@dataclass(slots=True)
class Difference:
    """What looks different. leads: the keys of their rows."""

    leads: set[bytes] = field(default_factory=set)
    people: bool = False
    hour: bool = False
    news: bool = False

    def __bool__(self) -> bool:
        return bool(self.leads) or self.people or self.hour or self.news

    def add(self, other: Difference) -> None:
        self.leads |= other.leads
        self.people |= other.people
        self.hour |= other.hour
        self.news |= other.news


@dataclass(slots=True)
class Untold:
    """An outcome that is not part of the day yet. since: when it was read, monotonic seconds."""

    outcome: Outcome
    since: float

    @property
    def key(self) -> bytes:
        return self.outcome.subject.encode()


class Scene:
    """people: as `GET /v1/managers` has them, with what they have decided and kept today."""

    def __init__(self, context: Web) -> None:
        self._web = context
        self._untold: list[Untold] = []
        self._swept = self._met = 0.0
        self._responded = False
        self.picture, self.today, self.zone = Picture(), Today(), ZoneInfo("UTC")
        self.people: list[dict[str, Any]] = []

    def begin(self) -> int:
        """Today; from when on its outcomes are needed, ms: as in a report, and so those of the last hour too."""
        self.zone = home(self._web.rules())
        began, ends = self._day()
        self.today = Today(began, ends, recent=min(began, self._web.clock.now() - HOUR))
        return first_told(self._web.rules(), began)

    @property
    def stale(self) -> bool:
        """Whether the policy is at home elsewhere by now, where today is another day."""
        return home(self._web.rules()) != self.zone

    def _day(self) -> tuple[int, int]:
        return bounds(day_of(self._web.clock.now(), self.zone), self.zone)

    async def fill(self, tail: Tail) -> None:
        """With what is there. tail: of the outcomes, from `begin` on. Raises Unavailable, LogLost."""
        rows = await self._web.reader.rows(self._web.topic(Log.EVENTS))
        await asyncio.to_thread(self.picture.fill, rows)
        self._swept = monotonic()
        self._met = inf  # people are met once everything is known
        _, end = await self._web.reader.bounds(self._web.topic(Log.OUTCOMES))
        while any(map(int.__lt__, tail.position, end)):
            self.tell([taken.record.value for taken in await tail.take()])
            await self.look()
        self._met = -inf

    def tell(self, outcomes: Sequence[bytes | None]) -> None:
        """Outcomes, to be made part of the day by the next look."""
        self.today.fold(outcomes)
        read = map(read_outcome, filter(None, outcomes))
        self._untold += [Untold(outcome, monotonic()) for outcome in read if outcome]

    async def look(self, changed: Collection[bytes] = ()) -> Difference:
        """At what has changed, and at what time may have; what looks different. Raises Unavailable, LogLost."""
        keys = {*changed, *self._due(), *(untold.key for untold in self._untold if self._fresh(untold.outcome))}
        rows = await self._web.reader.pick(self._web.topic(Log.EVENTS), keys) if keys else {}
        difference = Difference(self.picture.take(keys, rows))
        self._settle(rows, difference)
        if monotonic() - self._met >= MEET:
            self._met = monotonic()
            difference.people = await self._meet()
            difference.hour, self._responded = self.today.forget(self._web.clock.now()) or self._responded, False
        return difference

    def _due(self) -> Iterable[bytes]:
        if monotonic() - self._swept < SWEEP:
            return self.picture.due(self._web.clock.now())
        self._swept = monotonic()
        return self.picture.leads

    def _fresh(self, outcome: Outcome) -> bool:
        """Whether the row of its lead is needed."""
        return outcome.about_now and outcome.at > self._web.clock.now() - HOUR

    def _settle(self, rows: Mapping[bytes, bytes], difference: Difference) -> None:
        """Make outcomes part of the day, but those whose lead nobody knows yet."""
        untold, self._untold = self._untold, []
        for one in untold:
            row = rows.get(one.key)
            fresh = self._fresh(one.outcome)
            if fresh and row is None and monotonic() - one.since < LATE:
                self._untold.append(one)
                continue
            told = self.today.take(one.outcome, decoded(LEADS, one.key, row) if row and fresh else None)
            self._responded |= told.hour
            difference.news |= told.news

    async def _meet(self) -> bool:
        """Look who is there; whether anything looks different."""
        web, rules, now = self._web, self._web.rules(), self._web.clock.now()
        self.today.turn(*self._day())
        keys = [(MANAGER + manager_id).encode() for manager_id in rules.managers]
        rows = await web.reader.pick(web.topic(Log.DESK), keys)
        read = {_manager_of(key): decoded(STANDINGS, key, row) for key, row in rows.items()}
        desk = Desk({name: standing for name, standing in read.items() if standing}, self.picture.loads())
        shares = self.today.shares()
        people = [
            {**manager_view(manager, desk, rules, now), **_share(*shares.get(manager.id, (0, 0)))}
            for manager in rules.managers.values()
        ]
        before, self.people = self.people, people
        return before != people


def _manager_of(key: bytes) -> str:
    return key.decode().removeprefix(MANAGER)


def _share(in_time: int, decided: int) -> dict[str, int]:
    return {"in_time": in_time, "decided": decided}

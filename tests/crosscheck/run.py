"""A day is lived through by the real program, with kill -9, then looked at while its clock stands still."""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from random import Random
from typing import Any, NamedTuple
from urllib.error import URLError

from tests.crosscheck import surfaces
from tests.crosscheck.day import BEGINS, POLICY, Day, make_day
from tests.crosscheck.led import FILE, LedClock
from tests.crosscheck.promises import MINUTE
from tests.e2e.process import Monitor

SLACK = 5 * MINUTE
"""About a due so near to the end nothing is said: the decision may be under way."""

DOWN = 12 * MINUTE
"""How long nobody runs after a kill, at most."""

QUIET = 3.0
"""Real seconds without another outcome after which all is decided that is due."""


@dataclass(frozen=True, slots=True)
class Run:
    """hours: of the domain, in which leads come; another one follows. kills: spread over them."""

    seed: int
    leads: int
    hours: float
    kills: int

    @property
    def ends(self) -> int:
        return BEGINS + int((self.hours + 1) * 60 * MINUTE)


class Led(Monitor):
    """The program by a clock that is led. Commands beside it see the instant at which it was made."""

    module = "tests.crosscheck.led"

    def __init__(self, directory: Path) -> None:
        file = directory / "clock"
        super().__init__(directory, POLICY, speed=1.01, **{FILE: str(file)})
        self.led = LedClock(file, BEGINS - MINUTE)

    @property
    def clock(self) -> Any:
        return self.led

    def post_surely(self, event: dict[str, Any]) -> None:
        for _ in range(200):
            try:
                status = self.post_all([event])
            except (URLError, OSError):
                status = 503
            if status != 503:
                break
            time.sleep(0.05)
        assert status == 202, (status, event)

    def settled(self) -> list[surfaces.Outcome]:
        """The outcomes, once no more of them come."""
        found: list[surfaces.Outcome] = []
        moved = time.monotonic()
        while time.monotonic() - moved < QUIET:
            if len(now := surfaces.outcomes_of(self)) > len(found):
                found, moved = now, time.monotonic()
            time.sleep(0.2)
        return found


class Lived(NamedTuple):
    """A day that is over, beside a program that runs, and whose clock stands still.

    since: how many outcomes there were when the last process began.
    """

    monitor: Led
    day: Day
    outcomes: list[surfaces.Outcome]
    since: int


@contextmanager
def lived(run: Run, directory: Path) -> Iterator[Lived]:
    day = make_day(run.seed, run.leads, run.hours)
    with Led(directory) as monitor:
        since = _live(monitor, day, run)
        yield Lived(monitor, day, monitor.settled(), since)


def faults(it: Lived) -> Iterator[str]:
    """Every difference between what the program says and what is reckoned."""
    monitor, outcomes = it.monitor, it.outcomes
    yield from surfaces.counter_faults(monitor, outcomes[it.since :])
    yield from surfaces.ledger_faults(monitor, outcomes)
    yield from surfaces.board_faults(monitor, outcomes)
    yield from surfaces.promise_faults(it.day.promises, outcomes, monitor.led.now(), SLACK)
    for zone, first in (("Europe/Berlin", "2026-10-24"), ("Asia/Kolkata", "2026-10-25")):
        yield from surfaces.report_faults(monitor, outcomes, zone, first, "2026-10-25")
    yield from surfaces.command_faults(monitor, outcomes, "Europe/Berlin", "2026-10-24", "2026-10-25")


def _live(monitor: Led, day: Day, run: Run) -> int:
    """Send the day; how many outcomes there were when the last process began."""
    rng, since = Random(run.seed), 0
    kills = sorted(BEGINS + int(rng.uniform(0.2, 0.9) * (run.ends - BEGINS)) for _ in range(run.kills))
    for at, event in day.sent:
        if at > run.ends:
            break
        if kills and at > kills[0]:
            monitor.kill()
            monitor.led.lead(min(kills.pop(0) + rng.randrange(DOWN), at))
            since = len(surfaces.outcomes_of(monitor))
            monitor.start()
        monitor.led.lead(at)
        monitor.post_surely(event)
    monitor.led.lead(run.ends)
    return since

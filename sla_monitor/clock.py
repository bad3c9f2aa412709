"""The only place that asks for the time."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, date, datetime
from typing import Protocol

JUMP = 60.0
"""Seconds that the wall clock may gain on the boot-time clock before it is distrusted (R8)."""

DISTRUST = 300.0
"""Seconds without another jump after which a clock that jumped is believed (R8)."""


class Clock(Protocol):
    """speed: domain milliseconds that pass in one real millisecond."""

    @property
    def speed(self) -> float: ...

    def now(self) -> int:
        """The domain's instant, ms since the Unix epoch."""

    def real(self, at: int) -> float:
        """An instant of the domain as the machine's clock tells it, seconds since the Unix epoch."""

    def trusted(self) -> bool:
        """Whether timers may fire by it."""

    def jumped(self) -> int:
        """How often it jumped ahead so far, so that timers had to wait."""


@dataclass(frozen=True, slots=True)
class WallClock:
    """The machine's clock, `speed` times as fast since this object was made. jumps: what watches it."""

    speed: float = 1.0
    origin: float = field(default_factory=time.time)
    jumps: Jumps = field(default_factory=lambda: Jumps())  # noqa: PLW0108 - defined below

    def now(self) -> int:
        return int((self.origin + (time.time() - self.origin) * self.speed) * 1000)

    def real(self, at: int) -> float:
        return self.origin + (at / 1000 - self.origin) / self.speed

    def trusted(self) -> bool:
        return self.jumps.settled()

    def jumped(self) -> int:
        self.jumps.settled()
        return self.jumps.count


def boot_time() -> float:
    """Seconds since boot, suspends included, that nobody can set; the monotonic clock where there is none."""
    source = getattr(time, "CLOCK_BOOTTIME", None)
    return time.monotonic() if source is None else time.clock_gettime(source)


class Jumps:
    """Watches the wall clock against the boot-time clock (R8).

    A suspend moves both and is no jump. count: forward jumps of more than `JUMP` seconds so far.
    """

    def __init__(self, wall: Callable[[], float] = time.time, steady: Callable[[], float] = boot_time) -> None:
        self._wall, self._steady = wall, steady
        self._ahead = wall() - steady()
        self._jumped_at: float | None = None
        self.count = 0

    def settled(self) -> bool:
        """Look at both clocks; false for `DISTRUST` seconds after a jump."""
        steady = self._steady()
        ahead = self._wall() - steady
        if ahead - self._ahead > JUMP:
            self.count += 1
            self._jumped_at = steady
        self._ahead = ahead
        if self._jumped_at is not None and steady - self._jumped_at >= DISTRUST:
            self._jumped_at = None
        return self._jumped_at is None


@dataclass(slots=True)
class ManualClock:
    """A clock that stands still until it is moved: for tests and simulation."""

    at: int = 0
    speed: float = 1.0
    believed: bool = True
    leaps: int = 0

    def now(self) -> int:
        return self.at

    def real(self, at: int) -> float:
        return at / 1000

    def trusted(self) -> bool:
        return self.believed

    def jumped(self) -> int:
        return self.leaps

    def advance(self, span: int) -> None:
        """Move forward by `span` ms."""
        self.at += span


def today() -> date:
    """The day in UTC: which years of public holidays a policy expands."""
    return datetime.now(UTC).date()


def monotonic() -> float:
    """Seconds that never jump, for time-outs of I/O and for measuring."""
    return time.monotonic()

"""Figures of groups of clocks. Definitions, with their rules: docs/report.md."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from math import ceil

from .clocks import NEVER_A_LEAD, Clock, Clocks
from .period import Period

NO_CLOSING = frozenset({"", "merged", "joined", "erased", NEVER_A_LEAD})
"""How a clock ends without a person having closed its lead."""


class By(StrEnum):
    """What a report has a line for."""

    MANAGER = "manager"
    TEAM = "team"
    SOURCE = "source"
    POLICY = "policy"
    DAY = "day"
    HOUR = "hour"


@dataclass(slots=True)
class Figures:
    """Counts of leads, but for attempts and contacts: open seconds to the first one, of every lead that had one."""

    received: int = 0
    still_open: int = 0
    decided: int = 0
    in_time: int = 0
    attempts: list[float] = field(default_factory=list)
    contacts: list[float] = field(default_factory=list)
    late: int = 0
    away: int = 0
    taken: int = 0
    later_decided: int = 0
    later_in_time: int = 0
    contact_decided: int = 0
    contact_in_time: int = 0
    missed: int = 0
    recovered: int = 0
    escalated: int = 0
    unassignable: int = 0
    closed_unanswered: int = 0

    @property
    def share(self) -> float | None:
        """(met + retracted) / (met + breached) of the first turn's response; None while nothing is decided."""
        return self.in_time / self.decided if self.decided else None

    def count(self, clock: Clock, *, recovered: bool) -> None:
        """Add a clock."""
        if clock.missed and clock.ended != NEVER_A_LEAD:
            self.missed += 1
            self.recovered += recovered
        if not clock.counts:
            return
        self.received += 1
        self.still_open += clock.is_open
        self.decided += clock.decided
        self.in_time += clock.in_time
        self.attempts += [] if clock.attempt is None else [clock.attempt]
        self.contacts += [] if clock.spoken is None else [clock.spoken]
        self.late += clock.late
        self.contact_decided += bool(clock.contact)
        self.contact_in_time += clock.contact in ("met", "retracted")
        self.escalated += clock.escalated
        self.unassignable += clock.unassignable
        self.closed_unanswered += clock.ended not in NO_CLOSING and not clock.responded

    def credit(self, deed: str) -> None:
        """Add what a later turn did to its manager. A breach that is retracted was counted as a breach before."""
        match deed:
            case "away":
                self.away += 1
            case "taken":
                self.taken += 1
            case "later_met":
                self.later_decided += 1
                self.later_in_time += 1
            case "later_breached":
                self.later_decided += 1
            case "later_retracted":
                self.later_in_time += 1


def percentile(values: Sequence[float], percent: int) -> float | None:
    """The nearest rank: the smallest value that at least `percent` % are not above; None of nothing."""
    return sorted(values)[ceil(len(values) * percent / 100) - 1] if values else None


@dataclass(frozen=True, slots=True)
class Row:
    """A line. key: of its group; empty for leads that no manager, team or policy had."""

    key: str
    figures: Figures


@dataclass(frozen=True, slots=True)
class Report:
    """team, manager: the only ones looked at, empty for all."""

    period: Period
    by: By
    team: str
    manager: str
    rows: tuple[Row, ...]
    total: Figures


Sight = Callable[[Clock], bool]
"""Which clocks somebody sees."""


def everything(_clock: Clock) -> bool:
    return True


def report(
    clocks: Clocks, period: Period, by: By, *, team: str = "", manager: str = "", sees: Sight = everything
) -> Report:
    """The figures of the clocks of a period.

    A lead is counted under the manager of the turn that began with its clock, whoever had it later; what later turns
    did is counted under the manager they did it to.
    """
    key = KEYS[by]
    groups: dict[str, Figures] = defaultdict(Figures)
    total = Figures()
    if by is By.DAY:
        groups |= {day.isoformat(): Figures() for day in period.days}
    for clock in clocks:
        if team not in ("", clock.team) or not sees(clock):
            continue
        local = period.local(clock.start)
        if manager in ("", clock.holder):
            for figures in (groups[key(clock, clock.holder, local)], total):
                figures.count(clock, recovered=clock.missed and clocks.recovered(clock))
        for deed, who in clock.deeds:
            if manager in ("", who):
                groups[key(clock, who, local)].credit(deed)
                total.credit(deed)
    rows = (Row(name, groups[name]) for name in sorted(groups, key=lambda name: (not name, name)))
    return Report(period, by, team, manager, tuple(rows), total)


KEYS: Mapping[By, Callable[[Clock, str, datetime], str]] = {
    By.MANAGER: lambda _clock, manager, _local: manager,
    By.TEAM: lambda clock, _manager, _local: clock.team,
    By.SOURCE: lambda clock, _manager, _local: clock.source,
    By.POLICY: lambda clock, _manager, _local: clock.policy,
    By.DAY: lambda _clock, _manager, local: local.date().isoformat(),
    By.HOUR: lambda _clock, _manager, local: f"{local.hour:02}",
}
"""The group that a clock, or what it did to a manager, is counted in."""

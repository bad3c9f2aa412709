"""Figures of groups of clocks. What each is called, means and how it is told: `table`; definitions: docs/report.md."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime
from enum import StrEnum
from math import ceil

from .clock import ERASED, JOINED, NEVER_A_LEAD, Clock, Deed
from .clocks import Clocks
from .percent import share
from .period import Period

NO_CLOSING = frozenset({"", JOINED, ERASED, NEVER_A_LEAD})
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
    """Counts of leads, but for attempts and contacts: open seconds to the first one, of every lead that had one.

    received = decided + undecided + ended, which has what a lead ended by before it was decided: a reason of closing,
    erased, or joined.
    """

    received: int = 0
    still_open: int = 0
    decided: int = 0
    undecided: int = 0
    ended: Counter[str] = field(default_factory=Counter)
    in_time: int = 0
    late_given: int = 0
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
        """Of the decided those in time; None while nothing is decided."""
        return share(self.in_time, self.decided)

    def count(self, clock: Clock, *, recovered: bool) -> None:
        """Add a clock."""
        if not clock.counts:
            return
        self.received += 1
        self.still_open += clock.is_open
        self.decided += clock.decided
        self.undecided += not clock.decided and not clock.ended_undecided
        if clock.ended_undecided:
            self.ended[clock.ended_undecided] += 1
        self.in_time += clock.in_time
        self.late_given += clock.late_given and clock.evaluated == "breached"
        self.attempts += [] if clock.attempt is None else [clock.attempt]
        self.contacts += [] if clock.spoken is None else [clock.spoken]
        self.late += clock.answered_late
        self.contact_decided += bool(clock.contact)
        self.contact_in_time += clock.contact in ("met", "retracted")
        self.missed += clock.missed
        self.recovered += recovered
        self.escalated += clock.escalated
        self.unassignable += clock.unassignable
        self.closed_unanswered += not (clock.responded or clock.into or clock.ended in NO_CLOSING)

    def credit(self, deed: Deed) -> None:
        """Add what a later turn did to its manager."""
        match deed.what:
            case "away":
                self.away += 1
            case "taken":
                self.taken += 1
            case "later_met":
                self.later_decided += 1
                self.later_in_time += 1
            case "later_breached":
                self.later_decided += 1


def percentile(values: Sequence[float], rank: int) -> float | None:
    """The nearest rank: the smallest value that at least `rank` of a hundred are not above; None of nothing."""
    return sorted(values)[ceil(len(values) * rank / 100) - 1] if values else None


def in_time_of(clocks: Iterable[Clock]) -> dict[str, tuple[int, int]]:
    """(in time, decided) of each manager who answers for a decided clock: the same as a report by manager says."""
    found: dict[str, tuple[int, int]] = {}
    for clock in clocks:
        if clock.decided:
            kept, decided = found.get(clock.holder, (0, 0))
            found[clock.holder] = kept + clock.in_time, decided + 1
    return found


@dataclass(frozen=True, slots=True)
class Row:
    """A line. key: of its group; empty for leads that no manager, team or policy had."""

    key: str
    figures: Figures


@dataclass(frozen=True, slots=True)
class Report:
    """team, manager: the only ones looked at, empty for all.

    whole_from: the first day from which on nothing is missing, None if nothing is; unreadable: records of the outcomes
    that could not be read, which are missing in some days; made_at: ms.
    """

    period: Period
    by: By
    team: str
    manager: str
    rows: tuple[Row, ...]
    total: Figures
    whole_from: date | None = None
    unreadable: int = 0
    made_at: int = 0

    @property
    def whole(self) -> bool:
        return self.whole_from is None and not self.unreadable

    @property
    def empty(self) -> bool:
        """No lead is counted, and nothing that was done to anybody."""
        return self.total == Figures()


Sight = Callable[[Clock, str], bool]
"""Whether somebody sees what a clock says of a manager."""


def everything(_clock: Clock, _manager: str) -> bool:
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
        if team not in ("", clock.team):
            continue
        local = period.local(clock.start)
        if manager in ("", clock.holder) and sees(clock, clock.holder):
            for figures in (groups[key(clock, clock.holder, local)], total):
                figures.count(clock, recovered=clock.missed and clocks.recovered(clock))
        for deed in clock.deeds:
            if manager in ("", deed.manager) and sees(clock, deed.manager):
                groups[key(clock, deed.manager, local)].credit(deed)
                total.credit(deed)
    rows = tuple(Row(name, groups[name]) for name in sorted(groups, key=lambda name: (not name, name)))
    whole_from = period.whole_from(clocks.complete_since)
    return Report(period, by, team, manager, rows, total, whole_from, clocks.unreadable, clocks.made_at)


KEYS: Mapping[By, Callable[[Clock, str, datetime], str]] = {
    By.MANAGER: lambda _clock, manager, _local: manager,
    By.TEAM: lambda clock, _manager, _local: clock.team,
    By.SOURCE: lambda clock, _manager, _local: clock.source,
    By.POLICY: lambda clock, _manager, _local: clock.policy,
    By.DAY: lambda _clock, _manager, local: local.date().isoformat(),
    By.HOUR: lambda _clock, _manager, local: f"{local.hour:02}",
}
"""The group that a clock, or what it did to a manager, is counted in."""

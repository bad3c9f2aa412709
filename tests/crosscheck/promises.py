"""What each customer was owed and got, reckoned from the events that were sent, by the rules alone.

R3 to R7, R11, R24, R25, R29, R30, as far as one can say without knowing when the program read what.

It uses nothing of the product, and nothing that the product said: instants in, verdicts out.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import date, datetime, time, timedelta
from zoneinfo import ZoneInfo

MINUTE = 60_000
DAY = 86_400_000


@dataclass(frozen=True)
class Hours:
    """Open every day from `opens` to `closes` by the clocks of a zone; over midnight if it closes first."""

    zone: str
    opens: time
    closes: time

    def spans(self, since: int) -> Iterator[tuple[int, int]]:
        """(from, to) of each opening that is not over at an instant, ms."""
        zone = ZoneInfo(self.zone)
        day = datetime.fromtimestamp(since / 1000, zone).date() - timedelta(days=1)
        while True:
            opens = _instant(day, self.opens, zone)
            closes = _instant(day + timedelta(days=self.closes <= self.opens), self.closes, zone)
            if closes > since:
                yield opens, closes
            day += timedelta(days=1)

    def start(self, came: int) -> int:
        """The instant itself, else the next opening (R6)."""
        opens, _ = next(self.spans(came))
        return max(came, opens)

    def after(self, start: int, target: int) -> int:
        """Start + target of open time; work that ends at closing is due then (R6)."""
        left = target
        for opens, closes in self.spans(start):
            begin = max(opens, start)
            if left <= closes - begin:
                return begin + left
            left -= closes - begin
        raise AssertionError


def _instant(day: date, at: time, zone: ZoneInfo) -> int:
    """Of times that come twice the first; none of ours is left out by the night."""
    return int(datetime.combine(day, at, zone).timestamp() * 1000)


ALWAYS = None
"""Around the clock."""


@dataclass
class Promise:
    """One customer's clock. responses: instants at which somebody tried to reach the customer, whenever it was told.

    ended: (own time, reason) of a closing that is told in time, or of an erasure.
    """

    lead_id: str
    came: int
    hours: Hours | None
    target: int
    responses: list[int] = field(default_factory=list)
    ended: tuple[int, str] | None = None

    @property
    def start(self) -> int:
        return self.came if self.hours is None else self.hours.start(self.came)

    @property
    def due(self) -> int:
        return self.start + self.target if self.hours is None else self.hours.after(self.start, self.target)

    def verdict(self, now: int, slack: int) -> str | None:
        """in_time, late, undecided, or the reason why it ended before; None where it is too early to be sure."""
        response = min((at for at in self.responses if at >= self.came), default=None)
        if response is not None:
            response = max(response, self.start)  # R5
        if self.ended and self.ended[0] <= self.due and (response is None or response > self.ended[0]):
            return self.ended[1]
        if response is not None and response <= self.due:
            return "in_time"
        if now > self.due + slack:
            return "late"
        return "undecided" if now < self.due else None

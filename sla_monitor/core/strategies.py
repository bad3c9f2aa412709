"""Who comes first among those who can take a lead. A strategy ranks a manager: the smallest rank is tried first.

What ranks alike goes to whoever waited longest for a lead of ours, then by the order in the team.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping

from .roster import Seat, Standing

Strategy = Callable[[Seat], tuple[int, ...]]

LEAD = 720_720
"""The worth of a lead in virtual time: the smallest number that all weights up to 16 divide."""


def round_robin(seat: Seat) -> tuple[int, ...]:
    return (seat.standing.last_given,)


def weighted(seat: Seat) -> tuple[int, ...]:
    return seat.standing.virtual_time, seat.standing.last_given


def least_loaded(seat: Seat) -> tuple[int, ...]:
    return seat.held, seat.standing.last_given


def longest_idle(seat: Seat) -> tuple[int, ...]:
    return seat.standing.idle_since, seat.standing.last_given


STRATEGIES: Mapping[str, Strategy] = {
    "round_robin": round_robin,
    "weighted": weighted,
    "least_loaded": least_loaded,
    "longest_idle": longest_idle,
}


def in_order(strategy: str, seats: Iterable[Seat]) -> list[Seat]:
    """The seats, given in the order of the team, in the order to be tried."""
    return sorted(seats, key=STRATEGIES[strategy])


def give(chosen: Seat, team: Iterable[Seat]) -> None:
    """Note that the chosen one gets a lead of ours, so that the others come before them."""
    standing = chosen.standing
    standing.last_given = 1 + max(seat.standing.last_given for seat in team)
    standing.virtual_time += max(1, LEAD // chosen.manager.weight)


def enter(standing: Standing, present: Iterable[Standing]) -> None:
    """Let somebody in, new or back, not below the smallest virtual time there: else all leads would be theirs."""
    smallest = min((other.virtual_time for other in present), default=0)
    standing.virtual_time = max(standing.virtual_time, smallest)

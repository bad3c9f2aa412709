"""Figures as people read them."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import NamedTuple

from .figures import By, Figures, Report, percentile
from .period import Period

NOTHING = "–"
"""Where nothing happened."""

NO_DATA = "no data"


class Column(NamedTuple):
    """always: shown even where nothing happened."""

    title: str
    text: Callable[[Figures], str]
    always: bool = False


def share(in_time: int, decided: int) -> str:
    """In whole percent, rounded down so that 100% is all of them; with the number behind it."""
    return f"{in_time * 100 // decided}% of {decided}" if decided else NO_DATA


def span(seconds: float | None) -> str:
    """1:05 is a minute and five seconds; hours come before them if there are any."""
    if seconds is None:
        return NOTHING
    hours, rest = divmod(int(seconds), 3600)
    minutes, rest = divmod(rest, 60)
    return f"{hours}:{minutes:02}:{rest:02}" if hours else f"{minutes}:{rest:02}"


def spans(seconds: Sequence[float]) -> str:
    """The median and the 90th percentile."""
    return f"{span(percentile(seconds, 50))} / {span(percentile(seconds, 90))}" if seconds else NOTHING


def part(some: int, of: int) -> str:
    return f"{some} of {of}" if of else NOTHING


def count(number: int) -> str:
    return str(number) if number else NOTHING


def days(period: Period) -> str:
    return f"{period.first:%a} {period.first} to {period.last:%a} {period.last}"


def columns(made: Report) -> list[Column]:
    """Those in which anything happened. Got is the same as lost, unless managers are told apart."""
    told_apart = made.by is By.MANAGER or made.manager
    happened = (column for column in COLUMNS if column.always or column.text(made.total) != NOTHING)
    return [column for column in happened if told_apart or column is not TAKEN]


TAKEN = Column("Got from\nothers", lambda f: count(f.taken))

COLUMNS = (
    Column("Leads", lambda f: str(f.received), always=True),
    Column("In time", lambda f: share(f.in_time, f.decided), always=True),
    Column("First attempt\np50 / p90", lambda f: spans(f.attempts), always=True),
    Column("Lost to\nothers", lambda f: count(f.away)),
    TAKEN,
    Column("Open", lambda f: count(f.still_open)),
    Column("Late", lambda f: count(f.late)),
    Column("First contact\np50 / p90", lambda f: spans(f.contacts)),
    Column("Missed calls\nrecovered", lambda f: part(f.recovered, f.missed)),
    Column("Escalated", lambda f: count(f.escalated)),
    Column("Closed\nunanswered", lambda f: count(f.closed_unanswered)),
    Column("Contact\ntarget met", lambda f: part(f.contact_in_time, f.contact_decided)),
    Column("Later turns\nin time", lambda f: part(f.later_in_time, f.later_decided)),
    Column("Nobody\neligible", lambda f: count(f.unassignable)),
)
"""What matters most comes first: a narrow terminal shows no more than fit."""

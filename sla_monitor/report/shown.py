"""Figures as people read them."""

from __future__ import annotations

from collections.abc import Mapping

from .figures import By, Figures, Report
from .percent import percent
from .period import Period
from .table import COLUMNS, TAKEN, Column, Form, Number
from .words import WORDS

NOTHING = "–"
"""Where nothing happened."""

ENGLISH = WORDS["en"]


def cell(column: Column, figures: Figures, words: Mapping[str, str] = ENGLISH) -> str:
    """What a cell says, `NOTHING` where nothing happened."""
    told = column.numbers(figures)
    match column.form, told:
        case Form.COUNT, [number]:
            return str(number) if number or column.always else NOTHING
        case Form.SHARE, [int(kept), int(decided)]:
            return share(kept, decided, words)
        case Form.PART, [some, among]:
            return words["of"].format(some=some, all=among) if among else NOTHING
        case _:
            return NOTHING if told[0] is None else " / ".join(map(span, told))


def share(in_time: int, decided: int, words: Mapping[str, str] = ENGLISH) -> str:
    """In whole percent, with the number behind it."""
    of = percent(in_time, decided)
    return words["no_data"] if of is None else words["percent"].format(percent=of, decided=decided)


def span(seconds: Number) -> str:
    """1:05 is a minute and five seconds; hours come before them if there are any."""
    if seconds is None:
        return NOTHING
    told = clock(seconds)
    return told.removeprefix("0:").removeprefix("0") if told.startswith("0:") else told


def clock(seconds: Number) -> str:
    """0:01:05 is a minute and five seconds, as a spreadsheet reads it; empty for none."""
    if seconds is None:
        return ""
    minutes, rest = divmod(int(seconds), 60)
    return f"{minutes // 60}:{minutes % 60:02}:{rest:02}"


def days(period: Period) -> str:
    return f"{period.first:%a} {period.first} to {period.last:%a} {period.last}"


def columns(made: Report) -> list[Column]:
    """Those in which anything happened. Got is the same as lost, unless managers are told apart."""
    told_apart = made.by is By.MANAGER or made.manager
    happened = (column for column in COLUMNS if column.always or cell(column, made.total) != NOTHING)
    return [column for column in happened if told_apart or column is not TAKEN]

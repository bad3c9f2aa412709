"""A report as programs and spreadsheets read it: JSON, CSV, and CSV for people."""

from __future__ import annotations

import csv
from collections.abc import Iterable, Iterator, Mapping, Sequence
from io import StringIO
from typing import Any

from sla_monitor.codec import rfc3339

from .figures import By, Figures, Report
from .names import Names, label
from .percent import percent
from .shown import clock
from .table import FIGURES, Figure, Unit, numbers
from .wholeness import missing
from .words import WORDS

FORMULA = ("=", "+", "-", "@", "\t", "\r", "\n", "＝", "＋", "－", "＠")
"""What a spreadsheet may take for the beginning of a formula."""

BYTE_ORDER_MARK = "\ufeff"
SEPARATORS = {"en": ",", "ru": ";"}
"""What a spreadsheet expects between two cells, by the language that it speaks."""

ABOUT = ("made_at", "whole_from", "unreadable")
"""The last columns of CSV: the same in every line."""


def value(report: Report, names: Names) -> dict[str, Any]:
    """As JSON."""
    return {
        "from": report.period.first.isoformat(),
        "to": report.period.last.isoformat(),
        "timezone": report.period.zone.key,
        "by": report.by,
        "team": report.team or None,
        "manager": report.manager or None,
        **_about(report),
        "rows": [
            {report.by: row.key or None, "name": label(report.by, row.key, names) or None} | numbers(row.figures)
            for row in report.rows
        ],
        "total": numbers(report.total),
    }


def _about(report: Report) -> dict[str, Any]:
    """When it was made, and whether anything is missing."""
    whole_from = report.whole_from.isoformat() if report.whole_from else None
    return dict(zip(ABOUT, (rfc3339(report.made_at), whole_from, report.unreadable), strict=True))


def csv_text(report: Report, names: Names) -> str:
    """RFC 4180, and no cell that a spreadsheet would calculate."""
    about = _about(report)
    lines = (
        [*map(harmless, (row.key, label(report.by, row.key, names))), *numbers(row.figures).values(), *about.values()]
        for row in report.rows
    )
    return _table([[report.by, "name", *numbers(Figures()), *about], *lines], ",")


def csv_for_people(report: Report, names: Names, language: str) -> str:
    """To be opened by a double click: words, h:mm:ss and percent, between them what that language expects.

    Below the lines and that of all stands what is to be known of them: the days, when it was made, what is missing.
    """
    words = WORDS[language]
    titles = [words[f"by_{report.by}"], *(getattr(figure.words, language) for figure in FIGURES)]
    called = groups(report, names, words)
    lines = [[harmless(name), *_cells(row.figures)] for name, row in zip(called, report.rows, strict=True)]
    notes = [[harmless(note)] for note in _notes(report, words)]
    table = [titles, *lines, [words["all"], *_cells(report.total)], [], *notes]
    return BYTE_ORDER_MARK + _table(table, SEPARATORS[language])


def groups(report: Report, names: Names, words: Mapping[str, str]) -> Iterator[str]:
    """What people call each line."""
    none = words["nobody"] if report.by is By.MANAGER else words["none"]
    return (label(report.by, row.key, names) or none for row in report.rows)


def _cells(figures: Figures) -> Iterator[str]:
    for figure in FIGURES:
        yield _cell(figure, figures)


def _cell(figure: Figure, figures: Figures) -> str:
    if figure.unit is Unit.SECONDS:
        return clock(figure.value(figures))
    if figure.unit is Unit.SHARE:
        of = percent(figures.in_time, figures.decided)
        return "" if of is None else f"{of}%"
    return str(figure.value(figures))


def _notes(report: Report, words: Mapping[str, str]) -> Iterator[str]:
    period = report.period
    yield f"{words['period']}: {period.first} – {period.last}, {period.zone.key}"
    made = period.local(rfc3339(report.made_at))
    yield words["made"].format(at=f"{made:%Y-%m-%d %H:%M}")
    if report.empty:
        yield words["empty"]
    yield from missing(report, words)


def _table(lines: Iterable[Sequence[Any]], separator: str) -> str:
    text = StringIO()
    csv.writer(text, delimiter=separator).writerows(lines)
    return text.getvalue()


def harmless(cell: str) -> str:
    """With an apostrophe where a spreadsheet might see a formula."""
    return f"'{cell}" if cell.startswith(FORMULA) else cell

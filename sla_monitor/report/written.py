"""A report as programs and spreadsheets read it: the columns, JSON and CSV."""

from __future__ import annotations

import csv
from collections.abc import Callable, Mapping
from io import StringIO
from typing import Any

from .figures import By, Figures, Report, percentile

Number = float | int | None

COLUMNS: Mapping[str, Callable[[Figures], Number]] = {
    "received": lambda f: f.received,
    "still_open": lambda f: f.still_open,
    "decided": lambda f: f.decided,
    "in_time": lambda f: f.in_time,
    "share_in_time": lambda f: None if f.share is None else round(f.share, 4),
    "attempts": lambda f: len(f.attempts),
    "attempt_p50_seconds": lambda f: percentile(f.attempts, 50),
    "attempt_p90_seconds": lambda f: percentile(f.attempts, 90),
    "contacts": lambda f: len(f.contacts),
    "contact_p50_seconds": lambda f: percentile(f.contacts, 50),
    "contact_p90_seconds": lambda f: percentile(f.contacts, 90),
    "late_responses": lambda f: f.late,
    "reassigned_away": lambda f: f.away,
    "received_by_reassignment": lambda f: f.taken,
    "later_turns_decided": lambda f: f.later_decided,
    "later_turns_in_time": lambda f: f.later_in_time,
    "contact_target_decided": lambda f: f.contact_decided,
    "contact_target_in_time": lambda f: f.contact_in_time,
    "missed_calls": lambda f: f.missed,
    "missed_calls_recovered": lambda f: f.recovered,
    "escalated": lambda f: f.escalated,
    "unassignable": lambda f: f.unassignable,
    "closed_unanswered": lambda f: f.closed_unanswered,
}
"""Every figure by its name; an empty one means that there is no data."""

FORMULA = ("=", "+", "-", "@", "\t", "\r", "\n", "＝", "＋", "－", "＠")
"""What a spreadsheet may take for the beginning of a formula."""


def value(report: Report, names: Mapping[str, str]) -> dict[str, Any]:
    """As JSON. names: of the managers."""
    return {
        "from": report.period.first.isoformat(),
        "to": report.period.last.isoformat(),
        "timezone": report.period.zone.key,
        "by": report.by,
        "team": report.team or None,
        "manager": report.manager or None,
        "rows": [
            {report.by: row.key or None, "name": label(report.by, row.key, names) or None} | _numbers(row.figures)
            for row in report.rows
        ],
        "total": _numbers(report.total),
    }


def csv_text(report: Report, names: Mapping[str, str]) -> str:
    """RFC 4180, and no cell that a spreadsheet would calculate."""
    text = StringIO()
    writer = csv.writer(text)
    writer.writerow([report.by, "name", *COLUMNS])
    for row in report.rows:
        named = row.key, label(report.by, row.key, names)
        writer.writerow([*map(harmless, named), *_numbers(row.figures).values()])
    return text.getvalue()


def harmless(cell: str) -> str:
    """With an apostrophe where a spreadsheet might see a formula."""
    return f"'{cell}" if cell.startswith(FORMULA) else cell


def label(by: By, key: str, names: Mapping[str, str]) -> str:
    """A group as people call it."""
    return names.get(key) or key if by is By.MANAGER else key


def _numbers(figures: Figures) -> dict[str, Number]:
    return {name: figure(figures) for name, figure in COLUMNS.items()}

"""What a small week looks like, written: `python -m tests.report.golden` writes it anew; look at the difference."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from sla_monitor.report.figures import By, report
from sla_monitor.report.names import names_of
from sla_monitor.report.sheet import html, sheet_of
from sla_monitor.report.written import csv_text
from tests.report.days import WEEK, a_week, clocks_of, office

HERE = Path(__file__).parent / "golden"
LINK = '<link rel="stylesheet" href="/report/sheet.css">'


def sheet(manager: str) -> str:
    return html(sheet_of(clocks_of(a_week(), WEEK), WEEK, office(), manager), LINK)


def csv() -> str:
    return csv_text(report(clocks_of(a_week(), WEEK), WEEK, By.MANAGER), names_of(office()))


WRITTEN: dict[str, Callable[[], str]] = {
    "anna.html": lambda: sheet("anna"),
    "vera.html": lambda: sheet("vera"),
    "managers.csv": csv,
}

if __name__ == "__main__":
    HERE.mkdir(exist_ok=True)
    for name, text in WRITTEN.items():
        (HERE / name).write_bytes(text().encode())

"""The table of figures as the page of reports reads it: `report-figures.mjs`, written by `python -m tests.docs`."""

from __future__ import annotations

import json

from .table import COLUMNS, TAKEN
from .words import WORDS

HEAD = """\
// The columns of a report, with their words. Written by `python -m tests.docs` from sla_monitor/report/table.py.

"""


def figures_module() -> str:
    """COLUMNS: [name, form, figures, always, only where managers are told apart]; TITLES: by language, by name."""
    columns = [[column.figures[0], column.form, column.figures, column.always, column is TAKEN] for column in COLUMNS]
    titles = {
        language: {column.figures[0]: getattr(column.titles, language) for column in COLUMNS} for language in WORDS
    }
    return HEAD + _const("COLUMNS", columns) + "\n" + _const("TITLES", titles)


def _const(name: str, value: object) -> str:
    return f"export const {name} = {json.dumps(value, indent=2, ensure_ascii=False)};\n"

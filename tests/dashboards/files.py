"""The committed dashboards, and everything that they ask Prometheus."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from deploy.grafana.build import DASHBOARDS
from tests.docs import ROOT

Panel = dict[str, Any]

SHEETS: dict[str, dict[str, Any]] = {name: json.loads((ROOT / name).read_text()) for name in DASHBOARDS}
"""By their paths."""


@dataclass(frozen=True, slots=True)
class Question:
    """One query of a panel, a variable or an annotation. where: how a person finds it."""

    where: str
    expr: str
    legend: str = ""
    instant: bool = False

    def names(self) -> set[str]:
        """The metrics that it is about."""
        return names(self.expr)


def panels(sheet: dict[str, Any]) -> list[Panel]:
    """Those that show something."""
    return [panel for panel in sheet["panels"] if panel["type"] != "row"]


def asked(sheet: dict[str, Any], panel: Panel) -> list[Question]:
    """What a panel asks, in the order of its queries; a row asks nothing."""
    where = f"{sheet['uid']}: {panel['title']}"
    return [
        Question(f"{where} {one['refId']}", one["expr"], one["legendFormat"], one.get("instant", False))
        for one in panel.get("targets", ())
    ]


def questions(sheet: dict[str, Any]) -> Iterator[Question]:
    """All that a dashboard asks; of a variable the selector that its values are of."""
    for panel in panels(sheet):
        yield from asked(sheet, panel)
    for one in sheet["annotations"]["list"]:
        yield Question(f"{sheet['uid']}: annotation {one['name']}", one["expr"])
    for one in sheet["templating"]["list"]:
        if one["type"] == "query":
            selector, _ = label_values(one["query"])
            yield Question(f"{sheet['uid']}: variable {one['name']}", selector, instant=True)


def label_values(query: str) -> tuple[str, str]:
    """The selector and the label of a variable."""
    found = re.fullmatch(r"label_values\((.+), (\w+)\)", query)
    assert found, query
    return found[1], found[2]


KEYWORDS = {"and", "or", "unless", "offset"}

NO_NAMES = re.compile(r'\{[^}]*\}|\[[^]]*\]|"[^"]*"|\b(by|on|without)\s*\([^)]*\)|\boffset \w+')
"""What of an expression names no metric."""


def names(expr: str) -> set[str]:
    return set(re.findall(r"\b[A-Za-z_:][\w:]*\b(?!\s*\()", NO_NAMES.sub(" ", expr))) - KEYWORDS

"""A dashboard of rows of panels, and what the SDK leaves open: ids, the letters of queries, and how they lead on."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from string import ascii_uppercase
from typing import Any

from grafana_foundation_sdk.builders.dashboard import (
    AnnotationQuery,
    Dashboard,
    DashboardLink,
    DatasourceVariable,
    QueryVariable,
    Row,
    TextBoxVariable,
)
from grafana_foundation_sdk.cog.builder import Builder
from grafana_foundation_sdk.cog.encoder import JSONEncoder
from grafana_foundation_sdk.models.dashboard import (
    DashboardCursorSync,
    DashboardLinkType,
    Panel,
    VariableOption,
    VariableRefresh,
    VariableSort,
)

from sla_monitor.metrics.catalogue import Metric

from .panels import PROMETHEUS

UIDS = {"overview": "sla-overview", "managers": "sla-managers", "pipeline": "sla-pipeline"}
"""In links and bookmarks, so they never change."""

BOARD = "http://127.0.0.1:8080/"
"""Where docker-compose.yml shows the board; a text box, for elsewhere it is somewhere else."""


@dataclass(frozen=True, slots=True)
class Choice:
    """A variable: some values of a label, or all."""

    label: str
    of: Metric


@dataclass(frozen=True, slots=True)
class Mark:
    """An annotation: a line wherever the expression has a series."""

    name: str
    expr: str
    title: str
    colour: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Sheet:
    """since: how far back it begins, such as 6h. rows: panels by the title of their row."""

    name: str
    title: str
    text: str
    since: str
    rows: Mapping[str, Sequence[Builder[Panel]]]
    choices: Sequence[Choice] = ()
    marks: Sequence[Mark] = ()

    def json(self) -> str:
        """The file of the dashboard; the same text each time."""
        sheet = json.loads(json.dumps(self._built(), cls=JSONEncoder))
        for annotation, mark in zip(sheet["annotations"]["list"], self.marks, strict=True):
            annotation.update(titleFormat=mark.title, step="1m")
        return json.dumps(numbered(sheet), indent=2) + "\n"

    def _built(self) -> object:
        sheet = (
            Dashboard(self.title)
            .uid(UIDS[self.name])
            .description(self.text)
            .tags(["sla-monitor"])
            .time(f"now-{self.since}", "now")
            .refresh("30s")
            .timezone("browser")
            .tooltip(DashboardCursorSync.CROSSHAIR)
            .links([*_links(self.name)])
            .variables([_datasource(), *map(_variable, self.choices), _board()])
            .annotations([*map(_annotation, self.marks)])
        )
        for title, panels in self.rows.items():
            sheet.with_row(Row(title))
            for panel in panels:
                sheet.with_panel(panel)
        return sheet.build()


def numbered(sheet: dict[str, Any]) -> dict[str, Any]:
    """Each panel with an id of its own, and each of its queries with a letter: the SDK gives neither."""
    for number, panel in enumerate(sheet["panels"], 1):
        panel["id"] = number
        for letter, target in zip(ascii_uppercase, panel.get("targets", ()), strict=False):
            target["refId"] = letter
    return sheet


def _links(here: str) -> Iterable[DashboardLink]:
    for name, uid in UIDS.items():
        if name != here:
            yield _link(name.capitalize(), f"/d/{uid}").keep_time(keep_time=True).include_vars(include_vars=True)
    yield _link("Board", "${board}").target_blank(target_blank=True).tooltip("The open leads, one by one")


def _link(title: str, url: str) -> DashboardLink:
    return DashboardLink(title).type(DashboardLinkType.LINK).icon("external link").url(url)


def _datasource() -> DatasourceVariable:
    """What compose provisions; where that is not known Grafana takes another of its kind."""
    provisioned = VariableOption(text="Prometheus", value="prometheus")
    return DatasourceVariable("datasource").label("Data source").type("prometheus").current(provisioned)


def _variable(choice: Choice) -> QueryVariable:
    return (
        QueryVariable(choice.label)
        .label(choice.label.capitalize())
        .datasource(PROMETHEUS)
        .query(f"label_values({choice.of.name}, {choice.label})")
        .refresh(VariableRefresh.ON_TIME_RANGE_CHANGED)
        .sort(VariableSort.ALPHABETICAL_ASC)
        .multi(multi=True)
        .include_all(include_all=True)
        .all_value(".*")
        .current(VariableOption(text="All", value="$__all"))
    )


def _board() -> TextBoxVariable:
    return TextBoxVariable("board").label("Board").default_value(BOARD).current(VariableOption(text=BOARD, value=BOARD))


def _annotation(mark: Mark) -> AnnotationQuery:
    return (
        AnnotationQuery()
        .name(mark.name)
        .expr(mark.expr)
        .datasource(PROMETHEUS)
        .enable(enable=True)
        .icon_color(mark.colour)
    )

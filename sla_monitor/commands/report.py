"""`sla-monitor report`: who kept the promise, from the outcomes."""

from __future__ import annotations

import asyncio
import json
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Annotated
from zoneinfo import ZoneInfo

import typer
from rich.box import SIMPLE_HEAD
from rich.cells import cell_len
from rich.console import Console
from rich.table import Column, Table
from rich.text import Text

from sla_monitor.bootstrap import domain_clock
from sla_monitor.core.effects import Log
from sla_monitor.core.rules import Rules
from sla_monitor.errors import Misconfigured, Problem
from sla_monitor.in_force import rules_in_force
from sla_monitor.logs import existing
from sla_monitor.report import reading, sheet, shown, written
from sla_monitor.report.clocks import Clocks
from sla_monitor.report.figures import By, Report, report
from sla_monitor.report.period import Period, choose, zone_named, zone_of
from sla_monitor.settings import Settings, read_settings

from .options import DataDir, printable, refuse


class Format(StrEnum):
    TABLE = "table"
    CSV = "csv"
    JSON = "json"
    HTML = "html"


@dataclass(frozen=True, slots=True)
class Asked:
    """The period as it was named."""

    since: str
    until: str
    last: str
    week: str
    timezone: str

    def period(self, rules: Rules, now: int) -> Period:
        """Raises Misconfigured."""
        try:
            zone: ZoneInfo = zone_named(self.timezone) if self.timezone else zone_of(rules)
            return choose(zone, now, since=self.since, until=self.until, last=self.last, week=self.week)
        except ValueError as error:
            raise Misconfigured([Problem("sla-monitor report", "", str(error))]) from None


def show_report(
    by: Annotated[By, typer.Option(help="What there is a line for.")] = By.MANAGER,
    how: Annotated[
        Format | None,
        typer.Option(
            "--format", help="If left out: table on a terminal, json elsewhere. html: the sheet of --manager, to print."
        ),
    ] = None,
    since: Annotated[str, typer.Option("--from", help="The first day, like 2026-11-01.")] = "",
    until: Annotated[str, typer.Option("--to", help="The last day; today if only --from is named.")] = "",
    last: Annotated[str, typer.Option(help="week or month, the last full ones, or 7d, today included.")] = "",
    week: Annotated[str, typer.Option(help="An ISO week, like 2026-W47. Without any period: the last full week.")] = "",
    timezone: Annotated[
        str, typer.Option(help="Whose days; if left out, that of the policy's calendar, else UTC.")
    ] = "",
    team: Annotated[str, typer.Option(help="Only the leads of this team.")] = "",
    manager: Annotated[str, typer.Option(help="Only this manager.")] = "",
    data_dir: DataDir = None,
) -> None:
    """Tell how well the promise was kept, by manager, team, source, policy, day or hour of day.

    What each figure means: docs/report.md.
    """
    if how is Format.HTML and not manager:
        raise Misconfigured([Problem("--format html", "", "is the sheet of one manager: name them with --manager")])
    settings = read_settings({"data_dir": data_dir})
    rules, period, clocks = asyncio.run(_read(settings, Asked(since, until, last, week, timezone)))
    _check_known(rules, clocks, team, manager)
    made = report(clocks, period, by, team=team, manager=manager)
    names = {known.id: known.name for known in rules.managers.values()}
    match how or (Format.TABLE if sys.stdout.isatty() else Format.JSON):
        case Format.HTML:
            head = f"<style>\n{sheet.style()}</style>"
            typer.echo(sheet.html(sheet.sheet_of(clocks, period, rules, manager), head), nl=False)
        case Format.CSV:
            typer.echo(written.csv_text(made, names), nl=False)
        case Format.JSON:
            typer.echo(json.dumps(written.value(made, names), indent=2, ensure_ascii=False))
        case Format.TABLE:
            _print(made, names)


async def _read(settings: Settings, asked: Asked) -> tuple[Rules, Period, Clocks]:
    async with existing(settings, [Log.EVENTS], wanted=reading.is_wanted) as logs:
        rules = max(await rules_in_force(logs), key=lambda rules: rules.version)
        period = asked.period(rules, domain_clock(settings).now())
        return rules, period, await reading.read(logs.reader, logs.prefix, period)


def _check_known(rules: Rules, clocks: Clocks, team: str, manager: str) -> None:
    """One that neither the policy nor any lead of the period names is a mistake, not an empty report."""
    if team and team not in rules.teams and not any(clock.team == team for clock in clocks):
        refuse(f"there is no team {team}; the policy has {', '.join(rules.teams) or 'none'}")
    if manager and manager not in rules.managers and not any(manager in clock.managers for clock in clocks):
        refuse(f"there is no manager {manager}; the policy has {', '.join(rules.managers) or 'none'}")


def _print(made: Report, names: Mapping[str, str]) -> None:
    """A table no wider than the terminal: the columns that matter most come first."""
    console = Console()
    columns = [_names(made, names), *(_cells(made, column) for column in shown.columns(made))]
    fitting = columns
    while len(fitting) > 2 and sum(map(_width, fitting)) > console.width:
        fitting = fitting[:-1]
    heads = [Column(Text(cells[0]), justify="right" if number else "left") for number, cells in enumerate(fitting)]
    title = f"{shown.days(made.period)}, {made.period.zone.key}"
    table = Table(*heads, box=SIMPLE_HEAD, title=title, title_justify="left", pad_edge=False)
    for line in zip(*(cells[1:] for cells in fitting), strict=True):
        table.add_row(*map(Text, line))
    console.print(table)
    if len(fitting) < len(columns):
        console.print(f"{len(columns) - len(fitting)} more columns on a wider terminal, and in csv and json.")


def _names(made: Report, names: Mapping[str, str]) -> list[str]:
    groups = (printable(written.label(made.by, row.key, names) or "nobody") for row in made.rows)
    return [made.by.capitalize(), *groups, "all"]


def _cells(made: Report, column: shown.Column) -> list[str]:
    return [column.title, *(column.text(row.figures) for row in made.rows), column.text(made.total)]


def _width(cells: list[str]) -> int:
    """Of a column, in letters, with what stands between two."""
    return max(cell_len(line) for cell in cells for line in cell.split("\n")) + 2

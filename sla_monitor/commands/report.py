"""`sla-monitor report`: who kept the promise, from the outcomes."""

from __future__ import annotations

import asyncio
import json
import shlex
import sys
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path
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
from sla_monitor.report import reading, sheet, shown, table, written
from sla_monitor.report.clocks import Clocks
from sla_monitor.report.figures import By, Figures, Report, report
from sla_monitor.report.home import home
from sla_monitor.report.names import Names, names_of
from sla_monitor.report.period import Period, choose, zone_named
from sla_monitor.report.wholeness import missing
from sla_monitor.settings import Settings, read_settings

from .options import FINDINGS, DataDir, printable, refuse

LOOK_BACK = 30
"""Days in which the newest leads are looked for if there are none in those that were named."""


class Format(StrEnum):
    TABLE = "table"
    CSV = "csv"
    JSON = "json"
    HTML = "html"


class Language(StrEnum):
    EN = "en"
    RU = "ru"


@dataclass(frozen=True, slots=True)
class Asked:
    """The period as it was named."""

    since: str = ""
    until: str = ""
    last: str = ""
    week: str = ""
    timezone: str = ""

    def period(self, rules: Rules, now: int) -> Period:
        """Raises Misconfigured."""
        try:
            zone: ZoneInfo = zone_named(self.timezone) if self.timezone else home(rules)
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
    excel: Annotated[
        bool, typer.Option("--excel", help="With --format csv: to be opened by people, in words, minutes and percent.")
    ] = False,
    language: Annotated[
        Language, typer.Option(help="Of --excel, which also says what separates the cells.")
    ] = Language.EN,
    data_dir: DataDir = None,
) -> None:
    """Tell how well the promise was kept, by manager, team, source, policy, day or hour of day.

    What each figure means: docs/report.md. Exit code 1 if it is not whole: outcomes of these days are not kept any
    more, or records could not be read; it says so, and has what is left.
    """
    if excel and how is not Format.CSV:
        raise Misconfigured([Problem("--excel", "", "is for --format csv")])
    if how is Format.HTML and not manager:
        raise Misconfigured([Problem("--format html", "", "is the sheet of one manager: name them with --manager")])
    settings = read_settings({"data_dir": data_dir})
    asked = Asked(since, until, last, week, timezone)
    rules, period, clocks = asyncio.run(_read(settings, asked))
    _check_known(rules, clocks, team, manager)
    made = report(clocks, period, by, team=team, manager=manager)
    names = names_of(rules)
    match how or (Format.TABLE if sys.stdout.isatty() else Format.JSON):
        case Format.HTML:
            head = f"<style>\n{sheet.style()}</style>"
            typer.echo(sheet.html(sheet.sheet_of(clocks, period, rules, manager), head), nl=False)
        case Format.CSV if excel:
            typer.echo(written.csv_for_people(made, names, language).encode(), nl=False)
        case Format.CSV:
            typer.echo(written.csv_text(made, names), nl=False)
        case Format.JSON:
            typer.echo(json.dumps(written.value(made, names), indent=2, ensure_ascii=False))
        case Format.TABLE:
            _print(made, names)
    for what in missing(made, shown.ENGLISH):
        typer.secho(what, err=True, fg=typer.colors.RED)
    if made.empty:
        typer.echo(f"{shown.ENGLISH['empty']} {_instead(settings, asked, made, data_dir)}", err=True)
    if not made.whole:
        raise typer.Exit(FINDINGS)


async def _read(settings: Settings, asked: Asked) -> tuple[Rules, Period, Clocks]:
    async with existing(settings, [Log.EVENTS], wanted=reading.is_wanted) as logs:
        rules = max(await rules_in_force(logs), key=lambda rules: rules.version)
        now = domain_clock(settings).now()
        period = asked.period(rules, now)
        return rules, period, await reading.read(reading.Source(logs.reader, logs.prefix, rules, now), period)


def _instead(settings: Settings, asked: Asked, empty: Report, data_dir: Path | None) -> str:
    """The command that shows the newest leads there are, with the same options."""
    _, period, clocks = asyncio.run(_read(settings, Asked(last=f"{LOOK_BACK}d", timezone=asked.timezone)))
    days = report(clocks, period, By.DAY, team=empty.team, manager=empty.manager).rows
    back = next((back for back, day in enumerate(reversed(days), 1) if day.figures != Figures()), None)
    if back is None:
        return f"Nor is there one in the last {LOOK_BACK} days."
    options = {
        "--last": f"{back}d",
        "--by": empty.by if empty.by is not By.MANAGER else "",
        "--team": empty.team,
        "--manager": empty.manager,
        "--timezone": asked.timezone,
        "--data-dir": data_dir,
    }
    given = [part for name, value in options.items() if value for part in (name, str(value))]
    when = "today" if back == 1 else f"the last {back} days"
    return f"For {when}: {printable(shlex.join(['sla-monitor', 'report', *given]))}"


def _check_known(rules: Rules, clocks: Clocks, team: str, manager: str) -> None:
    """One that neither the policy nor any lead of the period names is a mistake, not an empty report."""
    if team and team not in rules.teams and not any(clock.team == team for clock in clocks):
        refuse(f"there is no team {team}; the policy has {', '.join(rules.teams) or 'none'}")
    if manager and manager not in rules.managers and not any(manager in clock.managers for clock in clocks):
        refuse(f"there is no manager {manager}; the policy has {', '.join(rules.managers) or 'none'}")


def _print(made: Report, names: Names) -> None:
    """A table no wider than the terminal: the columns that matter most come first."""
    console = Console()
    columns = [_names(made, names), *(_cells(made, column) for column in shown.columns(made))]
    fitting = columns
    while len(fitting) > 2 and sum(map(_width, fitting)) > console.width:
        fitting = fitting[:-1]
    heads = [Column(Text(cells[0]), justify="right" if number else "left") for number, cells in enumerate(fitting)]
    title = f"{shown.days(made.period)}, {made.period.zone.key}"
    drawn = Table(*heads, box=SIMPLE_HEAD, title=title, title_justify="left", pad_edge=False)
    for line in zip(*(cells[1:] for cells in fitting), strict=True):
        drawn.add_row(*map(Text, line))
    console.print(drawn)
    if len(fitting) < len(columns):
        console.print(f"{len(columns) - len(fitting)} more columns on a wider terminal, and in csv and json.")


def _names(made: Report, names: Names) -> list[str]:
    return [made.by.capitalize(), *map(printable, written.groups(made, names, shown.ENGLISH)), "all"]


def _cells(made: Report, column: table.Column) -> list[str]:
    """A title breaks where its second half tells of what stands behind the slash."""
    title = column.titles.en.replace(", ", "\n")
    return [title, *(shown.cell(column, row.figures) for row in made.rows), shown.cell(column, made.total)]


def _width(cells: list[str]) -> int:
    """Of a column, in letters, with what stands between two."""
    return max(cell_len(line) for cell in cells for line in cell.split("\n")) + 2

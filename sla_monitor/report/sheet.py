"""The printable sheet of one manager: what a head and the manager look at together once a week.

One HTML page for A4, with nothing from elsewhere, no script and no inline style, so that it passes any policy of a
browser; bars differ by pattern, not by colour. No name or number of a customer is on it.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from html import escape
from importlib.resources import files
from math import inf
from statistics import median
from typing import Any

from sla_monitor.core.rules import Rules

from .clocks import Clock, Clocks
from .figures import By, Figures, Row, Sight, everything, report
from .period import Period
from .shown import span, spans
from .words import WORDS, language_of, long, short

LONGEST = 5
WEEK = 7

STYLE = "sheet.css"

DEFINITIONS = (
    '<svg class="patterns" width="0" height="0" aria-hidden="true"><defs><pattern id="hatch" width="3" height="3" '
    'patternUnits="userSpaceOnUse"><path d="M0 3 3 0" stroke="#000" stroke-width=".8"/></pattern></defs></svg>'
)


def style() -> str:
    """The style sheet of the page."""
    return (files(__package__) / STYLE).read_text()


@dataclass(frozen=True)
class Sheet:
    """What it shows. days: a row each. shares: of the team's managers, for the median. waits: the longest first."""

    manager: str
    name: str
    team: str
    period: Period
    total: Figures
    days: Sequence[Row]
    shares: Sequence[float]
    objective: float | None
    waits: Sequence[Clock]
    names: Mapping[str, str]
    words: Mapping[str, str]
    language: str


def sheet_of(clocks: Clocks, period: Period, rules: Rules, manager: str, sees: Sight = everything) -> Sheet:
    """The sheet of a manager, in the manager's language. sees: what whoever reads it may see."""
    mine = report(clocks, period, By.DAY, manager=manager, sees=sees)
    team = next((team for team in rules.teams.values() if manager in team.managers), None)
    everybody = report(clocks, period, By.MANAGER).rows
    colleagues = [row.figures.share for row in everybody if team and row.key in team.managers]
    own = [clock for clock in clocks if clock.holder == manager and clock.counts and sees(clock)]
    language = language_of(manager, rules)
    names = {known.id: known.name or known.id for known in rules.managers.values()}
    return Sheet(
        manager=manager,
        name=names.get(manager, manager),
        team=team.id if team else "",
        period=period,
        total=mine.total,
        days=mine.rows,
        shares=[share for share in colleagues if share is not None],
        objective=_objective(own, rules),
        waits=_longest(own),
        names=names,
        words=WORDS[language],
        language=language,
    )


def _objective(own: Iterable[Clock], rules: Rules) -> float | None:
    """The share that the policies of the decided leads promise, each as often as it was decided by."""
    objectives = {policy.name: policy.objective for policy in rules.policies}
    promised = [objectives[clock.policy] for clock in own if clock.decided and clock.policy in objectives]
    return sum(promised) / len(promised) if promised else None


def _longest(own: Iterable[Clock]) -> list[Clock]:
    """Leads that were answered, or whose time went by without; these have waited longest."""
    waited = [clock for clock in own if clock.responded or clock.decided]
    return sorted(waited, key=lambda clock: (-_waited(clock), clock.start, clock.lead_id))[:LONGEST]


def _waited(clock: Clock) -> float:
    return (clock.waited or 0) if clock.responded else inf


def html(sheet: Sheet, head: str) -> str:
    """The page. head: the element that brings `style()`: a link, or all of it in a style element."""
    words, period = sheet.words, sheet.period
    days = f"{long(period.first, words)} – {long(period.last, words)}"
    title = f"{sheet.name}, {days}"
    parts = [
        f'<!doctype html>\n<html lang="{sheet.language}">\n<head>\n<meta charset="utf-8">',
        '<meta name="viewport" content="width=device-width, initial-scale=1">',
        f"<title>{escape(title)}</title>\n{head}\n</head>\n<body>\n{DEFINITIONS}\n<main>",
        f"<header><h1><bdi>{escape(sheet.name)}</bdi></h1><p>{escape(' · '.join(_subtitle(sheet, days)))}</p></header>",
        _section(words["in_time"], _shares(sheet)),
        _section(words["days"], _days(sheet)),
        _section(words["figures"], _figures(sheet)),
        _section(words["waits"], _waits(sheet)),
        _section(words["agreed"], '<div class="lines" role="presentation"></div>'),
        f"<footer>{escape(words['note'].format(zone=period.zone.key))}</footer>\n</main>\n</body>\n</html>\n",
    ]
    return "\n".join(parts)


def _subtitle(sheet: Sheet, days: str) -> Iterator[str]:
    yield sheet.words["title"]
    yield days
    if sheet.team:
        yield sheet.words["team"].format(team=sheet.team)


def _section(title: str, content: str) -> str:
    return f"<section><h2>{escape(title)}</h2>\n{content}\n</section>"


def _shares(sheet: Sheet) -> str:
    """The manager's share in time against the objective and the team's median."""
    words, total = sheet.words, sheet.total
    own = _said(words, "share", total.share, in_time=total.in_time, decided=total.decided)
    lines = [(words["you"], total.share, own, "#000")]
    if len(sheet.shares) > 1:
        middle = median(sheet.shares)
        lines.append((words["median"], middle, f"{int(middle * 100)}%", "#bbb"))
    if sheet.objective is not None:
        lines.append((words["objective"], sheet.objective, f"{round(sheet.objective * 100)}%", "none"))
    rows = (
        f'<tr><th scope="row">{escape(name)}</th><td class="bar">{_bar(share, fill)}</td><td>{escape(text)}</td></tr>'
        for name, share, text, fill in lines
    )
    return f'<table class="shares">{"".join(rows)}</table>'


def _said(words: Mapping[str, str], text: str, share: float | None, **more: Any) -> str:
    return words["no_data"] if share is None else words[text].format(percent=int(share * 100), **more)


def _bar(share: float | None, fill: str) -> str:
    """As wide as its place; strokes are not stretched with it."""
    box = f'<rect y=".5" width="{(share or 0) * 100:.1f}" height="9" fill="{fill}" stroke="#000"/>' if share else ""
    return (
        '<svg viewBox="0 0 100 10" preserveAspectRatio="none" aria-hidden="true">'
        f'<path d="M0 9.5H100" stroke="#999"/>{box}</svg>'
    )


def _days(sheet: Sheet) -> str:
    """A strip a week: what was kept, what was not, what is not decided."""
    most = max([row.figures.received for row in sheet.days], default=0)
    days = list(zip(sheet.period.days, sheet.days, strict=True))
    weeks = (days[start : start + WEEK] for start in range(0, len(days), WEEK))
    legend = "".join(
        f'<span><svg viewBox="0 0 10 10" aria-hidden="true"><rect x="1" y="1" width="8" height="8" fill="{fill}" '
        f'stroke="#000" stroke-width=".6"/></svg> {escape(sheet.words[name])}</span>'
        for name, fill in (("kept", "#000"), ("broken", "url(#hatch)"), ("undecided", "none"))
    )
    return "".join(_week(week, most, sheet.words) for week in weeks) + f'<p class="legend">{legend}</p>'


def _week(week: Sequence[tuple[Any, Row]], most: int, words: Mapping[str, str]) -> str:
    columns = [(short(day, words), row.figures) for day, row in week]
    columns += [("", Figures())] * (WEEK - len(columns))
    bars = "".join(f"<td>{_column(figures, most)}</td>" for _, figures in columns)
    texts = "".join(f"<td>{_of_day(figures, words)}</td>" for _, figures in columns)
    names = "".join(f'<th scope="col">{escape(name)}</th>' for name, _ in columns)
    return f'<table class="strip"><thead><tr>{names}</tr></thead><tr class="bars">{bars}</tr><tr>{texts}</tr></table>'


def _of_day(figures: Figures, words: Mapping[str, str]) -> str:
    if not figures.decided:
        return str(figures.received) if figures.received else "–"
    return words["of_day"].format(in_time=figures.in_time, decided=figures.decided)


def _column(figures: Figures, most: int) -> str:
    """In time at the bottom, then what was not, then what is not decided; one lead is as high on every day."""
    parts = (
        (figures.in_time, "#000"),
        (figures.decided - figures.in_time, "url(#hatch)"),
        (figures.received - figures.decided, "none"),
    )
    drawn, top = [], 49.5
    for number, fill in parts:
        height = number * 48 / most if most else 0
        top -= height
        if number:
            drawn.append(f'<rect x="10" y="{top:.1f}" width="20" height="{height:.1f}" fill="{fill}" stroke="#000"/>')
    return f'<svg viewBox="0 0 40 50" aria-hidden="true"><path d="M2 49.5H38" stroke="#999"/>{"".join(drawn)}</svg>'


def _figures(sheet: Sheet) -> str:
    words, f = sheet.words, sheet.total

    def of(some: int, among: int) -> str:
        return words["of"].format(some=some, all=among) if among else "–"

    shown = {
        "received": str(f.received),
        "still_open": str(f.still_open),
        "late": str(f.late),
        "closed": str(f.closed_unanswered),
        "attempts": spans(f.attempts),
        "contacts": spans(f.contacts),
        "missed": of(f.recovered, f.missed),
        "escalated": str(f.escalated),
        "away": str(f.away),
        "taken": str(f.taken),
        "later": of(f.later_in_time, f.later_decided),
        "contact_target": of(f.contact_in_time, f.contact_decided),
    }
    items = (f"<div><dt>{escape(words[name])}</dt><dd>{escape(text)}</dd></div>" for name, text in shown.items())
    return f"<dl>{''.join(items)}</dl>"


def _waits(sheet: Sheet) -> str:
    words = sheet.words
    if not sheet.waits:
        return f"<p>{escape(words['no_waits'])}</p>"
    head = "".join(f'<th scope="col">{escape(words[name])}</th>' for name in ("lead", "came", "wait", "what"))
    lines = "".join(_wait(clock, sheet) for clock in sheet.waits)
    return f'<table class="waits"><thead><tr>{head}</tr></thead><tbody>{lines}</tbody></table>'


def _wait(clock: Clock, sheet: Sheet) -> str:
    local = sheet.period.local(clock.start)
    came = f"{short(local.date(), sheet.words)}, {local:%H:%M}"
    happened = "; ".join(_story(clock, sheet))
    wait = span(clock.waited) if clock.responded else "–"
    return (
        f"<tr><td><bdi>{escape(clock.lead_id)}</bdi></td><td>{escape(came)}</td>"
        f"<td>{escape(wait)}</td><td>{escape(happened)}</td></tr>"
    )


def _story(clock: Clock, sheet: Sheet) -> Iterator[str]:
    """What happened to a lead, in the order in which it usually does."""
    words = sheet.words
    for deed, who in clock.deeds:
        if deed == "taken":
            yield words["was_given"].format(to=sheet.names.get(who, who))
    if clock.unassignable:
        yield words["was_unassignable"]
    if clock.escalated:
        yield words["was_escalated"]
    if clock.responded:
        yield words["was_late" if clock.evaluated == "breached" else f"was_{clock.evaluated or 'met'}"]
    elif clock.is_open:
        yield words["was_open"]
    elif clock.into or clock.ended == "erased":
        yield words["was_ended"]
    else:
        yield words["was_closed"].format(reason=words.get(clock.ended, clock.ended))

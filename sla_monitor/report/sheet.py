"""The printable sheet of one manager: what a head and the manager look at together once a week.

One HTML page for A4, with nothing from elsewhere, no script and no inline style, so that it passes any policy of a
browser; bars differ by pattern, not by colour. No name or number of a customer is on it.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from fractions import Fraction
from html import escape
from importlib.resources import files
from math import inf
from statistics import median

from sla_monitor.codec import rfc3339
from sla_monitor.core.rules import Rules

from .clock import Clock
from .clocks import Clocks
from .figures import By, Figures, Row, Sight, everything, in_time_of, report
from .names import Names, label, names_of
from .percent import percent
from .period import Period
from .shown import cell, span
from .table import COLUMNS, IN_TIME
from .wholeness import missing
from .words import WORDS, language_of, long, short

LONGEST = 5
WEEK = 7

BAR = 100
"""How long a bar is, in units of its drawing."""

STYLE = "sheet.css"

DEFINITIONS = (
    '<svg class="patterns" width="0" height="0" aria-hidden="true"><defs><pattern id="hatch" width="3" height="3" '
    'patternUnits="userSpaceOnUse"><path d="M0 3 3 0" stroke="#000" stroke-width=".8"/></pattern></defs></svg>'
)


def every_lead(_clock: Clock) -> bool:
    return True


def style() -> str:
    """The style sheet of the page."""
    return (files(__package__) / STYLE).read_text()


@dataclass(frozen=True)
class Sheet:
    """What it shows. team: as people call it. days: a row each. waits: the longest first.

    shares: of the team's managers, for the median. whole_from, unreadable, made_at: see `Report`.
    """

    manager: str
    name: str
    team: str
    period: Period
    total: Figures
    days: Sequence[Row]
    shares: Sequence[Fraction]
    objective: Fraction | None
    waits: Sequence[Clock]
    names: Names
    words: Mapping[str, str]
    language: str
    whole_from: date | None = None
    unreadable: int = 0
    made_at: int = 0


def sheet_of(
    clocks: Clocks,
    period: Period,
    rules: Rules,
    manager: str,
    sees: Sight = everything,
    knows: Callable[[Clock], bool] = every_lead,
) -> Sheet:
    """The sheet of a manager, in the manager's language. sees, knows: what figures, and what leads, its reader sees."""
    mine = report(clocks, period, By.DAY, manager=manager, sees=sees)
    own = [clock for clock in clocks if clock.holder == manager and clock.counts and sees(clock, manager)]
    team = _team(own, manager, rules)
    language = language_of(manager, rules)
    names = names_of(rules)
    return Sheet(
        manager=manager,
        name=label(By.MANAGER, manager, names),
        team=label(By.TEAM, team, names),
        period=period,
        total=mine.total,
        days=mine.rows,
        shares=_shares_of_team(clocks, team, rules),
        objective=_objective(own, rules),
        waits=_longest(filter(knows, own)),
        names=names,
        words=WORDS[language],
        language=language,
        whole_from=mine.whole_from,
        unreadable=mine.unreadable,
        made_at=mine.made_at,
    )


def _team(own: Iterable[Clock], manager: str, rules: Rules) -> str:
    """The one that most of the manager's leads were of; without any, the one that the manager is in now."""
    teams = Counter(team_of(clock, rules) for clock in own).most_common(1)
    return teams[0][0] if teams else _team_now(manager, rules)


def team_of(clock: Clock, rules: Rules) -> str:
    """A lead's own; of one that has none, its holder's."""
    return clock.team or _team_now(clock.holder, rules)


def _team_now(manager: str, rules: Rules) -> str:
    return next((team.id for team in rules.teams.values() if manager in team.managers), "")


def _shares_of_team(clocks: Clocks, team: str, rules: Rules) -> list[Fraction]:
    """Of each manager who answers for a decided lead of the team, of all of theirs; whoever is in the team now."""
    mates = {clock.holder for clock in clocks if clock.decided and clock.holder and team == team_of(clock, rules)}
    found = in_time_of(clocks)
    return [Fraction(*found[manager]) for manager in mates if team]


def _objective(own: Iterable[Clock], rules: Rules) -> Fraction | None:
    """The share that was promised for the decided leads, at their decision, on average.

    Outcomes of before that was told have the name of their policy only: its share is that of today.
    """
    today = {policy.name: policy.objective for policy in rules.policies}
    told = (clock.objective or today.get(clock.policy) for clock in own if clock.decided)
    promised = [Fraction(str(share)) for share in told if share is not None]
    return sum(promised, Fraction()) / len(promised) if promised else None


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
        *(f'<p class="missing"><strong>{escape(text)}</strong></p>' for text in missing(sheet, words)),
        _section(words["in_time"], _shares(sheet)),
        _section(words["days"], _days(sheet)),
        _section(words["figures"], _figures(sheet)),
        _section(words["waits"], _waits(sheet)),
        _section(words["agreed"], '<div class="lines" role="presentation"></div>'),
        f"<footer>{escape(_note(sheet))}</footer>\n</main>\n</body>\n</html>\n",
    ]
    return "\n".join(parts)


def _note(sheet: Sheet) -> str:
    words, period = sheet.words, sheet.period
    made = period.local(rfc3339(sheet.made_at))
    return f"{words['note'].format(zone=period.zone.key)} {words['made'].format(at=f'{made:%Y-%m-%d %H:%M}')}."


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
    own = Fraction(total.in_time, total.decided) if total.decided else None
    lines = [(words["you"], own, _own(total, words), "#000")]
    if len(sheet.shares) > 1:
        lines.append((words["median"], median(sheet.shares), _percent(median(sheet.shares)), "#bbb"))
    if sheet.objective is not None:
        lines.append((words["objective"], sheet.objective, _percent(sheet.objective), "none"))
    rows = (
        f'<tr><th scope="row">{escape(name)}</th><td class="bar">{_bar(share, fill)}</td><td>{escape(text)}</td></tr>'
        for name, share, text, fill in lines
    )
    return f'<table class="shares">{"".join(rows)}</table>'


def _own(total: Figures, words: Mapping[str, str]) -> str:
    of = percent(total.in_time, total.decided)
    if of is None:
        return words["no_data"]
    return words["share"].format(percent=of, in_time=total.in_time, decided=total.decided)


def _percent(share: Fraction) -> str:
    return f"{percent(share.numerator, share.denominator)}%"


def _bar(share: Fraction | None, fill: str) -> str:
    """As wide as its place; strokes are not stretched with it."""
    wide = float(share or 0) * BAR
    box = f'<rect y=".5" width="{wide:.1f}" height="9" fill="{fill}" stroke="#000"/>' if share else ""
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


def _week(week: Sequence[tuple[date, Row]], most: int, words: Mapping[str, str]) -> str:
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
    """All columns of the table, but for the one that is told above."""
    words = sheet.words
    items = (
        f"<div><dt>{escape(getattr(column.titles, sheet.language))}</dt>"
        f"<dd>{escape(cell(column, sheet.total, words))}</dd></div>"
        for column in COLUMNS
        if column is not IN_TIME
    )
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
    for deed in clock.deeds:
        if deed.what == "taken":
            yield words["was_given"].format(to=label(By.MANAGER, deed.manager, sheet.names))
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

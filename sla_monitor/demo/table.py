"""The live table of the demo, drawn to fit the terminal."""

from __future__ import annotations

from collections import Counter, deque
from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from rich.console import Console, ConsoleOptions, Group, RenderableType, RenderResult
from rich.table import Table
from rich.text import Text

from sla_monitor.clock import Clock
from sla_monitor.codec import rfc3339
from sla_monitor.core.rules import SECOND, Rules

from .morning import SPEED
from .news import News, shown, time_of_day
from .tally import LeadSeen, Tally

SPEED_IN_WORDS = f"The clock runs {SPEED} times as fast: 1 s here = 1 min, ten minutes take ten seconds."

KEPT_NEWS = 20
FIXED = 9
"""Lines that are neither leads nor news."""

SOON = 0.4
"""The share of the target from which on a lead is coloured as urgent."""

STATUS = {"waiting": "", "held": "cyan", "overdue": "bold red", "escalated": "bold magenta", "unassignable": "bold red"}
BAR = 10


@dataclass(slots=True)
class Scene:
    """Everything that is shown. url: of the server. ends_at: domain ms. board: what GET /v1/board answered last."""

    url: str
    clock: Clock
    tally: Tally
    rules: Rules
    ends_at: int
    board: dict[str, Any] = field(default_factory=lambda: {"leads": []})
    news: deque[News] = field(default_factory=lambda: deque(maxlen=KEPT_NEWS))

    @property
    def names(self) -> dict[str, str]:
        """A manager's id -> name."""
        return {who: manager.name or who for who, manager in self.rules.managers.items()}

    @property
    def target(self) -> int:
        """Of the policy, ms."""
        return self.rules.policies[-1].target

    def __rich_console__(self, _console: Console, options: ConsoleOptions) -> RenderResult:
        yield draw(self, options.height or options.size.height)


def draw(scene: Scene, height: int) -> RenderableType:
    """The screen; `height` lines at most."""
    room = max(height - FIXED, 2)
    news = max(1, min(KEPT_NEWS, room // 3))
    return Group(
        *_head(scene),
        Text(),
        _leads(scene, room - news),
        Text(),
        *(_line(item) for item in list(scene.news)[-news:]),
    )


def _head(scene: Scene) -> Iterable[Text]:
    clock, now = scene.clock, scene.clock.now()
    left = max(0, scene.ends_at - now) / SECOND / clock.speed
    yield _cut(
        ("sla-monitor demo", "bold"), f"   {_hour(now)}   ", (f"ends in {left:.0f} s, or with Ctrl-C at once", "dim")
    )
    yield _cut((SPEED_IN_WORDS, "yellow"))
    yield _cut("board ", (f"{scene.url}/", "underline cyan"), "   metrics ", (f"{scene.url}/metrics", "underline cyan"))
    yield Text()
    yield _figures(scene.tally)
    yield _holders(scene)


def _figures(tally: Tally) -> Text:
    s = tally.summary()
    return _cut(
        f"leads {s.leads}  ",
        (f"in time {s.answered_in_time}  ", "green"),
        (f"breaches {s.breaches}  ", "red" if s.breaches else ""),
        f"taken back {s.taken_back}  ",
        (f"reassignments {s.reassignments}  ", "yellow" if s.reassignments else ""),
        (f"escalations {s.escalations}", "magenta" if s.escalations else ""),
    )


def _holders(scene: Scene) -> Text:
    """How many of the open leads each of the team has."""
    held = Counter(lead["holder_id"] for lead in _open(scene))
    return _cut(("hold  ", "dim"), "   ".join(f"{name} {held[who]}" for who, name in scene.names.items()))


def _open(scene: Scene) -> list[dict[str, Any]]:
    """The board's leads without those that an outcome has settled since."""
    known = scene.tally.leads
    return [lead for lead in scene.board["leads"] if not (lead["lead_id"] in known and known[lead["lead_id"]].settled)]


def _leads(scene: Scene, room: int) -> Table:
    """The open leads, those due first on top; below them those that were settled last."""
    table = Table(box=None, padding=(0, 1, 0, 0), header_style="dim underline")
    for title, size in (("lead", 13), ("status", 18), ("holder", 7)):
        table.add_column(title, width=size, no_wrap=True)
    table.add_column("s left", width=6, justify="right", no_wrap=True)
    table.add_column("", width=BAR, no_wrap=True)
    table.add_column("breaches", width=8, justify="right", no_wrap=True)
    table.add_column("passed on", width=9, justify="right", no_wrap=True)
    rows = [_waiting(scene, lead) for lead in _open(scene)]
    rows += [_settled(scene, lead) for lead in scene.tally.settled()[: max(0, room - len(rows))]]
    for row in rows[:room]:
        table.add_row(*row)
    return table


def _waiting(scene: Scene, lead: dict[str, Any]) -> list[Text]:
    seen = scene.tally.leads.get(lead["lead_id"]) or LeadSeen(lead["lead_id"])
    timed = lead["due_at"] and lead["status"] not in ("escalated", "unassignable")
    left = datetime.fromisoformat(lead["due_at"]).timestamp() * SECOND - scene.clock.now() if timed else None
    tone = _urgency(left, scene.target)
    return [
        Text(shown(lead["lead_id"]), "bold"),
        Text(lead["status"], STATUS.get(lead["status"], "")),
        Text(lead["holder_name"] or "nobody", "" if lead["holder_name"] else "red"),
        Text(f"{left / SECOND / scene.clock.speed:.1f}" if left is not None else "-", tone),
        Text(_bar(left, scene.target), tone),
        *_troubles(seen),
    ]


def _settled(scene: Scene, lead: LeadSeen) -> list[Text]:
    text = "answered late" if lead.late and lead.breaches else str(lead.fate)
    by = scene.names.get(lead.by, lead.by)
    return [
        Text(shown(lead.lead_id), "dim"),
        Text(text, "dim green" if by else "dim"),
        Text(by, "dim"),
        Text(),
        Text(),
        *_troubles(lead),
    ]


def _troubles(lead: LeadSeen) -> tuple[Text, Text]:
    return (
        Text(str(lead.breaches or ""), "red"),
        Text(str(lead.reassignments or ""), "yellow"),
    )


def _urgency(left: float | None, target: int) -> str:
    if left is None:
        return ""
    return "bold red" if left <= 0 else "yellow" if left < target * SOON else "green"


def _bar(left: float | None, target: int) -> str:
    if left is None:
        return ""
    full = round(max(0.0, min(1.0, left / target)) * BAR)
    return "█" * full + "░" * (BAR - full)


def _line(news: News) -> Text:
    return _cut((f"{news.at}  {shown(news.lead_id):12}  ", "dim"), (news.text, news.tone))


def _cut(*parts: str | tuple[str, str]) -> Text:
    return Text.assemble(*parts, no_wrap=True, overflow="ellipsis")


def _hour(at: int) -> str:
    return time_of_day(rfc3339(at))

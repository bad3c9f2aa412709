"""`sla-monitor explain LEAD`: every decision about a lead, and what each was made of."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Annotated, Any

import msgspec
import typer

from sla_monitor.core.effects import Log
from sla_monitor.core.lead import Lead, Phase
from sla_monitor.logs import existing
from sla_monitor.settings import Settings, read_settings
from sla_monitor.web.views import LEADS, lead_view

from .dead_letters import Kept, letters
from .options import DataDir, Json, moment, refuse, show

ELSEWHERE = frozenset({"lead_id", "turn", "source", "team_id", "policy", "missed_call", "candidates", "others"})
"""Details that are shown in a place of their own."""

AUDIT = frozenset({"question", "asked_at", "after", "evaluated"})
"""Details that are for the audit: JSON has them."""

STARTS = frozenset({"sla.scheduled", "lead.reopened"})
"""What tells of a start; everything else only says whose clock it is about."""


@dataclass(frozen=True, slots=True)
class Story:
    """lead: its view, without the timeline; None once its row is gone. outcomes: all that are kept, in order."""

    lead: Mapping[str, Any] | None
    outcomes: list[dict[str, Any]]
    waiting: int
    dead: list[Kept]

    def value(self) -> dict[str, Any]:
        """As JSON."""
        letters = [kept.value() for kept in self.dead]
        return {"lead": self.lead, "waiting": self.waiting, "outcomes": self.outcomes, "dead_letters": letters}

    def lines(self) -> Iterator[str]:
        """For people."""
        if self.lead:
            yield from _lead_lines(self.lead)
        elif self.outcomes:
            yield "Its row is gone: too old for anything to change it. These decisions are kept:"
        for outcome in self.outcomes:
            yield from _outcome_lines(outcome)
        if self.waiting:
            yield f"{self.waiting} events wait for the lead to be created."
        for kept in self.dead:
            yield f"dead letter {kept.offset}: {kept.kind}, {kept.letter.reason}"


def explain(
    lead_id: Annotated[str, typer.Argument(metavar="LEAD", help="The id of the lead.")],
    data_dir: DataDir = None,
    as_json: Json = None,
) -> None:
    """Tell the whole story of a lead: every decision, who was looked at for it, and why they were passed over."""
    settings = read_settings({"data_dir": data_dir})
    story = asyncio.run(_read(settings, lead_id.encode("utf-8", "surrogateescape")))
    if story is None:
        refuse(f"nothing is known of a lead {lead_id}: no event of it was applied, or all of it was too old to keep")
    show(as_json, story.value(), story.lines())


async def _read(settings: Settings, key: bytes) -> Story | None:
    async with existing(settings, [Log.EVENTS], [key]) as logs:
        row = None if key[:1] < b" " else await logs.reader.row(logs.topic(Log.EVENTS), key)
        lead: Lead | None = LEADS.decode(row) if row else None
        records = logs.records(Log.OUTCOMES, key=key)
        outcomes = [msgspec.json.decode(record.value or b"") async for record in records if record.key == key]
        dead = [kept async for kept in letters(logs) if kept.letter.key == key]
    if lead is None and not outcomes and not dead:
        return None
    return Story(_view(lead), outcomes, len(lead.parked) if lead else 0, dead)


def _view(lead: Lead | None) -> dict[str, Any] | None:
    """Without the timeline, which the outcomes tell in full; None before the lead was created."""
    if lead is None or lead.phase is Phase.UNKNOWN:
        return None
    return {name: part for name, part in lead_view(lead).items() if name != "timeline"}


def _lead_lines(lead: Mapping[str, Any]) -> Iterator[str]:
    holder = lead["holder_id"] or "nobody"
    until = f" until {moment(lead['started_at'])}" if lead["status"] == "scheduled" else ""
    yield f"Lead {lead['lead_id']} is {lead['status']}{until}, held by {holder} in turn {lead['turn']} (times are UTC)"
    yield f"  policy {lead['policy']}, team {lead['team_id'] or 'none'}, source {lead['source']}"
    for name in (
        "started_at",
        "customer_due_at",
        "contact_due_at",
        "first_attempt_at",
        "first_contact_at",
        "joined_to",
    ):
        if lead[name] and not (until and name == "started_at"):
            yield f"  {name.removesuffix('_at').replace('_', ' '):<14} {moment(lead[name])}"
    if lead["flags"]:
        yield f"  {'noticed':<14} {', '.join(map(_word, lead['flags']))}"
    for turn in lead["turns"]:
        due = f" due {moment(turn['due_at'])}" if turn["due_at"] else ""
        result = turn["result"] or "running"
        yield f"  turn {turn['turn']:<2} {turn['holder_id']} from {moment(turn['from'])}{due}: {result}"


def _outcome_lines(outcome: Mapping[str, Any]) -> Iterator[str]:
    data = outcome["data"]
    day = moment(outcome["time"]).partition(" ")[0] + " "
    kind = outcome["type"].removesuffix(".v1")
    hidden = ELSEWHERE | AUDIT if kind in STARTS else ELSEWHERE | AUDIT | {"started_at"}
    details = ", ".join(_detail(name, value, day) for name, value in data.items() if name not in hidden)
    yield f"{moment(outcome['time'])}  turn {data['turn']:<2} {kind:<20} {details}".rstrip()
    for candidate in data.get("candidates", ()):
        yield f"{'':25} {candidate['manager_id']}: {_word(candidate['passed_over'] or 'chosen')}"
    for reason, count in (data.get("others") or {}).items():
        yield f"{'':25} {count} more: {_word(reason)}"


def _detail(name: str, value: Any, day: str) -> str:
    """An instant of the same day is shown by its time alone."""
    shown = moment(value).removeprefix(day) if name.endswith("_at") else value
    return f"{_word(name.removesuffix('_at').removesuffix('_id'))} {shown}"


def _word(name: str) -> str:
    return name.replace("_", " ")

"""The figures of a report worked out in another way: from all outcomes of a lead at once, with nothing shared."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator
from datetime import UTC, datetime
from typing import Any
from zoneinfo import ZoneInfo

from sla_monitor.core.effects import Publish
from sla_monitor.core.lead import OPEN, Lead

Story = list[Publish]


def stories(outcomes: Iterable[Publish]) -> Iterator[Story]:
    """What was published of each clock: a lead's outcomes, cut where it was reopened."""
    leads: dict[str, Story] = defaultdict(list)
    for outcome in outcomes:
        if "test" not in outcome.data and "started_at" in outcome.data:
            leads[outcome.lead_id].append(outcome)
    for story in leads.values():
        cuts = [n for n, outcome in enumerate(story) if outcome.type == "lead.reopened"]
        for begin, end in zip([0, *cuts], [*cuts, len(story)], strict=True):
            if begin < end:
                yield story[begin:end]


def has(story: Story, kind: str, /, **data: Any) -> bool:
    return any(outcome.type == kind and data.items() <= outcome.data.items() for outcome in story)


FIRST = {"measure": "response", "evaluated": "first"}


def holder(story: Story) -> str:
    """Who had the turn that began with the clock: as its evaluation says, else whoever is named first."""
    for outcome in story:
        if outcome.type in ("sla.met", "sla.breached") and FIRST.items() <= outcome.data.items():
            return outcome.data.get("holder_id", "")
    named = (o.data.get("from") or o.data.get("holder_id") or o.data.get("to") for o in story)
    return next(filter(None, named), "")


def responded(story: Story) -> bool:
    kinds = ("sla.met", "sla.breach_retracted")
    known = any(has(story, kind, measure="response") for kind in kinds)
    return known or has(story, "sla.responded") or has(story, "lead.closed", responded=True)


def counts(story: Story) -> bool:
    decided = has(story, "sla.met", **FIRST) or has(story, "sla.breached", **FIRST)
    gone = has(story, "lead.joined") or has(story, "lead.closed", reason="not_missed")
    gone |= any(o.type == "lead.closed" and "merged_into" in o.data for o in story)
    return decided or not gone


def figures(outcomes: list[Publish], rows: Iterable[Lead], begin: int, end: int, zone: ZoneInfo) -> dict[Any, Counter]:
    """(by, key) -> the figures that are counts, by the names of the columns."""
    found: dict[Any, Counter] = defaultdict(Counter)
    all_stories = list(stories(outcomes))
    by_lead = {story[0].lead_id: story for story in all_stories}
    near = {name: story for name, story in by_lead.items() if begin <= story[-1].data["started_at"] < end}
    for story in all_stories:
        start = story[-1].data["started_at"]
        if begin <= start < end:
            local = datetime.fromtimestamp(start / 1000, UTC).astimezone(zone)
            _count(found, story, holder(story), local, near)
    for lead in rows:
        if lead.status in OPEN and not lead.test and lead.lead_id not in by_lead and begin <= lead.started_at < end:
            local = datetime.fromtimestamp(lead.started_at / 1000, UTC).astimezone(zone)
            for key in _keys(lead.holder, lead.team_id or "", local):
                found[key] += Counter(received=1, still_open=1)
    return found


def _keys(manager: str, team: str, local: datetime) -> list[tuple[str, str]]:
    return [("manager", manager), ("team", team), ("day", str(local.date())), ("hour", f"{local.hour:02}"), ("all", "")]


def _count(found: dict[Any, Counter], story: Story, who: str, local: datetime, by_lead: dict[str, Story]) -> None:
    team = story[-1].data.get("team_id", "")
    own = Counter(_own(story, by_lead))
    for key in _keys(who, team, local):
        found[key] += own
    for column, manager in _deeds(story):
        for key in _keys(manager, team, local):
            found[key][column] += 1


def _own(story: Story, by_lead: dict[str, Story]) -> Iterator[str]:
    closed = next((o for o in story if o.type == "lead.closed"), None)
    if any(o.data.get("missed_call") for o in story) and not has(story, "lead.closed", reason="not_missed"):
        yield "missed_calls"
        yield from ["missed_calls_recovered"] * any(map(responded, chain(story, by_lead)))
    if not counts(story):
        return
    yield "received"
    met, breached = has(story, "sla.met", **FIRST), has(story, "sla.breached", **FIRST)
    yield from ["decided"] * (met or breached)
    yield from ["in_time"] * (met or has(story, "sla.breach_retracted", **FIRST))
    gone = closed or has(story, "lead.joined") or has(story, "lead.erased")
    yield from ["still_open"] * (not gone and not responded(story))
    yield from ["attempts"] * has(story, "call.credited", kind="attempt")
    yield from ["contacts"] * has(story, "call.credited", kind="contact")
    yield from ["late_responses"] * has(story, "sla.responded")
    yield from ["escalated"] * has(story, "lead.escalated")
    yield from ["unassignable"] * has(story, "lead.unassignable")
    kept, broken = has(story, "sla.met", measure="contact"), has(story, "sla.breached", measure="contact")
    yield from ["contact_target_decided"] * (kept or broken)
    yield from ["contact_target_in_time"] * (kept or has(story, "sla.breach_retracted", measure="contact"))
    if closed and closed.data["reason"] not in ("merged", "not_missed") and not responded(story):
        yield "closed_unanswered"


def chain(story: Story, by_lead: dict[str, Story]) -> list[Story]:
    """A lead, the one that it became part of, and so on."""
    found = [story]
    while len(found) < 4:
        into = [o.data[name] for o in found[-1] for name in ("merged_into", "into") if name in o.data]
        if not into or into[-1] not in by_lead:
            break
        found.append(by_lead[into[-1]])
    return found


def _deeds(story: Story) -> Iterator[tuple[str, str]]:
    for outcome in story:
        data = outcome.data
        if outcome.type == "lead.reassigned":
            yield from (("reassigned_away", data["from"]), ("received_by_reassignment", data["to"]))
        if data.get("evaluated") == "later":
            if outcome.type != "sla.breach_retracted":
                yield "later_turns_decided", data["holder_id"]
            if outcome.type != "sla.breached":
                yield "later_turns_in_time", data["holder_id"]

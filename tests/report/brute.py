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


def stories(outcomes: Iterable[Publish]) -> dict[str, list[Story]]:
    """What was published of each clock of each lead: by its cycle, or cut where the lead was reopened."""
    leads: dict[str, Story] = defaultdict(list)
    for outcome in outcomes:
        if "test" not in outcome.data and "started_at" in outcome.data:
            leads[outcome.lead_id].append(outcome)
    return {lead_id: list(clocks(story)) for lead_id, story in leads.items()}


def clocks(story: Story) -> Iterator[Story]:
    if all("cycle" in outcome.data for outcome in story):
        for cycle in dict.fromkeys(outcome.data["cycle"] for outcome in story):
            yield [outcome for outcome in story if outcome.data["cycle"] == cycle]
        return
    cuts = [n for n, outcome in enumerate(story) if outcome.type == "lead.reopened"]
    for begin, end in zip([0, *cuts], [*cuts, len(story)], strict=True):
        if begin < end:
            yield story[begin:end]


def has(story: Story, kind: str, /, **data: Any) -> bool:
    return any(outcome.type == kind and data.items() <= outcome.data.items() for outcome in story)


FIRST = {"measure": "response", "evaluated": "first"}
CLOSED_IN_TIME = {"reason": "closed_before_due"}


def verdict(story: Story, **what: Any) -> str:
    """met, breached or retracted; empty if nothing was decided, or what was decided did not stand."""
    if has(story, "sla.breach_retracted", **what, **CLOSED_IN_TIME):
        return "met" if has(story, "sla.met", **what) else ""
    kinds = {"sla.breach_retracted": "retracted", "sla.met": "met", "sla.breached": "breached"}
    return next((word for kind, word in kinds.items() if has(story, kind, **what)), "")


def holder(story: Story, row: Lead | None) -> str:
    """Who had the turn that began with the clock.

    As its evaluation says, else whoever is named first by what begins, warns or judges a turn, or ends the first one;
    else as the row of a lead that runs says.
    """
    for outcome in story:
        if outcome.type in ("sla.met", "sla.breached") and FIRST.items() <= outcome.data.items():
            return outcome.data.get("holder_id", "")
    over = [n for n, o in enumerate(story) if o.type in ("lead.closed", "lead.joined", "lead.erased")]
    named = filter(None, map(named_by, story[: over[0] + 1] if over else story))
    return next(named, next((turn.holder for turn in row.turns if turn.turn == row.cycle), "") if row else "")


def named_by(outcome: Publish) -> str:
    data, first = outcome.data, outcome.turn == outcome.data.get("cycle", 1)
    match outcome.type:
        case "lead.assigned" | "lead.reassigned" if data["reason"] != "holder_only":
            return data.get("from") or data["to"]
        case "lead.superseded" | "sla.warning":
            return data.get("holder_id", "")
        case "sla.met" | "sla.breached" if data["evaluated"] == "first":
            return data.get("holder_id", "")
        case "lead.closed" | "lead.joined" if first:
            return data.get("holder_id", "")
    return ""


def responded(story: Story) -> bool:
    proven = any(
        o.type in ("sla.met", "sla.breach_retracted")
        and o.data["measure"] == "response"
        and o.data.get("reason") != "closed_before_due"
        for o in story
    )
    return proven or has(story, "sla.responded") or has(story, "lead.closed", responded=True)


def fate(story: Story) -> str:
    """decided, undecided, or how it ended before it was decided."""
    if verdict(story, **FIRST):
        return "decided"
    if any(o.type == "lead.joined" and o.data.get("clock") != "own" for o in story):
        return "joined"
    closed = [o.data["reason"] for o in story if o.type == "lead.closed"]
    return next(iter(closed), "erased" if has(story, "lead.erased") else "undecided")


def figures(outcomes: list[Publish], rows: Iterable[Lead], begin: int, end: int, zone: ZoneInfo) -> dict[Any, Counter]:
    """(by, key) -> the figures that are counts, by the names of the columns."""
    found: dict[Any, Counter] = defaultdict(Counter)
    by_lead = stories(outcomes)
    running = {lead.lead_id: lead for lead in rows if lead.status in OPEN and not lead.test}
    for lead_id, known in by_lead.items():
        for story in known:
            start = story[-1].data["started_at"]
            if story is known[-1] and lead_id in running and not verdict(story, **FIRST):
                start = min(start, running[lead_id].started_at)  # it has taken an earlier one without a word
            if begin <= start < end:
                local = datetime.fromtimestamp(start / 1000, UTC).astimezone(zone)
                row = running.get(lead_id) if story is known[-1] else None
                _count(found, story, local, by_lead, holder(story, row))
    for lead_id, lead in running.items():
        if lead_id not in by_lead and begin <= lead.started_at < end:
            local = datetime.fromtimestamp(lead.started_at / 1000, UTC).astimezone(zone)
            missed = Counter(missed_calls=1) if lead.channel == "missed_call" else Counter()
            for key in _keys(holder([], lead), lead.team_id or "", local):
                found[key] += Counter(received=1, still_open=1, undecided=1) + missed
    return found


def _keys(manager: str, team: str, local: datetime) -> list[tuple[str, str]]:
    return [("manager", manager), ("team", team), ("day", str(local.date())), ("hour", f"{local.hour:02}"), ("all", "")]


def _count(found: dict[Any, Counter], story: Story, local: datetime, by_lead: dict[str, list[Story]], who: str) -> None:
    team = story[-1].data.get("team_id", "")
    own = Counter(_own(story, by_lead))
    for key in _keys(who, team, local):
        found[key] += own
    for column, manager in _deeds(story):
        for key in _keys(manager, team, local):
            found[key][column] += 1


def _own(story: Story, by_lead: dict[str, list[Story]]) -> Iterator[str]:
    became, decided = fate(story), verdict(story, **FIRST)
    if became == "not_missed":
        return
    yield "received"
    yield from {"decided": ["decided"], "undecided": ["undecided"], "joined": ["joined"]}.get(
        became, ["ended_undecided", f"ended_undecided_{became}"]
    )
    yield from ["in_time"] * (decided in ("met", "retracted"))
    if any(o.data.get("missed_call") for o in story):
        yield "missed_calls"
        yield from ["missed_calls_recovered"] * any(map(responded, chain(story, by_lead)))
    yield from _told(story)
    late = has(story, "sla.breached", **FIRST, late_given=True)
    yield from ["late_given"] * (late and decided == "breached")
    kept = verdict(story, measure="contact")
    yield from ["contact_target_decided"] * bool(kept)
    yield from ["contact_target_in_time"] * (kept in ("met", "retracted"))


def _told(story: Story) -> Iterator[str]:
    closed = next((o for o in story if o.type == "lead.closed"), None)
    gone = closed or has(story, "lead.joined") or has(story, "lead.erased")
    yield from ["still_open"] * (not gone and not responded(story))
    yield from ["attempts"] * has(story, "call.credited", kind="attempt")
    yield from ["contacts"] * has(story, "call.credited", kind="contact")
    yield from ["late_responses"] * (has(story, "sla.responded") and verdict(story, **FIRST) == "breached")
    yield from ["escalated"] * has(story, "lead.escalated")
    yield from ["unassignable"] * has(story, "lead.unassignable")
    if closed and closed.data["reason"] != "not_missed" and not responded(story) and not has(story, "lead.joined"):
        yield "closed_unanswered"


def chain(story: Story, by_lead: dict[str, list[Story]]) -> list[Story]:
    """A clock, the one that the lead had which it became part of, and so on."""
    found = [story]
    while len(found) < 4:
        joined = [o for o in found[-1] if o.type == "lead.joined"]
        others = by_lead.get(joined[-1].data["into"], []) if joined else []
        if not others:
            break
        found.append(next((other for other in reversed(others) if other[0].at <= joined[-1].at), others[0]))
    return found


def _deeds(story: Story) -> Iterator[tuple[str, str]]:
    for outcome in story:
        data = outcome.data
        if outcome.type == "lead.reassigned":
            yield from (("reassigned_away", data["from"]), ("received_by_reassignment", data["to"]))
        back = [o.turn for o in story if o.type == "sla.breach_retracted" and o.data["evaluated"] == "later"]
        if data.get("evaluated") == "later" and (outcome.type == "sla.met" or outcome.turn not in back):
            yield "later_turns_decided", data["holder_id"]
            yield from [("later_turns_in_time", data["holder_id"])] * (outcome.type == "sla.met")

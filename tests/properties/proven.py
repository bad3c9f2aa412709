"""What each fact proves, and when: the ground on which `oracle.py` reckons. Nothing of it is the reducers'."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from sla_monitor.core.effects import Publish
from sla_monitor.core.events import CallAnswered, CallEnded, CallStarted, ContactRecorded
from sla_monitor.core.rules import Rules

DAY = 86_400_000
OPENS, CLOSES = 9 * 3_600_000, 18 * 3_600_000
CALLS = (CallStarted, CallAnswered, CallEnded)
SURE = ("answered", "busy", "rejected", "voicemail", "machine")
NEVER = 1 << 62


def add_open(calendar: str | None, at: int, span: int) -> int:
    """When `span` ms of open time have passed: around the clock, or each day from 9 to 18 UTC."""
    if calendar is None:
        return at + span
    while True:
        begin, left = _open_part(at)
        if 0 < span <= left:
            return begin + span
        span -= left
        at = at - at % DAY + DAY


def next_open(calendar: str | None, at: int) -> int:
    if calendar is None:
        return at
    begin, left = _open_part(at)
    return begin if left > 0 else at - at % DAY + DAY + OPENS


def _open_part(at: int) -> tuple[int, int]:
    """Where the rest of the day's open time begins, and how long it is."""
    day = at - at % DAY
    begin = max(at, day + OPENS)
    return begin, max(day + CLOSES - begin, 0)


@dataclass(frozen=True)
class Read:
    """A fact that the lead read: when, and what was published there. place: its order among all.

    What waited for the lead has places just after that of its creation, and published there.
    """

    place: float
    at: int
    fact: Any
    published: tuple[Publish, ...]


def first_reads(reads: Sequence[Read]) -> Iterator[Read]:
    """The first of each identity counts (R28)."""
    known = set()
    for read in reads:
        origin = getattr(read.fact, "origin", None)
        if origin is None or (origin.uri, origin.id) not in known:
            yield read
        if origin is not None:
            known.add((origin.uri, origin.id))


@dataclass(frozen=True)
class Proof:
    """What a fact proves of its lead: an attempt, a contact that ended at `near`, or both. place: where it was read.

    near: -1 if the contact was another's, so that it is near the coming of no clock (R5).
    """

    place: float
    attempt: int
    contact: int
    near: int


def proofs_of(reads: Sequence[Read], rules: Rules) -> list[Proof]:
    """Everything that any fact proves, in the order in which it was read (R1-R3). NEVER for what it does not."""
    found = []
    for i, read in enumerate(reads):
        fact = read.fact
        if isinstance(fact, ContactRecorded):
            found.append(Proof(read.place, fact.at, fact.at if fact.kind == "meeting" else NEVER, _near(fact)))
        elif isinstance(fact, CALLS):
            name = (fact.origin.uri, fact.call_id)
            legs = [r.fact for r in reads[: i + 1] if isinstance(r.fact, CALLS)]
            proven = dict(_proven_by_call([leg for leg in legs if (leg.origin.uri, leg.call_id) == name], rules))
            if proven:
                attempt, contact = (proven.get(kind, NEVER) for kind in ("attempt", "contact"))
                found.append(Proof(read.place, attempt, contact, _near(fact)))
    return found


def _near(fact: Any) -> int:
    return -1 if fact.spoken_for else int(fact.at)


def _proven_by_call(legs: list[Any], rules: Rules) -> Iterator[tuple[str, int]]:
    ended = next((leg for leg in legs if isinstance(leg, CallEnded)), None)
    if ended is None or ended.internal or ended.number in rules.own_numbers:
        return
    start = min([leg.at for leg in legs if isinstance(leg, CallStarted)] + [ended.started_at or NEVER])
    if start == NEVER:
        start = ended.at - ended.talk - (ended.ring or 0)
    if ended.outcome == "answered" and ended.talk >= rules.limits.min_talk:
        spoke = ended.answered_at if ended.answered_at is not None else ended.at - ended.talk
        yield "contact", spoke
        yield "attempt", start if ended.direction == "outbound" else spoke
    elif ended.direction == "outbound" and ended.outcome not in ("failed", "invalid_number"):
        ring = ended.ring if ended.ring is not None else (ended.answered_at or ended.at) - start
        if ended.outcome in SURE or ring >= rules.limits.min_ring:
            yield "attempt", start

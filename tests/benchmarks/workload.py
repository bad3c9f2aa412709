"""What the benchmarks feed: leads with phones and owners, calls by lead and by number, messages; the same each time.

Of a hundred leads 90 have a phone and 50 an owner, the others are given out by the desk. 35 are called by lead_id
(started and ended), 30 by number (ended alone), 25 get a message, 10 stay without a response.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from random import Random
from typing import Any

from sla_monitor import codec, wire
from sla_monitor.codec import rfc3339
from sla_monitor.core.rules import MINUTE, Manager, Policy, Rules, Team
from sla_monitor.records import Record

PREFIX = "sla."
MANAGERS = tuple(f"m{n:02}" for n in range(20))
HEAD = "boris"
SPREAD = 200
"""A lead is answered about so many leads after it came."""


def roster() -> Rules:
    """One team of twenty, always on shift, ten minutes."""
    team = Team(id="sales", managers=MANAGERS, head=HEAD)
    policy = Policy(team="sales", target=10 * MINUTE)
    managers = {name: Manager(id=name, name=name) for name in (*MANAGERS, HEAD)}
    return Rules(version=1, managers=managers, teams={"sales": team}, policies=(policy,))


def cloud_events(number: int, at: int, seed: str = "a") -> list[dict[str, Any]]:
    """`number` events as producers send them. at: the instant, ms, before which all of them happened."""
    chance = Random(seed)
    slots: list[tuple[int, int, dict[str, Any]]] = []
    lead = 0
    while len(slots) < number:
        for delay, event in _life(f"{seed}{lead:07}", lead, at, chance):
            slots.append((lead + delay, len(slots), event))
        lead += 1
    slots.sort(key=lambda slot: slot[:2])
    return [event for _, _, event in slots][:number]


def _life(lead_id: str, number: int, at: int, chance: Random) -> Iterator[tuple[int, dict[str, Any]]]:
    """(leads later, event) of one lead."""
    phone = f"+7495{number % 10_000_000:07}" if chance.random() < 0.9 else None
    by = chance.choice(MANAGERS)
    lead: dict[str, Any] = {"lead_id": lead_id, "channel": "web", "name": f"Customer {number}"}
    if phone:
        lead["phones"] = [phone]
    if chance.random() < 0.5:
        lead["owner_id"] = by
    yield 0, event("lead.created.v1", f"{lead_id}-c", at - 60_000, lead)
    delay, what = chance.randint(1, 2 * SPREAD), chance.random()
    call = {"call_id": lead_id, "direction": "outbound", "manager_id": by}
    ended = {**call, "outcome": "answered", "talk_seconds": 20, "ring_seconds": 5}
    if what < 0.35:
        yield delay, event("call.started.v1", f"{lead_id}-s", at - 30_000, {**call, "lead_id": lead_id})
        yield delay, event("call.ended.v1", f"{lead_id}-e", at - 5_000, {**ended, "lead_id": lead_id})
    elif what < 0.65 and phone:
        yield delay, event("call.ended.v1", f"{lead_id}-e", at - 5_000, {**ended, "customer_number": phone})
    elif what < 0.9:
        message = {"lead_id": lead_id, "kind": "message", "manager_id": by}
        yield delay, event("contact.recorded.v1", f"{lead_id}-m", at - 5_000, message)


def event(kind: str, event_id: str, at: int, data: dict[str, Any]) -> dict[str, Any]:
    head = {"specversion": "1.0", "id": event_id, "source": "/crm", "type": kind, "time": rfc3339(at)}
    return {**head, "data": data}


def records(events: list[dict[str, Any]], rules: Rules, now: int) -> list[Record]:
    """The same events as ingest writes them to the log."""
    directory = wire.Directory.of(rules)
    return [_record(wire.parse(json.dumps(event).encode(), now), directory, now) for event in events]


def _record(event: wire.Event, directory: wire.Directory, now: int) -> Record:
    routed = wire.to_facts(event, directory, now, "crm")
    assert routed is not None
    return Record(PREFIX + routed.log, routed.key.encode(), codec.encode_record(routed.fact), now)

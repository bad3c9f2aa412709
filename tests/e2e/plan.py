"""What happens to the leads of a fault run: who answers when and how, from a seed.

Instants are ms from the start of the run.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from random import Random
from typing import Any

from sla_monitor.codec import rfc3339
from sla_monitor.core.rules import MINUTE, SECOND
from tests.e2e.process import event

TARGET = 10 * MINUTE
ALLOWANCE = 2 * SECOND

MANAGERS = ("anna", "vera", "gleb", "olga", "pavel", "rita")

PEOPLE = f"""
version: 1
managers: {{{", ".join(f"{name}: {{}}" for name in (*MANAGERS, "boris"))}}}
teams: {{sales: {{head: boris, managers: [{", ".join(MANAGERS)}]}}}}
policies: [{{name: default, team: sales, target: 10m, max_turns: 2}}]
"""

POLICY = PEOPLE + (
    "limits: {max_hold: {ringing: 1h, talking: 2h}, max_catch_up: 30m}\nsources: {other: {max_delay: 1h}}\n"
)
"""Nobody who is killed for a second of a compressed clock has had the minute of running that answers may take."""


def compressed(speed: float, times: float = 1) -> str:
    """The policy whose limits are in real time what they are by default, or so many times that; targets are not."""
    scale = speed * times
    return PEOPLE + (
        f"limits: {{max_hold: {{ringing: {2 * scale:.0f}m, talking: {2 * scale:.0f}h}}, "
        f"max_catch_up: {scale:.0f}m, match_window: {30 * scale:.0f}m}}\n"
        f"sources: {{other: {{max_delay: {2 * scale:.0f}m}}}}\n"
    )


FATES = {
    "call": 20,  # answered in time: a call that names the lead
    "number": 20,  # ... a call that knows only the number
    "legs": 10,  # ... one whose start, answer and end come one by one
    "message": 12,
    "late": 8,  # answered after the due, by a message
    "late_call": 6,  # ... by a call that knows only the number
    "never": 14,
    "closed": 5,  # by hand, in time
    "assigned": 5,  # by hand, in time, to somebody who does not answer either
}
"""How many of a hundred leads meet which fate."""

IN_TIME = frozenset({"call", "number", "legs", "message"})
LATE = frozenset({"late", "late_call"})


@dataclass(frozen=True, slots=True)
class Planned:
    """One lead. acts: (instant of sending and of happening, type, its own data), the creation first.

    response: when the earliest response happened, None for none.
    """

    lead_id: str
    fate: str
    start: int
    acts: tuple[tuple[int, str, dict[str, Any]], ...]
    response: int | None = None

    @property
    def due(self) -> int:
        return self.start + TARGET

    def events(self, origin: int) -> Iterator[tuple[int, dict[str, Any]]]:
        """(when to send it, the event) of each act, as instants of the domain."""
        for n, (at, kind, data) in enumerate(self.acts):
            instants = {name: rfc3339(origin + v) if name.endswith("_at") else v for name, v in data.items()}
            source = "/pbx" if kind.startswith("call.") else "/crm"
            yield origin + at, event(kind, origin + at, f"{self.lead_id}-{n}", source, **instants)


def make_plan(number: int, span: int, seed: int) -> list[Planned]:
    """So many leads, spread over `span` ms. The same seed makes the same plan."""
    rng = Random(seed)
    fates, weights = list(FATES), list(FATES.values())
    return [_lead(rng, n, rng.randrange(span), rng.choices(fates, weights)[0]) for n in range(number)]


def _lead(rng: Random, n: int, start: int, fate: str) -> Planned:
    lead_id, phone = f"L-{n:05d}", f"+7495{n:07d}"
    created = (start, "lead.created.v1", {"lead_id": lead_id, "phones": [phone], "name": f"Customer {n}"})
    at = start + (rng.randrange(TARGET + 5 * SECOND, 2 * TARGET) if fate in LATE else rng.randrange(8 * MINUTE))
    acts, response = _ACTS[fate](lead_id, phone, at, rng.choice(MANAGERS))
    return Planned(lead_id, fate, start, (created, *acts), at if response else None)


Acts = tuple[list[tuple[int, str, dict[str, Any]]], bool]


def _call(key: dict[str, str], lead_id: str, at: int, by: str) -> Acts:
    """All that is told of it is its end."""
    call = key | {"call_id": lead_id, "direction": "outbound", "outcome": "answered", "manager_id": by}
    return [(at + 40 * SECOND, "call.ended.v1", call | {"started_at": at, "talk_seconds": 30})], True


def _legs(phone: str, lead_id: str, at: int, by: str) -> Acts:
    leg = {"call_id": lead_id, "customer_number": phone, "manager_id": by}
    return [
        (at, "call.started.v1", leg | {"direction": "outbound"}),
        (at + 12 * SECOND, "call.answered.v1", leg | {"answered_by": "customer"}),
        (at + 90 * SECOND, "call.ended.v1", leg | {"direction": "outbound", "outcome": "answered", "talk_seconds": 78}),
    ], True


def _message(lead_id: str, at: int, by: str) -> Acts:
    return [(at, "contact.recorded.v1", {"lead_id": lead_id, "kind": "message", "manager_id": by})], True


_ACTS: dict[str, Any] = {
    "call": lambda lead_id, _, at, by: _call({"lead_id": lead_id}, lead_id, at, by),
    "number": lambda lead_id, phone, at, by: _call({"customer_number": phone}, lead_id, at, by),
    "legs": lambda lead_id, phone, at, by: _legs(phone, lead_id, at, by),
    "message": lambda lead_id, _, at, by: _message(lead_id, at, by),
    "late": lambda lead_id, _, at, by: _message(lead_id, at, by),
    "late_call": lambda lead_id, phone, at, by: _call({"customer_number": phone}, lead_id, at, by),
    "never": lambda *_: ([], False),
    "closed": lambda lead_id, _, at, __: ([(at, "lead.closed.v1", {"lead_id": lead_id, "reason": "junk"})], False),
    "assigned": lambda lead_id, _, at, by: (
        [(at, "lead.assigned.v1", {"lead_id": lead_id, "owner_id": by, "assigned_by": "human"})],
        False,
    ),
}

"""The open leads as a picture in memory: read once, then kept by what changes, whoever looks and however often."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Iterable, Mapping
from typing import NamedTuple

import msgspec

from sla_monitor.codec import OURS, read_header
from sla_monitor.core.lead import OPEN_NUMBERS, OPEN_TESTS, Lead, Status
from sla_monitor.core.promise import Result

from .rows import DAMAGED, decoded
from .views import LEADS, due_at, policy_of
from .visitors import Visitor, masked

_OPEN = OPEN_NUMBERS | OPEN_TESTS
NO_TIMER = frozenset({Status.UNASSIGNABLE, Status.ESCALATED})
"""What waits for a person: no time will change it, and nobody who counts holds it."""
NEVER = 1 << 62
"""What sorts a lead that has no due behind those that have one."""

Urgency = tuple[int, int, str]


class Line(NamedTuple):
    """An open lead, as the board shows it. Instants in ms, 0 for none.

    breached: the customer's due has passed, and it is decided that nobody responded by then. customer_due_at: what the
    customer was promised. due_at: by when its holder is to respond, in their turn. calls: seen. policy: its name.
    phones: E.164. url: where its source shows it.
    """

    lead_id: str
    name: str | None
    status: str
    source: str
    team_id: str | None
    turn: int
    holder_id: str
    due_at: int
    customer_due_at: int
    started_at: int
    calls: int
    test: bool
    breached: bool
    policy: str
    channel: str | None
    priority: str | None
    phones: tuple[str, ...]
    url: str | None

    @property
    def nameless(self) -> Line:
        """For those who may not know who the customer is."""
        return self._replace(name=masked(self.name) if self.name else None, phones=(), url=None)

    @property
    def urgency(self) -> Urgency:
        """What sorts the most urgent first: nobody free, with the head, late, others; each by the customer's due."""
        return self._rank, self.customer_due_at or NEVER, self.lead_id

    @property
    def _rank(self) -> int:
        match self.status:
            case Status.UNASSIGNABLE:
                return 0
            case Status.ESCALATED:
                return 1
        return 2 if self.breached else 3


class Shown(NamedTuple):
    """A line, and its JSON for who sees customers' names and for who does not. next_due: of its timer, ms."""

    line: Line
    named: bytes
    nameless: bytes
    next_due: int
    digest: int

    def to(self, visitor: Visitor) -> bytes:
        return self.named if visitor.sees_names else self.nameless

    def seen_by(self, visitor: Visitor) -> bool:
        return visitor.sees_of(self.line.team_id, self.line.holder_id)


class Picture:
    """leads: the open ones, by the key of their row. damaged: keys of rows that cannot be read."""

    def __init__(self) -> None:
        self.leads: dict[bytes, Shown] = {}
        self.damaged: set[bytes] = set()

    def fill(self, rows: Iterable[tuple[bytes, bytes]]) -> None:
        """From all rows; of those that are not open only the header is read."""
        leads: dict[bytes, Shown] = {}
        damaged = set()
        for key, row in rows:
            if key.startswith(OURS) or not is_open(row):
                continue
            shown = _shown(key, row)
            if shown is None:
                damaged.add(key)
            else:
                leads[key] = shown
        self.leads, self.damaged = leads, damaged

    def due(self, now: int) -> set[bytes]:
        """Keys of the leads that time alone may have changed by an instant."""
        return {key for key, shown in self.leads.items() if 0 < shown.next_due <= now}

    def take(self, keys: Collection[bytes], rows: Mapping[bytes, bytes]) -> set[bytes]:
        """The rows at some keys as they are now; which of them look different."""
        return {key for key in keys if not key.startswith(OURS) and self._change(key, rows.get(key))}

    def _change(self, key: bytes, row: bytes | None) -> bool:
        known = self.leads.get(key)
        if known is not None and known.digest == hash(row):
            return False
        there = row is not None and is_open(row)
        shown = _shown(key, row) if row is not None and there else None
        (self.damaged.add if there and shown is None else self.damaged.discard)(key)
        if shown is None:
            return self.leads.pop(key, None) is not None
        self.leads[key] = shown
        return known is None or known.line != shown.line

    def seen_by(self, visitor: Visitor) -> list[Shown]:
        """The leads that somebody sees, the most urgent first."""
        seen = (shown for shown in self.leads.values() if shown.seen_by(visitor))
        return sorted(seen, key=lambda shown: shown.line.urgency)

    def loads(self) -> Counter[str]:
        """How many open leads each manager holds, as the desk counts them; test leads are in no figure."""
        lines = (shown.line for shown in self.leads.values() if not shown.line.test)
        return Counter(line.holder_id for line in lines if line.holder_id and line.status not in NO_TIMER)


def is_open(row: bytes) -> bool:
    """Also of a row of which not even that can be read: it may be."""
    try:
        return read_header(row).status in _OPEN
    except DAMAGED:
        return True


def line_of(lead: Lead) -> Line:
    return Line(
        lead_id=lead.lead_id,
        name=lead.name,
        status=lead.status,
        source=lead.source,
        team_id=lead.team_id,
        turn=lead.turn,
        holder_id=lead.holder,
        due_at=due_at(lead),
        customer_due_at=lead.due_at,
        started_at=lead.started_at,
        calls=len(lead.calls),
        test=lead.test,
        breached=lead.evaluated is Result.BREACHED,
        policy=policy_of(lead),
        channel=lead.channel,
        priority=lead.priority,
        phones=lead.phones,
        url=lead.url,
    )


def _shown(key: bytes, row: bytes) -> Shown | None:
    """None for a row that cannot be read."""
    lead = decoded(LEADS, key, row)
    if lead is None:
        return None
    line = line_of(lead)
    named = msgspec.json.encode(line)
    return Shown(line, named, msgspec.json.encode(line.nameless), read_header(row).next_due or 0, hash(row))

"""What still has to reach a manager: one row for a manager, in it a queue for each of their channels.

    Enqueue                              quiet hours, too many of late, the receiver wants a pause
      |                                                          |
      v     one, or all as a digest                              v
   waiting -------------------------> parcel, out ---------> parcel, begun
      |                                | | ^    failed, or no answer  | |
      | it does not hold any more      | | '------------------------' |
      v                                | |        next try              v permanent, or a day old
    gone  <----------------------------' '---------------------> dead letter; the head is told once
                              sent

Whom and where is decided at each attempt, from the rules in force: a channel that is not the manager's any more hands
on what waits in it, a manager who has left is told nothing. In each queue one message is out at a time, so order holds,
and a receiver that is down is asked by one attempt, not by all that wait. A parcel that was begun stays what it is: an
attempt that got no answer may have arrived, and its id must mean the same.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from typing import Any

from .attempts import PENDING
from .effects import Send
from .row import Header
from .rules import Rules
from .standing import live

PREFIX = "\x01manager-"
"""No id that comes from outside begins with a control character."""

LEGACY = "\x01mailbox-"
"""The same of the version before, whose mailboxes were of a manager and one address."""

LOG = "log://"
"""Where notices of test leads go (R30), and those of managers without a channel of their own."""

DIGEST = "digest"
"""The kind of a message that lists several notices."""

BUNDLE = "bundle"
"""The kind of several notices that go out at once, each as it is: what log:// is given."""

LISTED = 20
"""Leads that a digest lists; the others are counted."""

BUNDLED_BYTES = 80 * 1024
"""About what a bundle may hold."""

MOST_BYTES = 160 * 1024
"""About what a row may hold, well below what rows may be: a bound on notices would be none on long names."""


@dataclass(slots=True)
class Item:
    """A notice. since: when it may first be sent, ms: the end of the quiet hours it came in, else when it came.

    alone: it was in a digest that its receiver refused. over: it does not hold any more, and is out. told: it reached
    the manager by another channel. weight: its size, once that was asked for.
    """

    notice_id: str
    lead_id: str
    kind: str
    turn: int
    at: int
    since: int
    details: dict[str, Any] = field(default_factory=dict)
    test: bool = False
    alone: bool = False
    over: bool = False
    told: bool = False
    weight: int = 0

    def size(self) -> int:
        """About how many bytes of the row it takes."""
        if not self.weight:
            texts = (self.notice_id, self.lead_id, *(str(value) for value in self.details.values()))
            self.weight = 80 + 16 * len(self.details) + sum(len(text.encode()) for text in texts)
        return self.weight


@dataclass(slots=True)
class Parcel:
    """What goes out as one message: see `queue.Message`. unsure: an attempt without an answer may have arrived."""

    message_id: str
    items: list[Item]
    out: bool = False
    unsure: bool = False
    tries: int = 0
    attempt: int = 0
    next_try: int = 0
    error: str = ""
    refusals: int = 0


@dataclass(slots=True)
class Queue:
    """What goes to one channel address. waiting: in the order in which they came. parcels: those begun.

    recent: when the last notices were first sent. not_before: the receiver wants to be left alone until then.
    failures: attempts in a row that got no answer. pause: until then nothing else is tried for that. head_told: that
    this channel does not work; until a message gets through. heirs: where what is out goes when the address is not the
    manager's any more, should it fail. ms.
    """

    address: str
    waiting: list[Item] = field(default_factory=list)
    parcels: list[Parcel] = field(default_factory=list)
    recent: list[int] = field(default_factory=list)
    not_before: int = 0
    failures: int = 0
    pause: int = 0
    head_told: bool = False
    heirs: list[str] = field(default_factory=list)

    def items(self) -> Iterator[Item]:
        for parcel in self.parcels:
            yield from parcel.items
        yield from self.waiting

    def size(self) -> int:
        """About how many bytes of the row what waits takes."""
        return sum(item.size() for item in self.waiting)

    def out(self) -> Parcel | None:
        return next((parcel for parcel in self.parcels if parcel.out), None)

    def tidy(self) -> None:
        """A parcel without notices is over, but for one that is out, whose end is still to come."""
        self.parcels = [parcel for parcel in self.parcels if parcel.items or parcel.out]


@dataclass(slots=True)
class Mailbox:
    """attempts: how many were made, so that an answer fits one alone. wakes_at: when time alone may change the row.

    told_at: when the last notice came. head: of the last lead; told of a manager who has left, `left` if so; left_told:
    that there was something for them. ms.
    channel, waiting, parcels: of a row of the version before, which was of one address.
    """

    key: str
    manager_id: str
    told_at: int
    wakes_at: int = 0
    attempts: int = 0
    head: str = ""
    left: bool = False
    left_told: bool = False
    queues: list[Queue] = field(default_factory=list)
    channel: str = ""
    waiting: list[Item] = field(default_factory=list)
    parcels: list[Parcel] = field(default_factory=list)

    def header(self) -> Header:
        """Status `PENDING` while there is something to deliver, with the instant since when it could be."""
        since = [item.since for item in self.items()]
        return Header(self.wakes_at, PENDING if since else 0, min(since, default=0))

    def items(self) -> Iterator[Item]:
        for queue in self.queues:
            yield from queue.items()


def key_of(manager_id: str) -> str:
    """The key of the row."""
    return PREFIX + manager_id


def addresses(rules: Rules, manager_id: str) -> tuple[str, ...]:
    """The manager's channel addresses, each once; the log, if there are none; none, if the policy has no such manager.

    Where it has no managers at all, anybody is one (R22).
    """
    manager = rules.managers.get(manager_id)
    if manager is None:
        return () if rules.managers else (LOG,)
    return tuple(dict.fromkeys(manager.notify)) or (LOG,)


def parts(send: Send) -> list[Send]:
    """The notices that a bundle is made of; anything else is one itself."""
    return [replace(send, **item) for item in send.details["items"]] if send.kind == BUNDLE else [send]


def bundled(items: list[Item]) -> list[Item]:
    """The first of some notices that fit into a bundle, one at least."""
    room = BUNDLED_BYTES
    for count, item in enumerate(items):
        room -= item.size()
        if room < 0:
            return items[: max(count, 1)]
    return items


def bundle(items: list[Item]) -> dict[str, Any]:
    """The details of a bundle."""
    names = ("notice_id", "lead_id", "kind", "turn", "test", "details")
    listed = [{name: getattr(item, name) for name in names} for item in items]
    return {"items": listed, "notices": [item.notice_id for item in items]}


def digest(items: list[Item]) -> dict[str, Any]:
    """The details of a digest: one line a lead, what is to be done and the newest first; and how many there are."""
    leads: dict[str, Item] = {}
    for item in sorted(items, key=lambda item: (live(item.kind), item.at)):
        leads.pop(item.lead_id, None)
        leads[item.lead_id] = item
    listed = [
        {**item.details, "lead_id": item.lead_id, "kind": item.kind, "turn": item.turn}
        for item in reversed(leads.values())
    ][:LISTED]
    count = {"count": len(items), "leads": len(leads)}
    return {**count, "items": listed, "notices": [item.notice_id for item in items]}

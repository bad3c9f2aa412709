"""What still has to reach a manager by one channel address: one row for both, whatever the leads.

                 Enqueue                               quiet hours, too many of late, the receiver wants a pause
                  |                                                          |
                  v     one, or all as a digest                              v
               waiting -------------------------> parcel, out ---------> parcel, begun
                  |                                | | ^    failed, or no answer  | |
                  | Withdraw                       | | '------------------------' |
                  v                                | |        next_try              v permanent, or a day old
                gone  <----------------------------' '---------------------> dead letter; the head is told once
                          sent

One message is out at a time, so order holds, and a receiver that is down is asked by one attempt, not by all that wait.
A parcel that was begun stays what it is: an attempt that got no answer may have arrived, and its id must mean the same.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import Any

from .attempts import (
    BACKOFF,
    GIVE_UP,
    KEEP_FAILED,
    PENDING,
    SEND_LIMIT,
    STALE,
    UNANSWERED,
    backoff,
    given_up,
    held_until,
    undelivered,
)
from .effects import Count, Effect, Enqueue, Send, Withdraw
from .events import Due, Sent
from .hashing import stable_hash
from .row import Header
from .rules import Rules

PREFIX = "\x01mailbox-"
"""No id that comes from outside begins with a control character."""

DIGEST = "digest"
"""The kind of a message that lists several notices."""

LISTED = 20
"""Notices that a digest lists; the others are counted. So no more than these keep what their text needs."""

MOST = 400
"""Notices a row may hold: below the size of a row, above what a channel that is alive needs in an hour."""

LONGEST_WAIT = 4
"""The last step of `BACKOFF` that is used, ten minutes: a mailbox asks by one attempt for all that waits in it."""


@dataclass(slots=True)
class Item:
    """A notice. since: when it may first be sent, ms: the end of the quiet hours it came in, else when it came."""

    notice_id: str
    lead_id: str
    kind: str
    turn: int
    at: int
    since: int
    details: dict[str, Any] = field(default_factory=dict)


@dataclass(slots=True)
class Parcel:
    """What goes out as one message. next_try: while it is out, when it counts as lost. error: of the last attempt."""

    message_id: str
    items: list[Item]
    out: bool = False
    tries: int = 0
    attempt: int = 0
    next_try: int = 0
    error: str = ""


@dataclass(slots=True)
class Mailbox:
    """waiting: in the order in which they came. parcels: those begun; more than one only around quiet hours.

    attempts: how many were made, so that an answer fits one alone. recent: when the last notices were first sent.
    not_before: the receiver wants to be left alone until then. wakes_at: when time alone may change the row.
    head_told: that this channel does not work; until a message gets through. told_at: when the last notice came. ms.
    """

    key: str
    manager_id: str
    channel: str
    told_at: int
    wakes_at: int = 0
    attempts: int = 0
    not_before: int = 0
    head_told: bool = False
    recent: list[int] = field(default_factory=list)
    waiting: list[Item] = field(default_factory=list)
    parcels: list[Parcel] = field(default_factory=list)

    def header(self) -> Header:
        """Status `PENDING` while there is something to deliver, with the instant since when it could be."""
        since = [item.since for item in self.items()]
        return Header(self.wakes_at, PENDING if since else 0, min(since, default=0))

    def items(self) -> Iterator[Item]:
        for parcel in self.parcels:
            yield from parcel.items
        yield from self.waiting


def key_of(manager_id: str, channel: str) -> str:
    """The key of the row; an address may hold a secret, and stays out of it."""
    return f"{PREFIX}{manager_id}-{stable_hash(channel):x}"


def decide(row: Mailbox | None, fact: Any, now: int, rules: Rules) -> tuple[Mailbox | None, list[Effect]]:
    """Apply an Enqueue, Withdraw, Sent or Due."""
    if isinstance(fact, Enqueue):
        row = row or Mailbox(fact.to, fact.manager_id, fact.channel, now)
    if row is None:
        return None, [Count("ignored_stale")] if isinstance(fact, Sent) else [Count("ok")]
    if isinstance(fact, Due) and row.wakes_at > now:  # whatever the policy in force says by now
        return row, []
    box = Work(row, now, rules)
    match fact:
        case Enqueue():
            box.take(fact)
        case Withdraw():
            box.forget(fact.lead_id, fact.turn)
        case Sent():
            box.settle(fact)
        case _:
            pass
    box.go_on()
    forgotten = not any(row.items()) and not row.parcels and now >= row.wakes_at
    return (None if forgotten else row), box.effects


class Work:
    """One fact's work on a mailbox. effects: what it asks for."""

    def __init__(self, row: Mailbox, now: int, rules: Rules) -> None:
        self.row, self.now, self.rules = row, now, rules
        self.effects: list[Effect] = []
        self._ends: dict[str, int | None] = {}

    def _held(self, kind: str) -> int | None:
        """When the quiet hours end in which notices of this kind have to wait now, ms; None: they may go."""
        if kind not in self._ends:
            self._ends[kind] = held_until(self.rules, self.row.manager_id, kind, self.now)
        return self._ends[kind]

    # what comes in

    def take(self, fact: Enqueue) -> None:
        """A notice joins those that wait, and a channel that was left alone for long is tried again."""
        row, now = self.row, self.now
        row.told_at = now
        details = dict(fact.details) if len(row.waiting) < LISTED else {}
        since = self._held(fact.kind) or fact.at
        item = Item(fact.notice_id, fact.lead_id, fact.kind, fact.turn, fact.at, since, details)
        if sum(1 for _ in row.items()) >= MOST:
            self._fail(item, 0, "too many notices wait for this channel")
            return
        row.waiting.append(item)
        self.effects.append(Count("ok"))
        for parcel in row.parcels:
            if not parcel.out:
                parcel.next_try = min(parcel.next_try, max(now, row.not_before))

    def forget(self, lead_id: str, turn: int | None) -> None:
        """What is stale now that `turn` runs, or all of an erased lead. A message that is out ends by itself."""

        def stays(item: Item) -> bool:
            stale = turn is None or (item.turn < turn and item.kind in STALE)
            return item.lead_id != lead_id or not stale

        row = self.row
        row.waiting = list(filter(stays, row.waiting))
        for parcel in row.parcels:
            parcel.items = list(filter(stays, parcel.items))
        self._tidy()
        self.effects.append(Count("ok"))

    def settle(self, fact: Sent) -> None:
        """The answer to the attempt that is out; any other comes too late to matter."""
        parcel = self._out()
        if parcel is None or (parcel.message_id, parcel.attempt) != (fact.notice_id, fact.attempt):
            self.effects.append(Count("ignored_stale"))
            return
        parcel.out = False
        if fact.error is None:
            self.row.parcels.remove(parcel)
            self.row.head_told = False
            self.effects.append(Count("sent"))
        else:
            self._failed(parcel, fact, fact.error)

    def _failed(self, parcel: Parcel, fact: Sent, error: str) -> None:
        wait = backoff(parcel.message_id, min(parcel.tries, LONGEST_WAIT), fact.retry_after)
        parcel.error, parcel.next_try = error, self.now + wait
        self.row.not_before = self.now + min(max(fact.retry_after or 0, BACKOFF[0]), BACKOFF[-1])
        if not parcel.items:
            self.effects.append(Count("dropped"))
        self._give_up(parcel, DAY_IS_OVER if fact.permanent else self.now + wait)
        if parcel.items:
            self.effects.append(Count("retried"))

    # giving up

    def _give_up(self, parcel: Parcel, at: int) -> None:
        """Fail what would be a day old at an instant; what is left stays to be tried."""
        old, parcel.items = _split(parcel.items, lambda item: at >= item.since + GIVE_UP)
        for item in old:
            self._fail(item, parcel.tries, parcel.error or UNANSWERED)
        self._tidy()

    def _fail(self, item: Item, tries: int, error: str) -> None:
        row = self.row
        where = {"lead_id": item.lead_id, "manager_id": row.manager_id, "channel": row.channel, "error": error}
        self.effects += given_up(item, tries=tries, **where)
        told = [] if row.head_told else undelivered(item, now=self.now, rules=self.rules, **where)
        row.head_told = row.head_told or bool(told)
        self.effects += told

    def _tidy(self) -> None:
        """A parcel without notices is over, but for one that is out, whose end is still to come."""
        self.row.parcels = [parcel for parcel in self.row.parcels if parcel.items or parcel.out]

    # time

    def go_on(self) -> None:
        """Do what is due by now; then say when time alone may change the row."""
        row, now = self.row, self.now
        parcel = self._out()
        if parcel is not None and parcel.next_try <= now:
            parcel.out, parcel.error = False, parcel.error or UNANSWERED
            self._tidy()
        if self._out() is None:
            self._expire()
            row.wakes_at = self._send_next()
        if (parcel := self._out()) is not None:
            row.wakes_at = parcel.next_try

    def _expire(self) -> None:
        for parcel in tuple(self.row.parcels):
            self._give_up(parcel, self.now)
        old, self.row.waiting = _split(self.row.waiting, lambda item: self.now >= item.since + GIVE_UP)
        for item in old:
            self._fail(item, 0, UNANSWERED)

    def _send_next(self) -> int:
        """Send what may go now; else when to look again, ms."""
        row = self.row
        ends = [end for item in row.items() if (end := self._held(item.kind))]
        begun = next((p for p in row.parcels if not all(self._held(item.kind) for item in p.items)), None)
        if begun is None and all(self._held(item.kind) for item in row.waiting):
            return min(ends, default=row.told_at + KEEP_FAILED)
        at = max(begun.next_try if begun else self._room(), row.not_before)
        if at <= self.now:
            self._attempt(begun or self._pack())
        return min([at, *ends])

    def _room(self) -> int:
        """When there is room for another message: at most `digest_after` notices go out within `digest_window`."""
        row, limits = self.row, self.rules.limits
        row.recent = [at for at in row.recent if at > self.now - limits.digest_window]
        full = len(row.recent) >= limits.digest_after
        return row.recent[-limits.digest_after] + limits.digest_window if full else self.now

    def _pack(self) -> Parcel:
        """The first notice that waits or, if more would go out than should within the window, all of them as one."""
        row, most = self.row, self.rules.limits.digest_after
        free, held = _split(row.waiting, lambda item: not self._held(item.kind))
        together = len(free) > 1 and len(row.recent) + len(free) > most
        items, left = (free, held) if together else (free[:1], [item for item in row.waiting if item is not free[0]])
        row.waiting = left
        row.recent = [*row.recent, *[self.now] * len(items)][-most:]
        first = items[0].notice_id
        parcel = Parcel(f"{DIGEST}:{first}" if together else first, items)
        row.parcels.append(parcel)
        return parcel

    def _attempt(self, parcel: Parcel) -> None:
        row = self.row
        row.attempts += 1
        parcel.tries += 1
        parcel.out, parcel.attempt, parcel.next_try = True, row.attempts, self.now + SEND_LIMIT
        self.effects.append(self._send(parcel))

    def _send(self, parcel: Parcel) -> Send:
        row, one = self.row, parcel.items[0]
        digest = parcel.message_id != one.notice_id
        return Send(
            key=row.key,
            notice_id=parcel.message_id,
            lead_id="" if digest else one.lead_id,
            manager_id=row.manager_id,
            channel=row.channel,
            kind=DIGEST if digest else one.kind,
            turn=0 if digest else one.turn,
            at=self.now,
            attempt=parcel.attempt,
            limit=SEND_LIMIT,
            test=False,
            details=_listed(parcel) if digest else one.details,
        )

    def _out(self) -> Parcel | None:
        return next((parcel for parcel in self.row.parcels if parcel.out), None)


DAY_IS_OVER = 1 << 62
"""An instant by which every notice is a day old."""


def _split(items: list[Item], belongs: Callable[[Item], bool]) -> tuple[list[Item], list[Item]]:
    """Those that belong, and the others, each in order."""
    return [item for item in items if belongs(item)], [item for item in items if not belongs(item)]


def _listed(parcel: Parcel) -> dict[str, Any]:
    """What a digest tells: of the first notices what each is, and how many there are."""
    items = [
        {**item.details, "lead_id": item.lead_id, "kind": item.kind, "turn": item.turn}
        for item in parcel.items[:LISTED]
    ]
    return {"count": len(parcel.items), "items": items, "notices": [item.notice_id for item in parcel.items]}

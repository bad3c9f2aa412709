"""What managers are still to be told about a lead: one row a lead. It sends what goes to log:// itself, one notice at a
time, and brings the others to the mailbox of the manager's channel address, where leads come together (`mailbox.py`).

                      Notify, to log://                 Notify, to any other address --> Enqueue, and gone
                        |
                        v     first of its manager, next_try reached      Sent ok
     .-----------> WAITING ---------------------------------> SENDING -------------> gone
     |              |   ^  |                                  |  |  |
     | quiet hours  v   |  | Drop                Sent failed, |  |  | Drop
     |             QUIET   v                     or no answer |  |  v
     |                   gone                                 |  |  DROPPED -- Sent, or no answer --> gone
     '--------------------------------------------------------'  |
                                      permanent, or too old      v
                                                               FAILED -- KEEP_FAILED later --> gone

An attempt is committed together with its next try: that timer is the whole recovery (design, section 5).
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any

from . import mailbox
from .attempts import (
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
from .effects import Count, Drop, Effect, Enqueue, Notify, Send, Withdraw
from .events import Heartbeat, Sent
from .fold import Keyed
from .hashing import stable_hash
from .heartbeat import Stage, passed
from .mailbox import Mailbox
from .row import Header
from .rules import Rules

KNOWN = 64
"""Notices remembered to tell a repeated one; track does not repeat itself across more."""

MOST = 100
"""Notices a row may hold: far below the size of a row, far above what a lead with living channels needs."""

LOG = "log://"
"""Where notices of test leads go (R30), and those of managers without a channel of their own."""


class State(StrEnum):
    WAITING = "waiting"
    QUIET = "quiet"  # waits for the end of the manager's quiet hours, and keeps nobody waiting
    SENDING = "sending"
    DROPPED = "dropped"  # out, but not to be tried again
    FAILED = "failed"


OUT = (State.SENDING, State.DROPPED)


@dataclass(slots=True)
class Notice:
    """One notice to one channel address.

    since: when it may first be sent, ms: the end of the quiet hours it came in, else when it came.
    next_try: while waiting, the next attempt; while out, when it counts as lost; once failed, when it is forgotten.
    tries: its attempts so far; attempt: the number of the last one among all of the lead, so that an answer
    fits one notice of one channel alone. error: how the last attempt ended.
    """

    notice_id: str
    manager_id: str
    channel: str
    kind: str
    turn: int
    at: int
    next_try: int
    test: bool = False
    state: State = State.WAITING
    tries: int = 0
    attempt: int = 0
    error: str = ""
    details: dict[str, Any] = field(default_factory=dict)
    since: int = 0

    @property
    def too_old_at(self) -> int:
        """When it is given up, ms. Without `since` it was written by a version that had no quiet hours."""
        return max(self.since, self.at) + GIVE_UP


@dataclass(slots=True)
class Notices:
    """The notices of a lead in the order in which they came. known: hashes of (notice_id, channel), newest last.

    told_at: when the last one came. attempts: how many were made. boxes: the mailboxes that got some of them.
    """

    lead_id: str
    told_at: int
    attempts: int = 0
    notices: list[Notice] = field(default_factory=list)
    known: list[int] = field(default_factory=list)
    boxes: list[str] = field(default_factory=list)

    def header(self) -> Header:
        """Status `PENDING` while a notice is to be delivered, with the instant since when one could be."""
        timers = [notice.next_try for notice in self.timed()]
        states = (State.WAITING, State.QUIET, State.SENDING)
        pending = [notice.since for notice in self.notices if notice.state in states]
        next_due = min(timers, default=self.told_at + KEEP_FAILED)
        return Header(next_due, PENDING if pending else 0, min(pending, default=0))

    def timed(self) -> Iterator[Notice]:
        """The notices whose timer runs: those failed or held by quiet hours, and of the others the first of each queue.

        A queue is what one manager gets by one address; what is out is the first of it.
        """
        taken = []
        for notice in sorted(self.notices, key=lambda notice: notice.state not in OUT):
            queue = notice.manager_id, notice.channel
            if notice.state in (State.FAILED, State.QUIET):
                yield notice
            elif queue not in taken:
                taken.append(queue)
                yield notice


Row = Notices | Mailbox


def decide(row: Row | None, fact: Any, now: int, rules: Rules) -> tuple[Row | None, list[Effect]]:
    """Apply a fact to the notices of a lead, or to a mailbox; a heartbeat has come the whole way."""
    if isinstance(fact, Heartbeat):
        return row, [passed(fact, Stage.NOTIFY)]
    if isinstance(row, Mailbox) or isinstance(fact, (Enqueue, Withdraw)):
        return mailbox.decide(row if isinstance(row, Mailbox) else None, fact, now, rules)
    return _decide(row, fact, now, rules)


def _decide(row: Notices | None, fact: Any, now: int, rules: Rules) -> tuple[Notices | None, list[Effect]]:
    """Apply a Notify, Drop, Sent or Due to the notices of a lead."""
    if isinstance(fact, Drop) and (row is None or fact.turn is None):
        return None, [*(_withdrawn(row, None, now) if row else ()), Count("ok")]
    if isinstance(fact, Notify):
        row = row or Notices(fact.lead_id, now)
    if row is None:
        return None, [Count("ignored_stale")] if isinstance(fact, Sent) else []
    effects = _apply(row, fact, now, rules)
    effects += _go_on(row, now, rules)
    forgotten = not row.notices and now >= row.told_at + KEEP_FAILED
    return (None if forgotten else row), effects


def _apply(row: Notices, fact: Any, now: int, rules: Rules) -> list[Effect]:
    """What the fact itself changes; `Due` and a change of the rules change nothing."""
    match fact:
        case Notify():
            return _accept(row, fact, now, rules)
        case Drop(turn=int(turn)):
            return [*_drop(row, turn), *_withdrawn(row, turn, now)]
        case Sent():
            return _settle(row, fact, now, rules)
        case _:
            return []


# what comes in


def _accept(row: Notices, fact: Notify, now: int, rules: Rules) -> list[Effect]:
    """A notice for each channel address of the manager that does not have it yet."""
    row.told_at = now
    fresh = [channel for channel in _channels(fact, rules) if _remember(row, fact.notice_id, channel)]
    effects: list[Effect] = [Count("ok" if fresh else "duplicate")]
    for channel in fresh:
        effects += _keep(row, fact, now, rules) if channel == LOG else [_enqueued(row, fact, channel)]
    return effects


def _enqueued(row: Notices, fact: Notify, channel: str) -> Enqueue:
    to = mailbox.key_of(fact.manager_id, channel)
    if to not in row.boxes:
        row.boxes.append(to)
    return Enqueue(
        to=to,
        manager_id=fact.manager_id,
        channel=channel,
        notice_id=fact.notice_id,
        lead_id=fact.lead_id,
        kind=fact.kind,
        turn=fact.turn,
        at=fact.at,
        details=fact.details,
    )


def _keep(row: Notices, fact: Notify, now: int, rules: Rules) -> list[Effect]:
    held = held_until(rules, fact.manager_id, fact.kind, now)
    notice = Notice(
        notice_id=fact.notice_id,
        manager_id=fact.manager_id,
        channel=LOG,
        kind=fact.kind,
        turn=fact.turn,
        at=fact.at,
        next_try=held or now,
        since=held or fact.at,
        test=fact.test,
        state=State.QUIET if held else State.WAITING,
        details=dict(fact.details),
    )
    if len(row.notices) >= MOST:
        return _fail(row, notice, now, "too many notices of this lead wait", rules)
    row.notices.append(notice)
    return []


def _channels(fact: Notify, rules: Rules) -> tuple[str, ...]:
    """The manager's channel addresses, each once; test leads and unknown managers have the log alone (R22, R30)."""
    manager = rules.managers.get(fact.manager_id)
    if fact.test or manager is None:
        return (LOG,)
    return tuple(dict.fromkeys(manager.notify)) or (LOG,)


def _remember(row: Notices, notice_id: str, channel: str) -> bool:
    """Whether this is the first time that the channel is to get the notice."""
    mark = stable_hash(f"{notice_id}\0{channel}")
    if mark in row.known:
        return False
    row.known.append(mark)
    del row.known[:-KNOWN]
    return True


def _drop(row: Notices, turn: int) -> list[Effect]:
    """A later turn runs: forget what was to be said about the older ones. An attempt that is out ends by itself."""
    for notice in tuple(row.notices):
        if notice.turn >= turn or notice.kind not in STALE or notice.state is State.FAILED:
            continue
        if notice.state in (State.WAITING, State.QUIET):
            row.notices.remove(notice)
        else:
            notice.state = State.DROPPED
    return [Count("ok")]


def _withdrawn(row: Notices, turn: int | None, now: int) -> list[Effect]:
    """The same of what the mailboxes have."""
    return [Withdraw(to=to, lead_id=row.lead_id, turn=turn, at=now) for to in row.boxes]


# how an attempt ended


def _settle(row: Notices, fact: Sent, now: int, rules: Rules) -> list[Effect]:
    """The result of the attempt that is out; any other comes too late to matter."""
    for notice in row.notices:
        if notice.state in OUT and (notice.notice_id, notice.attempt) == (fact.notice_id, fact.attempt):
            return _end(row, notice, fact, now, rules)
    return [Count("ignored_stale")]


def _end(row: Notices, notice: Notice, fact: Sent, now: int, rules: Rules) -> list[Effect]:
    if fact.error is None or notice.state is State.DROPPED:
        row.notices.remove(notice)
        return [Count("sent" if fact.error is None else "dropped")]
    wait = backoff(notice.notice_id, notice.tries, fact.retry_after)
    if fact.permanent or now + wait >= notice.too_old_at:
        return _fail(row, notice, now, fact.error, rules)
    notice.state, notice.next_try, notice.error = State.WAITING, now + wait, fact.error
    return [Count("retried")]


def _fail(row: Notices, notice: Notice, now: int, error: str, rules: Rules) -> list[Effect]:
    """Give up, visibly: a mark in the row without what the text needed, a dead letter, and the head is told."""
    where = {"lead_id": row.lead_id, "manager_id": notice.manager_id, "channel": notice.channel, "error": error}
    told = [] if notice.test else undelivered(notice, now=now, rules=rules, **where)
    notice.state, notice.next_try, notice.error, notice.details = State.FAILED, now + KEEP_FAILED, error, {}
    return [*given_up(notice, tries=notice.tries, **where), *told]


# time


def _go_on(row: Notices, now: int, rules: Rules) -> list[Effect]:
    """Do what is due by now, until nothing is."""
    effects: list[Effect] = []
    while notice := next((notice for notice in row.timed() if notice.next_try <= now), None):
        effects += _fire(row, notice, now, rules)  # one that goes lets the next of its queue go on
    return effects


def _fire(row: Notices, notice: Notice, now: int, rules: Rules) -> list[Effect]:
    if notice.state in (State.FAILED, State.DROPPED):
        row.notices.remove(notice)
        return []
    if now >= notice.too_old_at:
        return _fail(row, notice, now, notice.error or UNANSWERED, rules)
    if held := held_until(rules, notice.manager_id, notice.kind, now):
        notice.state, notice.next_try = State.QUIET, held
        return []
    if notice.state is State.QUIET:
        notice.state = State.WAITING  # behind those of its queue that are out
        return []
    return [_attempt(row, notice, now)]


def _attempt(row: Notices, notice: Notice, now: int) -> Send:
    row.attempts += 1
    notice.tries += 1
    notice.state, notice.attempt = State.SENDING, row.attempts
    notice.next_try = now + SEND_LIMIT
    return Send(
        key=row.lead_id,
        notice_id=notice.notice_id,
        lead_id=row.lead_id,
        manager_id=notice.manager_id,
        channel=notice.channel,
        kind=notice.kind,
        turn=notice.turn,
        at=now,
        attempt=notice.attempt,
        limit=SEND_LIMIT,
        test=notice.test,
        details=notice.details,
    )


REDUCER = Keyed((Notices, Mailbox), decide)

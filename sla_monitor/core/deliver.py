"""What managers are still to be told about a lead: one row a lead, one notice a channel address.

                      Notify
                        |
                        v     first of its channel, next_try reached      Sent ok
     .-----------> WAITING ---------------------------------> SENDING -------------> gone
     |                  |                                     |  |  |
     |                  | Drop                  Sent failed,  |  |  | Drop
     |                  v                       or no answer  |  |  v
     |                gone                                    |  |  DROPPED -- Sent, or no answer --> gone
     '--------------------------------------------------------'  |
                                      permanent, or too old      v
                                                               FAILED -- KEEP_FAILED later --> gone

An attempt is committed together with its next try: that timer is the whole recovery (design, section 5).
At most one notice of a lead and channel is out, and the next waits for it, so their order holds.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from enum import StrEnum
from hashlib import blake2b
from typing import Any

from .effects import Bury, Count, Drop, Effect, Notify, Send
from .events import Heartbeat, Sent
from .fold import Keyed
from .heartbeat import Stage, passed
from .row import Header
from .rules import DAY, HOUR, MINUTE, SECOND, Rules

SEND_LIMIT = 30 * SECOND
"""An attempt that has not answered by then is lost. The shell sends within half of it, so two never overlap."""

BACKOFF = (5 * SECOND, 30 * SECOND, 2 * MINUTE, 10 * MINUTE, 30 * MINUTE, HOUR)
"""The wait after each failed attempt, the last one again and again: soon while it may help, rare when it did not."""

JITTER = 20
"""Percent by which a wait may be longer, so that notices which failed together do not return together."""

GIVE_UP = DAY
"""Nobody acts on a notice that is a day old."""

KEEP_FAILED = 7 * DAY
"""How long a notice that finally failed stays visible, and a row without notices remembers what it has seen."""

KNOWN = 64
"""Notices remembered to tell a repeated one; track does not repeat itself across more."""

MOST = 100
"""Notices a row may hold: far below the size of a row, far above what a lead with living channels needs."""

LOG_ONLY = ("log://",)
"""Where notices of test leads go (R30), and those of managers without a channel of their own."""

STALE = frozenset({"assigned", "warning"})
"""Kinds that say nothing any more once a later turn runs; the others tell of something that stays true."""


PENDING = 1
"""The status in the header of a row that has something to deliver."""


class State(StrEnum):
    WAITING = "waiting"
    SENDING = "sending"
    DROPPED = "dropped"  # out, but not to be tried again
    FAILED = "failed"


@dataclass(slots=True)
class Notice:
    """One notice to one channel address.

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


@dataclass(slots=True)
class Notices:
    """The notices of a lead in the order in which they came. known: hashes of (notice_id, channel), newest last.

    told_at: when the last one came. attempts: how many were made.
    """

    lead_id: str
    told_at: int
    attempts: int = 0
    notices: list[Notice] = field(default_factory=list)
    known: list[int] = field(default_factory=list)

    def header(self) -> Header:
        """Status `PENDING` while a notice is to be delivered, with the instant of the oldest."""
        timers = [notice.next_try for notice in self.timed()]
        pending = [notice.at for notice in self.notices if notice.state in (State.WAITING, State.SENDING)]
        next_due = min(timers, default=self.told_at + KEEP_FAILED)
        return Header(next_due, PENDING if pending else 0, min(pending, default=0))

    def timed(self) -> Iterator[Notice]:
        """The notices whose timer runs: the failed ones, and the first of each channel that is not."""
        taken = []
        for notice in self.notices:
            if notice.state is State.FAILED:
                yield notice
            elif notice.channel not in taken:
                taken.append(notice.channel)
                yield notice


def decide(row: Notices | None, fact: Any, now: int, rules: Rules) -> tuple[Notices | None, list[Effect]]:
    """Apply a Notify, Drop, Sent or Due to the notices of a lead; a heartbeat has come the whole way."""
    if isinstance(fact, Heartbeat):
        return row, [passed(fact, Stage.NOTIFY)]
    if isinstance(fact, Drop) and (row is None or fact.turn is None):
        return None, [Count("ok")]
    if isinstance(fact, Notify):
        row = row or Notices(fact.lead_id, now)
    if row is None:
        return None, [Count("ignored_stale")] if isinstance(fact, Sent) else []
    effects = _apply(row, fact, now, rules)
    effects += _go_on(row, now)
    forgotten = not row.notices and now >= row.told_at + KEEP_FAILED
    return (None if forgotten else row), effects


def _apply(row: Notices, fact: Any, now: int, rules: Rules) -> list[Effect]:
    """What the fact itself changes; `Due` and a change of the rules change nothing."""
    match fact:
        case Notify():
            return _accept(row, fact, now, rules)
        case Drop(turn=int(turn)):
            return _drop(row, turn)
        case Sent():
            return _settle(row, fact, now)
        case _:
            return []


# what comes in


def _accept(row: Notices, fact: Notify, now: int, rules: Rules) -> list[Effect]:
    """A notice for each channel address of the manager that does not have it yet."""
    row.told_at = now
    fresh = [channel for channel in _channels(fact, rules) if _remember(row, fact.notice_id, channel)]
    effects: list[Effect] = [Count("ok" if fresh else "duplicate")]
    for channel in fresh:
        notice = Notice(
            notice_id=fact.notice_id,
            manager_id=fact.manager_id,
            channel=channel,
            kind=fact.kind,
            turn=fact.turn,
            at=fact.at,
            next_try=now,
            test=fact.test,
            details=dict(fact.details),
        )
        if len(row.notices) < MOST:
            row.notices.append(notice)
        else:
            effects += _fail(row, notice, now, "too many notices of this lead wait")
    return effects


def _channels(fact: Notify, rules: Rules) -> tuple[str, ...]:
    """The manager's channel addresses, each once; test leads and unknown managers have the log alone (R22, R30)."""
    manager = rules.managers.get(fact.manager_id)
    if fact.test or manager is None:
        return LOG_ONLY
    return tuple(dict.fromkeys(manager.notify)) or LOG_ONLY


def _remember(row: Notices, notice_id: str, channel: str) -> bool:
    """Whether this is the first time that the channel is to get the notice."""
    mark = _hash(f"{notice_id}\0{channel}")
    if mark in row.known:
        return False
    row.known.append(mark)
    del row.known[:-KNOWN]
    return True


def _hash(text: str) -> int:
    """63 bits that are the same on every machine."""
    return int.from_bytes(blake2b(text.encode("utf-8", "surrogatepass"), digest_size=8).digest()) >> 1


def _drop(row: Notices, turn: int) -> list[Effect]:
    """A later turn runs: forget what was to be said about the older ones. An attempt that is out ends by itself."""
    for notice in tuple(row.notices):
        if notice.turn >= turn or notice.kind not in STALE or notice.state is State.FAILED:
            continue
        if notice.state is State.WAITING:
            row.notices.remove(notice)
        else:
            notice.state = State.DROPPED
    return [Count("ok")]


# how an attempt ended


def _settle(row: Notices, fact: Sent, now: int) -> list[Effect]:
    """The result of the attempt that is out; any other comes too late to matter."""
    out = (State.SENDING, State.DROPPED)
    for notice in row.notices:
        if notice.state in out and (notice.notice_id, notice.attempt) == (fact.notice_id, fact.attempt):
            return _end(row, notice, fact, now)
    return [Count("ignored_stale")]


def _end(row: Notices, notice: Notice, fact: Sent, now: int) -> list[Effect]:
    if fact.error is None or notice.state is State.DROPPED:
        row.notices.remove(notice)
        return [Count("sent" if fact.error is None else "dropped")]
    wait = max(_backoff(notice), min(fact.retry_after or 0, BACKOFF[-1]))
    if fact.permanent or now + wait >= notice.at + GIVE_UP:
        return _fail(row, notice, now, fact.error)
    notice.state, notice.next_try, notice.error = State.WAITING, now + wait, fact.error
    return [Count("retried")]


def _backoff(notice: Notice) -> int:
    """The wait after the last attempt, ms, a little longer for some than for others."""
    wait = BACKOFF[min(notice.tries, len(BACKOFF)) - 1]
    return wait + wait * (_hash(f"{notice.notice_id}\0{notice.tries}") % (JITTER + 1)) // 100


def _fail(row: Notices, notice: Notice, now: int, error: str) -> list[Effect]:
    """Give up, visibly: a mark in the row, without what the text needed, and a dead letter without personal data."""
    notice.state, notice.next_try, notice.error, notice.details = State.FAILED, now + KEEP_FAILED, error, {}
    note = {
        "lead_id": row.lead_id,
        "notice_id": notice.notice_id,
        "manager_id": notice.manager_id,
        "kind": notice.kind,
        "channel": notice.channel.partition(":")[0],  # the rest of an address may hold a secret
        "attempts": notice.tries,
        "error": error,
    }
    return [Bury(reason="notification_failed", note=note), Count("failed")]


# time


def _go_on(row: Notices, now: int) -> list[Effect]:
    """Do what is due by now, until nothing is."""
    effects: list[Effect] = []
    while notice := next((notice for notice in row.timed() if notice.next_try <= now), None):
        effects += _fire(row, notice, now)  # one that goes lets the next of its channel go on
    return effects


def _fire(row: Notices, notice: Notice, now: int) -> list[Effect]:
    if notice.state in (State.FAILED, State.DROPPED):
        row.notices.remove(notice)
        return []
    if now >= notice.at + GIVE_UP:
        return _fail(row, notice, now, notice.error or "no attempt was answered")
    return [_attempt(row, notice, now)]


def _attempt(row: Notices, notice: Notice, now: int) -> Send:
    row.attempts += 1
    notice.tries += 1
    notice.state, notice.attempt = State.SENDING, row.attempts
    notice.next_try = now + SEND_LIMIT
    return Send(
        notice_id=notice.notice_id,
        lead_id=row.lead_id,
        manager_id=notice.manager_id,
        channel=notice.channel,
        kind=notice.kind,
        attempt=notice.attempt,
        limit=SEND_LIMIT,
        test=notice.test,
        details=notice.details,
    )


REDUCER = Keyed((Notices,), decide)

"""The one machine of all that is delivered, notices and outcomes alike: what an attempt is, and when the next one is.

A message is out while an attempt may still be answered. It is committed together with the instant at which it counts
as lost: that timer is the whole recovery (design, section 5). After a failure it waits, longer each time, and its last
attempt is made at the end of its day, never later.
"""

from __future__ import annotations

from typing import Protocol

from .hashing import stable_hash
from .rules import DAY, HOUR, MINUTE, SECOND

BACKOFF = (5 * SECOND, 30 * SECOND, 2 * MINUTE, 10 * MINUTE, 30 * MINUTE, HOUR)
"""The wait after each failed attempt, the last one again and again: soon while it may help, rare when it did not."""

JITTER = 20
"""Percent by which a wait may be longer, so that what failed together does not return together."""

GIVE_UP = DAY
"""What is older is given up."""

REFUSALS = 3
"""So often a receiver may refuse a message before those behind it need not wait for it any more."""

UNANSWERED = "no attempt was answered"


class Message(Protocol):
    """out: whether an attempt may still be answered. attempt: the number of the last one. tries: those that reached
    the receiver, or were to. next_try: the next one, or when the one that is out is lost. error: how the last ended.
    refusals: how often the receiver answered that it does not take it. ms.
    """

    out: bool
    attempt: int
    tries: int
    next_try: int
    error: str
    refusals: int


def begin(message: Message, number: int, now: int, limit: int) -> None:
    """An attempt goes out, and is lost when it has not been answered within the limit, ms."""
    message.out, message.attempt, message.next_try = True, number, now + limit
    message.tries += 1


def lost(message: Message) -> None:
    """The attempt that is out was not answered."""
    message.out, message.error = False, message.error or UNANSWERED


def failed(message: Message, error: str, *, asked: bool, refused: bool) -> None:
    """The attempt ended badly. asked: whether it reached the receiver, or was to; one that waited for others says
    nothing about this message. refused: whether the receiver answered that it does not take it.
    """
    message.out, message.error = False, error
    message.tries -= not asked
    message.refusals += refused


def passed_by(message: Message) -> bool:
    """Whether those behind it go on without it."""
    return message.refusals >= REFUSALS


def wait(mark: str, tries: int, retry_after: int | None, longest: int) -> int:
    """The wait after so many failed attempts, ms, a little longer for some marks than for others.

    retry_after: what the receiver asked for; it cannot shorten the wait, and is obeyed up to `longest`.
    """
    span = max(BACKOFF[max(min(tries, len(BACKOFF)), 1) - 1], min(retry_after or 0, longest))
    return span + span * (stable_hash(f"{mark}\0{tries}") % (JITTER + 1)) // 100


def next_attempt(now: int, span: int, end: int) -> int | None:
    """When to try again after a wait; at the end of its day at the latest, and None when that is over."""
    return min(now + span, end) if now < end else None

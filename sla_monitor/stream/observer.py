"""What the stream tells the rest of the program, always after a commit."""

from __future__ import annotations

import logging
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Protocol

from sla_monitor.core.effects import Act, Log, Post, Public, Send
from sla_monitor.errors import Fenced, TooLarge, Unanswered, Unavailable
from sla_monitor.records import Partition

logger = logging.getLogger(__name__)

Feed = Callable[[Any, str], None]
"""`feed(fact, key)`: bring a result back into the partition that asked for it, like a timer."""


@dataclass(frozen=True, slots=True)
class Committed:
    """What a committed step did.

    acts: in the order they were decided; what the shell buried itself is among them. ages: ms from a
    record's timestamp to the step, one a record. late: real ms that each timer fired after it was due.
    stuck: timers whose fold failed and that are tried again in a minute. seconds: that the commit took.
    """

    log: Log | Public
    partition: int
    now: int
    acts: list[Act]
    ages: list[int]
    late: list[float]
    stuck: int
    seconds: float


class Observer(Protocol):
    """Made by the composition root. Must not raise or wait: it is called between two steps."""

    def committed(self, done: Committed) -> None: ...

    def send(self, effect: Send | Post, feed: Feed) -> None:
        """Begin to send; the result comes back from the same event loop.

        By `feed(Sent(...), effect.key)` or `feed(Posted(...), effect.lead_id)`.
        """

    def opened(self, log: Log | Public, partition: int, seconds: float) -> None:
        """A partition was opened, which took so long."""

    def assigned(self) -> None:
        """The worker was told which partitions are its own now."""

    def failed(self, log: Log | Public, partition: int, reason: str) -> None:
        """A commit or an opening failed and will be tried again. reason: the name of the error."""


def announce(observer: Observer, done: Committed, feed: Feed) -> None:
    """Tell the observer what a step did, and what is to be sent. What is committed stands, whether it hears or not."""
    try:
        observer.committed(done)
        for act in done.acts:
            if isinstance(act, Send | Post):
                observer.send(act, feed)
    except Exception:
        logger.exception("%s/%d: an observer failed", done.log, done.partition)


def announce_failure(observer: Observer, log: Log | Public, partition: Partition, error: Exception) -> None:
    """Tell the observer and the log; words of an error that nobody expected may quote a record, and stay out."""
    reason, expected = type(error).__name__, isinstance(error, (Fenced, Unanswered, Unavailable, TooLarge))
    said = f": {error}" if expected else " unexpectedly"
    logger.warning("%s/%d: %s%s", partition.topic, partition.number, reason, said)
    observer.failed(log, partition.number, reason)

"""A heartbeat: what the monitor sends itself the whole way that a lead goes, to see that the way is open.

    sent -> ingest -> intake (Kafka) -> track -> its timer, a second later -> timer -> notify

It is no lead: it is in no outcome, and in no figure about the promise.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import Any

from .effects import Accept, Beat, Effect, Log
from .events import Due, Heartbeat
from .row import Header
from .rules import SECOND

PREFIX = "\x01heartbeat-"
"""No id that comes from outside begins with a control character."""

PAUSE = SECOND
"""How long its timer takes, as if it were a target."""


class Stage(StrEnum):
    """Where a heartbeat has come through, in this order. ingest: it is durable; timer: its timer has fired."""

    INGEST = "ingest"
    INTAKE = "intake"
    TRACK = "track"
    TIMER = "timer"
    NOTIFY = "notify"


@dataclass(slots=True)
class Pulse:
    """The row of a heartbeat whose timer runs. at: when it was sent; fires_at: its timer; ms."""

    key: str
    partition: int
    at: int
    fires_at: int

    def header(self) -> Header:
        return Header(self.fires_at)


def passed(fact: Heartbeat, stage: Stage) -> Beat:
    return Beat(stage, fact.partition, fact.at)


def decide(row: Any, fact: Any, now: int) -> tuple[Pulse | None, list[Effect]]:
    """Apply a Heartbeat in the log of leads, or to its row the Due of its timer; nothing else changes it."""
    if isinstance(fact, Heartbeat):
        return Pulse(fact.key, fact.partition, fact.at, now + PAUSE), [passed(fact, Stage.TRACK)]
    pulse: Pulse = row
    if not isinstance(fact, Due) or pulse.fires_at > now:
        return pulse, []
    sent = Heartbeat(key=pulse.key, partition=pulse.partition, at=pulse.at)
    return None, [passed(sent, Stage.TIMER), Accept(Log.NOTIFICATIONS, pulse.key, sent)]

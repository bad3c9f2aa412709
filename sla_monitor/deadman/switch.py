"""When to speak: after a silence, again and again while it lasts, and once when it is over."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import NamedTuple

from sla_monitor.core.rules import MINUTE

LISTEN = 2 * MINUTE
"""Whoever has just started, or stood still, listens for so long first: signs may have come all the while."""


class Kind(StrEnum):
    SILENT = "silent"
    STILL = "still_silent"
    BACK = "back"


class News(NamedTuple):
    """What is to be said. silent: how long there was no sign, ms."""

    kind: Kind
    silent: int


@dataclass(slots=True)
class Switch:
    """silence, again: ms, see `sla-monitor deadman`. heard: the last sign. told: when silence was told, 0 if not.

    looked: the last look. listening: since when it looks without a pause.
    """

    silence: int
    again: int
    heard: int
    told: int = 0
    looked: int = 0
    listening: int = 0

    def sign(self, now: int) -> News | None:
        """There is a sign; whether that is news."""
        silent, told = now - self.heard, self.told
        self.heard, self.told = now, 0
        return News(Kind.BACK, silent) if told else None

    def look(self, now: int) -> News | None:
        """To be called every second or so."""
        if now - self.looked > LISTEN:
            self.listening = now
        self.looked = now
        due = self.told + self.again if self.told else self.heard + self.silence
        if now < max(due, self.listening + min(LISTEN, self.silence)):
            return None
        kind = Kind.STILL if self.told else Kind.SILENT
        self.told = now
        return News(kind, now - self.heard)

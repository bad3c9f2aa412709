"""The switch with its memory and its voice."""

from __future__ import annotations

import asyncio
import logging
from typing import Any

from sla_monitor.clock import Clock
from sla_monitor.codec import rfc3339
from sla_monitor.notify.render import Message
from sla_monitor.values import duration_text

from .memory import Heard, Memory
from .switch import Kind, News, Switch
from .voice import Voice

logger = logging.getLogger(__name__)

LOOK = 1.0
"""Seconds between two looks."""

TITLES = {
    Kind.SILENT: "sla-monitor: its monitoring is silent",
    Kind.STILL: "sla-monitor: its monitoring is still silent",
    Kind.BACK: "sla-monitor: its monitoring is heard again",
}
DEAF = (
    "Prometheus, Alertmanager or the way from there to here is down, so no alert about leads reaches anybody now. "
    "What to do: docs/runbooks/watchdog.md."
)


class Deadman:
    """silence: ms without a sign after which it speaks. again: ms until it does once more while there is none."""

    def __init__(self, clock: Clock, memory: Memory, voice: Voice, *, silence: int, again: int) -> None:
        """Raises Misconfigured, Unavailable when the memory cannot be used."""
        self._clock, self._memory, self._voice = clock, memory, voice
        known = memory.read() or Heard(clock.now())
        self._switch = Switch(silence, again, known.at, known.told)
        self._by = known.by
        memory.write(self._state())

    def sign(self, by: str) -> None:
        """There is a sign. by: who gave it."""
        self._by = by
        news = self._switch.sign(self._clock.now())
        self._remember()
        if news:
            self._say(news)

    def look(self) -> None:
        """Speak if it is time to."""
        news = self._switch.look(self._clock.now())
        if news:
            self._say(news)

    async def run(self) -> None:
        """Until it is cancelled."""
        while True:
            self.look()
            await asyncio.sleep(LOOK)

    def status(self) -> dict[str, Any]:
        """As JSON: when the last sign came, from where, and whether silence was told."""
        heard = self._switch.heard
        return {"last_sign_at": rfc3339(heard), "by": self._by or None, "silent": bool(self._switch.told)}

    def _remember(self) -> None:
        self._memory.keep(self._state())

    def _state(self) -> Heard:
        return Heard(self._switch.heard, self._switch.told, self._by)

    def _say(self, news: News) -> None:
        message = Message(TITLES[news.kind], self._body(news))
        logger.log(logging.INFO if news.kind is Kind.BACK else logging.ERROR, "%s. %s", message.title, message.body)
        # What nobody was told is not remembered as told: after a restart it is news again.
        self._voice.say(f"{news.kind}:{self._clock.now()}", message, self._remember)

    def _body(self, news: News) -> str:
        span = duration_text(news.silent)
        if news.kind is Kind.BACK:
            return f"It had been silent for {span}. Signs come from {self._by}."
        by = f" from {self._by}" if self._by else ""
        return f"No sign for {span}; the last came at {rfc3339(self._switch.heard)}{by}.\n{DEAF}"

"""Whether the topics are still those that the worker began with."""

from __future__ import annotations

import asyncio

from sla_monitor.errors import LogLost, Misconfigured, Unavailable
from sla_monitor.settings import Settings

from .access import Access
from .offsets import Offsets
from .topics import findings, wanted

EVERY = 5.0
"""Seconds from one look to the next."""
LOOKS = 3
"""So often in a row a topic is missing or has another count before that is believed: brokers that start know less."""


class Standing:
    """A log that is deleted and made anew begins at 0: once it has grown, its place would seem to fit."""

    def __init__(self, access: Access, settings: Settings) -> None:
        self._topics = wanted(settings)
        self._offsets = Offsets(access)
        self._ids: dict[str, str] = {}
        self._wrong = 0

    async def run(self) -> None:
        """Until cancelled. Raises LogLost and Misconfigured, for which the worker must end."""
        try:
            while True:
                await self.look()
                await asyncio.sleep(EVERY)
        finally:
            await self.stop()

    async def stop(self) -> None:
        await self._offsets.stop()

    async def look(self) -> None:
        """See `run`; brokers that do not answer are asked again next time."""
        try:
            found = await self._offsets.topics([topic.name for topic in self._topics])
        except Unavailable:
            return
        for name, made in found.items():
            if self._ids.setdefault(name, made.id) != made.id:
                what = "was deleted and made anew while this worker ran"
                raise LogLost(f"{name} {what}: docs/runbooks/recreated-topic.md says what to do")
        problems = findings(self._topics, {name: made.partitions for name, made in found.items()})
        self._wrong = self._wrong + 1 if problems else 0
        if self._wrong == LOOKS:
            raise Misconfigured(problems)

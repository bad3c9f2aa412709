"""log://: one JSON line a notice in a file of ours, for demos, tests and as a fallback."""

from __future__ import annotations

import asyncio
import json
from pathlib import Path

from sla_monitor.clock import Clock
from sla_monitor.codec import rfc3339
from sla_monitor.core.effects import Send

from .render import UNLIMITED, Message


def check(address: str) -> str | None:
    return None if address == "log://" else "log:// takes nothing behind it"


class LogChannel:
    """Lines of time, notice_id, lead_id, manager_id, kind, test, title, body.

    A line may come twice: readers tell by notice_id. The file outlives an erasure, so it gets no personal data (R31).
    """

    personal = False
    at_once = 1000

    def __init__(self, path: Path, clock: Clock) -> None:
        self._path = path
        self._clock = clock
        self._lines: list[str] = []
        self._turn = asyncio.Lock()
        self._writing: asyncio.Task[None] | None = None

    def longest(self, _: str) -> int:
        return UNLIMITED

    async def send(self, notice: Send, message: Message) -> None:
        line = {
            "time": rfc3339(self._clock.now()),
            "notice_id": notice.notice_id,
            "lead_id": notice.lead_id,
            "manager_id": notice.manager_id,
            "kind": notice.kind,
            "test": notice.test,
            "title": message.title,
            "body": message.text,
        }
        self._lines.append(json.dumps(line, ensure_ascii=False) + "\n")
        if self._writing is None:
            self._writing = asyncio.create_task(self._write())
        await asyncio.shield(self._writing)

    async def _write(self) -> None:
        """Write the lines that wait as one: a busy loop comes back from a thread far too rarely to do each alone."""
        async with self._turn:
            lines, self._lines, self._writing = self._lines, [], None
            await asyncio.to_thread(self._append, "".join(lines))

    def _append(self, lines: str) -> None:
        """One write in append mode, so that lines of two processes do not mix."""
        self._path.parent.mkdir(parents=True, exist_ok=True)
        with self._path.open("ab") as file:
            file.write(lines.encode("utf-8", "replace"))

    def close(self) -> None:
        """Nothing is open."""

"""log://: one JSON line a notice in a file of ours, for demos, tests and as a fallback.

`log://?links=yes` writes the links too by which a lead is taken, for whoever reads the file as a manager would.
"""

from __future__ import annotations

import asyncio
import json
from pathlib import Path

from sla_monitor.clock import Clock
from sla_monitor.codec import rfc3339
from sla_monitor.core.effects import Send
from sla_monitor.private import make_directory, make_file

from .render import UNLIMITED, Message

WITH_LINKS = "log://?links=yes"

LARGEST = 10 * 1024 * 1024
"""Bytes of the file, after which it is put aside as `.1` and a new one begun."""
ASIDE = 4
"""Files that are kept aside; the oldest goes, so that a disk is not filled by what nobody reads."""


def check(address: str) -> str | None:
    return None if address in {"log://", WITH_LINKS} else "log:// takes nothing behind it but ?links=yes"


class LogChannel:
    """Lines of time, notice_id, lead_id, manager_id, kind, test, title, body.

    A line may come twice: readers tell by notice_id. The file outlives an erasure, so it gets no personal data (R31),
    and it is read by whoever looks after the machine, so it gets no link that takes a lead, unless asked to.
    """

    personal = False
    at_once = 1000

    def __init__(self, path: Path, clock: Clock, largest: int = LARGEST) -> None:
        self._path, self._largest = path, largest
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
            "body": message.text if notice.channel == WITH_LINKS else message.body,
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
        make_directory(self._path.parent)
        make_file(self._path)
        if self._path.stat().st_size >= self._largest:
            self._put_aside()
            make_file(self._path)
        with self._path.open("ab") as file:
            file.write(lines.encode("utf-8", "replace"))

    def _put_aside(self) -> None:
        """The file becomes `.1`, and each aside the next; a reader that follows it by name finds the new one."""
        for number in range(ASIDE, 0, -1):
            older = self._aside(number)
            newer = self._aside(number - 1) if number > 1 else self._path
            if newer.exists():
                newer.replace(older)

    def _aside(self, number: int) -> Path:
        return self._path.with_name(f"{self._path.name}.{number}")

    def close(self) -> None:
        """Nothing is open."""

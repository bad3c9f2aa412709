"""Waking whoever waits for a commit.

A commit of this process rings at once. Commits of other processes are seen by asking SQLite for its data version
every 20 ms, and only while somebody waits: an idle process costs nothing measurable.
"""

from __future__ import annotations

import asyncio
import sqlite3

POLL = 0.02  # seconds: the longest that a commit of another process stays unseen


class Changes:
    """connection: one that only reads, so that every commit, ours included, changes its data version."""

    def __init__(self, connection: sqlite3.Connection) -> None:
        self._connection = connection
        self._version = self._data_version()
        self._next: asyncio.Future[None] | None = None
        self._timer: asyncio.TimerHandle | None = None

    def ring(self) -> None:
        """Wake everybody who waits."""
        if self._next is not None and not self._next.done():
            self._next.set_result(None)
        self._next = None

    async def wait(self) -> None:
        """Return after the next commit, or sooner: look again.

        Nothing is missed between a look and this call as long as nothing is awaited in between.
        """
        if self._next is None:
            self._next = asyncio.get_running_loop().create_future()
        if self._timer is None:
            self._poll()
        if self._next is not None:
            await asyncio.shield(self._next)

    def close(self) -> None:
        """Stop polling and wake everybody."""
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None
        self.ring()

    def _poll(self) -> None:
        """Compare versions, and once more in a while if somebody still waits."""
        version, self._version = self._version, self._data_version()
        if version != self._version:
            self.ring()
        waiting = self._next is not None
        self._timer = asyncio.get_running_loop().call_later(POLL, self._poll) if waiting else None

    def _data_version(self) -> int:
        """Counts the commits of others; 0 when it cannot be read now: the waiting look, and see why."""
        try:
            version: int = self._connection.execute("PRAGMA data_version").fetchone()[0]
        except sqlite3.Error:
            return 0
        return version

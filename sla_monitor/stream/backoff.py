"""The pause before what failed is tried again."""

from __future__ import annotations

import asyncio

FIRST, LONGEST = 0.05, 2.0
"""Seconds."""


class Backoff:
    """Doubles from one failure to the next."""

    def __init__(self) -> None:
        self._pause = FIRST

    async def wait(self) -> None:
        pause, self._pause = self._pause, min(self._pause * 2, LONGEST)
        await asyncio.sleep(pause)

    def reset(self) -> None:
        """It went well."""
        self._pause = FIRST

"""`sla-monitor up` by a clock that the driver leads: it stands still while an event is sent, however long that takes.

`python -m tests.crosscheck.led` is the program with that clock, and nothing else of it is another.
"""

from __future__ import annotations

import mmap
import os
import struct
import time
from pathlib import Path
from typing import Self

FILE = "SLA_TEST_CLOCK"
SPEED = 900.0
STEP = 30_000
"""Milliseconds of the domain by which the clock goes at once."""


class LedClock:
    """Eight bytes in a file, ms since the Unix epoch, which all processes see at once."""

    speed = SPEED

    def __init__(self, path: Path, at: int | None = None) -> None:
        if at is not None:
            path.write_bytes(struct.pack("<q", at))
        with path.open("r+b") as file:
            self._at = mmap.mmap(file.fileno(), 8)

    def now(self) -> int:
        return int(struct.unpack_from("<q", self._at)[0])

    def real(self, at: int) -> float:
        return time.time() + (at - self.now()) / 1000 / SPEED

    def trusted(self) -> bool:
        return True

    def jumped(self) -> int:
        return 0

    @classmethod
    def of_environment(cls) -> Self:
        return cls(Path(os.environ[FILE]))

    # for the driver

    def lead(self, to: int) -> None:
        """Go on to an instant, as fast as `speed` says at most."""
        while (now := self.now()) < to:
            struct.pack_into("<q", self._at, 0, min(now + STEP, to))
            time.sleep(STEP / 1000 / SPEED)


if __name__ == "__main__":
    from sla_monitor import bootstrap, kafka_worker
    from sla_monitor.cli import main

    for composition in (bootstrap, kafka_worker):
        composition.domain_clock = lambda _settings: LedClock.of_environment()
    main()

"""Workers under a supervisor that starts again whatever ends, as `restart: always` of systemd or Kubernetes does."""

from __future__ import annotations

import asyncio
import signal
import sys
import time
from dataclasses import dataclass

from tests.e2e.kafka_installation import ANNOUNCED, Installation

RESTART = 1.0
"""Seconds after which a supervisor starts a process again that ended by itself."""


@dataclass(frozen=True, slots=True)
class End:
    """Of one process. at: seconds since the epoch. asked: a fault ended it. said: the last line of its log."""

    at: float
    code: int
    asked: bool
    said: str


class Supervised:
    """One worker. Nobody touches it by hand: what is done to it here is a fault, a join or a leave."""

    def __init__(self, installation: Installation, name: str) -> None:
        self.ends: list[End] = []
        self.name = name
        self._installation = installation
        self._log = installation.log.with_name(f"worker-{name}.log")
        self._process: asyncio.subprocess.Process | None = None
        self._asked = False
        self._wanted = True
        self._pause = RESTART
        self._serves = asyncio.Event()
        self._ended = asyncio.Event()
        self._task = asyncio.create_task(self._run(), name=name)

    @property
    def runs(self) -> bool:
        return self._process is not None and self._process.returncode is None

    async def serves(self) -> None:
        """Return when the present process, or the next, has joined the group."""
        await self._serves.wait()

    async def kill(self, pause: float) -> None:
        """kill -9; started again `pause` seconds later."""
        self._pause = pause
        await self._end(signal.SIGKILL)

    async def terminate(self) -> None:
        """SIGTERM; started again at once."""
        self._pause = 0.0
        await self._end(signal.SIGTERM)

    async def leave(self) -> None:
        """SIGTERM, for good."""
        self._wanted = False
        await self._end(signal.SIGTERM)
        await self._task

    async def stop(self) -> None:
        """The run is over."""
        self._wanted = False
        self._task.cancel()
        await asyncio.wait({self._task})
        if self._process is not None and self._process.returncode is None:
            self._process.kill()
            await self._process.wait()

    def stand_still(self) -> None:
        assert self._process is not None
        self._process.send_signal(signal.SIGSTOP)

    def go_on(self) -> None:
        """Nothing happens if it has been ended meanwhile."""
        assert self._process is not None
        self._process.send_signal(signal.SIGCONT)

    async def _end(self, how: signal.Signals) -> None:
        """Return when it has ended; one that has ended by itself just now is left to the supervisor."""
        if self._process is None or self._process.returncode is not None:
            return
        self._asked = True
        self._ended.clear()
        self._process.send_signal(how)
        await self._ended.wait()

    async def _run(self) -> None:
        while self._wanted:
            await self._live()
            self._ended.set()
            pause, self._pause = self._pause, RESTART
            await asyncio.sleep(pause)

    async def _live(self) -> None:
        """One process, from its start to its end."""
        self._asked = False
        command = [sys.executable, "-m", "sla_monitor", "worker"]
        with self._log.open("ab") as log:
            self._process = await asyncio.create_subprocess_exec(
                *command, env=self._installation.env, stdout=asyncio.subprocess.PIPE, stderr=log
            )
        assert self._process.stdout is not None
        if ANNOUNCED.encode() in await self._process.stdout.readline():
            self._serves.set()
        code = await self._process.wait()
        self._serves.clear()
        said = self._log.read_text(errors="replace").rstrip().rpartition("\n")[2]
        self.ends.append(End(time.time(), code, self._asked, said))

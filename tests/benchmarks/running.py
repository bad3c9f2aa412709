"""The product in this process, as `sla-monitor up` wires it, with a stopwatch on its commits."""

from __future__ import annotations

import asyncio
import platform
import shutil
import sqlite3
import statistics
import sys
import tempfile
from collections import Counter
from collections.abc import AsyncIterator, Callable, Iterator, Sequence
from contextlib import asynccontextmanager, contextmanager
from os import cpu_count
from pathlib import Path
from time import perf_counter, process_time

from sla_monitor.acts import Acts
from sla_monitor.bootstrap import Up
from sla_monitor.clock import Clock
from sla_monitor.core.effects import Log, Public, Publish, Send
from sla_monitor.core.rules import Rules
from sla_monitor.keys import KeyRing
from sla_monitor.logs import KEYED, Embedded
from sla_monitor.records import Record
from sla_monitor.settings import Settings
from sla_monitor.stream.observer import Committed, Feed
from tests.embedded import bounds

APPEND = 500
"""Records in one append: what a full batch over HTTP stores."""


class Stopwatch:
    """`Observer`: notes when things were committed, and passes everything on."""

    def __init__(self, inner: Acts) -> None:
        self._inner = inner
        self.begin()

    def begin(self) -> None:
        """Forget what was before."""
        self.began = self.last_outcome = perf_counter()
        self.cpu_began = self.cpu_last = process_time()
        self.inputs: Counter[str] = Counter()
        self.steps: Counter[str] = Counter()
        self.outcomes = self.sends = 0
        self.late: list[float] = []

    def committed(self, done: Committed) -> None:
        published = sum(isinstance(act, Publish) for act in done.acts)
        self.outcomes += published
        if published:
            self.last_outcome, self.cpu_last = perf_counter(), process_time()
        self.inputs[done.log] += len(done.ages)
        self.steps[done.log] += 1
        if done.log is Log.EVENTS:
            self.late += done.late
        self._inner.committed(done)

    def send(self, effect: Send, feed: Feed) -> None:
        self.sends += 1
        self._inner.send(effect, feed)

    def opened(self, log: Log | Public, partition: int, seconds: float) -> None:
        self._inner.opened(log, partition, seconds)

    def assigned(self) -> None:
        self._inner.assigned()

    def failed(self, log: Log | Public, partition: int, reason: str) -> None:
        self._inner.failed(log, partition, reason)

    async def close(self) -> None:
        await self._inner.close()


@contextmanager
def directory() -> Iterator[Path]:
    """A data directory on the disk of the system's temporary files, gone afterwards."""
    path = Path(tempfile.mkdtemp(prefix="sla-bench-"))
    try:
        yield path
    finally:
        shutil.rmtree(path)


def settings(path: Path) -> Settings:
    return Settings(data_dir=path, listen="127.0.0.1:0")


async def append(embedded: Embedded, records: Sequence[Record]) -> float:
    """Append through the inbox, one request after another; the seconds it took."""
    began = perf_counter()
    for start in range(0, len(records), APPEND):
        await embedded.inbox.append(records[start : start + APPEND])
    return perf_counter() - began


@asynccontextmanager
async def running(path: Path, rules: Rules, clock: Clock | None = None) -> AsyncIterator[tuple[Up, Stopwatch]]:
    """Everything of `up`, started; its partitions open beside it."""
    up = Up(settings(path), rules, KeyRing(()), clock)
    watch = up._worker._observer = Stopwatch(up._acts)
    await up.start()
    try:
        yield up, watch
    finally:
        await up.stop()


async def until(holds: Callable[[], bool], seconds: float = 0.02) -> float:
    """Look now and then; the instant at which it held."""
    while not holds():  # noqa: ASYNC110 - several objects change, none of them rings
        await asyncio.sleep(seconds)
    return perf_counter()


def folded(up: Up) -> bool:
    """Whether every keyed log has been folded to its end."""
    owners = {owner.partition.topic: owner.status().place for owner in up._worker.owners.values()}
    ends = {up.embedded.prefix + log: bounds(up.embedded.file, up.embedded.topic(log))[1] for log in KEYED}
    return all(owners.get(topic) == end for topic, end in ends.items())


def opened(up: Up) -> bool:
    """Whether every partition is open."""
    return not up._unready()


class StandingClock:
    """A clock that stands until it is released, then runs: so that timers of prepared rows lie ahead of it."""

    speed = 1.0

    def __init__(self, at: int) -> None:
        self._at = at
        self._released: float | None = None

    def release(self) -> None:
        self._released = perf_counter()

    def now(self) -> int:
        return self._at if self._released is None else self._at + int((perf_counter() - self._released) * 1000)

    def real(self, at: int) -> float:
        return at / 1000

    def trusted(self) -> bool:
        return True

    def jumped(self) -> int:
        return 0


def machine() -> str:
    """What the figures were measured on."""
    versions = f"Python {platform.python_version()}, SQLite {sqlite3.sqlite_version}"
    return f"{cpu_count()} cores, {platform.system()} {platform.machine()}, {versions}"


def memory(process: int | str = "self") -> int:
    """Resident bytes of a process."""
    return _status("VmRSS:", process)


def peak_memory() -> int:
    """The most that this process ever had."""
    return _status("VmHWM:", "self")


def _status(name: str, process: int | str) -> int:
    return int(Path(f"/proc/{process}/status").read_text().partition(name)[2].split()[0]) * 1024


def share(values: Sequence[float], percent: float) -> float:
    """The value below which `percent` of them lie."""
    return sorted(values)[min(len(values) - 1, int(len(values) * percent / 100))]


def say(name: str, values: Sequence[float], unit: str = "") -> None:
    """A figure: the median of the runs, and their span."""
    middle, low, high = statistics.median(values), min(values), max(values)
    span = f"  ({low:,.4g} to {high:,.4g})" if len(values) > 1 else ""
    sys.stdout.write(f"{name:<44} {middle:>12,.4g} {unit}{span}\n")

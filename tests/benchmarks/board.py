"""What the live board costs: `python -m tests.benchmarks.board [leads] [viewers] [changes a second] [seconds]`

Rows of so many open leads (10,000) lie in an embedded log; the web layer serves so many streams (50) to clients in
another process, while rows change (200/s, in steps of 20 ms, each lead with the time of its change). In turns of
`seconds` (10): nobody looks, and then everybody. The processor's time is that of the server's process alone; a change
is seen when a client has read it.
"""

from __future__ import annotations

import asyncio
import json
import subprocess
import sys
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import aiohttp

from sla_monitor.claims import ClaimLinks
from sla_monitor.clock import WallClock
from sla_monitor.core.lead import Kind, Lead, Phase, Turn
from sla_monitor.core.lead_clock import LeadClock
from sla_monitor.core.rules import HOUR
from sla_monitor.keys import KeyRing
from sla_monitor.metrics import Metrics
from sla_monitor.records import Partition, Record
from sla_monitor.stream.embedded import EmbeddedFile, EmbeddedInbox, EmbeddedLog, EmbeddedReader
from sla_monitor.stream.step import Step
from sla_monitor.web.access import Access
from sla_monitor.web.server import Server, Web
from sla_monitor.web.sessions import Sessions
from tests.benchmarks import workload
from tests.benchmarks.running import directory, machine, say, share
from tests.web.site import ROWS

TOPIC = "sla.events"
PARTITIONS = {TOPIC: 1, "sla.outcomes": 1, "sla.desk": 1}
STEP = 0.02


def row(number: int, changed_at: int) -> tuple[bytes, bytes]:
    """A lead whose `started_at` says when it was changed."""
    holder = workload.MANAGERS[number % len(workload.MANAGERS)]
    due = changed_at + HOUR + number
    lead = Lead(
        f"lead-{number:06}",
        Phase.OPEN,
        source="crm",
        team_id="sales",
        name="Ivan Petrov",
        clocks=[LeadClock(1, changed_at, changed_at, due, first_holder=holder)],
        holder=holder,
        turns=[Turn(1, holder, changed_at, due, Kind.FIRST)],
    )
    return lead.lead_id.encode(), ROWS.encode(lead)


class Bench:
    """The web layer on a file, and the owner of its rows."""

    def __init__(self, path: Path) -> None:
        self.file = EmbeddedFile(path / "sla.db")
        self.inbox = EmbeddedInbox(self.file, PARTITIONS)
        self.clock, rules = WallClock(), workload.roster()
        reader = EmbeddedReader(self.file)
        web = Web(
            inbox=self.inbox,
            reader=reader,
            clock=self.clock,
            rules=lambda: rules,
            unready=list,
            metrics=Metrics("0", rules),
            claims=ClaimLinks(self.clock, None, []),
            access=Access(sessions=Sessions(self.clock), keys=KeyRing()),
        )
        self.server = Server(web, "127.0.0.1", 0)

    async def start(self, leads: int) -> None:
        self.owned = await EmbeddedLog(self.file, PARTITIONS).open(Partition(TOPIC, 0))
        now = self.clock.now()
        for start in range(0, leads, 5000):
            await self.owned.commit(Step(0, dict(row(n, now) for n in range(start, min(start + 5000, leads)))))
        await self.server.start()

    async def change(self, leads: int, rate: int, seconds: float) -> None:
        """As a worker would: the records, then a step that has applied them."""
        place, number, each = 0, 0, max(1, round(rate * STEP))
        for step in range(round(seconds / STEP)):
            began, now = time.monotonic(), self.clock.now()
            changed = dict(row((number + n) * 7919 % leads, now) for n in range(each))
            number, place = number + each, self.owned.place + each
            await self.inbox.append([Record(TOPIC, key, b"-", now) for key in changed])
            await self.owned.commit(Step(place, changed))
            await asyncio.sleep(max(0.0, STEP - (time.monotonic() - began)) if step else 0)


async def client(session: aiohttp.ClientSession, url: str, leads: int, found: dict[str, list[float]]) -> None:
    """Reads a stream for ever; notes how long it took to know all leads, and how late each change came."""
    began, known = time.time(), 0
    async with session.get(f"{url}/v1/board/stream") as stream:
        while line := await stream.content.readline():
            found["bytes"].append(len(line))
            if not line.startswith(b"data: [["):
                continue
            lines, now = json.loads(line[6:]), time.time()
            if known < leads:
                known += len(lines)
                if known >= leads:
                    found["all leads known after, ms"].append((now - began) * 1000)
            else:
                found["a change is seen after, ms"] += [now * 1000 - line[9] for line in lines]


async def look(url: str, viewers: int, leads: int) -> None:
    """In a process of its own, until it is ended; then it says what it found."""
    found: dict[str, list[float]] = {"bytes": [], "all leads known after, ms": [], "a change is seen after, ms": []}
    timeout = aiohttp.ClientTimeout(total=None)
    async with aiohttp.ClientSession(
        connector=aiohttp.TCPConnector(limit=0), timeout=timeout, read_bufsize=1 << 24
    ) as session:
        looking = [asyncio.create_task(client(session, url, leads, found)) for _ in range(viewers)]
        await asyncio.to_thread(sys.stdin.readline)
        for one in looking:
            one.cancel()
        await asyncio.gather(*looking, return_exceptions=True)
    sys.stdout.write(json.dumps(found))


@asynccontextmanager
async def viewers_of(url: str, viewers: int, leads: int) -> AsyncIterator[asyncio.subprocess.Process]:
    command = [sys.executable, "-m", "tests.benchmarks.board", "look", url, str(viewers), str(leads)]
    yield await asyncio.create_subprocess_exec(*command, stdin=subprocess.PIPE, stdout=subprocess.PIPE)


async def run(leads: int, viewers: int, rate: int, seconds: float) -> None:
    with directory() as path:
        bench = Bench(path)
        await bench.start(leads)
        alone = await cost(bench, leads, rate, seconds)
        async with viewers_of(bench.server.url, viewers, leads) as looking:
            began = time.process_time()
            await asyncio.sleep(5)
            opened = time.process_time() - began
            watched = await cost(bench, leads, rate, seconds)
            said, _ = await looking.communicate(b"\n")
        await bench.server.stop()
        bench.file.close()
    found = json.loads(said)
    say("processor while nobody looks, %", [alone])
    say("processor while all look, %", [watched])
    say("processor time to open all boards, s", [opened])
    say("MiB/s sent, opening included", [sum(found["bytes"]) / (seconds + 5) / 2**20])
    for name in ("all leads known after, ms", "a change is seen after, ms"):
        say(f"{name}, p50", [share(sorted(found[name]), 50)])
        say(f"{name}, p99", [share(sorted(found[name]), 99)])


async def cost(bench: Bench, leads: int, rate: int, seconds: float) -> float:
    """Of the processor, in percent, while rows change."""
    began, cpu = time.monotonic(), time.process_time()
    await bench.change(leads, rate, seconds)
    return (time.process_time() - cpu) / (time.monotonic() - began) * 100


def main(leads: int = 10_000, viewers: int = 50, rate: int = 200, seconds: int = 10) -> None:
    sys.stdout.write(f"{machine()}; {leads:,} leads, {viewers} viewers, {rate} changes/s\n")
    asyncio.run(run(leads, viewers, rate, seconds))


if __name__ == "__main__":
    if sys.argv[1:2] == ["look"]:
        asyncio.run(look(sys.argv[2], int(sys.argv[3]), int(sys.argv[4])))
    else:
        main(*map(int, sys.argv[1:]))

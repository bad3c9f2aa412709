"""HTTP -> outcome: `python -m tests.benchmarks.http [events] [runs]`

`sla-monitor up` runs in a process of its own; this one sends over kept connections, and reads the file to see when
the last outcome was committed. Batches of 100 by 4 clients; single events by 32; then, at rest, one lead at a time
with its outcome read from `GET /v1/outcomes`.
"""

from __future__ import annotations

import asyncio
import json
import sys
from collections import defaultdict
from collections.abc import AsyncIterator, Iterator, Sequence
from contextlib import asynccontextmanager
from pathlib import Path
from time import perf_counter, time
from typing import Any

import aiohttp

from sla_monitor.logs import KEYED, Embedded
from sla_monitor.records import Partition
from sla_monitor.stream.embedded import fetch
from tests.benchmarks import workload
from tests.benchmarks.running import directory, machine, say, settings, share
from tests.e2e.process import Monitor
from tests.embedded import bounds

BATCH = 100
KINDS = {1: "application/cloudevents+json", BATCH: "application/cloudevents-batch+json"}
ALONE = 200
"""Leads sent one after another to see how long one takes."""

POLICY = f"""
version: 1
managers: {{{", ".join(f"{name}: {{name: {name}}}" for name in (*workload.MANAGERS, workload.HEAD))}}}
teams:
  sales: {{head: {workload.HEAD}, managers: [{", ".join(workload.MANAGERS)}]}}
policies:
  - {{name: default, team: sales, target: 10m}}
"""


@asynccontextmanager
async def up(path: Path) -> AsyncIterator[tuple[aiohttp.ClientSession, Embedded]]:
    """A client of a fresh `sla-monitor up`, and its file."""
    with Monitor(path, POLICY, speed=1) as monitor:
        embedded = Embedded.open(settings(path / "data"))
        async with aiohttp.ClientSession(monitor.url, connector=aiohttp.TCPConnector(limit=0)) as session:
            yield session, embedded
        embedded.close()


def folded(embedded: Embedded) -> bool:
    extents = fetch.extents(embedded.file)
    logs = [extents[Partition(embedded.prefix + log, 0)] for log in KEYED]
    return all(log.place == log.end for log in logs)


def outcomes(embedded: Embedded) -> int:
    return bounds(embedded.file, embedded.prefix + "outcomes")[1]


async def last_outcome(embedded: Embedded, sending: asyncio.Task[Any]) -> float:
    """The instant at which the last outcome was seen, once all was sent and nothing waits."""
    count, at = 0, perf_counter()
    while not (sending.done() and folded(embedded)):
        if (now := outcomes(embedded)) != count:
            count, at = now, perf_counter()
        await asyncio.sleep(0.02)
    return at if outcomes(embedded) == count else perf_counter()


async def load(number: int, size: int, clients: int) -> dict[str, float]:
    """`number` events in requests of `size` by so many clients at once."""
    with directory() as path:
        async with up(path) as (session, embedded):
            events = workload.cloud_events(number, int(time() * 1000))
            bodies = iter([_body(events[n : n + size]) for n in range(0, number, size)])
            latencies: list[float] = []
            began = perf_counter()
            sending = asyncio.create_task(_send_all(session, bodies, size, clients, latencies))
            ended = await last_outcome(embedded, sending)
            accepted = await sending
            name = "batches of 100" if size > 1 else "single events"
            return {
                f"{name}: accepted events/s": number / (accepted - began),
                f"{name}: events/s to the last outcome": number / (ended - began),
                f"{name}: answer p50, ms": share(latencies, 50) * 1000,
                f"{name}: answer p99, ms": share(latencies, 99) * 1000,
                f"{name}: outcomes an event": outcomes(embedded) / number,
            }


def _body(events: Sequence[dict[str, Any]]) -> bytes:
    return json.dumps(events[0] if len(events) == 1 else events).encode()


async def _send_all(
    session: aiohttp.ClientSession, bodies: Iterator[bytes], size: int, clients: int, latencies: list[float]
) -> float:
    """Each client sends the next body as soon as its last was answered; when the last answer came."""

    async def client() -> None:
        path = "/v1/events" if size == 1 else "/v1/events:batch"
        for body in bodies:
            began = perf_counter()
            async with session.post(path, data=body, headers={"Content-Type": KINDS[size]}) as answer:
                await answer.read()
                assert answer.status == 202, answer.status
            latencies.append(perf_counter() - began)

    await asyncio.gather(*(client() for _ in range(clients)))
    return perf_counter()


async def alone() -> dict[str, float]:
    """One lead with an owner at a time: from the request to its first outcome at a reader."""
    taken: list[float] = []
    with directory() as path:
        async with up(path) as (session, _), session.get("/v1/outcomes") as stream:
            for number in range(ALONE):
                lead = {"lead_id": f"alone{number}", "owner_id": workload.MANAGERS[0]}
                event = workload.event("lead.created.v1", f"alone{number}", int(time() * 1000), lead)
                began = perf_counter()
                async with session.post("/v1/events", data=_body([event]), headers={"Content-Type": KINDS[1]}) as sent:
                    assert sent.status == 202
                while f"alone{number}".encode() not in await stream.content.readline():
                    pass
                taken.append(perf_counter() - began)
    return {"at rest: request to outcome p50, ms": share(taken, 50) * 1000, "  p99, ms": share(taken, 99) * 1000}


def main(number: int = 10_000, runs: int = 3) -> None:
    sys.stdout.write(f"{machine()}; {number:,} events, {runs} runs\n")
    found = defaultdict(list)
    for _ in range(runs):
        figures = asyncio.run(load(number, BATCH, 4)) | asyncio.run(load(number // 4, 1, 32)) | asyncio.run(alone())
        for name, value in figures.items():
            found[name].append(value)
    for name, values in found.items():
        say(name, values)


if __name__ == "__main__":
    main(*map(int, sys.argv[1:]))

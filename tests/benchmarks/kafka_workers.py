"""One, two, three workers on Kafka.

`python -m tests.benchmarks.kafka_workers [events] [rate] [seconds] [workers] [partitions]`

All that a worker does, with all logs: from events as ingest writes them to the last outcome, notices included. First
`rate` events/s for `seconds`: what an event costs must not grow with the number of workers. Then, on topics of their
own, all events in one transaction; the time runs from its commit to the last outcome that a committed reader sees.
Each is `sla-monitor worker` in a process of its own; all partitions are open before. Broker and reader have the same
cores.
"""

from __future__ import annotations

import asyncio
import sys
from collections.abc import Sequence
from time import perf_counter, time

from sla_monitor.records import Record
from tests.benchmarks import workload
from tests.benchmarks.kafka_running import Broker, Cost, Program, Site, broker, site
from tests.benchmarks.running import machine, say

SILENCE = 3.0
"""Seconds without an outcome after which there will be none."""
TICK = 0.05
"""Seconds between two appends of an offered load."""
REST = 10.0
"""Seconds for which the cost at rest is measured."""


def events(number: int, now: int) -> list[Record]:
    return workload.records(workload.cloud_events(number, now), workload.roster(), now)


async def last_outcome(at: Site, cost: Cost, number: int) -> float:
    """The instant at which the last outcome was seen of so many events since `cost` was made."""
    async with at.outcomes() as reader:
        last = perf_counter()
        while perf_counter() - last < SILENCE or cost.inputs() < number:
            if await reader.getmany(timeout_ms=50):
                last = perf_counter()
    return last


async def at_once(at: Site, workers: Sequence[Program], on: Broker, number: int) -> dict[str, float]:
    cost = Cost(workers, on)
    await at.load(events(number, int(time() * 1000)))
    began = perf_counter()
    seconds = await last_outcome(at, cost, number) - began
    return {"events/s, all at once": number / seconds, **cost.figures(number)}


async def offered(at: Site, workers: Sequence[Program], on: Broker, rate: int, seconds: int) -> dict[str, float]:
    resting = Cost(workers, on)
    await asyncio.sleep(REST)
    rest = resting.shares()
    records = events(rate * seconds, int(time() * 1000))
    cost = Cost(workers, on)
    sending = asyncio.create_task(send(at, records, rate))
    await last_outcome(at, cost, len(records))
    await sending
    named = {f"at rest: {name}": value for name, value in rest.items()}
    return named | {f"{rate:,}/s: {name}": value for name, value in cost.figures(len(records)).items()}


async def send(at: Site, records: Sequence[Record], rate: int) -> None:
    """So many a second, evenly."""
    size = round(rate * TICK)
    async with at.inbox() as into:
        began = perf_counter()
        for tick, start in enumerate(range(0, len(records), size)):
            await asyncio.sleep(began + tick * TICK - perf_counter())
            await into.append([at.here(record) for record in records[start : start + size]])


async def run(on: Broker, number: int, rate: int, seconds: int, workers: int, partitions: int) -> dict[str, float]:
    async with site(on.address, partitions) as at, at.workers(workers) as started:
        first = await offered(at, started, on, rate, seconds)
    async with site(on.address, partitions) as at, at.workers(workers) as started:
        return first | await at_once(at, started, on, number)


def main(number: int = 60_000, rate: int = 1_000, seconds: int = 30, most: int = 3, partitions: int = 6) -> None:
    sys.stdout.write(f"{machine()}; {number:,} events, {partitions} partitions\n")
    with broker() as on:
        for workers in range(1, most + 1):
            for name, value in asyncio.run(run(on, number, rate, seconds, workers, partitions)).items():
                say(f"{workers} workers: {name}", [value])


if __name__ == "__main__":
    main(*map(int, sys.argv[1:]))

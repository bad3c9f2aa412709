"""What it costs that a due lead waits for intake.

`python -m tests.benchmarks.kafka_horizon [seconds] [workers] [partitions] [rate ...]`

`rate` leads/s are written to `sla.leads` for `seconds`, as a foreign producer does, each with a number and an owner,
and due a few seconds later; so while one is decided, intake is busy with others. A breach is late by the time from its
due and the allowance to when a committed reader sees it. Once as it is, once with a horizon that never waits.
"""

from __future__ import annotations

import asyncio
import json
import sys
from collections import Counter
from time import perf_counter, time

from sla_monitor.core.rules import MINUTE, SECOND, Policy
from sla_monitor.records import Record
from tests.benchmarks.kafka_rest import lead, public
from tests.benchmarks.kafka_running import Broker, Cost, Site, broker, site
from tests.benchmarks.running import machine, say, share

TARGET = 10 * MINUTE
AHEAD = 5 * SECOND
"""From a lead's sending to its due, ms."""
BREACHED = b'"type":"sla.breached.v1"'


async def breaches(at: Site, rate: int, seconds: int) -> list[float]:
    """How late each was, in ms."""
    due: dict[bytes, int] = {}
    late: dict[bytes, float] = {}
    number = rate * seconds
    async with at.outcomes() as reader:
        sending = asyncio.create_task(_send(at, rate, number, due))
        while len(late) < number:
            for found in (await reader.getmany(timeout_ms=1000)).values():
                now = time() * 1000
                for outcome in found:
                    if BREACHED in outcome.value and outcome.key not in late:
                        late[outcome.key] = now - due[outcome.key]
        await sending
    return list(late.values())


async def _send(at: Site, rate: int, number: int, due: dict[bytes, int]) -> None:
    began = perf_counter()
    async with at.inbox() as into:
        for n in range(number):
            await asyncio.sleep(began + n / rate - perf_counter())
            start = int(time() * 1000) - TARGET + AHEAD
            record: Record = public(at, lead("h", n, start))
            due[record.key] = start + TARGET + Policy().allowance
            await into.append([record])


async def run(on: Broker, waits: bool, rate: int, seconds: int, workers: int, partitions: int) -> dict[str, float]:
    command = ["tests.benchmarks.contenders.looking", *([] if waits else ["blind"])]
    asked: Counter[str] = Counter()
    async with site(on.address, partitions) as at, at.workers(workers, *command) as started:
        cost = Cost(started, on)
        late = await breaches(at, rate, seconds)
        figures = cost.figures(len(late))
        for worker in started:
            asked.update(json.loads(worker.end().splitlines()[-1]))
    return {
        "late p50, ms": share(late, 50),
        "late p99, ms": share(late, 99),
        "late at most, ms": max(late),
        **{name.replace("an event", "a breach"): value for name, value in figures.items()},
        "questions for ends, a breach": asked["ends"] / len(late),
        "looks at how far intake is, a breach": asked["passed"] / len(late),
    }


def main(seconds: int = 60, workers: int = 1, partitions: int = 6, *rates: int) -> None:
    sys.stdout.write(f"{machine()}; {workers} workers, {partitions} partitions, {seconds} s\n")
    with broker() as on:
        for rate in rates or (2, 20):
            for waits in (True, False):
                found = asyncio.run(run(on, waits, rate, seconds, workers, partitions))
                for name, value in found.items():
                    say(f"{rate}/s, {'waits' if waits else 'blind'}: {name}", [value])


if __name__ == "__main__":
    main(*map(int, sys.argv[1:]))

"""What partitions cost: `python -m tests.benchmarks.kafka_rest [seconds] [rate] [partitions ...]`

For each count one worker with nothing to do for `seconds`; then `rate` leads/s for as long, each with an owner, written
to `sla.leads` as a foreign producer does, and after those as many to `sla.events` as ingest does. A lead takes from its
sending to its first outcome at a committed reader. Start-up runs from the start of the process to the opening of the
last partition.
"""

from __future__ import annotations

import asyncio
import json
import sys
from collections.abc import Callable, Sequence
from time import perf_counter, time
from typing import Any

from sla_monitor.core.effects import Public
from sla_monitor.records import Record
from sla_monitor.stream.kafka.inbox import KafkaInbox
from tests.benchmarks import workload
from tests.benchmarks.kafka_running import Broker, Cost, Program, Site, broker, site
from tests.benchmarks.running import machine, say, share

MIB = 1 << 20


async def rest(at: Site, worker: Program, on: Broker, seconds: int) -> dict[str, float]:
    cost = Cost([worker], on)
    await asyncio.sleep(seconds)
    return {
        "producers": at.owned,
        "worker's connections": worker.connections(),
        "worker, MiB": worker.memory() / MIB,
        "broker, MiB": on.memory() / MIB,
        **{f"at rest: {name}": value for name, value in cost.shares().items()},
    }


def lead(name: str, number: int, at: int) -> dict[str, Any]:
    """A lead with a number and an owner, as a producer sends it. at: its start, ms."""
    data = {"lead_id": f"{name}{number}", "phones": [f"+7495{number:07}"], "owner_id": workload.MANAGERS[number % 20]}
    return workload.event("lead.created.v1", f"{name}{number}", at, data)


def public(at: Site, event: dict[str, Any]) -> Record:
    """As foreign producers write it."""
    topic, key = at.prefix + Public.LEADS, event["data"]["lead_id"].encode()
    return Record(topic, key, json.dumps(event).encode(), int(time() * 1000))


def internal(at: Site, event: dict[str, Any]) -> Record:
    """As ingest writes it."""
    return at.here(workload.records([event], workload.roster(), int(time() * 1000))[0])


async def latencies(at: Site, records: Sequence[Record], rate: int) -> list[float]:
    """Seconds from the sending of each to its first outcome."""
    sent: dict[bytes, float] = {}
    taken: dict[bytes, float] = {}
    async with at.inbox() as into, at.outcomes() as reader:
        sending = asyncio.create_task(_send(into, records, rate, sent))
        while len(taken) < len(records):
            for found in (await reader.getmany(timeout_ms=1000)).values():
                for outcome in found:
                    if outcome.key in sent:
                        taken.setdefault(outcome.key, perf_counter() - sent[outcome.key])
        await sending
    return list(taken.values())


async def _send(into: KafkaInbox, records: Sequence[Record], rate: int, sent: dict[bytes, float]) -> None:
    began = perf_counter()
    async with asyncio.TaskGroup() as sending:
        for number, record in enumerate(records):
            await asyncio.sleep(began + number / rate - perf_counter())
            sent[record.key] = perf_counter()
            sending.create_task(into.append([record]))


async def run(on: Broker, partitions: int, seconds: int, rate: int) -> dict[str, float]:
    async with site(on.address, partitions) as at:
        began = perf_counter()
        async with at.workers(1) as [worker]:
            figures = {"seconds to open": perf_counter() - began, **await rest(at, worker, on, seconds)}
            for name, make in WAYS.items():
                now = int(time() * 1000)
                records = [make(at, lead(name, number, now)) for number in range(seconds * rate)]
                cost = Cost([worker], on)
                taken = await latencies(at, records, rate)
                figures |= {f"{name}: p{p}, ms": share(taken, p) * 1000 for p in (50, 99)}
                figures |= {f"{name}: {what}": value for what, value in cost.figures(len(records)).items()}
    return figures


WAYS: dict[str, Callable[[Site, dict[str, Any]], Record]] = {"from sla.leads": public, "from sla.events": internal}


def main(seconds: int = 20, rate: int = 200, *partitions: int) -> None:
    sys.stdout.write(f"{machine()}; {seconds} s at rest, {seconds} s of {rate} leads/s\n")
    for count in partitions or (1, 3, 6, 12, 24):
        with broker() as on:
            for name, value in asyncio.run(run(on, count, seconds, rate)).items():
                say(f"{count} partitions: {name}", [value])


if __name__ == "__main__":
    main(*map(int, sys.argv[1:]))

"""So many open leads on one worker on Kafka.

`python -m tests.benchmarks.kafka_opening [leads] [seconds] [spread] [partitions] [runs]`

The rows of `leads` are written to the rows topics as the product writes them, four a lead. Then a worker is started in
a process of its own, and the time runs until all partitions are open. The clock stands meanwhile; it is released, and
for `seconds` it is measured how late timers fire, whose dues lie evenly in `spread` seconds (an hour). Memory is what
the process has once all is open, less what it has on empty topics. Beside it: the same rows read by aiokafka alone.
"""

from __future__ import annotations

import asyncio
import gc
import json
import subprocess
import sys
from collections import defaultdict
from collections.abc import Iterator
from time import perf_counter, process_time, time

import aiokafka
from aiokafka.structs import TopicPartition

from sla_monitor.kafka_worker import KafkaWorker
from sla_monitor.keys import KeyRing
from sla_monitor.settings import Settings
from sla_monitor.stream.kafka import topics
from sla_monitor.stream.kafka.producer import Item
from sla_monitor.stream.kafka.rows import ROWS
from tests.benchmarks import leads
from tests.benchmarks.kafka_running import PATIENCE, Broker, Site, broker, site
from tests.benchmarks.lateness import ALLOWANCE
from tests.benchmarks.running import StandingClock, Stopwatch, machine, memory, peak_memory, say, share, until

QUIET = 0.15
"""Seconds of processor in one second below which the broker has done with what was written."""


def rows(at: Site, number: int, start: int, spread: int) -> Iterator[tuple[TopicPartition, Item]]:
    """The rows of open leads, and those of the managers."""
    template = leads.Template(start)
    for n in range(number):
        for log, key, value in template.rows(n, leads.due(n, number, start, spread)):
            topic, partition = at.place(at.prefix + log, key)
            yield TopicPartition(topic + ROWS, partition), Item(key, value, None)
    for key, value in leads.managers(start).items():
        yield TopicPartition(f"{at.prefix}desk{ROWS}", 0), Item(key, value, None)


async def quiet(on: Broker) -> None:
    """Return when the broker has compacted and written what it has to."""
    used = on.cpu() - 1
    while on.cpu() - used > QUIET:
        used = on.cpu()
        await asyncio.sleep(1)


async def measure(start: int, seconds: int) -> dict[str, float]:
    """In the worker's process: open all, then let the clock run."""
    settings = Settings()
    system, clock = KafkaWorker(settings, None, KeyRing(())), StandingClock(start)
    system._clock = clock
    watch = system._acts = Stopwatch(system._acts)
    owned = sum(topic.partitions for topic in topics.wanted(settings) if topic.name.endswith(ROWS))
    await system.start()
    async with asyncio.timeout(PATIENCE):
        opened = await until(lambda: len(system._worker.owners) == owned and not system._unready(), 0.05)
    peak = peak_memory()
    gc.collect()
    found = {"seconds": opened - watch.began, "bytes": memory(), "peak": peak}
    if seconds:
        found |= await late(watch, clock, seconds)
    await system.stop()
    return found


async def late(watch: Stopwatch, clock: StandingClock, seconds: int) -> dict[str, float]:
    watch.late.clear()
    clock.release()
    await asyncio.sleep(leads.FIRST_DUE + ALLOWANCE)
    began = process_time()
    await asyncio.sleep(seconds)
    busy = (process_time() - began) / seconds
    late = watch.late
    return {
        "breaches/s": len(late) / seconds,
        "lateness p50, ms": share(late, 50),
        "lateness p99, ms": share(late, 99),
        "lateness at most, ms": max(late),
        "worker, % of a core": busy * 100,
    }


async def read(at: Site) -> float:
    """The baseline: seconds to read all rows, one partition after another, into a dict each."""
    logs = [topic for topic in at.counts if topic.endswith(ROWS)]
    began = perf_counter()
    for place in [TopicPartition(topic, n) for topic in logs for n in range(at.counts[topic])]:
        await _read(at, place)
    return perf_counter() - began


async def _read(at: Site, place: TopicPartition) -> None:
    found: dict[bytes, bytes] = {}
    consumer = aiokafka.AIOKafkaConsumer(
        bootstrap_servers=at.servers, isolation_level="read_committed", max_partition_fetch_bytes=8 << 20
    )
    async with consumer:
        consumer.assign([place])
        await consumer.seek_to_beginning(place)
        end = (await consumer.end_offsets([place]))[place]
        while await consumer.position(place) < end:
            for records in (await consumer.getmany(place, timeout_ms=200)).values():
                found |= {record.key: record.value for record in records}


def child(at: Site, start: int, seconds: int) -> dict[str, float]:
    command = [sys.executable, "-m", "tests.benchmarks.kafka_opening", "measure", str(start), str(seconds)]
    result: dict[str, float] = json.loads(subprocess.check_output(command, env=at.env))
    return result


async def run(on: Broker, number: int, seconds: int, spread: int, partitions: int) -> dict[str, float]:
    start = int(time() * 1000)
    async with site(on.address, partitions) as at:
        nothing = child(at, start, 0)
    async with site(on.address, partitions) as at:
        began = perf_counter()
        await at.write(rows(at, number, start, spread))
        written = perf_counter() - began
        await quiet(on)
        baseline = await read(at)
        full = child(at, start, seconds)
    return {
        "rows/s written": 4 * number / written,
        "seconds to open": full["seconds"],
        "seconds to open nothing": nothing["seconds"],
        "baseline: seconds to read the rows": baseline,
        "bytes a lead, resident": (full["bytes"] - nothing["bytes"]) / number,
        "bytes a lead, at the peak": (full["peak"] - nothing["peak"]) / number,
        "MiB resident": full["bytes"] / (1 << 20),
        **{name: value for name, value in full.items() if name not in nothing},
    }


def main(number: int = 100_000, seconds: int = 60, spread: int = 3600, partitions: int = 6, runs: int = 1) -> None:
    sys.stdout.write(f"{machine()}; {number:,} open leads due within {spread:,} s, {partitions} partitions\n")
    found = defaultdict(list)
    for _ in range(runs):
        with broker() as on:
            for name, value in asyncio.run(run(on, number, seconds, spread, partitions)).items():
                found[name].append(value)
    for name, values in found.items():
        say(name, values)


if __name__ == "__main__":
    match sys.argv[1:]:
        case ["measure", start, seconds]:
            sys.stdout.write(json.dumps(asyncio.run(measure(int(start), int(seconds)))))
        case numbers:
            main(*map(int, numbers))

"""The same work on Kafka, done by others.

`python -m tests.benchmarks.kafka_throughput [events] [partitions] [runs] [contender ...]`

One log, `sla.events`, with what ingest writes to it: leads, and calls and messages by lead_id. Each contender folds it
with the reducer and the codec of the product, keeps a row a lead in its own way, and appends what the reducer says to
the numbers, the desk, the notifications and the outcomes, to the same topics and partitions. One after another, each on
topics of its own on the same broker. When a lead of each partition has come through, all events are committed in one
transaction; the time runs from there to the last outcome that a committed reader sees. (Stock Faust reads what is not
committed: it begins a second earlier.) In the end the records in all four topics are counted, and must be those that
the reducer asks for.

`bare` is the limit for Python: a loop that loses and repeats. Quix Streams is not among the project's packages:

    .venv/bin/pip install --target tests/benchmarks/.quix quixstreams==3.28.1

and is left out where it is not there. COMMIT_INTERVAL (seconds, 1) is its setting; 5 is its default, and what is
committed so seldom is seen in lumps.
"""

from __future__ import annotations

import asyncio
import sys
from collections import Counter, defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import count
from pathlib import Path
from time import perf_counter, time

import aiokafka
from aiokafka.structs import TopicPartition

from sla_monitor.core.effects import Log
from sla_monitor.core.rules import MINUTE
from sla_monitor.records import Record
from tests.benchmarks import workload
from tests.benchmarks.contenders.work import WRITTEN, fold
from tests.benchmarks.kafka_rest import lead
from tests.benchmarks.kafka_running import ANNOUNCED, Broker, Process, Program, Site, broker, site
from tests.benchmarks.running import machine, say

QUIX = Path(__file__).parent / ".quix"


@dataclass(frozen=True)
class Contender:
    """command: what follows `python -m`; says: what it says once it runs; packages: where it has its own."""

    name: str
    command: tuple[str, ...]
    says: str = "runs"
    packages: Path | None = None

    def there(self) -> bool:
        return self.packages is None or self.packages.exists()

    def start(self, at: Site) -> Program:
        env = {"PYTHONPATH": str(self.packages)} if self.packages else {}
        return at.start(*self.command, announced=self.says, **env)


CONTENDERS = (
    Contender("ours", ("tests.benchmarks.contenders.ours",), ANNOUNCED),
    Contender("bare", ("tests.benchmarks.contenders.bare",)),
    Contender("quix at-least-once", ("tests.benchmarks.contenders.quix", "at-least-once"), packages=QUIX),
    Contender("quix exactly-once", ("tests.benchmarks.contenders.quix", "exactly-once"), packages=QUIX),
    Contender("faust", ("tests.benchmarks.contenders.stock_faust",)),
)


def asked(records: Sequence[Record]) -> Counter[Log]:
    """How many records the reducer asks for, by log."""
    rows: dict[bytes, bytes | None] = {}
    found: Counter[Log] = Counter()
    for record in records:
        puts, outputs = fold(rows.get, record.key, record.value)
        rows.update(puts)
        found.update(output.log for output in outputs)
    return found


def warm_up(at: Site, now: int) -> list[Record]:
    """A lead with an owner for each partition."""
    found: dict[TopicPartition, Record] = {}
    leads = (lead("w", n, now - MINUTE) for n in count())
    while len(found) < at.partitions:
        record = at.here(workload.records([next(leads)], workload.roster(), now)[0])
        found.setdefault(at.place(record.topic, record.key), record)
    return list(found.values())


async def seen(reader: aiokafka.AIOKafkaConsumer, expected: int) -> None:
    """Return when so many outcomes have been read."""
    while expected > 0:
        expected -= sum(map(len, (await reader.getmany(timeout_ms=50)).values()))


async def written(at: Site) -> Counter[Log]:
    """Committed records in the topics that are written to."""
    found: Counter[Log] = Counter()
    logs = {at.prefix + log: log for log in WRITTEN}
    consumer = aiokafka.AIOKafkaConsumer(bootstrap_servers=at.servers, isolation_level="read_committed")
    async with consumer:
        places = [TopicPartition(topic, n) for topic in logs for n in range(at.counts[topic])]
        consumer.assign(places)
        await consumer.seek_to_beginning()
        ends = await consumer.end_offsets(places)
        while [place for place in places if await consumer.position(place) < ends[place]]:
            for place, records in (await consumer.getmany(timeout_ms=200)).items():
                found[logs[place.topic]] += len(records)
        # The record with the policy lies in each partition of a log that has an owner.
        return found - Counter({log: at.counts[topic] for topic, log in logs.items() if log is not Log.OUTCOMES})


async def run(contender: Contender, on: Broker, number: int, partitions: int) -> dict[str, float]:
    """figure -> value, of one contender."""
    now, rules = int(time() * 1000), workload.roster()
    every = workload.records(workload.cloud_events(number, now), rules, now)
    records = [record for record in every if record.topic == workload.PREFIX + Log.EVENTS]
    async with site(on.address, partitions) as at:
        first = warm_up(at, now)
        with contender.start(at) as program:
            try:
                async with at.outcomes() as reader, at.inbox() as inbox, asyncio.timeout(number / 100 + 60):
                    await inbox.append(first)
                    await seen(reader, asked(first)[Log.OUTCOMES])
                    figures = await race(at, reader, records, program, on)
            except TimeoutError:
                raise AssertionError(at.told()) from None
        found, expected = await written(at), asked(first) + asked(records)
        assert found == expected, f"{contender.name} wrote {found}, not {expected}"
    return figures


async def race(
    at: Site, reader: aiokafka.AIOKafkaConsumer, records: Sequence[Record], program: Process, on: Process
) -> dict[str, float]:
    expected = asked(records)
    await at.load(records)
    began, own, other = perf_counter(), program.cpu(), on.cpu()
    await seen(reader, expected[Log.OUTCOMES])
    seconds, number = perf_counter() - began, len(records)
    return {
        "events/s": number / seconds,
        "records appended/s": expected.total() / seconds,
        "its processor, us an event": (program.cpu() - own) / number * 1e6,
        "the broker's processor, us an event": (on.cpu() - other) / number * 1e6,
    }


def main(number: int = 40_000, partitions: int = 6, runs: int = 3, *names: str) -> None:
    there = [one for one in CONTENDERS if one.there()]
    contenders = [one for one in there if not names or one.name in names]
    sys.stdout.write(f"{machine()}; {number:,} events, {partitions} partitions, {runs} runs\n")
    found: dict[str, dict[str, list[float]]] = defaultdict(lambda: defaultdict(list))
    with broker() as on:
        for _ in range(runs):
            for contender in contenders:
                for name, value in asyncio.run(run(contender, on, number, partitions)).items():
                    found[contender.name][name].append(value)
    for contender in contenders:
        for name, values in found[contender.name].items():
            say(f"{contender.name}: {name}", values)
    for name in [contender.name for contender in contenders if "ours" in found and contender.name != "ours"]:
        pairs = zip(found["ours"]["events/s"], found[name]["events/s"], strict=True)
        say(f"ours / {name}", [ours / other for ours, other in pairs])


if __name__ == "__main__":
    main(*map(int, sys.argv[1:4]), *sys.argv[4:])

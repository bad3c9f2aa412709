"""The same work on Kafka, done by others.

`python -m tests.benchmarks.kafka_throughput [events] [partitions] [runs] [contender ...]`

One log, `sla.events`, with what ingest writes to it: leads, and calls and messages by lead_id. Each contender folds it
with the reducer and the codec of the product, keeps a row a lead in its own way, and appends what the reducer says to
the numbers, the desk, the notifications and the outcomes, to the same topics and partitions. One after another, each on
topics of its own and on the same broker, with all events there before it starts. What counts is what a reader of
committed outcomes sees: from a tenth of them to the last, so that start-up is left out. In the end the records in all
four topics are counted, and must be those that the reducer asks for.

`bare` is the limit for Python: a loop that loses and repeats. Quix Streams is not among the project's packages:

    .venv/bin/pip install --target tests/benchmarks/.quix quixstreams==3.28.1

and is left out where it is not there. COMMIT_INTERVAL (seconds, 1) is its setting; 5 is its default, and what is
committed so seldom is seen in lumps.
"""

from __future__ import annotations

import asyncio
import os
import sys
from collections import Counter, defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from time import perf_counter, time
from typing import NamedTuple

import aiokafka
from aiokafka.structs import TopicPartition

from sla_monitor.core.effects import Log
from sla_monitor.records import Record
from tests.benchmarks import workload
from tests.benchmarks.contenders.work import WRITTEN, fold
from tests.benchmarks.kafka_running import ANNOUNCED, Broker, Process, Site, broker, site
from tests.benchmarks.running import machine, say

QUIX = Path(__file__).parent / ".quix"


@dataclass(frozen=True)
class Contender:
    """command: what follows `python -m tests.benchmarks.contenders.`; says: how its first line begins."""

    name: str
    command: tuple[str, ...]
    says: str = "runs"


CONTENDERS = (
    Contender("ours", ("ours",), ANNOUNCED),
    Contender("bare", ("bare",)),
    Contender("quix at-least-once", ("quix", "at-least-once")),
    Contender("quix exactly-once", ("quix", "exactly-once")),
    Contender("faust", ("stock_faust",)),
)


class Seen(NamedTuple):
    """at: seconds; outcomes seen so far; seconds of processor of the contender and of the broker."""

    at: float
    outcomes: int
    own: float
    broker: float


def asked(records: Sequence[Record]) -> Counter[Log]:
    """How many records the reducer asks for, by log."""
    rows: dict[bytes, bytes | None] = {}
    found: Counter[Log] = Counter()
    for record in records:
        puts, outputs = fold(rows.get, record.key, record.value)
        rows.update(puts)
        found.update(output.log for output in outputs)
    return found


async def watch(reader: aiokafka.AIOKafkaConsumer, expected: int, own: Process, other: Process) -> list[Seen]:
    """Until the last outcome has been seen."""
    count, seen = 0, []
    while count < expected:
        found = await reader.getmany(timeout_ms=50)
        count += sum(map(len, found.values()))
        seen.append(Seen(perf_counter(), count, own.cpu(), other.cpu()))
    return seen


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
    expected = asked(records)
    async with site(on.address, partitions) as at:
        await at.load(records)
        env = {"PYTHONPATH": str(QUIX), "COMMIT_INTERVAL": os.environ.get("COMMIT_INTERVAL", "1")}
        command, *args = contender.command
        with at.start(f"tests.benchmarks.contenders.{command}", *args, announced=contender.says, **env) as program:
            try:
                async with at.outcomes() as reader, asyncio.timeout(number / 100 + 60):
                    seen = await watch(reader, expected[Log.OUTCOMES], program, on)
            except TimeoutError:
                raise AssertionError(at.told()) from None
        found = await written(at)
        assert found == expected, f"{contender.name} wrote {found}, not {expected}"
    return figures(seen, len(records), expected)


def figures(seen: Sequence[Seen], number: int, expected: Counter[Log]) -> dict[str, float]:
    last = seen[-1]
    first = next(one for one in seen if one.outcomes >= last.outcomes / 10)
    events = number * (last.outcomes - first.outcomes) / last.outcomes
    seconds = last.at - first.at
    return {
        "events/s": events / seconds,
        "its processor, us an event": (last.own - first.own) / events * 1e6,
        "the broker's processor, us an event": (last.broker - first.broker) / events * 1e6,
        "records appended/s": events / seconds * expected.total() / number,
    }


def main(number: int = 40_000, partitions: int = 6, runs: int = 3, *names: str) -> None:
    there = [one for one in CONTENDERS if one.command[0] != "quix" or QUIX.exists()]
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
    ours = found.pop("ours", {"events/s": []})["events/s"]
    for name, others in found.items() if ours else ():
        say(f"ours / {name}", [mine / other for mine, other in zip(ours, others["events/s"], strict=True)])


if __name__ == "__main__":
    main(*map(int, sys.argv[1:4]), *sys.argv[4:])

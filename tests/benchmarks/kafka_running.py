"""A broker, an installation on it, and what its processes use: for the benchmarks on Kafka."""

from __future__ import annotations

import asyncio
import logging
import os
import re
import subprocess
import sys
import urllib.request
import uuid
from collections.abc import AsyncIterator, Iterable, Iterator, Sequence
from contextlib import ExitStack, asynccontextmanager, contextmanager
from itertools import islice
from pathlib import Path
from time import perf_counter, time
from typing import Self

import aiokafka
from aiokafka.structs import TopicPartition

from sla_monitor.codec import RULES_KEY
from sla_monitor.core.effects import Log
from sla_monitor.in_force import apply_first
from sla_monitor.logs import existing
from sla_monitor.records import Record
from sla_monitor.settings import Settings
from sla_monitor.stream.kafka import topics
from sla_monitor.stream.kafka.access import Access
from sla_monitor.stream.kafka.inbox import KafkaInbox
from sla_monitor.stream.kafka.producer import Item, Producer, grouped
from sla_monitor.stream.placement import partition_of
from tests.benchmarks.running import directory, memory, until
from tests.benchmarks.workload import PREFIX, roster
from tests.kafka import Cluster

TICKS = os.sysconf("SC_CLK_TCK")
IN_ONE = 100_000
"""Records in one transaction of `Site.write`."""
PATIENCE = 300.0
"""Seconds after which what is waited for is taken to be missing."""
ANNOUNCED = "probes and metrics on "


class Process:
    """Another process, as the system counts it."""

    def __init__(self, pid: int) -> None:
        self.pid = pid

    def cpu(self) -> float:
        """Seconds of processor that all of its threads have used."""
        fields = Path(f"/proc/{self.pid}/stat").read_text().rpartition(")")[2].split()
        return (int(fields[11]) + int(fields[12])) / TICKS

    def memory(self) -> int:
        """Resident bytes."""
        return memory(self.pid)


class Broker(Process):
    """A broker of our own, that runs. address: where it is."""

    def __init__(self, path: Path, address: str) -> None:
        super().__init__(int((path / "broker1" / "pid").read_text()))
        self.address = address


@contextmanager
def broker() -> Iterator[Broker]:
    """One on an empty data directory, gone afterwards."""
    logging.getLogger("aiokafka").setLevel(logging.ERROR)  # new topics have no leaders yet
    with directory() as path:
        cluster = Cluster(path)
        try:
            yield Broker(path, cluster.start().address)
        finally:
            cluster.stop()


class Program(Process):
    """A program that runs on a site, until the end of the block. said: its first line."""

    def __init__(self, popen: subprocess.Popen[str], said: str) -> None:
        super().__init__(popen.pid)
        self._popen, self.said = popen, said

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.end()

    def metric(self, name: str, **labels: str) -> float:
        """Of a worker: the sum of the series of a metric that have these labels."""
        with urllib.request.urlopen(self.said.partition(ANNOUNCED)[2].strip() + "/metrics", timeout=20) as answer:
            lines = answer.read().decode().splitlines()
        series = (line.rpartition(" ") for line in lines if re.match(rf"{name}[{{ ]", line))
        wanted = [f'{label}="{value}"' for label, value in labels.items()]
        return sum(float(value) for shown, _, value in series if all(label in shown for label in wanted))

    def connections(self) -> int:
        """Sockets that it holds."""
        return sum(str(fd.readlink()).startswith("socket:") for fd in Path(f"/proc/{self.pid}/fd").iterdir())

    def end(self) -> str:
        """End it, if it runs; what it said besides."""
        if self._popen.returncode is not None:
            return ""
        self._popen.terminate()
        try:
            return self._popen.communicate(timeout=20)[0]
        except subprocess.TimeoutExpired:
            self._popen.kill()
            return self._popen.communicate()[0]


class Cost:
    """What workers and broker have used since this was made."""

    def __init__(self, workers: Sequence[Program], broker: Process) -> None:
        self._workers, self._broker = workers, broker
        self._began = self._now()

    def figures(self, number: int) -> dict[str, float]:
        """Of so many events."""
        _, own, other, steps, inputs = self._since()
        return {
            "workers' processor, us an event": own / number * 1e6,
            "broker's processor, us an event": other / number * 1e6,
            "inputs a step": inputs / max(steps, 1),
        }

    def shares(self) -> dict[str, float]:
        """Of one core."""
        seconds, own, other, *_ = self._since()
        return {"workers, % of a core": own / seconds * 100, "broker, % of a core": other / seconds * 100}

    def inputs(self) -> float:
        """What all steps have taken in."""
        return self._since()[-1]

    def _since(self) -> list[float]:
        return [now - then for now, then in zip(self._now(), self._began, strict=True)]

    def _now(self) -> tuple[float, ...]:
        steps = sum(worker.metric("sla_step_records_count") for worker in self._workers)
        inputs = sum(worker.metric("sla_step_records_sum") for worker in self._workers)
        return perf_counter(), sum(worker.cpu() for worker in self._workers), self._broker.cpu(), steps, inputs


class Site:
    """An installation with a topic prefix of its own. Made by `site`."""

    def __init__(self, path: Path, servers: str, partitions: int) -> None:
        self.servers, self.partitions = servers, partitions
        self.prefix = f"b{uuid.uuid4().hex[:6]}."
        self.counts: dict[str, int] = {}
        self._log = path / "log"
        said = {
            "SLA_BROKER": f"kafka://{servers}",
            "SLA_TOPIC_PREFIX": self.prefix,
            "SLA_KAFKA_PARTITIONS": str(partitions),
            "SLA_DATA_DIR": str(path / "data"),
            "SLA_LISTEN": "127.0.0.1:0",
        }
        self.env = {name: value for name, value in os.environ.items() if not name.startswith("SLA_")} | said
        self.settings = Settings(**{name.removeprefix("SLA_").lower(): value for name, value in said.items()})
        self.access = Access.of(self.settings)

    async def prepare(self) -> None:
        """Make the topics, and put the policy of `workload` into force."""
        await topics.apply(self.access, self.settings)
        self.counts = await topics.require(self.access, self.settings)
        async with existing(self.settings, [Log.DESK], [RULES_KEY]) as logs:
            await apply_first(logs, roster(), int(time() * 1000))

    @property
    def owned(self) -> int:
        """Partitions that have an owner, each with a producer of its own."""
        return sum(self.counts[self.prefix + log] for log in topics.OWNED)

    def place(self, topic: str, key: bytes) -> TopicPartition:
        """The partition that a key belongs to."""
        return TopicPartition(topic, partition_of(key, self.counts[topic]))

    def here(self, record: Record) -> Record:
        """A record of `workload` under this prefix."""
        return record._replace(topic=self.prefix + record.topic.removeprefix(PREFIX))

    async def load(self, records: Sequence[Record]) -> None:
        """Append records of `workload`, so that committed readers see all at once, or very many."""
        await self.write(
            (self.place(record.topic, record.key), Item(record.key, record.value, record.timestamp))
            for record in map(self.here, records)
        )

    async def write(self, items: Iterable[tuple[TopicPartition, Item]]) -> None:
        """Append anything, in as few batches and transactions as hold it."""
        producer = await Producer.started(self.access, f"{self.prefix}load")
        waiting = iter(items)
        while some := list(islice(waiting, IN_ONE)):
            await producer.write(grouped(some))
        await producer.abandon()

    def start(self, *command: str, announced: str = ANNOUNCED, **env: str) -> Program:
        """Start `python -m command`; return when it has announced itself."""
        with self._log.open("a") as log:
            full = [sys.executable, "-m", *command]
            popen = subprocess.Popen(full, env=self.env | env, stdout=subprocess.PIPE, stderr=log, text=True)
        assert popen.stdout is not None
        program = Program(popen, popen.stdout.readline())
        if announced not in program.said:
            raise AssertionError(program.said + program.end() + self.told())
        return program

    def told(self) -> str:
        """The end of what the programs said on standard error."""
        return self._log.read_text()[-4000:]

    @asynccontextmanager
    async def workers(self, number: int, *command: str) -> AsyncIterator[list[Program]]:
        """So many workers, with every partition open. command: what stands in for `sla-monitor worker`."""
        with ExitStack() as stack:
            programs = (self.start(*(command or ("sla_monitor", "worker"))) for _ in range(number))
            started = [stack.enter_context(program) for program in programs]
            async with asyncio.timeout(PATIENCE):
                await until(lambda: self.opened(started) == self.owned, 0.1)
            yield started

    def opened(self, workers: Iterable[Program]) -> int:
        """Partitions that are open, of all workers together."""
        return int(sum(worker.metric("sla_partition_state", state="running") for worker in workers))

    @asynccontextmanager
    async def inbox(self) -> AsyncIterator[KafkaInbox]:
        """Where ingest appends."""
        into = KafkaInbox(self.access, self.counts)
        try:
            yield into
        finally:
            await into.stop()

    @asynccontextmanager
    async def outcomes(self) -> AsyncIterator[aiokafka.AIOKafkaConsumer]:
        """A reader of committed outcomes, from the first on."""
        consumer = aiokafka.AIOKafkaConsumer(
            self.prefix + Log.OUTCOMES,
            bootstrap_servers=self.servers,
            isolation_level="read_committed",
            auto_offset_reset="earliest",
            fetch_max_wait_ms=20,
        )
        async with consumer:
            yield consumer


@asynccontextmanager
async def site(servers: str, partitions: int = 6) -> AsyncIterator[Site]:
    """Topics of its own, with the policy of `workload` in force."""
    with directory() as path:
        made = Site(path, servers, partitions)
        await made.prepare()
        yield made

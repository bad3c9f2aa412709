"""What is done to workers and brokers while leads come in and their timers fire: a timetable each."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field, replace
from random import Random
from typing import NamedTuple

from aiokafka.admin import AIOKafkaAdminClient, RecordsToDelete
from aiokafka.structs import TopicPartition

from sla_monitor.records import Partition
from sla_monitor.stream.kafka.access import Access
from sla_monitor.stream.kafka.offsets import Offsets
from sla_monitor.stream.kafka.rows import load
from tests.e2e.kafka_installation import Installation
from tests.e2e.kafka_workers import Supervised
from tests.kafka import Cluster

APPLIED = 3.0
"""Seconds after which, under load, what was passed is long behind every place."""
AWAY = 12.0
"""Seconds, longer than a session: others have taken over."""


class Mark(NamedTuple):
    """at: seconds since the epoch. kind: what is done; to whom stands in `whom`."""

    at: float
    kind: str
    whom: str = ""


@dataclass
class Stage:
    """times: how often the fault is committed. rest: seconds of peace after each."""

    cluster: Cluster
    installation: Installation
    workers: list[Supervised]
    rng: Random
    times: int
    rest: float
    marks: list[Mark] = field(default_factory=list)
    left: list[Supervised] = field(default_factory=list)

    def mark(self, kind: str, whom: str = "") -> None:
        self.marks.append(Mark(time.time(), kind, whom))

    def join(self) -> Supervised:
        worker = Supervised(self.installation, f"{len(self.workers) + len(self.left)}")
        self.workers.append(worker)
        return worker

    async def leave(self, worker: Supervised) -> None:
        self.workers.remove(worker)
        self.left.append(worker)
        await worker.leave()


async def sigkill(stage: Stage) -> None:
    """kill -9 of any of them at random moments; back after a random pause, one in five when its session is over."""
    for _ in range(stage.times):
        await asyncio.sleep(stage.rng.uniform(0, 2 * stage.rest))
        victim = stage.rng.choice([worker for worker in stage.workers if worker.runs] or stage.workers)
        stage.mark("kill -9 of a worker", victim.name)
        await victim.kill(stage.rng.choice((0, 1, 2, 4, AWAY)))


async def sigstop(stage: Stage) -> None:
    """A worker stands still for 30 s, which is thrice its session, and goes on as if nothing had happened."""
    for _ in range(stage.times):
        zombie = stage.rng.choice(stage.workers)
        await zombie.serves()
        stage.mark("a worker stands still", zombie.name)
        zombie.stand_still()
        await asyncio.sleep(30)
        stage.mark("it wakes up", zombie.name)
        zombie.go_on()
        await asyncio.sleep(stage.rest)


async def rolling(stage: Stage) -> None:
    """SIGTERM and a new start, one worker after another, each when the last one serves."""
    for _ in range(stage.times):
        for worker in stage.workers:
            stage.mark("a restart of a worker", worker.name)
            await worker.terminate()
            await worker.serves()
            await asyncio.sleep(stage.rest)


async def churn(stage: Stage) -> None:
    """One more joins, and leaves again, a change each `rest` seconds."""
    for _ in range(stage.times):
        stage.mark("a worker joins")
        guest = stage.join()
        await asyncio.sleep(stage.rest)
        stage.mark("it leaves")
        await stage.leave(guest)
        await asyncio.sleep(stage.rest)


async def broker(stage: Stage) -> None:
    """The only broker is restarted, then killed and started."""
    for _ in range(stage.times):
        for end, how in ((stage.cluster.stop, "a clean stop"), (stage.cluster.kill, "kill -9")):
            stage.mark(f"{how} of the broker")
            await asyncio.to_thread(end)
            await asyncio.sleep(3)
            await asyncio.to_thread(stage.cluster.start)
            stage.mark(f"the broker is back after {how}")
            await asyncio.sleep(stage.rest)


async def everyone(stage: Stage) -> None:
    """Workers by kill -9, then the only broker."""
    await sigkill(replace(stage, times=2 * stage.times))
    await broker(stage)


async def leader(stage: Stage) -> None:
    """kill -9 of the broker that leads the first partition of the leads' log, wherever it is by then."""
    for _ in range(stage.times):
        number = await leading(stage.installation, "events")
        stage.mark("kill -9 of a leader", str(number))
        await asyncio.to_thread(stage.cluster.kill, number)
        await asyncio.sleep(10)
        await asyncio.to_thread(stage.cluster.start)
        stage.mark("the broker is back", str(number))
        await asyncio.sleep(stage.rest)


async def quorum(stage: Stage) -> None:
    """Two of three brokers are down for 20 s: nothing can be committed, and nobody elects a leader."""
    for _ in range(stage.times):
        down = stage.rng.sample((1, 2, 3), 2)
        stage.mark("kill -9 of two brokers", f"{down[0]}, {down[1]}")
        for number in down:
            await asyncio.to_thread(stage.cluster.kill, number)
        await asyncio.sleep(20)
        await asyncio.to_thread(stage.cluster.start)
        stage.mark("both brokers are back")
        await asyncio.sleep(stage.rest)


async def emptied(stage: Stage) -> None:
    """Retention deletes what has been applied some seconds ago; then kill -9 makes others open at their places."""
    for _ in range(stage.times):
        places = await applied(stage.installation)
        await asyncio.sleep(APPLIED)
        stage.mark("logs are emptied")
        async with admin(stage.installation) as client:
            await client.delete_records({at: RecordsToDelete(place) for at, place in places.items()})
        victim = stage.rng.choice(stage.workers)
        stage.mark("kill -9 of a worker", victim.name)
        await victim.kill(0)
        await asyncio.sleep(stage.rest)


async def applied(installation: Installation) -> dict[TopicPartition, int]:
    """The places in the rows. What the group is told is up to a minute ahead of them, by markers of transactions."""
    async with admin(installation) as client:
        told = await client.list_consumer_group_offsets(f"{installation.prefix}workers")
    access = Access(servers=installation.servers)
    offsets = Offsets(access)
    try:
        loaded = {at: await load(access, offsets, Partition(*at)) for at in told}
    finally:
        await offsets.stop()
    return {at: kept.place.place for at, (kept, _) in loaded.items() if kept.place and kept.place.place}


async def leading(installation: Installation, log: str) -> int:
    """The broker that leads partition 0 of a topic."""
    async with admin(installation) as client:
        found = await client.describe_topics([installation.prefix + log])
    return next(int(partition["leader"]) for partition in found[0]["partitions"] if partition["partition"] == 0)


@asynccontextmanager
async def admin(installation: Installation) -> AsyncIterator[AIOKafkaAdminClient]:
    client = AIOKafkaAdminClient(bootstrap_servers=installation.servers)
    await client.start()
    try:
        yield client
    finally:
        await client.close()


class Fault(NamedTuple):
    """What is done. times, rest: where the command says nothing. takes: seconds of one time, besides rest."""

    commit: Callable[[Stage], Awaitable[None]]
    times: int
    rest: float
    takes: float
    brokers: int = 1


FAULTS = {
    "sigkill": Fault(sigkill, 20, 8, 0),
    "sigstop": Fault(sigstop, 3, 25, 30),
    "rolling": Fault(rolling, 6, 8, 12),
    "churn": Fault(churn, 18, 5, 8),
    "broker": Fault(broker, 3, 25, 45),
    "everyone": Fault(everyone, 3, 8, 45),
    "leader": Fault(leader, 5, 20, 18, brokers=3),
    "quorum": Fault(quorum, 3, 30, 30, brokers=3),
    "emptied": Fault(emptied, 5, 20, 5),
}


def during(marks: Sequence[Mark], at: float) -> Mark | None:
    """The last mark before an instant, if any."""
    return next((mark for mark in reversed(marks) if mark.at <= at), None)

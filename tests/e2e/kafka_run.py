"""The fault runs on a real Kafka: faults under load, then every lead is compared with what had to become of it.

    python -m tests.e2e.kafka_run sigkill --leads 2000 --workers 3 --seed 1

starts brokers and workers of its own, feeds leads and calls through the public topics as foreign producers do, commits
the fault, reads the outcomes from the beginning as a reader of committed records does, prints what it found, and exits
1 if anything is wrong. The seed fixes the leads, what happens to them, and the faults; the machine decides what was
under way just then. Workers have a supervisor that starts again whatever ends; nobody else helps them.

The clock runs 30 times as fast, so that a target of ten minutes is 20 s. The limits of the policy are as much longer:
answers have the minute of real time that they have by default. A session that times out takes 10 s whatever the clock
says, half a target.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import logging
import sys
import tempfile
import time
from collections import Counter, defaultdict
from collections.abc import Iterator
from dataclasses import dataclass, field
from itertools import count, product
from pathlib import Path
from random import Random
from typing import Any

from sla_monitor.core.rules import MINUTE
from sla_monitor.stream.placement import partition_of
from sla_monitor.web.views import LEADS
from tests.e2e.expectation import faults, final_status, instant, kind_of
from tests.e2e.kafka_clients import Feeder, Seen, Watcher, read_all
from tests.e2e.kafka_faults import FAULTS, Fault, Mark, Stage, during
from tests.e2e.kafka_installation import Installation
from tests.e2e.plan import ALLOWANCE, TARGET, Planned, compressed, make_plan
from tests.kafka import Cluster

WARM_UP = 10.0
"""Seconds of load before the first fault."""
PATIENCE = 180.0
"""Seconds after the last lead's due in which all must be over."""


@dataclass(frozen=True, slots=True)
class Run:
    """seconds: real time over which leads come in; patience: times that limits are longer than by default; the rest as
    in `Stage`.
    """

    fault: str
    leads: int = 2000
    workers: int = 2
    partitions: int = 3
    seed: int = 1
    speed: float = 30
    seconds: float = 0
    times: int = 0
    rest: float = 0
    patience: float = 1

    @property
    def kind(self) -> Fault:
        return FAULTS[self.fault]

    @property
    def often(self) -> int:
        return self.times or self.kind.times

    @property
    def peace(self) -> float:
        return self.rest or self.kind.rest

    @property
    def feeding(self) -> float:
        """Real seconds over which leads come in: as long as faults go on, if nothing else is said."""
        return self.seconds or WARM_UP + self.often * (self.kind.takes + self.peace)


@dataclass(slots=True)
class Report:
    """lines: what was measured."""

    kinds: Counter[str] = field(default_factory=Counter)
    lines: list[str] = field(default_factory=list)
    faults: list[str] = field(default_factory=list)

    def __str__(self) -> str:
        return "\n".join([*self.lines, f"{len(self.faults)} faults", *self.faults[:50]])


async def run(directory: Path, how: Run) -> Report:
    """Start everything, feed, commit the fault; then judge."""
    cluster = Cluster(directory / "kafka", how.kind.brokers).start()
    try:
        return await on(cluster, directory, how)
    finally:
        cluster.stop()


async def on(cluster: Cluster, directory: Path, how: Run) -> Report:
    """The same on brokers that are there."""
    began = time.monotonic()
    policy = compressed(how.speed, how.patience)
    installation = Installation(directory, cluster.address, how.speed, how.partitions, policy)
    made = installation.command("topics", "apply")
    assert made.returncode == 0, made.stderr
    stage = Stage(cluster, installation, [], Random(f"{how.fault} {how.seed}"), how.often, how.peace)
    for _ in range(how.workers):
        stage.join()
    try:
        await asyncio.gather(*(worker.serves() for worker in stage.workers))
        return await Judged(stage, how).report(began)
    finally:
        await asyncio.gather(*(worker.stop() for worker in stage.workers))


class Judged:
    """One run on running workers."""

    def __init__(self, stage: Stage, how: Run) -> None:
        self.stage, self.how = stage, how
        self.installation = stage.installation
        self.clock = stage.installation.clock
        self.plan = make_plan(how.leads, int(how.feeding * 1000 * how.speed), how.seed)
        self.origin = self.clock.now()
        self.lasts = lasts(how.partitions)
        self.watcher = Watcher(self.installation.servers, self.installation.prefix + "outcomes")

    async def report(self, began: float) -> Report:
        watching = asyncio.create_task(self.watcher.run())
        async with Feeder(self.installation.servers, self.installation.prefix, self.clock) as feeder:
            try:
                await asyncio.gather(feeder.feed(self.plan, self.origin), self.commit())
                in_time = await self.until_all_is_over(feeder)
            finally:
                watching.cancel()
        report = Report()
        outcomes = [json.loads(value or b"{}") for _, value in await self.read("outcomes")]
        report.faults += [] if in_time else [f"not over {PATIENCE:.0f} s after the last lead was due"]
        report.faults += faults(
            self.plan, self.origin, feeder.accepted, (o for o in outcomes if o["subject"] not in self.lasts)
        )
        report.faults += [f"a dead letter: {value!r}" for _, value in await self.read("dead-letters")]
        report.faults += statuses(self.plan, dict(await self.read("events.rows")))
        report.faults += await asyncio.to_thread(self.installation.audit)
        report.kinds.update(map(kind_of, outcomes))
        report.lines += self.told(report.kinds, feeder, time.monotonic() - began)
        return report

    async def commit(self) -> None:
        await asyncio.sleep(WARM_UP)
        await self.how.kind.commit(self.stage)
        self.stage.mark("peace")

    async def until_all_is_over(self, feeder: Feeder) -> bool:
        """Whoever must be escalated is, and so are last leads on each way through the partitions, behind all others."""
        at = self.clock.now()
        plan = [Planned(lead_id, "never", at, ((at, "lead.created.v1", data),)) for lead_id, data in self.lasts.items()]
        await feeder.feed(plan, 0)
        limit = 2 * (TARGET + ALLOWANCE) / self.how.speed / 1000 + PATIENCE
        unanswered = {lead.lead_id for lead in self.plan if final_status(lead) == "escalated"}
        over = await self.watcher.escalated(unanswered | self.lasts.keys(), limit)
        await asyncio.sleep(MINUTE / self.how.speed / 1000)
        return over

    async def read(self, topic: str) -> list[tuple[bytes, bytes | None]]:
        return await read_all(self.installation.servers, self.installation.prefix + topic)

    def told(self, kinds: Counter[str], feeder: Feeder, seconds: float) -> Iterator[str]:
        yield f"{kinds.total()} outcomes in {seconds:.0f} s, {feeder.resent} events sent again by their producer"
        yield ", ".join(f"{kind} {n}" for kind, n in sorted(kinds.items()))
        for worker in (*self.stage.workers, *self.stage.left):
            for end in worker.ends:
                if not end.asked:
                    yield f"worker {worker.name} ended by itself with {end.code}, and was restarted: {end.said}"
        asked = [end for worker in (*self.stage.workers, *self.stage.left) for end in worker.ends if end.asked]
        yield f"{len(asked)} ended by the fault, with {dict(Counter(end.code for end in asked))}"
        yield from lateness(self.stage.marks, list(self.late(feeder)))
        fed_until = self.real(self.origin) + self.how.feeding
        yield from progress([mark for mark in self.stage.marks if mark.at < fed_until], self.watcher.seen)

    def late(self, feeder: Feeder) -> Iterator[tuple[Seen, float, float]]:
        """(a breach, real seconds that it was decided after it could be, ... that a reader saw it)."""
        created = {lead.lead_id: feeder.accepted[f"{lead.lead_id}-0"] for lead in self.plan}
        for seen in self.watcher.seen:
            outcome = seen.outcome
            if kind_of(outcome) == "sla.breached" and outcome["subject"] in created:
                due = max(instant(outcome["data"]["due_at"]) + ALLOWANCE, created[outcome["subject"]])
                decided = (instant(outcome["time"]) - due) / self.how.speed / 1000
                yield seen, decided, seen.at - self.real(due)

    def real(self, at: int) -> float:
        """Seconds since the epoch of an instant of the domain."""
        origin = self.clock.origin
        return origin + (at / 1000 - origin) / self.how.speed


def lasts(partitions: int) -> dict[str, dict[str, Any]]:
    """Leads, id -> data: one for each partition of the leads' log with each partition of that of numbers."""
    found: dict[str, dict[str, Any]] = {}
    for way in product(range(partitions), repeat=2):
        for n in count():
            lead_id, phone = f"last-{n}", f"+7499{n:07d}"
            if way == (partition_of(lead_id.encode(), partitions), partition_of(phone.encode(), partitions)):
                found[lead_id] = {"lead_id": lead_id, "phones": [phone]}
                break
    return found


def statuses(plan: list[Planned], rows: dict[bytes, bytes | None]) -> Iterator[str]:
    """What the committed rows say in the end, as the lead view would."""
    for lead in plan:
        row = rows.get(lead.lead_id.encode())
        status = LEADS.decode(row).status if row else "missing"
        if status != final_status(lead):
            yield f"{lead.lead_id} ({lead.fate}) is {status}, not {final_status(lead)}"


def lateness(marks: list[Mark], late: list[tuple[Seen, float, float]]) -> Iterator[str]:
    """Of breaches, by the fault before them."""
    groups: dict[str, list[tuple[float, float]]] = defaultdict(list)
    for seen, decided, read in late:
        mark = during(marks, seen.at)
        groups["before" if mark is None else mark.kind].append((decided, read))
    for what, pairs in groups.items():
        decided, read = sorted(pair[0] for pair in pairs), sorted(pair[1] for pair in pairs)
        yield (
            f"lateness {what}: {len(pairs)} breaches, decided p50 {part(decided, 50):.2f} p99 {part(decided, 99):.2f} "
            f"max {decided[-1]:.2f} s, read p50 {part(read, 50):.2f} p99 {part(read, 99):.2f} max {read[-1]:.2f} s"
        )


def progress(marks: list[Mark], seen: list[Seen]) -> Iterator[str]:
    """Seconds from each fault until every partition has published again."""
    partitions = {s.partition for s in seen}
    spans = defaultdict(list)
    for mark in marks:
        first = {p: next((s.at for s in seen if s.partition == p and s.at > mark.at), None) for p in partitions}
        times = [at - mark.at for at in first.values() if at is not None]
        spans[mark.kind].append(max(times) if len(times) == len(partitions) else float("inf"))
    for kind, found in spans.items():
        yield f"progress of all partitions after {kind}: {', '.join(f'{span:.1f}' for span in found)} s"


def part(values: list[float], percent: int) -> float:
    """A percentile of sorted values."""
    return values[min(len(values) - 1, len(values) * percent // 100)]


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("fault", choices=FAULTS)
    usual = Run("")
    for name, kind, what in (
        ("leads", int, ""),
        ("workers", int, ""),
        ("partitions", int, "of each log"),
        ("seed", int, ""),
        ("speed", float, "of the domain's clock"),
        ("seconds", float, "over which leads come in; as long as the faults take"),
        ("times", int, "that the fault is committed"),
        ("rest", float, "seconds of peace after each"),
        ("patience", float, "times that the policy's limits are longer than by default"),
    ):
        parser.add_argument(f"--{name}", type=kind, default=getattr(usual, name), help=what)
    parser.add_argument("--keep", type=Path, help="a directory for the data, which is kept")
    said = vars(parser.parse_args())
    keep = said.pop("keep")
    logging.getLogger("aiokafka").setLevel(logging.CRITICAL)  # its tries while brokers are down are hundreds a second
    with tempfile.TemporaryDirectory() as directory:
        report = asyncio.run(run(keep or Path(directory), Run(**said)))
    print(report)
    return 1 if report.faults else 0


if __name__ == "__main__":
    sys.exit(main())

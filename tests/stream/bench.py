"""One owned partition on a bench: a log in memory, a clock that tests move, and a reducer that does as it is told."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Self

from sla_monitor import codec
from sla_monitor.clock import ManualClock
from sla_monitor.core.effects import Ask, Bury, Count, Log, Publish, Send
from sla_monitor.core.events import Due, ManagerStatus, Origin, RulesChanged, Sent
from sla_monitor.core.fold import Keyed
from sla_monitor.core.row import Header
from sla_monitor.core.rules import Policy, Rules
from sla_monitor.records import Partition, Record
from sla_monitor.stream.folding import Role
from sla_monitor.stream.horizon import Horizon
from sla_monitor.stream.observer import Committed
from sla_monitor.stream.partition import Owner
from sla_monitor.stream.step import ROW_BYTES
from sla_monitor.stream.waiting import Bounds, Source
from sla_monitor.wire_names import ROWS
from tests.stream.memory_log import MemoryLog

T0 = 1_900_000_000_000
WHERE = Partition("t.events", 0)
DONE = 9
"""The status of a row that waits for nothing."""


@dataclass
class Told:
    """did: every order that was carried out, so that a missing or doubled one shows."""

    did: list[str] = field(default_factory=list)
    due: int | None = None
    mode: str = "once"
    status: int = 1
    since: int = 0
    pad: str = ""

    def header(self) -> Header:
        return Header(self.due, self.status, self.since)


ROWS[Told] = b"Told"


def obey(row: Told | None, fact, now: int, rules: Rules):
    """`word:argument` in the fact's status is an order."""
    row = row or Told(since=now)
    if isinstance(fact, RulesChanged):
        return None, [Count("rules")]
    if isinstance(fact, Due):
        return fire(row, now, rules)
    if isinstance(fact, Sent):
        row.did.append(fact.notice_id)
        return row, []
    row.did.append(fact.status)
    word, _, argument = fact.status.partition(":")
    return ORDERS.get(word, nothing)(row, argument, fact)


def fire(row: Told, now: int, rules: Rules):
    row.did.append(f"fired@{now - T0}/v{rules.version}")
    if row.mode == "raise":
        raise RuntimeError(row.did)
    if row.mode != "spin" and row.due is not None and row.due <= now:
        row.due = None
    return row, [Publish(type="fired", lead_id="x", turn=1, at=now)]


def nothing(row, argument, fact):
    return row, [Count("ok")]


def due(row, argument, fact):
    at, _, row.mode = argument.partition("/")
    row.due = T0 + int(at)
    return row, []


def status(row, argument, fact):
    row.status = int(argument)
    return row, []


def swell(row, argument, fact):
    row.pad = "x" * ROW_BYTES
    return row, [Count("swollen")]


def fail(row, argument, fact):
    raise KeyError(argument)


def delete(row, argument, fact):
    return None, []


def ask(row, argument, fact):
    asks = Ask(lead_id="x", n=1, at=fact.at, team_id="sales", turn=1)
    return row, [asks, Publish(type="asked", lead_id="x", turn=1, at=fact.at)]


def bury(row, argument, fact):
    earlier = ManagerStatus(manager_id="earlier", at=T0, status="1", origin=Origin(received=7))
    return row, [Bury(reason="unknown_lead", data=argument != "bare", fact=earlier if argument == "earlier" else None)]


def send(row, argument, fact):
    return row, [
        Send(
            key="x",
            notice_id="n1",
            lead_id="x",
            manager_id="m",
            channel="log://",
            kind="k",
            turn=1,
            at=0,
            attempt=1,
            limit=1,
            test=False,
            details={},
        )
    ]


ORDERS = {
    "due": due,
    "status": status,
    "swell": swell,
    "fail": fail,
    "delete": delete,
    "ask": ask,
    "bury": bury,
    "send": send,
}


class Listener:
    """`Observer`: keeps everything it hears."""

    def __init__(self) -> None:
        self.steps: list[Committed] = []
        self.sends: list[tuple[Send, Callable]] = []
        self.failures: list[str] = []
        self.openings: list[int] = []

    def committed(self, done: Committed) -> None:
        self.steps.append(done)

    def send(self, effect: Send, feed: Callable) -> None:
        self.sends.append((effect, feed))

    def opened(self, log: Log, partition: int, seconds: float) -> None:
        self.openings.append(partition)

    def assigned(self) -> None:
        """A bench takes its partition itself."""

    def failed(self, log: Log, partition: int, reason: str) -> None:
        self.failures.append(reason)

    @property
    def acts(self) -> list:
        return [act for step in self.steps for act in step.acts]


def order(key: str, what: str, at: int = T0) -> Record:
    return Record(WHERE.topic, key.encode(), codec.encode_record(ManagerStatus(manager_id=key, at=at, status=what)), at)


def policy(version: int, *, apply_to_open: bool = False) -> Record:
    rules = Rules(version=version, policies=(Policy(apply_to_open=apply_to_open),))
    return Record(WHERE.topic, b"", codec.encode_record(RulesChanged(version=version, rules=rules, at=T0)), T0)


class Bench:
    """A consumer that brings what is appended, and reads again when asked. role: else one that obeys, with `more`."""

    def __init__(
        self,
        log: MemoryLog | None = None,
        *,
        where: Partition = WHERE,
        role: Role | None = None,
        horizon: Horizon | None = None,
        bounds: Bounds | None = None,
        idle: float = 0.01,
        **more,
    ) -> None:
        self.where = where
        self.log = log or MemoryLog()
        self.clock = ManualClock(T0)
        self.heard = Listener()
        self.sought: list[int] = []
        self.position = 0
        self.role = role or Role(Log.EVENTS, lambda: Keyed((Told,), obey), waiting=frozenset({1}), **more)
        self.owner = Owner(
            self.role,
            self.where,
            self.log,
            Source(self._again_from, lambda: len(self.log.logs[self.where])),
            self.clock,
            self.heard,
            prefix="t.",
            horizon=horizon,
            bounds=bounds or Bounds(),
            idle=idle,
        )
        self.codec = codec.RowCodec((Told,))

    async def __aenter__(self) -> Self:
        self.task = self.owner.start()
        return self

    async def __aexit__(self, *_) -> None:
        await self.owner.stop(1)

    async def _again_from(self, place: int) -> None:
        self.sought.append(place)
        self.position = place
        await self.bring()

    async def append(self, *records: Record) -> None:
        await self.log.append(records)
        await self.bring()

    async def bring(self) -> None:
        batch = self.log.batch(self.where, self.position)
        self.position = batch.end
        if batch.records:
            await self.owner.put(batch)

    async def put(self, start: int, end: int) -> None:
        await self.owner.put(self.log.batch(self.where, start, end))

    async def until(self, holds: Callable[[], bool]) -> None:
        async with asyncio.timeout(5):
            while not holds():  # noqa: ASYNC110 - several objects change; each is awaited by turning the loop
                await asyncio.sleep(0)

    async def folded(self, place: int | None = None) -> None:
        """Until all that was appended is committed, and has been acted on."""
        await self.until(
            lambda: self.owner.status().place >= (len(self.log.logs[self.where]) if place is None else place)
        )

    def row(self, key: str) -> Told | None:
        value = self.log.kept[self.where].get(key.encode())
        return None if value is None else self.codec.decode(value)

    def did(self, key: str) -> list[str]:
        row = self.row(key)
        return row.did if row else []

    def letters(self) -> list[codec.DeadLetter]:
        return [codec.decode_dead_letter(r.value or b"") for r in self.log.logs[Partition("t.dead-letters", 0)]]

    def outcomes(self) -> list[bytes]:
        return [record.value or b"" for record in self.log.logs[Partition("t.outcomes", 0)]]

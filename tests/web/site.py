"""A real server on a free port, over a log in memory."""

from __future__ import annotations

import asyncio
import copy
from collections.abc import AsyncIterator, Callable, Collection, Iterable, Sequence
from contextlib import asynccontextmanager, suppress
from typing import Self

import aiohttp

from sla_monitor import codec
from sla_monitor.claims import ClaimLinks
from sla_monitor.clock import ManualClock
from sla_monitor.codec import RowCodec
from sla_monitor.core import assign
from sla_monitor.core.lead import Lead
from sla_monitor.core.roster import Held, SignedOut, Standing
from sla_monitor.core.rules import Manager, Rules
from sla_monitor.errors import Unavailable
from sla_monitor.metrics import Metrics
from sla_monitor.records import Position, Record, Stored, Taken
from sla_monitor.web.access import Access
from sla_monitor.web.context import Secrets
from sla_monitor.web.limits import Limits
from sla_monitor.web.server import Server, Web
from sla_monitor.web.sessions import Sessions
from sla_monitor.wire.examples import EXAMPLES

NOW = 1_795_500_000_000
ONE = {"Content-Type": "application/cloudevents+json"}
BATCH = {"Content-Type": "application/cloudevents-batch+json"}
LINES = {"Content-Type": "application/x-ndjson"}
ROWS, DESK = RowCodec((Lead,)), RowCodec((Standing, Held, SignedOut))
SECRET = "a secret of thirty-two characters"


class MemoryLog:
    """Inbox and Reader. first: the oldest offset kept of the outcomes. decide: what a worker does with a record.

    silent: tells of no row that changes.
    """

    def __init__(self) -> None:
        self.appended: list[Record] = []
        self.leads: dict[bytes, bytes] = {}
        self.desk: dict[bytes, bytes] = {}
        self.outcomes: list[Stored] = []
        self.first = 0
        self.broken = False
        self.decide: Callable[[Record], None] = lambda _: None
        self.silent = False
        self.asked = asyncio.Event()
        self.gate = asyncio.Event()
        self.gate.set()
        self._news = asyncio.Event()

    async def append(self, records: Sequence[Record]) -> None:
        self.asked.set()
        await self.gate.wait()
        if self.broken:
            raise Unavailable("no room for +79991234567")
        self.appended += records
        for record in records:
            self.decide(record)

    def _check(self) -> None:
        if self.broken:
            raise Unavailable

    def _rows(self, topic: str) -> dict[bytes, bytes]:
        self._check()
        return {"sla.events": self.leads, "sla.desk": self.desk}[topic]

    async def row(self, topic: str, key: bytes, number: int | None = None) -> bytes | None:
        return self._rows(topic).get(key)

    async def follow(self, topic: str, key: bytes) -> AsyncIterator[bytes | None]:
        known: bytes | None = b""
        while True:
            row = self._rows(topic).get(key)
            if row != known:
                known = row
                yield row
            else:
                self._news.clear()
                await self._news.wait()

    async def rows(self, topic: str) -> Iterable[tuple[bytes, bytes]]:
        return list(self._rows(topic).items())

    async def pick(self, topic: str, keys: Collection[bytes]) -> dict[bytes, bytes]:
        rows = self._rows(topic)
        return {key: rows[key] for key in keys if key in rows}

    @asynccontextmanager
    async def changed(self, topic: str) -> AsyncIterator[MemoryChanged]:
        yield MemoryChanged(self, topic)

    async def since(self, topic: str, at: int) -> Position:
        assert topic == "sla.outcomes"
        return (self.first + sum(record.timestamp < at for record in self.outcomes),)

    async def about(self, topic: str, key: bytes, at: int) -> list[Stored]:
        (start,) = await self.since(topic, at)
        self._check()
        return [record for record in self.outcomes if record.key == key and record.offset >= start]

    async def bounds(self, topic: str) -> tuple[Position, Position]:
        assert topic == "sla.outcomes"
        return (self.first,), (self.first + len(self.outcomes),)

    @asynccontextmanager
    async def tail(self, topic: str, start: Position) -> AsyncIterator[MemoryTail]:
        assert topic == "sla.outcomes"
        self._check()
        yield MemoryTail(self, start)

    async def after(self, position: Position) -> list[Stored]:
        """Waits for them."""
        while True:
            self._check()
            if found := [record for record in self.outcomes if record.offset >= position[0]]:
                return found
            self._news.clear()
            await self._news.wait()

    def publish(self, lead_id: str, value: bytes | None = b'{"type":"sla.met.v1"}', at: int = NOW) -> None:
        self.outcomes.append(Stored(self.first + len(self.outcomes), lead_id.encode(), value, at))
        self._news.set()

    def put(self, lead: Lead) -> None:
        self.leads[lead.lead_id.encode()] = ROWS.encode(lead)
        self._news.set()

    def fold_desk(self, record: Record) -> None:
        """What the desk makes of a record."""
        fold = Fold(self.desk)
        fact = codec.decode_record(record.value)
        assign.Desk().fold(fold, record.key.decode(), fact, NOW, Rules(version=1))
        self._news.set()

    def seat(self, manager_id: str, standing: Standing, *held: str) -> None:
        """What the desk has of a manager, and of the leads that they hold."""
        self.desk[b"m:" + manager_id.encode()] = DESK.encode(standing)
        for lead_id in held:
            self.desk[b"l:" + lead_id.encode()] = DESK.encode(Held(manager_id, 0))


class Fold:
    """Of one record over the rows of the desk."""

    def __init__(self, rows: dict[bytes, bytes]) -> None:
        self._rows = rows

    def get(self, key: str) -> object:
        return DESK.decode(row) if (row := self._rows.get(key.encode())) else None

    def put(self, key: str, row: object) -> None:
        self._rows[key.encode()] = DESK.encode(row)


class MemoryChanged:
    """By comparing all rows."""

    def __init__(self, log: MemoryLog, topic: str) -> None:
        self._log, self._topic = log, topic
        self._known = dict(log._rows(topic))

    async def news(self) -> None:
        while self._log.silent or self._log._rows(self._topic) == self._known:
            self._log._news.clear()
            await self._log._news.wait()

    async def take(self) -> set[bytes]:
        if self._log.silent:
            return set()
        before, self._known = self._known, dict(self._log._rows(self._topic))
        return {key for key, _ in before.items() ^ self._known.items()}


class MemoryTail:
    def __init__(self, log: MemoryLog, start: Position) -> None:
        self.position = start
        self._log = log

    async def take(self) -> list[Taken]:
        taken = [Taken((record.offset + 1,), record) for record in (await self._log.after(self.position))[:100]]
        self.position = taken[-1].position
        return taken


class Site:
    """parts: of its `Access`, such as keys. changes: other parts of the `Web`."""

    def __init__(self, *, limits: Limits | None = None, secrets: Secrets | None = None, **parts) -> None:
        self.log = MemoryLog()
        self.clock = ManualClock(NOW)
        self.reasons: list[str] = []
        self.rules = Rules(version=1, managers={"anna": Manager("anna", "Anna")})
        self.metrics = Metrics("0", self.rules)
        self.claims = ClaimLinks(self.clock, "https://sla.example", [SECRET])
        self.web = Web(
            inbox=self.log,
            reader=self.log,
            clock=self.clock,
            rules=lambda: self.rules,
            unready=lambda: self.reasons,
            metrics=self.metrics,
            claims=self.claims,
            access=Access(**{"sessions": Sessions(self.clock, [SECRET]), "public_url": "https://sla.example"} | parts),
            limits=limits or Limits(),
            secrets=secrets or Secrets(),
        )
        self.server = Server(self.web, "127.0.0.1", 0)
        self._writers: list[asyncio.StreamWriter] = []

    async def __aenter__(self) -> Self:
        await self.server.start()
        self.http = aiohttp.ClientSession(f"http://127.0.0.1:{self.server.port}")
        return self

    async def __aexit__(self, *_) -> None:
        await self.http.close()
        for writer in self._writers:
            writer.close()
            with suppress(ConnectionError):
                await writer.wait_closed()
        await self.server.stop()

    async def raw(self, data: bytes = b"") -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
        reader, writer = await asyncio.open_connection("127.0.0.1", self.server.port)
        self._writers.append(writer)
        writer.write(data)
        return reader, writer

    @property
    def connections(self) -> int:
        return len(self.server._runner.server.connections)

    async def connected(self, wanted: bool) -> None:
        """Return when anybody, or nobody, is connected."""
        async with asyncio.timeout(10):
            while bool(self.connections) is not wanted:  # noqa: ASYNC110 - the server tells nobody
                await asyncio.sleep(0.01)

    async def counted(self, text: str) -> bool:
        async with self.http.get("/metrics") as answer:
            return text in await answer.text()


def event(kind="lead.created.v1", /, **changes):
    made = copy.deepcopy(EXAMPLES[kind])
    made["data"].update(changes.pop("data", {}))
    return made | changes

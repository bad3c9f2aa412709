"""A busy hour of a small office, in a minute, that a real Prometheus watches: what the dashboards have to show."""

from __future__ import annotations

import asyncio
import subprocess
import sys
from collections.abc import Coroutine, Iterator
from contextlib import AsyncExitStack, closing, contextmanager, suppress
from itertools import count
from pathlib import Path
from random import Random
from typing import Any

from aiohttp import ClientSession

from sla_monitor.clock import WallClock
from sla_monitor.core.rules import MINUTE
from sla_monitor.demo.feed import Feed, Outcome
from sla_monitor.keys import new_key
from tests.e2e.observatory import Observatory, Pager
from tests.e2e.process import Monitor

POLICY = """
version: 1
calendars:
  office: {timezone: UTC, hours: {mon-sun: ["00:00-24:00"]}}
managers:
  anna: {name: Anna, shift: office}
  vera: {name: Vera}
  gleb: {name: Gleb}
  olga: {name: Olga}
  pavel: {name: Pavel, notify: ["json://127.0.0.1:9/"]}
  boris: {name: Boris}
teams:
  sales: {head: boris, managers: [anna, vera, gleb, olga, pavel]}
policies:
  - {name: vip, match: {channel: [vip]}, target: 5m, objective: 0.98, team: sales, calendar: office}
  - {name: default, team: sales, target: 10m, max_turns: 2, warn_at: [60%]}
limits: {match_window: 5m}
"""

REACTS = {"anna": (1, 4), "vera": (2, 8), "olga": (3, 13), "gleb": (7, 20), "pavel": (30, 45), "boris": (5, 15)}
"""Minutes until they answer a lead of theirs, at best and at worst."""

PACE = {"site": 0.7, "ads": 1.3, "partner": 2.9}
"""Minutes between two leads of a source, which has a key of that name."""

DESK = "desk"
"""The key by which managers answer."""


def keys() -> tuple[dict[str, str], str]:
    """Tokens by the name of their key, and the key file."""
    made = {name: new_key(name, ("read", "write")) for name in (*PACE, DESK)}
    return {name: token for name, (token, _) in made.items()}, "".join(entry for _, (_, entry) in made.items())


class Office:
    """What the world does at a monitor. clock: the monitor's. tokens: by the names of the keys."""

    def __init__(self, url: str, clock: WallClock, tokens: dict[str, str]) -> None:
        self._url, self._clock, self._tokens = url, clock, tokens
        self._chance = Random(7)
        self._numbers: Iterator[int] = count(1)
        self._feeds: dict[str, Feed] = {}
        self._doing = asyncio.TaskGroup()

    async def live(self, seconds: float) -> None:
        """Return after some seconds of real time, with leads still open. Raises what goes wrong."""
        async with AsyncExitStack() as stack:
            for name, token in self._tokens.items():
                headers = {"Authorization": f"Bearer {token}"}
                session = await stack.enter_async_context(ClientSession(headers=headers))
                self._feeds[name] = Feed(session, self._url, self._clock)
            with suppress(TimeoutError):
                async with asyncio.timeout(seconds), asyncio.TaskGroup() as self._doing:
                    self._begin(self._follow(), *map(self._send_leads, PACE), self._go_astray())

    def _begin(self, *things: Coroutine[Any, Any, None]) -> None:
        for thing in things:
            self._doing.create_task(thing)

    async def _send_leads(self, source: str) -> None:
        while True:
            await self._pause(PACE[source] * self._chance.uniform(0.5, 1.5))
            number = next(self._numbers)
            channel = "vip" if number % 7 == 0 else source
            await self._send(source, "lead.created", lead_id=f"L{number}", channel=channel, phones=[_phone(number)])

    async def _go_astray(self) -> None:
        """A missed call makes a lead; a message about a lead that nobody knows becomes a dead letter."""
        while True:
            await self._send(DESK, "contact.recorded", lead_id="unknown", kind="message", manager_id="anna")
            call = {"call_id": f"in{next(self._numbers)}", "customer_number": _phone(next(self._numbers))}
            ended = {"direction": "inbound", "outcome": "no_answer", "talk_seconds": 0, "ring_seconds": 30}
            await self._send(DESK, "call.ended", **call, **ended)
            await self._pause(9)

    async def _follow(self) -> None:
        async for outcome in self._feeds[DESK].outcomes():
            self._hear(outcome["type"].removesuffix(".v1"), outcome)

    def _hear(self, kind: str, outcome: Outcome) -> None:
        data = outcome["data"]
        if kind in ("lead.assigned", "lead.reassigned", "lead.escalated"):
            self._begin(self._answer(data["lead_id"], data["to"]))
        elif kind == "sla.breached" and "holder_id" in data and self._chance.random() < 0.15:
            self._begin(self._prove_late(data["lead_id"], data["holder_id"]))

    async def _answer(self, lead_id: str, manager: str) -> None:
        await self._pause(self._chance.uniform(*REACTS[manager]))
        kind = self._chance.choices(("talk", "message", "junk"), (5, 3, 1))[0]
        if kind == "message":
            await self._send(DESK, "contact.recorded", lead_id=lead_id, kind="message", manager_id=manager)
        elif kind == "talk":
            await self._call(lead_id, manager, outcome="answered", ring_seconds=10, talk_seconds=60)
        if kind == "junk" or self._chance.random() < 0.5:
            await self._send(DESK, "lead.closed", lead_id=lead_id, reason="junk" if kind == "junk" else "converted")

    async def _prove_late(self, lead_id: str, manager: str) -> None:
        """A call that was made in time, told of only now."""
        ended = self._clock.now() - 2 * MINUTE
        await self._call(lead_id, manager, at=ended, outcome="no_answer", ring_seconds=30, talk_seconds=0)

    async def _call(self, lead_id: str, manager: str, **said: Any) -> None:
        call = {"call_id": f"c{next(self._numbers)}", "lead_id": lead_id, "manager_id": manager}
        await self._send(DESK, "call.ended", direction="outbound", **call, **said)

    async def _pause(self, minutes: float) -> None:
        await self._feeds[DESK].pause(minutes)

    async def _send(self, key: str, kind: str, /, **data: Any) -> None:
        await self._feeds[key].send(f"/{key}", kind, **data)


def _phone(number: int) -> str:
    return f"+3725{number:06d}"


@contextmanager
def watched(directory: Path, seconds: float) -> Iterator[Observatory]:
    """What has seen the office for some seconds."""
    tokens, entries = keys()
    (directory / "keys.yaml").write_text(entries)
    environment = {"SLA_KEYS": str(directory / "keys.yaml"), "SLA_HEARTBEAT": "3s"}
    with (
        Monitor(directory, POLICY, **environment) as monitor,
        audited(monitor) as audit,
        closing(Pager()) as pager,
        Observatory(directory / "ops", pager) as ops,
    ):
        ops.watch(worker=[monitor.url], audit=[audit])
        asyncio.run(Office(monitor.url, monitor.clock, tokens).live(seconds))
        ops.wait(lambda: not ops.query("up == 0"))  # a scrape that failed takes its series away
        yield ops


@contextmanager
def audited(monitor: Monitor) -> Iterator[str]:
    """The URL of what looks at the logs of a monitor again and again."""
    command = [sys.executable, "-m", "sla_monitor", "audit", "--every", "5s", "--listen", "127.0.0.1:0"]
    with subprocess.Popen(command, env=monitor.env, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout
        try:
            yield next(line.split()[-1] for line in process.stdout if " on http://" in line)
        finally:
            process.terminate()

"""A day is lived through by the real program, with kill -9, then looked at while its clock stands still."""

from __future__ import annotations

import asyncio
import json
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from random import Random
from typing import Any, NamedTuple, Self
from urllib.error import URLError
from urllib.request import urlopen
from zoneinfo import ZoneInfo

import msgspec

from tests.crosscheck import surfaces
from tests.crosscheck.day import AUTUMN, POLICY, Day, make_day
from tests.crosscheck.led import FILE, LedClock
from tests.crosscheck.promises import MINUTE, Promise
from tests.e2e.kafka_clients import read_all
from tests.e2e.kafka_installation import Installation
from tests.e2e.process import Monitor

SLACK = 5 * MINUTE
"""About a due so near to the end nothing is said: the decision may be under way."""

DOWN = 12 * MINUTE
"""How long nobody runs after a kill, at most."""

PATIENCE = 120.0
"""Real seconds in which a process is ready that was started."""

LED = "tests.crosscheck.led"
SPEED = 1.01
"""Of commands beside it, to which the instant does not matter."""


@dataclass(frozen=True, slots=True)
class Run:
    """hours: of the domain, in which leads come; another one follows. kills: spread over them."""

    seed: int
    leads: int
    hours: float
    kills: int
    begins: int = AUTUMN

    @property
    def ends(self) -> int:
        return self.begins + int((self.hours + 1) * 60 * MINUTE)


def yesterday() -> int:
    """The last evening but the present one: a broker keeps what is new, and takes nothing of tomorrow."""
    evening = datetime.now(UTC).replace(hour=20, minute=0, second=0, microsecond=0)
    return int((evening - timedelta(days=1)).timestamp() * 1000)


class Led:
    """`up` by a clock that is led. quiet: real seconds without another outcome after which all due is decided."""

    quiet = 3.0

    def __init__(self, directory: Path, begins: int) -> None:
        file = directory / "clock"
        self.clock = LedClock(file, begins - MINUTE)
        self._up = Monitor(directory, POLICY, speed=SPEED, **{FILE: str(file)})
        self._up.module = LED
        self.env = self._up.env

    def __enter__(self) -> Self:
        self._up.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._up.kill()

    def kill(self) -> None:
        self._up.kill()

    def start(self) -> None:
        self._up.start()

    def post(self, event: dict[str, Any]) -> int:
        return self._up.post_all([event])

    def get(self, path: str, **headers: str) -> Any:
        return _get(self._up, path, **headers)

    def stream(self, path: str) -> Any:
        return self._up._open(path, timeout=20)

    def metrics(self) -> str:
        return str(self._up.get("/metrics"))

    def ledger(self) -> dict[str, int]:
        row = self._up.rows("events").get(b"\0ledger")
        return dict(msgspec.msgpack.decode(row.partition(b"Ledger ")[2])["counts"]) if row else {}

    def outcomes(self) -> list[surfaces.Outcome]:
        return [json.loads(value) for _, value in self._up.records("outcomes")]


class LedOnKafka:
    """A worker and a web process by a clock that is led; the worker is killed."""

    quiet = 10.0

    def __init__(self, directory: Path, begins: int, servers: str) -> None:
        file = directory / "clock"
        self.clock = LedClock(file, begins - MINUTE)
        self._all = Installation(directory, servers, SPEED, partitions=2, policy=POLICY)
        self._all.module = LED
        self.env = self._all.env
        self.env[FILE] = str(file)

    def __enter__(self) -> Self:
        done = self._all.command("topics", "apply")
        assert done.returncode == 0, done.stderr
        self.start()
        self._web = self._all.start_web()
        _ready(self._web.url)
        return self

    def __exit__(self, *_: object) -> None:
        self._all.end_all()

    def kill(self) -> None:
        self._all.end(self._worker)

    def start(self) -> None:
        """Return when it has its partitions: the group waits for a member that was killed, and the clock for both."""
        self._worker = self._all.start_worker()
        _ready(self._all.url)

    def post(self, event: dict[str, Any]) -> int:
        return self._web.post_all([event])

    def get(self, path: str, **headers: str) -> Any:
        return _get(self._web, path, **headers)

    def stream(self, path: str) -> Any:
        return self._web._open(path, timeout=20)

    def metrics(self) -> str:
        with urlopen(f"{self._all.url}/metrics", timeout=20) as answer:
            return str(answer.read().decode())

    def ledger(self) -> None:
        """It lies in a topic, and a metric shows it."""

    def outcomes(self) -> list[surfaces.Outcome]:
        read = asyncio.run(read_all(self._all.servers, self._all.prefix + "outcomes"))
        return [json.loads(value) for _, value in read if value]


Program = Led | LedOnKafka


def _ready(url: str) -> None:
    deadline = time.monotonic() + PATIENCE
    while time.monotonic() < deadline:
        with suppress(OSError), urlopen(f"{url}/readyz", timeout=20):
            return
        time.sleep(0.1)
    raise AssertionError(f"{url} is not ready")


def _get(monitor: Monitor, path: str, **headers: str) -> Any:
    with monitor._open(path, timeout=20, **headers) as answer:
        body = answer.read().decode()
    return json.loads(body) if answer.headers["Content-Type"].startswith("application/json") else body


class Lived(NamedTuple):
    """A day that is over, beside a program that runs, and whose clock stands still.

    before: the ids of the outcomes that there were when the last process began.
    """

    program: Program
    run: Run
    day: Day
    outcomes: list[surfaces.Outcome]
    before: frozenset[str]

    @property
    def reckonable(self) -> list[Promise]:
        """Those of whom nothing was to be sent after the end."""
        unsent = [event["data"] for at, event in self.day.sent if at > self.run.ends]
        leads, numbers = ({data.get(name) for data in unsent} - {None} for name in ("lead_id", "customer_number"))
        called = [data for _, event in self.day.sent if numbers & set((data := event["data"]).get("phones", ()))]
        leads |= {data.get("lead_id") for data in called}
        return [promise for promise in self.day.promises if promise.lead_id not in leads]


@contextmanager
def lived(run: Run, program: Program) -> Iterator[Lived]:
    day = make_day(run.seed, run.leads, run.hours, run.begins)
    with program:
        before = _live(program, day, run)
        yield Lived(program, run, day, settled(program), before)


def settled(program: Program) -> list[surfaces.Outcome]:
    """The outcomes, once no more of them come."""
    found: list[surfaces.Outcome] = []
    moved = time.monotonic()
    while time.monotonic() - moved < program.quiet:
        if len(now := program.outcomes()) > len(found):
            found, moved = now, time.monotonic()
        time.sleep(0.2)
    return found


def faults(it: Lived) -> Iterator[str]:
    """Every difference between what the program says and what is reckoned."""
    program, outcomes = it.program, it.outcomes
    yield from surfaces.counter_faults(program, [one for one in outcomes if one["id"] not in it.before])
    yield from surfaces.ledger_faults(program, outcomes)
    yield from surfaces.board_faults(program, outcomes)
    yield from surfaces.promise_faults(it.reckonable, outcomes, program.clock.now(), SLACK)
    for zone in ("Europe/Berlin", "Asia/Kolkata"):
        yield from surfaces.report_faults(program, outcomes, zone, *days(it.run, zone))
    yield from surfaces.command_faults(program, outcomes, "Europe/Berlin", *days(it.run, "Europe/Berlin"))


def days(run: Run, zone: str) -> tuple[str, str]:
    """The first and the last, as a zone has them."""
    return tuple(datetime.fromtimestamp(at / 1000, ZoneInfo(zone)).date().isoformat() for at in (run.begins, run.ends))


def _live(program: Program, day: Day, run: Run) -> frozenset[str]:
    """Send the day; the ids of the outcomes that there were when the last process began."""
    rng, before = Random(run.seed), frozenset[str]()
    kills = sorted(run.begins + int(rng.uniform(0.2, 0.9) * (run.ends - run.begins)) for _ in range(run.kills))
    for at, event in day.sent:
        if at > run.ends:
            break
        if kills and at > kills[0]:
            program.kill()
            program.clock.lead(min(kills.pop(0) + rng.randrange(DOWN), at))
            before = frozenset(one["id"] for one in program.outcomes())
            program.start()
        program.clock.lead(at)
        _post_surely(program, event)
    program.clock.lead(run.ends)
    return before


def _post_surely(program: Program, event: dict[str, Any]) -> None:
    for _ in range(200):
        try:
            status = program.post(event)
        except (URLError, OSError):
            status = 503
        if status != 503:
            break
        time.sleep(0.05)
    assert status == 202, (status, event)

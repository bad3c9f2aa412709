"""The real program in a process of its own, driven over HTTP: what the timetables of this folder use."""

from __future__ import annotations

import json
import os
import re
import signal
import sqlite3
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Iterable, Iterator
from contextlib import closing, contextmanager
from email.message import Message
from itertools import count
from pathlib import Path
from typing import Any, Self
from urllib.parse import quote

from sla_monitor.clock import WallClock
from sla_monitor.codec import rfc3339

SPEED = 60
"""Ten minutes of the product's promise are ten seconds of a test."""

POLICY = """
version: 1
managers:
  anna: {name: Anna}
  vera: {name: Vera}
  boris: {name: Boris}
teams:
  sales: {head: boris, managers: [anna, vera]}
policies:
  - {name: default, team: sales, target: 10m}
"""

FAST = 120
"""Ten minutes are five seconds, where nobody has to be quick."""

OFFICE = """
version: 1
managers:
  anna: {name: Anna}
  vera: {name: Vera}
  gleb: {name: Gleb}
  boris: {name: Boris}
  olga: {name: Olga}
  pavel: {name: Pavel}
  rita: {name: Rita, notify: ["json://127.0.0.1:9/"]}
  lev: {name: Lev}
  zoe: {name: Zoe, notify: ["xml://127.0.0.1:9/"]}
teams:
  sales: {head: boris, managers: [anna, vera, gleb]}
  pair: {head: boris, managers: [olga, pavel]}
  deaf: {head: boris, managers: [rita, lev]}
  trial: {head: boris, managers: [zoe]}
policies:
  - {name: marker, match: {channel: [marker]}, target: 1m, on_breach: notify, unowned: wait}
  - {name: talk, match: {channel: [talk]}, response: contact, on_breach: notify}
  - {name: hot, match: {channel: [hot]}, target: 2m, max_turns: 1}
  - {name: default, team: sales, target: 10m}
limits: {max_hold: {ringing: 1h, talking: 2h}, max_catch_up: 30m}
"""
"""Generous limits where the clock's speed would make a slow machine part of the story."""

PATIENCE = 60.0
"""Real seconds after which what a test waits for is taken to be missing."""

ALLOWANCE = 2_000
"""The built-in `allowance`, ms."""

BATCH = "application/cloudevents-batch+json"

_ids = count(1)


def event(kind: str, at: int, /, event_id: str | None = None, source: str = "/crm", **data: Any) -> dict[str, Any]:
    """A CloudEvent that happened at an instant of the domain, ms."""
    return {
        "specversion": "1.0",
        "id": event_id or f"e{next(_ids)}",
        "source": source,
        "type": kind,
        "time": rfc3339(at),
        "data": data,
    }


class Monitor:
    """`sla-monitor up` on a data directory; may be killed and started again. token: the key of who asks, if any."""

    token = ""
    module = "sla_monitor"

    def __init__(
        self, directory: Path, policy: str = POLICY, *, speed: float = SPEED, command: str = "up", **env: str
    ) -> None:
        self.directory = directory
        self.command = command
        self.env = {
            **{name: value for name, value in os.environ.items() if not name.startswith("SLA_")},
            "SLA_DATA_DIR": str(directory / "data"),
            "SLA_LISTEN": "127.0.0.1:0",
            "SLA_POLICY": str(directory / "policy.yaml"),
            "SLA_CLOCK_SPEED": str(speed),
            "PYTHONUNBUFFERED": "1",
            **env,
        }
        self.speed = speed
        (directory / "policy.yaml").write_text(policy)
        self.process: subprocess.Popen[str] | None = None
        self.url = ""
        self.log = directory / f"{command}.log"

    def start(self) -> Monitor:
        """Start, and return when it serves."""
        with self.log.open("a") as log:
            self.process = subprocess.Popen(
                [sys.executable, "-m", self.module, self.command],
                env=self.env,
                stdout=subprocess.PIPE,
                stderr=log,
                text=True,
            )
        assert self.process.stdout is not None
        seen = []
        for line in self.process.stdout:
            seen.append(line)
            found = re.search(r"http://[\d.]+:\d+", line)
            if found:
                self.url = found.group()
                return self
        raise AssertionError("".join(seen) + self.log.read_text())

    def kill(self) -> None:
        """kill -9."""
        assert self.process is not None
        self.process.send_signal(signal.SIGKILL)
        self.process.wait()
        assert self.process.stdout is not None
        self.process.stdout.close()

    def stop(self) -> int:
        """SIGTERM; the exit code."""
        assert self.process is not None
        self.process.send_signal(signal.SIGTERM)
        code = self.process.wait(20)
        assert self.process.stdout is not None
        self.process.stdout.close()
        return code

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(self, *_: object) -> None:
        if self.process is not None and self.process.poll() is None:
            self.kill()

    # time

    @property
    def clock(self) -> WallClock:
        """The domain's clock of this data directory."""
        origin = self.directory / "data" / "clock-origin"
        return WallClock(self.speed, float(origin.read_text()) if origin.exists() else time.time())

    def until(self, at: int) -> None:
        """Return at an instant of the domain, ms."""
        left = (at - self.clock.now()) / self.speed / 1000
        if left > 0:
            time.sleep(left)

    # in and out

    def post(self, kind: str, at: int, /, event_id: str | None = None, source: str = "/crm", **data: Any) -> int:
        """Send one event that happened at an instant of the domain; the HTTP status."""
        return self.send(json.dumps(event(kind, at, event_id, source, **data)).encode())

    def post_all(self, events: Iterable[dict[str, Any]]) -> int:
        """Send a batch; the HTTP status."""
        return self.send(json.dumps(list(events)).encode(), "/v1/events:batch", BATCH)

    def send(self, body: bytes, path: str = "/v1/events", kind: str = "application/cloudevents+json") -> int:
        return self.answer(body, path, kind)[0]

    def answer(
        self, body: bytes, path: str = "/v1/events", kind: str = "application/cloudevents+json"
    ) -> tuple[int, Message]:
        """Send, and return the status with the headers of the answer."""
        try:
            with self._open(path, body, timeout=20, **{"Content-Type": kind}) as answer:
                return int(answer.status), answer.headers
        except urllib.error.HTTPError as error:
            with error:
                return error.code, error.headers

    def get(self, path: str) -> Any:
        with self._open(path, timeout=20) as answer:
            body = answer.read().decode()
        return json.loads(body) if answer.headers["Content-Type"].startswith("application/json") else body

    def _open(self, path: str, body: bytes | None = None, *, timeout: float, **headers: str) -> Any:
        known = {"Authorization": f"Bearer {self.token}"} if self.token else {}
        return urllib.request.urlopen(urllib.request.Request(self.url + path, body, headers | known), timeout=timeout)

    def lead(self, lead_id: str) -> dict[str, Any]:
        return dict(self.get(f"/v1/leads/{lead_id}"))

    def metric(self, name: str, **labels: str) -> float:
        """The sum of the series of a metric that have these labels."""
        wanted = [f'{label}="{value}"' for label, value in labels.items()]
        series = (line.rpartition(" ") for line in self.get("/metrics").splitlines() if re.match(rf"{name}[{{ ]", line))
        return sum(float(value) for shown, _, value in series if all(label in shown for label in wanted))

    @contextmanager
    def outcomes(self, lead_id: str | None = None) -> Iterator[Iterator[dict[str, Any]]]:
        """Every outcome from the first on, as they are published; raises when it has waited too long for the next."""
        query = "?from=start" + (f"&lead_id={quote(lead_id)}" if lead_id else "")
        with self._open(f"/v1/outcomes{query}", timeout=PATIENCE) as stream:
            yield (json.loads(line[5:]) for line in _in_time(stream) if line.startswith(b"data:"))

    def wait_for(self, kind: str, lead_id: str | None = None, times: int = 1, **data: Any) -> list[dict[str, Any]]:
        """The outcomes up to the first (or n-th) of a kind that says `data`; waits for it."""
        seen, began = [], time.monotonic()
        with self.outcomes(lead_id) as stream:
            for outcome in stream:
                seen.append(outcome)
                times -= outcome["type"] == kind + ".v1" and data.items() <= outcome["data"].items()
                if not times:
                    return seen
        waited, logged = time.monotonic() - began, "".join(self.log.read_text().splitlines(keepends=True)[-20:])
        raise AssertionError(f"{kind} {data or ''} is missing after {waited:.0f} s: {types(seen)}\n{logged}")

    def past(self, at: int) -> None:
        """Return when every timer that was due by an instant of the domain has been decided.

        A lead that starts after it and is told of in the same way is decided after them.
        """
        self.until(at + 2 * ALLOWANCE)
        marker = f"marker-{next(_ids)}"
        number = f"+3725{next(_ids):06d}"
        assert self.post("lead.created.v1", self.clock.now(), lead_id=marker, channel="marker", phones=[number]) == 202
        self.wait_for("sla.breached", marker)

    def audit(self) -> list[str]:
        """What `sla-monitor audit` finds, beside the process that runs or is down."""
        command = [sys.executable, "-m", "sla_monitor", "audit", "--json", "--grace", "2s"]
        done = subprocess.run(command, env=self.env, capture_output=True, text=True, check=False, timeout=PATIENCE)
        return findings(done)

    def rows(self, log: str) -> dict[bytes, bytes]:
        """The committed rows of a log, as they lie in the file."""
        return dict(self._read("SELECT key, value FROM rows JOIN partitions p ON p.id=partition AND p.topic=?", log))

    def records(self, log: str) -> list[tuple[bytes, bytes]]:
        """The records of a log, keys and values, as they lie in the file."""
        return self._read("SELECT key, value FROM records r JOIN partitions p ON p.id=r.id>>40 AND p.topic=?", log)

    def _read(self, query: str, log: str) -> list[tuple[bytes, bytes]]:
        with closing(sqlite3.connect(self.directory / "data" / "sla.db", timeout=20)) as file:
            return file.execute(query, (f"sla.{log}",)).fetchall()

    def notices(self) -> list[dict[str, Any]]:
        """What log:// was told."""
        path = self.directory / "data" / "notifications.log"
        return [json.loads(line) for line in path.read_text().splitlines()] if path.exists() else []


def _in_time(stream: Iterable[bytes]) -> Iterator[bytes]:
    """The lines of a stream, for as long as one is patient; heartbeats keep it alive when nothing happens."""
    deadline = time.monotonic() + PATIENCE
    for line in stream:
        yield line
        if time.monotonic() > deadline:
            return


def findings(audit: subprocess.CompletedProcess[str]) -> list[str]:
    """What an audit found, a line each."""
    assert audit.returncode in (0, 1), audit.stderr
    return [f"{found['finding']} {found['lead_id']}: {found['what']}" for found in json.loads(audit.stdout)["findings"]]


def types(outcomes: list[dict[str, Any]]) -> list[str]:
    return [outcome["type"].removesuffix(".v1") for outcome in outcomes]

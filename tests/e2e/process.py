"""The real program in a process of its own, driven over HTTP: what the timetables of this folder use."""

from __future__ import annotations

import json
import os
import re
import signal
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from itertools import count
from pathlib import Path
from typing import Any, Self

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

_ids = count(1)


class Monitor:
    """`sla-monitor up` on a data directory; may be killed and started again."""

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
                [sys.executable, "-m", "sla_monitor", self.command],
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
        event = {
            "specversion": "1.0",
            "id": event_id or f"e{next(_ids)}",
            "source": source,
            "type": kind,
            "time": rfc3339(at),
            "data": data,
        }
        return self.send(json.dumps(event).encode())

    def send(self, body: bytes, path: str = "/v1/events", kind: str = "application/cloudevents+json") -> int:
        request = urllib.request.Request(self.url + path, body, {"Content-Type": kind})
        try:
            with urllib.request.urlopen(request, timeout=20) as answer:
                return int(answer.status)
        except urllib.error.HTTPError as error:
            return error.code

    def get(self, path: str) -> Any:
        with urllib.request.urlopen(self.url + path, timeout=20) as answer:
            body = answer.read().decode()
        return json.loads(body) if answer.headers["Content-Type"].startswith("application/json") else body

    def lead(self, lead_id: str) -> dict[str, Any]:
        return dict(self.get(f"/v1/leads/{lead_id}"))

    @contextmanager
    def outcomes(self, lead_id: str | None = None) -> Iterator[Iterator[dict[str, Any]]]:
        """Every outcome from the first on, as they are published."""
        query = "?from=start" + (f"&lead_id={lead_id}" if lead_id else "")
        with urllib.request.urlopen(f"{self.url}/v1/outcomes{query}", timeout=60) as stream:
            yield (json.loads(line[5:]) for line in stream if line.startswith(b"data:"))

    def wait_for(self, kind: str, lead_id: str | None = None, times: int = 1) -> list[dict[str, Any]]:
        """The outcomes up to the first (or n-th) of a kind; waits for it."""
        seen = []
        with self.outcomes(lead_id) as stream:
            for outcome in stream:
                seen.append(outcome)
                times -= outcome["type"] == kind + ".v1"
                if not times:
                    return seen
        raise AssertionError(f"the stream ended before {kind}: {[o['type'] for o in seen]}")

    def notices(self) -> list[dict[str, Any]]:
        """What log:// was told."""
        path = self.directory / "data" / "notifications.log"
        return [json.loads(line) for line in path.read_text().splitlines()] if path.exists() else []


def types(outcomes: list[dict[str, Any]]) -> list[str]:
    return [outcome["type"].removesuffix(".v1") for outcome in outcomes]

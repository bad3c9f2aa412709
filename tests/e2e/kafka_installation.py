"""An installation on a real Kafka: topics, workers in processes of their own, and who sends and reads."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
import uuid
from collections.abc import AsyncIterator, Iterable
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import aiokafka

from sla_monitor.clock import WallClock
from tests.e2e.process import PATIENCE, POLICY, SPEED, Monitor, findings

ANNOUNCED = "probes and metrics on "

PATIENT = POLICY + "limits: {max_catch_up: 30m}\n"
"""Ten real seconds in which nobody has a dead worker's intake are ten minutes of a clock that runs 60 times as fast: by
the built-in minute, leads would rightly be decided without what waits there, and be taken back."""


class Installation:
    """Topics with a prefix of their own. speed: of the domain's clock, which all processes share."""

    module = "sla_monitor"

    def __init__(
        self, directory: Path, servers: str, speed: float = SPEED, partitions: int = 3, policy: str = PATIENT
    ) -> None:
        self.servers, self.speed = servers, speed
        self.prefix = f"t{uuid.uuid4().hex[:8]}."
        self.log = directory / "workers.log"
        self._directory, self._policy = directory, policy
        (directory / "policy.yaml").write_text(policy)
        self.env = {name: value for name, value in os.environ.items() if not name.startswith("SLA_")} | {
            "SLA_BROKER": f"kafka://{servers}",
            "SLA_TOPIC_PREFIX": self.prefix,
            "SLA_KAFKA_PARTITIONS": str(partitions),
            "SLA_DATA_DIR": str(directory / "data"),
            "SLA_LISTEN": "127.0.0.1:0",
            "SLA_POLICY": str(directory / "policy.yaml"),
            "SLA_CLOCK_SPEED": str(speed),
            "PYTHONUNBUFFERED": "1",
        }
        self.workers: list[subprocess.Popen[str]] = []
        self.webs: list[Monitor] = []
        self.url = ""
        """Where the probes and metrics of the newest worker are."""

    def command(self, *args: str) -> subprocess.CompletedProcess[str]:
        """Run a command to its end."""
        command = [sys.executable, "-m", "sla_monitor", *args]
        return subprocess.run(command, env=self.env, capture_output=True, text=True, check=False, timeout=60)

    def audit(self, *options: str) -> list[str]:
        """What `sla-monitor audit` finds, beside workers that run or are down."""
        return findings(self.command("audit", "--json", "--grace", "5s", *options))

    def start_worker(self) -> subprocess.Popen[str]:
        """Start one, and return when it has joined the group."""
        with self.log.open("a") as log:
            command = [sys.executable, "-m", self.module, "worker"]
            worker = subprocess.Popen(command, env=self.env, stdout=subprocess.PIPE, stderr=log, text=True)
        assert worker.stdout is not None
        said = worker.stdout.readline()
        assert ANNOUNCED in said, said + self.log.read_text()
        self.url = said.partition(ANNOUNCED)[2].strip()
        self.workers.append(worker)
        return worker

    def start_web(self) -> Monitor:
        """Start one, and return when it serves; it may still be reading rows."""
        ours = {name: value for name, value in self.env.items() if name.startswith("SLA_")}
        web = Monitor(self._directory, self._policy, speed=self.speed, command="web", **ours)
        web.module = self.module
        self.webs.append(web)
        return web.start()

    def end(self, worker: subprocess.Popen[str], how: signal.Signals = signal.SIGKILL) -> int:
        """End a worker; its exit code."""
        worker.send_signal(how)
        code = worker.wait(30)
        assert worker.stdout is not None
        worker.stdout.close()
        self.workers.remove(worker)
        return code

    def end_all(self) -> None:
        for worker in list(self.workers):
            self.end(worker)
        for web in self.webs:
            web.kill()

    @property
    def clock(self) -> WallClock:
        return WallClock(self.speed, float((self._directory / "data" / "clock-origin").read_text()))

    async def send(self, topic: str, events: Iterable[dict[str, Any]]) -> None:
        """Write events to a public topic, as a foreign producer does."""
        async with aiokafka.AIOKafkaProducer(bootstrap_servers=self.servers, acks="all") as producer:
            for event in events:
                await producer.send(self.prefix + topic, json.dumps(event).encode())

    @asynccontextmanager
    async def outcomes(self) -> AsyncIterator[AsyncIterator[dict[str, Any]]]:
        """Every outcome from the first on, as a reader of committed records sees them; raises when nothing comes."""
        consumer = aiokafka.AIOKafkaConsumer(
            self.prefix + "outcomes",
            bootstrap_servers=self.servers,
            isolation_level="read_committed",
            auto_offset_reset="earliest",
        )
        async with consumer:
            yield self._read(consumer)

    async def _read(self, consumer: aiokafka.AIOKafkaConsumer) -> AsyncIterator[dict[str, Any]]:
        deadline = time.monotonic() + PATIENCE
        while time.monotonic() < deadline:
            for records in (await consumer.getmany(timeout_ms=500)).values():
                for record in records:
                    yield json.loads(record.value)
        raise AssertionError("an outcome is missing\n" + self.log.read_text()[-4000:])

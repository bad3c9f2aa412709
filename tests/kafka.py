"""A real Kafka for tests: the one that SLA_TEST_KAFKA names, else one started by deploy/kafka/run."""

from __future__ import annotations

import json
import os
import shutil
import signal
import subprocess
import time
from pathlib import Path

import pytest

RUN = Path(__file__).parents[1] / "deploy" / "kafka" / "run"
NOW = int(time.time() * 1000)
"""A timestamp of records, ms: what is older than a retention a broker may delete at any time."""


class Cluster:
    """Brokers on this machine. address: known once started, and the same after each restart.

    options: of the first start.
    """

    def __init__(self, data: Path, brokers: int = 1, *options: str) -> None:
        self.data, self._options = data, ("--brokers", str(brokers), *options)
        self.address = ""

    def start(self) -> Cluster:
        """Start every broker that is down; return when all serve."""
        self.address = self._run("start", *self._options).splitlines()[-1]
        return self

    def security(self, name: str = "") -> Path:
        """A file of a cluster that lets nobody in unknown."""
        return self.data / "security" / name

    def environment(self, client: str) -> dict[str, str]:
        """The settings that make a client of ours this one."""
        lines = self.security(f"{client}.env").read_text().splitlines()
        return dict(line.split("=", 1) for line in lines)

    def stop(self) -> None:
        self._run("stop")

    def kill(self, broker: int = 1) -> None:
        """kill -9."""
        self._run("kill", str(broker))

    def runs(self) -> bool:
        """Whether all brokers run."""
        return subprocess.run([RUN, "status", "--data", self.data], stdout=2, check=False).returncode == 0

    def pause(self) -> None:
        """All brokers stand still, with their connections open."""
        self._signal(signal.SIGSTOP)

    def resume(self) -> None:
        self._signal(signal.SIGCONT)

    def _signal(self, number: signal.Signals) -> None:
        for broker, *_ in json.loads((self.data / "cluster.json").read_text())["brokers"]:
            os.kill(int((self.data / f"broker{broker}" / "pid").read_text()), number)

    def _run(self, *command: str) -> str:
        done = subprocess.run([RUN, *command, "--data", self.data], capture_output=True, text=True, check=False)
        assert done.returncode == 0, done.stderr
        return done.stdout


def require(*tools: str) -> None:
    """Skip the test, or fail it in CI, where a tool is missing."""
    missing = [tool for tool in tools if shutil.which(tool) is None]
    if missing:
        (pytest.fail if os.environ.get("CI") == "true" else pytest.skip)(f"{' and '.join(missing)} missing")

"""A command of ours that goes on, in a process of its own."""

from __future__ import annotations

import re
import signal
import subprocess
import sys
import urllib.request
from collections.abc import Mapping
from pathlib import Path

from tests.e2e.process import PATIENCE


class Served:
    """url: where it said that it serves. What it logs goes to a file in the directory, one a command."""

    def __init__(self, directory: Path, *args: str, env: Mapping[str, str] | None = None) -> None:
        self._log = directory / f"{args[0]}.log"
        with self._log.open("a") as log:
            command = [sys.executable, "-m", "sla_monitor", *args]
            self._process = subprocess.Popen(command, env=env, stdout=subprocess.PIPE, stderr=log, text=True)
        assert self._process.stdout is not None
        found = re.search(r"http://\S+", self._process.stdout.readline())
        assert found, self.log
        self.url = found.group()

    @property
    def log(self) -> str:
        return self._log.read_text()

    def get(self, path: str) -> str:
        with urllib.request.urlopen(self.url + path, timeout=PATIENCE) as answer:
            return str(answer.read().decode())

    def end(self, how: signal.Signals = signal.SIGTERM) -> int:
        """The exit code."""
        self._process.send_signal(how)
        code = self._process.wait(20)
        assert self._process.stdout is not None
        self._process.stdout.close()
        return code

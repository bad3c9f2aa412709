"""`sla-monitor demo` as a real process: what it says adds up, and it leaves nothing behind."""

from __future__ import annotations

import json
import os
import pty
import re
import signal
import subprocess
import sys
import time
import urllib.request
from collections.abc import Callable
from pathlib import Path

import pytest

AT_ONCE = 3.0
"""Seconds for an end that is asked for; a second on an idle machine."""


class Demo:
    """The process. TMPDIR is the directory, so that what is left there can be seen."""

    def __init__(self, directory: Path, *arguments: str, stdout: int = subprocess.PIPE, **env: str) -> None:
        self.directory = directory
        environ = {name: value for name, value in os.environ.items() if not name.startswith("SLA_")}
        self.process = subprocess.Popen(
            [sys.executable, "-m", "sla_monitor", "demo", *arguments],
            env={**environ, "TMPDIR": str(directory), "PYTHONUNBUFFERED": "1", **env},
            stdin=subprocess.DEVNULL,
            stdout=stdout,
            stderr=subprocess.PIPE,
            text=True,
            start_new_session=True,
        )

    def until(self, wanted: str) -> str:
        """Read lines of standard output up to one that contains this; they are kept."""
        assert self.process.stdout is not None
        read = ""
        for line in self.process.stdout:
            read += line
            if wanted in line:
                return read
        raise AssertionError(read)

    def ended(self) -> tuple[int, str, str]:
        """The exit code, and the rest of what it said on standard output and error."""
        out, err = self.process.communicate(timeout=60)
        return self.process.returncode, out or "", err

    def left_behind(self) -> list[object]:
        """Directories and processes."""
        listed = subprocess.run(
            ["ps", "-o", "pid=", "-g", str(self.process.pid)], capture_output=True, text=True, check=False
        )
        return [*self.directory.iterdir(), *listed.stdout.split()]


def figures(summary: str) -> dict[str, int]:
    """The first number of each line of the summary."""
    lines = summary.partition("The morning in numbers\n")[2].splitlines()
    return {found[1]: int(found[2]) for line in lines if (found := re.match(r" *(\w[\w ]*?) +(\d+)", line))}


def test_it_ends_by_itself_with_a_summary_that_adds_up_and_agrees_with_what_it_said(tmp_path: Path) -> None:
    demo = Demo(tmp_path, "--seconds", "16")
    code, out, err = demo.ended()

    assert (code, err) == (0, "")
    assert "\x1b" not in out
    assert "1 s here = 1 min" in out
    assert re.search(r"board (http://127.0.0.1:\d+)/  metrics \1/metrics\n", out)
    said = figures(out)
    parts = ("answered in time", "breached", "joined another", "closed unanswered", "still open")
    assert said["Leads"] == sum(said[part] for part in parts) >= 5
    assert said["answered in time"] == out.count("answered in time by") >= 1
    assert said["Breaches"] == out.count("breached: no response by") >= 1
    assert said["Reassignments"] == out.count("passed on from") >= 1
    assert said["Escalations"] == out.count("escalated to")
    assert demo.left_behind() == []


def test_json_is_all_that_is_on_standard_output(tmp_path: Path) -> None:
    demo = Demo(tmp_path, "--seconds", "3", "--json")
    code, out, err = demo.ended()

    summary = json.loads(out)
    parts = ("answered_in_time", "breached", "joined", "closed", "open")
    assert code == 0
    assert summary["leads"] == sum(summary[part] for part in parts) > 0
    assert "1 s here = 1 min" in err


@pytest.mark.parametrize("name", [signal.SIGINT, signal.SIGTERM])
def test_it_ends_at_once_when_asked(tmp_path: Path, name: signal.Signals) -> None:
    demo = Demo(tmp_path)
    demo.until(" goes to ")
    asked = time.monotonic()
    demo.process.send_signal(name)
    code, out, err = demo.ended()

    assert (code, err) == (0, "")
    assert time.monotonic() - asked < AT_ONCE
    assert figures(out)["Leads"] >= 1
    assert demo.left_behind() == []


def test_the_addresses_that_it_names_are_served(tmp_path: Path) -> None:
    demo = Demo(tmp_path)
    url = re.search(r"http://127.0.0.1:\d+", demo.until("board "))
    assert url is not None
    for path in ("/", "/metrics"):
        with urllib.request.urlopen(url[0] + path, timeout=10) as answer:
            assert answer.status == 200
    demo.process.send_signal(signal.SIGINT)
    assert demo.ended()[0] == 0


def test_settings_of_the_machine_lead_nowhere_else(tmp_path: Path) -> None:
    elsewhere = tmp_path / "elsewhere"
    temporary = tmp_path / "tmp"
    temporary.mkdir()
    env = {"SLA_DATA_DIR": str(elsewhere), "SLA_BROKER": f"sqlite:///{elsewhere}.db", "SLA_LISTEN": "0.0.0.0:1"}
    demo = Demo(temporary, "--seconds", "2", **env)
    code, _, err = demo.ended()

    assert (code, err) == (0, "")
    assert list(tmp_path.iterdir()) == [temporary]


def test_on_a_terminal_it_draws_a_table_and_gives_the_screen_back(tmp_path: Path) -> None:
    ours, theirs = pty.openpty()
    demo = Demo(tmp_path, stdout=theirs, TERM="xterm", COLUMNS="80", LINES="24")
    os.close(theirs)
    screen = read(ours, until=lambda seen: "web-1" in seen)
    demo.process.send_signal(signal.SIGINT)
    screen += read(ours, until=lambda seen: "up --example" in seen)
    code, _, err = demo.ended()
    os.close(ours)

    assert (code, err) == (0, "")
    assert "\x1b[?1049h" in screen
    assert "s left" in screen
    assert "The morning in numbers" in screen.rpartition("\x1b[?1049l")[2]
    assert demo.left_behind() == []


def read(terminal: int, until: Callable[[str], bool]) -> str:
    seen = b""
    while not until(seen.decode(errors="replace")):
        seen += os.read(terminal, 65536)
    return seen.decode(errors="replace")

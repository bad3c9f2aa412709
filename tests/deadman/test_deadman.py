"""The whole switch: signs over HTTP, a clock that tests move, a channel that they listen to, and restarts."""

from __future__ import annotations

from pathlib import Path

import pytest

from sla_monitor.clock import ManualClock
from sla_monitor.core.rules import HOUR, MINUTE
from sla_monitor.deadman import Deadman, Memory, Voice
from sla_monitor.deadman.memory import Heard
from sla_monitor.errors import Misconfigured, Unavailable
from sla_monitor.notify.render import Message
from tests.deadman.mouth import Mouth
from tests.world import T0

SILENT = "sla-monitor: its monitoring is silent"
STILL = "sla-monitor: its monitoring is still silent"
BACK = "sla-monitor: its monitoring is heard again"


class Night:
    """A switch that may be started anew; it looks every minute."""

    def __init__(self, directory: Path) -> None:
        self.directory, self.clock, self.mouth = directory, ManualClock(T0), Mouth()
        self.start()

    def start(self) -> None:
        voice = Voice(["log://"], {"log": self.mouth})
        self.deadman = Deadman(self.clock, Memory(self.directory), voice, silence=6 * MINUTE, again=HOUR)
        self.deadman.look()

    def passes(self, minutes: int) -> None:
        for _ in range(minutes):
            self.clock.advance(MINUTE)
            self.deadman.look()


@pytest.fixture
def night(tmp_path: Path) -> Night:
    return Night(tmp_path / "data")


async def test_silence_is_told_and_its_end_with_how_long_it_was(night: Night) -> None:
    night.deadman.sign("http://alertmanager:9093")
    night.passes(6)
    _, message = await night.mouth.said.get()
    assert message.title == SILENT
    assert message.body.startswith(
        "No sign for 6m; the last came at 2030-03-17T17:46:40.000Z from http://alertmanager:9093.\n"
    )
    night.passes(20)
    night.deadman.sign("a ping from 10.0.0.1")
    _, message = await night.mouth.said.get()
    assert message == Message(BACK, "It had been silent for 26m. Signs come from a ping from 10.0.0.1.")
    assert night.mouth.said.empty()


async def test_a_restart_does_not_silence_it(night: Night) -> None:
    night.passes(4)
    night.start()
    night.passes(2)
    assert await night.mouth.title() == SILENT


async def test_a_restart_does_not_make_it_repeat_itself(night: Night) -> None:
    night.passes(6)
    assert await night.mouth.title() == SILENT
    night.start()
    night.passes(59)
    assert night.mouth.said.empty()
    night.passes(1)
    assert await night.mouth.title() == STILL
    night.deadman.sign("a ping")
    assert await night.mouth.title() == BACK


async def test_what_was_not_told_before_a_restart_is_told_after_it(night: Night) -> None:
    night.mouth.failures.append(OSError())
    night.passes(6)
    night.start()
    night.passes(2)
    assert await night.mouth.title() == SILENT


async def test_the_status_tells_of_the_last_sign(night: Night) -> None:
    night.deadman.sign("a ping")
    assert night.deadman.status() == {"last_sign_at": "2030-03-17T17:46:40.000Z", "by": "a ping", "silent": False}
    night.passes(7)
    assert night.deadman.status()["silent"]


def test_a_memory_that_is_none_of_ours_is_a_mistake(tmp_path: Path) -> None:
    (tmp_path / "deadman.json").write_text("{}")
    with pytest.raises(Misconfigured, match=r"deadman.json: is none of ours; delete it"):
        Night(tmp_path)


def test_a_memory_without_a_place_stops_the_start(tmp_path: Path) -> None:
    (tmp_path / "data").write_text("")
    with pytest.raises(Unavailable, match=r"cannot be used.*name another directory"):
        Night(tmp_path / "data")


async def test_a_memory_that_is_lost_on_the_way_stops_nothing(night: Night, caplog: pytest.LogCaptureFixture) -> None:
    (night.directory / "deadman.json").unlink()
    night.directory.rmdir()
    night.directory.write_text("")
    night.deadman.sign("a ping")
    assert "a restart would not know of the last sign" in caplog.text
    night.passes(6)
    assert await night.mouth.title() == SILENT


def test_what_is_remembered_is_what_was_kept(tmp_path: Path) -> None:
    memory = Memory(tmp_path)
    assert memory.read() is None
    memory.write(Heard(1, 2, "x"))
    assert memory.read() == Heard(1, 2, "x")

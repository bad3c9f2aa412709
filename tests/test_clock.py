"""The clock that timers fire by (R8)."""

from __future__ import annotations

from sla_monitor.clock import DISTRUST, JUMP, Jumps, WallClock


class Machine:
    """A wall clock and a boot-time clock that tests move."""

    def __init__(self) -> None:
        self.wall, self.boot = 1000.0, 10.0
        self.jumps = Jumps(lambda: self.wall, lambda: self.boot)

    def run(self, seconds: float) -> None:
        self.wall += seconds
        self.boot += seconds


def test_r08_a_forward_jump_is_distrusted_until_five_minutes_have_run() -> None:
    machine = Machine()
    machine.wall += JUMP + 1
    assert not machine.jumps.settled()
    machine.run(DISTRUST - 1)
    assert not machine.jumps.settled()
    machine.run(1)
    assert machine.jumps.settled()
    assert machine.jumps.count == 1


def test_r08_another_jump_begins_the_five_minutes_anew() -> None:
    machine = Machine()
    machine.wall += JUMP + 1
    assert not machine.jumps.settled()
    machine.run(DISTRUST - 1)
    machine.wall += JUMP + 1
    assert not machine.jumps.settled()
    machine.run(DISTRUST - 1)
    assert not machine.jumps.settled()


def test_r08_a_suspend_is_no_jump() -> None:
    machine = Machine()
    machine.run(3600)
    assert machine.jumps.settled()


def test_r08_a_step_back_is_no_jump() -> None:
    machine = Machine()
    machine.wall -= 3600
    assert machine.jumps.settled()


def test_r08_jumps_are_counted_by_whoever_looks() -> None:
    machine = Machine()
    clock = WallClock(jumps=machine.jumps)
    assert clock.jumped() == 0
    machine.wall += JUMP + 1
    assert clock.jumped() == 1
    assert not clock.trusted()


def test_a_compressed_clock_runs_faster_from_its_origin_on() -> None:
    clock = WallClock(speed=60.0)
    first = clock.now()
    assert first // 1000 - int(clock.origin) <= 60

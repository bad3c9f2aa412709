"""Timers wait until what others had accepted by then has come in, and not for ever."""

from __future__ import annotations

import asyncio
from contextlib import asynccontextmanager

import pytest

from sla_monitor.clock import ManualClock
from sla_monitor.core.effects import Log
from sla_monitor.core.events import Due, ManagerStatus
from sla_monitor.core.fold import Keyed
from sla_monitor.errors import Unavailable
from sla_monitor.records import Partition
from sla_monitor.stream.folding import Role
from sla_monitor.stream.horizon import Reach
from sla_monitor.stream.kafka.horizon import OUTAGE, IntakeHorizon
from tests.stream.bench import T0, Bench, Told, obey, order, policy

LEADS, CALLS = Partition("sla.leads", 0), Partition("sla.calls", 0)


class Topics:
    """Public topics and how far intake is, as a test wants them. broken: the next so many questions fail."""

    def __init__(self) -> None:
        self.clock = ManualClock(T0)
        self.seconds = 0.0
        self.end: dict[Partition, int] = {LEADS: 0, CALLS: 0}
        self.place: dict[Partition, int] = {}
        self.broken = self.looks = self.asked = 0
        self.asking = asyncio.Event()
        self.horizon = IntakeHorizon(self.clock, self.ends, self.passed, lambda: 60_000, seconds=lambda: self.seconds)

    async def ends(self):
        self.looks += 1
        if self.broken:
            self.broken -= 1
            self.asking.set()
            raise Unavailable("no answer")
        return dict(self.end)

    async def passed(self, of):
        self.asked += 1
        self.asking.set()
        return {partition: self.place[partition] for partition in of if partition in self.place}

    async def next(self) -> None:
        """Until somebody is asked once more, about intake or in vain about the ends."""
        self.asking.clear()
        await asyncio.wait_for(self.asking.wait(), 5)

    def pass_time(self, seconds: float) -> None:
        self.seconds += seconds
        self.clock.at += int(seconds * 1000)


@asynccontextmanager
async def running(topics: Topics):
    task = asyncio.create_task(topics.horizon.run())
    try:
        yield
    finally:
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)


async def looked(topics: Topics) -> Reach:
    wake = asyncio.Event()
    topics.horizon.look(wake)
    await asyncio.wait_for(wake.wait(), 5)
    return topics.horizon.reach()


async def test_topics_that_never_had_a_record_cost_one_question_a_look():
    topics = Topics()
    async with running(topics):
        assert await looked(topics) == Reach(T0, T0)
    assert (topics.looks, topics.asked) == (1, 0)


async def test_nobody_is_asked_while_nothing_is_due():
    topics = Topics()
    async with running(topics):
        await asyncio.sleep(0.1)  # nothing is to happen: there is no event to await
    assert topics.looks == 0


async def test_the_reach_is_the_instant_before_the_ends_were_asked_for_and_only_once_intake_has_passed_them():
    topics = Topics()
    topics.end = {LEADS: 3, CALLS: 1}
    topics.place = {CALLS: 1}
    async with running(topics):
        waiting = asyncio.create_task(looked(topics))
        await topics.next()
        topics.pass_time(0.5)
        topics.end[LEADS], topics.place[LEADS] = 9, 2
        await topics.next()
        assert not waiting.done()
        topics.place[LEADS] = 3
        assert await waiting == Reach(T0, T0)
    assert topics.looks == 1


async def test_a_look_does_not_hold_for_leads_that_come_later():
    topics = Topics()
    async with running(topics):
        assert (await looked(topics)).due == T0
        topics.pass_time(2)
        assert topics.horizon.reach().due < T0
        assert await looked(topics) == Reach(T0 + 2000, T0 + 2000)


async def test_ends_that_cannot_be_asked_for_are_asked_for_again():
    topics = Topics()
    topics.broken = 2
    async with running(topics):
        assert await looked(topics) == Reach(T0, T0)
    assert topics.looks == 3


async def test_when_intake_is_stuck_each_timer_waits_max_catch_up_and_then_goes_on_blind():
    topics = Topics()
    topics.end[CALLS] = 1
    async with running(topics):
        waiting = asyncio.create_task(looked(topics))
        await topics.next()
        for _ in range(59):
            topics.pass_time(1)
            await topics.next()
        assert not waiting.done()
        topics.pass_time(1)
        assert await waiting == Reach(T0, T0 + 60_000, blind=True)
        topics.pass_time(5)
        assert topics.horizon.reach() == Reach(T0 + 5_000, T0 + 65_000, blind=True)
        topics.place[CALLS] = 1
        assert not (await looked(topics)).blind


async def test_what_we_stood_still_is_not_time_that_intake_had():
    topics = Topics()
    topics.end[CALLS] = 1
    async with running(topics):
        waiting = asyncio.create_task(looked(topics))
        await topics.next()
        topics.pass_time(3600)
        await topics.next()
        await topics.next()
        assert not waiting.done()
        topics.place[CALLS] = 1
        assert not (await waiting).blind


async def test_an_outage_of_the_brokers_is_not_time_that_intake_had():
    topics = Topics()
    topics.end[CALLS], topics.broken = 1, 20
    async with running(topics):
        waiting = asyncio.create_task(looked(topics))
        for _ in range(20):
            await topics.next()
            topics.pass_time(OUTAGE / 21)
        await topics.next()
        for _ in range(58):
            topics.pass_time(1)
            await topics.next()
        assert not waiting.done()
        topics.place[CALLS] = 1
        assert not (await waiting).blind


async def test_a_partition_without_a_leader_does_not_hold_up_the_timers_for_ever():
    topics = Topics()
    topics.broken = 10_000
    async with running(topics):
        waiting = asyncio.create_task(looked(topics))
        for seconds in [OUTAGE / 10] * 10 + [1] * 60:
            await topics.next()
            assert not waiting.done()
            topics.pass_time(seconds)
        assert (await waiting).blind


# a partition whose timers wait


class Held:
    """A horizon that tests move. asked: whether somebody waits for it."""

    def __init__(self) -> None:
        self.at = Reach(0, 0)
        self.wake: asyncio.Event | None = None

    def reach(self) -> Reach:
        return self.at

    def look(self, wake: asyncio.Event) -> None:
        self.wake = wake

    def move(self, reach: Reach) -> None:
        self.at = reach
        if self.wake is not None:
            self.wake.set()


async def test_a_timer_beyond_reach_waits_and_then_decides_by_the_instant_that_is_reached():
    held = Held()
    async with Bench(horizon=held, idle=60) as bench:
        await bench.append(order("a", "due:500"))
        bench.clock.at = T0 + 700
        bench.owner.feed(ManagerStatus(manager_id="x", at=T0, status="1"), "x")  # wakes it
        await bench.until(lambda: held.wake is not None)
        held.move(Reach(T0 + 499, T0 + 499))
        await asyncio.sleep(0.03)  # nothing is to happen: there is no event to await
        assert bench.did("a") == ["due:500"]
        held.move(Reach(T0 + 600, T0 + 600))
        await bench.until(bench.outcomes)
    assert bench.did("a")[1:] == ["fired@600/v0"]
    assert bench.heard.steps[-1].late == [200.0]


async def test_records_do_not_wait_for_the_horizon():
    async with Bench(horizon=Held()) as bench:
        bench.clock.at = T0 + 700
        await bench.append(order("a", "due:500"))
        await bench.append(order("b", "1"))
        await bench.folded()
    assert (bench.did("a"), bench.did("b")) == (["due:500"], ["1"])


@pytest.mark.parametrize("blind", [False, True])
async def test_a_timer_is_told_whether_it_decides_blind(blind):
    told = []

    def hear(row, fact, now, rules):
        told.extend([fact] if isinstance(fact, Due) else [])
        return obey(row, fact, now, rules)

    held = Held()
    held.at = Reach(T0 + 500, T0 + 700, blind)
    role = Role(Log.EVENTS, lambda: Keyed((Told,), hear))
    async with Bench(horizon=held, role=role) as bench:
        bench.clock.at = T0 + 700
        await bench.append(order("a", "due:500"), order("b", "due:501"))
        await bench.until(bench.outcomes)
    assert told == [Due(T0 + 700, blind)]
    assert bench.did("b") == ["due:501"]


async def test_open_rows_are_asked_about_a_new_policy_only_at_an_instant_that_is_reached():
    held = Held()
    async with Bench(horizon=held, recheck=lambda header: header.status == 1) as bench:
        await bench.append(order("a", "1"))
        await bench.append(policy(2, apply_to_open=True))
        await bench.folded()
        await bench.until(lambda: held.wake is not None)
        assert bench.did("a") == ["1"]
        held.move(Reach(T0 + 5, T0 + 5))
        await bench.until(bench.outcomes)
    assert bench.did("a") == ["1", "fired@5/v2"]

from __future__ import annotations

import asyncio
import json
from unittest.mock import patch

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sla_monitor.core.effects import Ask
from sla_monitor.core.rules import MINUTE
from sla_monitor.errors import Fenced, TooLarge
from sla_monitor.stream import timers
from sla_monitor.stream.index import Gauges
from sla_monitor.stream.timers import Earliest
from sla_monitor.stream.waiting import Bounds
from tests.stream.bench import DONE, T0, Bench, MemoryLog, order, policy

KEYS = st.sampled_from([b"%d" % n for n in range(12)])
AT = st.integers(0, 30)


async def test_a_timer_fires_once_and_never_early():
    async with Bench() as bench:
        await bench.append(order("a", "due:500"))
        await bench.folded()
        bench.clock.at = T0 + 499
        await asyncio.sleep(0.03)  # nothing is to happen: there is no event to await
        assert bench.did("a") == ["due:500"]
        bench.clock.at = T0 + 520
        await bench.until(lambda: bench.heard.acts)
        await asyncio.sleep(0.03)
        assert bench.did("a") == ["due:500", "fired@520/v0"]
    assert bench.heard.steps[-1].late == [20.0]


async def test_lateness_is_told_in_real_milliseconds():
    async with Bench() as bench:
        bench.clock.speed = 10.0
        bench.clock.at = T0 + 600
        await bench.append(order("a", "due:500"))
        await bench.until(lambda: bench.heard.acts)
    assert bench.heard.steps[-1].late == [10.0]


async def test_the_outcome_of_a_timer_tells_the_last_record_applied_before_it():
    async with Bench() as bench:
        await bench.append(order("b", "1"), order("a", "due:0"))
        await bench.until(bench.outcomes)
    assert json.loads(bench.outcomes()[0])["data"]["after"] == 1


async def test_a_timer_that_was_moved_fires_at_its_new_instant_only():
    async with Bench() as bench:
        await bench.append(order("a", "due:500"))
        await bench.folded()
        await bench.append(order("a", "due:900"))
        await bench.folded()
        bench.clock.at = T0 + 950
        await bench.until(lambda: bench.heard.acts)
    assert bench.did("a")[2:] == ["fired@950/v0"]


async def test_timers_are_rebuilt_when_the_partition_is_opened():
    log = MemoryLog()
    async with Bench(log) as first:
        await first.append(order("a", "due:500"), order("b", "due:300"), order("c", "1"))
        await first.folded()
    async with Bench(log) as second:
        second.clock.at = T0 + 400
        await second.until(lambda: second.heard.acts)
        assert second.owner.gauges().next_due == T0 + 500
        assert second.owner.gauges().states == {1: 3}
    assert second.did("b")[-1] == "fired@400/v0"
    assert second.did("a") == ["due:500"]


async def test_a_step_takes_so_many_timers_earliest_first():
    log = MemoryLog()
    async with Bench(log) as first:
        await first.append(*(order(str(n), f"due:{n}") for n in range(1, 6)))
        await first.folded()
    async with Bench(log, bounds=Bounds(timers=2)) as bench:
        bench.clock.at = T0 + 10
        await bench.until(lambda: len(bench.heard.acts) == 5)
    assert [step.late for step in bench.heard.steps] == [[9.0, 8.0], [7.0, 6.0], [5.0]]


async def test_timers_and_rechecks_that_a_step_had_no_time_for_have_their_turn():
    async with Bench(bounds=Bounds(seconds=0), recheck=lambda header: header.status != DONE) as bench:
        await bench.append(*(order(key, f"due:{n}") for n, key in enumerate("abc", 10)))
        await bench.folded()
        bench.clock.at = T0 + 20
        await bench.until(lambda: len(bench.outcomes()) == 3)
        assert [bench.did(key)[1] for key in "abc"] == ["fired@20/v0"] * 3
        await bench.append(policy(1, apply_to_open=True))
        await bench.until(lambda: len(bench.outcomes()) == 6)
        assert [bench.did(key)[2:] for key in "abc"] == [["fired@20/v1"]] * 3
    assert all(len(step.ages) + len(step.late) <= 1 for step in bench.heard.steps)


@pytest.mark.parametrize("mode", ["spin", "raise"])
async def test_a_timer_that_fails_or_does_not_move_on_leaves_its_row_and_is_tried_again_in_a_minute(mode, caplog):
    def tell(key, header, rules):
        return [Ask(lead_id=key, n=header.status, at=T0, team_id="head", turn=1)]

    async with Bench(on_stuck=tell) as bench:
        await bench.append(order("a", f"due:0/{mode}"), order("b", "due:0"))
        await bench.until(lambda: bench.heard.acts)
        assert bench.did("a") == [f"due:0/{mode}"]
        assert bench.did("b")[-1] == "fired@0/v0"
        assert [step.stuck for step in bench.heard.steps if step.late] == [1]
        assert bench.owner.gauges().next_due == T0 + MINUTE
        assert len(bench.log.logs["t.desk", 0]) == 1
        bench.clock.at = T0 + MINUTE
        await bench.until(lambda: len(bench.heard.steps) > 2)
        assert bench.heard.steps[-1].stuck == 1
    assert "due:0" not in caplog.text


async def test_a_head_that_cannot_be_told_does_not_stop_the_partition():
    def fail(key, header, rules):
        raise RuntimeError

    async with Bench(on_stuck=fail) as bench:
        await bench.append(order("a", "due:0/raise"))
        await bench.until(lambda: any(step.stuck for step in bench.heard.steps))
        await bench.append(order("a", "1"))
        await bench.folded()
    assert bench.did("a") == ["due:0/raise", "1"]


async def test_a_timer_whose_step_cannot_be_committed_is_stuck_and_its_neighbours_fire():
    log = MemoryLog()
    async with Bench(log) as bench:
        await bench.append(*(order(key, "due:100") for key in "abc"))
        await bench.folded()
        commit = bench.owner._owned.commit

        async def refuse(step):
            if b"fired" in (step.rows.get(b"b") or b""):
                raise TooLarge("too much")
            await commit(step)

        bench.owner._owned.commit = refuse
        bench.clock.at = T0 + 100
        await bench.until(lambda: any(step.stuck for step in bench.heard.steps) and len(bench.heard.acts) == 2)
    assert [len(bench.did(key)) for key in "abc"] == [2, 1, 2]


async def test_a_timer_whose_commit_was_fenced_fires_once_after_reopening():
    async with Bench() as bench:
        await bench.append(order("a", "due:100"))
        await bench.folded()
        bench.log.failures = [Fenced("by another")]
        bench.clock.at = T0 + 100
        await bench.until(lambda: bench.heard.acts)
    assert bench.did("a") == ["due:100", "fired@100/v0"]
    assert len(bench.outcomes()) == 1


async def test_a_policy_is_kept_as_a_row_and_is_in_force_for_the_folds_that_follow():
    log = MemoryLog()
    async with Bench(log) as bench:
        await bench.append(policy(3), order("a", "due:0"), policy(2))
        await bench.until(bench.outcomes)
        assert bench.did("a")[-1] == "fired@0/v3"
        assert [act.result for act in bench.heard.steps[0].acts] == ["rules", "ignored_version"]
        assert bench.owner.gauges().rows == 1
    async with Bench(log) as again:
        await again.until(lambda: again.owner.gauges() is not None)
        assert again.owner.status().version == 3


async def test_a_policy_is_not_in_force_before_its_step_is_committed():
    log = MemoryLog()
    async with Bench(log) as bench:
        await bench.until(lambda: bench.owner.gauges() is not None)
        log.unavailable = True
        log.extend([policy(3)])
        await bench.bring()
        await bench.until(lambda: log.tried > 1)
        assert bench.owner.status().version == 0
        log.unavailable = False
        await bench.until(lambda: bench.owner.status().version == 3)


async def test_a_policy_that_applies_to_open_leads_asks_each_of_them_again_and_none_is_stuck():
    log = MemoryLog()
    async with Bench(log, recheck=lambda header: header.status != DONE) as bench:
        await bench.append(order("a", "due:900"), order("b", f"status:{DONE}"), order("c", "1"))
        await bench.folded()
        await bench.append(policy(1, apply_to_open=True))
        await bench.until(lambda: len(bench.heard.steps) == 3)
        assert bench.owner.gauges().next_due == T0 + 900
    assert [bench.did(key)[-1] for key in "abc"] == ["fired@0/v1", f"status:{DONE}", "fired@0/v1"]
    assert sum(step.stuck for step in bench.heard.steps) == 0


async def test_open_leads_are_asked_again_after_a_crash_that_followed_the_policy():
    log = MemoryLog()
    async with Bench(log) as bench:
        await bench.append(order("a", "1"), policy(1, apply_to_open=True))
        await bench.folded()
    async with Bench(log, recheck=lambda header: True) as again:
        await again.until(lambda: again.heard.acts)
    assert again.did("a")[-1] == "fired@0/v1"


async def test_gauges_follow_the_commits():
    async with Bench() as bench:
        await bench.append(order("a", "1"))
        await bench.folded()
        bench.clock.at = T0 + 50
        await bench.append(order("b", "due:900"), order("c", "1"))
        await bench.folded()
        assert bench.owner.gauges() == Gauges({1: 3}, T0, 3, T0 + 900)
        await bench.append(order("a", f"status:{DONE}"), order("c", "delete"))
        await bench.folded()
        assert bench.owner.gauges() == Gauges({1: 1, DONE: 1}, T0 + 50, 2, T0 + 900)
        await bench.append(order("b", f"status:{DONE}"))
        await bench.folded()
        assert bench.owner.gauges().oldest is None


def test_stale_entries_are_dropped_and_never_pile_up():
    now: dict[bytes, int] = {}
    earliest = Earliest(now.get)
    for at in range(10_000):
        now[b"a"] = at
        earliest.push(at, b"a")
    assert len(earliest) < 2 * timers.RUN
    assert earliest.take(10_000, 5) == [(9_999, b"a")]
    assert earliest.first() is None


def test_a_row_that_comes_back_to_an_instant_is_taken_once():
    earliest = Earliest({b"a": 5, b"b": 5}.get)
    earliest.add([5, 5], [b"a", b"b"])
    earliest.push(5, b"a")
    assert sorted(earliest.take(5, 9)) == [(5, b"a"), (5, b"b")]


@given(st.data())
def test_what_is_taken_is_what_a_list_in_order_would_give(data: st.DataObject):
    """However many entries become runs, are swept, or move while others are taken."""
    now: dict[bytes, int] = {}
    with patch.object(timers, "RUN", 4):
        earliest = Earliest(now.get)
        now |= data.draw(st.dictionaries(KEYS, AT), label="before")
        earliest.add([*now.values()], [*now])
        for key, at, until in data.draw(st.lists(st.tuples(KEYS, st.none() | AT, st.none() | AT), max_size=200)):
            if at is None:
                now.pop(key, None)
            elif now.get(key) != at:
                now[key] = at
                earliest.push(at, key)
            if until is not None:
                due = sorted(instant for instant in now.values() if instant <= until)
                taken = earliest.take(until, 3)
                assert [instant for instant, _ in taken] == due[:3]
                assert all(now.pop(name) == instant for instant, name in taken)
            first = earliest.first()
            assert (first and first[0]) == min(now.values(), default=None)


def test_timers_far_ahead_that_are_moved_again_and_again_stay_within_bounds():
    """A row's timer that is moved a hundred times leaves no hundred entries behind."""
    now: dict[bytes, int] = {}
    earliest = Earliest(now.get)
    for turn in range(100):
        for n in range(1_000):
            at, key = 10**12 + turn * 1_000 + n, b"%d" % n
            now[key] = at
            earliest.push(at, key)
    assert len(earliest) < 3 * timers.RUN
    assert earliest.first() == (10**12 + 99_000, b"0")

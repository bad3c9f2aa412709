from __future__ import annotations

import asyncio
import json
import logging

import pytest

from sla_monitor import codec
from sla_monitor.core.effects import Bury, Count, Publish
from sla_monitor.core.events import Sent
from sla_monitor.errors import Fenced, LogLost, TooLarge, Unanswered
from sla_monitor.records import Partition, Record
from sla_monitor.stream.status import State
from sla_monitor.stream.waiting import Bounds
from tests.stream.bench import T0, WHERE, Bench, MemoryLog, order

DESK, OUTCOMES = Partition("t.desk", 0), Partition("t.outcomes", 0)


async def test_records_are_folded_in_order_and_their_rows_kept():
    async with Bench() as bench:
        await bench.append(order("a", "1"), order("b", "2"), order("a", "3"))
        await bench.folded()
    assert bench.did("a") == ["1", "3"]
    assert bench.did("b") == ["2"]


async def test_everything_that_waits_while_the_partition_opens_goes_into_one_step():
    bench = Bench()
    await bench.append(order("a", "1"))
    await bench.append(order("a", "2"))
    async with bench:
        await bench.folded()
    assert bench.log.committed == 1
    assert bench.sought == []


async def test_the_next_step_waits_for_its_interval_or_for_enough():
    async with Bench(bounds=Bounds(interval=3600, enough=3)) as bench, Bench() as at_once:
        await bench.append(order("a", "1"))
        await bench.folded()
        for what in "23":
            await bench.append(order("a", what))
            await at_once.append(order("a", what))
            await at_once.folded()
        assert bench.did("a") == ["1"]
        await bench.append(order("a", "4"))
        await bench.folded()
        assert bench.did("a") == ["1", "2", "3", "4"]
    assert bench.log.committed == 2


async def test_a_partition_that_collects_can_be_held_and_begins_nothing_before_it_is_resumed():
    async with Bench(bounds=Bounds(interval=3600, enough=2)) as bench, Bench() as at_once:
        await bench.append(order("a", "1"))
        await bench.folded()
        await bench.append(order("a", "2"))
        assert await bench.owner.hold(1)
        await bench.append(order("a", "3"))
        await at_once.append(order("a", "3"))
        await at_once.folded()
        assert bench.did("a") == ["1"]
        bench.owner.resume()
        await bench.folded()
    assert bench.did("a") == ["1", "2", "3"]


async def test_nothing_is_visible_before_the_commit():
    log = MemoryLog()
    async with Bench(log) as bench:
        await bench.until(lambda: bench.owner.status().state is State.RUNNING)
        log.unavailable = True
        log.extend([order("a", "ask"), order("a", "send")])
        await bench.bring()
        await bench.until(lambda: log.tried > 1)
        assert (bench.row("a"), log.logs[DESK], log.logs[OUTCOMES]) == (None, [], [])
        assert (bench.heard.acts, bench.heard.sends) == ([], [])
        assert bench.owner.gauges().rows == 0
        log.unavailable = False
        await bench.folded()
    assert bench.did("a") == ["ask", "send"]
    assert len(log.logs[DESK]) == len(log.logs[OUTCOMES]) == len(bench.heard.sends) == 1


async def test_a_log_that_cannot_be_written_gets_the_same_step_until_it_can():
    log = MemoryLog()
    async with Bench(log) as bench:
        await bench.until(lambda: bench.owner.status().state is State.RUNNING)
        log.unavailable = True
        log.extend([order("a", "1")])
        await bench.bring()
        await bench.until(lambda: log.tried > 2)
        assert bench.owner.status().state is State.RETRYING
        log.unavailable = False
        await bench.folded()
        assert bench.owner.status().state is State.RUNNING
    assert (bench.did("a"), log.opened) == (["1"], 1)
    assert set(bench.heard.failures) == {"Unavailable"}


async def test_a_fold_that_raises_leaves_its_row_and_its_neighbours_and_is_a_dead_letter(caplog):
    async with Bench() as bench:
        await bench.append(order("a", "1"), order("a", "fail:+7999"), order("a", "2"))
        await bench.folded()
    [letter] = bench.letters()
    assert bench.did("a") == ["1", "2"]
    assert bench.log.committed == 1
    assert (letter.reason, letter.topic, letter.offset, letter.key) == ("defect", "t.events", 1, b"a")
    assert letter.value == bench.log.logs[WHERE][1].value
    assert "KeyError" in caplog.text
    assert "+7999" not in caplog.text


@pytest.mark.parametrize(
    ("key", "value"),
    [
        (b"a", b"no such thing {}"),
        (b"a", b"\xff\xfe"),
        (b"\xff", order("a", "1").value),
        (b"", order("a", "1").value),
        (b"\0rules", order("a", "1").value),
        (b"a", b'ManagerStatus {"manager_id": 5}'),
    ],
)
async def test_a_record_that_cannot_be_read_is_a_dead_letter_with_its_bytes(key, value):
    async with Bench() as bench:
        await bench.append(Record("t.events", key, value, T0 - 5), order("a", "1"))
        await bench.folded()
    [letter] = bench.letters()
    assert (letter.reason, letter.key, letter.value, letter.received) == ("undecodable", key, value, T0 - 5)
    assert bench.did("a") == ["1"]
    assert Bury(reason="undecodable") in bench.heard.acts


async def test_a_row_that_grows_too_large_stays_as_it_was_and_the_record_is_a_dead_letter():
    async with Bench() as bench:
        await bench.append(order("a", "1"), order("a", "swell"), order("a", "2"))
        await bench.folded()
    assert bench.did("a") == ["1", "2"]
    assert [letter.reason for letter in bench.letters()] == ["row_too_large"]
    assert Count("swollen") not in bench.heard.acts


async def test_a_burial_leaves_the_data_out_when_asked_to():
    async with Bench() as bench:
        await bench.append(order("a", "bury"), order("a", "bury:bare"))
        await bench.folded()
    whole, bare = bench.letters()
    assert (whole.key, whole.value) == (b"a", bench.log.logs[WHERE][0].value)
    assert (bare.reason, bare.key, bare.value, bare.offset) == ("unknown_lead", None, None, 1)
    assert [record.key for record in bench.log.logs[Partition("t.dead-letters", 0)]] == [b"a", b""]


async def test_a_burial_of_a_fact_kept_from_before_carries_that_fact_and_no_offset():
    async with Bench() as bench:
        await bench.append(order("a", "bury:earlier"))
        await bench.folded()
    [letter] = bench.letters()
    assert codec.decode_record(letter.value).manager_id == "earlier"
    assert (letter.offset, letter.key, letter.received) == (None, b"a", 7)


@pytest.mark.parametrize("value", [b"", b"[]", b"{}", b'{"key": 5, "value": null}', b'{"key": null, "value": null}'])
def test_what_is_not_a_dead_letter_is_not_read_as_one(value):
    with pytest.raises(codec.Undecodable):
        codec.decode_dead_letter(value)


async def test_rows_of_another_version_end_the_owner_with_a_message():
    log = MemoryLog()
    log.kept[WHERE][b"a"] = codec.HEADER.pack(codec.VERSION + 1, 0, 0, 0, 0)
    async with Bench(log) as bench:
        with pytest.raises(codec.Undecodable, match="version"):
            await asyncio.wait_for(bench.task, 5)


async def test_a_row_that_does_not_change_is_not_written():
    async with Bench() as bench:
        await bench.append(order("a", "delete"))
        await bench.folded()
        assert bench.heard.steps[-1].acts == []
    assert bench.log.kept[WHERE] == {}
    assert bench.log.places[WHERE] == 1


async def test_a_row_can_be_deleted():
    async with Bench() as bench:
        await bench.append(order("a", "1"))
        await bench.folded()
        await bench.append(order("a", "delete"))
        await bench.folded()
        assert bench.owner.gauges().rows == 0
    assert bench.row("a") is None


async def test_effects_go_to_their_logs_with_the_rows_and_acts_follow():
    async with Bench() as bench:
        await bench.append(order("a", "ask"), order("a", "bury"))
        await bench.folded()
    [asked] = bench.log.logs[DESK]
    [outcome] = bench.outcomes()
    assert type(codec.decode_record(asked.value)).__name__ == "Ask"
    assert (asked.key, asked.timestamp) == (b"x", T0)
    assert "after" not in json.loads(outcome)["data"]
    assert [type(act) for act in bench.heard.acts] == [Publish, Bury]
    assert bench.heard.steps[0].ages == [0, 0]


async def test_a_gap_is_read_again_and_nothing_is_folded_out_of_turn():
    bench = Bench(idle=60)
    async with bench:
        await bench.append(order("a", "0"))
        await bench.folded()
        bench.log.extend([order("a", str(n)) for n in range(1, 6)])
        await bench.put(3, 6)
        bench.owner._sought = float("-inf")
        await bench.folded()
    assert bench.did("a") == ["0", "1", "2", "3", "4", "5"]
    assert bench.sought[-1] == 1


async def test_records_that_were_seen_are_skipped():
    async with Bench() as bench:
        await bench.append(order("a", "0"), order("a", "1"))
        await bench.folded()
        bench.log.extend([order("a", "2")])
        await bench.put(0, 2)
        await bench.put(0, 3)
        await bench.folded()
    assert bench.did("a") == ["0", "1", "2"]


async def test_positions_without_records_are_passed():
    async with Bench() as bench:
        await bench.until(lambda: bench.owner.status().state is State.RUNNING)
        await bench.owner.put(bench.log.batch(WHERE, 0)._replace(end=3))
        await bench.until(lambda: bench.owner.status().seen == 3)
        assert bench.owner.status().place == 0


async def test_the_place_moves_over_positions_without_records_when_it_is_quiet_so_that_retention_may_delete_them():
    async with Bench() as bench:
        await bench.append(order("a", "1"))
        await bench.folded()
        await bench.owner.put(bench.log.batch(WHERE, 1)._replace(end=3))
        await bench.until(lambda: bench.log.places[WHERE] == 3)
    assert bench.did("a") == ["1"]


async def test_a_tail_that_was_dropped_in_silence_is_found_and_read_again():
    async with Bench() as bench:
        await bench.until(lambda: bench.owner.status().state is State.RUNNING)
        bench.log.extend([order("a", "1")])
        await bench.folded()
    assert bench.did("a") == ["1"]


async def test_a_seek_that_fails_is_tried_again():
    bench = Bench()
    broken = [ConnectionError("no consumer")]
    again = bench.owner._source.again_from

    async def flaky(place):
        if broken:
            raise broken.pop()
        await again(place)

    object.__setattr__(bench.owner._source, "again_from", flaky)
    bench.log.extend([order("a", "1")])
    async with bench:
        await bench.folded()
    assert bench.did("a") == ["1"]


@pytest.mark.parametrize("error", [Fenced("by another"), Unanswered("no answer"), OSError("what was that")])
async def test_a_commit_that_fails_opens_the_partition_anew_and_does_nothing_twice(error):
    async with Bench() as bench:
        await bench.append(order("a", "1"))
        await bench.folded()
        bench.log.failures = [error]
        await bench.append(order("a", "ask"), order("b", "2"))
        await bench.folded()
    assert (bench.did("a"), bench.did("b")) == (["1", "ask"], ["2"])
    assert (bench.log.opened, len(bench.outcomes())) == (2, 1)
    assert bench.heard.failures == [type(error).__name__]


async def test_an_owner_that_was_fenced_by_another_continues_where_that_one_ended():
    log = MemoryLog()
    async with Bench(log) as one:
        await one.append(order("a", "1"))
        await one.folded()
        async with Bench(log) as other:
            await other.folded()
            await other.append(order("a", "2"))
            await other.until(lambda: one.owner.status().place == 2 or log.places[WHERE] == 2)
        await one.until(lambda: one.owner.status().place == 2)
        log.extend([order("a", "3")])
        await one.until(lambda: log.places[WHERE] == 3)
    assert one.did("a") == ["1", "2", "3"]


@pytest.mark.parametrize("error", [TooLarge("too much"), OSError("a defect of the log")])
async def test_a_record_that_cannot_be_committed_is_found_by_halving_and_is_a_dead_letter(error):
    log = MemoryLog()
    log.refused, log.refusal = b"bad", error
    bench = Bench(log)
    bench.owner._backoff._pause = 0.0
    async with bench:
        await bench.append(*(order(key, str(n)) for n, key in enumerate(["a", "b", "bad", "c", "d"])))
        await bench.folded()
    [letter] = bench.letters()
    assert (letter.reason, letter.offset) == ("poison", 2)
    assert [bench.did(key) for key in "abcd"] == [["0"], ["1"], ["3"], ["4"]]
    assert bench.row("bad") is None


async def test_a_step_that_cannot_be_committed_without_its_record_either_ends_the_owner():
    log = MemoryLog()
    log.failures = [TooLarge("always")] * 5
    async with Bench(log) as bench:
        await bench.append(order("a", "1"))
        with pytest.raises(TooLarge):
            await asyncio.wait_for(bench.task, 5)
        assert bench.owner.status().state is State.CLOSED


async def test_a_place_that_does_not_fit_its_log_ends_the_owner_with_the_message():
    log = MemoryLog()
    log.lost = "records 3 to 7 are gone"
    async with Bench(log) as bench:
        with pytest.raises(LogLost, match="records 3 to 7"):
            await asyncio.wait_for(bench.task, 5)


async def test_an_opening_that_cannot_reach_the_log_is_tried_again():
    log = MemoryLog()
    log.extend([order("a", "1")])
    log.unavailable = True
    async with Bench(log) as bench:
        await bench.until(lambda: len(bench.heard.failures) == 2)
        assert (bench.owner.status().state, bench.owner.gauges()) == (State.OPENING, None)
        log.unavailable = False
        await bench.folded()
    assert bench.did("a") == ["1"]


async def test_a_result_comes_back_into_the_partition_without_a_log():
    async with Bench() as bench:
        await bench.append(order("x", "send"))
        await bench.folded()
        await bench.until(lambda: bench.heard.sends)
        [(effect, feed)] = bench.heard.sends
        feed(Sent(lead_id="x", notice_id=effect.notice_id, attempt=1, at=T0), "x")
        await bench.until(lambda: len(bench.heard.steps) == 2)
    assert bench.did("x") == ["send", "n1"]
    assert bench.log.places[WHERE] == 1


async def test_a_result_for_a_partition_that_is_closed_is_dropped():
    async with Bench() as bench:
        await bench.folded()
    bench.owner.feed(Sent(lead_id="x", notice_id="n1", attempt=1, at=T0), "x")
    assert not bench.owner._fed


async def test_a_result_that_cannot_be_folded_is_dropped_and_the_rest_goes_on(caplog):
    async with Bench() as bench:
        bench.owner.feed(object(), "x")
        await bench.append(order("a", "1"))
        await bench.folded()
    assert bench.did("a") == ["1"]
    assert "a fold failed" in caplog.text


async def test_a_step_takes_no_more_than_its_bounds():
    bench = Bench(bounds=Bounds(records=2))
    await bench.append(*(order("a", str(n)) for n in range(5)))
    async with bench:
        await bench.folded()
    assert bench.did("a") == ["0", "1", "2", "3", "4"]
    assert [len(step.ages) for step in bench.heard.steps] == [2, 2, 1]


async def test_a_step_ends_when_it_has_taken_long_enough_and_the_next_goes_on_where_it_ended():
    bench = Bench(bounds=Bounds(seconds=0))
    await bench.append(order("a", "1"), order("b", "fail"), order("a", "2"), order("a", "swell"), order("a", "3"))
    async with bench:
        await bench.folded()
    assert bench.did("a") == ["1", "2", "3"]
    assert [letter.reason for letter in bench.letters()] == ["defect", "row_too_large"]
    assert [len(step.ages) for step in bench.heard.steps] == [1, 1, 1, 1, 1]


async def test_results_that_a_step_had_no_time_for_come_before_the_records_of_the_next():
    bench = Bench(bounds=Bounds(seconds=0))
    await bench.append(order("x", "1"), order("x", "2"))
    async with bench:
        await bench.until(lambda: bench.owner.status().state is State.RUNNING)
        for name in ("n1", "n2"):
            bench.owner.feed(Sent(lead_id="x", notice_id=name, attempt=1, at=T0), "x")
        await bench.folded()
        await bench.until(lambda: len(bench.did("x")) == 4)
    assert [name for name in bench.did("x") if name.startswith("n")] == ["n1", "n2"]
    assert [name for name in bench.did("x") if not name.startswith("n")] == ["1", "2"]


async def test_a_record_that_cannot_be_committed_is_found_among_steps_that_have_no_time():
    log = MemoryLog()
    log.refused, log.refusal = b"bad", TooLarge("too much")
    bench = Bench(log, bounds=Bounds(seconds=0))
    async with bench:
        await bench.append(*(order(key, str(n)) for n, key in enumerate(["a", "bad", "a"])))
        await bench.folded()
    assert [(letter.reason, letter.offset) for letter in bench.letters()] == [("poison", 1)]
    assert bench.did("a") == ["0", "2"]


async def test_an_intake_waits_while_too_much_waits():
    log = MemoryLog()
    bench = Bench(log, bounds=Bounds(waiting=1, records=1))
    await bench.append(order("a", "1"), order("a", "2"), order("a", "3"))
    async with bench:
        await bench.until(lambda: bench.owner.status().state is State.RUNNING)
        await bench.append(order("a", "4"))
        await bench.folded()
    assert bench.did("a") == ["1", "2", "3", "4"]


async def test_what_is_too_much_while_opening_is_dropped_and_read_again():
    log = MemoryLog()
    log.unavailable = True
    async with Bench(log, bounds=Bounds(waiting=1)) as bench:
        log.extend([order("a", str(n)) for n in range(4)])
        await bench.put(0, 2)
        await bench.put(2, 4)
        log.unavailable = False
        await bench.folded()
    assert bench.did("a") == ["0", "1", "2", "3"]


async def test_a_held_partition_begins_no_step_until_it_is_resumed():
    async with Bench() as bench:
        await bench.append(order("a", "1"))
        await bench.folded()
        assert await bench.owner.hold(1)
        tried = bench.log.tried
        await bench.append(order("a", "2"))
        await asyncio.sleep(0.03)  # nothing is to happen: there is no event to await
        assert bench.log.tried == tried
        bench.owner.resume()
        await bench.folded()
    assert bench.did("a") == ["1", "2"]


async def test_a_partition_that_cannot_finish_its_step_says_so_when_held():
    log = MemoryLog()
    async with Bench(log) as bench:
        await bench.until(lambda: bench.owner.status().state is State.RUNNING)
        log.unavailable = True
        log.extend([order("a", "1")])
        await bench.bring()
        await bench.until(lambda: bench.owner.status().state is State.RETRYING)
        assert not await bench.owner.hold(0.01)


async def test_an_opening_is_never_waited_for_when_held():
    log = MemoryLog()
    log.unavailable = True
    async with Bench(log) as bench:
        assert not await bench.owner.hold(60)


async def test_a_stop_ends_within_its_limit_even_if_the_log_does_not_answer():
    bench = Bench()
    async with bench:
        await bench.append(order("a", "1"))
        await bench.folded()
        bench.log.unavailable = True
        bench.log.extend([order("a", "2")])
        await bench.bring()
        await bench.until(lambda: bench.log.tried > 1)
        async with asyncio.timeout(1):
            await bench.owner.stop(0.1)
    assert bench.owner.status().state is State.CLOSED
    assert bench.did("a") == ["1"]


async def test_an_observer_that_fails_does_not_undo_what_is_committed(caplog):
    bench = Bench()
    bench.heard.committed = lambda done: 1 / 0
    with caplog.at_level(logging.ERROR):
        async with bench:
            await bench.append(order("a", "1"))
            await bench.folded()
            await bench.append(order("a", "2"))
            await bench.folded()
    assert (bench.did("a"), bench.log.opened) == (["1", "2"], 1)
    assert "an observer failed" in caplog.text

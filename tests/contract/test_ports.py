"""What every implementation of `Log`, `Owned` and `Inbox` promises."""

from __future__ import annotations

import asyncio

import pytest

from sla_monitor.errors import Fenced, LogLost, TooLarge, Unanswered, Unavailable
from sla_monitor.records import Partition, Stored
from sla_monitor.stream.step import ROW_BYTES, Step
from tests.contract.ports import DESK, LEADS, WIDE, Ports, record

LEADS_0 = Partition(LEADS, 0)


async def values(ports: Ports, topic: str, number: int = 0) -> list[str]:
    return [stored.value.decode() for stored in await ports.read(topic, number)]


async def test_a_new_partition_has_no_rows_and_its_place_is_the_beginning_of_the_log(ports):
    owned = await ports.log().open(LEADS_0)
    assert (dict(owned.rows), owned.place) == ({}, 0)


async def test_a_step_commits_rows_place_and_records_as_one(ports):
    await ports.inbox.append([record(LEADS, "in")])
    owned = await ports.log().open(LEADS_0)
    await owned.commit(Step(1, {b"a": b"row"}, [record(DESK, "out")]))
    assert (dict(owned.rows), owned.place) == ({b"a": b"row"}, 1)
    assert await values(ports, DESK) == ["out"]


async def test_reopening_reads_rows_and_place(ports):
    await ports.inbox.append([record(LEADS, "1"), record(LEADS, "2")])
    owned = await ports.log().open(LEADS_0)
    await owned.commit(Step(1, {b"": b"0", b"a": b"1", b"b": b"2"}))
    await owned.commit(Step(2, {b"a": b"3"}))
    await owned.close()
    again = await ports.log().open(LEADS_0)
    assert (dict(again.rows), again.place) == ({b"": b"0", b"a": b"3", b"b": b"2"}, 2)


async def test_a_row_of_none_is_deleted_and_deleting_none_is_no_error(ports):
    owned = await ports.log().open(LEADS_0)
    await owned.commit(Step(0, {b"a": b"1", b"b": b"2"}))
    await owned.commit(Step(0, {b"a": None, b"c": None}))
    assert dict(owned.rows) == {b"b": b"2"}
    assert dict((await ports.log().open(LEADS_0)).rows) == {b"b": b"2"}


async def test_rows_of_one_partition_are_not_those_of_another(ports):
    log = ports.log()
    first, second = await log.open(Partition(WIDE, 0)), await log.open(Partition(WIDE, 1))
    await first.commit(Step(0, {b"a": b"first"}))
    await second.commit(Step(0, {b"a": b"second"}))
    assert dict((await log.open(Partition(WIDE, 0))).rows) == {b"a": b"first"}


async def test_records_of_a_step_keep_their_order_in_each_of_several_logs(ports):
    owned = await ports.log().open(LEADS_0)
    await owned.commit(
        Step(0, {}, [record(DESK, "1"), record(LEADS, "2"), record(DESK, "3"), record(LEADS, "4"), record(DESK, "5")])
    )
    assert await values(ports, DESK) == ["1", "3", "5"]
    assert await values(ports, LEADS) == ["2", "4"]


async def test_records_keep_key_value_timestamp_and_count_their_offsets(ports):
    await ports.inbox.append([record(LEADS, "1", "a", 7), record(LEADS, "2", "b", 5)])
    assert await ports.read(LEADS) == [Stored(0, b"a", b"1", 7), Stored(1, b"b", b"2", 5)]


async def test_records_of_one_key_are_in_one_partition_and_keys_are_spread(ports):
    await ports.inbox.append([record(WIDE, str(n), f"key-{n % 20}") for n in range(100)])
    homes: dict[bytes, set[int]] = {}
    for number in range(3):
        for stored in await ports.read(WIDE, number):
            homes.setdefault(stored.key, set()).add(number)
    assert all(len(home) == 1 for home in homes.values())
    assert set.union(*homes.values()) == {0, 1, 2}


async def test_a_former_owner_is_fenced_and_writes_nothing(ports):
    former = await ports.log().open(LEADS_0)
    owner = await ports.log().open(LEADS_0)
    with pytest.raises(Fenced):
        await former.commit(Step(0, {b"a": b"zombie"}, [record(DESK, "zombie")]))
    await owner.commit(Step(0, {b"b": b"right"}))
    assert await values(ports, DESK) == []
    assert dict((await ports.log().open(LEADS_0)).rows) == {b"b": b"right"}


async def test_a_fenced_owner_stays_fenced_after_the_partition_moved_on(ports):
    await ports.inbox.append([record(LEADS, "1")])
    former = await ports.log().open(LEADS_0)
    await (await ports.log().open(LEADS_0)).commit(Step(1))
    for _ in range(2):
        with pytest.raises(Fenced):
            await former.commit(Step(1))


async def test_opening_one_partition_fences_no_other(ports):
    log = ports.log()
    first = await log.open(Partition(WIDE, 0))
    await log.open(Partition(WIDE, 1))
    await first.commit(Step(0, {b"a": b"1"}))
    assert dict(first.rows) == {b"a": b"1"}


async def test_a_place_may_lie_beyond_positions_without_records(ports):
    await ports.inbox.append([record(LEADS, "1")])
    await ports.skip(LEADS, 3)
    await ports.inbox.append([record(LEADS, "2")])
    assert [stored.offset for stored in await ports.read(LEADS)] == [0, 4]
    owned = await ports.log().open(LEADS_0)
    await owned.commit(Step(3))
    assert (await ports.log().open(LEADS_0)).place == 3


async def test_a_row_too_large_is_refused_with_nothing_written_and_the_owner_still_good(ports):
    await ports.inbox.append([record(LEADS, "1")])
    owned = await ports.log().open(LEADS_0)
    with pytest.raises(TooLarge):
        await owned.commit(Step(1, {b"a": b"1", b"b": b"x" * (ROW_BYTES + 1)}, [record(DESK, "out")]))
    assert (dict(owned.rows), owned.place, await values(ports, DESK)) == ({}, 0, [])
    await owned.commit(Step(1, {b"b": b"x" * ROW_BYTES}))
    assert len((await ports.log().open(LEADS_0)).rows[b"b"]) == ROW_BYTES


async def test_a_log_that_begins_after_the_place_is_refused_naming_what_is_gone(ports):
    await ports.inbox.append([record(LEADS, str(n)) for n in range(50)])
    await (await ports.log().open(LEADS_0)).commit(Step(10))
    await ports.lose_before(LEADS, 20)
    with pytest.raises(LogLost, match=r"t\.leads/0: records 10 to 19 .* begins at 20"):
        await ports.log().open(LEADS_0)


async def test_a_log_that_begins_at_the_place_is_whole(ports):
    await ports.inbox.append([record(LEADS, str(n)) for n in range(50)])
    await (await ports.log().open(LEADS_0)).commit(Step(20))
    await ports.lose_before(LEADS, 20)
    assert (await ports.log().open(LEADS_0)).place == 20


async def test_a_log_that_was_never_read_is_read_from_where_it_begins(ports):
    await ports.inbox.append([record(LEADS, str(n)) for n in range(50)])
    await ports.lose_before(LEADS, 20)
    assert (await ports.log().open(LEADS_0)).place == 20


async def test_a_place_beyond_the_end_is_refused_naming_what_is_gone(ports):
    await ports.inbox.append([record(LEADS, str(n)) for n in range(50)])
    await (await ports.log().open(LEADS_0)).commit(Step(50))
    await ports.lose_from(LEADS, 30)
    with pytest.raises(LogLost, match=r"records 30 to 49"):
        await ports.log().open(LEADS_0)


async def test_a_log_made_anew_is_refused_even_when_it_has_grown_past_the_place(ports):
    await ports.inbox.append([record(LEADS, str(n)) for n in range(10)])
    await (await ports.log().open(LEADS_0)).commit(Step(10))
    await ports.make_anew(LEADS)
    await ports.inbox.append([record(LEADS, str(n)) for n in range(50)])
    with pytest.raises(LogLost, match="made anew"):
        await ports.log().open(LEADS_0)


async def test_a_refused_opening_stays_refused(ports):
    await ports.inbox.append([record(LEADS, "1")])
    await (await ports.log().open(LEADS_0)).commit(Step(1))
    await ports.make_anew(LEADS)
    for _ in range(2):
        with pytest.raises(LogLost):
            await ports.log().open(LEADS_0)


async def test_a_commit_that_cannot_be_written_changes_nothing_and_succeeds_later(ports):
    await ports.inbox.append([record(LEADS, "1")])
    owned = await ports.log().open(LEADS_0)
    step = Step(1, {b"a": b"1"}, [record(DESK, "out")])
    with ports.unwritable():
        with pytest.raises((Unavailable, Unanswered)) as failed:
            await owned.commit(step)
        assert (dict(owned.rows), owned.place) == ({}, 0)
    if failed.type is Unanswered:
        await owned.close()
        owned = await ports.log().open(LEADS_0)
        assert (dict(owned.rows), owned.place) == ({}, 0)
    await owned.commit(step)
    assert (dict(owned.rows), owned.place, await values(ports, DESK)) == ({b"a": b"1"}, 1, ["out"])


async def test_opening_while_nothing_can_be_written_is_unavailable(ports):
    log = ports.log()
    with ports.unwritable(), pytest.raises(Unavailable):
        await log.open(LEADS_0)
    assert (await log.open(LEADS_0)).place == 0


async def test_closing_never_fails(ports):
    owned = await ports.log().open(LEADS_0)
    await ports.log().open(LEADS_0)
    with ports.unwritable():
        await owned.close()


async def test_appended_records_are_there_when_append_returns_in_order(ports):
    await ports.inbox.append([record(LEADS, str(n)) for n in range(5)])
    await ports.inbox.append([record(LEADS, str(n)) for n in range(5, 8)])
    assert await values(ports, LEADS) == [str(n) for n in range(8)]


async def test_requests_at_the_same_time_are_all_stored_each_in_one_piece(ports):
    requests = [[record(LEADS, f"{n}.{i}") for i in range(3)] for n in range(50)]
    await asyncio.gather(*map(ports.inbox.append, requests))
    stored = await values(ports, LEADS)
    pieces = [stored[at : at + 3] for at in range(0, 150, 3)]
    assert sorted(pieces) == sorted([f"{n}.{i}" for i in range(3)] for n in range(50))


async def test_when_nothing_can_be_written_every_waiting_request_hears_of_it_and_none_is_stored(ports):
    with ports.unwritable():
        requests = [ports.inbox.append([record(LEADS, str(n)), record(DESK, str(n))]) for n in range(5)]
        outcomes = await asyncio.gather(*requests, return_exceptions=True)
    assert [type(outcome) for outcome in outcomes] == [Unavailable] * 5
    assert (await ports.read(LEADS), await ports.read(DESK)) == ([], [])
    await ports.inbox.append([record(LEADS, "later")])
    assert await values(ports, LEADS) == ["later"]


async def test_a_request_that_gave_up_waiting_harms_no_other(ports):
    given_up = asyncio.create_task(ports.inbox.append([record(LEADS, "1")]))
    kept = asyncio.create_task(ports.inbox.append([record(LEADS, "2")]))
    await asyncio.sleep(0)
    given_up.cancel()
    await kept
    assert "2" in await values(ports, LEADS)


async def test_a_step_and_requests_at_the_same_time_are_all_stored(ports):
    owned = await ports.log().open(LEADS_0)
    appends = [ports.inbox.append([record(DESK, f"request {n}")]) for n in range(10)]
    await asyncio.gather(owned.commit(Step(0, {}, [record(DESK, "step")])), *appends)
    assert sorted(await values(ports, DESK)) == sorted(["step", *(f"request {n}" for n in range(10))])

"""What every implementation of `Reader` and `Tail` promises."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from contextlib import aclosing
from typing import TypeVar

import pytest

from sla_monitor.errors import LogLost
from sla_monitor.records import Partition, Position, Reader, Stored, Taken
from sla_monitor.stream.placement import partition_of
from sla_monitor.stream.step import Step
from tests.contract.ports import DESK, LEADS, WIDE, Ports, record

T = TypeVar("T")


async def soon(look: Callable[[], Awaitable[T]], wanted: T) -> None:
    """Return when a look finds what is wanted: on Kafka a commit is seen a moment after it was answered."""
    async with asyncio.timeout(20):
        while await look() != wanted:  # noqa: ASYNC110 - nobody tells
            await asyncio.sleep(0.01)


async def all_of(reader: Reader, topic: str, start: Position) -> list[Taken]:
    """What a log keeps from a position on, up to its end as it is now."""
    end = (await reader.bounds(topic))[1]
    taken: list[Taken] = []
    async with asyncio.timeout(20), reader.tail(topic, start) as tail:
        while any(map(int.__lt__, tail.position, end)):
            taken += await tail.take()
    return taken


def values(taken: list[Taken]) -> list[str]:
    return [one.record.value.decode() for one in taken]


def homes(stored: list[Stored]) -> dict[int, list[bytes]]:
    """Values by the partition that their key belongs to."""
    found: dict[int, list[bytes]] = {number: [] for number in range(3)}
    for one in stored:
        found[partition_of(one.key, 3)].append(one.value)
    return found


async def test_a_row_is_found_at_its_key_whatever_its_partition(ports: Ports):
    keys = [b"key%d" % n for n in range(9)]
    async with ports.reader() as reader:
        for number in range(3):
            owned = await ports.log().open(Partition(WIDE, number))
            mine = {key: b"row of " + key for key in keys if partition_of(key, 3) == number}
            await owned.commit(Step(0, {**mine, b"everywhere": b"in %d" % number}))
            await soon(lambda n=number: reader.row(WIDE, b"everywhere", n), b"in %d" % number)
        assert [await reader.row(WIDE, key) for key in keys] == [b"row of " + key for key in keys]
        assert await reader.row(WIDE, b"none") is None
        assert sorted(await reader.rows(WIDE)) == sorted(
            [(key, b"row of " + key) for key in keys] + [(b"everywhere", b"in %d" % n) for n in range(3)]
        )


async def test_a_row_is_the_last_that_was_committed_and_gone_once_it_is_deleted(ports: Ports):
    owned = await ports.log().open(Partition(LEADS, 0))
    await owned.commit(Step(0, {b"a": b"1", b"b": b"1"}))
    async with ports.reader() as reader:
        await soon(lambda: reader.row(LEADS, b"a"), b"1")
        await owned.commit(Step(0, {b"a": b"2", b"b": None}))
        await soon(lambda: reader.row(LEADS, b"a"), b"2")
        assert dict(await reader.rows(LEADS)) == {b"a": b"2"}


async def test_a_row_is_followed_from_what_it_is_through_its_changes(ports: Ports):
    owned = await ports.log().open(Partition(LEADS, 0))
    await owned.commit(Step(0, {b"a": b"1", b"b": b"1"}))
    async with ports.reader() as reader, asyncio.timeout(20):
        await soon(lambda: reader.row(LEADS, b"a"), b"1")
        async with aclosing(reader.follow(LEADS, b"a")) as rows:
            assert await anext(rows) == b"1"
            coming = asyncio.ensure_future(anext(rows))
            await owned.commit(Step(0, {b"b": b"2"}))
            await soon(lambda: reader.row(LEADS, b"b"), b"2")
            assert not coming.done()
            await owned.commit(Step(0, {b"a": b"2"}))
            assert await coming == b"2"
            await owned.commit(Step(0, {b"a": None}))
            assert await anext(rows) is None


async def test_a_reader_that_comes_later_finds_the_rows_that_are_there(ports: Ports):
    owned = await ports.log().open(Partition(LEADS, 0))
    await owned.commit(Step(0, {b"a": b"1", b"b": b"2"}))
    await owned.commit(Step(0, {b"b": None}))
    await owned.close()
    await ports.log().open(Partition(LEADS, 0))  # which waits until all of it is readable
    async with ports.reader() as reader:
        assert dict(await reader.rows(LEADS)) == {b"a": b"1"}


async def test_rows_may_be_gone_through_while_they_change(ports: Ports):
    owned = await ports.log().open(Partition(LEADS, 0))
    await owned.commit(Step(0, {b"%d" % n: b"1" for n in range(10)}))
    async with ports.reader() as reader:
        await soon(lambda: reader.row(LEADS, b"9"), b"1")
        rows = iter(await reader.rows(LEADS))
        first = next(rows)
        await owned.commit(Step(0, {b"more": b"1", b"5": None}))
        await soon(lambda: reader.row(LEADS, b"more"), b"1")
        assert len([first, *rows]) >= 9


async def test_rows_are_picked_at_their_keys_and_those_that_are_not_there_are_left_out(ports: Ports):
    keys = [b"key%d" % n for n in range(9)]
    async with ports.reader() as reader:
        assert await reader.pick(WIDE, [b"none"]) == {}
        for number in range(3):
            owned = await ports.log().open(Partition(WIDE, number))
            await owned.commit(Step(0, {key: b"row of " + key for key in keys if partition_of(key, 3) == number}))
        wanted = {key: b"row of " + key for key in keys[:4]}
        await soon(lambda: reader.pick(WIDE, [*keys[:4], b"none"]), wanted)


async def test_what_changes_in_the_rows_is_told_once_by_its_key(ports: Ports):
    await ports.inbox.append([record(WIDE, str(n), f"key{n}") for n in range(9)])
    logs = [await ports.read(WIDE, number) for number in range(3)]
    async with ports.reader() as reader, reader.changed(WIDE) as changed, asyncio.timeout(20):
        told: set[bytes] = set()
        for number, records in enumerate(logs):
            owned = await ports.log().open(Partition(WIDE, number))
            coming = asyncio.ensure_future(changed.news())
            await owned.commit(Step(len(records), {one.key: b"1" for one in records}))
            await coming
            told |= set(await changed.take())
            while not {one.key for one in records} <= told:
                await changed.news()
                told |= set(await changed.take())
        assert {one.key for records in logs for one in records} <= told
        assert not {key for key in await changed.take() if key.startswith(b"key")}


async def test_a_row_that_changed_before_it_was_watched_is_not_told_of(ports: Ports):
    await ports.inbox.append([record(LEADS, "1", "old"), record(LEADS, "2", "new")])
    owned = await ports.log().open(Partition(LEADS, 0))
    await owned.commit(Step(1, {b"old": b"1"}))
    async with ports.reader() as reader, asyncio.timeout(20):
        await soon(lambda: reader.row(LEADS, b"old"), b"1")
        async with reader.changed(LEADS) as changed:
            await owned.commit(Step(2, {b"new": b"2"}))
            await changed.news()
            await soon(lambda: reader.row(LEADS, b"new"), b"2")
            told = set(await changed.take())
        assert b"new" in told
        assert b"old" not in told


async def test_the_place_is_where_the_owners_are(ports: Ports):
    await ports.inbox.append([record(WIDE, str(n), f"key{n}") for n in range(30)])
    ends = [len(await ports.read(WIDE, number)) for number in range(3)]
    async with ports.reader() as reader:
        assert await reader.place(WIDE) == (0, 0, 0)
        for number in (0, 2):
            await (await ports.log().open(Partition(WIDE, number))).commit(Step(ends[number]))
        await soon(lambda: reader.place(WIDE), (ends[0], 0, ends[2]))


async def test_the_bounds_of_an_empty_log_are_its_beginning(ports: Ports):
    async with ports.reader() as reader:
        assert await reader.bounds(WIDE) == ((0, 0, 0), (0, 0, 0))


async def test_the_bounds_are_what_is_kept(ports: Ports):
    await ports.inbox.append([record(LEADS, str(n)) for n in range(50)])
    await ports.lose_before(LEADS, 20)
    async with ports.reader() as reader:
        assert await reader.bounds(LEADS) == ((20,), (50,))


async def test_what_was_written_since_an_instant_is_found(ports: Ports):
    await ports.inbox.append([record(LEADS, str(n), timestamp=1000 * n) for n in range(1, 21)])
    await ports.lose_before(LEADS, 5)
    async with ports.reader() as reader:
        for at, first in ((0, 5), (6000, 5), (6001, 6), (20_000, 19), (20_001, 20)):
            assert await reader.since(LEADS, at) == (first,)
        assert await reader.since(WIDE, 0) == (0, 0, 0)


async def test_the_records_of_a_key_since_an_instant_are_found_in_order(ports: Ports):
    await ports.inbox.append([record(WIDE, str(n), f"key{n % 5}", timestamp=1000 * n) for n in range(1, 21)])
    async with ports.reader() as reader:
        found = await reader.about(WIDE, b"key2", 0)
        assert [one.value for one in found] == [b"2", b"7", b"12", b"17"]
        assert [one.value for one in await reader.about(WIDE, b"key2", 12_000)] == [b"12", b"17"]
        assert await reader.about(WIDE, b"key2", 17_001) == []
        assert await reader.about(WIDE, b"none", 0) == []
        assert await reader.about(DESK, b"none", 0) == []


async def test_a_log_is_read_in_the_order_of_each_partition(ports: Ports):
    sent = [record(WIDE, str(n), f"key{n % 7}") for n in range(60)]
    await ports.inbox.append(sent)
    async with ports.reader() as reader:
        taken = await all_of(reader, WIDE, (0, 0, 0))
    assert homes([one.record for one in taken]) == homes(sent)


async def test_from_each_position_exactly_the_rest_is_read(ports: Ports):
    await ports.inbox.append([record(WIDE, str(n), f"key{n}") for n in range(20)])
    async with ports.reader() as reader:
        taken = await all_of(reader, WIDE, (0, 0, 0))
        assert len(taken) == 20
        for number, one in enumerate(taken):
            rest = await all_of(reader, WIDE, one.position)
            assert sorted(values(rest)) == sorted(values(taken[number + 1 :]))


async def test_a_tail_waits_for_what_is_committed_next(ports: Ports):
    owned = await ports.log().open(Partition(DESK, 0))
    async with ports.reader() as reader, reader.tail(LEADS, (0,)) as tail, asyncio.timeout(20):
        taking = asyncio.create_task(tail.take())
        await owned.commit(Step(0, {}, [record(LEADS, "of a step")]))
        assert values(await taking) == ["of a step"]


async def test_a_tail_passes_positions_without_records(ports: Ports):
    await ports.inbox.append([record(LEADS, "1")])
    await ports.skip(LEADS, 3)
    await ports.inbox.append([record(LEADS, "2")])
    await ports.skip(LEADS, 2)
    async with ports.reader() as reader:
        await soon(lambda: reader.bounds(LEADS), ((0,), (7,)))
        taken = await all_of(reader, LEADS, (0,))
        assert [(one.record.offset, one.position) for one in taken] == [(0, (1,)), (4, (5,))]
        assert values(await all_of(reader, LEADS, (2,))) == ["2"]


async def test_what_is_no_longer_kept_is_told_and_not_passed_over(ports: Ports):
    await ports.inbox.append([record(LEADS, str(n)) for n in range(50)])
    await ports.lose_before(LEADS, 20)
    async with ports.reader() as reader, reader.tail(LEADS, (10,)) as tail, asyncio.timeout(20):
        with pytest.raises(LogLost, match="no longer kept"):
            await tail.take()

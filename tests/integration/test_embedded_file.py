"""What the embedded log promises beyond the ports: room, versions, retention, erasure."""

from __future__ import annotations

import asyncio
import sqlite3
from collections.abc import AsyncIterator
from contextlib import closing
from pathlib import Path

import pytest

from sla_monitor.errors import LogLost, Misconfigured, Unavailable
from sla_monitor.records import Partition, Record, Stored
from sla_monitor.stream.embedded import EmbeddedFile, EmbeddedInbox, EmbeddedLog, EmbeddedReader, Retention
from sla_monitor.stream.step import Step
from tests.embedded import bounds, records

LEADS, OUTCOMES, WIDE = "t.leads", "t.outcomes", "t.wide"
PARTITIONS = {LEADS: 1, OUTCOMES: 1, WIDE: 3}
HOUR = 3_600_000


@pytest.fixture
async def file(tmp_path: Path) -> AsyncIterator[EmbeddedFile]:
    opened = EmbeddedFile(tmp_path / "data" / "sla.db", busy_timeout=0.2)
    EmbeddedLog(opened, PARTITIONS)
    yield opened
    opened.close()


def fill(file: EmbeddedFile, topic: str, timestamps: list[int]) -> asyncio.Future[None]:
    filling = [Record(topic, b"k", b"%d" % number, at) for number, at in enumerate(timestamps)]
    return EmbeddedInbox(file, PARTITIONS).append(filling)


# Room


async def test_a_full_disk_stops_commits_and_they_go_on_by_themselves_once_there_is_room(file):
    inbox = EmbeddedInbox(file, PARTITIONS)
    owned = await EmbeddedLog(file, PARTITIONS).open(Partition(LEADS, 0))
    limit_pages(file, 60)
    step = Step(0, {b"%d" % n: b"x" * 10_000 for n in range(50)}, [Record(OUTCOMES, b"k", b"v", 1)])
    with pytest.raises(Unavailable, match="full"):
        await owned.commit(step)
    with pytest.raises(Unavailable, match="full"):
        await inbox.append([Record(LEADS, b"k", b"x" * 500_000, 1)])
    assert inbox.failing()
    assert (owned.rows, bounds(file, OUTCOMES), bounds(file, LEADS)) == ({}, (0, 0), (0, 0))
    limit_pages(file, 1_000_000)
    await owned.commit(step)
    await inbox.append([Record(LEADS, b"k", b"x" * 500_000, 1)])
    assert not inbox.failing()
    assert (len(owned.rows), bounds(file, OUTCOMES), bounds(file, LEADS)) == (50, (0, 1), (0, 1))


def limit_pages(file: EmbeddedFile, pages: int) -> None:
    file.write_now(lambda connection: connection.execute(f"PRAGMA max_page_count={pages}").fetchone())


async def test_waiting_for_another_process_leaves_the_loop_free(file):
    ticks = 0

    async def tick() -> None:
        nonlocal ticks
        while True:
            await asyncio.sleep(0.001)
            ticks += 1

    inbox = EmbeddedInbox(file, PARTITIONS)
    ticking = asyncio.create_task(tick())
    with closing(sqlite3.connect(file.path, isolation_level=None)) as other:
        other.execute("BEGIN IMMEDIATE")
        with pytest.raises(Unavailable, match=r"locked by another process for 0\.2 s"):
            await inbox.append([Record(LEADS, b"k", b"v", 1)])
    ticking.cancel()
    assert ticks > 20


# The file


async def test_a_file_of_another_version_is_refused_with_the_remedy(tmp_path):
    path = tmp_path / "sla.db"
    with closing(sqlite3.connect(path)) as connection:
        connection.execute("PRAGMA user_version=7")
    with pytest.raises(Misconfigured, match="has format 7; this program reads format 2: run the release"):
        EmbeddedFile(path)


async def test_a_file_of_another_program_is_refused(tmp_path):
    path = tmp_path / "sla.db"
    with closing(sqlite3.connect(path)) as connection:
        connection.execute("CREATE TABLE songs(title)")
    with pytest.raises(Misconfigured, match="another program"):
        EmbeddedFile(path)


async def test_a_damaged_file_is_lost_not_tried_again(tmp_path):
    path = tmp_path / "sla.db"
    path.write_bytes(b"no database " * 1000)
    with pytest.raises(LogLost, match="damaged"):
        EmbeddedFile(path)


async def test_a_file_that_cannot_be_made_is_unavailable(tmp_path):
    (tmp_path / "data").write_text("a file, no directory")
    with pytest.raises(Unavailable):
        EmbeddedFile(tmp_path / "data" / "sla.db")


@pytest.mark.parametrize("replaced", [False, True])
async def test_a_file_that_is_deleted_or_replaced_while_in_use_is_lost_at_once(file, replaced):
    await fill(file, LEADS, [1])
    file.path.unlink()
    if replaced:
        file.path.touch()
    with pytest.raises(LogLost, match="deleted or replaced"):
        await fill(file, LEADS, [2])
    with pytest.raises(LogLost, match="deleted or replaced"):
        bounds(file, LEADS)


async def test_another_number_of_partitions_is_refused(file):
    with pytest.raises(Misconfigured, match=r"t\.wide: has 3 partitions and cannot be given 4"):
        EmbeddedLog(file, {WIDE: 4})


async def test_only_its_user_can_read_the_file(file):
    assert file.path.stat().st_mode & 0o077 == 0


# Reading


async def test_a_reader_pages_through_rows(file):
    owned = await EmbeddedLog(file, PARTITIONS).open(Partition(LEADS, 0))
    await owned.commit(Step(0, {b"%05d" % n: b"v" for n in range(12_000)}))
    assert [key for key, _ in await EmbeddedReader(file).rows(LEADS)] == [b"%05d" % n for n in range(12_000)]
    assert len((await EmbeddedLog(file, PARTITIONS).open(Partition(LEADS, 0))).rows) == 12_000


async def test_a_log_that_is_not_there_yet_is_empty(file):
    reader = EmbeddedReader(file)
    assert (await reader.row("t.unknown", b"k"), list(await reader.rows("t.unknown"))) == (None, [])
    assert (await reader.bounds("t.unknown"), await reader.place("t.unknown")) == (((), ()), ())


# Retention and erasure


async def test_retention_deletes_old_records_up_to_the_place_and_not_beyond(file):
    await fill(file, LEADS, [0] * 1200)
    owned = await EmbeddedLog(file, PARTITIONS).open(Partition(LEADS, 0))
    await owned.commit(Step(1100))
    assert await Retention(file).retain(LEADS, HOUR, now=2 * HOUR) == 1100
    assert bounds(file, LEADS) == (1100, 1200)
    assert (await EmbeddedLog(file, PARTITIONS).open(Partition(LEADS, 0))).place == 1100


async def test_retention_stops_at_the_first_record_that_is_young(file):
    await fill(file, OUTCOMES, [0, HOUR - 1, HOUR, 0])
    assert await Retention(file).retain(OUTCOMES, HOUR, now=2 * HOUR, consumed=False) == 2
    assert records(file, OUTCOMES) == [Stored(2, b"k", b"2", HOUR), Stored(3, b"k", b"3", 0)]


async def test_retention_keeps_all_of_a_log_that_nobody_has_opened_yet(file):
    await fill(file, LEADS, [0] * 10)
    assert await Retention(file).retain(LEADS, HOUR, now=2 * HOUR) == 0


async def test_a_log_emptied_by_retention_goes_on_counting(file):
    await fill(file, OUTCOMES, [0] * 10)
    await Retention(file).retain(OUTCOMES, HOUR, now=2 * HOUR, consumed=False)
    await fill(file, OUTCOMES, [HOUR])
    assert records(file, OUTCOMES) == [Stored(10, b"k", b"0", HOUR)]


async def test_deleted_content_is_nowhere_in_the_files_after_a_checkpoint(file):
    """R31."""
    owned = await EmbeddedLog(file, PARTITIONS).open(Partition(LEADS, 0))
    secret = b"+7 495 123-45-67"
    records = [Record(OUTCOMES, b"k", secret * 10, 0) for _ in range(200)]
    await owned.commit(Step(0, {b"a": secret * 1000, b"b": b"kept"}, records))
    await owned.commit(Step(0, {b"a": None}))
    await Retention(file).retain(OUTCOMES, HOUR, now=2 * HOUR, consumed=False)
    await Retention(file).checkpoint()
    contents = b"".join(found.read_bytes() for found in file.path.parent.iterdir())
    assert secret not in contents
    assert b"kept" in contents

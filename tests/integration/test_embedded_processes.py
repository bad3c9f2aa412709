"""The embedded log between processes, and through their death."""

from __future__ import annotations

import asyncio
import os
import random
import sys
import time
from pathlib import Path

import pytest

from sla_monitor.errors import InUse
from sla_monitor.records import Partition
from sla_monitor.stream.embedded import DirectoryLock, EmbeddedFile, EmbeddedLog, EmbeddedReader
from tests import embedded
from tests.integration.embedded_child import IN, OUT, PARTITIONS, append, fold


async def child(task: str, path: Path, name: str) -> asyncio.subprocess.Process:
    script = Path(__file__).with_name("embedded_child.py")
    root = str(Path(__file__).parents[2])
    return await asyncio.create_subprocess_exec(
        sys.executable,
        script,
        task,
        path,
        name,
        stdout=asyncio.subprocess.PIPE,
        env={**os.environ, "PYTHONPATH": root},
        limit=1 << 22,
    )


async def kill(process: asyncio.subprocess.Process) -> list[str]:
    """The lines it printed."""
    process.kill()
    output = await process.stdout.read()
    await process.wait()
    return output.decode().split("\n")[:-1]


async def test_kill_9_loses_no_acknowledged_append_and_splits_no_step(tmp_path):
    path = tmp_path / "sla.db"
    acknowledged = []
    for life in range(10):
        process = await child("work", path, f"life{life}")
        acknowledged += [(await process.stdout.readline()).decode().strip() for _ in range(random.randint(1, 40))]
        acknowledged += await kill(process)
        check_whole(path)
    file = EmbeddedFile(path)
    stored = {record.value.decode() for record in embedded.records(file, IN)}
    file.close()
    assert {f"{pair}-{half}" for pair in acknowledged for half in "ab"} <= stored


def check_whole(path: Path) -> None:
    """Pairs are whole; rows, counter and outputs are exactly those of the records before the place."""
    file = EmbeddedFile(path)
    values = [record.value for record in embedded.records(file, IN)]
    outputs = [record.value for record in embedded.records(file, OUT)]
    rows = embedded.rows(file, IN)
    file.close()
    assert [value[:-1] for value in values[::2]] == [value[:-1] for value in values[1::2]]
    assert outputs == values[: len(outputs)]
    assert int(rows.pop(b"count", b"0")) == len(outputs)
    assert set(rows) == set(outputs)


async def test_two_processes_append_while_a_worker_steps_and_it_never_waits_long(tmp_path):
    file = EmbeddedFile(tmp_path / "sla.db")
    owned = await EmbeddedLog(file, PARTITIONS).open(Partition(IN, 0))
    others = [await child("append", file.path, name) for name in ("web1", "web2")]
    for other in others:
        await other.stdout.readline()
    ours = asyncio.create_task(append(file, "own", 300))
    waits = []
    async with EmbeddedReader(file).tail(IN, (owned.place,)) as tail:
        while len(waits) < 300 or not ours.done():
            taken = await tail.take()
            began = time.perf_counter()
            await owned.commit(fold(taken, owned.rows))
            waits.append(time.perf_counter() - began)
        acknowledged = [line for other in others for line in await kill(other)]
        while owned.place < embedded.bounds(file, IN)[1]:
            await owned.commit(fold(await tail.take(), owned.rows))
    outputs = [record.value.decode() for record in embedded.records(file, OUT)]
    file.close()
    assert max(waits) < 0.5  # seconds; a few milliseconds on an idle machine
    assert {f"{pair}-{half}" for pair in acknowledged for half in "ab"} <= set(outputs)
    for name in ("web1", "web2", "own"):
        numbers = [int(output.split("-")[1]) for output in outputs if output.startswith(name)]
        assert numbers == [number for number in range(len(numbers) // 2) for _ in "ab"]


async def test_a_commit_of_another_process_wakes_a_reader(tmp_path):
    file = EmbeddedFile(tmp_path / "sla.db")
    EmbeddedLog(file, PARTITIONS)
    async with EmbeddedReader(file).tail(IN, (0,)) as tail:
        waiting = asyncio.create_task(tail.take())
        other = await child("append", file.path, "web")
        assert (await asyncio.wait_for(waiting, 10))[0].record.offset == 0
        await kill(other)
    file.close()


async def test_a_second_worker_is_told_who_has_the_directory(tmp_path):
    holder = await child("lock", tmp_path / "sla.db", "")
    await holder.stdout.readline()
    with pytest.raises(InUse, match=rf"{tmp_path} is in use by another worker \(pid {holder.pid}\)"):
        DirectoryLock(tmp_path)
    await kill(holder)
    DirectoryLock(tmp_path).close()


def test_a_closed_lock_lets_the_next_worker_in(tmp_path):
    DirectoryLock(tmp_path / "data").close()
    DirectoryLock(tmp_path / "data").close()

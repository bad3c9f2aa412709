"""Processes for the tests of the embedded log: `python embedded_child.py work|append|lock PATH [NAME]`.

`work` appends records and folds them in steps, `append` only appends, `lock` takes the directory and waits. Each
prints a line when something is durable.
"""

from __future__ import annotations

import asyncio
import sys
from collections.abc import Sequence
from itertools import count
from pathlib import Path

from sla_monitor.records import Partition, Record, Taken
from sla_monitor.stream.embedded import DirectoryLock, EmbeddedFile, EmbeddedInbox, EmbeddedLog, EmbeddedReader
from sla_monitor.stream.step import Step

IN, OUT = "t.in", "t.out"
PARTITIONS = {IN: 1, OUT: 1}


async def append(file: EmbeddedFile, name: str, total: int | None = None) -> None:
    """Append pairs of records, one request after another; say when a pair is stored."""
    inbox = EmbeddedInbox(file, PARTITIONS)
    for number in count() if total is None else range(total):
        await inbox.append([Record(IN, name.encode(), f"{name}-{number}-{half}".encode(), 1) for half in "ab"])
        print(f"{name}-{number}", flush=True)


async def work(file: EmbeddedFile) -> None:
    """Fold each record into a row of the same value, a counter, and an output."""
    owned = await EmbeddedLog(file, PARTITIONS).open(Partition(IN, 0))
    async with EmbeddedReader(file).tail(IN, (owned.place,)) as tail:
        while True:
            await owned.commit(fold(await tail.take(), owned.rows))


def fold(taken: Sequence[Taken], rows: dict[bytes, bytes]) -> Step:
    step = Step(taken[-1].position[0])
    for _, stored in taken:
        step.rows[stored.value] = stored.value
        step.rows[b"count"] = b"%d" % (int(step.rows.get(b"count") or rows.get(b"count", b"0")) + 1)
        step.records.append(Record(OUT, b"k", stored.value, 1))
    return step


async def main(task: str, path: Path, name: str) -> None:
    if task == "lock":
        lock = DirectoryLock(path.parent)
        print("locked", flush=True)
        await asyncio.Event().wait()
        lock.close()
    file = EmbeddedFile(path)
    tasks = [append(file, name)] if task == "append" else [append(file, name), work(file)]
    await asyncio.gather(*tasks)


if __name__ == "__main__":
    asyncio.run(main(sys.argv[1], Path(sys.argv[2]), sys.argv[3]))

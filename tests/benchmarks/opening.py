"""From start to all partitions open, and what the rows take: `python -m tests.benchmarks.opening [leads] [runs]`

Each run opens the same file of open leads in a process of its own, as `up` does after a crash. Beside it: the same
rows read from SQLite into a plain dict, and the same start on an empty data directory.
"""

from __future__ import annotations

import asyncio
import gc
import json
import sqlite3
import subprocess
import sys
from collections import defaultdict
from pathlib import Path
from time import perf_counter

from tests.benchmarks import leads
from tests.benchmarks.running import (
    StandingClock,
    directory,
    machine,
    memory,
    opened,
    peak_memory,
    running,
    say,
    settings,
    until,
)
from tests.benchmarks.workload import roster

MIB = 1 << 20


async def start(path: Path) -> dict[str, float]:
    """Start on a data directory until it is open."""
    async with running(path, roster(), StandingClock(leads.START)) as (up, watch):
        seconds = await until(lambda: opened(up), 0.005) - watch.began
        peak = peak_memory()
        gc.collect()
        return {"seconds": seconds, "bytes": memory(), "peak": peak}


def read(path: Path) -> dict[str, float]:
    """The baseline: nothing but the rows."""
    connection = sqlite3.connect(settings(path).database)
    began = perf_counter()
    rows: dict[tuple[int, bytes], bytes] = {}
    for partition, key, value in connection.execute("SELECT partition, key, value FROM rows ORDER BY partition, key"):
        rows[partition, key] = value
    seconds = perf_counter() - began
    topics = dict(connection.execute("SELECT id, topic FROM partitions"))
    connection.close()
    sizes: dict[str, float] = defaultdict(int)
    for (partition, key), value in rows.items():
        sizes[f"bytes in rows of {topics[partition]}"] += len(key) + len(value)
    return {"seconds": seconds, **sizes}


def child(what: str, path: Path) -> dict[str, float]:
    """The same in a process of its own."""
    command = [sys.executable, "-m", "tests.benchmarks.opening", what, str(path)]
    result: dict[str, float] = json.loads(subprocess.check_output(command))
    return result


def main(number: int = 100_000, runs: int = 3) -> None:
    sys.stdout.write(f"{machine()}; {number:,} open leads, {runs} runs\n")
    found = defaultdict(list)
    with directory() as path, directory() as empty:
        leads.prepare(path, number)
        for _ in range(runs):
            nothing, full, raw = child("start", empty), child("start", path), child("read", path)
            found["seconds to open"].append(full["seconds"])
            found["seconds to start with nothing"].append(nothing["seconds"])
            found["baseline: seconds to read the rows"].append(raw["seconds"])
            found["opening as a multiple of reading"].append(full["seconds"] / raw["seconds"])
            found["bytes a lead, resident"].append((full["bytes"] - nothing["bytes"]) / number)
            found["bytes a lead, at the peak"].append((full["peak"] - nothing["peak"]) / number)
            found["MiB resident"].append(full["bytes"] / MIB)
            for name in sorted(raw.keys() - {"seconds"}):
                found[f"{name}, a lead"].append(raw[name] / number)
    for name, values in found.items():
        say(name, values)


if __name__ == "__main__":
    match sys.argv[1:]:
        case ["start", where]:
            sys.stdout.write(json.dumps(asyncio.run(start(Path(where)))))
        case ["read", where]:
            sys.stdout.write(json.dumps(read(Path(where))))
        case numbers:
            main(*map(int, numbers))

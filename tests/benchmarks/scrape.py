"""What a scrape costs, and whether timers notice: `python -m tests.benchmarks.scrape [leads] [seconds] [rounds]`

`up` with so many open leads (1M), whose dues lie evenly in an hour, 2,000 managers and 50 sources, so that every
series there can be is shown. In turns of `seconds` (20) it is left alone, then scraped every second by another
process, `rounds` times each: the lateness of timers with and without scrapes is of the same run.
"""

from __future__ import annotations

import asyncio
import gzip
import json
import subprocess
import sys
import time
import urllib.request
from collections import defaultdict
from dataclasses import replace
from pathlib import Path

from sla_monitor.bootstrap import Up
from sla_monitor.core.effects import Log
from sla_monitor.core.rules import Manager
from tests.benchmarks import leads
from tests.benchmarks.lateness import ALLOWANCE
from tests.benchmarks.running import StandingClock, directory, folded, machine, opened, running, say, share, until
from tests.benchmarks.workload import roster

PEOPLE, SOURCES = 2_000, 50


def fill(up: Up) -> None:
    """All managers and sources, as if each had been seen."""
    people = {f"person-{n:04}": Manager(id=f"person-{n:04}") for n in range(PEOPLE)}
    up.metrics.know(replace(roster(), managers=people), (f"source-{n:02}" for n in range(SOURCES - 1)))
    desk = next(owner for owner in up._worker.owners.values() if owner.role.log is Log.DESK)
    desk.reducer.loads.update(dict.fromkeys(people, 3))


def scrape(url: str, seconds: float) -> None:
    """In a process of its own, as Prometheus does it: each second, compressed, and read to the end."""
    end = time.monotonic() + seconds
    while (began := time.monotonic()) < end:
        asked = urllib.request.Request(f"{url}/metrics", headers={"Accept-Encoding": "gzip"})
        with urllib.request.urlopen(asked) as answer:
            body = answer.read()
            body = gzip.decompress(body) if answer.headers["Content-Encoding"] == "gzip" else body
        took = time.monotonic() - began
        samples = sum(not line.startswith(b"#") for line in body.splitlines())
        sys.stdout.write(json.dumps({"ms": took * 1000, "samples": samples, "KiB": len(body) / 1024}) + "\n")
        time.sleep(max(0.0, 1 - took))


async def scraped(url: str, seconds: float) -> list[dict[str, float]]:
    command = [sys.executable, "-m", "tests.benchmarks.scrape", "scrape", url, str(seconds)]
    process = await asyncio.create_subprocess_exec(*command, stdout=subprocess.PIPE)
    said, _ = await process.communicate()
    return [json.loads(line) for line in said.splitlines()]


async def run(path: Path, seconds: float, rounds: int) -> dict[str, list[float]]:
    clock = StandingClock(leads.START)
    found = defaultdict(list)
    async with running(path, roster(), clock) as (up, watch):
        await until(lambda: opened(up) and folded(up))
        fill(up)
        clock.release()
        await asyncio.sleep(leads.FIRST_DUE + ALLOWANCE)
        for _ in range(rounds):
            watch.late.clear()
            await asyncio.sleep(seconds)
            alone = list(watch.late)
            watch.late.clear()
            scrapes = await scraped(up.server.url, seconds)
            beside = list(watch.late)
            found["lateness p99 alone, ms"].append(share(alone, 99))
            found["lateness p99 while scraped, ms"].append(share(beside, 99))
            found["while scraped as a multiple of alone"].append(share(beside, 99) / share(alone, 99))
            found["breaches/s while scraped"].append(len(beside) / seconds)
            for name in ("ms", "samples", "KiB"):
                found[f"a scrape, {name}"] += [one[name] for one in scrapes]
    return found


def main(number: int = 1_000_000, seconds: int = 20, rounds: int = 3) -> None:
    sys.stdout.write(f"{machine()}; {number:,} open leads, {rounds} rounds of {seconds} s each way\n")
    with directory() as path:
        leads.prepare(path, number, 3600)
        for name, values in asyncio.run(run(path, seconds, rounds)).items():
            say(name, values)


if __name__ == "__main__":
    if sys.argv[1:2] == ["scrape"]:
        scrape(sys.argv[2], float(sys.argv[3]))
    else:
        main(*map(int, sys.argv[1:]))

"""How late timers fire: `python -m tests.benchmarks.lateness [leads] [seconds] [spread] [runs]`

The dues of so many open leads lie evenly in the `spread` seconds (an hour) after the start. The clock stands until
all partitions are open, then runs for `seconds`; each breach asks the number, is decided, published and reassigned
by the desk, as in life. Lateness is what `sla_timer_lateness_seconds` observes: real time from a timer's instant to
the step that fired it.
"""

from __future__ import annotations

import asyncio
import sys
from collections import defaultdict
from pathlib import Path
from time import process_time

from sla_monitor.core.rules import Policy
from tests.benchmarks import leads
from tests.benchmarks.running import StandingClock, directory, folded, machine, opened, running, say, share, until
from tests.benchmarks.workload import roster

ALLOWANCE = Policy().allowance / 1000
"""Seconds after its due at which a breach is asked for."""


async def run(path: Path, seconds: float) -> dict[str, float]:
    clock = StandingClock(leads.START)
    async with running(path, roster(), clock) as (up, watch):
        await until(lambda: opened(up) and folded(up))
        watch.late.clear()
        clock.release()
        await asyncio.sleep(leads.FIRST_DUE + ALLOWANCE)
        began = process_time()
        await asyncio.sleep(seconds)
        busy = (process_time() - began) / seconds
        late = watch.late
        return {
            "breaches": len(late),
            "breaches/s": len(late) / seconds,
            "processor ms a breach": busy * seconds * 1000 / len(late),
            "lateness p50, ms": share(late, 50),
            "lateness p99, ms": share(late, 99),
            "lateness at most, ms": max(late),
            "processor, share of one core": busy,
        }


def main(number: int = 100_000, seconds: int = 60, spread: int = 3600, runs: int = 3) -> None:
    sys.stdout.write(f"{machine()}; {number:,} open leads due within {spread:,} s, {runs} runs of {seconds} s\n")
    found = defaultdict(list)
    for _ in range(runs):
        with directory() as path:
            leads.prepare(path, number, spread)
            for name, value in asyncio.run(run(path, seconds)).items():
                found[name].append(value)
    for name, values in found.items():
        say(name, values)


if __name__ == "__main__":
    main(*map(int, sys.argv[1:]))

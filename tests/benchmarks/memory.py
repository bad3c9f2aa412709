"""Bytes per open lead: `python -m tests.benchmarks.memory [leads ...]`

What the process has once everything is open, less what it has with nothing: each lead with its own row, its
number's, the desk's and its notices', their timers and the loads. Beside it, what lies in the rows and their keys.
"""

from __future__ import annotations

import sys

from tests.benchmarks import leads
from tests.benchmarks.opening import child
from tests.benchmarks.running import directory, machine, say


def measure(number: int) -> dict[str, float]:
    with directory() as path, directory() as empty:
        leads.prepare(path, number)
        nothing, full, raw = child("start", empty), child("start", path), child("read", path)
    rows = {name: size / number for name, size in raw.items() if name != "seconds"}
    return {
        "bytes a lead, resident": (full["bytes"] - nothing["bytes"]) / number,
        "bytes a lead, in rows and their keys": sum(rows.values()),
        **{f"  {name}": size for name, size in rows.items()},
    }


def main(*numbers: int) -> None:
    for number in numbers or (10_000, 100_000, 1_000_000):
        sys.stdout.write(f"{machine()}; {number:,} open leads\n")
        for name, value in measure(number).items():
            say(name, [value])


if __name__ == "__main__":
    main(*map(int, sys.argv[1:]))

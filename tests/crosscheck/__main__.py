"""`python -m tests.crosscheck --days N --seed S`: random days through the real program, every figure reckoned again."""

from __future__ import annotations

import argparse
import sys
import tempfile
from pathlib import Path

from tests.crosscheck.day import AUTUMN
from tests.crosscheck.run import Led, LedOnKafka, Program, Run, faults, lived, yesterday


def program(directory: Path, run: Run, servers: str) -> Program:
    return LedOnKafka(directory, run.begins, servers) if servers else Led(directory, run.begins)


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--days", type=int, default=3)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--leads", type=int, default=400)
    parser.add_argument("--hours", type=float, default=9, help="of the domain, in which leads come")
    parser.add_argument("--kills", type=int, default=3)
    parser.add_argument(
        "--kafka", default="", help="a broker, instead of the embedded log; the days are of yesterday then"
    )
    given = parser.parse_args()
    wrong = 0
    for number in range(given.days):
        begins = yesterday() if given.kafka else AUTUMN
        run = Run(given.seed + number, given.leads, given.hours, given.kills, begins)
        with tempfile.TemporaryDirectory() as directory, lived(run, program(Path(directory), run, given.kafka)) as it:
            found = list(faults(it))
        print(f"day {run.seed}: {len(found)} differences")
        for fault in found:
            print("  ", fault)
        wrong += len(found)
    return min(wrong, 1)


if __name__ == "__main__":
    sys.exit(main())

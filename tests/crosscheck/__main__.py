"""`python -m tests.crosscheck --days N --seed S`: random days through the real program, every figure reckoned again."""

from __future__ import annotations

import argparse
import sys
import tempfile
from pathlib import Path

from tests.crosscheck.run import Run, faults, lived


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--days", type=int, default=3)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--leads", type=int, default=400)
    parser.add_argument("--hours", type=float, default=9, help="of the domain, in which leads come")
    parser.add_argument("--kills", type=int, default=3)
    given = parser.parse_args()
    wrong = 0
    for number in range(given.days):
        run = Run(seed=given.seed + number, leads=given.leads, hours=given.hours, kills=given.kills)
        with tempfile.TemporaryDirectory() as directory, lived(run, Path(directory)) as it:
            found = list(faults(it))
        print(f"day {run.seed}: {len(found)} differences")
        for fault in found:
            print("  ", fault)
        wrong += len(found)
    return min(wrong, 1)


if __name__ == "__main__":
    sys.exit(main())

"""The state machines by other seeds than that of the tests: `python -m tests.properties.seeds FIRST LAST`.

Prints a line a seed, and the steps of a story that broke a promise. Exits with 1 if one did.
"""

from __future__ import annotations

import sys
from collections.abc import Iterator

from hypothesis import core, settings
from hypothesis.stateful import run_state_machine_as_test

import tests.conftest  # noqa: F401 - a seed gives the same as in the tests
from tests.properties.test_machine import SETTINGS, Joining, Machine

FREE = settings(SETTINGS, derandomize=False, database=None)


def broken(first: int, last: int) -> Iterator[str]:
    """What went wrong, by seed."""
    for seed in range(first, last + 1):
        core.global_force_seed = seed
        for machine in (Machine, Joining):
            try:
                run_state_machine_as_test(machine, settings=FREE)
            except AssertionError as error:
                steps = getattr(error, "__notes__", ())
                yield "\n".join([f"{machine.__name__}, seed {seed}: {error}", *steps])
        print(f"seed {seed} is through", flush=True)


def main(first: str = "1", last: str = "10") -> int:
    found = 0
    for told in broken(int(first), int(last)):
        print(told, flush=True)
        found += 1
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))

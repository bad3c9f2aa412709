"""A short day of the cross-check: `python -m tests.crosscheck` lives longer ones, with `--kafka` on a broker."""

from __future__ import annotations

import ast
import sys
from collections.abc import Iterator
from datetime import datetime, time
from pathlib import Path

import pytest

from tests.crosscheck import surfaces
from tests.crosscheck.promises import MINUTE, Hours, Promise
from tests.crosscheck.run import SLACK, Led, Run, days, faults, lived

NIGHT = Hours("Europe/Berlin", time(22), time(6))


def ms(text: str) -> int:
    return int(datetime.fromisoformat(text).timestamp() * 1000)


def test_every_figure_of_a_day_is_what_raw_outcomes_and_sent_events_say(tmp_path: Path) -> None:
    run = Run(seed=1, leads=40, hours=3, kills=1)
    with lived(run, Led(tmp_path, run.begins)) as it:
        assert list(faults(it)) == []

        fewer = [one for one in it.outcomes if one["type"] != "sla.met.v1"]
        assert list(surfaces.ledger_faults(it.program, fewer))  # what is wrong is seen, on every surface
        assert list(surfaces.report_faults(it.program, fewer, "Europe/Berlin", *days(run, "Europe/Berlin")))
        assert list(surfaces.board_faults(it.program, fewer))
        assert list(surfaces.promise_faults(it.reckonable, fewer, it.program.clock.now(), SLACK))


def imported(path: Path) -> Iterator[str]:
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            yield node.module or ""


@pytest.mark.parametrize("name", ["reckoning", "promises"])
def test_what_reckons_uses_nothing_but_the_standard_library(name: str) -> None:
    used = {module.partition(".")[0] for module in imported(Path(__file__).with_name(f"{name}.py"))}
    assert used <= sys.stdlib_module_names


@pytest.mark.parametrize("name", ["surfaces", "day", "run"])
def test_what_drives_and_compares_uses_no_code_of_the_product(name: str) -> None:
    assert not [module for module in imported(Path(__file__).with_name(f"{name}.py")) if "sla_monitor" in module]


@pytest.mark.parametrize(
    ("came", "start", "due"),
    [
        ("2026-10-24T21:00+02:00", "2026-10-24T22:00+02:00", "2026-10-24T22:45+02:00"),
        ("2026-10-24T23:10+02:00", "2026-10-24T23:10+02:00", "2026-10-24T23:55+02:00"),
        ("2026-10-25T02:50+02:00", "2026-10-25T02:50+02:00", "2026-10-25T02:35+01:00"),  # clocks are put back
        ("2026-10-25T05:15+01:00", "2026-10-25T05:15+01:00", "2026-10-25T06:00+01:00"),
        ("2026-10-25T05:50+01:00", "2026-10-25T05:50+01:00", "2026-10-25T22:35+01:00"),
        ("2026-10-25T06:00+01:00", "2026-10-25T22:00+01:00", "2026-10-25T22:45+01:00"),
    ],
)
def test_r06_a_promise_runs_in_open_time_through_the_night_in_which_clocks_are_put_back(
    came: str, start: str, due: str
) -> None:
    promise = Promise("L", ms(came), NIGHT, 45 * MINUTE)
    assert (promise.start, promise.due) == (ms(start), ms(due))


def test_a_promise_is_kept_broken_ended_or_not_yet_known() -> None:
    due, slack = 30 * MINUTE, MINUTE

    def verdict(now: int, *responses: int, ended: tuple[int, str] | None = None) -> str | None:
        return Promise("L", 0, None, due, list(responses), ended).verdict(now, slack)

    assert verdict(40 * MINUTE, due) == "in_time"
    assert verdict(40 * MINUTE, due + 1) == "late"
    assert verdict(40 * MINUTE, due + 5, due - 5) == "in_time"
    assert verdict(due - 1) == "undecided"
    assert verdict(due + slack) is None
    assert verdict(40 * MINUTE, ended=(due, "junk")) == "junk"
    assert verdict(40 * MINUTE, ended=(due + 1, "junk")) == "late"
    assert verdict(40 * MINUTE, 5, ended=(6, "junk")) == "in_time"

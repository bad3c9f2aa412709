"""A percentage is worked out in one way, wherever it is shown."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

import sla_monitor
from sla_monitor.report.percent import percent, share

HERE = Path(sla_monitor.__file__).parent
WAYS = re.compile(r"(?<![\w.])100\s*[*/]|[*/]{1,2}\s*100(?![\w_])|:\.\d+%\}")
"""What works out a percentage."""

ELSEWHERE = {
    "report/percent.py": "the way of the server",
    "web/static/percent.mjs": "the way of the page",
    "report/figures.py": "a rank, not a percentage",
    "web/static/aside.mjs": "a rank, not a percentage",
    "forecast.py": "a part of a target, by the percent that the policy names",
    "alerting/promise.py": "the words of a rule: how much is allowed",
}


@pytest.mark.parametrize(("part", "whole", "told"), [(29, 50, 58), (2, 3, 66), (199, 200, 99), (0, 7, 0), (5, 5, 100)])
def test_percent_are_whole_and_rounded_down(part: int, whole: int, told: int) -> None:
    assert percent(part, whole) == told


def test_of_nothing_there_is_none() -> None:
    assert (percent(0, 0), share(0, 0)) == (None, None)


def test_a_share_is_1_only_if_it_is_all_of_them() -> None:
    assert share(199_999, 200_000) == 0.9999
    assert share(2, 3) == 0.6666
    assert all(share(part, 300) == percent(part, 300) / 100 for part in range(0, 301, 3))


def test_there_is_no_other_way_to_a_percentage() -> None:
    found = {
        str(path.relative_to(HERE)): line
        for path in [*HERE.rglob("*.py"), *HERE.rglob("*.mjs")]
        if HERE / "core" not in path.parents  # which shows nothing
        for line in path.read_text().splitlines()
        if WAYS.search(line.partition("  #")[0])
    }
    assert {name: line for name, line in found.items() if name not in ELSEWHERE} == {}

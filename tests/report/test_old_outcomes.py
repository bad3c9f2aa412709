"""Outcomes of before they said their cycle, who has the lead and what was promised are reckoned right all the same.

`outcomes-6b888d4.jsonl.gz` was made once by that code: 40 random stories, a line each, of [type, lead, turn, at, data].
"""

from __future__ import annotations

import gzip
import json
from collections import Counter
from datetime import timedelta

import pytest

from sla_monitor import codec
from sla_monitor.core.effects import Publish
from sla_monitor.core.rules import HOUR, Policy, Rules
from sla_monitor.records import Stored
from sla_monitor.report import reading
from sla_monitor.report.figures import By, report
from sla_monitor.report.period import Period
from sla_monitor.report.table import FIGURES, Added
from tests.report import brute
from tests.report.days import MOSCOW
from tests.report.golden import HERE
from tests.report.test_figures import OFFICE, START

STORIES = [
    [
        Publish(type=kind, lead_id=lead_id, turn=turn, at=at, data=data)
        for kind, lead_id, turn, at, data in json.loads(line)
    ]
    for line in gzip.decompress((HERE / "outcomes-6b888d4.jsonl.gz").read_bytes()).splitlines()
]
RULES = Rules(policies=(Policy(calendar="office", contact_target=HOUR),), calendars={"office": OFFICE})


def test_they_are_old() -> None:
    assert len(STORIES) == 40
    assert not any(
        {"cycle", "holder_after", "objective"} & outcome.data.keys() for story in STORIES for outcome in story
    )


@pytest.mark.parametrize("number", range(len(STORIES)))
@pytest.mark.parametrize("days", [(-1, 0), (0, 0), (1, 2), (-3, 12)])
def test_every_count_is_what_follows_from_them(number: int, days: tuple[int, int]) -> None:
    first, last = (START + timedelta(days=day) for day in days)
    period = Period(first, last, MOSCOW)
    clocks = reading.clocks_of(RULES, period)
    records = [
        Stored(n, outcome.lead_id.encode(), codec.encode_outcome(outcome), outcome.at)
        for n, outcome in enumerate(STORIES[number])
    ]
    clocks.apply(record.value for record in records)
    while wanted := clocks.missing():
        clocks.want(wanted)
        clocks.apply_to(wanted, records)
    expected = brute.figures(STORIES[number], (), period.begin, period.end, MOSCOW)
    for row in report(clocks, period, By.MANAGER).rows:
        counted = {figure.name: figure.value(row.figures) for figure in FIGURES if figure.added is Added.SUM}
        assert +Counter(counted) == +expected["manager", row.key]

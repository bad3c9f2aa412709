"""When a dead man's switch speaks, as a timetable."""

from __future__ import annotations

import pytest

from sla_monitor.core.rules import HOUR, MINUTE, SECOND
from sla_monitor.deadman.switch import Kind, News, Switch
from tests.world import T0


def watched(switch: Switch, begin: int, end: int, *signs: int) -> list[tuple[int, News]]:
    """(instant, news) from looking every second, in ms after T0."""
    news = []
    for at in range(begin, end, SECOND):
        found = [switch.sign(T0 + at) if at in signs else None, switch.look(T0 + at)]
        news += [(at, each) for each in found if each]
    return news


@pytest.fixture
def switch() -> Switch:
    return Switch(6 * MINUTE, HOUR, T0)


def test_it_says_nothing_while_there_are_signs(switch: Switch) -> None:
    assert watched(switch, 0, HOUR, *range(0, HOUR, 5 * MINUTE)) == []


def test_it_speaks_after_a_silence_and_again_while_it_lasts(switch: Switch) -> None:
    assert watched(switch, 0, 3 * HOUR) == [
        (6 * MINUTE, News(Kind.SILENT, 6 * MINUTE)),
        (HOUR + 6 * MINUTE, News(Kind.STILL, HOUR + 6 * MINUTE)),
        (2 * HOUR + 6 * MINUTE, News(Kind.STILL, 2 * HOUR + 6 * MINUTE)),
    ]


def test_it_says_once_that_signs_are_back_and_for_how_long_there_were_none(switch: Switch) -> None:
    assert watched(switch, 0, 15 * MINUTE, 10 * MINUTE, 11 * MINUTE)[1:] == [
        (10 * MINUTE, News(Kind.BACK, 10 * MINUTE))
    ]


def test_a_second_silence_is_told_like_the_first(switch: Switch) -> None:
    told = watched(switch, 0, 20 * MINUTE, 10 * MINUTE)
    assert [(at, news.kind) for at, news in told] == [
        (6 * MINUTE, Kind.SILENT),
        (10 * MINUTE, Kind.BACK),
        (16 * MINUTE, Kind.SILENT),
    ]


def test_one_that_has_just_started_listens_before_it_speaks() -> None:
    switch = Switch(6 * MINUTE, HOUR, T0)
    assert watched(switch, HOUR, HOUR + 10 * MINUTE) == [
        (HOUR + 2 * MINUTE, News(Kind.SILENT, HOUR + 2 * MINUTE)),
    ]


def test_so_does_one_that_stood_still_with_its_machine(switch: Switch) -> None:
    watched(switch, 0, MINUTE)
    assert watched(switch, HOUR, HOUR + MINUTE, HOUR + 30 * SECOND) == []


def test_a_silence_that_was_told_before_a_restart_is_told_again_in_its_time() -> None:
    switch = Switch(6 * MINUTE, HOUR, T0, told=T0 + 6 * MINUTE)
    assert [at for at, _ in watched(switch, 30 * MINUTE, 2 * HOUR)] == [HOUR + 6 * MINUTE]


def test_a_short_silence_may_be_asked_for() -> None:
    assert [at for at, _ in watched(Switch(5 * SECOND, HOUR, T0), 0, MINUTE)] == [5 * SECOND]

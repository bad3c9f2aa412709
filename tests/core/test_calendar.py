from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from functools import cache
from zoneinfo import ZoneInfoNotFoundError

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from sla_monitor.core import calendar as module
from sla_monitor.core.calendar import ALWAYS, Calendar, OpenTime, calendar, intersection, to_utc, union, zone
from sla_monitor.core.rules import DAY, HOUR, MINUTE, SECOND, Hours, Intervals

CLOSED: Intervals = ()
YEAR = 366 * DAY


def ms(text: str) -> int:
    return round(datetime.fromisoformat(text).timestamp() * 1000)


def hours(day: Intervals, timezone: str = "UTC", **dates: Intervals) -> Hours:
    return Hours(timezone, (day,) * 7, {name[1:].replace("_", "-"): spans for name, spans in dates.items()})


OFFICE = Calendar(Hours("UTC", (((540, 1020),),) * 5 + (CLOSED, CLOSED)))
MON_9 = ms("2024-01-15T09:00Z")
MON_17 = ms("2024-01-15T17:00Z")
TUE_9 = ms("2024-01-16T09:00Z")
NEVER = Calendar(hours(CLOSED))
ONE_DAY = Calendar(hours(CLOSED, _2024_01_15=((540, 1020),)))


def test_opening_is_open_and_closing_is_closed():
    assert [OFFICE.is_open(at) for at in (MON_9 - 1, MON_9, MON_17 - 1, MON_17)] == [False, True, True, False]


def test_work_that_ends_at_closing_is_due_at_closing():
    assert OFFICE.add(MON_9, 8 * HOUR) == MON_17
    assert OFFICE.add(MON_9, 8 * HOUR + 1) == TUE_9 + 1


def test_no_span_is_due_at_the_next_opening():
    assert OFFICE.add(MON_17, 0) == TUE_9
    assert OFFICE.add(MON_9 + 1, 0) == MON_9 + 1


def test_next_open_is_the_instant_itself_while_open():
    assert OFFICE.next_open(MON_9 + 5) == MON_9 + 5
    assert OFFICE.next_open(MON_17) == TUE_9


def test_next_close_is_the_first_closing_at_or_after_the_instant():
    assert [OFFICE.next_close(at) for at in (MON_9, MON_17)] == [MON_17, MON_17]
    assert OFFICE.next_close(MON_17 + 1) == ms("2024-01-16T17:00Z")


def test_next_change_is_strictly_later():
    assert [OFFICE.next_change(at) for at in (MON_9 - 1, MON_9, MON_17 - 1, MON_17)] == [MON_9, MON_17, MON_17, TUE_9]


def test_nothing_elapses_backwards():
    assert OFFICE.elapsed(MON_17, MON_9) == 0


def test_around_the_clock_never_closes():
    assert ALWAYS.next_close(MON_9) is None
    assert ALWAYS.next_change(MON_9) is None
    assert ALWAYS.open_intervals(MON_9, 3) == [(MON_9, None)]
    assert ALWAYS.add(MON_9, 10 * YEAR) == MON_9 + 10 * YEAR
    assert not ALWAYS.never_opens


def test_what_never_opens_runs_by_the_wall_clock():
    assert NEVER.never_opens
    assert Calendar(hours(CLOSED, _2024_01_15=CLOSED)).never_opens
    assert NEVER.add(MON_9, HOUR) == MON_9 + HOUR
    assert NEVER.next_open(MON_9) == MON_9
    assert (NEVER.next_close(MON_9), NEVER.next_change(MON_9)) == (None, None)
    assert NEVER.elapsed(MON_9, TUE_9) == 0
    assert NEVER.open_intervals(MON_9, 3) == []


def test_after_its_last_opening_the_rest_runs_by_the_wall_clock():
    assert not ONE_DAY.never_opens
    assert ONE_DAY.add(MON_9 - DAY, 9 * HOUR) == MON_17 + HOUR
    assert ONE_DAY.add(MON_17 + DAY, HOUR) == MON_17 + DAY + HOUR
    assert ONE_DAY.open_intervals(MON_9, 3) == [(MON_9, MON_17)]


def test_a_year_without_openings_is_passed_over():
    twice = Calendar(hours(CLOSED, _2020_01_01=((0, 60),), _2024_01_01=((0, 60),)))
    assert twice.add(ms("2020-01-01T00:30Z"), HOUR) == ms("2024-01-01T00:30Z")


def test_intervals_that_touch_are_one():
    split = Calendar(hours(((540, 780), (780, 1020))))
    assert split.next_close(MON_9) == MON_17


def test_a_shift_over_midnight_belongs_to_the_day_on_which_it_starts():
    night = Calendar(hours(((1320, 1800),), _2024_01_16=CLOSED))
    assert night.open_intervals(ms("2024-01-15T22:00Z"), 2) == [
        (ms("2024-01-15T22:00Z"), ms("2024-01-16T06:00Z")),
        (ms("2024-01-17T22:00Z"), ms("2024-01-18T06:00Z")),
    ]


def test_a_date_replaces_the_hours_of_its_weekday():
    short = Calendar(hours(((540, 1020),), _2024_01_15=((600, 840),)))
    assert short.open_intervals(MON_9, 2) == [
        (ms("2024-01-15T10:00Z"), ms("2024-01-15T14:00Z")),
        (TUE_9, ms("2024-01-16T17:00Z")),
    ]


@pytest.mark.parametrize(
    ("timezone", "local", "expected"),
    [
        ("Europe/Berlin", "2024-03-31T02:30", "2024-03-31T03:00+02:00"),
        ("Europe/Berlin", "2024-03-31T02:00", "2024-03-31T03:00+02:00"),
        ("Europe/Berlin", "2024-10-27T02:30", "2024-10-27T02:30+02:00"),
        ("America/New_York", "2024-11-03T01:30", "2024-11-03T01:30-04:00"),
        ("Australia/Lord_Howe", "2020-10-04T02:15", "2020-10-04T02:30+11:00"),
        ("America/Sao_Paulo", "2018-11-04T00:00", "2018-11-04T01:00-02:00"),
        ("Pacific/Apia", "2011-12-30T12:00", "2011-12-31T00:00+14:00"),
        ("Asia/Kathmandu", "2024-01-01T00:00", "2024-01-01T00:00+05:45"),
    ],
)
def test_a_local_time_is_the_first_of_two_and_the_next_of_none(timezone: str, local: str, expected: str):
    assert to_utc(datetime.fromisoformat(local), zone(timezone)) == ms(expected)


def test_open_time_over_a_change_of_the_clocks_is_the_span_between_the_instants():
    night = Calendar(hours(((60, 240),), "Europe/Berlin"))
    assert night.elapsed(ms("2024-03-31T00:00+01:00"), ms("2024-04-01T00:00+02:00")) == 2 * HOUR
    assert night.elapsed(ms("2024-10-27T00:00+02:00"), ms("2024-10-28T00:00+01:00")) == 4 * HOUR


def test_hours_within_a_gap_are_no_hours():
    gap = Calendar(hours(((125, 175),), "Europe/Berlin"))
    assert gap.elapsed(ms("2024-03-31T00:00+01:00"), ms("2024-04-01T00:00+02:00")) == 0


def test_an_unknown_zone_is_an_error():
    for name in ("Mars/Olympus", "..", "tzdata.zi", "Europe\0"):
        with pytest.raises(ZoneInfoNotFoundError):
            Calendar(Hours(name))


def test_a_date_that_is_none_is_an_error():
    with pytest.raises(ValueError, match="day"):
        Calendar(hours(CLOSED, _2024_02_30=CLOSED))


def test_the_union_is_open_when_any_part_is():
    morning, late = (calendar(hours(spans)) for spans in (((540, 780),), ((720, 1020),)))
    both = union([morning, late])
    assert both.open_intervals(MON_9, 1) == [(MON_9, MON_17)]
    assert union([morning]) is morning
    assert union([]).never_opens
    assert not union([NEVER, morning]).never_opens


def test_the_intersection_is_open_when_all_parts_are():
    parts = [calendar(hours(spans)) for spans in (((540, 780),), ((720, 1020),), ((0, 750),))]
    assert intersection(parts).open_intervals(MON_9, 1) == [(MON_9 + 3 * HOUR, MON_9 + 3 * HOUR + 30 * MINUTE)]
    assert intersection([ALWAYS, parts[0]]) is parts[0]
    assert intersection([ALWAYS]) is ALWAYS
    assert intersection([]) is ALWAYS
    assert intersection([parts[0], calendar(hours(((780, 840),)))]).never_opens


def test_an_intersection_that_opens_on_one_date_opens():
    both = intersection([OFFICE, calendar(hours(CLOSED, _2031_01_15=((540, 600),)))])
    assert not both.never_opens


def test_a_calendar_is_made_once_for_equal_hours(monkeypatch: pytest.MonkeyPatch):
    assert calendar(hours(((1, 2),))) is calendar(hours(((1, 2),)))
    monkeypatch.setattr(module, "CACHED_CALENDARS", 1)
    monkeypatch.setattr(module, "_known", {})
    first = hours(((1, 2),))
    assert calendar(first) is calendar(first)
    assert calendar(hours(((1, 3),))) is not calendar(first)


def test_the_chunks_kept_are_bounded(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(module, "CACHED_CHUNKS", 3)
    opening = Calendar(hours(((0, 60),)))
    assert opening.elapsed(0, 3_653 * DAY) == 3_653 * HOUR
    assert opening.elapsed(0, 3_653 * DAY) == 3_653 * HOUR
    assert len(opening._chunks) == 3


@pytest.mark.parametrize("at", ["0001-01-01T00:00Z", "9999-12-31T00:00Z"])
def test_the_ends_of_the_calendar_are_no_error(at: str):
    assert isinstance(OFFICE.add(ms(at), DAY), int)


ZONES = ("UTC", "Europe/Berlin", "America/New_York", "Australia/Lord_Howe", "Asia/Kathmandu", "America/Sao_Paulo")
WEEKS = ("2018-02-12", "2018-10-29", "2023-12-28", "2024-03-06", "2024-03-27", "2024-04-03", "2024-10-02", "2024-10-23")
"""Weeks in which one of the zones changes its clocks, and a turn of the year."""
MINUTES = st.integers(0, 96).map(lambda n: n * 15)
DAYS = st.lists(st.tuples(MINUTES, st.integers(0, 60).map(lambda n: n * 15)), max_size=2).map(
    lambda spans: tuple((start, start + span) for start, span in spans)
)


BEFORE = 4 * 1440
"""Minutes walked before the first that is asked for, so that shifts that began earlier are seen."""
WALKED = 5 * 1440


@cache
def instants_of(timezone: str, begin: int) -> dict[datetime, int]:
    """Local minute -> the first instant at or after it, by walking through the instants and reading the local clock."""
    found: dict[datetime, int] = {}
    reached: datetime | None = None
    for at in range(begin - BEFORE * MINUTE, begin + WALKED * MINUTE, MINUTE):
        wall = datetime.fromtimestamp(at / 1000, UTC).astimezone(zone(timezone)).replace(tzinfo=None, fold=0)
        reached = reached or wall - timedelta(minutes=1)
        while reached < wall:  # more than once where a wall time was jumped over
            reached += timedelta(minutes=1)
            found[reached] = at
    return found


def brute_open_minutes(rules: Hours, begin: int) -> list[bool]:
    """Whether each of the WALKED minutes from `begin` on is open."""
    instants = instants_of(rules.timezone, begin)
    first, last = min(instants), max(instants)
    walk = range(begin - BEFORE * MINUTE, begin + WALKED * MINUTE, MINUTE)
    edges: dict[int, int] = {}
    for offset in range(-3, WALKED // 1440 + 3):
        midnight = datetime.fromtimestamp(begin / 1000, UTC).replace(tzinfo=None) + timedelta(days=offset)
        day = midnight.date()
        for spans in rules.dates.get(day.isoformat(), rules.week[day.weekday()]):
            for minute, step in zip(spans, (1, -1), strict=True):
                wall = min(max(midnight + timedelta(minutes=minute), first), last)
                edges[instants[wall]] = edges.get(instants[wall], 0) + step
    depth, out = 0, []
    for at in walk:
        depth += edges.get(at, 0)
        out.append(depth > 0)
    return out[BEFORE:]


@given(
    timezone=st.sampled_from(ZONES),
    begin=st.sampled_from(WEEKS),
    week=st.tuples(*[DAYS] * 7),
    replaced=st.dictionaries(st.integers(0, 6), DAYS, max_size=2),
    samples=st.lists(st.tuples(st.integers(0, 3000), st.integers(1, 4000)), min_size=3, max_size=6),
)
@settings(max_examples=60, deadline=None, derandomize=True, database=None)
def test_a_calendar_agrees_with_one_that_steps_through_minutes(timezone, begin, week, replaced, samples):
    dates = {(date.fromisoformat(begin) + timedelta(days=day)).isoformat(): spans for day, spans in replaced.items()}
    rules = Hours(timezone, week, dates)
    start = ms(begin + "T00:00Z")
    minutes = brute_open_minutes(rules, start)
    _agrees(Calendar(rules), start, minutes, samples)


def _agrees(tested: OpenTime, start: int, minutes: list[bool], samples: list[tuple[int, int]]) -> None:
    for first, length in samples:
        at, later = start + first * MINUTE, start + (first + length) * MINUTE
        between = minutes[first : first + length]
        assert tested.is_open(at) == minutes[first]
        assert tested.elapsed(at, later) == sum(between) * MINUTE
        if any(between):
            assert tested.next_open(at) == at + between.index(True) * MINUTE
            last = max(i for i, is_open in enumerate(between) if is_open)
            assert tested.add(at, sum(between) * MINUTE) == at + (last + 1) * MINUTE
            assert tested.add(at, sum(between) * MINUTE - 1) == at + (last + 1) * MINUTE - 1
        changes = [i for i in range(1, length) if between[i] != between[i - 1]]
        if changes:
            assert tested.next_change(at) == at + changes[0] * MINUTE


@given(
    zones=st.lists(st.sampled_from(ZONES), min_size=2, max_size=3),
    begin=st.sampled_from(WEEKS),
    weeks=st.lists(st.tuples(*[DAYS] * 7), min_size=3, max_size=3),
    samples=st.lists(st.tuples(st.integers(0, 3000), st.integers(1, 4000)), min_size=2, max_size=4),
)
@settings(max_examples=25, deadline=None, derandomize=True, database=None)
def test_union_and_intersection_agree_with_their_parts_minute_by_minute(zones, begin, weeks, samples):
    rules = [Hours(timezone, week) for timezone, week in zip(zones, weeks, strict=False)]
    start = ms(begin + "T00:00Z")
    lines = [brute_open_minutes(part, start) for part in rules]
    parts = [Calendar(part) for part in rules]
    _agrees(union(parts), start, [any(minute) for minute in zip(*lines, strict=True)], samples)
    _agrees(intersection(parts), start, [all(minute) for minute in zip(*lines, strict=True)], samples)


@given(at=st.integers(0, 60 * YEAR), a=st.integers(1, YEAR), b=st.integers(1, 12 * YEAR))
@settings(max_examples=60, deadline=None, derandomize=True, database=None)
def test_spans_add_up_over_the_borders_of_chunks(at: int, a: int, b: int):
    berlin = calendar(hours(((540, 1020), (1320, 1500)), "Europe/Berlin"))
    assert berlin.add(berlin.add(at, a), b) == berlin.add(at, a + b)
    assert berlin.elapsed(at, berlin.add(at, b)) == b
    assert berlin.elapsed(at, at + a) + berlin.elapsed(at + a, at + a + b) == berlin.elapsed(at, at + a + b)


@given(number=st.integers(1, 60), near=st.integers(-2, 2))
@settings(max_examples=60, deadline=None, derandomize=True, database=None)
def test_nothing_opens_or_closes_at_the_border_of_a_chunk(number: int, near: int):
    border = (number << module.CHUNK_BITS) + 1 + near
    assert ALWAYS.is_open(border)
    assert ALWAYS.next_open(border) == border
    long_days = calendar(hours(((0, 1380),)))
    closing = long_days.next_close(border)
    assert closing is not None
    assert closing % SECOND == 0
    assert border <= closing <= border + DAY

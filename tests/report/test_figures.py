"""The figures of a report are those that follow from the outcomes, whatever happened."""

from __future__ import annotations

from collections import Counter
from datetime import UTC, datetime, timedelta

from hypothesis import given, settings
from hypothesis import strategies as st

from sla_monitor.core.rules import DAY, HOUR, MINUTE, Hours, Policy, Source
from sla_monitor.report.figures import By, Figures, in_time_of, percentile, report
from sla_monitor.report.period import Period
from sla_monitor.report.table import FIGURES, Added
from tests import facts
from tests.report import brute
from tests.report.days import MOSCOW, clocks_of, leads
from tests.world import T0, World, sales

START = datetime.fromtimestamp(T0 / 1000, UTC).astimezone(MOSCOW).date()
OFFICE = Hours("Europe/Moscow", (((540, 780), (840, 1080)),) * 7)
LATE = {"crm": Source("crm", max_delay=DAY)}
COUNTS = [figure for figure in FIGURES if figure.added is Added.SUM]

NAMES = st.sampled_from(["a", "b", "c", "d", "e"])
PEOPLE = st.sampled_from(["anna", "vera", "gleb"])
NUMBERS = st.sampled_from(["+1", "+2", "+3"])
SPANS = st.sampled_from([0, 1, 90_000, 5 * MINUTE, 11 * MINUTE, HOUR, 9 * HOUR])


def lead_facts() -> st.SearchStrategy:
    return st.one_of(
        st.tuples(st.just("lead"), NAMES, NUMBERS, st.one_of(st.none(), PEOPLE), st.booleans()),
        st.tuples(st.just("late lead"), NAMES, st.one_of(st.none(), PEOPLE)),
        st.tuples(st.just("call"), NUMBERS, PEOPLE, st.sampled_from([0, 60_000]), SPANS),
        st.tuples(st.just("missed"), NUMBERS),
        st.tuples(st.just("message"), NAMES, PEOPLE, SPANS),
        st.tuples(st.just("closed"), NAMES, st.sampled_from(["junk", "converted"]), st.none()),
        st.tuples(st.just("closed"), NAMES, st.just("merged"), NAMES),
        st.tuples(st.just("closed late"), NAMES, SPANS),
        st.tuples(st.just("reopened"), NAMES),
        st.tuples(st.just("erased"), NAMES),
        st.tuples(st.just("assigned"), NAMES, PEOPLE),
    )


def happen(w: World, number: int, what: tuple) -> None:
    now = w.now
    match what:
        case "lead", name, phone, owner, test:
            w.feed(facts.lead(name, now, phones=(phone,), owner_id=owner, test=test and name == "e"))
        case "late lead", name, owner:
            w.feed(facts.lead(name, now - HOUR, owner_id=owner, received=now))
        case "call", phone, who, talk, ago:
            outcome = "answered" if talk else "no_answer"
            w.feed(facts.called(f"c{number}", now - ago, number=phone, manager_id=who, talk=talk, outcome=outcome))
        case "missed", phone:
            w.feed(facts.missed(f"m{number}", now, number=phone))
        case "message", name, who, ago:
            w.feed(facts.message(now - ago, who, lead_id=name))
        case "closed", name, reason, into:
            w.feed(facts.closed(name, now, reason, merged_into=into))
        case "closed late", name, ago:
            w.feed(facts.closed(name, now - ago, "junk", received=now))
        case "reopened", name:
            w.feed(facts.reopened(name, now))
        case "erased", name:
            w.feed(facts.erased(name, now))
        case "assigned", name, who:
            w.feed(facts.assigned(name, who, now, assigned_by="human"))


@settings(max_examples=120, deadline=None)
@given(
    story=st.lists(st.tuples(SPANS, lead_facts()), max_size=25),
    office=st.booleans(),
    first=st.integers(-1, 1),
    days=st.integers(0, 2),
    response=st.sampled_from(["attempt", "contact"]),
    told=st.booleans(),
)
def test_every_count_is_what_follows_from_the_outcomes(story, office, first, days, response, told):
    calendar = "office" if office else None
    policy = Policy(response=response, calendar=calendar, contact_target=HOUR, notify_owner=told)
    w = World(sales("anna", "vera", "gleb", policy=policy, calendars={"office": OFFICE}, sources=LATE))
    for number, (span, what) in enumerate(story):
        w.after(span)
        happen(w, number, what)
    period = Period(START + timedelta(days=first), START + timedelta(days=first + days), MOSCOW)
    clocks = clocks_of(w, period)
    expected = brute.figures(w.outcomes, leads(w), period.begin, period.end, MOSCOW)
    for by in (By.MANAGER, By.TEAM, By.DAY, By.HOUR):
        made = report(clocks, period, by)
        got = {row.key: +Counter({figure.name: figure.value(row.figures) for figure in COUNTS}) for row in made.rows}
        wanted = {key: +counts for (kind, key), counts in expected.items() if kind == by}
        assert {key: counts for key, counts in got.items() if counts} == {k: c for k, c in wanted.items() if c}
    assert +Counter({figure.name: figure.value(made.total) for figure in COUNTS}) == +expected["all", ""]
    board = {manager: (f["in_time"], f["decided"]) for (kind, manager), f in expected.items() if kind == "manager"}
    assert in_time_of(clocks) == {manager: told for manager, told in board.items() if told[1]}


@settings(max_examples=120, deadline=None)
@given(
    story=st.lists(st.tuples(SPANS, lead_facts()), max_size=30),
    office=st.booleans(),
    target=st.sampled_from([10 * MINUTE, 3 * DAY]),
)
def test_columns_add_up_and_days_add_up_to_weeks(story, office, target):
    policy = Policy(calendar="office" if office else None, target=target)
    w = World(sales("anna", "vera", policy=policy, calendars={"office": OFFICE}, sources=LATE))
    for number, (span, what) in enumerate(story):
        w.after(span)
        happen(w, number, what)
    days = [START + timedelta(days=n) for n in range(-2, 12)]
    week = totals(w, Period(days[0], days[-1], MOSCOW))
    reasons = [name for name in week if name.startswith("ended_undecided_")]
    assert week["received"] == week["decided"] + week["undecided"] + week["ended_undecided"] + week["joined"]
    assert week["ended_undecided"] == sum(week[name] for name in reasons)
    assert week["decided"] >= week["in_time"] + week["late_given"]
    single = sum((totals(w, Period(day, day, MOSCOW)) for day in days), Counter())
    assert single == +week
    for by in By:
        rows = report(clocks_of(w, Period(days[0], days[-1], MOSCOW)), Period(days[0], days[-1], MOSCOW), by).rows
        assert sum((counts(row.figures) for row in rows), Counter()) == +week


def totals(w: World, period: Period) -> Counter[str]:
    return counts(report(clocks_of(w, period), period, By.TEAM).total)


def counts(figures: Figures) -> Counter[str]:
    return Counter({figure.name: figure.value(figures) for figure in FIGURES if figure.added is Added.SUM})


@given(st.lists(st.integers(0, 50), min_size=1), st.integers(1, 100))
def test_a_percentile_is_the_smallest_value_that_so_many_are_not_above(values, percent):
    found = percentile(values, percent)
    assert found in values
    enough = [value for value in values if sum(v <= value for v in values) * 100 >= percent * len(values)]
    assert found == min(enough)


def test_nothing_has_no_percentile():
    assert percentile([], 50) is None

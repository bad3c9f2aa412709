"""Closings and reopenings are ordered by their own time, in whatever order they are told (R29)."""

from __future__ import annotations

from itertools import permutations
from typing import Any

import pytest

from sla_monitor.core.effects import Log
from sla_monitor.core.rules import DAY, HOUR, MINUTE, SECOND, Hours, Policy, Source
from tests import facts
from tests.world import T0, World, sales

PHONE = "+74951112233"
LATE = {"crm": Source("crm", max_delay=2 * HOUR)}

Told = tuple[str, float]
"""What the CRM says of the lead, and of which minute."""


def opened(**changes: Any) -> World:
    """A lead of anna's, of a CRM whose word may be two hours late."""
    w = World(sales(sources=LATE, **changes))
    w.feed(facts.lead("L", T0, owner_id="anna", phones=(PHONE,)))
    return w


def tell(w: World, told: Told) -> None:
    what, minute = told
    at = T0 + int(minute * MINUTE)
    if what == "wrote":
        w.feed(facts.message(at, lead_id="L", received=w.now))
    elif what == "talked":
        w.feed(facts.message(at, lead_id="L", received=w.now, kind="meeting"))
    else:
        w.feed({"closed": facts.closed, "reopened": facts.reopened}[what]("L", at, received=w.now))


def at_once(*order: Told, at: float = 6) -> World:
    """All of it is told at one minute, in this order."""
    w = opened()
    w.to(T0 + int(at * MINUTE))
    for told in order:
        tell(w, told)
    return w


def spans(w: World) -> list[tuple[float, float]]:
    """From when to when each clock ran, in minutes; 0 if it runs on."""
    return [((c.came - T0) / MINUTE, (c.ended - T0) / MINUTE if c.ended else 0) for c in w.lead("L").clocks]


def decided(w: World) -> dict[tuple[int, str], str]:
    """How each due of a first clock stands, by its cycle and holder."""
    kinds = {"sla.met": "met", "sla.breached": "breached", "sla.breach_retracted": "taken back"}
    told = [o for o in w.outcomes if o.type in kinds and o.data["evaluated"] == "first"]
    return {(o.data["cycle"], o.data.get("holder_id", "")): kinds[o.type] for o in told}


def orders(*told: Told) -> list[tuple[Told, ...]]:
    return list(permutations(told))


@pytest.mark.parametrize("order", orders(("closed", 4.8), ("reopened", 4.9)))
def test_r29_a_reopening_that_is_read_before_its_closing_counts_all_the_same(order):
    w = at_once(*order)
    assert (w.lead("L").status, spans(w)) == ("waiting", [(0, 4.8), (4.9, 0)])
    assert (w.lead("L").holder, w.lead("L").due_at) == ("anna", T0 + int(14.9 * MINUTE))
    assert w.types("L")[-3:] == ["lead.closed", "lead.reopened", "lead.assigned"]


@pytest.mark.parametrize("order", orders(("closed", 3), ("reopened", 4), ("closed", 5)))
def test_r29_a_lead_that_was_closed_last_is_closed(order):
    w = at_once(*order)
    assert (w.lead("L").status, spans(w)) == ("closed", [(0, 3), (4, 5)])
    w.after(HOUR)
    assert decided(w) == {}


@pytest.mark.parametrize("order", orders(("closed", 3), ("reopened", 4), ("wrote", 4.5), ("closed", 5)))
def test_r07_what_was_written_while_it_was_open_again_answers_that_clock(order):
    w = at_once(*order)
    assert w.lead("L").status == "closed"
    assert decided(w)[2, "anna"] == "met"


@pytest.mark.parametrize("order", orders(("wrote", 2), ("reopened", 6)))
@pytest.mark.parametrize("at", [8, 17])
def test_r29_a_reopening_after_an_answer_that_is_told_later_counts(order, at):
    w = at_once(*order, at=at)
    assert w.lead("L").clock.came == T0 + 6 * MINUTE
    assert spans(w)[0] == (0, 2)
    assert w.lead("L").status == ("waiting" if at == 8 else w.lead("L").status)
    w.after(HOUR)
    assert decided(w)[1, "anna"] == ("met" if at == 8 else "taken back")


def test_r30_a_reopening_whose_end_before_was_told_after_the_new_due_is_a_late_arrival():
    w = at_once(("reopened", 6), ("wrote", 2), at=17)
    w.after(MINUTE)
    breach = w.of("sla.breached")[-1]
    assert (breach.data["reason"], breach.data.get("holder_id")) == ("late_arrival", None)
    assert w.lead("L").current.due == T0 + 27 * MINUTE


def test_r29_a_lead_that_was_open_when_it_was_reopened_goes_on():
    w = at_once(("reopened", 4))
    w.to(T0 + 11 * MINUTE)
    assert w.counted("ignored_already_open") == 1
    assert decided(w) == {(1, "anna"): "breached"}


def test_r29_a_reopening_while_it_was_open_that_is_told_after_the_answer_begins_no_clock():
    w = at_once(("wrote", 5), ("reopened", 4))
    assert (w.lead("L").status, spans(w)) == ("answered", [(0, 5)])


def test_r29_a_reopening_older_than_the_lead_or_than_one_that_counted_begins_no_clock():
    w = at_once(("closed", 3), ("reopened", 5), ("reopened", 4), ("reopened", -1))
    assert spans(w) == [(0, 3), (5, 0)]
    assert w.counted("ignored_older") == 2


def test_r29_an_end_by_the_due_takes_the_breach_back_though_the_lead_was_reopened_since():
    w = opened()
    for minute, told in ((12, ("closed", 12)), (13, ("reopened", 13)), (14, ("closed", 9))):
        w.to(T0 + minute * MINUTE)
        tell(w, told)
    assert decided(w) == {(1, "anna"): "taken back"}
    assert (w.lead("L").status, spans(w)) == ("waiting", [(0, 9), (13, 0)])


def test_r29_of_two_closings_the_earlier_takes_the_breach_back():
    w = opened()
    for minute, told in ((12, ("closed", 12)), (13, ("closed", 9)), (14, ("closed", 10))):
        w.to(T0 + minute * MINUTE)
        tell(w, told)
    assert (decided(w), spans(w)) == ({(1, "anna"): "taken back"}, [(0, 9)])
    assert [o.at for o in w.of("lead.closed")] == [T0 + 12 * MINUTE]


def test_r29_a_closing_that_is_older_than_the_reopening_does_not_undo_it_however_late_it_is_told():
    w = World()
    w.feed(facts.lead("L", T0, owner_id="anna"))
    w.to(T0 + 9 * MINUTE)
    tell(w, ("reopened", 5))
    tell(w, ("closed", 4))
    assert (w.lead("L").status, spans(w)) == ("waiting", [(0, 9), (5, 0)])


def test_r29_a_forgotten_clock_is_ended_by_nothing():
    w = opened()
    w.to(T0 + MINUTE)
    tell(w, ("closed", 1))
    w.after(6 * DAY)
    w.feed(facts.assigned("L", "anna", w.now), facts.reopened("L", w.now))
    w.after(2 * DAY)
    w.feed(facts.closed("L", w.now))
    w.after(SECOND)
    w.feed(facts.reopened("L", w.now))
    w.feed(facts.closed("L", T0 + 2 * MINUTE, received=w.now))
    assert w.lead("L").phase == "open"


def test_r29_whoever_had_it_has_met_what_was_proven_of_a_clock_that_was_over_when_it_was_told():
    w = at_once(("closed", 3), ("closed", 5), ("reopened", 4))
    assert w.told("anna") == ["assigned", "warning", "closed"]
    tell(w, ("wrote", 4.5))
    assert decided(w) == {(2, "anna"): "met"}


def test_r14_what_was_over_before_it_was_told_of_is_nobodys():
    w = at_once(("closed", 3), ("closed", 20), ("reopened", 4), at=21)
    w.after(MINUTE)
    assert decided(w) == {(1, "anna"): "taken back", (3, ""): "breached"}


def test_r29_a_merge_that_was_asked_for_is_asked_for_again_with_the_clock_that_came_between():
    w = opened()
    w.to(T0 + 6 * MINUTE)
    w.feed(facts.closed("L", T0 + 5 * MINUTE, "merged", merged_into="S", received=w.now))
    lead = w.lead("L")
    assert (lead.status, w.of("lead.join_refused")[0].data["reason"]) == ("closed", "unknown")
    w.feed(facts.lead("S", w.now, owner_id="vera"))
    w.accept(facts.reopened("L", T0 + 4 * MINUTE, received=w.now))
    w.accept(facts.closed("L", T0 + 5 * MINUTE + 1, "merged", merged_into="S", received=w.now))
    w.accept(facts.closed("L", T0 + 3 * MINUTE, received=w.now))
    w.run()
    assert [(o.turn, o.data["into"]) for o in w.of("lead.joined")] == [(2, "S")]


def test_r05_a_lead_that_was_answered_before_its_start_is_reopened_before_it_too():
    office = Hours("UTC", (((360, 1320),),) * 7)
    night = T0 - T0 % DAY + DAY + 23 * HOUR
    w = World(sales(policy=Policy(calendar="office"), calendars={"office": office}), at=night)
    w.feed(facts.lead("L", night, owner_id="anna"), facts.message(night, lead_id="L"))
    w.to(night + HOUR)
    w.feed(facts.reopened("L", w.now))
    assert w.lead("L").status == "scheduled"
    w.after(8 * HOUR)
    assert [(o.type, o.data["cycle"]) for o in w.outcomes if o.type in ("sla.met", "sla.breached")][:2] == [
        ("sla.met", 1),
        ("sla.breached", 2),
    ]


@pytest.mark.parametrize("how", ["wrote", "talked"])
def test_r29_who_answered_after_the_reopening_answered_that_clock_in_whatever_order_it_is_told(how):
    for order in orders(("closed", 4), ("reopened", 5), (how, 12)):
        w = at_once(*order, at=13)
        w.after(HOUR)
        met = [o.data["response_at"] for o in w.of("sla.met") if o.data["cycle"] == w.lead("L").cycle]
        assert (w.lead("L").status, spans(w)[-1], met) == ("answered", (5, 12), [T0 + 12 * MINUTE]), order


def test_r24_a_call_of_the_time_between_finds_the_clock_that_was_over_when_it_was_told():
    w = at_once(("closed", 3), ("closed", 5), ("reopened", 4))
    w.feed(
        facts.called("c", T0 + 4 * MINUTE + SECOND, number=PHONE, manager_id="anna", received=w.now, talk=20 * SECOND)
    )
    assert decided(w) == {(2, "anna"): "met"}


# a later turn whose decision a call holds


def held() -> World:
    """The due of vera's turn passes while the customer rings; then the lead is closed and reopened."""
    w = World(sales("anna", "vera", "zoya"))
    w.feed(facts.lead("L", T0, owner_id="anna", phones=(PHONE,)))
    w.to(T0 + 19 * MINUTE)
    w.feed(facts.started("c", w.now, number=PHONE, direction="inbound"))
    w.to(T0 + 20 * MINUTE + 30 * SECOND)
    w.feed(facts.closed("L", w.now), facts.reopened("L", w.now))
    return w


def later(w: World) -> list[tuple[str, int, str]]:
    return [(o.type, o.turn, o.data["holder_id"]) for o in w.outcomes if o.data.get("evaluated") == "later"]


def test_r29_a_later_turn_that_a_call_held_is_decided_though_its_lead_was_reopened():
    w = held()
    w.feed(facts.ended("c", w.now, number=PHONE, direction="inbound", outcome="no_answer", talk=0))
    assert later(w) == [("sla.breached", 2, "vera")]
    assert (w.lead("L").status, w.lead("L").cycle) == ("waiting", 3)


def test_r14_it_is_met_by_what_was_proven_in_time_before_the_decision():
    w = held()
    w.feed(facts.message(T0 + 15 * MINUTE, lead_id="L", received=w.now))
    w.feed(facts.ended("c", w.now, number=PHONE, direction="inbound", outcome="no_answer", talk=0))
    (met,) = w.of("sla.met")
    assert later(w) == [("sla.met", 2, "vera")]
    assert met.data["cycle"] == 1


def test_r31_an_erasure_decides_it_at_once():
    w = held()
    w.feed(facts.erased("L", w.now))
    assert later(w) == [("sla.breached", 2, "vera")]


# which clock a talk answers, in whatever order it is all told (R4, R7)


def in_order(*told: Told) -> World:
    w = opened()
    for what, at, minute in told:
        w.to(T0 + int(at * MINUTE))
        tell(w, (what, minute))
    return w


@pytest.mark.parametrize("told_at", [7, 10, 25])
@pytest.mark.parametrize("how", ["wrote", "talked"])
def test_r07_what_was_proven_by_the_due_of_a_clock_that_had_ended_is_its_own_whenever_it_is_told(how, told_at):
    told = [("closed", 6, 6), ("reopened", 9, 9), (how, told_at, 7)]
    w = in_order(*sorted(told, key=lambda each: each[1]))
    w.to(T0 + HOUR)
    assert decided(w) == {(1, "anna"): "met", (2, "anna"): "breached"}


@pytest.mark.parametrize("first_told", [1, 5, 12, 20])
@pytest.mark.parametrize("second_told", [4, 5.5, 12.5, 21])
@pytest.mark.parametrize("how", ["wrote", "talked"])
def test_r07_of_two_talks_the_first_answers_the_first_clock_and_the_second_the_next(how, first_told, second_told):
    told = [("closed", 11, 11), ("reopened", 14, 14), (how, first_told, 1), ("talked", second_told, 4)]
    w = in_order(*sorted(told, key=lambda each: each[1]))
    w.to(T0 + HOUR)
    late = first_told > 10 and second_told > 10
    stands = {cycle: how for (cycle, _), how in decided(w).items()}
    assert stands == {1: "taken back" if late else "met", w.lead("L").cycle: "met"}


# what happens in the night, before the clock starts (R5, R6)

NIGHT = T0 - T0 % DAY + 22 * HOUR
OFFICE = Hours("UTC", (((540, 1080),),) * 7)


def by_night(*order: Told, response: str = "attempt") -> World:
    """A lead of ten in the evening; all of it is told three hours later, and it is watched until the next evening."""
    policy = Policy(calendar="office", response=response, warn_at=())
    slow = {name: Source(name, max_delay=8 * HOUR) for name in ("crm", "pbx")}
    w = World(sales(policy=policy, calendars={"office": OFFICE}, sources=slow), at=NIGHT)
    w.feed(facts.lead("L", NIGHT, owner_id="anna", phones=(PHONE,)))
    for minute, (what, at) in enumerate(order, 180):
        w.to(NIGHT + minute * MINUTE)
        if what == "called":
            w.feed(facts.called(f"c{at}", of_night(at), number=PHONE, manager_id="anna", received=w.now))
        else:
            w.feed({"closed": facts.closed, "reopened": facts.reopened}[what]("L", of_night(at), received=w.now))
    w.to(NIGHT + 20 * HOUR)
    return w


def of_night(minute: float) -> int:
    return NIGHT + int(minute * MINUTE)


def came(w: World) -> list[tuple[float, bool]]:
    """When each clock came, in minutes of the night, and whether a response in time is known."""
    return [((c.came - NIGHT) / MINUTE, c.evaluated.value in ("met", "retracted")) for c in w.lead("L").clocks]


@pytest.mark.parametrize("response", ["attempt", "contact"])
@pytest.mark.parametrize(
    ("told", "clocks"),
    [
        ((("reopened", 15), ("called", 30)), [(0, True)]),
        ((("called", 30), ("reopened", 45)), [(0, True), (45, False)]),
        ((("called", 15), ("reopened", 30), ("called", 45)), [(0, True), (30, True)]),
        ((("called", 10), ("closed", 20), ("reopened", 30)), [(0, True), (30, False)]),
        ((("called", 10), ("reopened", 15), ("closed", 20)), [(0, True), (15, False)]),
        ((("reopened", 10), ("called", 20), ("reopened", 30)), [(0, True), (30, False)]),
        ((("closed", 10), ("reopened", 20)), [(0, False), (20, False)]),
        ((("reopened", 10), ("closed", 20)), [(0, False)]),
    ],
)
def test_r05_what_happens_before_the_start_is_ordered_by_its_own_time_in_whatever_order_it_is_told(
    told, clocks, response
):
    for order in orders(*told):
        w = by_night(*order, response=response)
        assert came(w) == clocks, order


def test_r07_what_was_proven_by_night_after_the_reopening_answers_that_clock_in_whatever_order_it_is_told():
    for order in orders(("closed", 10), ("reopened", 20), ("called", 30)):
        w = by_night(*order)
        assert (w.lead("L").status, came(w)[-1]) == ("answered", (20, True)), order


def test_r29_of_a_row_that_never_heard_when_it_was_answered_an_older_reopening_begins_no_clock():
    w = World(sales(policy=Policy(calendar="office"), calendars={"office": OFFICE}), at=NIGHT)
    w.feed(facts.lead("L", NIGHT, owner_id="anna"), facts.message(NIGHT + MINUTE, lead_id="L"))
    lead = w.lead("L")
    lead.put_clock(lead.clock._replace(attempt_was=0))
    w.logs[Log.EVENTS].rows["L"] = w.logs[Log.EVENTS].codec.encode(lead)
    w.to(NIGHT + 2 * MINUTE)
    w.feed(facts.reopened("L", w.now))
    assert (w.lead("L").status, len(w.lead("L").clocks)) == ("answered", 1)

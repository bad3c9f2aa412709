"""Which clock an outcome is about."""

from __future__ import annotations

from typing import Any

from sla_monitor import codec
from sla_monitor.core.effects import Publish
from sla_monitor.core.rules import DAY, HOUR, MINUTE
from sla_monitor.report.clocks import Clock, Clocks
from tests import facts
from tests.world import T0, World, sales

BEGIN, END = T0 - 12 * HOUR, T0 + 12 * HOUR


def fold(*outcomes: Publish, begin: int = BEGIN, end: int = END) -> list[Clock]:
    clocks = Clocks(begin, end)
    clocks.apply(codec.encode_outcome(outcome) for outcome in outcomes)
    return list(clocks)


def outcome(kind: str, start: int, **data: Any) -> Publish:
    return Publish(type=kind, lead_id="L", turn=1, at=start, data={"started_at": start, "policy": "default"} | data)


MET = {"measure": "response", "evaluated": "first", "due_at": T0, "response_at": T0}


def test_r29_a_reopened_lead_has_a_clock_of_its_own_even_if_its_reopening_is_told_late() -> None:
    w = World()
    w.feed(facts.lead("L", T0, owner_id="anna"), facts.message(T0, lead_id="L"), facts.closed("L", T0 + MINUTE))
    w.feed(facts.reopened("L", T0 - MINUTE))
    first, second = fold(*w.outcomes)
    assert (first.evaluated, second.evaluated) == ("met", "")
    assert second.start < first.start


def test_an_id_that_is_used_again_once_its_row_is_gone_has_a_clock_of_its_own() -> None:
    first, second = fold(outcome("sla.met", T0, **MET), outcome("lead.assigned", T0 + HOUR, to="vera"))
    assert (first.evaluated, second.evaluated, second.holder) == ("met", "", "vera")


def test_r25_a_clock_that_takes_an_earlier_start_moves_to_the_day_of_that_start() -> None:
    moved = outcome("lead.assigned", T0), outcome("sla.met", T0 - DAY, **MET)
    assert fold(*moved) == []
    (clock,) = fold(*moved, begin=BEGIN - DAY, end=END - DAY)
    assert clock.evaluated == "met"


def test_r30_a_test_lead_is_in_no_figure() -> None:
    w = World()
    w.feed(facts.lead("L", T0, owner_id="anna", test=True), facts.message(T0, lead_id="L"))
    assert w.of("sla.met")
    assert fold(*w.outcomes) == []


def test_r30_a_lead_that_came_after_its_due_was_nobodys_to_lose() -> None:
    w = World()
    w.feed(facts.lead("L", T0 - HOUR, owner_id="anna", received=T0))
    w.to(T0 + MINUTE)
    (clock,) = fold(*w.outcomes)
    assert (clock.evaluated, clock.holder) == ("breached", "")


def test_r11_a_breach_that_is_retracted_after_the_period_was_none() -> None:
    w = World(sales("anna", "vera"), at=END - MINUTE)
    w.feed(facts.lead("L", w.now, owner_id="anna"))
    w.to(END + 2 * HOUR)
    assert [clock.evaluated for clock in fold(*w.outcomes)] == ["breached"]
    w.feed(facts.message(END, lead_id="L"))
    (clock,) = fold(*w.outcomes)
    assert (clock.evaluated, clock.in_time, clock.late) == ("retracted", True, False)


def test_r25_a_lead_that_joined_another_is_not_counted_beside_it_even_when_it_is_closed_later() -> None:
    w = World()
    w.feed(facts.lead("A", T0, phones=("+1",)), facts.lead("B", T0, phones=("+1",)))
    w.feed(facts.closed("B", T0 + MINUTE))
    counted = {clock.lead_id: clock.counts for clock in fold(*w.outcomes)}
    assert counted == {"A": True, "B": False}

"""The CRM says that nobody has a lead any more (R21, R22)."""

from __future__ import annotations

import pytest

from sla_monitor.core.rules import HOUR, MINUTE, SECOND, Hours, Policy
from tests import facts
from tests.world import T0, World, sales


def owned(policy: Policy | None = None) -> World:
    world = World(sales("anna", "vera", "zoe", policy=policy))
    world.feed(facts.lead("L", T0, owner_id="anna"))
    world.after(MINUTE)
    return world


def taken(world: World, **fields: str) -> None:
    world.feed(facts.assigned("L", "", world.now, **({"assigned_by": "human"} | fields)))


def test_r22_it_is_given_to_somebody_else_with_a_fresh_target_that_is_nobodys_evaluation() -> None:
    world = owned()
    taken(world)
    lead = world.lead("L")
    assert (lead.holder, lead.turn, lead.current.kind, lead.current.due) == ("vera", 2, "hand_over", T0 + 11 * MINUTE)
    assert [turn.result for turn in lead.turns] == ["superseded", ""]
    assert lead.due_at == T0 + 10 * MINUTE, "the customer's clock is untouched"
    (superseded,) = world.of("lead.superseded")
    assert (superseded.data["holder_id"], superseded.data["reason"]) == ("anna", "unassigned")
    assert ("anna", "reassigned_away") in [(send.manager_id, send.kind) for send in world.sent]
    assert ("vera", "assigned") in [(send.manager_id, send.kind) for send in world.sent]


def test_r22_under_wait_it_waits_for_the_crm_and_is_given_out_then() -> None:
    world = owned(Policy(unowned="wait"))
    taken(world)
    assert (world.lead("L").holder, world.lead("L").asking) == ("", False)
    world.after(MINUTE - 1)
    assert world.lead("L").holder == ""
    world.after(1)
    assert (world.lead("L").holder, world.lead("L").current.kind) == ("vera", "hand_over")


def test_r22_under_wait_whoever_the_crm_names_has_it() -> None:
    world = owned(Policy(unowned="wait"))
    taken(world)
    world.after(10 * SECOND)
    world.feed(facts.assigned("L", "anna", world.now, assigned_by="rule"))
    lead = world.lead("L")
    assert (lead.holder, lead.turn, lead.current.kind, lead.unowned_until) == ("anna", 2, "hand_over", 0)


def test_r07_it_breaches_as_ever_if_nobody_responds() -> None:
    world = owned(Policy(unowned="wait", unowned_after=HOUR))
    taken(world)
    world.to(T0 + 11 * MINUTE)
    assert len(world.of("sla.breached")) == 1
    assert world.lead("L").holder == "vera", "after the breach somebody is sought at once"


@pytest.mark.parametrize("said", [{"assigned_by": "sla"}, {"assigned_by": None}])
def test_r21_what_is_told_of_before_our_own_assignment_is_an_echo(said: dict[str, str]) -> None:
    world = World(sales())
    world.feed(facts.lead("L", T0))
    taken(world, **said)
    assert world.lead("L").holder == "anna"
    world.after(9 * MINUTE)
    taken(world)
    assert world.lead("L").holder == "vera", "a person takes it away at any time"


def test_r21_who_has_nobody_is_told_nothing_new() -> None:
    world = owned(Policy(unowned="wait"))
    taken(world)
    taken(world)
    assert len(world.of("lead.superseded")) == 1


def test_r19_what_the_head_holds_stays_there() -> None:
    world = owned(Policy(max_turns=1))
    world.to(T0 + 11 * MINUTE)
    taken(world)
    assert (world.lead("L").status, world.lead("L").holder) == ("escalated", "boris")


def test_r23_a_lead_that_is_not_open_loses_its_holder_only() -> None:
    world = owned()
    world.feed(facts.message(world.now, lead_id="L"))
    taken(world)
    assert (world.lead("L").status, world.lead("L").holder) == ("answered", "")


def test_r06_before_its_clock_starts_nobody_is_sought() -> None:
    office = {"office": Hours("UTC", (((540, 1020),),) * 7)}  # T0 is at a quarter to six in the evening
    world = World(sales("anna", "vera", policy=Policy(calendar="office"), calendars=office))
    world.feed(facts.lead("L", T0, owner_id="anna"))
    assert world.lead("L").scheduled
    taken(world)
    assert (world.lead("L").holder, world.lead("L").asking) == ("", False)
    world.to(world.lead("L").started_at)
    assert world.lead("L").holder == "vera"


def test_r22_what_was_late_already_is_given_to_somebody_else_too() -> None:
    world = owned(Policy(on_breach="notify"))
    world.to(T0 + 11 * MINUTE)
    taken(world)
    assert world.lead("L").holder == "vera"
    assert [turn.result for turn in world.lead("L").turns] == ["breached", ""]

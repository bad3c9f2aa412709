"""`sla-monitor explain`."""

from __future__ import annotations

from dataclasses import replace

from sla_monitor.core.effects import Log
from sla_monitor.core.rules import DAY, HOUR, Hours, Manager
from tests import facts
from tests.commands.shelf import Run, Shelf
from tests.world import MINUTE, T0, World, sales


def unanswered() -> World:
    """Anna did not react, so vera has it."""
    world = World()
    world.feed(facts.lead("L-1", T0, owner_id="anna"))
    world.to(T0 + 11 * MINUTE)
    return world


def test_a_lead_is_told_from_the_first_decision_to_the_last(run: Run, shelf: Shelf) -> None:
    shelf.remember(unanswered(), "L-1")
    story = run("explain", "L-1").json
    assert [outcome["type"] for outcome in story["outcomes"]] == [
        "lead.assigned.v1",
        "sla.warning.v1",
        "sla.warning.v1",
        "sla.breached.v1",
        "lead.reassigned.v1",
    ]
    assert (story["lead"]["status"], story["lead"]["holder_id"]) == ("overdue", "vera")


def test_people_read_who_was_passed_over_and_why(run: Run, shelf: Shelf) -> None:
    shelf.remember(unanswered(), "L-1")
    lines = run("explain", "L-1", "--no-json").out.splitlines()
    assert lines[0] == "Lead L-1 is overdue, held by vera in turn 2 (times are UTC)"
    given = next(n for n, line in enumerate(lines) if "lead.reassigned" in line)
    assert "from anna, to vera, reason no_response" in lines[given]
    assert [line.strip() for line in lines[given + 1 : given + 3]] == ["vera: chosen", "anna: had it"]


def test_a_lead_outside_everybodys_shift_is_scheduled_and_says_until_when(run: Run, shelf: Shelf) -> None:
    morning = Hours("UTC", (((540, 720),),) * 7)
    rules = sales("anna", calendars={"morning": morning})
    night = T0 - T0 % DAY + 20 * HOUR
    world = World(replace(rules, managers=rules.managers | {"anna": Manager("anna", shift="morning")}), at=night)
    world.feed(facts.lead("L-1", night))
    shelf.remember(world, "L-1")
    opening = "2030-03-18 09:00:00.000"
    lines = run("explain", "L-1", "--no-json").out.splitlines()
    assert lines[0] == f"Lead L-1 is scheduled until {opening}, held by nobody in turn 1 (times are UTC)"
    assert not any(line.strip().startswith("started") for line in lines)
    assert f"started {opening}" in lines[-1]
    shown = run("explain", "L-1").json["lead"]
    assert (shown["status"], shown["started_at"]) == ("scheduled", "2030-03-18T09:00:00.000Z")


def test_outcomes_of_other_leads_are_left_out(run: Run, shelf: Shelf) -> None:
    shelf.remember(unanswered(), "L-1")
    other = World()
    other.feed(facts.lead("L-2", T0, owner_id="vera"))
    shelf.remember(other, "L-2")
    assert {outcome["subject"] for outcome in run("explain", "L-2").json["outcomes"]} == {"L-2"}


def test_the_decisions_about_a_lead_outlive_its_row(run: Run, shelf: Shelf) -> None:
    shelf.remember(unanswered(), "L-1")
    shelf.write(Log.EVENTS, {b"L-1": None})
    answer = run("explain", "L-1", "--no-json")
    assert answer.code == 0
    assert answer.out.startswith("Its row is gone")
    assert "sla.breached" in answer.out


def test_events_that_wait_for_their_lead_and_dead_ones_are_told(run: Run, shelf: Shelf) -> None:
    world = World()
    world.feed(facts.message(T0, lead_id="L-1"))
    shelf.remember(world, "L-1")
    shelf.bury("unknown_lead", facts.message(T0, lead_id="L-1"))
    answer = run("explain", "L-1", "--no-json")
    assert answer.out.splitlines() == [
        "1 events wait for the lead to be created.",
        "dead letter 0: ContactRecorded, unknown_lead",
    ]


def test_what_an_id_holds_does_not_reach_the_terminal(run: Run, shelf: Shelf) -> None:
    world = World()
    world.feed(facts.lead("L\x1b[2J", T0, owner_id="anna"))
    shelf.remember(world, "L\x1b[2J")
    assert "\x1b" not in run("explain", "L\x1b[2J", "--no-json").out


def test_an_unknown_lead_is_a_finding(run: Run, shelf: Shelf) -> None:
    for lead_id in ("L-9", "\0rules", "\udcff"):
        answer = run("explain", lead_id)
        assert (answer.code, answer.out) == (1, "")
        assert "nothing is known of a lead" in answer.err


def test_without_a_log_it_is_unreachable(run: Run) -> None:
    assert run("explain", "L-1").code == 3

"""Who may act on a lead: decided by the reducer, on the lead that is acted upon."""

from __future__ import annotations

from typing import Any

import pytest

from sla_monitor.core.lead import OPEN, Status
from sla_monitor.core.rules import Manager, Policy, Rules, Team
from tests import facts
from tests.world import MINUTE, T0, World

PEOPLE = ("anna", "vera", "boris", "nick", "olga", "zoe")


def office(**changes: Any) -> Rules:
    """Two teams: anna and vera under boris, nick under olga; zoe is in none."""
    teams = {"sales": Team("sales", ("anna", "vera"), "boris"), "ops": Team("ops", ("nick",), "olga")}
    policy = Policy(**({"name": "default"} | changes))
    return Rules(version=1, managers={name: Manager(name) for name in PEOPLE}, teams=teams, policies=(policy,))


def lead_of(team: str | None, owner: str | None = None, **changes: Any) -> World:
    w = World(office(**changes))
    w.feed(facts.lead("L", T0, team_id=team, owner_id=owner))
    return w


def refusals(w: World) -> list[tuple[str, ...]]:
    return [(o.data["act"], o.data["by"], o.data["reason"]) for o in w.of("act.refused")]


# claims


@pytest.mark.parametrize("who", ["vera", "boris"])
def test_r16_a_claim_is_for_the_team_of_the_lead_and_its_head(who: str) -> None:
    w = lead_of("sales", "anna")
    w.feed(facts.claimed("L", who, 1, T0 + MINUTE))
    assert (w.lead("L").holder, refusals(w)) == (who, [])


@pytest.mark.parametrize("who", ["nick", "olga", "zoe"])
@pytest.mark.parametrize("may", [None, ("*",), ("ops",), ("sales",)])
def test_r16_nobody_of_another_team_takes_a_lead_by_whatever_door(who: str, may: tuple[str, ...] | None) -> None:
    w = lead_of("sales", "anna")
    before = w.lead("L")
    w.feed(facts.claimed("L", who, 1, T0 + MINUTE, may=may, person=who))
    after = w.lead("L")
    assert (after.holder, after.turn, after.turns) == ("anna", 1, before.turns)
    assert refusals(w) == [("claim", who, "not_your_team")]
    assert w.counted("refused_not_your_team") == 1
    assert (w.told(who), w.told("anna")) == ([], ["assigned"])


def test_r19_who_a_policy_escalates_to_may_take_its_leads() -> None:
    w = lead_of("sales", "anna", escalate_to="olga")
    w.feed(facts.claimed("L", "olga", 1, T0 + MINUTE, may=("ops",), person="olga"))
    assert w.lead("L").holder == "olga"


def test_r16_who_was_given_a_lead_of_another_team_still_acknowledges_it() -> None:
    w = lead_of("sales", "nick")
    w.feed(facts.claimed("L", "nick", 1, T0 + MINUTE, may=("ops",), person="nick"))
    assert (w.counted("acknowledged"), refusals(w)) == (1, [])


def test_a_refused_claim_that_is_tapped_again_is_refused_once() -> None:
    w = lead_of("sales", "anna")
    for _ in range(2):
        w.feed(facts.claimed("L", "nick", 1, T0 + MINUTE, id="tap"))
    assert len(refusals(w)) == 1


def test_a_claim_within_rights_still_works_after_one_that_was_refused() -> None:
    w = lead_of("sales", "anna")
    w.feed(facts.claimed("L", "nick", 1, T0 + 2 * MINUTE), facts.claimed("L", "vera", 1, T0 + MINUTE))
    assert w.lead("L").holder == "vera"


# other acts


@pytest.mark.parametrize("may", [None, ("*",), ("sales",), ("ops", "sales")])
def test_a_source_that_is_no_person_and_heads_of_the_team_may_do_everything(may: tuple[str, ...] | None) -> None:
    w = lead_of("sales", "anna")
    w.feed(facts.assigned("L", "vera", T0 + MINUTE, assigned_by="human", may=may, person="boris"))
    assert w.lead("L").holder == "vera"
    w.feed(facts.closed("L", T0 + 2 * MINUTE, may=may, person="boris"))
    assert w.lead("L").status is Status.CLOSED
    w.feed(facts.assigned("L", "anna", T0 + 3 * MINUTE, assigned_by="human", may=may, person="boris"))
    assert w.lead("L").holder == "anna"
    w.feed(facts.reopened("L", T0 + 4 * MINUTE, may=may, person="boris"))
    assert (w.lead("L").status in OPEN, refusals(w)) == (True, [])


@pytest.mark.parametrize("may", [(), ("ops",)])
def test_who_heads_another_team_changes_nothing_of_a_lead_whatever_its_status(may: tuple[str, ...]) -> None:
    w = lead_of("sales", "anna")
    w.feed(facts.assigned("L", "nick", T0 + MINUTE, assigned_by="human", may=may, person="olga", actor="olga"))
    w.feed(facts.closed("L", T0 + MINUTE, may=may, person="olga"))
    assert (w.lead("L").status, w.lead("L").holder) == (Status.WAITING, "anna")
    w.feed(facts.closed("L", T0 + MINUTE))
    w.feed(facts.assigned("L", "nick", T0 + 2 * MINUTE, assigned_by="human", may=may, person="olga"))
    w.feed(facts.reopened("L", T0 + 2 * MINUTE, may=may, person="olga"))
    assert (w.lead("L").status, w.lead("L").holder) == (Status.CLOSED, "anna")
    assert [act for act, *_ in refusals(w)] == ["assign", "close", "assign", "reopen"]
    assert w.of("act.refused")[0].data["actor"] == "olga"
    assert len({(o.type, o.turn, o.qualifier) for o in w.of("act.refused")}) == 4, "each has an id of its own"


def test_r19_who_holds_a_lead_of_another_team_gives_it_on_and_closes_it() -> None:
    w = lead_of("sales", "olga")
    w.feed(facts.assigned("L", "anna", T0 + MINUTE, assigned_by="human", may=("ops",), person="olga"))
    assert w.lead("L").holder == "anna"
    w.feed(facts.closed("L", T0 + 2 * MINUTE, may=("ops",), person="olga"))
    assert (w.lead("L").status, refusals(w)) == (Status.WAITING, [("close", "olga", "not_your_team")])


def test_r27_an_act_that_came_before_its_lead_is_judged_by_the_lead() -> None:
    w = World(office())
    w.feed(facts.closed("L", T0, may=("ops",), person="olga"))
    w.feed(facts.lead("L", T0, team_id="sales", owner_id="anna"))
    assert (w.lead("L").status, refusals(w)) == (Status.WAITING, [("close", "olga", "not_your_team")])


def test_what_an_act_may_survives_its_record() -> None:
    w = lead_of("sales", "anna")
    w.accept(facts.closed("L", T0, may=("ops",), person="olga"))
    w.run()
    assert w.lead("L").status is Status.WAITING


# leads of no team


@pytest.mark.parametrize("who", PEOPLE)
def test_a_lead_of_no_team_is_anybodys_to_claim(who: str) -> None:
    w = lead_of(None)
    w.feed(facts.claimed("L", who, 1, T0 + MINUTE, may=(), person=who))
    assert (w.lead("L").holder, refusals(w)) == (who, [])


def test_r18_every_head_is_told_once_of_a_lead_of_no_team() -> None:
    w = lead_of(None)
    assert w.lead("L").team_id is None
    assert {name: w.told(name) for name in PEOPLE if w.told(name)} == {"boris": ["no_team"], "olga": ["no_team"]}


def test_r18_a_lead_of_a_team_tells_no_other_head() -> None:
    w = lead_of("sales")
    assert (w.told("boris"), w.told("olga")) == ([], [])


def test_r33_a_lead_whose_team_is_no_more_is_anybodys_to_claim_and_to_close() -> None:
    w = lead_of("sales", "anna")
    w.change_rules(Rules(version=2, managers=w.rules.managers, teams={"ops": w.rules.teams["ops"]}))
    w.feed(facts.claimed("L", "nick", 1, T0 + MINUTE, may=("ops",), person="nick"))
    assert w.lead("L").holder == "nick"
    w.feed(facts.closed("L", T0 + MINUTE, may=("ops",), person="olga"))
    assert (w.lead("L").status, refusals(w)) == (Status.CLOSED, [])


def test_r31_an_erased_lead_stays_of_its_team() -> None:
    w = lead_of("sales", "anna")
    w.feed(facts.erased("L", T0 + MINUTE))
    erased = w.lead("L")
    assert (erased.status, erased.team_id, erased.holder, erased.turns) == (Status.ERASED, "sales", "", [])

"""An open lead stays with nobody who has left, and whoever heads it now knows what waits for them."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from sla_monitor.core import succession
from sla_monitor.core.lead import Status
from sla_monitor.core.row import Header
from sla_monitor.core.rules import HOUR, Hours, Manager, Policy, Rules, Team
from tests import facts
from tests.world import MINUTE, SECOND, T0, World, sales

NUMBER = "+74951234567"
OFFICE = {"office": Hours("UTC", (((60, 120),),) * 7)}
"""T0 lies outside of it."""


def without(rules: Rules, *gone: str, **teams: Team) -> Rules:
    """The next policy: without these people, and with these teams instead of theirs."""
    left = {name: manager for name, manager in rules.managers.items() if name not in gone}
    kept = {
        team.id: replace(
            team, managers=tuple(m for m in team.managers if m in left), head=team.head if team.head in left else None
        )
        for team in rules.teams.values()
    }
    return replace(rules, version=rules.version + 1, managers=left, teams=kept | teams)


def with_head(rules: Rules, head: str) -> Rules:
    """The next policy, with another head of sales and without boris."""
    people = {name: manager for name, manager in rules.managers.items() if name != "boris"} | {head: Manager(head)}
    teams = {"sales": replace(rules.teams["sales"], head=head)}
    return replace(rules, version=rules.version + 1, managers=people, teams=teams)


def held_by(owner: str, policy: Policy | None = None, **changes: Any) -> World:
    w = World(sales(policy=policy, **changes))
    w.feed(facts.lead("L", T0, owner_id=owner, phones=(NUMBER,)))
    return w


# who left


@pytest.mark.parametrize("on_absence", ["wait", "reassign"])
def test_r33_leads_of_somebody_who_left_are_given_on_at_once(on_absence: str) -> None:
    w = held_by("vera", Policy(on_absence=on_absence))
    w.to(T0 + MINUTE)
    w.change_rules(without(w.rules, "vera"))
    lead = w.lead("L")
    assert (lead.holder, [turn.result for turn in lead.turns]) == ("anna", ["superseded", ""])
    assert [o.data["reason"] for o in w.of("lead.reassigned")] == ["absent"]


def test_r33_without_anybody_else_the_head_hears_of_the_lead_of_somebody_who_left() -> None:
    w = held_by("vera")
    w.feed(facts.status("anna", "offline", w.now))
    w.change_rules(without(w.rules, "vera"))
    assert (w.lead("L").status, w.lead("L").holder) == (Status.UNASSIGNABLE, "")
    assert "unassignable" in w.told("boris")


def test_r33_r17_a_live_call_of_somebody_who_left_wins_until_it_ends() -> None:
    w = held_by("vera")
    w.feed(facts.started("c", w.now, number=NUMBER, manager_id="vera", direction="inbound"))
    w.change_rules(without(w.rules, "vera"))
    assert w.lead("L").holder == "vera"
    w.to(T0 + 5 * SECOND)
    w.feed(facts.missed("c", w.now, number=NUMBER, manager_id="vera"))
    assert w.lead("L").holder == "anna"


def test_r33_a_scheduled_lead_of_somebody_who_left_is_given_to_who_is_there_at_its_start() -> None:
    w = held_by("vera", Policy(calendar="office"), calendars=OFFICE)
    w.change_rules(without(w.rules, "vera"))
    assert (w.lead("L").status, w.lead("L").holder) == (Status.SCHEDULED, "vera")
    w.to(w.lead("L").started_at)
    assert (w.lead("L").status, w.lead("L").holder) == (Status.WAITING, "anna")


def test_r22_without_a_roster_nobody_has_left() -> None:
    w = held_by("vera")
    w.change_rules(Rules(version=2))
    assert w.lead("L").holder == "vera"


# which rows are asked at an opening


def test_r33_at_an_opening_only_leads_are_asked_that_the_policy_may_concern() -> None:
    rules = sales()
    assert [succession.may_concern(Header(holder=who), rules) for who in ("anna", "zoe", "")] == [False, True, True]
    assert not succession.may_concern(Header(holder="zoe"), Rules())
    assert succession.may_concern(Header(holder="anna"), sales(policy=Policy(apply_to_open=True)))


# the head


def escalated() -> World:
    w = held_by("anna", Policy(max_turns=1, warn_at=()))
    w.after(11 * MINUTE)
    assert w.lead("L").holder == "boris"
    return w


def test_r19_an_escalated_lead_goes_from_one_head_to_the_next() -> None:
    w = escalated()
    w.change_rules(with_head(w.rules, "olga"))
    assert (w.lead("L").status, w.lead("L").holder, w.told("olga")[0]) == (Status.ESCALATED, "olga", "escalated")
    ways = [(o.data["from"], o.data["to"]) for o in w.of("lead.escalated")]
    assert ways == [("anna", "boris"), ("boris", "olga")]
    assert w.lead("L").turn == 1


def test_r19_whoever_heads_the_team_again_is_told_again() -> None:
    w = escalated()
    before = w.rules
    w.change_rules(replace(before, version=2, teams={"sales": replace(before.teams["sales"], head="vera")}))
    w.change_rules(replace(before, version=3))
    assert (w.lead("L").holder, w.told("boris").count("escalated")) == ("boris", 2)
    assert len({(o.turn, o.qualifier) for o in w.of("lead.escalated")}) == 3


def test_r19_with_no_head_an_escalated_lead_leaves_only_whoever_is_gone() -> None:
    w = escalated()
    headless = {"sales": replace(w.rules.teams["sales"], head=None)}
    w.change_rules(replace(w.rules, version=2, teams=headless))
    assert w.lead("L").holder == "boris"
    w.change_rules(without(w.rules, "boris"))
    assert (w.lead("L").status, w.lead("L").holder) == (Status.ESCALATED, "")
    w.change_rules(with_head(w.rules, "olga"))
    assert w.lead("L").holder == "olga"


def test_r18_a_new_head_hears_of_what_nobody_can_take_and_the_same_head_once() -> None:
    w = World(sales())
    w.feed(facts.status("anna", "offline", w.now), facts.status("vera", "offline", w.now), facts.lead("L", T0))
    w.change_rules(replace(w.rules, version=2))
    assert w.told("boris") == ["unassignable"]
    w.change_rules(with_head(w.rules, "olga"))
    w.change_rules(replace(w.rules, version=4))
    w.after(HOUR)
    assert w.told("olga") == ["unassignable"]


def test_r19_who_a_policy_names_to_escalate_to_does_so_only_while_they_are_there() -> None:
    rules = sales(policy=Policy(max_turns=1, escalate_to="olga"))
    w = World(replace(rules, managers={**rules.managers, "olga": Manager("olga")}))
    w.feed(facts.lead("L", T0, owner_id="anna"))
    w.to(T0 + 11 * MINUTE)
    assert w.lead("L").holder == "olga"
    w.change_rules(without(w.rules, "olga"))
    assert w.lead("L").holder == "boris"


# the team


def two_teams(version: int = 1) -> Rules:
    people = {name: Manager(name) for name in ("anna", "boris", "nick", "olga")}
    teams = {"sales": Team("sales", ("anna",), "boris"), "ural": Team("ural", ("nick",), "olga")}
    return Rules(version=version, managers=people, teams=teams)


def test_r33_every_head_is_told_once_of_an_open_lead_of_a_team_that_is_gone_when_nobody_has_it() -> None:
    w = World(two_teams())
    w.feed(facts.lead("L", T0, owner_id="nick", team_id="ural"), facts.lead("M", T0, owner_id="anna", team_id="sales"))
    left = two_teams(2)
    w.change_rules(replace(left, teams={"sales": left.teams["sales"]}))
    w.change_rules(replace(left, version=3, teams={"sales": left.teams["sales"]}))
    assert "no_team" not in w.told("boris")  # nick has it still
    w.to(T0 + HOUR)
    assert [(s.manager_id, s.lead_id) for s in w.sent if s.kind == "no_team"] == [("boris", "L")]

"""What rarely happens to a lead, and must be right when it does."""

from __future__ import annotations

from dataclasses import replace

from sla_monitor.core.effects import Join
from sla_monitor.core.events import Due
from sla_monitor.core.joining import MAX_JOINED
from sla_monitor.core.rules import HOUR, MINUTE, SECOND, Hours, Manager, Policy, Rules
from tests import facts
from tests.world import T0, World, sales

PHONE, OTHER = "+79990000001", "+79990000002"
NIGHT = Hours("UTC", (((1, 2),),) * 7)


def joins(joining: str) -> Join:
    return Join(lead_id="L", joining=joining, at=T0, started_at=T0, due_at=T0 + 10 * MINUTE)


def asking(phones: tuple[str, ...]) -> World:
    """A lead past its due whose numbers have been asked and have not answered yet."""
    w = World()
    w.feed(facts.lead("L", T0, phones=phones))
    w.now = T0 + 10 * MINUTE + 2 * SECOND
    w._perform("events", w.logs["events"].apply("L", Due(w.now), w.now, w.rules))
    return w


def test_r06_the_first_policy_that_matches_is_promised() -> None:
    hot = Policy(name="hot", match={"channel": ("web",), "priority": ("high",)}, target=5 * MINUTE)
    w = World(replace(sales(), policies=(hot, Policy())))
    w.feed(facts.lead("A", T0, channel="web", priority="high"), facts.lead("B", T0, channel="web"))
    assert (w.lead("A").due_at, w.lead("B").due_at) == (T0 + 5 * MINUTE, T0 + 10 * MINUTE)


def test_r06_without_a_policy_that_matches_the_built_in_one_is_promised() -> None:
    w = World(replace(sales(), policies=(Policy(name="hot", match={"channel": ("web",)}, target=1),)))
    w.feed(facts.lead("L", T0))
    assert w.lead("L").due_at == T0 + 10 * MINUTE


def test_r08_with_several_numbers_the_last_answer_decides() -> None:
    w = asking((PHONE, OTHER))
    w.step("phones")
    w.step("events")
    assert w.lead("L").unanswered == [OTHER]
    assert not w.of("sla.breached")
    w.run()
    assert len(w.of("sla.breached")) == 1


def test_r08_a_number_that_is_removed_need_not_answer() -> None:
    w = asking((PHONE,))
    w.logs["phones"].queue.clear()
    w.feed(facts.updated("L", w.now, phones=()))
    w.after(SECOND)
    assert len(w.of("sla.breached")) == 1


def test_r13_nobody_is_warned_of_a_lead_without_a_holder() -> None:
    w = World(sales(policy=Policy(unowned="wait", unowned_after=HOUR)))
    w.feed(facts.lead("L", T0))
    w.to(T0 + 9 * MINUTE)
    assert not w.of("sla.warning")


def test_r16_a_claim_by_a_stranger_takes_nothing() -> None:
    w = World()
    w.feed(facts.lead("L", T0))
    w.feed(facts.claimed("L", "nobody", 1, T0 + MINUTE))
    assert (w.lead("L").holder, w.counted("unknown_manager")) == ("anna", 1)


def test_r16_a_claim_older_than_the_assignment_in_force_takes_nothing() -> None:
    w = World(sales("anna", "vera", "olga"))
    w.feed(facts.lead("L", T0))
    w.feed(facts.assigned("L", "vera", T0 + 2 * MINUTE))
    w.feed(facts.claimed("L", "olga", 2, T0 + MINUTE))
    assert w.lead("L").holder == "vera"


def test_r19_a_policy_may_name_who_is_escalated_to() -> None:
    rules = sales("a", "b", policy=Policy(max_turns=1, escalate_to="olga"))
    w = World(replace(rules, managers={**rules.managers, "olga": Manager("olga")}))
    w.feed(facts.lead("L", T0))
    w.to(T0 + 11 * MINUTE)
    assert (w.lead("L").status, w.lead("L").holder) == ("escalated", "olga")


def test_r22_an_assignment_to_a_stranger_is_flagged_and_changes_nothing() -> None:
    w = World()
    w.feed(facts.lead("L", T0))
    w.feed(facts.assigned("L", "nobody", T0 + MINUTE))
    assert w.lead("L").holder == "anna"
    assert "unknown_owner" in w.lead("L").flags


def test_r23_naming_the_present_holder_of_an_answered_lead_says_nothing_new() -> None:
    w = World()
    w.feed(facts.lead("L", T0, owner_id="anna"), facts.message(T0, lead_id="L"))
    before = len(w.outcomes)
    w.feed(facts.assigned("L", "anna", T0 + MINUTE))
    assert len(w.outcomes) == before


def test_r24_numbers_of_a_closed_lead_change_without_wanting_calls() -> None:
    w = World()
    w.feed(facts.lead("L", T0), facts.closed("L", T0 + 1), facts.updated("L", T0 + 2, phones=(PHONE,)))
    assert w.lead("L").phones == (PHONE,)
    assert PHONE not in w.logs["phones"].rows


def test_r24_a_number_learned_after_the_answer_still_collects_calls() -> None:
    w = World(sales(policy=Policy(contact_target=HOUR)))
    w.feed(facts.lead("L", T0), facts.message(T0, lead_id="L"), facts.updated("L", T0 + 1, phones=(PHONE,)))
    w.feed(facts.called("c", T0 + MINUTE, number=PHONE))
    assert [o.data["measure"] for o in w.of("sla.met")] == ["response", "contact"]


def test_r25_a_lead_neither_joins_itself_nor_takes_more_than_its_bound() -> None:
    w = World()
    w.feed(facts.lead("L", T0), *(facts.lead(f"J{n}", T0) for n in range(MAX_JOINED)))
    for name in ("L", *(f"J{n}" for n in range(MAX_JOINED)), "J0"):
        w._append("events", "L", joins(name))
    w.run()
    assert w.lead("L").joined == [f"J{n}" for n in range(MAX_JOINED)]
    assert (w.counted("ignored_cannot_join"), w.counted("ignored_already_joined")) == (1, 1)
    w.feed(facts.lead("late", T0))
    w._append("events", "L", joins("late"))
    w.run()
    assert [o.data["reason"] for o in w.of("lead.join_refused")] == ["itself", "full"]


def test_r25_a_proposal_that_comes_twice_joins_once() -> None:
    w = World()
    w.feed(facts.lead("L", T0), facts.lead("J", T0))
    w._append("events", "L", joins("J"))
    w._append("events", "L", joins("J"))
    w.run()
    assert w.lead("L").joined == ["J"]


def test_r29_a_reopened_lead_without_a_holder_is_given_to_somebody() -> None:
    w = World()
    w.feed(facts.lead("L", T0), facts.closed("L", T0))
    w.feed(facts.reopened("L", T0))
    assert w.lead("L").holder == "vera"  # the ask that the closing made void was anna's turn


def test_r29_a_lead_reopened_outside_the_calendar_is_scheduled() -> None:
    w = World(sales(policy=Policy(calendar="night"), calendars={"night": NIGHT}))
    w.feed(facts.lead("L", T0), facts.closed("L", T0 + 1))
    w.feed(facts.reopened("L", T0 + 2))
    assert w.lead("L").status == "scheduled"


def test_r33_a_policy_that_is_gone_leaves_its_leads_as_they_are() -> None:
    w = World(sales(policy=Policy(name="old", apply_to_open=True)))
    w.feed(facts.lead("L", T0))
    w.change_rules(replace(w.rules, version=2, policies=(Policy(name="new", target=MINUTE, apply_to_open=True),)))
    w._perform("events", w.logs["events"].apply("L", Due(w.now), w.now, w.rules))
    assert w.lead("L").due_at == T0 + 10 * MINUTE


def test_r18_without_a_head_nobody_is_told_but_the_outcome_stands() -> None:
    rules = sales()
    headless = replace(rules, teams={"sales": replace(rules.teams["sales"], head=None)})
    w = World(headless)
    w.feed(facts.status("anna", "away", T0), facts.status("vera", "away", T0))
    w.feed(facts.lead("L", T0))
    assert w.types("L") == ["lead.unassignable"]
    assert not w.sent


def test_a_team_without_shifts_is_open_around_the_clock() -> None:
    w = World(Rules(version=1))
    w.feed(facts.lead("L", T0))
    assert w.lead("L").due_at == T0 + 10 * MINUTE

"""Each sentence of R14-R22 that no other test holds to its word."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from sla_monitor import codec
from sla_monitor.core.effects import Ask, Log
from sla_monitor.core.events import Assigned, Due
from sla_monitor.core.rules import DAY, HOUR, MINUTE, SECOND, Hours, Manager, Policy, Rules, Team
from tests import facts
from tests.world import T0, World, sales

MIDNIGHT = T0 - T0 % DAY
MORNING, EVENING = Hours("UTC", (((540, 720),),) * 7), Hours("UTC", (((780, 1080),),) * 7)
REPLACE = Policy(on_absence="reassign")


def at(hour: int, minute: int = 0) -> int:
    """An instant of the first day after T0, UTC."""
    return MIDNIGHT + DAY + hour * HOUR + minute * MINUTE


def working(policy: Policy, **shifts: str) -> Rules:
    """The team, some of them by the calendar `early` or `late`."""
    rules = sales(*shifts, policy=policy, calendars={"early": MORNING, "late": EVENING})
    people = {name: Manager(name, shift=shift or None) for name, shift in shifts.items()}
    return replace(rules, managers={**rules.managers, **people})


def given(w: World) -> list[str]:
    return [o.data["to"] for o in w.outcomes if o.type in ("lead.assigned", "lead.reassigned")]


def held_by(w: World) -> dict[str, int]:
    """What the desk believes of everybody's load."""
    return dict(w.logs[Log.DESK].reducer.loads)  # type: ignore[attr-defined]


def test_r14_a_turn_begun_by_a_breach_is_due_within_the_new_holders_shift() -> None:
    w = World(working(Policy(), anna="", vera="late"), at=at(17, 45))
    w.feed(facts.lead("L", w.now, owner_id="anna"))
    w.to(at(18))
    assert (w.lead("L").holder, w.lead("L").current.due) == ("vera", at(24 + 13, 5) + 2 * SECOND)


def test_r14_where_shift_and_calendar_never_meet_the_calendar_counts() -> None:
    w = World(working(Policy(calendar="early"), anna="late", vera="late"), at=at(11))
    w.feed(facts.lead("L", w.now, owner_id="anna"))
    w.feed(facts.assigned("L", "vera", w.now + SECOND))
    assert w.lead("L").current.due == at(11, 10)


def test_r15_what_the_lead_and_its_policy_need_is_asked_for() -> None:
    people = {
        "anna": Manager("anna", skills=("b2b",), languages=("en",)),
        "vera": Manager("vera", skills=("b2b", "vip"), languages=("de",)),
        "olga": Manager("olga", skills=("b2b", "vip"), languages=("en",)),
        "zoe": Manager("zoe", skills=("b2b", "vip"), languages=("en",)),
    }
    teams = {"other": Team("other", ("zoe",)), "sales": Team("sales", ("anna", "vera", "olga"))}
    w = World(Rules(version=1, managers=people, teams=teams, policies=(Policy(require_skills=("vip",)),)))
    w.feed(facts.lead("L", T0, team_id="sales", skills=("b2b",), language="en"))
    (one,) = w.of("lead.assigned")
    assert [(c["manager_id"], c["passed_over"]) for c in one.data["candidates"]] == [
        ("olga", None),
        ("anna", "lacks_skill"),
        ("vera", "lacks_language"),
    ]


def test_r15_who_held_the_lead_by_hand_does_not_get_it_again() -> None:
    w = World(sales("anna", "vera", "olga"))
    w.feed(facts.lead("L", T0))
    w.feed(facts.assigned("L", "vera", T0 + SECOND))
    w.to(T0 + 11 * MINUTE)
    assert given(w) == ["anna", "vera", "olga"]


@pytest.mark.parametrize("by", ["human", "rule", None])
def test_r16_a_hand_over_is_superseding_and_its_turn_is_never_evaluated(by: str | None) -> None:
    w = World()
    w.feed(facts.lead("L", T0, owner_id="anna"))
    w.to(T0 + 5 * MINUTE)
    w.feed(facts.assigned("L", "vera", w.now, assigned_by=by))
    w.to(T0 + 11 * MINUTE)
    w.feed(facts.message(w.now, "vera", lead_id="L"))
    happened = ["lead.superseded", "lead.assigned", "sla.breached", "sla.warning", "call.credited", "sla.responded"]
    assert w.types("L")[-6:] == happened
    assert {o.turn for o in w.outcomes if o.type in ("sla.met", "sla.breached")} == {1}


def test_r16_a_claim_gives_a_fresh_target_and_leaves_the_customers_clock() -> None:
    w = World()
    w.feed(facts.lead("L", T0, owner_id="anna"))
    w.to(T0 + 4 * MINUTE)
    w.feed(facts.claimed("L", "vera", 1, w.now))
    assert (w.lead("L").current.due, w.lead("L").due_at) == (T0 + 14 * MINUTE, T0 + 10 * MINUTE)
    w.to(T0 + 12 * MINUTE)
    assert (len(w.of("sla.breached")), w.lead("L").holder) == (1, "vera")


def test_r16_who_gave_the_lead_away_is_told_in_what_follows_and_in_nothing_later() -> None:
    w = World()
    w.feed(facts.lead("L", T0, owner_id="anna"))
    w.feed(facts.assigned("L", "vera", w.now, assigned_by="human", actor="boris"))
    assert [(o.type, o.data.get("actor")) for o in w.outcomes] == [
        ("lead.assigned", None),
        ("lead.superseded", "boris"),
        ("lead.assigned", "boris"),
    ]
    assert w.lead("L").timeline[-1].data["actor"] == "boris"
    w.to(T0 + 11 * MINUTE)
    assert not [o for o in w.outcomes[3:] if "actor" in o.data]


def test_r27_who_closed_a_lead_that_was_not_there_yet_is_told_once_it_is() -> None:
    w = World()
    w.feed(facts.closed("L", T0, actor="boris"))
    w.feed(facts.lead("L", T0, actor="crm"))
    assert [o.data.get("actor") for o in w.of("lead.closed")] == ["boris"]


def test_r17_a_holder_whose_shift_ends_in_mid_turn_is_superseded() -> None:
    w = World(working(replace(REPLACE, calendar="early"), anna="early", vera=""), at=at(11, 55))
    w.feed(facts.lead("L", w.now, owner_id="anna"))
    w.to(at(12, 1) - 1)
    assert w.lead("L").holder == "anna"
    w.to(at(12, 1))
    assert (w.lead("L").holder, w.of("lead.superseded")[0].data["reason"]) == ("vera", "absent")
    assert not w.of("sla.breached")


def test_r17_an_owner_who_is_off_shift_only_until_the_start_keeps_the_lead() -> None:
    w = World(working(replace(REPLACE, calendar="early"), anna="early", vera=""), at=at(3))
    w.feed(facts.lead("L", w.now, owner_id="anna"))
    w.to(at(9, 5))
    assert (w.lead("L").holder, w.types("L")) == ("anna", ["sla.scheduled", "lead.assigned"])


def test_r17_an_owner_who_is_not_there_at_the_start_is_replaced_at_the_start() -> None:
    w = World(working(replace(REPLACE, calendar="early"), anna="late", vera=""), at=at(3))
    w.feed(facts.lead("L", w.now, owner_id="anna"))
    w.to(at(9) - 1)
    assert (w.lead("L").status, w.lead("L").holder) == ("scheduled", "anna")
    w.to(at(9))
    assert w.lead("L").holder == "vera"


def test_r17_under_wait_an_owner_absent_at_the_start_keeps_turn_one_flagged() -> None:
    w = World()
    w.feed(facts.status("anna", "offline", T0))
    w.to(T0 + MINUTE)
    w.feed(facts.lead("L", w.now, owner_id="anna"))
    lead = w.lead("L")
    assert (lead.holder, lead.turn, lead.current.kind, "holder_absent" in lead.flags) == ("anna", 1, "first", True)


def test_r17_whoever_is_back_within_the_grace_is_not_superseded() -> None:
    w = World(sales(policy=REPLACE))
    w.feed(facts.lead("L", T0, owner_id="anna"))
    w.feed(facts.status("anna", "offline", T0))
    w.to(T0 + 59 * SECOND)
    w.feed(facts.status("anna", "available", w.now))
    w.to(T0 + 5 * MINUTE)
    assert given(w) == ["anna"]


def test_r17_a_holder_who_leaves_after_their_breach_is_replaced_too() -> None:
    w = World(sales(policy=replace(REPLACE, on_breach="notify")))
    w.feed(facts.lead("L", T0, owner_id="anna"))
    w.to(T0 + 11 * MINUTE)
    w.feed(facts.status("anna", "offline", w.now))
    w.after(2 * MINUTE)
    assert (w.lead("L").holder, w.of("lead.superseded")) == ("vera", [])


def test_r18_each_time_that_nobody_is_found_is_counted() -> None:
    w = World(sales("anna"))
    w.feed(facts.lead("L", T0))
    w.to(T0 + 11 * MINUTE)
    assert (w.counted("unassignable"), w.lead("L").holder) == (1, "")
    assert w.told("boris") == ["unassignable"]


def test_r19_hand_overs_do_not_count_as_turns_spent() -> None:
    w = World(sales("a", "b", "c", "d", policy=Policy(max_turns=2)))
    w.feed(facts.lead("L", T0, owner_id="a"))
    w.feed(facts.assigned("L", "b", T0 + SECOND), facts.assigned("L", "c", T0 + 2 * SECOND))
    w.to(T0 + 11 * MINUTE)
    assert (w.lead("L").holder, w.lead("L").status) == ("d", "overdue")
    w.to(T0 + 22 * MINUTE)
    assert w.lead("L").status == "escalated"


def test_r19_a_response_ends_the_escalation() -> None:
    w = World(sales(policy=Policy(max_turns=1)))
    w.feed(facts.lead("L", T0))
    w.to(T0 + 11 * MINUTE)
    w.feed(facts.message(w.now, "boris", lead_id="L"))
    assert w.types("L")[-2:] == ["call.credited", "sla.responded"]
    assert w.lead("L").status == "answered"


def test_r19_an_escalated_lead_nobody_ever_had_takes_the_next_turn_when_a_person_gives_it() -> None:
    w = World(sales(policy=Policy(max_turns=1, unowned="wait", unowned_after=HOUR)))
    w.feed(facts.lead("L", T0))
    w.to(T0 + 11 * MINUTE)
    w.feed(facts.assigned("L", "vera", w.now))
    assert (w.lead("L").turn, w.lead("L").status) == (2, "overdue")
    w.to(T0 + 22 * MINUTE)
    assert [o.turn for o in w.of("lead.escalated")] == [1, 2]


@pytest.mark.parametrize(
    "meanwhile",
    [
        lambda now: facts.message(now, lead_id="L"),
        lambda now: facts.closed("L", now),
        lambda now: facts.erased("L", now),
        lambda now: facts.assigned("L", "olga", now),
    ],
)
def test_r20_a_reassignment_in_flight_is_dropped_and_its_load_freed(meanwhile: Any) -> None:
    w = World(sales("anna", "vera", "olga"))
    w.feed(facts.lead("L", T0, owner_id="anna"))
    w.now = T0 + 10 * MINUTE + 2 * SECOND
    w._perform("events", w.logs["events"].apply("L", Due(w.now), w.now, w.rules))
    w.step("events")
    w.step("events")
    w.step("desk")
    assert held_by(w) == {"vera": 1}
    w.logs["events"].queue.appendleft(("L", codec.encode_record(meanwhile(w.now))))
    w.run()
    assert not w.of("lead.reassigned")
    assert "vera" not in held_by(w)


def test_r21_an_echo_is_known_by_when_it_was_written_not_by_when_it_is_read() -> None:
    w = World(sales("anna", "vera", "olga"))
    w.feed(facts.lead("L", T0))
    w.to(T0 + 15 * MINUTE)
    w.feed(facts.assigned("L", "anna", T0 + SECOND, received=w.now))
    assert (w.lead("L").holder, w.counted("ignored_echo")) == ("vera", 1)


def test_r21_after_ten_minutes_it_is_no_echo_any_more() -> None:
    w = World(sales("anna", "vera", "olga"))
    w.feed(facts.lead("L", T0))
    w.to(T0 + 11 * MINUTE)
    w.feed(facts.assigned("L", "anna", T0 + 10 * MINUTE + 1, received=w.now))
    assert w.lead("L").holder == "anna"


def test_r21_a_person_who_says_so_is_no_echo() -> None:
    w = World(sales("anna", "vera", "olga"))
    w.feed(facts.lead("L", T0))
    w.to(T0 + 10 * MINUTE + 5 * SECOND)
    w.feed(facts.assigned("L", "anna", w.now, assigned_by="human"))
    assert w.lead("L").holder == "anna"


def test_r21_a_turn_of_ours_is_as_old_as_it_was_given() -> None:
    w = World(sales("anna", "vera", "olga", policy=Policy(target=HOUR, unowned="wait", unowned_after=20 * MINUTE)))
    w.feed(facts.lead("L", T0))
    w.to(T0 + 20 * MINUTE)
    assert w.lead("L").current.begun == w.now
    w.feed(facts.assigned("L", "vera", w.now + SECOND))
    w.feed(facts.assigned("L", "anna", w.now + 2 * SECOND))
    assert w.lead("L").holder == "vera"


def test_r21_assignments_of_one_instant_are_in_the_order_of_source_and_id() -> None:
    w = World(sales("anna", "vera", "olga"))
    w.feed(facts.lead("L", T0, owner_id="anna"))
    w.feed(facts.assigned("L", "vera", T0 + 1, id="b"), facts.assigned("L", "olga", T0 + 1, id="a"))
    assert w.lead("L").holder == "vera"
    w.feed(facts.assigned("L", "olga", T0 + 1, id="c"))
    assert w.lead("L").holder == "olga"


def test_r21_updates_of_one_instant_are_in_the_order_of_source_and_id() -> None:
    w = World()
    w.feed(facts.lead("L", T0))
    w.feed(facts.updated("L", T0 + 1, id="b", name="b"), facts.updated("L", T0 + 1, id="a", name="a"))
    assert w.lead("L").name == "b"


def test_r21_an_echo_on_an_answered_lead_does_not_change_its_holder() -> None:
    w = World()
    w.feed(facts.lead("L", T0, owner_id="anna"))
    w.feed(facts.message(T0, lead_id="L"), facts.assigned("L", "vera", T0 + 1, assigned_by="sla"))
    assert (w.lead("L").holder, w.counted("ignored_echo")) == ("anna", 1)


def teams(policy: Policy = Policy()) -> Rules:  # noqa: B008 - a value, like every rule
    people = {name: Manager(name) for name in ("anna", "vera", "olga")}
    found = {name: Team(name, (who,)) for name, who in zip(("a", "v", "o"), people, strict=True)}
    return Rules(version=1, managers=people, teams=found, policies=(policy,))


@pytest.mark.parametrize(
    ("policy", "fields", "team"),
    [
        (Policy(team="o"), {"team_id": "a", "owner_id": "vera"}, "a"),
        (Policy(team="o"), {"owner_id": "vera"}, "v"),
        (Policy(team="o"), {"owner_id": "nobody", "team_id": "none"}, "o"),
        (Policy(), {}, None),
    ],
)
def test_r22_the_team_is_the_leads_else_the_owners_else_the_policys(policy: Policy, fields: Any, team: Any) -> None:
    w = World(teams(policy))
    w.feed(facts.lead("L", T0, **fields))
    assert w.lead("L").team_id == team


def test_r22_the_only_team_takes_what_names_none() -> None:
    w = World()
    w.feed(facts.lead("L", T0))
    assert w.lead("L").team_id == "sales"


def test_r22_notify_owner_false_turns_outcome_and_notice_off_and_the_desk_knows_the_holder() -> None:
    w = World(sales(policy=Policy(notify_owner=False)))
    w.feed(facts.lead("L", T0, owner_id="vera"))
    assert (w.lead("L").holder, w.outcomes, w.sent, held_by(w)) == ("vera", [], [], {"vera": 1})


def test_r22_an_unknown_owner_is_counted_and_the_lead_is_timed_as_unowned() -> None:
    w = World(sales(policy=Policy(unowned="wait")))
    w.feed(facts.lead("L", T0, owner_id="nobody"))
    assert (w.counted("unknown_owner"), w.lead("L").due_at, w.lead("L").unowned_until) == (
        1,
        T0 + 10 * MINUTE,
        T0 + MINUTE,
    )


def test_r22_the_turn_after_the_customers_due_is_evaluated_as_one_begun_by_a_breach() -> None:
    w = World(sales(policy=Policy(unowned="wait", unowned_after=HOUR, on_breach="notify")))
    w.feed(facts.lead("L", T0))
    w.to(T0 + 11 * MINUTE)
    w.feed(facts.assigned("L", "vera", w.now, assigned_by="rule"))
    w.to(T0 + 22 * MINUTE)
    assert [(o.turn, o.data["evaluated"]) for o in w.of("sla.breached")] == [(1, "first"), (2, "later")]


def test_every_end_of_a_lead_is_told_to_the_desk() -> None:
    for end in (
        facts.message(T0 + 1, lead_id="L"),
        facts.closed("L", T0 + 1),
        facts.erased("L", T0 + 1),
        facts.closed("L", T0 + 1, "merged", merged_into="other"),
    ):
        w = World()
        w.feed(facts.lead("L", T0))
        assert held_by(w) == {"anna": 1}
        w.feed(end)
        assert held_by(w) == {}


def test_an_ask_carries_the_grace_of_the_policy() -> None:
    w = World(sales(policy=Policy(absence_grace=5 * MINUTE)))
    w.accept(facts.lead("L", T0))
    w.step("events")
    (ask,) = [codec.decode_record(value) for _, value in w.logs["desk"].queue]
    assert isinstance(ask, Ask)
    assert ask.grace == 5 * MINUTE


def test_a_second_answer_of_the_desk_changes_nothing() -> None:
    w = World()
    w.feed(facts.lead("L", T0))
    w._append("events", "L", Assigned(lead_id="L", n=1, at=T0, manager_id="vera"))
    w.run()
    assert w.lead("L").holder == "anna"

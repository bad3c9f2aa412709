"""Who is told what of a lead, whatever becomes of it: nothing untrue, and the end of what they were told."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from sla_monitor.core.attempts import PENDING
from sla_monitor.core.deliver import Notices
from sla_monitor.core.effects import Log
from sla_monitor.core.mailbox import Mailbox
from sla_monitor.core.rules import DAY, HOUR, MINUTE, SECOND, Manager, Policy, Rules, Team
from sla_monitor.core.standing import stands
from tests import facts
from tests.world import T0, World, sales

NIGHT = T0 - T0 % DAY
NUMBER = "+74951112233"


def world(policy: Policy | None = None, *, at: int = T0, **people: Any) -> World:
    """anna and vera under boris; what is said of somebody replaces their entry."""
    rules = sales(policy=policy or Policy(warn_at=()))
    changed = {name: replace(rules.managers[name], **entry) for name, entry in people.items()}
    return World(replace(rules, managers={**rules.managers, **changed}), at=at)


def asleep(**more: Any) -> dict[str, Any]:
    """Who is quiet for the first hour of the day, UTC, and lets nothing through."""
    return {"quiet": ((0, 60),), "urgent": (), **more}


def waiting(w: World, who: str) -> list[str]:
    log = w.logs[Log.NOTIFICATIONS]
    rows = [log.codec.decode(row) for row in log.rows.values()]
    return [item.kind for row in rows if isinstance(row, Mailbox) and row.manager_id == who for item in row.items()]


def answered(w: World, by: str, lead: str = "L") -> None:
    w.feed(facts.message(w.now, by, lead_id=lead))


def test_of_a_lead_that_was_answered_in_the_quiet_hours_nothing_is_told_at_their_end():
    w = world(Policy(warn_at=(60,)), at=NIGHT, anna=asleep())
    w.feed(facts.lead("L", w.now, owner_id="anna"))
    w.after(7 * MINUTE)
    assert waiting(w, "anna") == ["assigned", "warning"]
    answered(w, "vera")
    assert waiting(w, "anna") == []
    w.after(HOUR)
    assert w.told("anna") == []


def test_whoever_had_it_last_hears_of_an_escalation():
    w = world(Policy(max_turns=1, warn_at=()))
    w.feed(facts.lead("L", w.now, owner_id="anna"))
    w.after(11 * MINUTE)
    assert w.told("anna") == ["assigned", "reassigned_away"]
    assert w.told("boris") == ["escalated"]


def test_the_head_to_whom_it_was_escalated_hears_that_it_was_answered():
    w = world(Policy(max_turns=2, warn_at=()))
    w.feed(facts.lead("L", w.now, owner_id="anna"))
    w.after(30 * MINUTE)
    answered(w, "vera")
    assert w.told("boris") == ["escalated", "answered"]
    assert w.told("vera")[-1] == "reassigned_away"  # she answered it herself, and knows


def test_the_head_who_was_told_that_nobody_can_take_it_hears_that_it_was_answered():
    w = world(Policy(max_turns=3, warn_at=()))
    w.feed(facts.lead("L", w.now, owner_id="anna"))
    w.after(30 * MINUTE)
    assert w.told("boris") == ["unassignable"]
    answered(w, "vera")
    assert w.told("boris") == ["unassignable", "answered"]


def test_the_head_who_was_told_that_nobody_can_take_it_hears_who_took_it():
    w = world(Policy(max_turns=3, warn_at=()))
    w.feed(facts.lead("L", w.now, owner_id="anna"))
    w.after(30 * MINUTE)
    w.feed(facts.assigned("L", "vera", w.now))
    assert w.told("boris") == ["unassignable", "taken"]


def test_r25_who_held_a_lead_that_became_part_of_another_hears_it():
    w = world()
    w.feed(facts.missed("m", w.now, number=NUMBER))
    w.after(MINUTE)
    made = w.outcomes[0].lead_id
    holder = w.lead(made).holder
    other = "vera" if holder == "anna" else "anna"
    w.feed(facts.lead("L", w.now, phones=(NUMBER,), owner_id=other))
    w.after(MINUTE)
    assert w.lead(made).joined_to == "L"
    told = [(send.kind, send.details.get("into")) for send in w.sent if send.manager_id == holder]
    assert told == [("assigned", None), ("joined", "L")]
    assert w.told("boris") == []


def test_r25_of_a_merged_lead_it_is_said_once_that_it_is_over_when_the_other_has_answered():
    w = world(at=NIGHT, anna=asleep())
    w.feed(facts.lead("L", w.now, owner_id="anna"), facts.lead("M", w.now, owner_id="vera"))
    w.feed(facts.closed("L", w.now, "merged", merged_into="M"), facts.lead("N", w.now, owner_id="vera"))
    w.feed(facts.closed("N", w.now, "merged", merged_into="gone"))
    assert waiting(w, "anna") == []
    assert w.told("vera") == ["assigned", "assigned", "closed"]


def test_a_lead_that_is_closed_is_over_for_whoever_was_told_of_it_and_for_nobody_else():
    w = world(at=NIGHT, vera=asleep())
    w.feed(facts.lead("L", w.now, owner_id="anna"), facts.lead("M", w.now, owner_id="vera"))
    w.feed(facts.closed("L", w.now), facts.closed("M", w.now))
    w.after(2 * HOUR)
    assert (w.told("anna"), w.told("vera"), w.told("boris")) == (["assigned", "closed"], [], [])


def test_r31_whoever_was_told_of_an_erased_lead_hears_that_it_is_gone_and_no_name():
    w = world(at=NIGHT, anna=asleep(urgent=("assigned",)))
    w.feed(facts.lead("L", w.now, owner_id="anna", name="Ivan"), facts.erased("L", w.now))
    assert waiting(w, "anna") == ["closed"]
    assert not any(b"Ivan" in row for row in w.logs[Log.NOTIFICATIONS].rows.values())
    w.after(2 * HOUR)
    assert (w.told("anna"), w.sent[-1].details.get("lead_name")) == (["assigned", "closed"], None)


def test_a_hand_over_that_comes_to_nothing_new_is_told_once():
    w = world(at=NIGHT, anna=asleep(urgent=("assigned",)))
    w.feed(facts.lead("L", w.now, owner_id="anna"))
    w.feed(facts.assigned("L", "vera", w.now + SECOND))
    w.feed(facts.assigned("L", "anna", w.now + 2 * SECOND))
    assert waiting(w, "anna") == []
    assert w.told("anna") == ["assigned", "assigned"]


@pytest.mark.parametrize("by", ["anna", "vera"])
def test_r29_nobody_is_given_a_reopened_lead_that_was_answered_before_that_was_told(by):
    w = World()
    w.feed(facts.lead("L", T0, phones=("+74951234567",), owner_id="anna"))
    w.to(T0 + MINUTE)
    w.feed(facts.closed("L", w.now))
    w.to(T0 + 3 * MINUTE)
    w.feed(facts.called("c", w.now, lead_id="L", manager_id=by))
    w.to(T0 + 5 * MINUTE)
    told = len(w.sent)
    w.feed(facts.reopened("L", T0 + 2 * MINUTE, received=w.now))
    assert (w.lead("L").status, w.of("sla.met")[-1].data["holder_id"], w.sent[told:]) == ("answered", "anna", [])


def test_a_reopened_lead_is_told_of_anew():
    w = world()
    w.feed(facts.lead("L", w.now, owner_id="anna"), facts.closed("L", w.now))
    w.after(MINUTE)
    w.feed(facts.reopened("L", w.now), facts.closed("L", w.now + MINUTE))
    assert w.told("anna") == ["assigned", "closed", "assigned", "closed"]


def test_whoever_closed_it_knows():
    w = world()
    w.feed(facts.lead("L", w.now, owner_id="anna"), facts.closed("L", w.now, actor="anna"))
    assert w.told("anna") == ["assigned"]


def test_nothing_that_waits_is_untrue_at_any_point_of_a_long_story():
    """Quiet for everybody, so all of it waits."""
    w = world(Policy(max_turns=2, warn_at=(60,)), at=NIGHT, anna=asleep(), vera=asleep(), boris=asleep())
    story = [
        facts.lead("L", w.now, owner_id="anna", phones=(NUMBER,)),
        None,
        facts.assigned("L", "vera", w.now + 8 * MINUTE),
        None,
        None,
        facts.message(w.now + 31 * MINUTE, "anna", lead_id="L"),
        facts.closed("L", w.now + 32 * MINUTE),
        facts.reopened("L", w.now + 33 * MINUTE),
        None,
        facts.erased("L", w.now + 50 * MINUTE),
    ]
    for fact in story:
        if fact is not None:
            w.feed(fact)
        w.after(5 * MINUTE)
        rows = [w.logs[Log.NOTIFICATIONS].codec.decode(row) for row in w.logs[Log.NOTIFICATIONS].rows.values()]
        states = {row.lead_id: row.state for row in rows if isinstance(row, Notices)}
        for box in (row for row in rows if isinstance(row, Mailbox)):
            for item in box.items():
                state = states[item.lead_id]
                assert state is not None
                assert stands(item.kind, item.turn, box.manager_id, state), f"{item.kind} to {box.manager_id}: {state}"
    assert [send for send in w.sent if send.kind != "undelivered"] == []


def test_rules_without_managers_tell_anybody_in_the_log():
    w = World(Rules(version=1))
    w.feed(facts.lead("L", w.now, owner_id="somebody"), facts.closed("L", w.now))
    assert w.told("somebody") == ["assigned", "closed"]
    assert not [row for row in w.logs[Log.NOTIFICATIONS].rows.values() if row[9] == PENDING]


def test_a_head_who_changed_is_not_told_of_what_the_other_knew():
    w = world()
    w.rules = replace(w.rules, managers={**w.rules.managers, "oleg": Manager("oleg")})
    w.feed(facts.lead("L", w.now, owner_id="anna"), facts.closed("L", w.now))
    assert w.told("oleg") == []


@pytest.mark.parametrize("owner", [None, "anna"])
def test_r27_of_a_lead_that_was_over_before_it_came_nobody_is_told(owner):
    for end in (facts.erased("L", T0), facts.closed("L", T0), facts.message(T0, "vera", lead_id="L")):
        w = World(two_teams())
        w.feed(end, facts.lead("L", T0, name="Ivan", channel="none", owner_id=owner))
        w.after(HOUR)
        assert [w.told(who) for who in ("anna", "vera", "boris")] == [[], [], []]
        assert not any(b"Ivan" in row for row in w.logs[Log.NOTIFICATIONS].rows.values())


def two_teams() -> Rules:
    """A lead of a channel that no policy has a team for is of none."""
    rules = sales(policy=Policy(warn_at=()))
    return replace(rules, teams={**rules.teams, "field": Team("field", ("vera",), "vera")})


def test_when_the_row_of_a_lead_goes_nobody_hears_of_it():
    w = world()
    w.rules = replace(w.rules, limits=replace(w.rules.limits, retract_window=3 * DAY))
    w.feed(facts.lead("L", w.now, owner_id="anna"), facts.closed("L", w.now, actor="anna"))
    w.after(9 * DAY)
    assert (w.told("anna"), w.buried) == (["assigned"], [])


def test_whoever_answered_or_closed_it_hears_nothing_of_the_end_later():
    w = world()
    w.feed(facts.lead("L", w.now, owner_id="anna"))
    answered(w, "anna")
    w.feed(facts.closed("L", w.now))
    assert w.told("anna") == ["assigned"]


def test_of_heads_who_were_asked_to_see_to_a_lead_the_others_hear_who_took_it():
    w = World(replace(two_teams(), policies=(Policy(warn_at=(), target=5 * HOUR),)), at=NIGHT)
    w.rules = replace(w.rules, managers={**w.rules.managers, "vera": replace(w.rules.managers["vera"], **asleep())})
    w.feed(facts.lead("L", w.now))
    assert (w.told("boris"), waiting(w, "vera")) == (["no_team"], ["no_team"])
    w.feed(facts.claimed("L", "boris", 1, w.now))
    assert waiting(w, "vera") == []
    w.after(2 * HOUR)
    assert "no_team" not in w.told("vera")


def test_r16_the_first_claim_of_a_lead_that_nobody_had_takes_it_and_the_next_is_too_late():
    w = World(two_teams())
    w.feed(facts.lead("L", w.now))
    w.feed(facts.claimed("L", "boris", 1, w.now), facts.claimed("L", "vera", 1, w.now + SECOND))
    assert (w.lead("L").holder, w.counted("ignored_stale_claim")) == ("boris", 1)
    assert w.told("vera") == ["no_team", "taken"]


def test_r16_a_turn_that_was_claimed_and_broken_may_be_claimed_from_its_holder():
    w = World(replace(two_teams(), policies=(Policy(warn_at=(), on_breach="notify"),)))
    w.feed(facts.lead("L", w.now), facts.claimed("L", "boris", 1, w.now))
    w.after(11 * MINUTE)
    w.feed(facts.claimed("L", "vera", 1, w.now))
    assert w.lead("L").holder == "vera"


def test_whose_lead_was_taken_away_hears_it_once_and_why():
    w = world(Policy(warn_at=(), unowned="wait"))
    w.feed(facts.lead("L", w.now, owner_id="anna"), facts.assigned("L", "", w.now + SECOND))
    w.feed(facts.assigned("L", "vera", w.now + 2 * SECOND))
    told = [send for send in w.sent if send.manager_id == "anna"]
    assert [send.kind for send in told] == ["assigned", "reassigned_away"]
    assert told[1].details.get("reason") != "given"


def test_what_waits_to_be_said_of_a_change_says_the_newest_one():
    w = world(Policy(warn_at=(), target=5 * HOUR), at=NIGHT, anna=asleep(urgent=("assigned",)))
    w.feed(facts.lead("L", w.now, owner_id="anna"), facts.assigned("L", "vera", w.now + SECOND))
    w.feed(facts.assigned("L", "boris", w.now + 2 * SECOND))
    assert waiting(w, "anna") == ["reassigned_away"]
    w.after(2 * HOUR)
    (away,) = (send for send in w.sent if send.kind == "reassigned_away" and send.manager_id == "anna")
    assert away.details["to_id"] == "boris"


def test_r17_that_a_holder_is_absent_is_told_while_they_are_and_each_time_anew():
    w = world(Policy(warn_at=(), target=5 * HOUR))
    w.feed(facts.lead("L", w.now, owner_id="anna"))
    for _ in range(2):
        w.feed(facts.status("anna", "offline", w.now))
        w.after(20 * MINUTE)
        w.feed(facts.status("anna", "available", w.now))
        w.after(MINUTE)
    assert w.told("boris") == ["absent", "absent"]


def test_r17_that_a_holder_was_absent_is_not_told_when_they_are_back():
    w = world(Policy(warn_at=(), target=5 * HOUR), at=NIGHT, boris=asleep())
    w.feed(facts.lead("L", w.now, owner_id="anna"), facts.status("anna", "offline", w.now))
    w.after(20 * MINUTE)
    assert (waiting(w, "boris"), w.lead("L").flags) == (["absent"], ("holder_absent",))
    w.feed(facts.status("anna", "available", w.now))
    assert (waiting(w, "boris"), w.lead("L").flags) == ([], ())


def test_the_head_of_a_lead_hears_that_its_first_notice_cannot_be_told():
    w = world(anna={"notify": ("telegram://7",)})
    w.feed(facts.lead("L", w.now, owner_id="anna"))
    (box,) = [
        row
        for row in map(w.logs[Log.NOTIFICATIONS].codec.decode, w.logs[Log.NOTIFICATIONS].rows.values())
        if isinstance(row, Mailbox) and row.manager_id == "anna"
    ]
    assert box.head == "boris"


def test_of_a_lead_of_no_team_all_heads_hear_each_time_that_nobody_has_it():
    w = World(two_teams())
    w.feed(facts.lead("L", T0))
    w.feed(facts.claimed("L", "boris", 1, w.now))
    w.after(11 * MINUTE)  # boris did not answer, and nobody else can take it
    assert w.told("vera") == ["no_team", "taken", "no_team"]
    assert w.told("boris")[-1] == "no_team"
    answered(w, "vera")
    assert w.told("boris")[-1] == "answered"


def test_of_a_lead_of_no_team_all_heads_hear_that_its_holder_did_not_answer():
    w = World(replace(two_teams(), policies=(Policy(warn_at=(), on_breach="notify"),)), at=NIGHT)
    w.rules = replace(w.rules, managers={**w.rules.managers, "vera": replace(w.rules.managers["vera"], **asleep())})
    w.feed(facts.lead("L", w.now), facts.claimed("L", "anna", 1, w.now))
    w.after(11 * MINUTE)
    assert (w.told("boris")[-1], waiting(w, "vera")) == ("breached", ["breached"])
    w.after(HOUR)
    assert w.told("vera") == ["breached"]


def test_a_reopened_lead_of_no_team_is_told_of_anew():
    w = World(two_teams())
    w.feed(facts.lead("L", T0), facts.closed("L", T0))
    w.after(MINUTE)
    w.feed(facts.reopened("L", w.now))
    assert w.told("vera") == ["no_team", "closed", "no_team"]


def test_a_new_holder_is_there_whoever_was_absent_before():
    w = world(Policy(warn_at=(), target=5 * HOUR))
    w.feed(facts.lead("L", w.now, owner_id="anna"), facts.status("anna", "offline", w.now))
    w.after(20 * MINUTE)
    assert w.lead("L").flags == ("holder_absent",)
    w.feed(facts.assigned("L", "vera", w.now))
    assert w.lead("L").flags == ()


def test_what_became_of_the_leads_of_somebody_who_left_tells_their_head_nothing():
    w = world(Policy(warn_at=()))
    for number in range(9):
        w.feed(facts.lead(f"L{number}", w.now, owner_id="vera"))
    people = {name: who for name, who in w.rules.managers.items() if name != "vera"}
    teams = {"sales": replace(w.rules.teams["sales"], managers=("anna",))}
    w.change_rules(replace(w.rules, version=2, managers=people, teams=teams))
    assert {w.lead(f"L{number}").holder for number in range(9)} == {"anna"}
    assert "undelivered" not in w.told("boris")

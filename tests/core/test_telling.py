"""Who is told what of a lead, whatever becomes of it: nothing untrue, and the end of what they were told."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from sla_monitor.core.attempts import PENDING
from sla_monitor.core.deliver import Notices
from sla_monitor.core.effects import Log
from sla_monitor.core.mailbox import Mailbox
from sla_monitor.core.rules import DAY, HOUR, MINUTE, SECOND, Manager, Policy, Rules
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

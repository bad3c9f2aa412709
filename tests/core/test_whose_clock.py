"""What every outcome says of the clock it is about, so that reports need nothing but the outcomes."""

from __future__ import annotations

from dataclasses import replace

from sla_monitor.core.rules import DAY, HOUR, MINUTE, SECOND, Hours, Policy
from tests import facts
from tests.world import T0, World, sales

NINE = T0 - T0 % DAY + DAY + 9 * HOUR
BREAK = Hours("UTC", (((540, 600), (660, 1080)),) * 7)  # 9 to 10, 11 to 18


def test_every_outcome_says_when_the_clock_started_its_team_and_its_policy() -> None:
    w = World(sales(policy=Policy("hot")))
    w.feed(facts.lead("L", T0, owner_id="anna"))
    w.to(T0 + 11 * MINUTE)
    w.feed(facts.closed("L", w.now))
    assert len(w.outcomes) > 4
    told = [(o.data["started_at"], o.data["team_id"], o.data["policy"]) for o in w.outcomes]
    assert set(told) == {(T0, "sales", "hot")}


def test_the_timeline_does_not_repeat_it() -> None:
    w = World()
    w.feed(facts.lead("L", T0))
    (entry,) = w.lead("L").timeline
    assert not {"started_at", "team_id", "policy"} & set(entry.data)


def test_the_timeline_of_a_scheduled_lead_says_when_it_starts() -> None:
    w = World(sales(policy=Policy(calendar="office"), calendars={"office": BREAK}), at=NINE - HOUR)
    w.feed(facts.lead("L", w.now))
    assert w.lead("L").timeline[0].data["started_at"] == NINE


def test_r25_an_earlier_start_is_told_from_then_on() -> None:
    w = World()
    w.feed(facts.lead("L", T0, phones=("+1",)))
    w.feed(facts.lead("earlier", T0 - MINUTE, phones=("+1",)))
    w.feed(facts.message(T0 + MINUTE, lead_id="L"))
    assert [o.data["started_at"] for o in w.outcomes if o.lead_id == "L"] == [T0, T0 - MINUTE, T0 - MINUTE]


def test_r26_it_says_that_the_lead_was_made_of_a_missed_call() -> None:
    w = World()
    w.feed(facts.missed("c", T0, number="+1"), facts.lead("L", T0))
    w.after(MINUTE)
    assert {(o.lead_id == "L", o.data.get("missed_call")) for o in w.outcomes} == {(True, None), (False, True)}


def test_r30_one_without_a_clock_names_no_start() -> None:
    w = World()
    w.feed(facts.lead("L", T0 - 2 * DAY, received=T0))
    w.feed(facts.assigned("L", "anna", T0))
    assert [("started_at" in o.data, o.data["policy"]) for o in w.outcomes] == [(False, "default")]


def test_a_credited_proof_says_how_much_open_time_had_passed() -> None:
    policy = Policy(calendar="office", target=HOUR, response="contact")
    w = World(sales(policy=policy, calendars={"office": BREAK}), at=NINE + 50 * MINUTE)
    w.feed(facts.lead("L", w.now, owner_id="anna"))
    w.to(NINE + 2 * HOUR + 5 * MINUTE)
    w.feed(facts.called("c", w.now, lead_id="L", ring=1_500))
    credited = {o.data["kind"]: o.data["open_seconds"] for o in w.of("call.credited")}
    assert credited == {"attempt": 15 * 60, "contact": 15 * 60 + 1.5}


def test_a_proof_that_turns_out_earlier_says_the_shorter_time() -> None:
    w = World()
    w.feed(facts.lead("L", T0, owner_id="anna"))
    w.feed(facts.message(T0 + 3 * MINUTE, lead_id="L"), facts.message(T0 + 2 * MINUTE, lead_id="L"))
    assert [o.data["open_seconds"] for o in w.of("call.credited")] == [180, 120]
    assert len(w.measures) == 1


def test_r29_a_closing_says_who_held_the_lead() -> None:
    w = World()
    w.feed(facts.lead("L", T0, owner_id="anna"))
    w.to(T0 + 10 * SECOND)
    w.feed(facts.closed("L", w.now))
    assert w.of("lead.closed")[0].data["holder_id"] == "anna"


def test_every_decision_names_its_clock_its_due_and_the_objective_of_its_promise() -> None:
    w = World(sales(policy=Policy(objective=0.9)))
    w.feed(facts.lead("L", T0, owner_id="anna"))
    w.to(T0 + 11 * MINUTE)
    w.feed(facts.called("c", T0 + MINUTE, lead_id="L", manager_id="anna"))
    told = [w.of(kind)[0].data for kind in ("sla.breached", "sla.breach_retracted")]
    same = {"started_at": T0, "cycle": 1, "due_at": T0 + 10 * MINUTE, "holder_id": "anna", "objective": 0.9}
    assert [{name: data[name] for name in same} for data in told] == [same, same]
    assert [data["evaluated"] for data in told] == ["first", "first"]


def test_every_outcome_says_who_has_the_lead_after_it() -> None:
    w = World(sales("anna"))
    w.feed(facts.lead("L", T0, owner_id="anna"))
    w.to(T0 + 11 * MINUTE)
    w.feed(facts.assigned("L", "anna", w.now, assigned_by="human"), facts.closed("L", w.now + 1))
    w.feed(facts.erased("L", w.now))
    assert [(o.type, o.data["holder_after"]) for o in w.outcomes if o.type[:3] != "sla"] == [
        ("lead.assigned", "anna"),
        ("lead.unassignable", ""),
        ("lead.assigned", "anna"),
        ("lead.closed", "anna"),
        ("lead.erased", ""),
    ]


def test_r18_a_lead_that_nobody_can_take_is_held_by_nobody_and_its_next_holder_has_it_from_the_last() -> None:
    w = World(sales("anna"))
    w.feed(facts.lead("L", T0, owner_id="anna"))
    w.to(T0 + 11 * MINUTE)
    assert w.lead("L").header().holder == ""
    assert w.lead("L").turns[-1].holder == "anna"
    w.change_rules(replace(sales("anna", "vera"), version=2))
    (given,) = w.of("lead.reassigned")
    assert (given.data["from"], given.data["to"], w.lead("L").holder) == ("anna", "vera", "vera")


# R7: a later turn whose decision waited when its lead was reopened


def decided(w: World) -> list[tuple[str, int, str]]:
    """(decision, turn, whose), in order."""
    told = [o for o in w.outcomes if o.type in ("sla.met", "sla.breached", "sla.breach_retracted")]
    return [(o.type.removeprefix("sla."), o.turn, o.data["holder_id"]) for o in told]


def pending() -> World:
    """A lead of anna's, then of vera's, whose turn was broken when it was closed and reopened before the decision."""
    w = World()
    w.feed(facts.lead("L", T0, owner_id="anna"))
    w.to(T0 + 20 * MINUTE + 3 * SECOND)
    w.feed(facts.closed("L", w.now), facts.reopened("L", w.now))
    return w


def test_r07_a_later_turn_that_waited_when_its_lead_was_reopened_is_decided_all_the_same() -> None:
    w = pending()
    w.feed(facts.message(w.now - SECOND // 2, lead_id="L", received=w.now))
    w.after(MINUTE)
    assert decided(w) == [("breached", 1, "anna"), ("breached", 2, "vera")]
    lead = w.lead("L")
    assert (lead.status, lead.turn, lead.turns[1].result) == ("waiting", 3, "breached")
    w.after(6 * MINUTE)
    assert w.of("sla.warning")[-1].turn == 3


def test_r07_a_later_turn_that_waited_when_its_lead_was_reopened_is_met_by_proof_that_fell_into_it() -> None:
    w = pending()
    w.feed(facts.called("c", T0 + 15 * MINUTE, lead_id="L", received=w.now))
    w.after(MINUTE)
    assert decided(w) == [("breached", 1, "anna"), ("met", 2, "vera")]
    assert w.lead("L").status == "waiting"


def test_r07_a_later_turn_that_waited_when_its_lead_was_reopened_ends_with_earlier_proof() -> None:
    w = pending()
    w.feed(facts.called("c", T0 + 5 * MINUTE, lead_id="L", received=w.now))
    w.after(MINUTE)
    assert decided(w) == [("breached", 1, "anna"), ("breach_retracted", 1, "anna")]
    assert w.lead("L").turns[1].result == "ended"

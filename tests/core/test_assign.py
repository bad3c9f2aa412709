"""The desk: who gets a lead, who waits, who is absent (R15, R17, R18, R19, R20, R22)."""

from __future__ import annotations

from collections import Counter
from typing import Any

import pytest

from sla_monitor.core.assign import Desk
from sla_monitor.core.effects import Ask
from sla_monitor.core.events import Assigned, Away, Candidate
from sla_monitor.core.roster import Standing, Waiting
from sla_monitor.core.rules import HOUR, MINUTE, SECOND, Manager, Rules, Team
from tests.office import GRACE, NINE, Copies, Office, roster


def passed(answer: Assigned | None) -> dict[str, str]:
    """manager -> why passed over."""
    assert answer is not None
    return {each.manager_id: each.passed_over for each in answer.candidates}


# R15: who is chosen


def test_r15_an_ask_is_answered_with_a_manager_and_every_candidate() -> None:
    office = Office("anna", Manager("vera", skills=("vip",)), Manager("zoya", skills=("vip",)))
    answer = office.ask("L", n=3, skills=("vip",))
    assert answer == Assigned(
        lead_id="L",
        n=3,
        at=NINE,
        manager_id="vera",
        candidates=(Candidate("vera"), Candidate("anna", "lacks_skill"), Candidate("zoya", "behind")),
    )
    assert office.holders() == {"L": "vera"}
    assert office.results[-1] == "ok"


def test_r15_each_reason_is_named() -> None:
    office = Office(
        Manager("off", shift="office"),
        "busy",
        "away",
        "offline",
        Manager("full", capacity=0),
        Manager("unskilled", languages=("en",)),
        Manager("german", skills=("vip",), languages=("de",)),
        Manager("had", skills=("vip",)),
        at=NINE - HOUR,
    )
    for name in ("busy", "away", "offline"):
        office.status(name, name)
    assert passed(office.ask("L", skills=("vip",), language="en", had=("had",))) == {
        "off": "off_shift",
        "busy": "busy",
        "away": "away",
        "offline": "offline",
        "full": "at_capacity",
        "unskilled": "lacks_skill",
        "german": "lacks_language",
        "had": "had_it",
    }


def test_r15_everybody_who_was_looked_at_is_listed_the_chosen_one_first() -> None:
    managers = [Manager(f"m{i:02}", skills=("vip",) if i > 21 else ()) for i in range(25)]
    answer = Office(*managers).ask("L", skills=("vip",))
    assert answer is not None
    assert answer.candidates[0] == Candidate("m22")
    assert {each.manager_id for each in answer.candidates} == {manager.id for manager in managers}
    assert len(answer.candidates) == 25


def test_r15_leads_go_round() -> None:
    office = Office("anna", "vera", "zoya")
    for i in range(5):
        office.ask(f"L{i}")
    assert list(office.holders().values()) == ["anna", "vera", "zoya", "anna", "vera"]


def test_r15_least_loaded_counts_what_people_gave_too() -> None:
    office = Office("anna", "vera", strategy="least_loaded")
    office.hold("L1", "anna")
    office.hold("L2", "anna")
    office.hold("L3", "vera")
    office.ask("L4")
    assert office.holders()["L4"] == "vera"


def test_r15_longest_idle_goes_to_whoever_gave_a_lead_back_first() -> None:
    office = Office("anna", "vera", strategy="longest_idle")
    office.hold("L1", "anna")
    office.hold("L2", "vera")
    for lead in ("L2", "L1"):
        office.after(SECOND)
        office.free(lead)
    office.ask("L3")
    assert office.holders()["L3"] == "vera"


def test_r15_who_comes_back_does_not_get_all_leads_until_their_weight_is_made_up_for() -> None:
    office = Office("anna", "vera", strategy="weighted")
    office.status("vera", "offline")
    for i in range(10):
        office.ask(f"a{i}")
    office.status("vera", "available")
    for i in range(10):
        office.ask(f"b{i}")
    assert Counter(manager for lead, manager in office.holders().items() if lead[0] == "b") == {"anna": 5, "vera": 5}


def test_r15_who_joins_the_team_does_not_get_all_leads_until_they_have_as_many() -> None:
    office = Office("anna", strategy="weighted")
    for i in range(10):
        office.ask(f"a{i}")
    office.employ(roster("anna", "vera", strategy="weighted"))
    for i in range(10):
        office.ask(f"b{i}")
    assert Counter(manager for lead, manager in office.holders().items() if lead[0] == "b") == {"anna": 5, "vera": 5}


def test_r15_who_comes_back_is_measured_by_those_who_are_there_alone() -> None:
    office = Office("anna", "vera", "zoya", strategy="weighted")
    office.status("vera", "offline")
    office.status("zoya", "offline")
    for i in range(10):
        office.ask(f"a{i}")
    office.status("vera", "available")
    assert office.row("m:vera").virtual_time == office.row("m:anna").virtual_time
    assert office.row("m:zoya").virtual_time == 0


def test_r15_a_shift_that_began_counts_before_its_timer_has_fired() -> None:
    office = Office(Manager("anna", shift="office"), at=NINE - MINUTE)
    office.now = NINE
    office.ask("L")
    assert office.holders() == {"L": "anna"}


def test_r15_a_manager_without_a_row_is_met_at_the_first_ask() -> None:
    office = Office()
    office.rules = roster("anna")
    office.ask("L")
    assert office.holders() == {"L": "anna"}
    assert isinstance(office.row("m:anna"), Standing)


def test_r15_a_status_older_than_the_one_in_force_is_ignored() -> None:
    office = Office("anna")
    office.status("anna", "busy", at=NINE)
    office.status("anna", "available", at=NINE - 1)
    assert office.results[-1] == "ignored_older"
    assert passed(office.ask("L")) == {"anna": "busy"}


def test_r15_of_two_statuses_at_one_instant_the_greater_source_and_id_count() -> None:
    office = Office("anna")
    office.status("anna", "busy", uri="/b", id="1")
    office.status("anna", "offline", uri="/a", id="9")
    office.status("anna", "away", uri="/b", id="2")
    assert office.results[-3:] == ["ok", "ignored_older", "ok"]
    assert passed(office.ask("L")) == {"anna": "away"}


def test_r15_the_same_status_again_is_a_duplicate() -> None:
    office = Office("anna")
    office.status("anna", "busy", id="1")
    office.status("anna", "available", id="1")
    assert office.results[-1] == "duplicate"


def test_r15_the_status_of_somebody_unknown_is_ignored() -> None:
    office = Office("anna")
    office.status("nobody", "offline")
    assert office.results[-1] == "ignored_unknown_manager"
    assert "m:nobody" not in office.rows


# asks


def test_an_ask_that_was_answered_is_not_answered_again() -> None:
    office = Office("anna", "vera")
    office.ask("L", n=1)
    assert office.ask("L", n=1) is None
    assert office.results[-1] == "duplicate"
    assert office.desk.loads == {"anna": 1}


def test_a_new_ask_replaces_the_holder_whose_place_is_free_at_once() -> None:
    office = Office(Manager("anna", capacity=1), Manager("vera", capacity=1))
    office.ask("L1")
    office.ask("L2")
    office.ask("L3")
    office.heard()
    office.ask("L1", n=2, had=("anna",))
    assert office.heard() == [("L3", "anna"), ("L1", None)]


def test_a_new_ask_replaces_one_that_waits() -> None:
    office = Office(Manager("anna", skills=("vip",)))
    office.ask("L", n=1, skills=("law",))
    assert office.ask("L", n=2, skills=("vip",)) is not None
    assert office.heard() == [("L", None), ("L", "anna")]


def test_a_hold_replaces_an_ask_that_waits() -> None:
    office = Office(Manager("anna", capacity=0))
    office.ask("L")
    office.hold("L", "anna")
    office.employ(roster("anna", "vera", version=2))
    assert office.heard() == [("L", None)]
    assert office.holders() == {"L": "anna"}


def test_somebody_who_turns_out_to_be_back_is_offered_the_older_ask_first() -> None:
    office = Office(Manager("anna", shift="office", capacity=1), at=NINE - MINUTE)
    office.ask("old")
    office.now = NINE
    office.ask("new")
    assert office.heard() == [("old", None), ("old", "anna"), ("new", None)]


def test_a_replaced_ask_is_not_answered_any_more_even_if_somebody_has_just_come_back() -> None:
    office = Office(Manager("anna", shift="office"), at=NINE - MINUTE)
    office.ask("L", n=1)
    office.now = NINE
    office.ask("L", n=2)
    assert [(said.n, said.manager_id) for said in office.said] == [(1, None), (2, "anna")]
    assert office.desk.loads == {"anna": 1}


# R18: nobody


def test_r18_nobody_eligible_is_answered_once() -> None:
    office = Office(Manager("anna", capacity=0))
    assert office.ask("L") is not None
    office.ask("L")
    office.status("anna", "busy")
    office.status("anna", "available")
    office.employ(roster(Manager("anna", capacity=0), version=2))
    assert office.heard() == [("L", None)]


@pytest.mark.parametrize("team", ["sales", "nowhere"])
def test_r18_an_unknown_team_and_one_without_managers_have_nobody(team: str) -> None:
    answer = Office().ask("L", team=team)
    assert answer == Assigned(lead_id="L", n=1, at=NINE, manager_id=None)


def test_r18_a_lead_is_offered_again_when_the_roster_changes() -> None:
    office = Office()
    office.ask("L")
    office.employ(roster("anna", version=2))
    assert office.heard() == [("L", None), ("L", "anna")]


def test_r18_a_lead_is_offered_again_when_somebody_becomes_available() -> None:
    office = Office("anna")
    office.status("anna", "busy")
    office.ask("L")
    office.status("anna", "available")
    assert office.heard() == [("L", None), ("L", "anna")]


def test_r18_a_lead_is_offered_again_when_a_status_expires() -> None:
    office = Office("anna")
    office.status("anna", "away", until=NINE + HOUR)
    office.ask("L")
    office.after(HOUR - 1)
    assert office.heard() == [("L", None)]
    office.after(1)
    assert office.heard() == [("L", "anna")]


def test_r18_a_lead_is_offered_again_when_a_shift_starts() -> None:
    office = Office(Manager("anna", shift="office"), at=NINE - HOUR)
    office.ask("L")
    office.after(HOUR - 1)
    assert office.heard() == [("L", None)]
    office.after(1)
    assert office.heard() == [("L", "anna")]


def test_r18_a_lead_is_offered_again_when_there_is_room() -> None:
    office = Office(Manager("anna", capacity=1))
    office.ask("L1")
    office.ask("L2")
    office.free("L1")
    assert office.heard() == [("L1", "anna"), ("L2", None), ("L2", "anna")]


def test_r18_a_hand_over_by_a_person_makes_room_too() -> None:
    office = Office(Manager("anna", capacity=1), Manager("vera", capacity=0))
    office.ask("L1")
    office.ask("L2")
    office.hold("L1", "vera")
    assert office.holders() == {"L1": "vera", "L2": "anna"}


def test_r18_the_oldest_ask_comes_first_and_room_is_never_overspent() -> None:
    office = Office(Manager("anna", capacity=0))
    for lead in ("c", "a", "b"):
        office.ask(lead)
        office.after(1)
    office.heard()
    office.employ(roster(Manager("anna", capacity=2), version=2))
    assert office.heard() == [("c", "anna"), ("a", "anna")]
    office.free("c")
    assert office.heard() == [("b", "anna")]


def test_r18_an_ask_that_nobody_suits_does_not_stop_those_behind_it() -> None:
    office = Office("anna")
    office.status("anna", "busy")
    office.ask("hard", skills=("vip",))
    office.after(1)
    office.ask("easy")
    office.heard()
    office.status("anna", "available")
    assert office.heard() == [("easy", "anna")]
    assert list(office.leads(Waiting)) == ["hard"]


def test_r18_a_lead_that_was_taken_back_is_offered_no_more() -> None:
    office = Office()
    office.ask("L")
    office.free("L")
    office.employ(roster("anna", version=2))
    assert office.heard() == [("L", None)]
    assert not office.leads(object)


# R19, R20: free


def test_r19_an_escalated_lead_takes_no_ones_room() -> None:
    office = Office(Manager("anna", capacity=1))
    office.ask("L1")
    office.free("L1")
    assert office.desk.loads == {}
    assert passed(office.ask("L2")) == {"anna": ""}


def test_r20_the_load_of_a_dropped_reassignment_is_freed() -> None:
    office = Office("anna", "vera")
    office.hold("L", "anna")
    office.ask("L", n=1, had=("anna",))
    assert office.desk.loads == {"vera": 1}
    office.free("L")
    office.free("L")
    assert office.desk.loads == {}


def test_r20_a_person_who_took_the_lead_meanwhile_holds_it() -> None:
    office = Office("anna", "vera", "zoya")
    office.hold("L", "anna")
    office.ask("L", n=1, had=("anna",))
    office.hold("L", "zoya")
    assert office.holders() == {"L": "zoya"}
    assert office.ask("L", n=1) is None


# R17: absence


@pytest.mark.parametrize("status", ["away", "offline"])
def test_r17_after_the_grace_each_lead_of_an_absent_holder_learns_so_once(status: str) -> None:
    office = Office("anna", "vera")
    office.hold("L1", "anna")
    office.hold("L2", "anna", grace=2 * GRACE)
    office.hold("L3", "vera")
    office.status("anna", status)
    office.after(GRACE - 1)
    assert office.heard() == []
    office.after(1)
    assert office.said == [Away(lead_id="L1", manager_id="anna", at=NINE + GRACE)]
    office.heard()
    office.after(GRACE)
    assert office.heard() == [("L2", "anna")]
    office.status("anna", "offline")
    office.after(HOUR)
    assert office.heard() == []


def test_r17_a_lead_that_the_desk_gave_learns_of_absence_too() -> None:
    office = Office(Manager("anna", shift="office"))
    office.ask("L")
    office.heard()
    office.to(NINE + 9 * HOUR + GRACE)
    assert office.said == [Away(lead_id="L", manager_id="anna", at=NINE + 9 * HOUR + GRACE)]


def test_r17_who_is_back_before_the_grace_was_never_away() -> None:
    office = Office("anna")
    office.hold("L", "anna")
    office.status("anna", "offline")
    office.after(GRACE - 1)
    office.status("anna", "available")
    office.after(HOUR)
    assert office.heard() == []


def test_r17_somebody_busy_is_there() -> None:
    office = Office("anna")
    office.hold("L", "anna")
    office.status("anna", "busy")
    office.after(HOUR)
    assert office.heard() == []


def test_r17_each_absence_is_told_anew() -> None:
    office = Office("anna")
    office.hold("L", "anna")
    for _ in range(2):
        office.status("anna", "offline")
        office.after(GRACE)
        office.status("anna", "available")
    assert [away.back for away in office.said] == [False, True] * 2
    assert office.heard() == [("L", "anna")] * 4


def test_r17_absence_begins_with_the_first_reason_for_it() -> None:
    office = Office(Manager("anna", shift="office"), at=NINE + 9 * HOUR - GRACE // 2)
    office.hold("L", "anna")
    office.status("anna", "away")
    office.after(GRACE)
    assert office.said == [Away(lead_id="L", manager_id="anna", at=NINE + 9 * HOUR + GRACE // 2)]


def test_r17_absence_counts_from_when_it_happened_but_a_newer_status_behind_it_is_read_first() -> None:
    office = Office("anna")
    office.hold("L", "anna")
    office.now += HOUR
    office.status("anna", "offline", at=NINE + 1)
    office.status("anna", "available", at=NINE + 2)
    office.after(0)
    assert office.heard() == []
    office.status("anna", "offline", at=NINE + 3)
    office.after(0)
    assert office.heard() == [("L", "anna")]


def test_r17_a_shift_that_ended_unseen_ended_when_it_did() -> None:
    office = Office(Manager("anna", shift="office"))
    office.hold("L", "anna")
    office.now = NINE + 9 * HOUR + GRACE - SECOND
    office.after(0)
    assert office.heard() == []
    office.after(SECOND)
    assert office.heard() == [("L", "anna")]


def test_r17_a_lead_given_to_somebody_absent_learns_so_at_once_and_only_then() -> None:
    office = Office("anna")
    office.status("anna", "away")
    office.hold("L", "anna")
    assert office.said == [Away(lead_id="L", manager_id="anna", at=NINE)]
    office.after(HOUR)
    assert office.heard() == [("L", "anna")]


def test_r17_a_lead_that_changed_hands_learns_nothing_of_its_former_holder() -> None:
    office = Office("anna", "vera")
    office.hold("L1", "anna")
    office.hold("L2", "anna")
    office.status("anna", "offline")
    office.hold("L1", "vera")
    office.free("L2")
    office.after(HOUR)
    assert office.heard() == []


def test_r17_a_lead_that_leaves_together_with_its_holder_sets_no_timer() -> None:
    office = Office(Manager("anna", shift="office"), "vera")
    office.hold("L1", "anna")
    office.hold("L2", "anna", grace=HOUR)
    office.now = NINE + 9 * HOUR
    office.hold("L1", "vera")
    assert office.row("m:anna").tell_at == office.now + HOUR


def test_r17_whoever_leaves_the_roster_is_away_at_once_for_what_they_hold() -> None:
    office = Office("anna", "vera")
    office.hold("L1", "anna")
    office.hold("L2", "vera")
    office.employ(roster("vera", version=2))
    office.employ(roster("vera", version=3))
    assert office.heard() == [("L1", "anna")]
    assert "m:anna" not in office.rows
    office.hold("L3", "anna")
    assert office.heard() == [("L3", "anna")]


def test_r17_whoever_comes_back_to_the_roster_is_there_again() -> None:
    office = Office("anna", "vera")
    office.hold("L", "anna")
    office.employ(roster("vera", version=2))
    office.employ(roster("anna", "vera", version=3))
    office.heard()
    office.status("anna", "offline")
    office.after(GRACE)
    assert office.heard() == [("L", "anna")]


def test_r17_a_new_manager_who_is_off_shift_is_told_of_after_the_grace() -> None:
    office = Office(at=NINE - HOUR)
    office.hold("L", "anna")
    office.employ(roster(Manager("anna", shift="office"), version=2))
    office.after(GRACE)
    assert office.heard() == [("L", "anna")]


def test_a_manager_without_a_team_has_a_presence_but_gets_nothing() -> None:
    office = Office("anna")
    rules = roster("anna", "boris", version=2)
    office.employ(Rules(version=2, managers=rules.managers, teams={"sales": Team("sales", ("anna",))}))
    office.hold("L", "boris")
    office.status("boris", "offline")
    office.after(GRACE)
    assert office.heard() == [("L", "boris")]
    assert passed(office.ask("M")) == {"anna": ""}


# R22: no managers


def test_r22_with_no_managers_configured_any_holder_is_there_and_asks_find_nobody() -> None:
    office = Office()
    office.hold("L", "anybody")
    assert office.heard() == []
    assert office.desk.loads == {"anybody": 1}
    office.ask("L")
    assert office.heard() == [("L", None)]


def test_r22_when_the_roster_is_emptied_nobody_is_away() -> None:
    office = Office("anna")
    office.hold("L", "anna")
    office.employ(Rules(version=2))
    assert office.heard() == []
    assert list(office.rows) == ["l:L"]


def test_a_row_that_came_and_went_within_one_step_leaves_nothing_behind() -> None:
    desk = Desk()
    desk.moved(b"l:L", None, None)
    desk.moved(b"m:anna", None, Standing().header())
    desk.moved(b"m:anna", Standing().header(), None)
    assert not desk.loads
    assert not desk._books.managers


class Failing(Copies):
    """Rows of which no manager's can be written."""

    def put(self, key: str, row: Any) -> None:
        if key.startswith("m:"):
            raise OSError(key)
        super().put(key, row)


def test_a_fold_that_fails_leaves_every_manager_as_they_were() -> None:
    office = Office("anna", "vera")
    assert office.ask("L1").manager_id == "anna"
    ask = Ask(lead_id="L2", n=1, at=office.now, team_id="sales", turn=1)
    with pytest.raises(OSError, match="m:"):
        office.desk.fold(Failing(office), "L2", ask, office.now, office.rules)
    assert [office.ask(lead).manager_id for lead in ("L2", "L3")] == ["vera", "anna"]

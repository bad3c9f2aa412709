"""The sheet for the one-to-one."""

from __future__ import annotations

from dataclasses import replace
from fractions import Fraction

import pytest

from sla_monitor.core.rules import MINUTE, Policy
from sla_monitor.report.clock import Clock
from sla_monitor.report.sheet import html, sheet_of
from sla_monitor.report.words import WORDS, language_of
from tests import facts
from tests.report.days import MONDAY, WEEK, a_week, clocks_of, office
from tests.report.golden import HERE, WRITTEN
from tests.world import World


def sheet(manager="anna", world=None, rules=None):
    return sheet_of(clocks_of(world or a_week(), WEEK), WEEK, rules or office(), manager)


@pytest.mark.parametrize("name", WRITTEN)
def test_a_small_week_is_written_as_it_was(name):
    assert (HERE / name).read_bytes() == WRITTEN[name]().encode(), "run python -m tests.report.golden"


def test_it_is_in_the_first_of_the_managers_languages_that_we_have():
    rules = office()
    anna = replace(rules.managers["anna"], languages=("kk", "ru", "en"))
    assert language_of("anna", replace(rules, managers={"anna": anna})) == "ru"
    assert (language_of("vera", rules), language_of("gone", rules)) == ("en", "en")


def test_every_language_says_the_same_things():
    first, *others = WORDS.values()
    assert all(words.keys() == first.keys() for words in others)


def test_the_share_stands_beside_the_median_of_the_team_and_what_was_promised():
    shown = sheet()
    assert (shown.total.in_time, shown.total.decided) == (3, 5)
    assert sorted(shown.shares) == [Fraction(3, 5), 1]
    assert shown.objective == Fraction(95, 100)


def test_the_objective_is_what_the_policies_of_the_leads_promise_on_average():
    rules = replace(office(), policies=(Policy("hot", match={"channel": ("web",)}, objective=0.99), Policy("default")))
    w = World(rules, at=MONDAY)
    for number, channel in enumerate(("web", "web", None, None)):
        w.feed(facts.lead(f"L-{number}", w.now, owner_id="anna", channel=channel))
        w.feed(facts.message(w.now, "anna", lead_id=f"L-{number}"))
    assert sheet(world=w, rules=rules).objective == Fraction(97, 100)
    stricter = replace(rules, policies=tuple(replace(policy, objective=0.5) for policy in rules.policies))
    assert sheet(world=w, rules=stricter).objective == Fraction(97, 100)  # of the time of the decision


def test_the_longest_waits_come_first_and_those_without_a_response_before_them():
    *longest, last = sheet().waits
    assert [clock.lead_id.partition(":")[0] for clock in longest] == ["crm", "crm", "missed", "crm"]
    assert [clock.waited for clock in (*longest, last)] == [None, 12 * 60, 5 * 60, 4 * 60, 3 * 60]


def test_a_lead_whose_time_still_runs_or_that_was_closed_before_it_has_not_waited():
    assert not {"crm:5", "crm:7"} & {clock.lead_id for clock in sheet().waits}


def test_no_more_than_five_waits_are_shown():
    w = World(office(), at=MONDAY)
    for number in range(7):
        w.feed(facts.lead(f"L-{number}", MONDAY, owner_id="anna"))
        w.to(MONDAY + number * MINUTE)
        w.feed(facts.message(w.now, "anna", lead_id=f"L-{number}"))
    waits = sheet(world=w).waits
    assert [clock.lead_id for clock in waits] == ["L-6", "L-5", "L-4", "L-3", "L-2"]


def test_a_week_without_leads_says_so_instead_of_dividing_by_nothing():
    page = html(sheet(world=World(office(), at=MONDAY)), "")
    assert WORDS["ru"]["no_data"] in page
    assert WORDS["ru"]["no_waits"] in page


@pytest.mark.parametrize("language", WORDS)
def test_every_end_of_a_lead_has_its_words(language):
    ended = [
        Clock("L", "2030-03-18T06:00:00.000Z", evaluated="breached", ended=end) for end in ("junk", "joined", "erased")
    ]
    for clock in (*ended, Clock("L", "2030-03-18T06:00:00.000Z", evaluated="breached", into="M", ended="merged")):
        shown = replace(sheet(), waits=[clock], words=WORDS[language], language=language)
        assert "was_" not in html(shown, "")

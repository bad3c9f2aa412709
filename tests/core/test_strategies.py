"""Who comes first among those who can take a lead (R15)."""

from __future__ import annotations

import pytest

from sla_monitor.core.roster import Seat, Standing
from sla_monitor.core.rules import Manager
from sla_monitor.core.strategies import LEAD, STRATEGIES, enter, give, in_order


def seat(name: str, held: int = 0, weight: int = 1, **standing: int) -> Seat:
    return Seat(Manager(name, weight=weight), Standing(**standing), held)


def names(strategy: str, *seats: Seat) -> list[str]:
    return [seat.manager.id for seat in in_order(strategy, seats)]


def shares(strategy: str, seats: list[Seat], leads: int) -> dict[str, int]:
    """How many of the leads each gets when all of them can always take one."""
    got = {seat.manager.id: 0 for seat in seats}
    for _ in range(leads):
        chosen = in_order(strategy, seats)[0]
        give(chosen, seats)
        got[chosen.manager.id] += 1
    return got


def test_r15_round_robin_begins_with_whoever_waits_longest_for_a_lead_of_ours() -> None:
    assert names("round_robin", seat("a", last_given=3), seat("b", last_given=1), seat("c", last_given=2)) == list(
        "bca"
    )


@pytest.mark.parametrize("strategy", STRATEGIES)
def test_r15_what_ranks_alike_goes_by_the_order_in_the_team(strategy: str) -> None:
    assert names(strategy, seat("c"), seat("a"), seat("b")) == ["c", "a", "b"]


@pytest.mark.parametrize("strategy", ["weighted", "least_loaded", "longest_idle"])
def test_r15_what_ranks_alike_goes_to_whoever_was_given_a_lead_longer_ago(strategy: str) -> None:
    assert names(strategy, seat("a", last_given=2), seat("b", last_given=1)) == ["b", "a"]


def test_r15_least_loaded_begins_with_whoever_holds_the_fewest() -> None:
    assert names("least_loaded", seat("a", held=2), seat("b", held=0), seat("c", held=1)) == ["b", "c", "a"]


def test_r15_longest_idle_begins_with_whoever_has_had_nothing_to_do_with_a_lead_for_longest() -> None:
    assert names("longest_idle", seat("a", idle_since=30), seat("b", idle_since=10), seat("c")) == ["c", "b", "a"]


def test_r15_weighted_gives_in_proportion_to_the_weights() -> None:
    team = [seat("a", weight=1), seat("b", weight=2), seat("c", weight=5)]
    assert shares("weighted", team, 800) == {"a": 100, "b": 200, "c": 500}


def test_r15_even_an_enormous_weight_pays_for_its_leads() -> None:
    team = [seat("a", weight=10 * LEAD), seat("b", weight=10 * LEAD)]
    assert shares("weighted", team, 10) == {"a": 5, "b": 5}


def test_r15_round_robin_gives_everybody_as_many() -> None:
    assert shares("round_robin", [seat("a"), seat("b"), seat("c")], 10) == {"a": 4, "b": 3, "c": 3}


def test_r15_whoever_enters_does_so_at_the_smallest_virtual_time_of_those_there() -> None:
    late = Standing(virtual_time=5)
    enter(late, [Standing(virtual_time=40), Standing(virtual_time=30)])
    assert late.virtual_time == 30


def test_r15_whoever_comes_back_keeps_what_they_were_given() -> None:
    ahead = Standing(virtual_time=50)
    enter(ahead, [Standing(virtual_time=30)])
    assert ahead.virtual_time == 50


def test_r15_whoever_enters_an_empty_room_keeps_their_virtual_time() -> None:
    alone = Standing(virtual_time=5)
    enter(alone, [])
    assert alone.virtual_time == 5

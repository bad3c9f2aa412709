"""The recorded share of leads without a response in time."""

from __future__ import annotations

from pathlib import Path

from tests.alerting.cases.case import BREACHED, MET, RETRACTED, minutely
from tests.alerting.promtool import GROUPS, Bench, Given

counter = minutely.counter
SHARE = "all:sla_breaches_per_evaluation:ratio_rate%s"


def share(path: Path, given: Given, at: str, expected: dict[str, dict[str, float]]) -> None:
    Bench(path, GROUPS[:2]).values(given, at, expected, "1m")


def rounded(name: str) -> str:
    return f"round({name}, 0.0001)"


def test_late_proof_takes_breaches_out_of_it(tmp_path: Path) -> None:
    given = {MET: counter(("1h", 6)), BREACHED: counter(("1h", 4)), RETRACTED: counter(("1h", 3))}
    share(tmp_path, given, "1h", {rounded(SHARE % "30m"): {"{}": 0.1}})


def test_what_is_taken_back_of_older_breaches_makes_no_share_below_zero(tmp_path: Path) -> None:
    given = {MET: counter(("1h", 6)), BREACHED: counter(("1h", 0)), RETRACTED: counter(("1h", 3))}
    share(tmp_path, given, "1h", {rounded(SHARE % "30m"): {"{}": 0}})


def test_breaches_that_are_all_taken_back_later_leave_nothing_of_the_whole_period(tmp_path: Path) -> None:
    given = {
        MET: counter(("6h", 5)),
        BREACHED: counter(("1h", 5), ("5h", 0)),
        RETRACTED: counter(("2h", 0), ("1h", 5), ("3h", 0)),
    }
    shares = {rounded(SHARE % window): {"{}": 0} for window in ("1d", "30d")}
    share(tmp_path, given, "6h", shares)


def test_a_source_without_retractions_counts_as_any_other(tmp_path: Path) -> None:
    calls = BREACHED.replace("crm", "pbx"), MET.replace("crm", "pbx")
    given = {MET: counter(("1h", 10)), BREACHED: counter(("1h", 0)), RETRACTED: counter(("1h", 0))}
    given |= {calls[0]: counter(("1h", 5)), calls[1]: counter(("1h", 5))}
    name = "source:sla_breaches_per_evaluation:ratio_rate5m"
    each = {f'{{source="{source}"}}': share for source, share in (("crm", 0), ("pbx", 0.5))}
    share(tmp_path, given, "1h", {rounded(name): each, rounded(SHARE % "5m"): {"{}": 0.25}})


def test_later_turns_and_conversations_are_no_part_of_it(tmp_path: Path) -> None:
    given = {MET: counter(("1h", 9)), BREACHED: counter(("1h", 1))}
    for other in (BREACHED.replace("first", "later"), BREACHED.replace("response", "contact")):
        given[other] = counter(("1h", 50))
    share(tmp_path, given, "1h", {rounded(SHARE % "1h"): {"{}": 0.1}})


def test_each_lead_of_the_period_weighs_the_same_and_what_is_left_follows_from_it(tmp_path: Path) -> None:
    """A busy hour of 2% late, and four quiet ones of 20%."""
    given = {
        MET: counter(("1h", 98), ("4h", 0.8)),
        BREACHED: counter(("1h", 2), ("4h", 0.2)),
    }
    late = (2 * 60 + 0.2 * 240) / (100 * 60 + 240)
    left = {"{}": round(1 - late / 0.05, 2)}
    expected = {
        f"round({SHARE % '30d'}, 0.001)": {"{}": round(late, 3)},
        "round(all:sla_error_budget_remaining:ratio, 0.01)": left,
    }
    share(tmp_path, given, "5h", expected)


def test_without_decisions_there_is_no_share(tmp_path: Path) -> None:
    given = {MET: counter(("1h", 0)), BREACHED: counter(("1h", 0))}
    Bench(tmp_path).values(
        given, "1h", {SHARE % "1h": {}, "all:sla_evaluations:rate1h": {"all:sla_evaluations:rate1h{}": 0}}
    )

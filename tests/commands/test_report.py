"""`sla-monitor report`."""

from __future__ import annotations

import csv
import io
import re
from dataclasses import replace

import pytest

from sla_monitor.bootstrap import domain_clock
from sla_monitor.core.effects import Log
from sla_monitor.core.rules import DAY, Policy, Rules
from sla_monitor.records import Record
from tests import facts
from tests.commands.shelf import Run, Shelf
from tests.world import MINUTE, T0, World, sales

SUNDAY = "2030-03-17"
THAT_DAY = ("--from", SUNDAY, "--to", SUNDAY)


def worked(shelf: Shelf, *, rules=None) -> World:
    """Anna answers one of two leads; vera takes the other one over, and answers it. A third one waits for vera."""
    w = World(rules)
    shelf.enforce(w.rules)
    w.feed(facts.lead("L-1", T0, owner_id="anna"), facts.lead("L-2", T0, owner_id="anna"))
    w.to(T0 + 2 * MINUTE)
    w.feed(facts.message(w.now, "anna", lead_id="L-1"))
    w.to(T0 + 14 * MINUTE)
    w.feed(facts.message(w.now, "vera", lead_id="L-2"), facts.lead("L-3", w.now, owner_id="vera"))
    shelf.remember(w, "L-3")
    return w


def rows(answer) -> dict[str, dict]:
    return {row[answer.json["by"]]: row for row in answer.json["rows"]}


def test_each_manager_is_told_with_the_number_behind_the_share(run: Run, shelf: Shelf) -> None:
    worked(shelf)
    answer = run("report", *THAT_DAY)
    anna, vera = rows(answer)["anna"], rows(answer)["vera"]
    assert (anna["received"], anna["decided"], anna["share_in_time"], anna["reassigned_away"]) == (2, 2, 0.5, 1)
    assert (anna["attempt_p50_seconds"], anna["attempt_p90_seconds"], anna["late_responses"]) == (120, 840, 1)
    assert (vera["received"], vera["decided"], vera["share_in_time"], vera["still_open"]) == (1, 0, None, 1)
    assert (vera["received_by_reassignment"], vera["later_turns_decided"], vera["later_turns_in_time"]) == (1, 1, 1)
    assert (answer.json["from"], answer.json["to"], answer.json["timezone"]) == (SUNDAY, SUNDAY, "UTC")


def test_a_lead_that_nobody_has_decided_anything_about_is_counted_as_open(run: Run, shelf: Shelf) -> None:
    w = World()
    w.feed(facts.lead("L-9", T0))
    shelf.write(Log.EVENTS, {b"L-9": w.logs[Log.EVENTS].rows["L-9"]})
    total = run("report", *THAT_DAY).json["total"]
    assert (total["received"], total["still_open"], total["share_in_time"]) == (1, 1, None)


def test_a_table_says_no_data_where_nothing_was_decided(run: Run, shelf: Shelf) -> None:
    worked(shelf)
    lines = run("report", *THAT_DAY, "--format", "table").out.splitlines()
    assert "Sun 2030-03-17 to Sun 2030-03-17, UTC" in lines[0]
    assert any("anna" in line and "50% of 2" in line and "2:00 / 14:00" in line for line in lines)
    assert any("vera" in line and "no data" in line for line in lines)
    assert max(map(len, lines)) <= 80


def test_csv_is_for_spreadsheets_and_calculates_nothing(run: Run, shelf: Shelf) -> None:
    worked(shelf, rules=sales("anna", "vera", "=1+1"))
    w = World(sales("=1+1"))
    w.feed(facts.lead("L-7", T0))
    shelf.remember(w, "L-7")
    text = run("report", *THAT_DAY, "--format", "csv").out
    lines = list(csv.DictReader(io.StringIO(text, newline="")))
    assert [line["manager"] for line in lines] == ["'=1+1", "anna", "vera"]
    assert (lines[1]["share_in_time"], lines[2]["share_in_time"]) == ("0.5", "")


@pytest.mark.parametrize("by", ["team", "source", "policy", "day", "hour"])
def test_it_is_told_by_other_things_too(run: Run, shelf: Shelf, by: str) -> None:
    worked(shelf)
    groups = {"team": "sales", "source": "crm", "policy": "default", "day": SUNDAY, "hour": "17"}
    (row,) = [row for row in run("report", *THAT_DAY, "--by", by).json["rows"] if row["decided"]]
    assert (row[by], row["decided"], row["in_time"]) == (groups[by], 2, 1)


def named() -> Rules:
    rules = sales(policy=Policy(title="10 min, hot"))
    return replace(rules, teams={"sales": replace(rules.teams["sales"], name="Москва")})


@pytest.mark.parametrize(("by", "key", "name"), [("team", "sales", "Москва"), ("policy", "default", "10 min, hot")])
def test_teams_and_promises_are_called_by_their_names_and_keep_their_ids_for_programs(
    run: Run, shelf: Shelf, by: str, key: str, name: str
) -> None:
    worked(shelf, rules=named())
    asked = ("report", *THAT_DAY, "--by", by)
    (row,) = run(*asked).json["rows"]
    assert (row[by], row["name"]) == (key, name)
    assert name in run(*asked, "--format", "table").out
    _, line, *_ = csv.reader(run(*asked, "--format", "csv", "--excel").out.splitlines())
    assert line[:2] == [name, "3"]
    (told,) = csv.DictReader(io.StringIO(run(*asked, "--format", "csv").out, newline=""))
    assert (told[by], told["name"]) == (key, name)


def test_only_one_manager_or_team_is_looked_at_if_it_is_named(run: Run, shelf: Shelf) -> None:
    worked(shelf)
    assert set(rows(run("report", *THAT_DAY, "--manager", "anna"))) == {"anna"}
    assert run("report", *THAT_DAY, "--team", "sales").json["total"]["received"] == 3


def test_the_sheet_of_a_manager_is_one_file_that_needs_no_other(run: Run, shelf: Shelf) -> None:
    worked(shelf)
    page = run("report", *THAT_DAY, "--format", "html", "--manager", "anna").out
    assert "50% (1 of 2)" in page
    assert "@page { size: A4" in page
    assert not re.search(r"http|src=|<link|<script|@import", page)


def test_a_sheet_without_a_manager_is_a_mistake(run: Run, shelf: Shelf) -> None:
    answer = run("report", "--format", "html")
    assert (answer.code, answer.out) == (2, "")
    assert "--manager" in answer.err


@pytest.mark.parametrize("named", [("--manager", "nina"), ("--team", "west")])
def test_one_that_does_not_exist_is_a_finding(run: Run, shelf: Shelf, named: tuple[str, str]) -> None:
    worked(shelf)
    answer = run("report", *THAT_DAY, *named)
    assert (answer.code, answer.out) == (1, "")
    assert f"there is no {named[0][2:]} {named[1]}" in answer.err


@pytest.mark.parametrize(
    "wrong",
    [
        ("--from", "1.11.2026"),
        ("--from", "2026-11-30", "--to", "2026-11-01"),
        ("--from", "2026-11-30", "--last", "week"),
        ("--from", "0001-01-01"),
        ("--last", "fortnight"),
        ("--week", "2026-W60"),
        ("--week", "47"),
        ("--timezone", "Mars/Olympus"),
        ("--timezone", "../../etc/localtime"),
    ],
)
def test_a_period_that_cannot_be_is_a_mistake(run: Run, shelf: Shelf, wrong: tuple[str, ...]) -> None:
    answer = run("report", *wrong)
    assert (answer.code, answer.out) == (2, "")
    assert "sla-monitor report" in answer.err


def test_without_a_log_it_is_unreachable(run: Run) -> None:
    assert run("report").code == 3


def test_a_report_that_is_not_whole_has_what_is_left_and_ends_with_1(run: Run, shelf: Shelf) -> None:
    worked(shelf)
    assert run("report", *THAT_DAY).code == 0
    shelf.trim(Log.OUTCOMES, T0 + MINUTE)
    answer = run("report", "--from", SUNDAY, "--to", "2030-03-19")
    assert (answer.code, answer.json["whole_from"]) == (1, "2030-03-18")
    assert "outcomes of before 2030-03-18 are not kept any more" in answer.err
    assert run("report", "--from", "2030-03-18", "--to", "2030-03-19").code == 0


def test_records_that_cannot_be_read_are_counted_and_end_with_1(run: Run, shelf: Shelf) -> None:
    worked(shelf)
    shelf.write(Log.EVENTS, sent=[Record("sla.outcomes", b"junk", b"{", T0)])
    answer = run("report", *THAT_DAY)
    assert (answer.code, answer.json["unreadable"], answer.json["total"]["received"]) == (1, 1, 3)
    assert "1 records of the outcomes could not be read" in answer.err


def test_csv_for_people_has_a_byte_order_mark_words_and_the_readers_separator(run: Run, shelf: Shelf) -> None:
    worked(shelf)
    text = run("report", *THAT_DAY, "--format", "csv", "--excel", "--language", "ru").out
    assert text.startswith("\ufeffМенеджер;Лиды;")
    assert "anna;2;0;2;1;50%;" in text
    assert run("report", *THAT_DAY, "--format", "csv", "--excel").out.startswith("\ufeffManager,Leads,")
    refused = run("report", *THAT_DAY, "--excel")
    assert (refused.code, "--format csv" in refused.err) == (2, True)


def today(shelf: Shelf, back: int = 0) -> None:
    """One lead that came now, or some days ago."""
    w = World(at=domain_clock(shelf.settings).now() - back * DAY)
    shelf.enforce(w.rules)
    w.feed(facts.lead("L-1", w.now, owner_id="anna"))
    shelf.remember(w, "L-1")


@pytest.mark.parametrize("how", [("json",), ("table",), ("csv",), ("csv", "--excel"), ("html", "--manager", "anna")])
def test_days_without_leads_say_so_and_name_the_command_that_shows_some(
    run: Run, shelf: Shelf, how: tuple[str, ...]
) -> None:
    today(shelf)
    answer = run("report", "--format", *how)
    more = " --manager anna" if "html" in how else ""
    assert answer.code == 0
    assert answer.err == f"No lead in these days. For today: sla-monitor report --last 1d{more}\n"
    shown = run(*answer.err.split("sla-monitor ")[1].split())
    assert (shown.json["total"]["received"], shown.err) == (1, "")


def test_the_command_that_is_named_looks_back_to_the_newest_lead_with_what_was_asked_for(
    run: Run, shelf: Shelf
) -> None:
    today(shelf, back=4)
    asked = ("--by", "day", "--team", "sales", "--timezone", "UTC", "--data-dir", str(shelf.settings.data_dir))
    answer = run("report", *THAT_DAY, *asked)
    assert answer.err == (
        "No lead in these days. For the last 5 days: sla-monitor report --last 5d --by day --team sales --timezone UTC "
        f"--data-dir {shelf.settings.data_dir}\n"
    )
    assert "Nor is there one in the last 30 days." in run("report", *THAT_DAY, "--manager", "vera").err


@pytest.mark.parametrize(("language", "said"), [("en", "No lead in these days."), ("ru", "За эти дни лидов нет.")])
def test_csv_for_people_says_in_its_notes_that_no_lead_came(run: Run, shelf: Shelf, language: str, said: str) -> None:
    today(shelf)
    asked = ("report", "--format", "csv", "--excel", "--language", language)
    assert run(*asked).out.endswith(f"\r\n{said}\r\n")
    assert said not in run(*asked, "--last", "1d").out

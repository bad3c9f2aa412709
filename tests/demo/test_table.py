"""The live table shows what the board and the outcomes say, and fits the terminal."""

from __future__ import annotations

from datetime import date
from typing import Any

import pytest
from rich.console import Console
from rich.screen import Screen

from sla_monitor.clock import ManualClock
from sla_monitor.codec import rfc3339
from sla_monitor.core.rules import MINUTE, SECOND
from sla_monitor.demo.morning import POLICY
from sla_monitor.demo.news import News
from sla_monitor.demo.table import SPEED_IN_WORDS, Scene, draw
from sla_monitor.demo.tally import Tally
from sla_monitor.policy import parse_rules
from tests.demo.said import assigned, breached, met, reassigned

SMALLEST = 12
"""Lines that the demo needs; of a lower terminal it fills the top."""

NOW = 1_795_426_920_000  # 2026-11-23T09:42:00Z


def scene(*leads: dict[str, Any]) -> Scene:
    rules = parse_rules(POLICY, date(2026, 11, 23))
    made = Scene("http://127.0.0.1:40000", ManualClock(NOW, speed=60), Tally(), rules, NOW + 30 * MINUTE)
    made.board = {"leads": list(leads)}
    return made


def on_board(
    lead_id: str, left: int | None = 5 * MINUTE, status: str = "waiting", holder: str | None = "anna"
) -> dict[str, Any]:
    return {
        "lead_id": lead_id,
        "status": status,
        "holder_id": holder,
        "holder_name": holder.title() if holder else None,
        "due_at": rfc3339(NOW + left) if left is not None else None,
    }


def lines(of: Scene, width: int = 80, height: int = 24) -> list[str]:
    console = Console(width=width, height=height, color_system=None)
    with console.capture() as captured:
        console.print(draw(of, height))
    return captured.get().splitlines()


def row(of: Scene, lead_id: str) -> list[str]:
    return next(line for line in lines(of) if line.startswith(lead_id)).split()


def test_the_head_names_the_clock_and_the_addresses() -> None:
    head = lines(scene())[:3]
    assert "09:42" in head[0]
    assert "ends in 30 s" in head[0]
    assert head[1] == SPEED_IN_WORDS
    assert "1 s here = 1 min" in head[1]
    assert head[2] == "board http://127.0.0.1:40000/   metrics http://127.0.0.1:40000/metrics"


def test_a_lead_is_shown_with_the_seconds_left_as_they_pass_here() -> None:
    assert row(scene(on_board("web-1")), "web-1") == ["web-1", "waiting", "Anna", "5.0", "█████░░░░░"]


def test_its_breaches_and_reassignments_come_from_the_outcomes() -> None:
    made = scene(on_board("web-1", status="overdue", holder="vera"))
    for said in (assigned("anna"), breached("anna"), reassigned("anna", "vera")):
        made.tally.apply(said)
    assert row(made, "web-1")[-2:] == ["1", "1"]
    figures = "leads 1  in time 0  breaches 1  taken back 0  reassignments 1  escalations 0"
    assert lines(made)[4] == figures


def test_the_head_of_the_team_has_no_seconds_left() -> None:
    assert row(scene(on_board("web-1", -MINUTE, "escalated", "boris")), "web-1") == ["web-1", "escalated", "Boris", "-"]


def test_a_lead_past_due_is_red_and_one_that_is_soon_due_yellow() -> None:
    made = scene(on_board("late", -30 * SECOND), on_board("soon", MINUTE), on_board("fine", 9 * MINUTE))
    console = Console(width=80, height=24, color_system="standard", force_terminal=True)
    with console.capture() as captured:
        console.print(draw(made, 24))
    late, soon, fine = (line for line in captured.get().splitlines() if "waiting" in line)
    assert "\x1b[1;31m  -0.5" in late
    assert "\x1b[33m   1.0" in soon
    assert "\x1b[32m   9.0" in fine


def test_a_lead_without_a_holder_is_nobodys() -> None:
    assert row(scene(on_board("web-1", None, "unassignable", None)), "web-1") == [
        "web-1",
        "unassignable",
        "nobody",
        "-",
    ]


def test_a_lead_that_an_outcome_has_settled_is_no_longer_open_whatever_the_board_said_before() -> None:
    made = scene(on_board("web-1"))
    made.tally.apply(assigned("anna"))
    made.tally.apply(met("anna"))
    assert row(made, "web-1") == ["web-1", "answered", "in", "time", "Anna"]
    assert "Anna 0" in lines(made)[5]


@pytest.mark.parametrize(("width", "height"), [(80, 24), (100, 30), (40, 12), (20, 5)])
def test_it_fits_the_terminal_however_much_there_is(width: int, height: int) -> None:
    made = scene(*(on_board(f"partner-{n}") for n in range(60)))
    made.news.extend(News("09:41", f"web-{n}", "passed on from Anna to Vera: no response", "yellow") for n in range(60))
    assert len(lines(made, width, height)) <= max(height, SMALLEST)
    console = Console(width=width, height=height, color_system=None)
    with console.capture() as captured:
        console.print(Screen(made), end="")
    screen = captured.get().splitlines()
    assert len(screen) == height
    assert max(map(len, screen)) <= width


def test_nothing_is_cut_at_80_columns() -> None:
    made = scene(on_board("partner-100", 10 * MINUTE, "unassignable"))
    made.news.append(News("09:41", "partner-100", "breached again: no response from Vera by 09:51", "red"))
    assert not any("…" in line for line in lines(made))

"""`sla-monitor audit`; tests/audit has what it finds and what it does not."""

from __future__ import annotations

import pytest

from sla_monitor.core.rules import MINUTE
from tests import facts
from tests.audit.archive import Archive, Recorded
from tests.commands.shelf import Run, Shelf
from tests.world import T0


@pytest.fixture
def archive(shelf: Shelf) -> Archive:
    """In a year that is past for the machine's clock."""
    return Archive(shelf.settings.data_dir)


PAST = T0 - 300_000_000_000


def two_unanswered(archive: Archive) -> None:
    world = Recorded(at=PAST)
    for lead_id in ("L 1", "L\x1b2"):
        world.feed(facts.lead(lead_id, PAST, owner_id="anna"))
    world.to(PAST + 5 * MINUTE)
    archive.save(world)


def test_nothing_wrong_is_exit_code_0(run: Run, archive: Archive) -> None:
    answer = run("audit")
    assert (answer.code, answer.json["leads"], answer.json["findings"]) == (0, 0, [])
    assert run("audit", "--no-json").out.splitlines()[1:] == ["Nothing is wrong."]


def test_findings_are_exit_code_1_and_name_the_command_that_shows_more(run: Run, archive: Archive) -> None:
    two_unanswered(archive)
    answer = run("audit")
    assert (answer.code, answer.json["counts"]["overdue_without_breach"]) == (1, 2)
    assert [found["command"] for found in answer.json["findings"]] == [
        "sla-monitor explain 'L\x1b2'",
        "sla-monitor explain 'L 1'",
    ] or answer.json["findings"][0]["lead_id"] == "L\x1b2"


def test_people_read_a_finding_on_three_lines(run: Run, archive: Archive) -> None:
    two_unanswered(archive)
    lines = run("audit", "--no-json").out.splitlines()
    assert lines[0].startswith("2 leads and ")
    assert lines[4:] == [
        "overdue_without_breach: L 1 in partition 0",
        "  since 2020-09-13 12:36:40.000: the response of turn 1 is still awaited",
        "  sla-monitor explain 'L 1'",
        "Findings: 2 overdue_without_breach.",
    ]
    assert not any("\x1b" in line for line in lines)


def test_what_is_shown_can_be_narrowed(run: Run, archive: Archive) -> None:
    two_unanswered(archive)
    assert "... and 1 more" in run("audit", "--no-json", "--limit", "1").out
    assert run("audit", "--past", "7d").code == 1
    assert run("audit", "--grace", "3650d").code == 0


@pytest.mark.parametrize(
    ("args", "said"),
    [
        (("--grace", "soon"), "--grace: soon: must be a duration"),
        (("--every", "0s"), "--every: 0s: must be at least 1s"),
        (("--listen", "127.0.0.1:0"), "--listen: is served with --every only"),
        (("--every", "1s", "--listen", "nowhere"), "--listen: must be host:port"),
    ],
)
def test_what_cannot_be_is_a_mistake(run: Run, archive: Archive, args: tuple[str, ...], said: str) -> None:
    answer = run("audit", *args)
    assert (answer.code, answer.out) == (2, "")
    assert said in answer.err


def test_without_a_log_it_is_unreachable(run: Run) -> None:
    assert run("audit").code == 3

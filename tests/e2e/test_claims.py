"""Timetables of people who act: two race for a lead by their links, a tap outlives a crash, a head reassigns."""

from __future__ import annotations

import json
import urllib.error
import urllib.request
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest

from sla_monitor.claims import Claim, ClaimLinks
from sla_monitor.codec import rfc3339
from sla_monitor.core.rules import DAY, MINUTE
from tests.e2e.process import FAST, OFFICE, Monitor, types
from tests.e2e.test_people import eventually

RACES = 5


def link(m: Monitor, lead_id: str, turn: int, manager: str) -> str:
    """The path of the link that a notice would carry."""
    secret = (m.directory / "data" / "secret").read_text().strip()
    url = ClaimLinks(m.clock, "https://sla.example", [secret]).url(lead_id, turn, manager, m.clock.now() + DAY)
    assert url is not None
    return url.removeprefix("https://sla.example")


def ask(m: Monitor, method: str, path: str, body: Any = None) -> tuple[int, str]:
    data = None if body is None else json.dumps(body).encode()
    request = urllib.request.Request(m.url + path, data, {"Content-Type": "application/json"}, method=method)
    try:
        with urllib.request.urlopen(request, timeout=20) as answer:
            return int(answer.status), answer.read().decode()
    except urllib.error.HTTPError as error:
        with error:
            return error.code, error.read().decode()


def held_by_anna(m: Monitor, lead_id: str) -> None:
    """Its channel is one whose turns do not end by themselves, however slow the machine."""
    named = {"owner_id": "anna", "name": "Ivan Petrov", "channel": "talk"}
    assert m.post("lead.created.v1", m.clock.now() - MINUTE, lead_id=lead_id, **named) == 202
    m.wait_for("lead.assigned", lead_id)


def close(m: Monitor, lead_id: str) -> None:
    assert ask(m, "POST", f"/v1/leads/{lead_id}/actions", {"action": "close", "reason": "junk"})[0] == 202


def claims_of(m: Monitor, lead_id: str) -> list[str]:
    """Who was given the lead by a claim, as the outcomes tell."""
    close(m, lead_id)
    told = m.wait_for("lead.closed", lead_id)
    return [o["data"]["to"] for o in told if o["data"].get("reason") == "claimed" and o["type"] == "lead.assigned.v1"]


@pytest.fixture(scope="module")
def racers() -> Iterator[ThreadPoolExecutor]:
    with ThreadPoolExecutor(2) as pool:
        yield pool


@pytest.mark.parametrize("race", range(RACES))
def test_of_two_who_race_for_a_lead_exactly_one_wins_and_the_other_learns_who(
    office: Monitor, racers: ThreadPoolExecutor, race: int
) -> None:
    lead_id, names = f"race-{race}", {"vera": "Vera", "gleb": "Gleb"}
    held_by_anna(office, lead_id)
    links = {name: link(office, lead_id, 1, name) for name in names}
    assert all(ask(office, "GET", path)[0] == 200 for path in links.values())
    answers = dict(zip(links, racers.map(lambda path: ask(office, "POST", path), links.values()), strict=True))
    holder = office.lead(lead_id)["holder_id"]
    (loser,) = set(names) - {holder}

    assert {name: status for name, (status, _) in answers.items()} == {holder: 200, loser: 409}
    assert "is yours" in answers[holder][1]
    assert f"{names[holder]} was faster" in answers[loser][1]
    assert "Ivan" not in answers[loser][1]
    assert claims_of(office, lead_id) == [holder]


def test_a_tap_that_was_accepted_outlives_a_crash_and_counts_once(tmp_path: Path) -> None:
    with Monitor(tmp_path, OFFICE, speed=FAST) as m, Monitor(tmp_path, OFFICE, speed=FAST, command="web") as web:
        held_by_anna(m, "crash")
        path = link(m, "crash", 1, "vera")
        m.kill()
        first, text = ask(web, "POST", path)
        again, _ = ask(web, "POST", path)
        looked, page = ask(web, "GET", path)
        m.start()
        m.wait_for("lead.assigned", "crash", to="vera")
        m.kill()
        m.start()
        third, text_after = ask(m, "POST", path)
        late, text_late = ask(m, "POST", link(m, "crash", 1, "gleb"))
        claims = claims_of(m, "crash")

    assert (first, again, "Not known yet" in text) == (202, 202, True)
    assert (looked, "Take the lead" in page) == (200, True)
    assert (third, "is yours" in text_after) == (200, True)
    assert (late, "Vera was faster" in text_late) == (409, True)
    assert claims == ["vera"]


def test_links_of_both_processes_of_a_data_directory_are_good_for_both(tmp_path: Path) -> None:
    with Monitor(tmp_path, OFFICE, speed=FAST, command="web") as web, Monitor(tmp_path, OFFICE, speed=FAST) as m:
        held_by_anna(m, "shared")
        path = link(web, "shared", 1, "vera")
        assert [ask(each, "GET", path)[0] for each in (m, web)] == [200, 200]
        status, text = ask(web, "POST", path)
        close(m, "shared")

    assert (status, "is yours" in text) == (200, True)


def test_a_head_reassigns_a_lead_and_its_story_says_who_did(office: Monitor) -> None:
    held_by_anna(office, "given-away")
    act = {"action": "reassign", "manager_id": "gleb"}
    status, said = ask(office, "POST", "/v1/leads/given-away/actions", act)
    told = office.wait_for("lead.assigned", "given-away", to="gleb")
    story = office.lead("given-away")["timeline"]
    close(office, "given-away")
    closed = office.wait_for("lead.closed", "given-away")[-1]["data"]

    assert (status, json.loads(said)["type"]) == (202, "lead.assigned.v1")
    assert types(told)[-2:] == ["lead.superseded", "lead.assigned"]
    assert (story[-1]["to"], story[-1]["actor"], story[-1]["reason"]) == ("gleb", "local", "manual")
    assert (closed["reason"], closed["actor"]) == ("junk", "local")


def test_presence_over_http_is_the_desks_and_is_shown(office: Monitor) -> None:
    until = office.clock.now() + 30 * MINUTE
    away = {"status": "away", "until": rfc3339(until)}
    assert ask(office, "PUT", "/v1/managers/rita/status", away)[0] == 202
    eventually(lambda: rita(office)["presence"] == "away")
    assert (rita(office)["status"], rita(office)["until"]) == ("away", rfc3339(until))
    assert ask(office, "PUT", "/v1/managers/rita/status", {"status": "available"})[0] == 202
    eventually(lambda: rita(office)["presence"] == "available")
    held = rita(office)["open_leads"]
    assert office.post("lead.created.v1", office.clock.now(), lead_id="load", owner_id="rita") == 202
    eventually(lambda: rita(office)["open_leads"] == held + 1)
    close(office, "load")
    eventually(lambda: rita(office)["open_leads"] == held)


def rita(m: Monitor) -> dict[str, Any]:
    (found,) = [manager for manager in m.get("/v1/managers")["managers"] if manager["manager_id"] == "rita"]
    return dict(found)


def test_a_claim_has_the_same_identity_from_the_board_and_from_a_link(office: Monitor) -> None:
    held_by_anna(office, "twice")
    act = {"action": "claim", "manager_id": "vera", "turn": 1}
    _, said = ask(office, "POST", "/v1/leads/twice/actions", act)
    office.wait_for("lead.assigned", "twice", to="vera")
    status, _ = ask(office, "POST", link(office, "twice", 1, "vera"))

    assert json.loads(said)["id"] == Claim("twice", 1, "vera", 0).event_id
    assert status == 200
    assert claims_of(office, "twice") == ["vera"]

"""One value that cannot be shown, or one row that cannot be read, takes nothing else from sight."""

from __future__ import annotations

import logging

import pytest

from sla_monitor.codec import NEVER, rfc3339
from sla_monitor.core.calendar import zone
from sla_monitor.core.instants import LATEST, in_utc
from sla_monitor.core.roster import Standing
from sla_monitor.core.rules import Manager, Rules
from sla_monitor.notify.render import render
from sla_monitor.web.claim_page import local_time
from tests.notify.test_render import send
from tests.web.site import NOW
from tests.web.test_board_stream import page
from tests.web.test_views import get, lead

TOO_LATE = 253_402_351_199_000
"""9999-12-31T23:59:59-14:00, which is in the year 10000 of UTC."""
DAMAGE = {
    "empty": b"",
    "cut": b"\2\0\0",
    "another version": b"\1" + (NEVER).to_bytes(8) + b"\2" + bytes(10) + b"Lead \x80",
    "fields": b"\2" + (NEVER).to_bytes(8) + b"\2" + bytes(10) + b"Lead \x81\xa5phase\xa4none",
    "holder": b"\2" + (NEVER).to_bytes(8) + b"\2" + bytes(8) + b"\0\1\xffLead \x80",
}


@pytest.fixture(autouse=True)
def _untold(monkeypatch):
    monkeypatch.setattr("sla_monitor.web.rows._told", set())


@pytest.mark.parametrize("at", [LATEST + 1, TOO_LATE, NEVER, 1 << 70])
def test_an_instant_that_no_calendar_has_is_shown_as_the_last(at):
    assert rfc3339(at) == "8999-12-31T23:59:59.000Z"
    assert local_time(at, "anna", Rules(), NOW) == "8999-12-31 23:59 UTC"
    assert in_utc(at).astimezone(zone("Pacific/Kiritimati")).year == 9000


def test_an_instant_before_1970_is_shown_as_the_first():
    assert rfc3339(-1) == "1970-01-01T00:00:00.000Z"


def test_a_notice_whose_instant_no_calendar_has_still_says_what_it_is_about():
    told = render(send("assigned", due_at=TOO_LATE), Rules(managers={"anna": Manager("anna")}))
    assert "8999-12-31" in told.body


async def test_a_status_without_an_end_that_can_be_shown_takes_nobody_from_the_list_or_the_board(site):
    site.rules = Rules(version=1, managers={name: Manager(name) for name in ("anna", "vera")})
    site.log.seat("anna", Standing(status="away", order=(NOW, "/pbx", "1"), until=TOO_LATE))
    site.log.put(lead("L1"))
    listed = (await get(site, "/v1/managers"))["managers"]
    assert [(one["manager_id"], one["until"]) for one in listed] == [
        ("anna", "8999-12-31T23:59:59.000Z"),
        ("vera", None),
    ]
    assert (await get(site, "/v1/board"))["open"] == 1
    async with page(site) as seen:
        assert seen.people.keys() == {"anna", "vera"}


@pytest.mark.parametrize("row", DAMAGE.values(), ids=DAMAGE)
async def test_a_damaged_row_takes_no_other_lead_from_the_board(site, row, caplog):
    site.log.put(lead("L1"))
    site.log.leads[b"broken"] = row
    with caplog.at_level(logging.ERROR):
        board = await get(site, "/v1/board")
        assert (await get(site, "/v1/board"))["unreadable"] == 1
    assert ([line["lead_id"] for line in board["leads"]], board["unreadable"]) == (["L1"], 1)
    assert [record.args[0] for record in caplog.records] == [b"broken"], "once, by its key"
    async with page(site) as seen:
        assert list(seen.leads) == ["L1"]
        assert seen.beats[0]["unready"] == ["leads whose rows are damaged and not shown: 1"]
        site.log.put(lead("broken"))
        await seen.told("leads")
        assert seen.beats[-1]["unready"] == []
    said = await get(site, "/v1/leads/L1")
    assert said["status"] == "waiting"


@pytest.mark.parametrize("row", DAMAGE.values(), ids=DAMAGE)
async def test_a_lead_whose_row_becomes_damaged_leaves_the_board_and_says_so_itself(site, row):
    site.log.put(lead("L1"))
    site.log.put(lead("L2"))
    async with page(site) as seen:
        site.log.leads[b"L2"] = row
        await seen.told("gone")
        assert list(seen.leads) == ["L1"]
    said = await get(site, "/v1/leads/L2", 500)
    assert said["detail"] == "the row of this lead is damaged; an operator finds its key in the log"


@pytest.mark.parametrize("row", DAMAGE.values(), ids=DAMAGE)
async def test_a_damaged_row_of_the_desk_takes_nobody_else_from_the_list_or_the_board(site, row):
    site.log.desk[b"m:anna"] = row
    assert [one["manager_id"] for one in (await get(site, "/v1/managers"))["managers"]] == ["anna"]
    async with page(site) as seen:
        assert seen.people["anna"]["presence"] == "available"

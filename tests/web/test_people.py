"""Who is there: presence, shift and load as the desk would find them now."""

from __future__ import annotations

import pytest

from sla_monitor.core.calendar import calendar
from sla_monitor.core.roster import Held, PassedOver, Standing, look
from sla_monitor.core.rules import HOUR, MINUTE, Hours, Manager, Rules
from tests.web.office import bearer, office
from tests.web.site import DESK, NOW
from tests.web.test_views import get

OFFICE = Hours(week=(((540, 1080),),) * 7)
"""Nine to six, UTC, each day; NOW is Tuesday, 06:00."""


async def managers(site, **headers):
    listed = (await get(site, "/v1/managers", **headers))["managers"]
    return {manager["manager_id"]: manager for manager in listed}


async def test_a_manager_whom_the_desk_has_not_met_is_there_and_free(site):
    assert (await managers(site))["anna"] == {
        "manager_id": "anna",
        "name": "Anna",
        "teams": [],
        "presence": "available",
        "status": "available",
        "until": None,
        "on_shift": True,
        "shift_changes_at": None,
        "open_leads": 0,
        "capacity": None,
    }


async def test_a_status_is_shown_until_it_ends(site):
    site.log.seat("anna", Standing(status="busy", order=(NOW, "/board", "1"), until=NOW + 30 * MINUTE))
    anna = (await managers(site))["anna"]
    assert (anna["presence"], anna["status"], anna["until"]) == ("busy", "busy", "2026-11-24T06:30:00.000Z")
    site.clock.advance(30 * MINUTE)
    anna = (await managers(site))["anna"]
    assert (anna["presence"], anna["status"], anna["until"]) == ("available", "available", None)


async def test_a_shift_says_when_it_changes_next_and_wins_over_the_status(site):
    site.rules = Rules(version=1, calendars={"office": OFFICE}, managers={"anna": Manager("anna", shift="office")})
    site.log.seat("anna", Standing(status="available", order=(NOW, "/board", "1")))
    anna = (await managers(site))["anna"]
    assert (anna["presence"], anna["on_shift"]) == ("off_shift", False)
    assert anna["shift_changes_at"] == "2026-11-24T09:00:00.000Z"
    site.clock.advance(3 * HOUR)
    anna = (await managers(site))["anna"]
    assert (anna["presence"], anna["on_shift"]) == ("available", True)
    assert anna["shift_changes_at"] == "2026-11-24T18:00:00.000Z"


@pytest.mark.parametrize("at", [NOW, NOW + 4 * HOUR, NOW + 13 * HOUR])
@pytest.mark.parametrize("status", ["", "available", "busy", "away", "offline"])
async def test_what_is_shown_is_what_the_desk_would_find(site, at, status):
    site.rules = Rules(version=1, calendars={"office": OFFICE}, managers={"anna": Manager("anna", shift="office")})
    said = Standing(status=status, order=(NOW, "/board", "1"))
    site.log.seat("anna", said)
    site.clock.advance(at - NOW)
    look(said, calendar(OFFICE), at)
    anna = (await managers(site))["anna"]
    assert anna["presence"] == said.reason or (said.reason, anna["presence"]) == ("", "available")
    assert anna["on_shift"] is (said.reason != PassedOver.OFF_SHIFT)


async def test_r30_a_test_lead_is_in_no_load_that_is_shown(site):
    site.log.seat("anna", Standing(), "L-1")
    site.log.desk[b"l:trial"] = DESK.encode(Held("anna", 0, test=True))
    assert (await managers(site))["anna"]["open_leads"] == 1


async def test_the_load_is_the_open_leads_that_somebody_holds(site):
    site.log.seat("anna", Standing(), "L1", "L2")
    site.log.desk[b"\0rules"] = b"\1no row of a manager"
    assert (await managers(site))["anna"]["open_leads"] == 2


async def test_everybody_sees_the_people_of_their_teams():
    async with office() as site:
        seen = {name: set(await managers(site, **bearer(name))) for name in ("anna", "boris", "root", "wall")}
    everybody = {"anna", "vera", "boris", "pavel"}
    assert seen == {"anna": everybody - {"pavel"}, "boris": everybody - {"pavel"}, "root": everybody, "wall": everybody}


async def test_the_head_is_of_the_teams_that_they_lead():
    async with office() as site:
        assert (await managers(site, **bearer("boris")))["boris"]["teams"] == ["sales"]

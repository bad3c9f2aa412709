"""A claim link shows the lead and takes it with a tap; it tells who was faster, and looking takes nothing."""

from __future__ import annotations

import asyncio
import re
from dataclasses import replace

import pytest

from sla_monitor import codec
from sla_monitor.claims import SOURCE, Claim, ClaimLinks
from sla_monitor.core.events import LeadClaimed, Origin
from sla_monitor.core.lead import Kind, Phase, Turn
from sla_monitor.core.rules import HOUR, Hours, Manager, Rules, Team
from sla_monitor.web.limits import Limits
from sla_monitor.web.views import LEADS
from tests.web.office import office
from tests.web.site import NOW, SECRET, Site
from tests.web.test_views import MINUTE, lead

RULES = Rules(
    version=1,
    calendars={"office": Hours(timezone="Europe/Moscow")},
    managers={
        "anna": Manager("anna", "Anna"),
        "vera": Manager("vera", "Vera"),
        "pavel": Manager("pavel", "Pavel", shift="office", languages=("tt", "ru")),
    },
)
VERAS = {"holder": "vera", "turns": [Turn(1, "vera", NOW, NOW + 10 * MINUTE, Kind.FIRST)]}
PATIENT = Limits(claim_seconds=0.2)
EVIL = "<script>alert(1)</script>"


@pytest.fixture
async def site():
    async with Site(limits=PATIENT) as made:
        made.rules = RULES
        made.log.put(lead("L", name="Ivan Petrov", **VERAS))
        yield made


def path(site, manager="anna", turn=1, lead_id="L", lasts=HOUR):
    url = site.claims.url(lead_id, turn, manager, NOW + lasts)
    return url.removeprefix("https://sla.example")


async def look(site, where=None, method="GET", **headers):
    """(status, text) of the page; checked for what every page must be."""
    async with site.http.request(method, where or path(site), headers=headers) as answer:
        text = await answer.text()
        policy = answer.headers["Content-Security-Policy"]
        assert answer.content_type == "text/html"
        assert "default-src 'none'" in policy
        assert "frame-ancestors 'none'" in policy
        assert (answer.headers["Referrer-Policy"], answer.headers["Cache-Control"]) == ("no-referrer", "no-store")
        assert not re.search(
            r"<script|javascript:|style=|\son\w+=|https?:", text.replace('href="https://crm.example/', "")
        )
        return answer.status, text


async def tap(site, where=None):
    return await look(site, where, "POST")


def apply(site, fact_of=None, **changes):
    """What a worker does with the claim: the row as it is once it was applied."""
    known = LEADS.decode(site.log.leads[b"L"])
    uid = Origin(uri=SOURCE, id=Claim("L", 1, fact_of or "anna", 0).event_id).uid()
    site.log.put(replace(known, seen={**known.seen, uid: 0}, **changes))


async def test_the_page_shows_the_lead_with_a_button_and_takes_nothing(site):
    for method in ("GET", "HEAD", "GET"):
        status, text = await look(site, method=method)
        assert status == 200
    assert "Take the lead L?" in text
    assert "<dd>06:10 UTC, 10 min left</dd>" in text
    assert '<a href="../">Open the board</a>' in text
    assert "<dd>Vera</dd>" in text
    assert '<form method="post"><button>' in text
    assert site.log.appended == []


async def test_what_prefetches_or_scans_links_takes_nothing(site):
    for headers in ({"Purpose": "prefetch"}, {"Sec-Purpose": "prefetch"}, {"User-Agent": "Slackbot-LinkExpanding 1.0"}):
        assert (await look(site, **headers))[0] == 200
    for method in ("OPTIONS", "PUT", "DELETE"):
        async with site.http.request(method, path(site)) as answer:
            assert answer.status == 405
    assert site.log.appended == []


async def test_the_page_speaks_the_managers_language_and_tells_their_own_time(site):
    _, text = await look(site, path(site, "pavel"))
    assert '<html lang="ru">' in text
    assert "Забрать лид L?" in text
    assert "<dd>09:10 MSK, осталось 10 мин</dd>" in text


async def test_of_a_lead_that_is_late_it_says_by_how_much(site):
    site.log.put(lead("L", **VERAS, due_at=NOW - 5 * MINUTE))
    assert "<dd>05:55 UTC, 5 min late</dd>" in (await look(site))[1]


async def test_the_day_is_told_only_if_it_is_not_today_where_the_manager_is(site):
    site.log.put(lead("L", **VERAS, due_at=NOW + 16 * HOUR))
    assert "<dd>22:00 UTC, 16 h" in (await look(site))[1]
    assert "<dd>2026-11-25 01:00 MSK, " in (await look(site, path(site, "pavel")))[1]


@pytest.mark.parametrize("manager", ["anna", "vera"])
async def test_looking_at_a_link_tells_nobody_who_the_customer_is_not_even_the_holders(site, manager):
    text = (await look(site, path(site, manager)))[1]
    assert ("I*** P." in text, "Ivan" in text) == (True, False)


async def test_the_holder_learns_who_the_customer_is_by_confirming(site):
    where = path(site, "vera")
    assert "<button>Confirm, and see who it is</button>" in (await look(site, where))[1]
    status, text = await tap(site, where)
    assert (status, "Ivan Petrov" in text, "<button>" in text) == (200, True, False)


async def test_who_comes_too_late_does_not_learn_who_the_customer_is(site):
    site.log.put(lead("L", name="Ivan Petrov", **VERAS | {"turn": 2}))
    status, text = await tap(site)
    assert (status, "Ivan" in text) == (409, False)


async def test_the_customer_is_called_from_the_page_once_the_claim_is_made(site):
    site.log.put(lead("L", **VERAS, phones=("+79261234567",), url="https://crm.example/?a=1&b=2"))
    for manager in ("anna", "vera"):
        seen = (await look(site, path(site, manager)))[1]
        assert ("tel:" in seen, "crm.example" in seen) == (False, False)
    hers = (await tap(site, path(site, "vera")))[1]
    assert 'href="tel:+79261234567">Call +79261234567</a>' in hers
    assert 'href="https://crm.example/?a=1&amp;b=2"' in hers


async def test_markup_in_what_came_from_outside_is_text(site):
    site.log.put(lead(EVIL, name=EVIL, source=EVIL, **VERAS))
    site.rules = Rules(managers={"vera": Manager("vera", EVIL), "anna": Manager("anna", EVIL)})
    for manager in ("anna", "vera"):
        status, text = await look(site, path(site, manager, lead_id=EVIL))
        assert status == 200
        assert "&lt;script&gt;" in text


async def test_a_tap_writes_the_claim_and_says_that_the_lead_is_yours(site):
    tapping = asyncio.ensure_future(tap(site))
    await site.log.asked.wait()
    apply(site, holder="anna", turn=2)
    status, text = await tapping
    assert (status, "The lead L is yours" in text, "Ivan Petrov" in text) == (200, True, True)
    (record,) = site.log.appended
    fact = codec.decode_record(record.value)
    assert (record.topic, record.key, type(fact)) == ("sla.events", b"L", LeadClaimed)
    assert (fact.lead_id, fact.manager_id, fact.turn, fact.at) == ("L", "anna", 1, NOW)
    assert fact.origin.uid() == Claim("L", 1, "anna", 0).uid


async def test_a_second_tap_is_the_same_event_and_is_answered_at_once(site):
    tapping = asyncio.ensure_future(tap(site))
    await site.log.asked.wait()
    apply(site, holder="anna", turn=2)
    await tapping
    status, text = await tap(site)
    assert (status, "is yours" in text) == (200, True)
    facts = [codec.decode_record(record.value) for record in site.log.appended]
    assert len({fact.origin.uid() for fact in facts}) == 1


async def test_the_loser_of_a_race_is_told_who_was_faster(site):
    tapping = asyncio.ensure_future(tap(site))
    await site.log.asked.wait()
    apply(site, "pavel", holder="pavel", turn=2)
    status, text = await tapping
    assert (status, "Pavel was faster" in text, "Ivan" in text) == (409, True, False)


async def test_who_comes_after_the_turn_is_told_who_has_the_lead_and_writes_nothing(site):
    site.log.put(lead("L", holder="pavel", turn=2))
    assert (await look(site))[0] == 200
    assert "It is with Pavel now." in (await look(site))[1]
    status, text = await tap(site)
    assert (status, "Pavel was faster" in text) == (409, True)
    assert "<form" not in text
    assert site.log.appended == []


async def test_the_holder_who_taps_acknowledges(site):
    status, text = await tap(site, path(site, "vera"))
    assert (status, "is yours" in text) == (200, True)
    assert codec.decode_record(site.log.appended[0].value).manager_id == "vera"


@pytest.mark.parametrize(
    ("changes", "status", "told"),
    [
        ({"phase": Phase.ANSWERED, "first_attempt_at": NOW, "first_attempt_by": "vera"}, 409, "Vera responded"),
        ({"phase": Phase.ANSWERED, "first_attempt_at": NOW}, 409, "somebody else responded"),
        ({"phase": Phase.CLOSED}, 409, "The lead L is closed"),
        ({"phase": Phase.ERASED}, 410, "The lead is gone"),
    ],
)
async def test_a_lead_that_needs_nobody_is_told_and_nothing_is_written(site, changes, status, told):
    site.log.put(lead("L", **VERAS | changes))
    for made, expected in ((await look(site), 410 if status == 410 else 200), (await tap(site), status)):
        assert (made[0], told in made[1], "<form" in made[1]) == (expected, True, False)
    assert site.log.appended == []


async def test_a_lead_that_is_no_longer_kept_is_gone(site):
    site.log.leads.clear()
    assert (await look(site))[0] == (await tap(site))[0] == 410


async def test_r25_a_link_to_a_joined_lead_takes_nobody_the_one_that_it_joined(site):
    site.log.put(lead("J", phase=Phase.JOINED, joined_to="L"))
    status, text = await tap(site, path(site, lead_id="J"))
    assert (status, "The lead J is part of another" in text) == (409, True)
    assert site.log.appended == []


@pytest.mark.parametrize("changes", [{}, {"turn": 2}, {"phase": Phase.ANSWERED}, {"phase": Phase.CLOSED}])
async def test_a_link_to_a_lead_of_another_team_takes_nothing_shows_nothing_and_says_so(site, changes):
    teams = {"sales": Team("sales", ("vera",)), "field": Team("field", ("anna",))}
    site.rules = replace(RULES, teams=teams)
    site.log.put(lead("L", name="Ivan Petrov", **VERAS | changes))
    for status, text in (await look(site), await tap(site)):
        assert (status, "It is of another team" in text, "<dd>" in text, "Vera" in text) == (403, True, False, False)
    assert site.log.appended == []


async def test_a_claim_carries_the_teams_of_its_manager(site):
    site.rules = replace(RULES, teams={"sales": Team("sales", ("anna", "vera"), "pavel")})
    await tap(site)
    origin = codec.decode_record(site.log.appended[0].value).origin
    assert (origin.may, origin.person, origin.actor) == (("sales",), "anna", "")


async def test_a_claim_that_was_applied_and_changed_nothing_is_told(site):
    tapping = asyncio.ensure_future(tap(site))
    await site.log.asked.wait()
    apply(site)
    status, text = await tapping
    assert (status, "cannot be yours" in text) == (403, True)


@pytest.mark.parametrize(
    "changes",
    [{}, {"holder": "gone"}, {"turn": 2}, {"phase": Phase.ANSWERED}, {"phase": Phase.CLOSED}, {"phase": Phase.JOINED}],
)
async def test_whoever_has_left_the_roster_takes_nothing_and_sees_nothing_whatever_became_of_the_lead(site, changes):
    facts = {"phones": ("+79261234567",), "url": "https://crm.example/L"}
    site.log.put(lead("L", name="Ivan Petrov", source="bitrix", **VERAS | facts | changes))
    where = path(site, "gone")
    for status, text in (await look(site, where), await tap(site, where)):
        assert (status, "not on the roster" in text, "<form" in text, "<dd>" in text) == (403, True, False, False)
        assert not any(shown in text for shown in ("I***", "Ivan", "+79261234567", "crm.example", "bitrix", "Vera"))
    assert site.log.appended == []


async def test_whoever_has_left_the_roster_learns_not_even_that_a_lead_is_gone(site):
    assert (await look(site, path(site, "gone", lead_id="X")))[0] == 403


async def test_without_a_roster_anybody_may_claim(site):
    site.rules = Rules()
    assert (await tap(site, path(site, "gone")))[0] == 202
    assert len(site.log.appended) == 1


async def test_what_is_not_known_yet_is_said_with_a_link_to_look_again(site):
    status, text = await tap(site)
    assert (status, "Not known yet" in text, '<a href="">' in text, "<form" in text) == (202, True, True, False)
    assert len(site.log.appended) == 1


async def test_a_tap_that_is_not_known_to_be_stored_says_so(site):
    site.log.gate.clear()
    tapping = asyncio.ensure_future(tap(site))
    await site.log.asked.wait()
    site.log.broken = True
    site.log.gate.set()
    status, text = await tapping
    assert (status, "Please tap again" in text, "<form" in text) == (503, True, True)


async def test_when_the_lead_cannot_be_read_a_page_says_to_look_again(site):
    site.log.broken = True
    status, text = await look(site)
    assert (status, "again in a moment" in text, "<form" in text) == (503, True, False)


# links that are not good


async def test_an_expired_link_is_told_in_the_managers_language_and_shows_nothing_of_the_lead(site):
    where = path(site, "pavel", lasts=MINUTE)
    site.clock.advance(MINUTE)
    for method in ("GET", "POST"):
        status, text = await look(site, where, method)
        assert (status, "Ссылка устарела" in text) == (410, True)
        assert not re.search(r"Ivan|I\*\*\*|Vera|<form", text)
    assert site.log.appended == []


@pytest.mark.parametrize("change", [lambda t: t[:-3], lambda t: "A" + t[1:], lambda t: "x", lambda t: t + "AAAA"])
async def test_a_forged_link_is_refused_and_shows_nothing(site, change):
    token = path(site).rpartition("/")[2]
    for method in ("GET", "POST"):
        status, text = await look(site, f"/claim/{change(token)}", method, **{"Accept-Language": "ru"})
        assert (status, "Ссылка недействительна" in text) == (403, True)
        assert "<form" not in text
    assert site.log.appended == []


async def test_a_link_of_another_installation_is_forged(site):
    other = ClaimLinks(site.clock, "https://sla.example", [SECRET + " of somebody else"])
    where = other.url("L", 1, "anna", NOW + HOUR).removeprefix("https://sla.example")
    assert (await tap(site, where))[0] == 403


async def test_a_link_needs_no_key_and_no_page_of_ours():
    async with office(limits=PATIENT) as made:
        where = path(made, "vera", lead_id="S-1")
        assert (await look(made, where))[0] == 200
        async with made.http.post(where, headers={"Sec-Fetch-Site": "none", "Origin": "null"}) as answer:
            assert answer.status in {200, 202}
        assert len(made.log.appended) == 1

"""Problems as people and as programs get them, and the way to signing in and back."""

from __future__ import annotations

import logging

import pytest
from yarl import URL

from sla_monitor.keys import new_key
from sla_monitor.web import refusals
from tests.web.office import SAME_SITE, TOKENS, bearer, office, sign_in
from tests.web.site import ONE
from tests.web.test_views import get

BROWSER = {"Accept": "text/html,application/xhtml+xml,*/*;q=0.8"}


async def browse(site, path, **headers):
    async with site.http.get(path, headers=BROWSER | headers, allow_redirects=False) as answer:
        return answer.status, answer.headers.get("Location"), await answer.text()


@pytest.mark.parametrize(("language", "told"), [("en", "There is no such page"), ("ru-RU,ru", "Такой страницы нет")])
async def test_a_browser_gets_a_page_in_its_language_and_a_program_gets_json(language, told):
    async with office() as site:
        for path, root in (("/nowhere", "./"), ("/a/b/c", "../../"), ("/v1/leads/none", "../../")):
            status, _, text = await browse(site, path, **{"Accept-Language": language}, **bearer("boris"))
            assert (status, told in text) == (404, True)
            assert f'<a href="{root}">' in text
            assert ("no such lead" in text.lower()) is (language == "en" and "leads" in path)
            assert (await get(site, path, 404, **bearer("boris")))["status"] == 404


async def test_whoever_has_signed_in_is_offered_no_signing_in_but_where_another_key_would_help():
    async with office() as site:
        signed = {"Cookie": await sign_in(site, "anna")}
        assert "sign-in" in (await browse(site, "/nowhere"))[2]
        assert "sign-in" not in (await browse(site, "/nowhere", **signed))[2]


async def test_pages_of_the_server_are_in_the_language_that_was_chosen_on_the_board():
    async with office() as site:
        for path, told in (("/nowhere", "Такой страницы нет"), ("/sign-in", "Вход")):
            chosen = {"Accept-Language": "en", "Cookie": "language=ru"}
            assert told in (await browse(site, path, **chosen))[2]
            assert told not in (await browse(site, path, **chosen | {"Cookie": "language=xx"}))[2]


async def test_what_is_not_allowed_or_cannot_be_now_is_a_page_too(site):
    async with office() as keyed:
        assert "Not for you to see" in (await browse(keyed, "/report", **bearer("pbx")))[2]
    site.log.broken = True
    status, _, text = await browse(site, "/v1/board")
    assert (status, "Not to be had just now" in text) == (503, True)
    assert (await browse(site, "/", Host="evil.example"))[0] == 403


async def test_nothing_of_a_page_that_was_asked_for_becomes_markup(site):
    status, _, text = await browse(site, "/%3Cscript%3Ealert(1)%3C/script%3E")
    assert (status, "<script" in text) == (404, False)


@pytest.mark.parametrize(
    ("path", "sign_in", "back"),
    [
        ("/", "sign-in", "./"),
        ("/?team=sales", "sign-in?next=%3Fteam%3Dsales", "./?team=sales"),
        ("/report?by=team&last=7d", "sign-in?next=report%3Fby%3Dteam%26last%3D7d", "./report?by=team&last=7d"),
        (
            "/report/sheet?manager=anna",
            "../sign-in?next=report%2Fsheet%3Fmanager%3Danna",
            "./report/sheet?manager=anna",
        ),
        ("/v1/board", "../sign-in", "./"),
    ],
)
async def test_whoever_has_not_signed_in_is_led_there_and_back(path, sign_in, back):
    async with office() as site:
        assert (await browse(site, path))[:2] == (303, sign_in)
        asked = "/" + sign_in.removeprefix("../")
        form = {"data": {"key": TOKENS["anna"]}, "headers": SAME_SITE, "allow_redirects": False}
        async with site.http.post(asked, **form) as answer:
            assert (answer.status, answer.headers["Location"]) == (303, back)


@pytest.mark.parametrize(
    "elsewhere",
    [
        "https://evil.example/",
        "//evil.example",
        "/\\evil.example",
        "javascript:alert(1)",
        "report/../../x",
        "..//evil",
        "claim/x",
    ],
)
async def test_signing_in_leads_nowhere_but_to_pages_of_ours(elsewhere):
    async with office() as site:
        form = {"data": {"key": TOKENS["anna"]}, "headers": SAME_SITE, "allow_redirects": False}
        async with site.http.post("/sign-in", params={"next": elsewhere}, **form) as answer:
            assert answer.headers["Location"] == "./"


# what the log says of refusals


@pytest.fixture
def lines(caplog, monkeypatch):
    now = [0.0]
    monkeypatch.setattr(refusals, "monotonic", lambda: now[0])
    caplog.set_level(logging.WARNING, "sla_monitor.web.refusals")

    def lines(later=0.0):
        now[0] += later
        said = [record.getMessage() for record in caplog.records if record.name.endswith("refusals")]
        caplog.clear()
        return said

    return lines


async def test_a_refused_request_leaves_a_line_a_minute_with_its_reason_key_and_sender(lines):
    async with office() as site:
        for _ in range(3):
            async with site.http.post("/v1/events", data=b"a=1", headers=bearer("pbx")) as answer:
                assert answer.status == 415
        (line,) = lines(59)
        assert line.startswith("refused POST /v1/events: 415, Content-Type must be ")
        assert line.endswith("(key pbx, from 127.0.0.1)")
        await site.http.post("/v1/events", data=b"a=1", headers=bearer("pbx"))
        assert lines(1) == []
        await site.http.post("/v1/events", data=b"a=1", headers=bearer("pbx"))
        (line,) = lines()
        assert line.endswith("; 3 more since")


async def test_each_way_of_being_refused_has_a_line_of_its_own(lines):
    async with office() as site:
        await site.http.post("/v1/events", json={}, headers=ONE)
        await site.http.post("/v1/events", json={}, headers=ONE | {"Authorization": "Bearer x"})
        await site.http.get("/v1/events")
        await site.http.get("/crm/hook?token=s3cret")
        await site.http.post("/v1/events", json={"specversion": "2"}, headers=ONE | bearer("pbx"))
        said = lines()
        assert [line.partition(", ")[0] for line in said] == [
            "refused POST /v1/events: 401",
            "refused GET /v1/events: 405",
            "refused GET /crm/hook: 404",
            "refused POST /v1/events: 422",
        ]
        assert "/specversion" in said[-1]
        assert "s3cret" not in "".join(said)


@pytest.mark.parametrize(
    ("asked", "told"),
    [
        ("/crm/hook?token=s3cret", "/crm/hook"),
        (f"/v1/events/{new_key('crm')[0]}", "/v1/events/…"),
        ("/leads/+79261234567/Ivan%20Petrov/x", "/leads/…/…/x"),
        ("/a%0Arefused%20GET%20b", "/…"),
        ("/long" * 40, ("/long" * 40)[:100]),
    ],
    ids=["query", "key", "person", "newline", "long"],
)
async def test_an_address_without_a_route_is_told_cut_and_without_what_may_be_a_key_or_somebody(lines, asked, told):
    async with office() as site:
        await site.http.get(URL(f"{site.server.url}{asked}", encoded=True))
        (line,) = lines()
    assert line.startswith(f"refused GET {told}: 404, ")


async def test_who_tries_many_addresses_fills_no_log(lines):
    async with office() as site:
        for name in "abcdefghijklmnop":
            await site.http.get(f"/{name}")
        assert len(lines()) == 11
        await site.http.get("/a")
        assert lines(61) == []
        await site.http.get("/a")
        assert "refused GET /a: 404" in lines()[0]


@pytest.mark.parametrize("path", ["/nothing", "/v1/report/x"])
async def test_whoever_is_known_is_named_where_there_is_nothing(lines, path):
    async with office() as site:
        await get(site, path, 404, **bearer("boris"))
        await browse(site, path, Cookie=await sign_in(site, "anna"))
        await get(site, path, 404)
        whose = [line.rpartition("(")[2].partition(",")[0] for line in lines()]
    assert whose == ["key boris", "key anna", "no known key"]


async def test_whoever_may_not_is_named(lines):
    async with office() as site:
        await site.http.post("/v1/events", json={}, headers=ONE | bearer("boris"))
        (line,) = lines()
    assert ": 403, " in line
    assert "(key boris, " in line


async def test_a_lead_that_is_not_there_yet_and_a_page_for_people_are_no_refusals_to_write_of(lines):
    async with office() as site:
        await get(site, "/v1/leads/none", 404, **bearer("boris"))
        await browse(site, "/report")
        assert lines() == []


async def test_names_of_fields_begin_no_line_of_their_own(lines):
    async with office() as site:
        await site.http.post("/v1/events", json={"forged\nrefused GET /": 1}, headers=ONE | bearer("pbx"))
        assert all("\n" not in line for line in lines())

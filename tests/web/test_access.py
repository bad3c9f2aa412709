"""Who is let in, as whom, and what they see; what another site's page sends changes nothing."""

from __future__ import annotations

import asyncio
import json
from dataclasses import replace
from ipaddress import ip_network

import msgspec
import pytest

from sla_monitor.core.lead import Lead, Phase
from sla_monitor.core.rules import HOUR, Rules
from sla_monitor.keys import mark_of, new_key, parse_keys
from sla_monitor.signing import Signer
from sla_monitor.web.access import Proxies
from sla_monitor.web.context import Secrets
from sla_monitor.web.limits import Limits
from sla_monitor.web.sessions import COOKIE, Sessions
from sla_monitor.web.visitors import masked
from tests.web.office import KEYS, PROXY, RULES, SAME_SITE, TEXT, TOKENS, bearer, office, sign_in
from tests.web.site import NOW, ONE, SECRET, Site, event
from tests.web.test_views import AT, get, lead

ORIGINS = [
    ({"Sec-Fetch-Site": "cross-site"}, 403),
    ({"Sec-Fetch-Site": "same-site"}, 403),
    ({"Sec-Fetch-Site": "cross-site", "Origin": "https://sla.example"}, 403),
    ({"Origin": "https://evil.example"}, 403),
    ({"Origin": "null"}, 403),
    ({"Origin": ""}, 403),
    ({}, 403),
    ({"Sec-Fetch-Site": "same-origin"}, 303),
    ({"Origin": "https://sla.example"}, 303),
]
"""What a browser says of where a request comes from, and what becomes of signing out."""


async def me(site, **headers):
    return await get(site, "/v1/me", **headers)


@pytest.mark.parametrize(
    ("name", "role", "teams", "names"),
    [
        ("wall", "viewer", None, False),
        ("anna", "manager", ["sales"], True),
        ("boris", "head", ["sales"], True),
        ("crm", "head", None, True),
        ("root", "admin", None, True),
    ],
)
async def test_the_scopes_of_a_key_and_its_manager_make_a_role(name, role, teams, names):
    async with office() as site:
        said = await me(site, **bearer(name))
        assert (said["name"], said["role"], said["teams"], said["sees_names"]) == (name, role, teams, names)
        assert (said["signed_in_by"], said["same_origin_only"]) == ("key", False)


async def test_a_key_that_only_writes_opens_nothing_to_read():
    async with office() as site:
        for path in ("/v1/me", "/v1/board", "/v1/managers", "/v1/leads/S-1", "/v1/outcomes"):
            await get(site, path, 403, **bearer("pbx"))


async def test_without_keys_this_machine_has_the_rights_of_a_head(site):
    said = await me(site)
    assert (said["role"], said["teams"], said["signed_in_by"]) == ("head", None, "machine")


BY_A_PROXY = [
    {"X-Forwarded-For": "10.0.0.9"},
    {"Forwarded": "for=10.0.0.9"},
    {"X-Real-IP": "10.0.0.9"},
    {"Via": "1.1 nginx"},
    {"x-forwarded-proto": "https"},
    {"X-Forwarded-Host": "sla.example"},
    {"CF-Connecting-IP": "10.0.0.9"},
    {"True-Client-IP": "10.0.0.9"},
    {"Host": "a.example"},
]


@pytest.mark.parametrize("headers", BY_A_PROXY)
async def test_without_keys_nobody_is_let_in_through_a_proxy_or_another_name(site, headers):
    for path in ("/v1/me", "/sign-in", "/", "/report", "/v1/board", "/openapi.json"):
        await get(site, path, 403, **headers)


@pytest.mark.parametrize("headers", BY_A_PROXY)
async def test_without_keys_a_door_that_verifies_by_itself_is_open_through_a_proxy(headers):
    async with Site(secrets=Secrets(telegram="t", slack="s")) as site:
        site.log.put(lead("L"))
        link = site.claims.url("L", 1, "anna", NOW + HOUR).removeprefix("https://sla.example")
        for method, path, status in (
            ("GET", link, 200),
            ("POST", link, 200),
            ("GET", "/claim/forged", 403),
            ("GET", "/static/page.css", 200),
            ("POST", "/callbacks/telegram", 401),
            ("POST", "/callbacks/slack", 401),
        ):
            async with site.http.request(method, path, headers=headers) as answer:
                assert answer.status == status, path


# sessions


async def test_a_key_that_is_pasted_once_begins_a_session_that_scripts_cannot_read():
    async with office() as site, site.http.get("/sign-in") as page:
        assert page.status == 200
        assert "form-action 'self'" in page.headers["Content-Security-Policy"]
        assert "frame-ancestors 'none'" in page.headers["Content-Security-Policy"]
        async with site.http.post(
            "/sign-in", data={"key": f" {TOKENS['anna']}\n"}, headers=SAME_SITE, allow_redirects=False
        ) as answer:
            assert (answer.status, answer.headers["Location"]) == (303, "./")
            said = answer.headers["Set-Cookie"]
        assert {"HttpOnly", "SameSite=Strict", "Path=/", "Max-Age=43200"} <= set(said.split("; "))
        assert TOKENS["anna"] not in said
        cookie = said.partition(";")[0]
        assert (await me(site, Cookie=cookie))["signed_in_by"] == "session"


async def test_over_https_browsers_are_told_to_keep_the_cookie_to_it(site):
    secure = Sessions(site.clock, [SECRET], secure=True)
    async with (
        office(sessions=secure) as made,
        made.http.post("/sign-in", data={"key": TOKENS["anna"]}, headers=SAME_SITE, allow_redirects=False) as answer,
    ):
        assert "Secure" in answer.headers["Set-Cookie"].split("; ")


async def test_a_session_ends_after_twelve_hours_and_when_its_key_is_withdrawn():
    async with office() as site:
        cookie = await sign_in(site, "anna")
        site.clock.advance(12 * HOUR - 1)
        await get(site, "/v1/me", 200, Cookie=cookie)
        site.clock.advance(1)
        await get(site, "/v1/me", 401, Cookie=cookie)
        cookie = await sign_in(site, "anna")
    other = parse_keys(new_key("anna", ["act"], manager="anna")[1])
    async with office(keys=other) as site:
        await get(site, "/v1/me", 401, Cookie=cookie)


async def test_a_session_that_was_made_up_or_changed_is_none():
    async with office() as site:
        cookie = await sign_in(site, "anna")
        for wrong in (cookie[:-2], cookie.replace("=", "=A", 1), f"{COOKIE}=", f"{COOKIE}=a.b"):
            await get(site, "/v1/me", 401, Cookie=wrong)


@pytest.mark.parametrize("key", ["", "sla_unknown", "pbx"])
async def test_a_key_that_opens_no_board_begins_no_session(key):
    async with office() as site:
        data = {"key": TOKENS.get(key, key)}
        async with site.http.post("/sign-in", data=data, headers=SAME_SITE, allow_redirects=False) as answer:
            assert (answer.status, "Set-Cookie" in answer.headers) == (403, False)
            assert 'role="alert"' in await answer.text()


async def test_the_page_to_sign_in_speaks_the_browsers_language():
    async with office() as site:
        for asked, title in (("ru-RU,en;q=0.5", "Вход"), ("de,en", "Sign in"), ("", "Sign in")):
            async with site.http.get("/sign-in", headers={"Accept-Language": asked}) as page:
                assert f"<h1>{title}</h1>" in await page.text()


async def test_without_a_secret_nobody_can_sign_in_and_the_page_says_why(site):
    async with office(sessions=Sessions(site.clock)) as made:
        async with made.http.get("/sign-in") as page:
            assert "SLA_SECRET_FILE" in await page.text()
        async with made.http.post("/sign-in", data={"key": TOKENS["anna"]}, headers=SAME_SITE) as answer:
            assert (answer.status, "Set-Cookie" in answer.headers) == (503, False)
        await get(made, "/v1/me", 401, Cookie=f"{COOKIE}=x")


async def test_signing_out_takes_the_cookie_away():
    async with office() as site:
        cookie = await sign_in(site, "anna")
        headers = SAME_SITE | {"Cookie": cookie}
        async with site.http.post("/sign-out", headers=headers, allow_redirects=False) as answer:
            assert (answer.status, answer.headers["Location"]) == (303, "sign-in")
            assert "Max-Age=0" in answer.headers["Set-Cookie"]


@pytest.mark.parametrize(("said", "status"), ORIGINS)
async def test_a_page_of_another_site_cannot_act_with_the_session(said, status):
    async with office() as site:
        headers = {"Cookie": await sign_in(site, "anna"), **said}
        async with site.http.post("/sign-out", headers=headers, allow_redirects=False) as answer:
            assert answer.status == status
        async with site.http.post(
            "/sign-in", data={"key": TOKENS["anna"]}, headers=said, allow_redirects=False
        ) as answer:
            assert answer.status == status


async def test_the_address_that_was_asked_is_ours_too():
    async with office() as site:
        host = f"127.0.0.1:{site.server.port}"
        async with site.http.post("/sign-out", headers={"Origin": f"http://{host}"}, allow_redirects=False) as answer:
            assert answer.status == 303
        async with site.http.post("/sign-out", headers={"Origin": "http://127.0.0.1:1"}) as answer:
            assert answer.status == 403


async def test_without_keys_a_page_of_another_site_cannot_send_events_and_curl_can(site):
    body = json.dumps(event())
    for said, status in (({"Origin": "https://evil.example"}, 403), ({"Sec-Fetch-Site": "cross-site"}, 403), ({}, 202)):
        async with site.http.post("/v1/events", data=body, headers=ONE | said) as answer:
            assert answer.status == status
    assert len(site.log.appended) == 1


async def test_a_session_sends_no_events():
    token, entry = new_key("both", ["write", "read"])
    async with office(keys=parse_keys(entry)) as site:
        TOKENS["both"] = token
        cookie = {"Cookie": await sign_in(site, "both")}
        async with site.http.post("/v1/events", data=json.dumps(event()), headers=ONE | SAME_SITE | cookie) as answer:
            assert answer.status == 403
        async with site.http.post("/v1/events", data=json.dumps(event()), headers=ONE | bearer("both")) as answer:
            assert answer.status == 202


# proxies


async def test_a_trusted_proxy_says_who_comes():
    async with office(proxies=PROXY) as site:
        said = await me(site, **{"X-Forwarded-Email": "vera@EXAMPLE.com"})
        assert (said["name"], said["role"], said["manager_id"], said["signed_in_by"]) == (
            "vera",
            "manager",
            "vera",
            "proxy",
        )
        assert said["same_origin_only"] is True


@pytest.mark.parametrize(
    "proxies",
    [Proxies(), Proxies("X-Forwarded-Email", (ip_network("10.0.0.0/8"),)), Proxies("X-Forwarded-User", PROXY.trusted)],
)
async def test_the_header_of_anybody_else_says_nothing(proxies):
    async with office(proxies=proxies) as site:
        await get(site, "/v1/me", 401, **{"X-Forwarded-Email": "vera@example.com"})


async def test_an_identity_that_nobody_has_or_that_a_client_added_is_refused():
    async with office(proxies=PROXY) as site:
        await get(site, "/v1/me", 403, **{"X-Forwarded-Email": "eve@example.com"})
        await get(site, "/v1/me", 401, **{"X-Forwarded-Email": " "})
        twice = [("X-Forwarded-Email", "vera@example.com"), ("X-Forwarded-Email", "eve@example.com")]
        async with site.http.get("/v1/me", headers=twice) as answer:
            assert answer.status == 403
            assert "example.com" not in await answer.text()


async def test_a_key_wins_over_what_the_proxy_says():
    async with office(proxies=PROXY) as site:
        assert (await me(site, **bearer("boris"), **{"X-Forwarded-Email": "vera@example.com"}))["name"] == "boris"


def test_an_identity_is_of_one_person_and_an_entry_lets_somebody_in():
    for text, told in (
        (TEXT + "eve: {scopes: [read], identities: [VERA@example.com]}", "is an identity of vera already"),
        ("eve: {scopes: [read]}", "lets nobody in"),
    ):
        with pytest.raises(Exception, match=told):
            parse_keys(text)
    assert KEYS.identified("vera@example.com").name == "vera"


# what they see


async def shown(site, name):
    board = await get(site, "/v1/board", **bearer(name))
    assert board["open"] == len(board["leads"])
    return {line["lead_id"]: line["name"] for line in board["leads"]}


async def test_a_manager_and_a_head_see_their_own_team_and_a_viewer_no_names():
    async with office() as site:
        assert await shown(site, "anna") == await shown(site, "boris") == {"S-1": "Ivan Petrov"}
        assert await shown(site, "root") == {"S-1": "Ivan Petrov", "F-1": "Olga Orlova"}
        assert await shown(site, "wall") == {"S-1": "I*** P.", "F-1": "O*** O."}


async def test_a_lead_of_another_team_is_as_if_it_were_not_there():
    async with office() as site:
        await get(site, "/v1/leads/S-1", 200, **bearer("anna"))
        hidden = await get(site, "/v1/leads/F-1", 404, **bearer("anna"))
        assert hidden == await get(site, "/v1/leads/none", 404, **bearer("anna"))


async def test_whoever_holds_a_lead_of_another_team_sees_it():
    async with office() as site:
        site.log.put(lead("F-2", team_id="field", holder="anna"))
        assert set(await shown(site, "anna")) == {"S-1", "F-2"}
        assert set(await shown(site, "boris")) == {"S-1"}


async def test_outcomes_of_other_teams_are_not_in_the_stream():
    async with office() as site:
        for number, data in enumerate(
            (
                {"team_id": "field", "holder_id": "pavel"},
                {"team_id": "sales", "holder_id": "vera"},
                {"team_id": "field", "from": "pavel", "to": "anna"},
                {"team_id": "field", "holder_after": "anna"},
                {"holder_id": "pavel"},
                {"team_id": "sales"},
            )
        ):
            site.log.publish("L", told(number, data))
        site.log.publish("L", b"no outcome of ours")
        site.log.publish("L", told(6, {"team_id": "sales"}))
        assert await seen_by(site, "anna", 6) == [1, 2, 3, 5, 6]
        assert await seen_by(site, "boris", 6) == [1, 4, 5, 6], "a head sees what is of no team"
        assert await seen_by(site, "root", 6) == [0, 1, 2, 3, 4, 5, 6]


async def test_r31_a_team_hears_that_its_lead_was_erased_and_keeps_what_was_told_before():
    """What may be seen of an outcome is decided by the outcome: the row is erased by now."""
    async with office() as site:
        site.log.put(Lead("E", phase=Phase.ERASED))
        site.log.publish("E", told(0, {"team_id": "sales", "to": "vera"}))
        site.log.publish("E", told(1, {"team_id": "sales"}, "lead.erased.v1"))
        assert await seen_by(site, "anna", 1) == [0, 1]
        assert await seen_by(site, "root", 1) == [0, 1]


async def test_r25_a_joined_lead_of_a_team_shows_nothing_of_the_other_teams_lead_that_it_joined():
    async with office() as site:
        site.log.put(lead("S-2", phase=Phase.JOINED, joined_to="F-1"))
        mine = {"lead_id": "S-2", "status": "joined", "joined_to": "F-1"}
        for name in ("anna", "boris"):
            assert await get(site, "/v1/leads/S-2", **bearer(name)) == mine
        followed = await get(site, "/v1/leads/S-2", **bearer("root"))
        assert (followed["holder_id"], followed | mine) == ("pavel", followed)


@pytest.mark.parametrize("teams", [RULES.teams, {}])
@pytest.mark.parametrize("scope", ["read", "act", "admin"])
async def test_whoever_left_the_roster_sees_and_does_nothing(teams, scope):
    token, entry = new_key("gone", [scope], manager="gone")
    async with office(keys=parse_keys(TEXT + entry)) as site:
        site.rules = replace(RULES, teams=teams)
        site.log.put(lead("G-1", team_id=None, holder="gone", name="Ivan Petrov"))
        site.log.publish("S-1", told(0, {"holder_id": "gone"}))
        headers = {"Authorization": f"Bearer {token}"}
        said = await me(site, **headers)
        assert (said["role"], said["teams"], said["sees_names"], said["manager_id"]) == ("viewer", [], False, None)
        assert (await get(site, "/v1/board", **headers))["leads"] == []
        assert (await get(site, "/v1/managers", **headers))["managers"] == []
        for lead_id in ("S-1", "F-1", "G-1"):
            await get(site, f"/v1/leads/{lead_id}", 404, **headers)
            body = {"action": "close", "reason": "junk"}
            async with site.http.post(f"/v1/leads/{lead_id}/actions", json=body, headers=headers) as answer:
                assert answer.status == (403 if scope == "read" else 404)
        async with site.http.get("/v1/outcomes?from=start", headers=headers) as stream:
            read = await stream.content.readuntil(b": alive\nid: Mjox\n\n")
            assert b"data:" not in read
        assert site.log.appended == []


async def test_without_any_roster_nobody_has_left_it():
    async with office() as site:
        site.rules = Rules(version=1)
        assert (await me(site, **bearer("anna")))["role"] == "manager"


async def test_a_stream_ends_with_the_session_that_it_was_opened_in():
    async with office() as site:
        cookie = await sign_in(site, "boris")
        async with asyncio.timeout(5), site.http.get("/v1/outcomes", headers={"Cookie": cookie}) as stream:
            await stream.content.readline()
            site.clock.advance(12 * HOUR)
            site.log.publish("S-1")
            assert b"data:" not in await stream.content.read()


def told(number, data, kind="lead.reassigned.v1"):
    return json.dumps({"type": kind, "time": AT, "subject": "L", "data": data | {"number": number}}).encode()


async def seen_by(site, name, last):
    """The numbers of the outcomes in somebody's stream, up to the last."""
    numbers = []
    async with asyncio.timeout(5), site.http.get("/v1/outcomes?from=start", headers=bearer(name)) as stream:
        while last not in numbers:
            line = (await stream.content.readline()).decode()
            if line.startswith("data: {"):
                numbers.append(json.loads(line[6:])["data"]["number"])
    return numbers


@pytest.mark.parametrize(
    ("name", "expected"),
    [("Anna Schmidt", "A*** S."), ("Anna", "A***"), ("Иван Петрович Сидоров", "И*** П."), ("", "***"), ("  ", "***")],
)
def test_a_masked_name_tells_initials_only(name, expected):
    assert masked(name) == expected


async def test_a_site_of_no_keys_is_head_of_all(site: Site):
    site.log.put(lead(name="Ivan Petrov"))
    assert [line["name"] for line in (await get(site, "/v1/board"))["leads"]] == ["Ivan Petrov"]


async def test_signing_out_ends_the_session_wherever_its_cookie_still_is_and_no_other():
    async with office() as site:
        first, second = await sign_in(site, "boris"), await sign_in(site, "boris")
        assert first != second
        await sign_out(site, first)
        await get(site, "/v1/me", 401, Cookie=first)
        assert (await get(site, "/v1/me", Cookie=second))["name"] == "boris"


@pytest.mark.parametrize("path", ["/v1/outcomes", "/v1/board/stream"])
async def test_signing_out_ends_the_streams_of_the_session_at_once(path):
    async with office(limits=Limits(heartbeat_seconds=1000)) as site:
        cookie, other = await sign_in(site, "boris"), await sign_in(site, "anna")
        async with (
            asyncio.timeout(5),
            site.http.get(path, headers={"Cookie": cookie}) as stream,
            site.http.get(path, headers={"Cookie": other}) as on,
        ):
            await stream.content.readline()
            await on.content.readline()
            await sign_out(site, cookie)
            await stream.content.read()
            assert not on.content.at_eof()


async def test_a_session_that_was_ended_in_another_process_is_refused_here_and_its_streams_end():
    async with office() as site, office() as elsewhere:
        cookie = await sign_in(site, "boris")
        async with asyncio.timeout(10), site.http.get("/v1/board/stream", headers={"Cookie": cookie}) as stream:
            await stream.content.readline()
            await sign_out(elsewhere, cookie)
            [record] = elsewhere.log.appended
            site.log.fold_desk(record)
            await stream.content.read()
        await get(site, "/v1/me", 401, Cookie=cookie)


async def test_a_session_that_was_ended_before_a_process_began_is_refused_by_it():
    site = Site(keys=KEYS)
    site.rules = RULES
    async with office() as elsewhere:
        cookie = await sign_in(elsewhere, "boris")
        await sign_out(elsewhere, cookie)
        site.log.fold_desk(elsewhere.log.appended[0])
    async with site, asyncio.timeout(5):
        while True:
            async with site.http.get("/v1/me", headers={"Cookie": cookie}) as answer:
                if answer.status == 401:
                    return
                assert answer.status == 503
            await asyncio.sleep(0)


async def test_until_it_is_known_who_has_signed_out_no_session_opens_and_keys_do():
    async with office() as site:
        cookie = await sign_in(site, "boris")
        site.web.access.sessions.known = False
        async with site.http.get("/v1/me", headers={"Cookie": cookie}) as answer:
            assert (answer.status, answer.headers["Retry-After"]) == (503, "1")
        assert (await get(site, "/v1/me", **bearer("boris")))["name"] == "boris"


async def test_who_signs_out_while_nothing_can_be_stored_is_out_here(caplog):
    async with office() as site:
        cookie = await sign_in(site, "boris")
        site.log.broken = True
        await sign_out(site, cookie)
        site.log.broken = False
        await get(site, "/v1/me", 401, Cookie=cookie)
    assert "others could not be told" in caplog.text


async def test_signing_out_without_a_session_stores_nothing():
    async with office() as site:
        await sign_out(site, "sla_session=forged")
        assert site.log.appended == []


async def test_a_session_of_the_version_before_still_opens_and_can_be_ended():
    async with office() as site:
        before = msgspec.json.encode(("boris", mark_of(TOKENS["boris"]), site.clock.now() + HOUR))
        cookie = f"{COOKIE}={Signer([SECRET], 'session.v1').sign(before)}"
        assert (await get(site, "/v1/me", Cookie=cookie))["name"] == "boris"
        await sign_out(site, cookie)
        await get(site, "/v1/me", 401, Cookie=cookie)


async def sign_out(site, cookie):
    headers = SAME_SITE | {"Cookie": cookie}
    async with site.http.post("/sign-out", headers=headers, allow_redirects=False) as answer:
        assert answer.status == 303, await answer.text()

"""What people and machines read."""

from __future__ import annotations

import re
from importlib.resources import files

import jsonschema
import pytest
from yarl import URL

from sla_monitor import wire
from sla_monitor.core.lead import Entry, Kind, Phase, Turn
from sla_monitor.core.promise import Result
from sla_monitor.core.rules import HOUR
from sla_monitor.keys import parse_keys
from sla_monitor.web.assets import TYPES
from sla_monitor.web.server import build_app
from tests.rows import lead_row
from tests.web.site import NOW, Site

STATIC = {file.name for file in (files("sla_monitor.web") / "static").iterdir()}
MINUTE = 60_000
AT = "2026-11-24T06:00:00.000Z"


def lead(lead_id="crm:1", **changes):
    known = {"phase": Phase.OPEN, "started_at": NOW, "due_at": NOW + 10 * MINUTE, "source": "crm", "team_id": "sales"}
    held = {"holder": "anna", "turns": [Turn(1, "anna", NOW, NOW + 10 * MINUTE, Kind.FIRST)]}
    return lead_row(lead_id, **(known | held | changes))


async def get(site, path, expected=200, **headers):
    async with site.http.get(path, headers=headers) as response:
        assert response.status == expected, await response.text()
        return await response.json(content_type=None)


async def test_a_lead_is_shown_as_committed_without_personal_data(site):
    site.log.put(lead(name="Ivan", phones=("+74951234567",), timeline=[Entry("lead.assigned", NOW, 1, {"to": "anna"})]))
    shown = await get(site, "/v1/leads/crm:1")
    assert shown == {
        "lead_id": "crm:1",
        "status": "waiting",
        "source": "crm",
        "team_id": "sales",
        "turn": 1,
        "holder_id": "anna",
        "started_at": AT,
        "due_at": "2026-11-24T06:10:00.000Z",
        "customer_due_at": "2026-11-24T06:10:00.000Z",
        "contact_due_at": None,
        "breached": False,
        "first_attempt_at": None,
        "first_contact_at": None,
        "first_response_at": None,
        "first_response_by": None,
        "policy": "default",
        "joined_to": None,
        "previous_lead_id": None,
        "flags": [],
        "turns": [{"turn": 1, "holder_id": "anna", "from": AT, "due_at": "2026-11-24T06:10:00.000Z", "result": None}],
        "timeline": [{"type": "lead.assigned.v1", "at": AT, "turn": 1, "to": "anna"}],
    }


async def test_the_due_of_a_later_turn_is_its_own(site):
    turns = [Turn(1, "anna", NOW, NOW, Kind.FIRST), Turn(2, "vera", NOW, NOW + 20 * MINUTE, Kind.BREACH)]
    site.log.put(lead(turn=2, holder="vera", turns=turns, evaluated=Result.BREACHED))
    shown = await get(site, "/v1/leads/crm:1")
    assert (shown["status"], shown["breached"], shown["due_at"]) == ("overdue", True, "2026-11-24T06:20:00.000Z")


@pytest.mark.parametrize(("response", "by"), [("attempt", "anna"), ("contact", "vera")])
async def test_r4_the_first_response_is_what_the_policy_accepts(site, response, by):
    proofs = {
        "first_attempt_at": NOW,
        "first_attempt_by": "anna",
        "first_contact_at": NOW + 1,
        "first_contact_by": "vera",
    }
    site.log.put(lead(phase=Phase.ANSWERED, terms={"response": response, "name": "hot"}, **proofs))
    shown = await get(site, "/v1/leads/crm:1")
    assert (shown["first_response_by"], shown["policy"], shown["status"]) == (by, "hot", "answered")


async def test_r25_the_view_of_a_joined_lead_follows_the_one_it_joined(site):
    site.log.put(lead("A", phase=Phase.ANSWERED, first_attempt_at=NOW, first_attempt_by="vera"))
    site.log.put(lead("B", phase=Phase.JOINED, joined_to="A"))
    shown = await get(site, "/v1/leads/B")
    assert (shown["lead_id"], shown["status"], shown["joined_to"]) == ("B", "joined", "A")
    assert shown["first_response_by"] == "vera"


async def test_r25_a_joined_lead_whose_other_is_forgotten_is_shown_as_it_is(site):
    site.log.put(lead("B", phase=Phase.JOINED, joined_to="gone"))
    assert (await get(site, "/v1/leads/B"))["joined_to"] == "gone"


async def test_404_for_a_lead_that_is_not_there_yet_says_when_to_ask_again(site):
    site.log.put(lead_row("early"))
    for path in ("/v1/leads/none", "/v1/leads/early", "/v1/leads/%00rules"):
        async with site.http.get(path) as response:
            assert (response.status, response.headers["Retry-After"]) == (404, "1")


@pytest.mark.parametrize("lead_id", ["a/b я", "{{7*7}}", "a}b{c", "%41", "?#", "..", "+"])
async def test_a_lead_of_any_id_is_found(site, lead_id):
    site.log.put(lead(lead_id))
    path = "/v1/leads/" + "".join(f"%{byte:02X}" for byte in lead_id.encode())
    assert (await get(site, URL(path, encoded=True)))["lead_id"] == lead_id


async def test_the_board_tells_the_customers_time_and_apart_from_it_that_of_whoever_has_the_lead(site):
    turns = [Turn(1, "vera", NOW, NOW - 736_000, Kind.FIRST), Turn(2, "anna", NOW, NOW + 183_000, Kind.BREACH)]
    late = {"due_at": NOW - 736_000, "evaluated": Result.BREACHED, "turn": 2}
    site.log.put(lead("late", turns=turns, **late))
    site.log.put(lead("head", turns=turns, escalated=True, **late))
    site.log.put(lead("waits"))
    site.log.put(lead("timeless", due_at=0))
    times = ("lead_id", "breached", "seconds_left", "holder_seconds_left", "customer_due_at", "due_at")
    assert [tuple(line[name] for name in times) for line in (await get(site, "/v1/board"))["leads"]] == [
        ("head", True, -736, None, "2026-11-24T05:47:44.000Z", "2026-11-24T06:03:03.000Z"),
        ("late", True, -736, 183, "2026-11-24T05:47:44.000Z", "2026-11-24T06:03:03.000Z"),
        ("waits", False, 600, 600, "2026-11-24T06:10:00.000Z", "2026-11-24T06:10:00.000Z"),
        ("timeless", False, None, None, None, None),
    ]


async def test_the_board_shows_nobody_free_first_then_the_heads_then_the_longest_late_then_the_rest_by_due(site):
    turns = [Turn(1, "vera", NOW, NOW, Kind.FIRST), Turn(2, "anna", NOW, NOW + HOUR, Kind.BREACH)]
    late = {"evaluated": Result.BREACHED, "turn": 2, "turns": turns}
    for order, (lead_id, minutes, changes) in enumerate(
        (
            ("sooner", 1, {}),
            ("later", 9, {}),
            ("late", -1, late),
            ("longest late", -3, late),
            ("on the phone", -2, late | {"held_until": NOW + MINUTE}),
            ("head", -1, late | {"escalated": True}),
            ("nobody", 5, {"unassignable": True, "holder": "", "turns": []}),
        )
    ):
        site.log.put(lead(lead_id, due_at=NOW + minutes * MINUTE + order, **changes))
    shown = [line["lead_id"] for line in (await get(site, "/v1/board"))["leads"]]
    assert shown == ["nobody", "head", "longest late", "on the phone", "late", "sooner", "later"]


async def test_test_leads_are_on_their_own_list_and_on_no_other(site):
    site.log.put(lead("real"))
    site.log.put(lead("trial", test=True))
    for query, lead_id in (("", "real"), ("?test=true", "trial")):
        board = await get(site, f"/v1/board{query}")
        assert ([line["lead_id"] for line in board["leads"]], board["open"]) == ([lead_id], 1)
        assert board["counts"] == {"waiting": 1}


async def test_what_the_board_answers_is_what_the_openapi_document_says(site):
    site.log.put(lead("a"))
    document = await get(site, "/openapi.json")
    answer = document["paths"]["/v1/board"]["get"]["responses"]["200"]["content"]["application/json"]["schema"]
    board = await get(site, "/v1/board")
    jsonschema.validate(board, answer)
    described = answer["properties"]["leads"]["items"]["properties"]
    assert set(board) == set(answer["properties"])
    assert set(board["leads"][0]) == set(described)


async def test_the_board_shows_open_leads_by_due(site):
    site.log.put(lead("later", due_at=NOW + 90_500))
    site.log.put(lead("late", due_at=NOW - 1000, evaluated=Result.BREACHED))
    site.log.put(lead("done", phase=Phase.CLOSED))
    site.log.leads[b"\0rules"] = b"\1no row of a lead"
    board = await get(site, "/v1/board")
    assert [(line["lead_id"], line["seconds_left"], line["holder_name"]) for line in board["leads"]] == [
        ("late", -1, "Anna"),
        ("later", 90, "Anna"),
    ]
    assert (board["open"], board["counts"], board["speed"]) == (2, {"waiting": 1, "overdue": 1}, 1.0)


async def test_the_board_shows_the_200_most_urgent_as_they_are_now(site):
    for number in range(300):
        site.log.put(lead(f"l{number}", due_at=NOW + number * MINUTE))
    board = await get(site, "/v1/board")
    assert (board["open"], len(board["leads"]), board["leads"][-1]["lead_id"]) == (300, 200, "l199")
    del site.log.leads[b"l0"]
    board = await get(site, "/v1/board")
    assert (board["open"], board["leads"][0]["lead_id"], board["leads"][-1]["lead_id"]) == (299, "l1", "l200")


@pytest.mark.parametrize("address", ["/", "/report"])
async def test_a_page_needs_nothing_from_elsewhere(site, address):
    async with site.http.get(address) as response:
        page = await response.text()
        policy = response.headers["Content-Security-Policy"]
        assert "default-src 'none'" in policy
        assert "frame-ancestors 'none'" in policy
        assert "unsafe" not in policy
        assert response.headers["X-Content-Type-Options"] == "nosniff"
        assert response.headers["Referrer-Policy"] == "no-referrer"
    for path in re.findall(r'(?:src|href)="([^"]+)"', page):
        assert path.removeprefix("static/") in STATIC or path in ("#list", "report", "./", "v1/board", "v1/report")
    assert not re.search(r"<script>|<style>|style=|onclick", page)
    for name in STATIC:
        async with site.http.get(f"/static/{name}") as response:
            assert (response.status, response.content_type) == (200, TYPES[name.rpartition(".")[2]])
            text = await response.text()
        assert not re.search(r"(inner|outer|Adjacent)HTML|document\.write|\beval\b|new Function|DOMParser", text), name
        assert not re.search(r"https?:|//\w+\.", text.replace('xmlns="http://www.w3.org/2000/svg"', "")), name
        for imported in re.findall(r'from "([^"]+)"', text):
            assert imported.removeprefix("./") in STATIC
    await get(site, "/static/..%2Fserver.py", expected=404)


async def test_what_a_browser_has_already_is_not_sent_again_and_travels_packed(site):
    for path in ("/", "/static/board.mjs"):
        async with site.http.get(path, headers={"Accept-Encoding": "gzip"}) as first:
            assert (first.headers["Content-Encoding"], first.headers["Cache-Control"]) == ("gzip", "no-cache")
            tag, text = first.headers["ETag"], await first.text()
        async with site.http.get(path, headers={"If-None-Match": tag}) as again:
            assert (again.status, await again.read()) == (304, b"")
        async with site.http.get(path, headers={"If-None-Match": '"other"', "Accept-Encoding": "identity"}) as plain:
            assert (plain.status, await plain.text(), "Content-Encoding" in plain.headers) == (200, text, False)


async def test_the_icon_that_browsers_ask_for_by_themselves_is_there(site):
    async with site.http.get("/favicon.ico") as icon:
        assert (icon.status, icon.content_type) == (200, "image/svg+xml")


async def test_it_lives_and_is_ready_until_there_is_a_reason(site):
    await get(site, "/healthz")
    await get(site, "/readyz")
    site.reasons.append("events is opening")
    assert (await get(site, "/readyz", expected=503))["reasons"] == ["events is opening"]
    await get(site, "/healthz")


async def test_requests_are_counted_by_route(site):
    await get(site, "/v1/leads/secret-id", expected=404)
    assert await site.counted('route="/v1/leads/{id}",status="404"')
    assert not await site.counted("secret-id")


@pytest.mark.parametrize("path", ["/v1/leads/a", "/v1/board", "/v1/outcomes"])
async def test_views_need_a_key_once_there_are_keys(path):
    async with Site(keys=parse_keys(f"crm: {{sha256: [{'a' * 64}], scopes: [read]}}")) as site:
        for closed in (path, "/", "/report"):
            await get(site, closed, expected=401)
        for open_ in ("/healthz", "/readyz", "/metrics", "/openapi.json", "/v1/schemas"):
            async with site.http.get(open_) as response:
                assert response.status == 200


async def test_schemas_are_served(site):
    listed = (await get(site, "/v1/schemas"))["schemas"]
    assert set(listed) == set(wire.DATA)
    for kind, path in listed.items():
        assert await get(site, path) == wire.schema(kind)
    await get(site, "/v1/schemas/none.v1", expected=404)


async def test_the_openapi_document_has_exactly_the_routes_of_the_router(site):
    document = await get(site, "/openapi.json")
    described = {(method.upper(), path) for path, methods in document["paths"].items() for method in methods}
    routes = build_app(site.web).router.routes()
    assert described == {(route.method, route.resource.canonical) for route in routes}


async def test_the_openapi_document_refers_to_what_it_has(site):
    document = await get(site, "/openapi.json")
    for reference in re.findall(r"#/components/schemas/(\w+)", str(document)):
        assert reference in document["components"]["schemas"]
    for schema in document["components"]["schemas"].values():
        jsonschema.Draft202012Validator.check_schema(schema)


async def test_the_openapi_document_says_how_each_question_may_fail(site):
    document = await get(site, "/openapi.json")
    asked = {path: methods["get"]["responses"] for path, methods in document["paths"].items() if "get" in methods}
    for path in ("/v1/leads/{id}", "/v1/leads/{id}/story", "/v1/board", "/v1/outcomes", "/v1/managers", "/v1/report"):
        assert {"401", "403", "503"} <= set(asked[path]), path


@pytest.mark.parametrize(
    ("path", "schema", "kind", "body"),
    [
        ("/v1/events", "EventsProblem", "application/cloudevents+json", '{"specversion": "1.0"}'),
        ("/v1/leads/{id}/actions", "ActProblem", "application/json", '{"action": "nothing"}'),
    ],
)
async def test_the_openapi_document_says_what_a_refusal_names(site, path: str, schema: str, kind: str, body: str):
    site.log.put(lead("a"))
    document = await get(site, "/openapi.json")
    described = document["paths"][path]["post"]["responses"]["422"]["content"]["application/problem+json"]["schema"]
    assert described == {"$ref": f"#/components/schemas/{schema}"}
    asked = site.http.post(path.replace("{id}", "a"), data=body, headers={"Content-Type": kind})
    async with asked as answer:
        assert answer.status == 422
        found = await answer.json(content_type=None)
    named = document["components"]["schemas"][schema]
    jsonschema.validate(found, named)
    assert set(found["errors"][0]) == set(named["properties"]["errors"]["items"]["properties"])


async def test_503_when_the_log_cannot_be_read(site):
    site.log.broken = True
    for path in ("/v1/leads/a", "/v1/board"):
        assert "ask again" in (await get(site, path, expected=503))["detail"]

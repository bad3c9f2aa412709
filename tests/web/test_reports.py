"""The report over HTTP: figures, the page, the sheets."""

from __future__ import annotations

import asyncio
import json
import re
from html.parser import HTMLParser

import pytest

from sla_monitor import codec
from sla_monitor.core.effects import Log, Publish
from sla_monitor.core.rules import DAY
from sla_monitor.keys import parse_keys
from sla_monitor.records import Stored
from sla_monitor.web.limits import Limits
from tests import facts
from tests.web.office import PROXY, bearer, office, sign_in
from tests.web.site import NOW, Site
from tests.web.test_board_stream import page
from tests.world import MINUTE, World, sales

WEEK = "from=2026-11-24&to=2026-11-24"
XSS = [
    "<script>alert(1)</script>",
    '"><img src=x onerror=alert(1)>',
    "</style><svg onload=alert(1)>",
    "'-alert(1)-'",
    "&lt;b",
]


def work(site: Site, world: World | None = None, owner: str = "anna") -> None:
    """Of two leads of a manager one is answered; the other goes to vera."""
    w = world or World(at=NOW)
    site.rules = w.rules
    w.feed(facts.lead("L-1", NOW, owner_id=owner), facts.lead("L-2", NOW, owner_id=owner))
    w.feed(facts.message(NOW + MINUTE, owner, lead_id="L-1"))
    w.to(NOW + 11 * MINUTE)
    for outcome in w.outcomes:
        site.log.publish(outcome.lead_id, codec.encode_outcome(outcome))
    site.log.leads |= {lead_id.encode(): row for lead_id, row in w.logs[Log.EVENTS].rows.items()}


async def get(site: Site, path: str, expected: int = 200, **headers: str) -> str:
    async with site.http.get(path, headers=headers) as response:
        text = await response.text()
        assert response.status == expected, text
        return text


async def data(site: Site, query: str) -> dict:
    async with site.http.get(f"/v1/report?{query}") as response:
        assert response.status == 200, await response.text()
        return await response.json()


async def test_it_tells_who_kept_the_promise(site):
    work(site)
    told = await data(site, WEEK)
    (anna, vera) = told["rows"]
    assert (anna["manager"], anna["share_in_time"], anna["decided"], anna["reassigned_away"]) == ("anna", 0.5, 2, 1)
    assert (vera["manager"], vera["received"], vera["received_by_reassignment"]) == ("vera", 0, 1)


async def test_what_is_no_outcome_is_left_out_and_told_to_the_operator(site, caplog):
    work(site)
    for junk in (b"", b"{", b'{"type":"sla.met.v1"}', b"\xff", None):
        site.log.publish("junk", junk)
    assert (await data(site, WEEK))["total"]["received"] == 2
    assert "5 records of sla.outcomes are no outcomes" in caplog.text


async def test_a_report_over_days_that_are_partly_gone_names_the_day_from_which_it_is_whole(site):
    site.log.first = 7  # what came before the first that is kept
    work(site)
    days = "from=2026-11-23&to=2026-11-26"
    told = await data(site, days)
    assert (told["whole_from"], told["unreadable"], told["made_at"]) == ("2026-11-25", 0, "2026-11-24T06:00:00.000Z")
    _, line, _ = (await get(site, f"/v1/report?{days}", Accept="text/csv")).split("\r\n", 2)
    assert line.endswith(",2026-11-24T06:00:00.000Z,2026-11-25,0")
    assert "outcomes of before 2026-11-25 are not kept" in await get(site, f"/report/sheet?manager=anna&{days}")
    assert "Неполно: решения до 2026-11-25" in await get(site, f"/v1/report?{days}&excel=ru", Accept="text/csv")


async def test_a_report_over_days_that_are_gone_says_that_nothing_of_it_is_right(site):
    site.log.first = 7
    work(site)
    told = await data(site, WEEK)
    assert told["whole_from"] == "2026-11-25"
    assert "outcomes of these days are not kept" in await get(site, f"/report/sheet?manager=anna&{WEEK}")


async def test_a_report_of_days_of_which_all_is_kept_is_whole_though_older_ones_are_gone(site):
    site.log.first = 7
    work(site)
    assert (await data(site, "from=2026-11-25&to=2026-11-25"))["whole_from"] is None
    site.log.outcomes.insert(0, Stored(6, b"old", b"{}", NOW - 60 * DAY))
    site.log.first = 6
    assert (await data(site, "from=2026-11-24&to=2026-11-25"))["whole_from"] is None


async def test_a_partition_that_has_lost_all_it_had_is_whole_from_now_on(site):
    site.log.first = 7
    assert (await data(site, "from=2026-11-23&to=2026-11-26"))["whole_from"] == "2026-11-25"


async def test_records_that_cannot_be_read_are_counted_in_what_is_told(site):
    work(site)
    site.log.publish("junk", b"{")
    assert (await data(site, WEEK))["unreadable"] == 1
    assert "1 records of the outcomes could not be read" in await get(site, f"/report/sheet?manager=anna&{WEEK}")


async def test_csv_for_people_opens_by_a_double_click(site):
    work(site)
    async with site.http.get(f"/v1/report?{WEEK}&excel=ru", headers={"Accept": "text/csv"}) as response:
        body = await response.read()
    assert body.startswith(b"\xef\xbb\xbf")
    titles, anna, _, everybody, empty, days, *_ = (line.split(";") for line in body.decode("utf-8-sig").split("\r\n"))
    told = dict(zip(titles, anna, strict=True))
    assert (told["Менеджер"], told["Лиды"], told["В срок, %"]) == ("anna", "2", "50%")
    assert told["Первая попытка, половина за"] == "0:01:00"
    assert (everybody[0], empty, days) == ("всего", [""], ["Дни: 2026-11-24 – 2026-11-24, UTC"])
    assert (await get(site, f"/v1/report?{WEEK}&excel=en", Accept="text/csv")).startswith("\ufeffManager,Leads,")
    await get(site, f"/v1/report?{WEEK}&excel=xx", 400)


async def test_csv_is_given_to_who_asks_for_it(site):
    work(site)
    async with site.http.get(f"/v1/report?{WEEK}", headers={"Accept": "text/csv"}) as response:
        assert response.content_type == "text/csv"
        assert response.headers["Content-Disposition"].endswith('"report-2026-11-24-2026-11-24-manager.csv"')
        lines = (await response.text()).split("\r\n")
    assert lines[1].startswith("anna,anna,2,1,2,1,0.5,")


@pytest.mark.parametrize(
    ("query", "why"),
    [
        ("last=101d", "at most 100 days"),
        ("from=yesterday", "like 2026-11-30"),
        ("by=moon", "manager, team"),
        ("timezone=Mars", "like Europe/Moscow"),
        ("week=2026-W47&last=week", "not several"),
    ],
)
async def test_what_cannot_be_asked_is_named(site, query, why):
    assert why in await get(site, f"/v1/report?{query}", 400)


async def test_one_look_at_the_log_serves_every_grouping_of_the_same_days(site):
    work(site)
    before = await data(site, WEEK)
    site.log.outcomes.clear()
    site.log.leads.clear()
    assert (await data(site, f"{WEEK}&by=team"))["total"] == before["total"]
    assert (await data(site, "last=week"))["total"]["received"] == 0


async def test_it_looks_again_after_a_while():
    async with Site(limits=Limits(report_seconds=0)) as site:
        assert (await data(site, WEEK))["total"]["received"] == 0
        work(site)
        assert (await data(site, WEEK))["total"]["received"] == 2


async def test_so_many_wait_for_the_log_and_no_more(site):
    held, bounds = asyncio.Event(), site.log.bounds

    async def slow(topic):
        await held.wait()
        return await bounds(topic)

    async def status() -> int:
        async with site.http.get(f"/v1/report?{WEEK}") as response:
            return response.status

    site.log.bounds = slow
    asking = [asyncio.create_task(status()) for _ in range(Limits().reports + 1)]
    done, _ = await asyncio.wait(asking, return_when=asyncio.FIRST_COMPLETED)
    held.set()
    assert [task.result() for task in done] == [429]
    assert sorted(await asyncio.gather(*asking)) == [200] * Limits().reports + [429]


async def test_503_when_the_log_cannot_be_read(site):
    site.log.broken = True
    await get(site, f"/v1/report?{WEEK}", 503)


@pytest.mark.parametrize("path", ["/v1/report", "/report/sheet?manager=anna"])
async def test_it_needs_a_key_once_there_are_keys(path):
    async with Site(keys=parse_keys(f"crm: {{sha256: [{'a' * 64}], scopes: [read]}}")) as site:
        await get(site, path, 401)
        for open_ in ("/static/report.mjs", "/static/report.css", "/report/sheet.css"):
            await get(site, open_)


@pytest.mark.parametrize(
    ("who", "teams"), [("anna", {"sales"}), ("wall", {"sales", "field"}), ("root", {"sales", "field"})]
)
async def test_everybody_sees_the_leads_of_their_teams(who, teams):
    async with office() as site, site.http.get(f"/v1/report?by=team&{WEEK}", headers=bearer(who)) as response:
        assert {row["team"] for row in (await response.json())["rows"]} == teams


def decided(lead_id: str, holder: str, team: str, *, met: bool) -> Publish:
    clock = {"measure": "response", "evaluated": "first", "started_at": NOW - 20 * MINUTE, "cycle": 1, "turn": 1}
    known = {"holder_id": holder, "team_id": team, "response_at": NOW - 19 * MINUTE}
    data = clock | {name: value for name, value in known.items() if value}
    return Publish(type="sla.met" if met else "sla.breached", lead_id=lead_id, turn=1, at=NOW, data=data)


def told_of_anna(site: Site) -> None:
    """A lead of her team in time; one of another team and one of none late; and one that pavel had for her team."""
    for outcome in (
        decided("S-2", "anna", "sales", met=True),
        decided("F-2", "anna", "field", met=False),
        decided("N-2", "anna", "", met=False),
        decided("P-2", "pavel", "field", met=False),
        decided("P-3", "pavel", "sales", met=True),
        decided("N-3", "", "", met=False),
    ):
        site.log.publish(outcome.lead_id, codec.encode_outcome(outcome))


@pytest.mark.parametrize("who", ["anna", "boris", "root"])
async def test_the_figures_of_a_manager_are_the_same_for_all_who_see_the_manager_on_every_surface(who):
    async with office() as site:
        told_of_anna(site)
        made = json.loads(await get(site, f"/v1/report?{WEEK}", **bearer(who)))
        (row,) = [row for row in made["rows"] if row["manager"] == "anna"]
        assert (row["in_time"], row["decided"]) == (1, 3)
        assert "33% (1 of 3)" in await get(site, f"/report/sheet?manager=anna&{WEEK}", **bearer(who))
        async with page(site, **bearer(who)) as board:
            assert (board.people["anna"]["in_time"], board.people["anna"]["decided"]) == (1, 3)


@pytest.mark.parametrize(
    ("who", "pavels", "nobodys"), [("anna", (1, 1), None), ("boris", (1, 1), (0, 1)), ("root", (1, 2), (0, 1))]
)
async def test_of_other_managers_and_of_nobody_one_sees_the_leads_of_ones_teams(who, pavels, nobodys):
    async with office() as site:
        told_of_anna(site)
        made = json.loads(await get(site, f"/v1/report?{WEEK}", **bearer(who)))
    told = {row["manager"]: (row["in_time"], row["decided"]) for row in made["rows"]}
    assert (told["pavel"], told.get(None)) == (pavels, nobodys)


@pytest.mark.parametrize(("who", "shown"), [("anna", "S-2 F-2 N-2"), ("vera", "S-2"), ("boris", "S-2 N-2")])
async def test_the_sheet_lists_no_lead_that_its_reader_may_not_see(who, shown):
    async with office(proxies=PROXY) as site:
        told_of_anna(site)
        headers = {"X-Forwarded-Email": "vera@example.com"} if who == "vera" else bearer(who)
        sheet = await get(site, f"/report/sheet?manager=anna&{WEEK}", **headers)
    assert {lead_id for lead_id in ("S-2", "F-2", "N-2") if lead_id in sheet} == set(shown.split())


@pytest.mark.parametrize(
    ("who", "whose", "status"), [("boris", "anna", 200), ("anna", "pavel", 404), ("root", "pavel", 200)]
)
async def test_the_sheet_is_for_who_sees_the_manager(who, whose, status):
    async with office() as site:
        await get(site, f"/report/sheet?manager={whose}&{WEEK}", status, **bearer(who))


async def test_a_session_opens_the_report_and_the_sheet():
    async with office() as site:
        cookie = await sign_in(site, "anna")
        for path in (f"/v1/report?{WEEK}", f"/report/sheet?manager=anna&{WEEK}"):
            await get(site, path, Cookie=cookie)


async def test_the_sheet_of_a_manager_is_a_page_to_print(site):
    work(site)
    page = await get(site, f"/report/sheet?manager=anna&{WEEK}")
    assert '<link rel="stylesheet" href="sheet.css">' in page
    assert "50% (1 of 2)" in page
    assert "given to vera" in page
    assert not re.search(r"<script|style=|http", page)
    await get(site, f"/report/sheet?manager=nina&{WEEK}", 404)
    assert "name a manager" in await get(site, "/report/sheet", 400)


class Tags(HTMLParser):
    def __init__(self) -> None:
        super().__init__()
        self.seen: set[str] = set()

    def handle_starttag(self, tag, attrs):
        self.seen.add(tag)
        assert not [name for name, _ in attrs if name.startswith("on")], "a handler"


@pytest.mark.parametrize("text", XSS)
async def test_nothing_that_a_name_or_an_id_holds_becomes_markup(site, text):
    w = World(sales(text, "vera"), at=NOW)
    w.feed(facts.lead(text, NOW, owner_id=text))
    work(site, w, owner=text)
    async with site.http.get(
        "/report/sheet", params={"manager": text, "from": "2026-11-24", "to": "2026-11-24"}
    ) as response:
        assert response.status == 200
        page = await response.text()
    tags = Tags()
    tags.feed(page)
    assert not tags.seen & {"script", "img", "b"}

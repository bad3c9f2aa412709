"""The board as it is told live: everything once, then only what has changed, to those who may know it."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field, replace
from typing import Any

from sla_monitor.codec import encode_outcome
from sla_monitor.core.effects import Publish
from sla_monitor.core.lead import Phase
from sla_monitor.core.proof import CallSeen
from sla_monitor.core.roster import Standing
from sla_monitor.core.rules import DAY, HOUR, MINUTE, SECOND, Hours, Manager, Policy, Rules
from sla_monitor.web import live as timing
from sla_monitor.web import scene, today
from sla_monitor.web.limits import Limits
from tests.web.office import bearer, office, sign_in
from tests.web.site import NOW, Site
from tests.web.test_views import get, lead
from tests.world import sales

URL = "https://crm.example/leads/1"


@dataclass
class Page:
    """What a page that follows the stream knows."""

    stream: Any
    hello: dict[str, Any] = field(default_factory=dict)
    leads: dict[str, dict[str, Any]] = field(default_factory=dict)
    people: dict[str, dict[str, Any]] = field(default_factory=dict)
    hour: dict[str, Any] = field(default_factory=dict)
    news: list[dict[str, Any]] = field(default_factory=list)
    beats: list[dict[str, Any]] = field(default_factory=list)
    heard: list[str] = field(default_factory=list)

    async def hear(self) -> str:
        """The next message, once it is known; its kind."""
        lines = (await self.stream.content.readuntil(b"\n\n")).decode().splitlines()
        kind = lines[0].removeprefix("event: ")
        if lines[0].startswith("retry"):
            return await self.hear()
        data = json.loads(lines[1].removeprefix("data: "))
        match kind:
            case "hello":
                self.hello = data
            case "leads":
                named = (dict(zip(self.hello["fields"], line, strict=True)) for line in data)
                self.leads |= {line["lead_id"]: line for line in named}
            case "gone":
                for lead_id in data["ids"]:
                    del self.leads[lead_id]
            case "people":
                self.people = {one["manager_id"]: one for one in data["managers"]}
            case "hour":
                self.hour = data
            case "news":
                self.news = data["items"]
            case "beat":
                self.beats.append(data)
        self.heard.append(kind)
        return kind

    async def until(self, kind: str) -> None:
        async with asyncio.timeout(10):
            while await self.hear() != kind:
                pass

    async def told(self, *kinds: str) -> list[str]:
        """Forget what was heard, and return what comes up to the next beat that follows something else."""
        self.heard.clear()
        async with asyncio.timeout(10):
            while not (set(kinds) <= set(self.heard) and self.heard[-1] == "beat"):
                await self.hear()
        return [kind for kind in self.heard if kind != "beat"]


@asynccontextmanager
async def page(site: Site, **headers: str) -> AsyncIterator[Page]:
    async with site.http.get("/v1/board/stream", headers=headers) as stream:
        assert stream.status == 200, await stream.text()
        assert stream.content_type == "text/event-stream"
        made = Page(stream)
        await made.until("beat")
        yield made


def publish(site: Site, kind: str, lead_id: str = "crm:1", at: int = NOW, **data: Any) -> None:
    site.log.publish(lead_id, encode_outcome(Publish(type=kind, lead_id=lead_id, turn=1, at=at, data=data)), at)


def met(site: Site, lead_id: str = "crm:1", at: int = NOW, holder: str = "anna", **data: Any) -> None:
    measured = {"measure": "response", "evaluated": "first", "response_at": at, "holder_id": holder, "started_at": at}
    publish(site, "sla.met", lead_id, at, **(measured | data))


def breached(site: Site, lead_id: str = "crm:1", at: int = NOW, holder: str = "anna", **data: Any) -> None:
    measured = {"measure": "response", "evaluated": "first", "due_at": at, "holder_id": holder, "started_at": at}
    publish(site, "sla.breached", lead_id, at, **(measured | data))


def taken_back(site: Site, lead_id: str = "crm:1", started_at: int = NOW, holder: str = "anna") -> None:
    measured = {"measure": "response", "evaluated": "first", "response_at": started_at, "holder_id": holder}
    publish(site, "sla.breach_retracted", lead_id, started_at=started_at, **measured)


# leads


async def test_a_page_first_hears_where_it_is_then_all_open_leads_the_most_urgent_first(site):
    site.log.put(lead("later", due_at=NOW + 5 * MINUTE))
    site.log.put(lead("sooner", due_at=NOW + MINUTE, name="Ivan", calls=[CallSeen("1", "outbound")]))
    site.log.put(lead("nobody", due_at=NOW + 9 * MINUTE, unassignable=True, holder="", turns=[]))
    site.log.put(lead("done", phase=Phase.ANSWERED))
    async with page(site) as seen:
        assert seen.heard[0] == "hello"
        assert (seen.hello["now"], seen.hello["speed"], seen.hello["zone"]) == (NOW, 1.0, "UTC")
        assert (seen.hello["names"], seen.hello["managed"]) == ({"anna": "Anna"}, True)
        assert list(seen.leads) == ["nobody", "sooner", "later"]
        assert seen.leads["sooner"] == {
            "lead_id": "sooner",
            "name": "Ivan",
            "status": "waiting",
            "source": "crm",
            "team_id": "sales",
            "turn": 1,
            "holder_id": "anna",
            "due_at": NOW + MINUTE,
            "customer_due_at": NOW + MINUTE,
            "started_at": NOW,
            "calls": 1,
            "test": False,
            "breached": False,
            "policy": "default",
            "channel": None,
            "priority": None,
            "phones": [],
            "url": None,
        }


async def test_after_that_only_what_changed_is_told(site):
    for name in ("a", "b", "c"):
        site.log.put(lead(name))
    async with page(site) as seen:
        site.log.put(lead("b", holder="vera"))
        assert await seen.told("leads") == ["leads"]
        assert {name: line["holder_id"] for name, line in seen.leads.items()} == {"a": "anna", "b": "vera", "c": "anna"}
        site.log.put(lead("c", phase=Phase.CLOSED))
        assert "leads" not in await seen.told("gone")
        assert set(seen.leads) == {"a", "b"}


async def test_changes_that_come_together_are_told_together(site):
    async with page(site) as seen:
        for number in range(500):
            site.log.put(lead(f"L{number}"))
            site.log.put(lead(f"L{number}", holder="vera"))
        told = await seen.told("leads")
        assert (told.count("leads"), len(seen.leads)) == (1, 500)


async def test_many_leads_come_in_parts_with_the_most_urgent_in_the_first(site):
    for number in range(2500):
        site.log.put(lead(f"L{number}", due_at=NOW + (2500 - number) * MINUTE))
    async with page(site) as seen:
        assert seen.heard.count("leads") == 3
        assert next(iter(seen.leads)) == "L2499"
        assert len(seen.leads) == 2500


async def test_what_time_alone_changes_is_seen_without_being_told(site, monkeypatch):
    monkeypatch.setattr(timing, "LOOK", 0.05)
    site.log.put(lead("a"))
    async with page(site) as seen:
        site.log.silent = True
        site.log.put(lead("a", held_until=NOW + HOUR))
        site.clock.advance(11 * MINUTE)
        await seen.told("leads")
        assert seen.leads["a"]["status"] == "held"


async def test_every_open_lead_is_read_again_now_and_then(site, monkeypatch):
    monkeypatch.setattr(timing, "LOOK", 0.05)
    monkeypatch.setattr(scene, "SWEEP", 0.1)
    site.log.put(lead("a"))
    async with page(site) as seen:
        site.log.silent = True
        site.log.put(lead("a", due_at=NOW + MINUTE))
        await seen.told("leads")
        assert seen.leads["a"]["due_at"] == NOW + MINUTE


# people and the day


async def test_people_are_shown_with_their_load_presence_and_share_in_time_today(site):
    site.log.put(lead("a"))
    site.log.put(lead("b"))
    site.log.put(lead("c", escalated=True))
    site.log.put(lead(phase=Phase.ANSWERED))
    site.log.seat("anna", Standing(status="busy", order=(NOW, "/board", "1"), until=NOW + HOUR))
    met(site, "kept")
    breached(site, "lost")
    breached(site, "taken", holder="vera")
    met(site, "taken", evaluated="later")  # a turn is no lead
    met(site, "spoken to", measure="contact")
    met(site, "trial", test=True)
    async with page(site) as seen:
        anna = seen.people["anna"]
    assert (anna["presence"], anna["until"], anna["open_leads"]) == ("busy", "2026-11-24T07:00:00.000Z", 2)
    assert (anna["in_time"], anna["decided"]) == (1, 2)


async def test_a_breach_that_is_taken_back_counts_as_in_time(site):
    site.log.put(lead(phase=Phase.ANSWERED))
    breached(site)
    taken_back(site)
    async with page(site) as seen:
        assert (seen.people["anna"]["in_time"], seen.people["anna"]["decided"]) == (1, 1)


async def test_a_breach_of_yesterday_that_is_taken_back_today_hides_no_breach_of_today(site):
    site.log.put(lead(phase=Phase.ANSWERED))
    breached(site, "yesterday", NOW - DAY)
    breached(site)
    taken_back(site, "yesterday", started_at=NOW - DAY)
    async with page(site) as seen:
        assert (seen.people["anna"]["in_time"], seen.people["anna"]["decided"]) == (0, 1)


async def test_people_are_told_of_only_when_they_look_different(site, monkeypatch):
    monkeypatch.setattr(scene, "MEET", 0.05)
    async with page(site) as seen:
        site.log.put(lead("a", holder=""))
        assert await seen.told("leads") == ["leads"]
        met(site)
        assert "people" in await seen.told("people")
        assert seen.people["anna"]["in_time"] == 1


async def test_today_begins_at_midnight_where_the_policy_is_at_home(site, monkeypatch):
    monkeypatch.setattr(scene, "MEET", 0.05)
    monkeypatch.setattr(timing, "LOOK", 0.05)
    moscow = {"office": Hours("Europe/Moscow")}
    site.rules = Rules(
        version=1, calendars=moscow, managers={"anna": Manager("anna")}, policies=(Policy(calendar="office"),)
    )
    met(site, at=NOW - 9 * HOUR - 1)  # NOW is 09:00 there
    met(site, at=NOW - 9 * HOUR)
    async with page(site) as seen:
        assert seen.hello["zone"] == "Europe/Moscow"
        assert seen.people["anna"]["decided"] == 1
        site.clock.advance(15 * HOUR)
        await seen.told("people")
        assert seen.people["anna"]["decided"] == 0


async def test_a_lead_counts_on_the_day_on_which_its_clock_started_whenever_that_is_told(site, monkeypatch):
    """In the first second of a day as in any other, and of a lead that came before it and waited for the opening."""
    monkeypatch.setattr(scene, "MEET", 0.05)
    monkeypatch.setattr(timing, "LOOK", 0.05)
    monday = NOW + 6 * DAY  # 6:00 on a Monday
    hours = {"office": Hours("UTC", (((540, 1080),),) * 5 + ((), ()))}
    site.rules = replace(sales("anna"), calendars=hours, policies=(Policy(calendar="office"),))
    site.clock.advance(monday - NOW)
    met(site, "on saturday", monday - 40 * HOUR, started_at=monday + 3 * HOUR)
    met(site, "of today, tomorrow's day", monday - HOUR, started_at=monday + 27 * HOUR)
    async with page(site) as seen:
        assert seen.people["anna"]["decided"] == 1
        met(site, "at midnight", monday + 18 * HOUR + 200)
        site.clock.advance(18 * HOUR + 300)
        while seen.people["anna"]["decided"] != 2:
            await seen.told("people")


async def test_a_lead_that_came_days_ago_counts_today_though_the_hours_it_waited_for_are_others_now(site):
    met(site, at=NOW - 3 * DAY, started_at=NOW)
    async with page(site) as seen:
        assert seen.people["anna"]["decided"] == 1


async def test_the_first_picture_has_the_whole_day(site):
    """Also what waits for the row of its lead, and what came in many parts."""
    for number in range(250):
        met(site, f"L{number}", NOW - number * SECOND)
    async with page(site) as seen:
        assert (seen.people["anna"]["in_time"], seen.people["anna"]["decided"]) == (250, 250)
        assert seen.heard.count("people") == 1


async def test_a_policy_that_is_at_home_elsewhere_begins_another_day(site, monkeypatch):
    monkeypatch.setattr(timing, "LOOK", 0.05)
    met(site, at=NOW - 7 * HOUR)  # of yesterday in UTC, of today in Moscow
    async with page(site) as seen:
        assert seen.people["anna"]["decided"] == 0
        moscow = {"office": Hours("Europe/Moscow")}
        site.rules = replace(site.rules, version=2, calendars=moscow, policies=(Policy(calendar="office"),))
        async with asyncio.timeout(10):
            await seen.stream.content.read()  # to its end: whoever looks is to come back
    async with page(site) as seen:
        assert (seen.hello["zone"], seen.people["anna"]["decided"]) == ("Europe/Moscow", 1)


async def test_the_last_hours_responses_are_told_and_leave_when_they_are_older(site, monkeypatch):
    monkeypatch.setattr(timing, "LOOK", 0.05)
    for name in ("old", "fast", "slow", "proven"):
        site.log.put(lead(name, phase=Phase.ANSWERED, started_at=NOW - 2 * HOUR))
    site.log.outcomes.clear()
    met(site, "old", NOW - HOUR)
    site.clock.advance(-30 * MINUTE)
    at = site.clock.now()
    met(site, "fast", at)
    publish(site, "sla.responded", "slow", at + 1, response_at=at + 1)
    publish(site, "sla.responded", "proven", at + 2, response_at=at + 2)
    measured = {"measure": "response", "evaluated": "first", "response_at": at + 2}
    publish(site, "sla.breach_retracted", "proven", at + 3, **measured)
    async with page(site) as seen:
        assert seen.hour["responses"] == [
            [NOW - HOUR, HOUR, True, 130 * MINUTE, "old"],
            [at, 90 * MINUTE, True, 130 * MINUTE, "fast"],
            [at + 1, 90 * MINUTE + 1, False, 130 * MINUTE, "slow"],
            [at + 2, 90 * MINUTE + 2, True, 130 * MINUTE, "proven"],
        ]
        assert seen.hour["answered_at"] == at + 2
        site.clock.advance(30 * MINUTE)
        await seen.told("hour")
        assert len(seen.hour["responses"]) == 3


async def test_when_the_last_lead_was_answered_is_told_of_the_teams_that_are_seen():
    async with office() as site:
        met(site, "S-1", NOW - 9 * MINUTE, team_id="sales")
        met(site, "F-1", NOW - 5 * MINUTE, holder="pavel", team_id="field")
        told = {}
        for name in ("anna", "root"):
            async with page(site, **bearer(name)) as seen:
                told[name] = (NOW - seen.hour["answered_at"]) // MINUTE
        assert told == {"anna": 9, "root": 5}


async def test_of_very_many_responses_the_newest_are_told(site, monkeypatch):
    monkeypatch.setattr(today, "KEPT_RESPONSES", 2)
    for number in range(4):
        site.log.put(lead(f"L{number}", phase=Phase.ANSWERED))
        met(site, f"L{number}", NOW + number)
    met(site, "L2", NOW + 2)
    async with page(site) as seen:
        assert [at - NOW for at, *_ in seen.hour["responses"]] == [3, 2]


async def test_breaches_and_hand_overs_are_news_the_newest_first(site):
    site.log.put(lead("a"))
    breached(site, "a", NOW)
    publish(site, "lead.reassigned", "a", NOW + 1, **{"from": "anna", "to": "vera", "reason": "no_response"})
    async with page(site) as seen:
        assert [(item["kind"], item["by"], item["to"]) for item in seen.news] == [
            ("lead.reassigned", "anna", "vera"),
            ("sla.breached", "anna", ""),
        ]
        publish(site, "lead.unassignable", "a", NOW + 2, reason="no_response")
        await seen.told("news")
        assert seen.news[0] == {
            "at": NOW + 2,
            "kind": "lead.unassignable",
            "lead_id": "a",
            "by": "",
            "to": "",
            "reason": "no_response",
        }


async def test_an_outcome_waits_a_moment_for_its_lead_and_is_told_without_it_if_it_does_not_come(site, monkeypatch):
    monkeypatch.setattr(timing, "LOOK", 0.05)
    monkeypatch.setattr(scene, "LATE", 0.2)
    async with page(site) as seen:
        breached(site, "late")
        await seen.told("news")
        assert seen.news[0]["lead_id"] == "late"


async def test_what_is_no_outcome_of_ours_is_passed_over(site):
    site.log.put(lead())
    site.log.publish("a", b"[]")
    site.log.publish("a", None)
    breached(site)
    async with page(site) as seen:
        assert len(seen.news) == 1


# who may know what


async def test_everybody_sees_their_own_team_and_viewers_no_names():
    async with office() as site:
        site.log.put(lead("S-1", name="Ivan Petrov", phones=("+79261234567",), url=URL))
        for lead_id, team, holder in (("S-1", "sales", "anna"), ("F-1", "field", "pavel")):
            breached(site, lead_id, holder=holder, team_id=team)
            met(site, lead_id, holder=holder, team_id=team)
        seen = {}
        for name in ("anna", "root", "wall"):
            async with page(site, **bearer(name)) as one:
                seen[name] = one
    assert set(seen["anna"].leads) == {"S-1"}
    assert set(seen["root"].leads) == {"S-1", "F-1"}
    assert {line["name"] for line in seen["wall"].leads.values()} == {"I*** P.", "O*** O."}
    assert seen["anna"].leads["S-1"]["name"] == "Ivan Petrov"
    assert (seen["anna"].leads["S-1"]["phones"], seen["anna"].leads["S-1"]["url"]) == (["+79261234567"], URL)
    assert all((line["phones"], line["url"]) == ([], None) for line in seen["wall"].leads.values())
    assert [item["lead_id"] for item in seen["anna"].news] == ["S-1"]
    assert len(seen["root"].news) == 2
    assert [len(seen[name].hour["responses"]) for name in ("anna", "root")] == [1, 2]
    assert "pavel" not in seen["anna"].people
    assert "pavel" not in seen["anna"].hello["names"]
    assert [set(seen[name].hello["teams"]) for name in ("anna", "root")] == [{"sales"}, {"sales", "field"}]


async def test_nobody_hears_that_a_lead_is_gone_of_which_they_never_knew():
    async with office() as site, page(site, **bearer("anna")) as seen:
        site.log.put(lead("F-1", team_id="field", phase=Phase.CLOSED))
        site.log.put(lead("S-1", phase=Phase.CLOSED))
        await seen.told("gone")
        assert seen.leads == {}  # an id that it does not know would have raised


async def test_a_lead_that_goes_to_another_team_leaves_the_board_of_the_first():
    async with office() as site, page(site, **bearer("anna")) as seen:
        site.log.put(lead("S-1", team_id="field", holder="pavel"))
        await seen.told("gone")
        assert seen.leads == {}


async def test_a_stream_ends_with_the_session(monkeypatch):
    async with office() as site:
        cookie = {"Cookie": await sign_in(site, "anna")}
        async with page(site, **cookie) as seen, asyncio.timeout(10):
            site.clock.advance(13 * HOUR)
            site.log.put(lead("S-2"))
            await seen.stream.content.read()
        await get(site, "/v1/board/stream", expected=401, **cookie)


async def test_a_stream_ends_when_another_policy_comes_into_force(site):
    async with page(site) as seen, asyncio.timeout(10):
        site.rules = Rules(version=2)
        site.log.put(lead("a"))
        await seen.stream.content.read()


# when things go wrong


async def test_every_message_tells_whether_the_server_may_be_relied_on(site):
    async with page(site) as seen:
        assert seen.beats == [{"now": NOW, "unready": []}]
        site.reasons.append("events is opening")
        site.log.put(lead("a"))
        await seen.told("leads")
        assert seen.beats[-1]["unready"] == ["events is opening"]


async def test_a_log_that_fails_ends_the_stream_and_is_told_until_it_can_be_read_again(site):
    async with page(site) as seen, asyncio.timeout(10):
        site.log.broken = True
        site.log.publish("a")
        await seen.stream.content.read()
    await get(site, "/v1/board/stream", expected=503)
    site.log.broken = False
    site.log.put(lead("a"))
    async with page(site) as seen:
        assert set(seen.leads) == {"a"}


async def test_the_stream_ends_when_the_server_stops(site):
    async with page(site) as seen, asyncio.timeout(10):
        await site.server.stop()
        await seen.stream.content.read()


async def test_viewers_are_bounded():
    async with Site(limits=Limits(streams=1)) as site, page(site):
        await get(site, "/v1/board/stream", expected=429)


async def test_viewers_are_bounded_also_when_they_come_at_once():
    async with Site(limits=Limits(streams=10)) as site:
        site.log.gate.clear()
        streams = await asyncio.gather(*(site.http.get("/v1/board/stream") for _ in range(25)))
        assert sorted(stream.status for stream in streams) == [200] * 10 + [429] * 15
        for stream in streams:
            stream.close()


async def test_a_scene_that_nobody_looks_at_any_more_is_made_anew_for_who_comes_back(site, monkeypatch):
    monkeypatch.setattr(timing, "LINGER", 0.0)
    monkeypatch.setattr(timing, "LOOK", 0.01)
    async with page(site):
        pass
    for number in range(20):
        site.log.put(lead(f"L{number}"))
        board = await get(site, "/v1/board")
        assert board["open"] == number + 1
        await asyncio.sleep(0.005 * (number % 3))

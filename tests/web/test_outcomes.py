"""Outcomes as server-sent events: nothing lost and nothing twice over a reconnect."""

from __future__ import annotations

import asyncio

import pytest

from sla_monitor.web.limits import Limits
from sla_monitor.web.outcomes import from_cursor, to_cursor
from tests.web.site import Site


async def follow(site, count, query="", **headers):
    """(the ids, the data) of the next events. headers: with underscores."""
    names = {name.replace("_", "-"): value for name, value in headers.items()}
    ids, data, last = [], [], ""
    async with asyncio.timeout(5), site.http.get(f"/v1/outcomes{query}", headers=names) as response:
        assert response.status == 200
        assert response.content_type == "text/event-stream"
        while len(data) < count:
            line = (await response.content.readline()).decode().rstrip("\n")
            if line.startswith("id: "):
                last = line[4:]
            if line.startswith("data: "):
                ids.append(last)
                data.append(line[6:])
    return ids, data


async def test_everything_kept_comes_from_the_start_in_order(site):
    for number in range(250):
        site.log.publish("a", b"%d" % number)
    _, data = await follow(site, 250, "?from=start")
    assert data == [str(number) for number in range(250)]


async def test_without_a_cursor_only_what_is_new_comes(site):
    site.log.publish("a", b"old")
    following = asyncio.create_task(follow(site, 1))
    await site.connected(True)
    await asyncio.sleep(0.05)
    site.log.publish("a", b"new")
    assert (await following)[1] == ["new"]


async def test_a_cursor_goes_on_behind_the_last_one_seen(site):
    for number in range(4):
        site.log.publish("a", b"%d" % number)
    ids, _ = await follow(site, 2, "?from=start")
    assert (await follow(site, 2, Last_Event_ID=ids[-1]))[1] == ["2", "3"]


async def test_one_lead_may_be_followed_and_what_has_no_value_is_none(site):
    site.log.publish("a", b"1")
    site.log.publish("b", b"2")
    site.log.publish("b", None)
    site.log.publish("b", b"3")
    assert (await follow(site, 2, "?from=start&lead_id=b"))[1] == ["2", "3"]


@pytest.mark.parametrize(
    ("cursor", "status"),
    [(to_cursor((3,)), 410), (to_cursor((99,)), 410), (to_cursor((10, 10)), 410), ("nonsense", 400), ("", 400)],
)
async def test_a_cursor_that_cannot_go_on_is_refused(site, cursor, status):
    site.log.first = 10
    site.log.publish("a")
    async with site.http.get("/v1/outcomes", headers={"Last-Event-ID": cursor}) as response:
        assert response.status == status


async def test_silence_is_filled_with_marks_that_keep_the_cursor():
    async with Site(limits=Limits(heartbeat_seconds=0.01)) as site:
        site.log.publish("a")
        async with asyncio.timeout(5), site.http.get("/v1/outcomes") as response:
            for _ in range(3):
                assert await response.content.readuntil(b"\n\n") == f": alive\nid: {to_cursor((1,))}\n\n".encode()


async def test_streams_are_bounded():
    async with Site(limits=Limits(streams=1)) as site:
        first, second = await site.http.get("/v1/outcomes"), await site.http.get("/v1/outcomes")
        assert (first.status, second.status) == (200, 429)
        assert "Retry-After" in second.headers
        first.close()


async def test_a_burst_gets_no_more_streams_than_there_may_be():
    async with Site(limits=Limits(streams=2)) as site:
        answers = await asyncio.gather(*(site.http.get("/v1/outcomes") for _ in range(12)))
        assert sorted(answer.status for answer in answers) == [200] * 2 + [429] * 10
        for answer in answers:
            answer.close()


async def test_a_stream_ends_when_the_server_stops_or_the_log_fails(site):
    async with asyncio.timeout(5), site.http.get("/v1/outcomes") as response:
        site.log.broken = True
        site.log.publish("a")
        await response.read()
    site.log.broken = False
    async with asyncio.timeout(5), site.http.get("/v1/outcomes") as response:
        await site.server.stop()
        await response.read()


def test_a_cursor_is_opaque_and_comes_back():
    assert from_cursor(to_cursor((12345,))) == (12345,)
    assert from_cursor(to_cursor((1, 0, 7))) == (1, 0, 7)

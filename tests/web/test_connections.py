"""Clients that are slow, endless or not HTTP are cut off, and never see our insides."""

from __future__ import annotations

import asyncio
import json

import pytest

from sla_monitor.web.limits import Limits
from tests.web.site import Site, event

HEAD = b"POST /v1/events HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/cloudevents+json\r\n"


@pytest.fixture
async def strict():
    limits = Limits(head_seconds=0.2, body_seconds=0.2, write_seconds=0.2, lingering_seconds=0.1, connections=3)
    async with Site(limits=limits) as made:
        yield made


async def answer(reader):
    """All that the server says until it closes the connection."""
    async with asyncio.timeout(5):
        try:
            return (await reader.read()).decode()
        except ConnectionError:
            return ""


async def test_a_declared_gigabyte_is_refused_unread(site):
    reader, writer = await site.raw(HEAD + b"Content-Length: 1000000000\r\n\r\n")
    async with asyncio.timeout(5):
        assert b" 413 " in await reader.readline()
    writer.close()


async def test_an_endless_chunked_body_is_cut_off(strict):
    reader, writer = await strict.raw(HEAD + b"Transfer-Encoding: chunked\r\n\r\n")
    answering = asyncio.create_task(reader.readline())
    try:
        while not answering.done():
            writer.write(b"10000\r\n" + b" " * 65536 + b"\r\n")
            await writer.drain()
            await asyncio.sleep(0)
    except ConnectionError:
        pass
    assert b" 413 " in await answering


async def test_a_body_that_never_ends_is_answered_408(strict):
    reader, _ = await strict.raw(HEAD + b"Content-Length: 100\r\n\r\n{")
    text = await answer(reader)
    assert " 408 " in text
    assert "application/problem+json" in text


@pytest.mark.parametrize("sent", [b"", b"GET / HT", HEAD])
async def test_a_head_that_never_ends_is_cut_off(strict, sent):
    reader, _ = await strict.raw(sent)
    assert await answer(reader) == ""


async def test_a_second_head_has_the_same_deadline(strict):
    reader, writer = await strict.raw(b"GET /healthz HTTP/1.1\r\nHost: localhost\r\n\r\n")
    await reader.readuntil(b"}")
    writer.write(b"GET /heal")
    assert await answer(reader) == ""


async def test_a_trickled_head_has_no_more_time(strict):
    reader, writer = await strict.raw(b"GET /")

    async def trickle():
        while True:
            writer.write(b"G")
            await asyncio.sleep(0.05)

    trickling = asyncio.create_task(trickle())
    assert await answer(reader) == ""
    trickling.cancel()


@pytest.mark.parametrize(
    "flood",
    [
        b"GET / HTTP/1.1\r\n" + b"".join(b"X-%d: secret-token\r\n" % n for n in range(5000)) + b"\r\n",
        b"GET / HTTP/1.1\r\nAuthorization: secret-token" + b"x" * 100_000 + b"\r\n\r\n",
        b"GET /secret-token" + b"x" * 100_000 + b" HTTP/1.1\r\n\r\n",
        b"\x16\x03\x01secret-token\r\n\r\n",
        b"GET / HTTP/1.1\r\nsecret-token\x00: 1\r\n\r\n",
    ],
)
async def test_what_is_not_http_is_answered_400_and_told_nowhere(site, flood, caplog):
    reader, _ = await site.raw(flood)
    text = await answer(reader)
    assert text.startswith(("HTTP/1.0 400", "HTTP/1.1 400"))
    assert "application/problem+json" in text
    for told in (text, caplog.text):
        assert "secret-token" not in told
        assert "Traceback" not in told
    assert "aiohttp" not in text


async def test_connections_are_capped(strict):
    ask = b"GET /healthz HTTP/1.1\r\nHost: localhost\r\n\r\n"
    for _ in range(3):
        reader, _ = await strict.raw(ask)
        assert b"alive" in await reader.readuntil(b"}")
    reader, _ = await strict.raw(ask)
    assert await answer(reader) == ""


async def test_a_client_that_does_not_read_is_cut_off(strict):
    for _ in range(3000):
        strict.log.publish("crm:1", json.dumps(event()).encode() * 20)
    reader, writer = await strict.raw(b"GET /v1/outcomes?from=start HTTP/1.1\r\nHost: localhost\r\n\r\n")
    writer.transport.pause_reading()
    await strict.connected(True)
    await strict.connected(False)
    assert reader.exception() is None


async def test_a_defect_is_answered_500_without_its_message(site, caplog):
    site.log.row = None
    async with site.http.get("/v1/leads/a") as response:
        text = await response.text()
        assert (response.status, response.content_type) == (500, "application/problem+json")
        assert "NoneType" not in text
    assert "/v1/leads/{id} failed: TypeError" in caplog.text


async def test_what_is_nowhere_is_404_and_what_is_not_allowed_405(site):
    async with site.http.get("/nowhere") as response:
        assert (response.status, response.content_type) == (404, "application/problem+json")
    async with site.http.get("/v1/events") as response:
        assert (response.status, response.headers["Allow"]) == (405, "POST")

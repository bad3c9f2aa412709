"""The composition root: what is wired to what."""

from __future__ import annotations

import asyncio
from dataclasses import replace

import aiohttp
import pytest

from sla_monitor.addresses import Listen
from sla_monitor.bootstrap import ROLES, Up, WebOnly, domain_clock
from sla_monitor.clock import ManualClock, today
from sla_monitor.commands.greeting import greeting
from sla_monitor.core import dispatch
from sla_monitor.core.effects import Enqueue, Log, Send
from sla_monitor.core.events import Sent
from sla_monitor.core.mailbox import key_of
from sla_monitor.core.rules import Manager, Rules
from sla_monitor.errors import InUse, LogLost, Misconfigured
from sla_monitor.keys import KeyRing, new_key, parse_keys
from sla_monitor.policy import example_rules
from sla_monitor.settings import Settings
from tests.world import T0, sales

NOW = 1_790_000_000_000


def settings(directory, **changes) -> Settings:
    return Settings(data_dir=directory, listen=changes.pop("listen", Listen("127.0.0.1", 0)), **changes)


@pytest.fixture
async def up(tmp_path):
    system = Up(settings(tmp_path), None, KeyRing(), ManualClock(NOW))
    await system.start()
    yield system
    await system.stop()


async def ask(system, path: str) -> tuple[int, str]:
    async with aiohttp.ClientSession() as http, http.get(system.server.url + path) as answer:
        return answer.status, await answer.text()


async def until(system, path: str, found: str) -> None:
    """Return when an answer has a text."""
    async with asyncio.timeout(10):
        while found not in (await ask(system, path))[1]:  # noqa: ASYNC110 - asked over HTTP, which tells nobody
            await asyncio.sleep(0.05)


async def until_ready(system) -> None:
    await until(system, "/readyz", '"ready"')


async def test_r08_a_jump_of_the_clock_is_counted_and_ends_readiness(up):
    await until_ready(up)
    up.clock.leaps, up.clock.believed = 1, False
    status, text = await ask(up, "/readyz")
    assert (status, "clock jumped" in text) == (503, True)
    await until(up, "/metrics", "sla_clock_jumps_total 1.0")


async def test_a_real_policy_on_the_directory_of_the_example_is_told_whose_leads_it_holds(tmp_path):
    said = []
    for rules in (example_rules(today()), sales()):
        system = Up(settings(tmp_path), rules, KeyRing())
        await system.start()
        said.append("\n".join(greeting(system, KeyRing(), named=True)))
        await system.stop()
    assert ["holds the leads of the built-in example" in each for each in said] == [False, True]


async def test_a_log_that_is_deleted_under_a_worker_ends_it(up):
    await until_ready(up)
    up.embedded.file.path.unlink()
    with pytest.raises(LogLost, match="deleted or replaced"):
        await asyncio.wait_for(up.wait(), 10)


async def test_a_log_that_is_deleted_under_the_web_ends_it(tmp_path):
    system = WebOnly(settings(tmp_path), Rules(), KeyRing())
    await system.start()
    settings(tmp_path).database.unlink()
    with pytest.raises(LogLost, match="deleted or replaced"):
        await asyncio.wait_for(system.wait(), 10)
    await system.stop()


async def test_an_address_that_is_taken_is_a_mistake_of_the_settings(up, tmp_path):
    other = Up(settings(tmp_path / "other", listen=Listen("127.0.0.1", up.server.port)), None, KeyRing())
    with pytest.raises(Misconfigured, match="cannot serve on"):
        await other.start()
    await other.stop()


def test_a_compressed_clock_goes_on_where_it_was(tmp_path):
    first = domain_clock(settings(tmp_path, clock_speed=60))
    assert domain_clock(settings(tmp_path, clock_speed=60)).origin == first.origin


def test_an_origin_that_is_no_time_is_named(tmp_path):
    (tmp_path / "clock-origin").touch()
    with pytest.raises(Misconfigured, match="clock-origin"):
        domain_clock(settings(tmp_path, clock_speed=60))


async def test_two_workers_on_one_log_are_refused_whatever_their_directories(up, tmp_path):
    shared = settings(tmp_path / "other", broker=f"sqlite:///{up.settings.database}")
    with pytest.raises(InUse):
        Up(shared, None, KeyRing())


async def test_people_sign_in_as_the_settings_say(tmp_path):
    token, entry = new_key("wall", ["read"])
    keys = parse_keys(entry + "vera: {scopes: [act], identities: [vera@example.com]}")
    said = {"public_url": "https://sla.example", "proxy_header": "X-Forwarded-Email", "trusted_proxies": "127.0.0.0/8"}
    system = Up(settings(tmp_path, **said), None, keys)
    await system.start()
    form = {"data": {"key": token}, "headers": {"Origin": "https://sla.example"}, "allow_redirects": False}
    async with aiohttp.ClientSession(system.server.url) as http:
        async with http.get("/v1/me", headers={"X-Forwarded-Email": "vera@example.com"}) as answer:
            assert (await answer.json())["role"] == "head"
        async with http.post("/sign-in", **form) as answer:
            cookie = answer.headers["Set-Cookie"]
            assert "Secure" in cookie.split("; ")
        async with http.get("/v1/me", headers={"Cookie": cookie.partition(";")[0]}) as answer:
            assert (await answer.json())["role"] == "viewer"
    link = system.claims.url("L", 1, "vera", system.clock.now() + 60_000)
    assert link is not None
    assert "The lead is gone" in (await ask(system, link.removeprefix("https://sla.example")))[1]
    await system.stop()


def test_a_new_policy_asks_the_mailboxes_in_which_notices_wait_and_no_others():
    (role,) = (role for role in ROLES if role.log is Log.NOTIFICATIONS)
    rules = sales("anna")
    rules = replace(rules, managers={**rules.managers, "anna": Manager("anna", notify=("telegram://7",))})
    notice = Enqueue(
        to=key_of("anna"),
        manager_id="anna",
        notice_id="L:1:assigned:anna",
        lead_id="L",
        kind="assigned",
        turn=1,
        at=T0,
    )
    waits, effects = dispatch.decide(None, notice, T0, rules)
    assert role.recheck(waits.header())
    (send,) = (effect for effect in effects if isinstance(effect, Send))
    arrived = Sent(lead_id="L", notice_id=send.notice_id, channel=send.channel, attempt=send.attempt, at=T0)
    empty, _ = dispatch.decide(waits, arrived, T0, rules)
    assert not role.recheck(empty.header())

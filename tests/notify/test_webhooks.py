"""Posting outcomes to a real receiver on this machine."""

from __future__ import annotations

import asyncio
import logging
import socket
import time
from base64 import b64encode
from collections.abc import AsyncIterator
from email.utils import formatdate
from pathlib import Path
from typing import Any

import pytest
from aiohttp import web
from aiohttp.abc import AbstractResolver
from aiohttp.test_utils import TestServer

from sla_monitor.clock import ManualClock
from sla_monitor.core.effects import Post
from sla_monitor.core.events import Posted
from sla_monitor.core.relay import LEFT_ALONE, POST_LIMIT, entry
from sla_monitor.core.rules import SECOND, Rules, Webhook
from sla_monitor.internet import is_public
from sla_monitor.notify.signature import signatures
from sla_monitor.notify.turns import AT_ONCE, PAUSES, Turns
from sla_monitor.notify.webhook_channel import Webhooks
from tests.standard_webhooks import verify

TOKEN = "t0ken-0f-the-address"
BODY = '{"specversion":"1.0","id":"L1:1:lead.assigned","data":{"lead_id":"Лид"}}'
SECRET, NEWER = ("whsec_" + b64encode(bytes(range(start, start + 32))).decode() for start in (1, 101))


class Receiver:
    """An endpoint that answers as it is told, once `open` is set. got: (headers, body) of each request."""

    def __init__(self) -> None:
        self.status = 204
        self.headers: dict[str, str] = {}
        self.got: list[tuple[Any, bytes]] = []
        self.open = asyncio.Event()
        self.open.set()
        self.arrived = asyncio.Semaphore(0)
        self.server: TestServer

    async def hook(self, request: web.Request) -> web.Response:
        self.got.append((request.headers, await request.read()))
        self.arrived.release()
        await self.open.wait()
        return web.Response(status=self.status, headers=self.headers)

    async def dribble(self, request: web.Request) -> web.StreamResponse:
        """200, and then a body that never ends."""
        response = web.StreamResponse()
        await response.prepare(request)
        while True:
            await response.write(b"x" * 65536)
            await asyncio.sleep(0.001)

    def webhook(self, name: str = "crm", path: str = "hook", **changes: Any) -> Webhook:
        given = {"secret_file": "", "allow_private": True} | changes
        return Webhook(name, f"http://127.0.0.1:{self.server.port}/{path}?token={TOKEN}", **given)


@pytest.fixture
async def receiver() -> AsyncIterator[Receiver]:
    receiver = Receiver()
    app = web.Application()
    app.router.add_post("/hook", receiver.hook)
    app.router.add_post("/dribble", receiver.dribble)
    receiver.server = TestServer(app)
    await receiver.server.start_server()
    yield receiver
    receiver.open.set()
    await receiver.server.close()


class Scene:
    """A sender, the file of its secret, and what it was observed to do."""

    def __init__(self, secret_file: Path, names: AbstractResolver | None = None) -> None:
        self.clock, self.seen = ManualClock(1_000), []
        self.secret_file = secret_file
        self.sender = Webhooks(self.clock, lambda *seen: self.seen.append(seen[:2]), names=names)

    async def post(self, webhook: Webhook, *, limit: int = POST_LIMIT, known: bool = True) -> Posted:
        if not webhook.secret_file:
            webhook = Webhook(webhook.name, webhook.url, str(self.secret_file), (), webhook.allow_private)
        self.entry = entry(webhook)
        effect = Post(
            webhook=webhook.name,
            lead_id="L1",
            outcome_id="L1:1:lead.assigned",
            attempt=3,
            limit=limit,
            body=BODY,
        )
        return await self.sender.post(effect, Rules(webhooks={webhook.name: webhook} if known else {}))


@pytest.fixture
def secret_file(tmp_path: Path) -> Path:
    path = tmp_path / "secret"
    path.write_text(SECRET + "\n")
    return path


@pytest.fixture
async def scene(secret_file: Path) -> AsyncIterator[Scene]:
    scene = Scene(secret_file)
    yield scene
    await scene.sender.close()


# what is sent


def test_a_signature_is_that_of_the_specifications_own_libraries():
    """The vector that they are all tested with."""
    secret = bytes.fromhex("31f290f6bf06298aab4f08d43c3f082cf648a362da2da4b0")
    body = b'{"test": 2432232314}'
    made = signatures([secret], "msg_p5jXN8AQM9LWM0D4loKWxJek", 1614265330, body)
    assert made == "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE="


async def test_an_outcome_arrives_as_it_was_published_and_its_signature_can_be_verified(receiver, scene):
    posted = await scene.post(receiver.webhook())
    ((headers, body),) = receiver.got
    assert (posted.error, posted.status, body) == (None, 204, BODY.encode())
    assert headers["Content-Type"] == "application/cloudevents+json"
    assert headers["webhook-id"] == "L1:1:lead.assigned"
    assert verify(SECRET, headers, body, time.time())
    assert not verify(NEWER, headers, body, time.time())
    assert not verify(SECRET, headers, body + b" ", time.time())
    assert not verify(SECRET, headers, body, time.time() + 600)


async def test_what_is_signed_is_real_time_even_where_the_clock_runs_faster(receiver, scene):
    scene.clock.speed = 60.0
    await scene.post(receiver.webhook())
    assert abs(int(receiver.got[0][0]["webhook-timestamp"]) - time.time()) < 60


async def test_several_secrets_give_several_signatures_so_that_each_side_changes_when_it_likes(receiver, scene):
    scene.secret_file.write_text(f"{NEWER}\n{SECRET}\n")
    await scene.post(receiver.webhook())
    headers, body = receiver.got[0]
    assert len(headers["webhook-signature"].split(" ")) == 2
    assert all(verify(secret, headers, body, time.time()) for secret in (SECRET, NEWER))


async def test_another_secret_in_the_file_counts_from_the_next_attempt_on(receiver, scene):
    await scene.post(receiver.webhook())
    scene.secret_file.write_text(NEWER)
    await scene.post(receiver.webhook())
    assert [verify(NEWER, *got, time.time()) for got in receiver.got] == [False, True]


async def test_the_result_names_the_attempt_and_the_entry_it_went_to(receiver, scene):
    posted = await scene.post(receiver.webhook())
    assert (posted.webhook, posted.lead_id, posted.outcome_id) == ("crm", "L1", "L1:1:lead.assigned")
    assert (posted.attempt, posted.at, posted.entry) == (3, 1_000, scene.entry)
    assert scene.seen == [("webhook", "sent")]


# what comes back


@pytest.mark.parametrize(
    ("status", "said"),
    [
        (308, "308: a redirect, which is not followed; put the final address into the policy"),
        (400, "400 Bad Request: the endpoint refuses the request; it is tried again all the same"),
        (410, "410: the endpoint wants no more; it is disabled"),
        (429, "429 Too Many Requests"),
        (499, "499 not accepted: the endpoint refuses the request; it is tried again all the same"),
        (503, "503 Service Unavailable"),
    ],
)
async def test_whatever_is_no_2xx_is_told_in_words_that_say_what_to_do(receiver, scene, status, said):
    receiver.status, receiver.headers = status, {"Location": "/hook"}
    posted = await scene.post(receiver.webhook())
    assert (posted.status, posted.error, posted.retry_after) == (status, said, None)
    assert len(receiver.got) == 1
    assert scene.seen == [("webhook", "failed")]


async def test_the_body_of_an_answer_is_not_waited_for(receiver, scene):
    async with asyncio.timeout(5):
        assert (await scene.post(receiver.webhook(path="dribble"))).error is None


@pytest.mark.parametrize("status", [429, 503])
async def test_retry_after_is_passed_on_and_the_endpoint_left_alone_meanwhile(receiver, scene, status):
    receiver.status, receiver.headers = status, {"Retry-After": "30"}
    assert (await scene.post(receiver.webhook())).retry_after == 30 * SECOND
    posted = await scene.post(receiver.webhook())
    assert (posted.asked, len(receiver.got)) == (False, 1)
    assert 29 * SECOND < posted.retry_after <= 30 * SECOND
    receiver.status = 204
    assert (await scene.post(receiver.webhook("bi"))).error is None


async def test_retry_after_may_be_a_date(receiver, scene):
    receiver.status, receiver.headers = 503, {"Retry-After": formatdate(time.time() + 90, usegmt=True)}
    assert 80 * SECOND < (await scene.post(receiver.webhook())).retry_after <= 90 * SECOND


@pytest.mark.parametrize("text", ["soon", "-5", "1e9", ""])
async def test_a_retry_after_that_is_neither_is_no_pause(receiver, scene, text):
    receiver.status, receiver.headers = 503, {"Retry-After": text}
    assert (await scene.post(receiver.webhook())).retry_after is None


async def test_no_answer_is_told_within_half_of_the_limit(receiver, scene):
    receiver.open.clear()
    posted = await scene.post(receiver.webhook(), limit=400)
    assert (posted.error, posted.status) == ("no answer within 0.1 s", 0)


async def test_an_endpoint_that_is_not_there_is_to_be_tried_again(scene):
    with socket.socket() as closed:
        closed.bind(("127.0.0.1", 0))
        port = closed.getsockname()[1]
    posted = await scene.post(Webhook("crm", f"http://127.0.0.1:{port}/{TOKEN}", "", allow_private=True))
    assert "onnect" in posted.error
    assert TOKEN not in posted.error


async def test_an_endpoint_without_tls_is_told_as_such(receiver, scene):
    posted = await scene.post(Webhook("crm", f"https://127.0.0.1:{receiver.server.port}/", "", allow_private=True))
    assert posted.error.startswith("TLS failed")


async def test_a_webhook_that_the_policy_has_no_more_is_not_asked(receiver, scene):
    posted = await scene.post(receiver.webhook(), known=False)
    assert (posted.error, posted.asked, receiver.got) == ("is not in the policy", False, [])


# addresses


class Names(AbstractResolver):
    """Answers with the next of its lists of addresses, and then with the last again and again."""

    def __init__(self, *answers: list[str]) -> None:
        self.answers = list(answers)

    async def resolve(self, host: str, port: int = 0, family: Any = socket.AF_INET) -> list[Any]:
        addresses = self.answers.pop(0) if len(self.answers) > 1 else self.answers[0]
        if not addresses:
            raise OSError(f"no such name: {host}")
        return [
            {
                "hostname": host,
                "host": address,
                "port": port,
                "family": socket.AF_INET6 if ":" in address else socket.AF_INET,
                "proto": 0,
                "flags": 0,
            }
            for address in addresses
        ]

    async def close(self) -> None:
        """Nothing is open."""


NOT_PUBLIC = (
    *("0.0.0.0", "10.1.2.3", "100.64.0.1", "127.0.0.1", "169.254.169.254", "172.16.0.1", "192.168.1.1", "198.18.0.1"),
    *("100.100.100.200", "168.63.129.16", "192.0.0.192", "192.0.2.1", "224.0.0.1", "240.0.0.1", "255.255.255.255"),
    *("::", "::1", "::127.0.0.1", "fe80::1", "fe80::1%eth0", "fc00::1", "fd00:ec2::254", "fec0::1", "ff02::1"),
    *("::ffff:127.0.0.1", "::ffff:169.254.169.254", "2002:7f00:1::1", "64:ff9b::7f00:1", "64:ff9b:1::1", "2001:db8::1"),
)
PUBLIC = ("1.1.1.1", "8.8.8.8", "::ffff:8.8.8.8", "2606:4700::1111", "64:ff9b::808:808", "2002:808:808::1")


@pytest.mark.parametrize("address", NOT_PUBLIC)
def test_an_address_that_leads_into_a_network_of_our_own_is_not_public(address):
    assert not is_public(address)


@pytest.mark.parametrize("address", PUBLIC)
def test_an_address_of_the_internet_is_public_however_it_is_written(address):
    assert is_public(address)


@pytest.mark.parametrize("host", ["127.0.0.1", "[::1]", "[::ffff:127.0.0.1]", "[::ffff:7f00:1]"])
async def test_an_address_that_is_not_public_is_not_connected_to(receiver, scene, host):
    posted = await scene.post(Webhook("crm", f"http://{host}:{receiver.server.port}/hook", ""))
    assert posted.error == "its host has an address that is not public; allow_private lets it"
    assert receiver.got == []


@pytest.mark.parametrize("host", ["127.1", "2130706433", "0x7f.0.0.1"])
async def test_an_unusual_spelling_of_an_address_gains_nothing(receiver, scene, host):
    assert (await scene.post(Webhook("crm", f"http://{host}:{receiver.server.port}/hook", ""))).error
    assert receiver.got == []


@pytest.mark.parametrize("addresses", [["127.0.0.1"], ["::1"], ["::ffff:127.0.0.1"], ["::1", "127.0.0.1"]])
async def test_a_name_that_resolves_to_such_an_address_is_not_connected_to(receiver, secret_file, addresses):
    scene = Scene(secret_file, Names(addresses))
    posted = await scene.post(Webhook("crm", f"http://rebind.example:{receiver.server.port}/hook", ""))
    assert posted.error == "its host has an address that is not public; allow_private lets it"
    assert receiver.got == []
    await scene.sender.close()


async def test_a_name_that_changes_its_address_after_it_was_looked_at_gains_nothing(receiver, secret_file):
    """What is checked is what is connected to, so there is no earlier look to deceive."""
    scene = Scene(secret_file, Names([], ["127.0.0.1"]))
    webhook = Webhook("crm", f"http://rebind.example:{receiver.server.port}/hook", "")
    assert (await scene.post(webhook)).error == "the name of its host is not known"
    assert "not public" in (await scene.post(webhook)).error
    assert receiver.got == []
    await scene.sender.close()


async def test_real_names_are_resolved(receiver, scene):
    posted = await scene.post(Webhook("crm", f"http://localhost:{receiver.server.port}/hook", ""))
    assert "not public" in posted.error
    own = Webhook("own", f"http://localhost:{receiver.server.port}/hook", "", allow_private=True)
    assert (await scene.post(own)).error is None


# secrets


@pytest.mark.parametrize(
    ("text", "wrong"),
    [
        (None, "cannot be read: No such file or directory"),
        ("", "is empty"),
        ("hunter2hunter2hunter2hunter2hunter2", "must have lines of whsec_"),
        ("whsec_hunter2", "must have lines of whsec_"),
        ("whsec_" + b64encode(b"short").decode(), "must have lines of whsec_"),
        (SECRET + "\nhunter2", "must have lines of whsec_"),
    ],
)
async def test_without_a_good_secret_nothing_is_sent_and_the_reason_shows_none_of_it(receiver, scene, text, wrong):
    scene.secret_file.unlink()
    if text is not None:
        scene.secret_file.write_text(text)
    posted = await scene.post(receiver.webhook())
    assert wrong in posted.error
    assert "hunter2" not in posted.error
    assert receiver.got == []


async def test_neither_results_nor_logs_show_the_secrets_or_the_token_of_an_address(receiver, scene, caplog):
    caplog.set_level(logging.DEBUG)
    receiver.status = 500
    urls = f"http://[::1/{TOKEN}", f"https://127.0.0.1:{receiver.server.port}/{TOKEN}", f"http://x y/{TOKEN}"
    broken = [Webhook("crm", url, "", allow_private=True) for url in urls]
    posted = [await scene.post(webhook) for webhook in (receiver.webhook(), *broken)]
    ours = [record.getMessage() for record in caplog.records if not record.name.startswith("aiohttp.access")]
    assert all(one.error for one in posted)
    assert "webhook crm: 500 Internal Server Error" in ours
    for shown in (*(one.error for one in posted), *ours):
        assert TOKEN not in shown
        assert SECRET[6:] not in shown


# gates


async def test_a_slow_endpoint_has_few_requests_at_once_and_keeps_no_other_waiting(receiver, scene):
    receiver.open.clear()
    stuck = [asyncio.create_task(scene.post(receiver.webhook("slow"))) for _ in range(AT_ONCE + 3)]
    for _ in range(AT_ONCE):
        await receiver.arrived.acquire()
    assert (await scene.post(receiver.webhook("other", path="dribble"))).error is None
    assert len(receiver.got) == AT_ONCE
    receiver.open.set()
    assert [posted.error for posted in await asyncio.gather(*stuck)] == [None] * len(stuck)


async def test_who_has_no_turn_in_time_asks_nothing_and_comes_again(receiver, scene):
    receiver.open.clear()
    stuck = [asyncio.create_task(scene.post(receiver.webhook())) for _ in range(AT_ONCE)]
    for _ in range(AT_ONCE):
        await receiver.arrived.acquire()
    posted = await scene.post(receiver.webhook(), limit=200)
    assert (posted.error, posted.asked) == ("others to this endpoint took all the time", False)
    receiver.open.set()
    await asyncio.gather(*stuck)


async def test_an_endpoint_that_fails_again_and_again_is_left_alone_for_a_while(receiver, scene):
    receiver.status = 500
    for _ in range(AT_ONCE):
        assert (await scene.post(receiver.webhook())).asked
    posted = await scene.post(receiver.webhook())
    assert (posted.error, posted.asked, len(receiver.got)) == ("it is left alone for a while", False, AT_ONCE)
    assert 0 < posted.retry_after <= PAUSES[0]


async def test_one_that_refuses_what_it_gets_works(receiver, scene):
    for number in range(3 * AT_ONCE):
        receiver.status = 404 if number % 5 == 0 else 500
        assert (await scene.post(receiver.webhook())).asked


async def ask(turns: Turns, *, works: bool = False, retry_after: float | None = None) -> None:
    assert await turns.take(1)
    with turns:
        turns.learn(works=works, retry_after=retry_after)


async def test_pauses_grow_until_it_works_again():
    now = [100.0]
    turns, pauses = Turns(steady=lambda: now[0]), []
    for _ in range(len(PAUSES) + 1):
        for _ in range(AT_ONCE):
            assert not turns.pause()
            await ask(turns)
        pauses.append(turns.pause())
        now[0] += pauses[-1]
    assert pauses == [pause / 1000 for pause in (*PAUSES, PAUSES[-1])]
    await ask(turns, works=True)
    for _ in range(AT_ONCE):
        await ask(turns)
    assert turns.pause() == PAUSES[0] / 1000


async def test_what_it_asks_for_wins_over_a_shorter_pause():
    turns = Turns(steady=lambda: 100.0)
    for _ in range(AT_ONCE):
        await ask(turns, retry_after=60)
    assert turns.pause() == 60


async def test_it_is_left_alone_for_six_hours_at_most_whatever_it_asks_for():
    turns = Turns(steady=lambda: 100.0)
    await ask(turns, retry_after=1e9)
    assert turns.pause() * 1000 == LEFT_ALONE


async def test_who_waited_for_a_turn_while_the_pause_began_leaves_it_alone_too(receiver, scene):
    receiver.status, receiver.headers = 429, {"Retry-After": "30"}
    receiver.open.clear()
    out = [asyncio.create_task(scene.post(receiver.webhook())) for _ in range(AT_ONCE + 3)]
    for _ in range(AT_ONCE):
        await receiver.arrived.acquire()
    receiver.open.set()
    posted = await asyncio.gather(*out)
    assert [one.asked for one in posted] == [True] * AT_ONCE + [False] * 3
    assert all(29 * SECOND < one.retry_after <= 30 * SECOND for one in posted)


async def test_a_changed_entry_is_asked_at_once(receiver, scene):
    receiver.status, receiver.headers = 503, {"Retry-After": "3600"}
    await scene.post(receiver.webhook())
    receiver.status = 204
    assert not (await scene.post(receiver.webhook())).asked
    assert (await scene.post(receiver.webhook(path="dribble"))).error is None


async def test_closing_ends_what_is_out_with_a_failure(receiver, scene):
    receiver.open.clear()
    out = asyncio.create_task(scene.post(receiver.webhook()))
    await receiver.arrived.acquire()
    await scene.sender.close()
    assert (await out).error


def test_each_that_would_wait_too_long_is_given_a_time_of_its_own_to_come_back():
    turns = Turns(steady=lambda: 100.0)
    for _ in range(AT_ONCE * 20):
        turns.learn(works=True, took=1.0)
    places = [turns.book() for _ in range(160)]
    assert places == sorted(set(places))
    assert 18 < places[-1] < 22  # 160 of a second each, eight at once

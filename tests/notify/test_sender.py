from __future__ import annotations

import asyncio
import json
import logging
import socket
from collections.abc import AsyncIterator, Iterator
from typing import Any

import pytest
from aiohttp import web
from aiohttp.test_utils import TestServer

from sla_monitor.clock import ManualClock
from sla_monitor.core.effects import Send
from sla_monitor.core.rules import MINUTE, Manager, Rules
from sla_monitor.notify.apprise_channel import PER_PLACE
from sla_monitor.notify.channels import OTHERS, registry
from sla_monitor.notify.failure import Failed
from sla_monitor.notify.sender import Sender

RULES = Rules(managers={"anna": Manager("anna", languages=("ru",))})
SECRET = "s3cr3t-t0ken"


class Hook:
    """A receiver of json:// notices that answers with `status`, once `open` is set."""

    def __init__(self) -> None:
        self.status = 200
        self.headers = {"Retry-After": "5"}
        self.open = asyncio.Event()
        self.open.set()
        self.got: list[dict[str, Any]] = []
        self.arrived = asyncio.Semaphore(0)
        self.server: TestServer

    async def answer(self, request: web.Request) -> web.Response:
        self.got.append(await request.json() if request.can_read_body else {})
        self.arrived.release()
        await self.open.wait()
        return web.Response(status=self.status, headers=self.headers)

    @property
    def address(self) -> str:
        return f"json://127.0.0.1:{self.server.port}/{SECRET}"


@pytest.fixture
async def hook() -> AsyncIterator[Hook]:
    hook = Hook()
    app = web.Application()
    app.router.add_route("*", "/{path:.*}", hook.answer)
    hook.server = TestServer(app)
    await hook.server.start_server()
    yield hook
    hook.open.set()
    await hook.server.close()


class Scene:
    def __init__(self, sender: Sender, clock: ManualClock, seen: list[tuple[str, str]]) -> None:
        self.sender, self.clock, self.seen = sender, clock, seen

    async def send(self, channel: str, *, kind: str = "assigned", number: int = 1, limit: int = 30_000, **details: Any):
        effect = Send(
            key="L1",
            notice_id=f"L1:1:assigned:{number}",
            lead_id="L1",
            manager_id="anna",
            channel=channel,
            kind=kind,
            turn=1,
            at=0,
            attempt=7,
            limit=limit,
            test=False,
            details=details,
        )
        return await self.sender.send(effect, RULES)


@pytest.fixture
async def scene(tmp_path) -> AsyncIterator[Scene]:
    clock, seen = ManualClock(1000), []
    sender = Sender(registry(tmp_path, clock), clock, lambda scheme, result, _: seen.append((scheme, result)))
    yield Scene(sender, clock, seen)
    await sender.close()


async def test_a_hook_gets_the_rendered_text_and_the_stable_id_of_the_notice(hook, scene):
    sent = await scene.send(hook.address, lead_name="Иван <b>")
    assert sent.error is None
    (got,) = hook.got
    assert got["title"] == "Вам новый лид: Иван <b>"
    assert got["notice_id"] == "L1:1:assigned:1"


async def test_the_result_names_the_attempt_and_the_instant_it_ended(hook, scene):
    sent = await scene.send(hook.address)
    assert (sent.lead_id, sent.notice_id, sent.attempt, sent.at) == ("L1", "L1:1:assigned:1", 7, 1000)


async def test_r31_the_log_does_not_learn_who_the_customer_is(scene, tmp_path):
    sent = await scene.send("log://", lead_name="Иван", customer="+74951234567")
    assert sent.error is None
    line = (tmp_path / "notifications.log").read_text("utf-8")
    assert json.loads(line)["title"] == "Вам новый лид: L1"
    assert "+74951234567" not in line


async def test_every_attempt_is_observed_by_its_scheme_and_result(hook, scene):
    await scene.send("log://")
    hook.status = 500
    await scene.send(hook.address)
    assert scene.seen == [("log", "sent"), ("json", "failed")]


async def test_a_server_error_is_to_be_tried_again(hook, scene):
    hook.status = 500
    sent = await scene.send(hook.address)
    assert "error=500" in sent.error
    assert not sent.permanent
    assert sent.retry_after is None


async def test_a_hook_learns_which_notices_are_in_a_digest(hook, scene):
    items = [{"kind": "assigned", "lead_id": "L1", "turn": 1}]
    await scene.send(hook.address, kind="digest", items=items, count=2, notices=["n1", "n2"])
    (got,) = hook.got
    assert (got["notice_id"], got["notices"]) == ("L1:1:assigned:1", ["n1", "n2"])
    assert got["message"] == "- Вам новый лид: L1\nИ ещё 1."


async def test_the_link_by_which_a_lead_is_taken_is_a_line_of_the_text(hook, tmp_path):
    clock = ManualClock()
    sender = Sender(
        registry(tmp_path, clock), clock, lambda *_: None, lambda notice: f"https://x.example/{notice.turn}"
    )
    await Scene(sender, clock, []).send(hook.address)
    await sender.close()
    assert hook.got[0]["message"].endswith("\nВзять: https://x.example/1")


@pytest.mark.parametrize("status", [301, 302, 303, 307, 308])
async def test_a_redirect_is_a_failure_with_its_remedy_and_nobody_follows_it(hook, scene, status):
    hook.status, hook.headers = status, {"Location": f"http://127.0.0.1:{hook.server.port}/login"}
    sent = await scene.send(f"{hook.address}?redirect=yes", customer="+74951234567")
    assert sent.error.endswith(f": {status}: a redirect, which is not followed; put the final address into the policy")
    assert not sent.permanent
    assert len(hook.got) == 1


async def test_an_address_cannot_make_a_success_of_a_failure_nor_try_again_by_itself(hook, scene):
    hook.status = 500
    sent = await scene.send(f"{hook.address}?optional=yes&retry=3&wait=1")
    assert sent.error is not None
    assert len(hook.got) == 1


async def test_a_refusal_of_the_message_is_permanent(hook, scene):
    hook.status = 422
    assert (await scene.send(hook.address)).permanent


async def test_too_many_requests_ask_for_a_pause(hook, scene):
    hook.status = 429
    sent = await scene.send(hook.address)
    assert (sent.permanent, sent.retry_after) == (False, MINUTE)


async def test_an_address_that_no_channel_knows_is_a_permanent_failure(scene):
    sent = await scene.send(f"nothing://{SECRET}")
    assert sent.permanent
    assert SECRET not in sent.error


async def test_a_receiver_that_is_not_there_is_to_be_tried_again(scene):
    with socket.socket() as closed:
        closed.bind(("127.0.0.1", 0))
        port = closed.getsockname()[1]
    sent = await scene.send(f"json://127.0.0.1:{port}/")
    assert "onnection" in sent.error
    assert not sent.permanent


class Lines(logging.Handler):
    """What reaches the root logger, but for the receiver's own lines."""

    def __init__(self) -> None:
        super().__init__()
        self.seen: list[str] = []

    def emit(self, record: logging.LogRecord) -> None:
        if not record.name.startswith("aiohttp"):
            self.seen.append(record.getMessage())


@pytest.fixture
def lines(caplog) -> Iterator[Lines]:
    caplog.set_level(logging.DEBUG)
    handler = Lines()
    logging.getLogger().addHandler(handler)
    yield handler
    logging.getLogger().removeHandler(handler)


async def test_neither_errors_nor_logs_show_the_secrets_of_an_address(hook, scene, lines):
    hook.status = 500
    sent = await scene.send(f"json://anna:{SECRET}@127.0.0.1:{hook.server.port}/{SECRET}?token={SECRET}")
    bad = await scene.send(f"tgram://{SECRET}/")
    assert "json://127.0.0.1" in sent.error
    assert SECRET not in sent.error + bad.error
    assert SECRET not in "".join(lines.seen)


async def test_an_attempt_ends_within_half_of_its_limit(hook, scene):
    hook.open.clear()
    sent = await scene.send(hook.address, limit=200)
    assert sent.error == "no answer in time"
    assert not sent.permanent


async def test_the_limit_is_time_of_the_domain_like_the_timer_that_waits_for_it(hook, scene):
    hook.open.clear()
    scene.clock.speed = 1000.0
    async with asyncio.timeout(2):
        assert (await scene.send(hook.address, limit=200_000)).error == "no answer in time"


async def test_a_dead_place_holds_few_attempts_and_keeps_nobody_else_waiting(hook, scene):
    hook.open.clear()
    stuck = [asyncio.create_task(scene.send(hook.address, number=n)) for n in range(PER_PLACE + 3)]
    for _ in range(PER_PLACE):
        await hook.arrived.acquire()
    assert (await scene.send("log://")).error is None
    assert len(hook.got) == PER_PLACE
    hook.open.set()
    assert [sent.error for sent in await asyncio.gather(*stuck)] == [None] * len(stuck)


class Stuck:
    """A channel that hands nothing over before `open` is set, and then fails."""

    personal = True
    at_once = PER_PLACE

    def __init__(self) -> None:
        self.open = asyncio.Event()
        self.called = asyncio.Event()
        self.calls = 0

    def longest(self, _: str) -> int:
        return 1000

    async def send(self, notice: Any, message: Any) -> None:
        self.calls += 1
        self.called.set()
        await self.open.wait()
        raise Failed("too late")

    def close(self) -> None:
        self.open.set()


async def test_an_abandoned_attempt_keeps_its_turn_until_it_ends():
    channel, clock = Stuck(), ManualClock()
    scene = Scene(Sender({OTHERS: channel}, clock, lambda *_: None), clock, [])
    await asyncio.gather(*(scene.send("x://y", number=n, limit=40) for n in range(PER_PLACE)))
    waited = await scene.send("x://y", number=PER_PLACE, limit=40)
    assert (waited.error, waited.asked) == ("others to this place took all the time", False)
    assert channel.calls == PER_PLACE
    channel.open.set()
    assert (await scene.send("x://y", number=PER_PLACE)).error == "too late"
    await scene.sender.close()


async def test_a_message_that_arrives_after_its_attempt_was_given_up_is_not_sent_again(hook, scene):
    hook.open.clear()
    assert (await scene.send(hook.address, limit=400)).error == "no answer in time"
    hook.open.set()
    assert (await scene.send(hook.address, limit=30_000)).error is None
    assert len(hook.got) == 1
    assert (await scene.send(hook.address)).error is None  # its end was told: this is another
    assert len(hook.got) == 2


async def test_an_attempt_that_fails_after_it_was_given_up_is_made_again():
    channel, clock = Stuck(), ManualClock()
    scene = Scene(Sender({OTHERS: channel}, clock, lambda *_: None), clock, [])
    await scene.send("x://y", limit=40)
    channel.open.set()
    await asyncio.wait({*scene.sender._running.values()})
    assert (await scene.send("x://y")).error == "too late"
    assert channel.calls == 2
    await scene.sender.close()


async def test_what_nobody_asks_for_again_is_not_remembered_for_ever(monkeypatch, hook, scene):
    monkeypatch.setattr("sla_monitor.notify.sender.REMEMBERED", 3)
    hook.open.clear()
    await asyncio.gather(*(scene.send(hook.address, number=n, limit=400) for n in range(PER_PLACE)))
    hook.open.set()
    for n in range(10, 14):
        await scene.send(hook.address, number=n)
    assert len(scene.sender._running) <= PER_PLACE


async def test_closing_ends_what_is_out_with_a_failure_to_be_tried_again():
    channel, clock = Stuck(), ManualClock()
    scene = Scene(Sender({OTHERS: channel}, clock, lambda *_: None), clock, [])
    out = asyncio.create_task(scene.send("x://y"))
    await channel.called.wait()
    await scene.sender.close()
    sent = await out
    assert sent.error == "stopped before an answer"
    assert not sent.permanent


async def test_a_channel_that_breaks_is_a_failure_that_quotes_nothing():
    class Broken(Stuck):
        async def send(self, notice: Any, message: Any) -> None:
            raise RuntimeError(SECRET)

    scene = Scene(Sender({OTHERS: Broken()}, ManualClock(), lambda *_: None), ManualClock(), [])
    assert (await scene.send("x://y")).error == "RuntimeError"


async def test_a_log_that_cannot_be_written_is_a_failure_to_be_tried_again(tmp_path):
    (tmp_path / "notifications.log").mkdir()
    sender = Sender(registry(tmp_path, ManualClock()), ManualClock(), lambda *_: None)
    sent = await Scene(sender, ManualClock(), []).send("log://")
    assert sent.error == "IsADirectoryError"
    assert not sent.permanent

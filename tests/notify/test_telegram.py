"""telegram:// against a server that speaks the Bot API."""

from __future__ import annotations

import socket
from collections.abc import AsyncIterator
from dataclasses import replace

import pytest

from sla_monitor.bootstrap import buttons_of
from sla_monitor.claims import ClaimLinks
from sla_monitor.clock import ManualClock
from sla_monitor.core.effects import Send
from sla_monitor.core.events import Sent
from sla_monitor.core.rules import MINUTE, SECOND, Manager, Rules
from sla_monitor.notify.channels import registry
from sla_monitor.notify.provider import Provider
from sla_monitor.notify.render import Link, no_link
from sla_monitor.notify.sender import Sender
from tests.notify.providers import Telegram

RULES = Rules(managers={"anna": Manager("anna", languages=("ru",), notify=("telegram://7",))})
BUTTONS = ClaimLinks(ManualClock(), None, ["a secret of thirty-two characters"])
LINK = "https://sla.example/claim/t0k3n"


@pytest.fixture
async def telegram() -> AsyncIterator[Telegram]:
    async with Telegram() as made:
        yield made


class Scene:
    def __init__(self, tmp_path, provider: Provider, link: Link = no_link) -> None:
        self.clock = ManualClock(1000, speed=20)
        channels = registry(tmp_path, self.clock, telegram=provider, button=buttons_of(BUTTONS))
        self.sender = Sender(channels, self.clock, lambda *_: None, link)

    async def send(self, lead_id: str = "L1", channel: str = "telegram://7", kind: str = "assigned", **more) -> Sent:
        effect = Send(
            key="row",
            notice_id=f"{lead_id}:2:{kind}",
            lead_id=lead_id,
            manager_id="anna",
            channel=channel,
            kind=kind,
            turn=2,
            at=0,
            attempt=1,
            limit=30 * SECOND,
            test=False,
            details=more,
        )
        try:
            return await self.sender.send(effect, RULES)
        finally:
            await self.sender.close()


@pytest.fixture
def scene(telegram, tmp_path):
    def make(link: Link = no_link, **changes) -> Scene:
        return Scene(tmp_path, replace(Provider(telegram.url, telegram.token, buttons=True), **changes), link)

    return make


async def test_a_message_is_plain_text_to_the_chat(telegram, scene):
    sent = await scene().send(lead_name="Иван <b>&", customer="+7495")
    assert sent.error is None
    (got,) = telegram.got
    assert got["chat_id"] == 7
    assert got["text"].startswith("Вам новый лид: Иван <b>&\n")
    assert "Клиент: +7495" in got["text"]
    assert "parse_mode" not in got
    assert got["link_preview_options"] == {"is_disabled": True}


async def test_one_button_takes_the_lead_and_one_opens_the_page(telegram, scene):
    await scene(lambda _: LINK).send()
    assert telegram.buttons(telegram.got[0]) == [
        {"text": "Взять", "callback_data": BUTTONS.button("L1", 2, "anna")},
        {"text": "Открыть в браузере", "url": LINK},
    ]
    assert LINK not in telegram.got[0]["text"]


async def test_in_a_group_the_link_takes_nothing_and_leads_to_the_lead_on_the_board(telegram, scene):
    board = "https://sla.example/#lead=L1"
    await scene(lambda _: board).send(channel="telegram://-1001")
    assert telegram.buttons(telegram.got[0]) == [
        {"text": "Взять", "callback_data": BUTTONS.button("L1", 2, "anna")},
        {"text": "Открыть доску", "url": board},
    ]
    await scene(lambda _: board, buttons=False).send(channel="telegram://-1001")
    assert telegram.buttons(telegram.got[1]) == [{"text": "Открыть доску", "url": board}]


async def test_without_a_place_for_call_backs_the_link_takes_the_lead(telegram, scene):
    await scene(lambda _: LINK, buttons=False).send()
    assert telegram.buttons(telegram.got[0]) == [{"text": "Взять", "url": LINK}]


async def test_a_lead_id_too_long_for_a_button_has_the_link_alone(telegram, scene):
    sent = await scene(lambda _: LINK).send("ё" * 60)
    assert sent.error is None
    assert telegram.buttons(telegram.got[0]) == [{"text": "Взять", "url": LINK}]


async def test_a_link_that_telegram_takes_for_no_button_is_a_line_of_the_text(telegram, scene):
    sent = await scene(lambda _: "http://localhost:8080/claim/t", buttons=False).send()
    assert sent.error is None
    assert telegram.got[0]["text"].endswith("\nВзять: http://localhost:8080/claim/t")
    assert telegram.buttons(telegram.got[0]) == []


async def test_what_cannot_be_taken_has_no_buttons(telegram, scene):
    await scene(lambda _: LINK).send(kind="answered", by="anna")
    assert telegram.buttons(telegram.got[0]) == []


async def test_a_digest_has_a_link_to_the_board_and_nothing_that_takes_a_lead(telegram, scene):
    await scene(lambda _: "https://sla.example/").send(kind="digest", items=[], count=2)
    assert telegram.buttons(telegram.got[0]) == [{"text": "Открыть доску", "url": "https://sla.example/"}]


async def test_a_text_longer_than_telegram_takes_is_cut(telegram, scene):
    assert (await scene().send(lead_name="x" * 9000)).error is None
    assert len(telegram.texts()[0]) <= 4096


@pytest.mark.parametrize(
    ("channel", "said"),
    [
        ("telegram://403", "Forbidden: bot was blocked by the user"),
        ("telegram://999", "Bad Request: chat not found"),
        ("telegram://anna", "telegram:// must have the number of a chat"),
    ],
)
async def test_a_chat_that_takes_nothing_is_a_permanent_failure(scene, channel, said):
    sent = await scene().send(channel=channel)
    assert (sent.error, sent.permanent) == (said, True)


async def test_a_group_that_moved_is_named_with_its_new_number(telegram, scene):
    said = {"ok": False, "error_code": 400, "description": "...", "parameters": {"migrate_to_chat_id": -1009}}
    telegram.trouble = [(400, said, {})]
    sent = await scene().send()
    assert sent.error == "the group is a supergroup now: write telegram://-1009 into the policy"
    assert sent.permanent


async def test_too_many_requests_are_left_alone_for_as_long_as_telegram_says(telegram, scene):
    telegram.trouble = [telegram.too_many(35)]
    sent = await scene().send()
    assert (sent.permanent, sent.retry_after) == (False, 35 * SECOND)


async def test_a_wrong_token_may_be_put_right(scene):
    sent = await scene(token="1234:other").send()
    assert (sent.error, sent.permanent) == ("Unauthorized", False)


async def test_a_token_that_is_not_set_is_named(scene):
    sent = await scene(token=None).send()
    assert (sent.error, sent.permanent) == ("SLA_TELEGRAM_TOKEN is not set", False)


async def test_an_answer_that_is_none_of_telegram_is_to_be_tried_again(telegram, scene):
    telegram.down = True
    sent = await scene().send()
    assert (sent.error, sent.permanent) == ("HTTP 502", False)


@pytest.mark.parametrize("answer", [[], {"ok": True, "x": "y" * 100_000}, {"ok": "yes"}])
async def test_an_answer_that_says_nothing_is_a_failure_to_be_tried_again(telegram, scene, answer):
    telegram.trouble = [(200, answer, {})]
    sent = await scene().send()
    assert (sent.error, sent.permanent) == ("HTTP 200", False)


async def test_a_slow_answer_is_none(telegram, scene):
    telegram.open.clear()
    sent = await scene().send()
    assert (sent.error, sent.permanent) == ("no answer in time", False)


async def test_neither_the_token_nor_a_link_is_in_what_is_said_of_a_failure(telegram, scene):
    with socket.socket() as closed:
        closed.bind(("127.0.0.1", 0))
        gone = await scene(url=f"http://127.0.0.1:{closed.getsockname()[1]}").send()
    assert gone.error == "cannot be reached (ClientConnectorError)"
    quoted = {"ok": False, "description": f"Bad Request: inline keyboard button URL '{LINK}' is invalid"}
    telegram.trouble = [(400, quoted, {})]
    refused = await scene(lambda _: LINK).send()
    assert refused.error == "Bad Request: inline keyboard button URL '...' is invalid"


async def test_a_redirect_is_not_followed(telegram, scene):
    telegram.trouble = [(302, {}, {"Location": "https://evil.example/"})]
    sent = await scene().send()
    assert (sent.error, sent.permanent) == ("HTTP 302", False)
    assert telegram.asked == 1


@pytest.mark.parametrize(("header", "wait"), [("60", MINUTE), ("soon", None), ("9" * 30, None)])
async def test_a_pause_may_stand_in_the_header_alone(telegram, scene, header, wait):
    telegram.trouble = [(429, {}, {"Retry-After": header})]
    assert (await scene().send()).retry_after == wait

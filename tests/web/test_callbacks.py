"""What a button of a notice sends back, and what it says to who pressed it."""

from __future__ import annotations

import asyncio
import hmac
import json
from collections.abc import AsyncIterator
from dataclasses import replace
from hashlib import sha256
from typing import Any
from urllib.parse import urlencode

import pytest
from aiohttp import web
from aiohttp.test_utils import TestServer

from sla_monitor.clock import monotonic
from sla_monitor.codec import decode_record
from sla_monitor.core.events import LeadClaimed
from sla_monitor.core.lead import Kind, Lead, Phase, Turn
from sla_monitor.core.rules import Hours, Manager, Rules
from sla_monitor.records import Record
from sla_monitor.web.context import Secrets
from tests.rows import lead_row
from tests.web.site import NOW, Site

MINUTE = 60_000
TELEGRAM, SLACK = "t3l3gram-secret", "sl4ck-secret"
RULES = Rules(
    version=1,
    calendars={"office": Hours("Europe/Moscow")},
    managers={
        "anna": Manager("anna", "Анна", shift="office", languages=("ru",), notify=("telegram://7", "slack://U0ANNA00")),
        "vera": Manager("vera", "Vera", notify=("telegram://8", "telegram://-100", "slack://U0VERA00")),
    },
)


YOURS = "Лид L1 ваш. Ответьте, пожалуйста, в срок. Ответить до: 09:10 MSK."
TAKEN = "Vera: на этот раз быстрее. Лид L1 теперь не у вас."
GONE = "Лида больше нет. Данные о нём уже не хранятся."


class Hooks:
    """Where Slack takes answers to a button."""

    def __init__(self) -> None:
        self.got: asyncio.Queue[dict[str, Any]] = asyncio.Queue()

    async def take(self, request: web.Request) -> web.Response:
        await self.got.put(await request.json())
        return web.Response()


class Desk:
    """A site with a worker behind it. The buttons are those of turn 1 of lead L1, which vera holds."""

    def __init__(self, site: Site, hooks: Hooks, url: str) -> None:
        self.site, self.hooks, self.hook = site, hooks, f"{url}/actions/1"
        site.log.decide = self._decide
        self.put()

    def put(self, holder: str = "vera", turn: int = 1, **changes: Any) -> None:
        turns = [Turn(turn, holder, NOW, NOW + 10 * MINUTE, Kind.FIRST)]
        known = {"phase": Phase.OPEN, "turn": turn, "holder": holder, "due_at": NOW + 10 * MINUTE, "turns": turns}
        self.site.log.put(lead_row("L1", **known | changes))

    def _decide(self, record: Record) -> None:
        claim = decode_record(record.value)
        self.put(claim.manager_id, 2)

    @property
    def claims(self) -> list[LeadClaimed]:
        return [decode_record(record.value) for record in self.site.log.appended]

    # Telegram

    def button(self, lead_id: str = "L1", turn: int = 1, manager_id: str = "anna") -> str | None:
        """What the button of a notice sends back."""
        return self.site.claims.button(lead_id, turn, manager_id)

    async def press(self, who: int = 7, chat: int | None = None, data: Any = None, secret: str = TELEGRAM):
        """The status, and what is shown to who pressed. data: of the button of their own notice, if not said."""
        data = self.button(manager_id={8: "vera"}.get(who, "anna")) if data is None else data
        message = {"message_id": 5, "chat": {"id": who if chat is None else chat, "type": "private"}}
        query = {"id": "4382", "from": {"id": who, "is_bot": False}, "message": message, "data": data}
        return await self.update({"update_id": 1, "callback_query": query}, secret)

    async def update(self, body: Any, secret: str = TELEGRAM):
        headers = {"X-Telegram-Bot-Api-Secret-Token": secret}
        async with self.site.http.post("/callbacks/telegram", json=body, headers=headers) as answer:
            said = await answer.json(content_type=None)
            return answer.status, said.get("text")

    # Slack

    async def slack(self, who: str = "U0ANNA00", secret: str = SLACK, at: int = NOW, **changes: Any) -> int:
        """The status."""
        value = {"lead": "L1", "turn": 1, "manager": "anna"} | changes.pop("value", {})
        payload = {
            "type": "block_actions",
            "user": {"id": who},
            "actions": [{"action_id": "take", "value": json.dumps(value)}],
            "response_url": self.hook,
        } | changes
        return await self.post(urlencode({"payload": json.dumps(payload)}).encode(), secret, at)

    async def post(self, body: bytes, secret: str = SLACK, at: int = NOW) -> int:
        stamp = str(at // 1000)
        signed = hmac.new(secret.encode(), f"v0:{stamp}:".encode() + body, sha256).hexdigest()
        headers = {
            "Content-Type": "application/x-www-form-urlencoded",
            "X-Slack-Request-Timestamp": stamp,
            "X-Slack-Signature": f"v0={signed}",
        }
        async with self.site.http.post("/callbacks/slack", data=body, headers=headers) as answer:
            return answer.status

    async def said(self) -> str:
        """What Slack shows to who pressed."""
        async with asyncio.timeout(5):
            answer = await self.hooks.got.get()
        assert (answer["response_type"], answer["replace_original"]) == ("ephemeral", False)
        return str(answer["text"])


@pytest.fixture
async def desk() -> AsyncIterator[Desk]:
    hooks, app = Hooks(), web.Application()
    app.router.add_post("/actions/1", hooks.take)
    async with TestServer(app) as server:
        url = f"http://127.0.0.1:{server.port}"
        secrets = Secrets(telegram=TELEGRAM, slack=SLACK, slack_hooks=("https://hooks.slack.com/", f"{url}/"))
        async with Site(secrets=secrets) as site:
            site.rules = RULES
            yield Desk(site, hooks, url)


# taking


async def test_a_button_takes_the_lead_and_says_until_when(desk):
    assert await desk.press() == (200, YOURS)
    (claim,) = desk.claims
    assert (claim.lead_id, claim.turn, claim.manager_id, claim.at) == ("L1", 1, "anna", NOW)
    assert claim.origin.uri == "/sla-monitor/claim"
    assert desk.site.log.appended[0].key == b"L1"


async def test_the_same_in_slack(desk):
    assert await desk.slack() == 200
    assert await desk.said() == YOURS
    (claim,) = desk.claims
    assert (claim.lead_id, claim.turn, claim.manager_id) == ("L1", 1, "anna")
    assert claim.origin.uri == "/sla-monitor/claim"


async def test_a_call_back_that_comes_again_and_the_same_button_elsewhere_are_the_same_event(desk):
    desk.site.log.decide = lambda _: None
    await asyncio.gather(desk.press(), desk.press(), desk.slack(), desk.slack())
    assert len(desk.claims) == 4
    assert len({claim.origin.uid() for claim in desk.claims}) == 1


async def test_who_has_the_lead_already_confirms_it(desk):
    desk.put("anna")
    _, said = await desk.press()
    assert said.startswith("Лид L1 ваш.")
    assert len(desk.claims) == 1


async def test_who_comes_too_late_is_told_who_has_it(desk):
    desk.put("vera", turn=2)
    assert await desk.press() == (200, TAKEN)
    await desk.slack()
    assert await desk.said() == TAKEN
    assert desk.claims == []


async def test_who_loses_while_it_is_decided_is_told_who_won(desk):
    desk.site.log.decide = lambda _: desk.put("vera", turn=2)
    assert await desk.press() == (200, TAKEN)


async def test_a_claim_that_was_applied_and_changed_nothing_is_said_to_be_so(desk):
    def refuse(record: Record) -> None:
        desk.put("vera", seen={decode_record(record.value).origin.uid(): 0})

    desk.site.log.decide = refuse
    assert (await desk.press())[1].startswith("Лид L1 не может стать вашим.")


async def test_r25_a_lead_that_became_part_of_another_is_taken_there(desk):
    desk.site.log.put(Lead("L0", phase=Phase.JOINED, joined_to="L1"))
    assert (await desk.press(data=desk.button("L0")))[1].startswith("Лид L0 стал частью другого.")
    assert desk.claims == []


async def test_a_lead_that_waits_for_nobody_is_not_taken(desk):
    desk.put(phase=Phase.ANSWERED)
    assert await desk.press() == (200, "На лид L1 ответили. Делать ничего не нужно. Ответ: другого менеджера.")
    assert desk.claims == []


async def test_a_lead_that_is_not_known_is_not_taken(desk):
    for lead_id in ("L404", "?", "\x01heartbeat-0"):
        assert await desk.press(data=desk.button(lead_id)) == (200, GONE)
    assert desk.claims == []


async def test_a_decision_that_is_not_there_yet_is_said_to_come(desk):
    desk.site.log.decide = lambda _: None
    status, said = await desk.press()
    assert (status, said.partition(".")[0]) == (200, "Пока неизвестно")


async def test_slack_gets_its_answer_in_time_and_what_became_of_it_later(desk):
    desk.site.log.decide = lambda _: None
    began = monotonic()
    assert await desk.slack() == 200
    assert monotonic() - began < 3
    assert (await desk.said()).startswith("Пока неизвестно.")


async def test_what_slack_shows_later_may_be_that_nothing_is_known_to_be_stored(desk):
    desk.site.log.gate.clear()
    assert await desk.slack() == 200
    desk.site.log.broken = True
    desk.site.log.gate.set()
    assert (await desk.said()).startswith("It is not known whether that was kept.")


async def test_a_name_in_an_answer_of_slack_is_no_markup(desk):
    desk.site.rules = replace(RULES, managers=RULES.managers | {"vera": Manager("vera", "<!channel> & co")})
    desk.put("vera", turn=2)
    await desk.slack()
    assert (await desk.said()).startswith("&lt;!channel&gt; &amp; co: ")


async def test_when_nothing_can_be_stored_the_provider_is_to_ask_again(desk):
    desk.site.log.broken = True
    assert (await desk.press())[0] == 503
    assert await desk.slack() == 503


# who pressed


async def test_somebody_else_takes_nothing(desk):
    assert await desk.press(who=9) == (200, "This button is for somebody else.")
    assert await desk.press(who=8, chat=7) == (200, "This button is for somebody else.")
    await desk.slack(who="U0VERA00")
    assert await desk.said() == "This button is for somebody else."
    await desk.slack(who="U0STRANGE")
    assert await desk.said() == "This button is for somebody else."
    assert desk.claims == []


async def test_in_a_group_the_manager_whom_it_is_for_takes_the_lead(desk):
    desk.put("anna")
    assert (await desk.press(who=7, chat=-100))[1] == "Эта кнопка не для вас."
    assert (await desk.press(who=8, chat=-100))[1].startswith("The lead L1 is yours.")
    assert [claim.manager_id for claim in desk.claims] == ["vera"]


# what is no call-back


@pytest.mark.parametrize("secret", ["", "wrong", TELEGRAM + "x", "ё"])
async def test_a_call_back_without_the_secret_of_the_bot_is_refused(desk, secret):
    assert (await desk.press(secret=secret))[0] == 401
    assert desk.claims == []


async def test_a_call_back_that_slack_did_not_sign_is_refused(desk):
    assert await desk.slack(secret="other") == 401
    async with desk.site.http.post("/callbacks/slack", data=b"payload={}") as answer:
        assert answer.status == 401
    assert desk.claims == []


async def test_a_signature_is_of_the_body_that_came(desk):
    stamp, body = str(NOW // 1000), b"payload=%7B%7D"
    signed = hmac.new(SLACK.encode(), f"v0:{stamp}:".encode() + body, sha256).hexdigest()
    headers = {"X-Slack-Request-Timestamp": stamp, "X-Slack-Signature": f"v0={signed}"}
    async with desk.site.http.post("/callbacks/slack", data=body + b"1", headers=headers) as answer:
        assert answer.status == 401


@pytest.mark.parametrize("age", [301_000, -301_000])
async def test_a_signature_older_than_five_minutes_is_refused(desk, age):
    assert await desk.slack(at=NOW - age) == 401
    assert await desk.slack(at=NOW - 299_000) == 200


@pytest.mark.parametrize("stamp", ["", "now", "²", "-1", "1" * 40])
async def test_a_time_that_is_none_is_refused(desk, stamp):
    body = b"payload=%7B%7D"
    signed = hmac.new(SLACK.encode(), b"v0:%b:%b" % (stamp.encode(), body), sha256).hexdigest()
    headers = {"X-Slack-Request-Timestamp": stamp, "X-Slack-Signature": f"v0={signed}"}
    async with desk.site.http.post("/callbacks/slack", data=body, headers=headers) as answer:
        assert answer.status == 401


async def test_without_secrets_no_call_backs_are_taken(site):
    for path in ("/callbacks/telegram", "/callbacks/slack"):
        async with site.http.post(path, data=b"{}") as answer:
            assert answer.status == 404


@pytest.mark.parametrize(
    "body",
    [
        {},
        {"message": {"text": "hello"}},
        {"callback_query": None},
        {"callback_query": {"id": "1"}},
        {"callback_query": {"id": "1", "from": 7, "message": {"chat": []}, "data": "other:1:L1"}},
    ],
)
async def test_other_updates_of_the_bot_are_passed_over(desk, body):
    assert await desk.update(body) == (200, None)


UNSIGNED = "Эта кнопка больше не действует. Откройте лид по ссылке или на доске."


@pytest.mark.parametrize(
    "data",
    [
        *("take", "take:", "take:x:L1", "take:²:L1", "take:99999999999999999999:L1", "take:1:L1", "take:0:L1"),
        *("take:1:AAAAAAAAAAA:L1", "take:1::L1", "take:1:\ud800:L1", "take:-1:AAAAAAAAAAA:L1", "take:1:AAAAAAAAAAA:"),
    ],
)
async def test_a_button_that_was_not_signed_by_us_takes_nothing_and_says_so(desk, data):
    """Also one of a notice that was written before buttons were signed."""
    assert await desk.press(data=data) == (200, UNSIGNED)
    assert desk.claims == []


@pytest.mark.parametrize("sent", [5, {"a": 1}, ["take"], "", "grab:1:L1"])
async def test_what_is_no_button_of_ours_is_passed_over(desk, sent):
    assert await desk.press(data=sent) == (200, None)


async def test_a_button_is_for_the_manager_the_turn_and_the_lead_that_it_was_made_for(desk):
    """A client of one's own sends what it likes: a lead that its owner was never told of is not taken so."""
    seal = desk.button().split(":")[2]
    desk.put("vera", turn=2)
    forged = [f"take:2:{seal}:L1", f"take:1:{seal}:L2", desk.button(manager_id="vera"), desk.button()[:-2] + "L11"]
    for data in forged:
        assert await desk.press(data=data) == (200, UNSIGNED)
    assert desk.claims == []


@pytest.mark.parametrize("turn", [0, -5, 1_000_001, 10**30])
async def test_a_turn_that_cannot_be_is_answered_and_takes_nothing(desk, turn):
    """A call-back that is not answered 200 is sent again and again."""
    desk.put("vera", turn=turn if turn == 0 else 1)
    sealed = desk.site.claims.button("L1", turn, "anna")
    assert await desk.press(data=sealed) in {(200, GONE), (200, UNSIGNED)}
    assert await desk.slack(value={"turn": turn}) == 200
    assert await desk.said() == GONE
    assert desk.claims == []


async def test_a_form_of_many_fields_is_refused_and_breaks_nothing(desk):
    assert await desk.post(urlencode({f"a{number}": "1" for number in range(12)}).encode()) == 400


@pytest.mark.parametrize("value", ["{bad", "[]", "", 7, None])
async def test_a_value_that_cannot_be_read_takes_nothing(desk, value):
    assert await desk.slack(actions=[{"action_id": "take", "value": value}]) == 200
    assert desk.claims == []


@pytest.mark.parametrize(
    "changes",
    [
        {"type": "view_submission"},
        {"actions": []},
        {"actions": "take"},
        {"actions": [{"action_id": "open", "value": ""}]},
        {"actions": [7]},
    ],
)
async def test_other_interactions_of_the_app_are_passed_over(desk, changes):
    assert await desk.slack(**changes) == 200
    assert desk.claims == []


@pytest.mark.parametrize(
    "value", [{"lead": 7}, {"turn": "one"}, {"turn": True}, {"lead": {"x": 1}}, {"manager": None}, {"manager": "ghost"}]
)
async def test_a_value_that_is_none_of_ours_takes_nothing(desk, value):
    assert await desk.slack(value=value) == 200
    assert desk.claims == []


async def test_what_is_no_json_is_refused(desk):
    assert await desk.post(b"payload=x") == 400
    assert await desk.post(b"") == 400
    headers = {"X-Telegram-Bot-Api-Secret-Token": TELEGRAM}
    async with desk.site.http.post("/callbacks/telegram", data=b"{", headers=headers) as answer:
        assert answer.status == 400


async def test_an_answer_goes_nowhere_but_to_slack(desk):
    assert await desk.slack(response_url="http://169.254.169.254/latest") == 200
    assert await desk.slack(response_url=7) == 200
    assert desk.hooks.got.empty()


async def test_an_answer_that_cannot_be_given_takes_nothing_back(desk):
    desk.hook = desk.hook.replace("/actions/1", "/gone")
    assert await desk.slack() == 200
    assert len(desk.claims) == 1


async def test_a_manager_may_be_in_a_policy_that_came_since(desk):
    desk.site.rules = replace(RULES, managers={"nina": Manager("nina", notify=("telegram://7",))})
    desk.put("nina")
    assert (await desk.press(data=desk.button(manager_id="nina")))[1].startswith("The lead L1 is yours.")

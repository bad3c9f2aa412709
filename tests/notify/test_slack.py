"""slack:// against a server that speaks the Web API."""

from __future__ import annotations

from collections.abc import AsyncIterator
from dataclasses import replace

import pytest

from sla_monitor.clock import ManualClock
from sla_monitor.core.effects import Send
from sla_monitor.core.events import Sent
from sla_monitor.core.rules import SECOND, Manager, Rules
from sla_monitor.notify.channels import registry
from sla_monitor.notify.provider import Provider
from sla_monitor.notify.render import Link, Message, no_link
from sla_monitor.notify.sender import Sender
from sla_monitor.notify.slack_channel import SlackChannel
from tests.notify.providers import Slack, value

RULES = Rules(managers={"anna": Manager("anna", notify=("slack://U024BE7LH",))})
LINK = "https://sla.example/claim/t0k3n"


@pytest.fixture
async def slack() -> AsyncIterator[Slack]:
    async with Slack() as made:
        yield made


def notice(channel: str = Slack.address, kind: str = "assigned", **details) -> Send:
    return Send(
        key="row",
        notice_id="L1:2:assigned",
        lead_id="L1",
        manager_id="anna",
        channel=channel,
        kind=kind,
        turn=2,
        at=0,
        attempt=1,
        limit=30 * SECOND,
        test=False,
        details=details,
    )


@pytest.fixture
def send(slack, tmp_path):
    async def make(channel: str = Slack.address, link: Link = no_link, changes=None, **details) -> Sent:
        provider = replace(Provider(slack.url, slack.token, buttons=True), **changes or {})
        clock = ManualClock(1000, speed=20)
        sender = Sender(registry(tmp_path, clock, slack=provider), clock, lambda *_: None, link)
        try:
            return await sender.send(notice(channel, **details), RULES)
        finally:
            await sender.close()

    return make


async def test_a_message_is_plain_text_to_the_member_with_its_stable_id(slack, send):
    sent = await send(lead_name="Ivan <!channel> & *co*")
    assert sent.error is None
    (got,) = slack.got
    assert got["channel"] == "U024BE7LH"
    assert slack.texts()[0].startswith("New lead for you: Ivan <!channel> & *co*\n")
    assert got["text"] == "New lead for you: Ivan &lt;!channel&gt; &amp; *co*"
    assert got["metadata"]["event_payload"] == {"notice_id": "L1:2:assigned"}


async def test_one_button_takes_the_lead_and_one_opens_the_page(slack, send):
    await send(link=lambda _: LINK)
    take, browser = slack.buttons(slack.got[0])
    assert (take["text"]["text"], take["action_id"]) == ("Take it", "take")
    assert value(take) == {"lead": "L1", "turn": 2, "manager": "anna"}
    assert (browser["text"]["text"], browser["action_id"], browser["url"]) == ("Open in browser", "open", LINK)


async def test_without_a_place_for_call_backs_the_link_takes_the_lead(slack, send):
    await send(link=lambda _: LINK, changes={"buttons": False})
    (only,) = slack.buttons(slack.got[0])
    assert (only["text"]["text"], only["url"]) == ("Take it", LINK)


async def test_without_links_and_call_backs_there_are_no_buttons(slack, send):
    await send(changes={"buttons": False})
    assert slack.buttons(slack.got[0]) == []


async def test_a_digest_has_a_link_to_the_board_and_nothing_that_takes_a_lead(slack, send):
    await send(kind="digest", items=[], count=2, link=lambda _: "https://sla.example/")
    (only,) = slack.buttons(slack.got[0])
    assert (only["text"]["text"], only["url"]) == ("Open the board", "https://sla.example/")


async def test_a_text_longer_than_slack_takes_is_cut(send):
    assert (await send(lead_name="x" * 9000)).error is None


@pytest.mark.parametrize("error", ["channel_not_found", "is_archived", "user_disabled", "invalid_blocks"])
async def test_a_place_that_takes_nothing_and_a_message_that_will_never_do_are_permanent(slack, send, error):
    slack.trouble = [(200, {"ok": False, "error": error}, {})]
    sent = await send()
    assert (sent.error, sent.permanent) == (f"{error}", True)


@pytest.mark.parametrize("error", ["invalid_auth", "missing_scope", "not_in_channel", "internal_error", "fatal_error"])
async def test_what_an_operator_or_slack_may_put_right_is_to_be_tried_again(slack, send, error):
    slack.trouble = [(200, {"ok": False, "error": error}, {})]
    sent = await send()
    assert (sent.error, sent.permanent) == (f"{error}", False)


async def test_too_many_requests_are_left_alone_for_as_long_as_slack_says(slack, send):
    slack.trouble = [slack.too_many(30)]
    sent = await send()
    assert (sent.error, sent.permanent, sent.retry_after) == ("ratelimited", False, 30 * SECOND)


async def test_an_unknown_member_is_a_permanent_failure(send):
    assert (await send("slack://U0000000")).permanent
    assert (await send("slack://anna")).error == "slack:// must have the id of a member or channel"


async def test_a_token_that_is_not_set_is_named_and_a_wrong_one_may_be_put_right(send):
    assert (await send(changes={"token": None})).error == "SLA_SLACK_TOKEN is not set"
    assert (await send(changes={"token": "xoxb-other"})).error == "invalid_auth"


async def test_a_slow_answer_is_none_and_a_bad_gateway_is_to_be_tried_again(slack, send):
    slack.down = True
    assert (await send()).error == "HTTP 502"
    slack.open.clear()
    sent = await send()
    assert (sent.error, sent.permanent) == ("no answer in time", False)


class Others:
    def __init__(self) -> None:
        self.got: list[str] = []

    async def send(self, notice: Send, message: Message) -> None:
        self.got.append(notice.channel)


async def test_addresses_that_hold_tokens_themselves_go_through_apprise(slack):
    others = Others()
    channel = SlackChannel(Provider(slack.url, slack.token), others)
    address = "slack://T1JJ3T3L2/A1BRTD4JD/TIiajkdnlazkcOXrIdevi7FQ"
    await channel.send(notice(channel=address), Message("", ""))
    assert others.got == [address]
    assert slack.asked == 0

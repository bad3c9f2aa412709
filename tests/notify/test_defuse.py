"""A lead's name is a stranger's text: it pings nobody, links to nothing, and looks like what it is."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import Any

import pytest
import requests

from sla_monitor.core.effects import Send
from sla_monitor.core.rules import Manager, Rules
from sla_monitor.notify import apprise_channel
from sla_monitor.notify.defuse import BREAK, LONGEST_NAME, clean, defuse, short
from sla_monitor.notify.render import render

RULES = Rules(managers={"anna": Manager("anna")})
NAME = "@all <@&42> <!channel> [a](http://evil.example) @**all**"
ACTIVE = ("@all", "<@&42>", "<!channel>", "@**", "](http", "://evil", "evil.example")

CHATS = {
    "discord": "discord://123456789012345678/abcdefghijklmnopqrstuvwxyz",
    "mattermost": "mmost://chat.example/abcdefghijklmnopqrstuvwxyz",
    "zulip": f"zulip://bot@org/{'a' * 32}/leads",
    "slack by a hook": "slack://T1JJ3T3L2/A1BRTD4JD/TIiajkdnlazkcOXrIdevi7FQ/",
    "google chat": "gchat://workspace/key/token",
    "rocket": f"rocket://{'a' * 17}/{'b' * 48}@chat.example/#c",
    "telegram by apprise": "tgram://123456789:abcdefghijklmnopqrstuvwxyzabcdefghi/111",
    "ntfy": "ntfy://ntfy.example/topic",
    "teams": "workflows://h.example:443/643a/sig",
}


def notice(channel: str, **details: Any) -> Send:
    return Send(
        key="k",
        notice_id="n",
        lead_id="L1",
        manager_id="anna",
        channel=channel,
        kind="assigned",
        turn=1,
        at=0,
        attempt=1,
        limit=30_000,
        test=False,
        details=details,
    )


@pytest.fixture
def posted(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """What services of the internet are sent."""
    bodies: list[str] = []

    class Answer:
        status_code, headers, ok, encoding = 200, {}, True, "utf-8"

        def __init__(self, url: str) -> None:
            self.content = b"ok" if "slack" in url else b'{"ok": true, "result": "success"}'
            self.text = self.content.decode()

        def json(self) -> Any:
            return json.loads(self.content)

    def request(_: object, method: str, url: str, **said: Any) -> Answer:
        data = said.get("data") or said.get("json")
        bodies.append(json.dumps(json.loads(data) if isinstance(data, str) else data, ensure_ascii=False, default=str))
        return Answer(url)

    monkeypatch.setattr(requests.Session, "request", request)
    return bodies


@pytest.mark.parametrize("channel", CHATS.values(), ids=CHATS)
def test_a_name_pings_nobody_and_links_to_nothing(channel: str, posted: list[str]) -> None:
    send = notice(channel, lead_name=NAME)
    apprise_channel._send(send, render(send, RULES))
    assert "evil" in posted[-1]
    assert [live for live in ACTIVE if live in posted[-1]] == []


@pytest.mark.parametrize("channel", [CHATS["discord"], CHATS["mattermost"], CHATS["zulip"]])
def test_where_plain_text_is_read_as_markdown_a_name_is_no_markup(channel: str, posted: list[str]) -> None:
    send = notice(channel, lead_name="*b* _i_ `c` ~~d~~ ||e||")
    apprise_channel._send(send, render(send, RULES))
    (said,) = {json.dumps(json.loads(body)) for body in posted[-1:]}
    assert r"\\*b\\* \\_i\\_ \\`c\\` \\~\\~d\\~\\~ \\|\\|e\\|\\|" in said


@pytest.mark.parametrize("name", ["Ivan_Petrov", "a*b_c`d[e", "<b>Ann & Co</b>", "O'Neil {due}", "😀👨‍👩‍👧"])
@pytest.mark.parametrize("channel", ["telegram://7", "slack://U024BE7LH", "mailto://a:b@mail.example", "json://x"])
def test_where_plain_text_is_plain_a_name_arrives_as_it_is(channel: str, name: str) -> None:
    assert render(notice(channel, lead_name=name), RULES).title == f"New lead for you: {name}"


@pytest.mark.parametrize("channel", ["telegram://-1001", "slack://C024BE7LH", "mailto://a:b@mail.example"])
def test_what_apps_make_a_link_of_is_none(channel: str) -> None:
    title = render(notice(channel, lead_name="call @boss at http://evil.example"), RULES).title
    assert title.replace(BREAK, "") == "New lead for you: call @boss at http://evil.example"
    assert [live for live in ("@boss", "http://", "evil.example") if live in title] == []


def test_a_program_gets_a_name_as_it_was_written() -> None:
    assert render(notice("json://x", lead_name="@anna at example.com"), RULES).title.endswith("@anna at example.com")


@pytest.mark.parametrize(
    ("said", "shown"),
    [
        ("Ivan\x1b[31m\x07", "Ivan[31m"),
        ("Ivan\r\nRespond", "Ivan Respond"),
        ("\u202egnp.exe", "gnp.exe"),
        ("a\u2066b\u2069\u200fc", "abc"),
        ("\ufeffI\u2060v\u200ban", "Ivan"),
        ("\ud800x", "x"),
        ("می\u200cخواهم", "می\u200cخواهم"),
        (7, "7"),
    ],
)
def test_a_value_neither_steers_a_terminal_nor_turns_the_text_around(said: Any, shown: str) -> None:
    assert clean(said) == shown


def test_a_name_of_nothing_but_what_cannot_be_seen_is_no_name() -> None:
    assert render(notice("json://x", lead_name="\u200b\x07"), RULES).title == "New lead for you: L1"


@pytest.mark.parametrize(("length", "shown"), [(60, "x" * 60), (61, "x" * 59 + "…"), (256, "x" * 59 + "…")])
def test_a_name_is_cut_to_sixty_characters(length: int, shown: str) -> None:
    assert len(shown) == LONGEST_NAME
    assert short("x" * length) == shown
    assert render(notice("json://x", lead_name="x" * length), RULES).title == f"New lead for you: {shown}"


@pytest.mark.parametrize("word", ["source", "reason", "by", "lead_id"])
def test_nothing_else_from_outside_pings_either(word: str) -> None:
    send = replace(notice("telegram://7", **{word: "@boss"}), kind="answered" if word == "by" else "assigned")
    send = replace(send, lead_id="@boss") if word == "lead_id" else send
    message = render(send, RULES)
    assert "@boss" not in message.title + message.body
    assert f"@{BREAK}boss" in message.title + message.body


def test_defusing_adds_nothing_that_is_seen_to_what_is_harmless() -> None:
    assert defuse("Anna Petrova, Ltd.", "telegram://7") == "Anna Petrova, Ltd."

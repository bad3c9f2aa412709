from __future__ import annotations

import asyncio
import json
import stat
from dataclasses import replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from sla_monitor.clock import ManualClock
from sla_monitor.core.effects import Send
from sla_monitor.notify.address import place, shown, to_one
from sla_monitor.notify.apprise_channel import _failure
from sla_monitor.notify.channels import OTHERS, check, registry
from sla_monitor.notify.log_channel import LogChannel
from sla_monitor.notify.render import Action, Message

SECRET = "TIiajkdnlazkcOXrIdevi7FQ"


def notice() -> Send:
    return Send(
        key="L1",
        notice_id="L1:1:assigned:anna",
        lead_id="L1",
        manager_id="anna",
        channel="log://",
        kind="assigned",
        turn=1,
        at=0,
        attempt=1,
        limit=30_000,
        test=False,
        details={},
    )


async def test_the_log_gets_one_json_line_a_notice_with_its_stable_id(tmp_path):
    channel = registry(tmp_path / "new", ManualClock(1_772_443_800_000))["log"]
    await channel.send(notice(), Message("Вам новый лид", "a\nb"))
    await channel.send(notice(), Message("again", ""))
    first, second = (tmp_path / "new" / "notifications.log").read_text("utf-8").splitlines()
    assert json.loads(first) == {
        "time": "2026-03-02T09:30:00.000Z",
        "notice_id": "L1:1:assigned:anna",
        "lead_id": "L1",
        "manager_id": "anna",
        "kind": "assigned",
        "test": False,
        "title": "Вам новый лид",
        "body": "a\nb",
    }
    assert json.loads(second)["notice_id"] == json.loads(first)["notice_id"]


async def test_lines_that_wait_for_one_another_are_all_written_in_order(tmp_path):
    channel = registry(tmp_path, ManualClock())["log"]
    await asyncio.gather(*(channel.send(notice(), Message(str(n), "")) for n in range(500)))
    lines = (tmp_path / "notifications.log").read_text().splitlines()
    assert [json.loads(line)["title"] for line in lines] == [str(n) for n in range(500)]


async def test_whoever_shares_a_write_that_fails_hears_of_it(tmp_path):
    (tmp_path / "notifications.log").mkdir()
    channel = registry(tmp_path, ManualClock())["log"]
    ends = await asyncio.gather(*(channel.send(notice(), Message("", "")) for _ in range(3)), return_exceptions=True)
    assert {type(end) for end in ends} == {IsADirectoryError}


LINKED = Message("New lead", "Respond by 12:00", Action("Take it", "Open", "https://sla.example/claim/t0k3n"))


async def test_the_log_holds_no_link_that_takes_a_lead_unless_its_address_asks_for_it(tmp_path):
    channel = registry(tmp_path, ManualClock())["log"]
    await channel.send(notice(), LINKED)
    await channel.send(replace(notice(), channel="log://?links=yes"), LINKED)
    bodies = [json.loads(line)["body"] for line in (tmp_path / "notifications.log").read_text().splitlines()]
    assert bodies == ["Respond by 12:00", "Respond by 12:00\nTake it: https://sla.example/claim/t0k3n"]


async def test_the_log_is_its_owners_alone_and_what_is_there_keeps_its_mode(tmp_path):
    channel = registry(tmp_path / "new", ManualClock())["log"]
    await channel.send(notice(), Message("", ""))
    assert [stat.S_IMODE(path.stat().st_mode) for path in (tmp_path / "new", tmp_path / "new/notifications.log")] == [
        0o700,
        0o600,
    ]
    wide = tmp_path / "wide"
    wide.mkdir(mode=0o755)
    (wide / "notifications.log").touch(mode=0o644)
    await registry(wide, ManualClock())["log"].send(notice(), Message("", ""))
    assert [stat.S_IMODE(path.stat().st_mode) for path in (wide, wide / "notifications.log")] == [0o755, 0o644]


async def test_the_log_is_bounded_and_its_newest_lines_stay(tmp_path):
    path = tmp_path / "notifications.log"
    channel = LogChannel(path, ManualClock(), largest=1000)
    for number in range(60):
        await channel.send(notice(), Message(str(number), "x" * 200))
    kept = sorted(tmp_path.iterdir())
    assert [one.name for one in kept] == ["notifications.log", *(f"notifications.log.{n}" for n in range(1, 5))]
    assert max(one.stat().st_size for one in kept) < 1500
    oldest_first = [path.with_name(f"notifications.log.{n}") for n in range(4, 0, -1)] + [path]
    titles = [int(json.loads(line)["title"]) for one in oldest_first for line in one.read_text().splitlines()]
    assert titles == [*range(titles[0], 60)], "nothing is lost in between"
    assert {stat.S_IMODE(one.stat().st_mode) for one in kept} == {0o600}


def test_r31_the_log_alone_which_keeps_what_it_gets_must_not_know_the_customer(tmp_path):
    channels = registry(tmp_path, ManualClock())
    assert [scheme for scheme, channel in channels.items() if not channel.personal] == ["log"]
    assert OTHERS in channels


@pytest.mark.parametrize(
    "address",
    [
        "log://",
        "log://?links=yes",
        "json://crm.example/hook",
        "tgram://123456789:abcdefg_hijklmnop/12315544/",
        "telegram://7",
        "slack://U024BE7LH",
        f"slack://T1JJ3T3L2/A1BRTD4JD/{SECRET}",
    ],
)
def test_a_usable_address_passes(address):
    assert check(address) is None


@pytest.mark.parametrize(
    "address",
    [
        "",
        "anna",
        "log://file",
        "log://?links=no",
        "nothing://x",
        "json://",
        f"telegram://{SECRET}",
        f"slack://{SECRET}",
        f"tgram://{SECRET}",
    ],
)
def test_an_unusable_address_is_named_without_its_secrets(address):
    said = check(address)
    assert said
    assert SECRET not in said


@pytest.mark.parametrize(
    "address",
    [
        f"tgram://123456789:{SECRET}abcdefghijkl/111/222",
        f"slack://T1JJ3T3L2/A1BRTD4JD/{SECRET}/#a/#b",
        f"d7sms://{SECRET}@+15551231111/+15551232222?batch=yes",
        f"mailto://anna:{SECRET}@mail.example/?to=a@shop.example,b@shop.example",
    ],
)
def test_an_address_of_several_receivers_is_refused_with_what_to_write_instead(address):
    said = check(address)
    assert said.startswith("reaches 2 receivers")
    assert "write 2 addresses" in said
    assert SECRET not in said


@pytest.mark.parametrize(
    ("address", "one"),
    [
        ("telegram://7", True),
        ("telegram://-1001", False),
        ("slack://U024BE7LH", True),
        ("slack://C024BE7LH", False),
        ("slack://T1JJ3T3L2/A1BRTD4JD/x", False),
        ("discord://1/x", False),
        ("mailto://a:b@mail.example", True),
        ("json://crm.example", True),
        ("tgram://1:x/111/", True),
        ("tgram://1:x/-111", False),
    ],
)
def test_who_reads_what_comes_to_an_address(address, one):
    assert to_one(address) is one


@settings(max_examples=50, deadline=None)
@given(st.one_of(st.text(), st.builds("{}://{}".format, st.sampled_from(["log", "json", "tgram"]), st.text())))
def test_any_text_can_be_checked(address):
    assert check(address) is None or check(address)


def test_only_a_host_is_shown_of_an_address():
    assert shown(f"json://anna:{SECRET}@crm.example:8443/{SECRET}?k={SECRET}") == "json://crm.example"
    assert shown(f"slack://{SECRET}/B/C") == "slack://..."
    assert shown("json://[") == "json://"


def test_addresses_of_one_host_are_one_place():
    assert place("json://a:b@crm.example/x") == place("json://crm.example:80/y")
    assert place("json://crm.example/") != place("json://shop.example/")


def test_what_apprise_says_is_passed_on_without_the_parts_of_the_address():
    address = f"json://anna:{SECRET}@crm.example/a%20{SECRET}-path"
    failure = _failure(address, f"Could not reach crm.example with {SECRET} at a {SECRET}-path, error=503.")
    assert str(failure) == "json://crm.example: Could not reach crm.example with *** at a ***, error=503."

"""A manager with a phone: told in Telegram, takes the lead with one tap, sleeps, and meets a storm."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

import pytest

from sla_monitor.core.rules import MINUTE
from tests.e2e.phone import SECRET, press, to
from tests.e2e.process import Monitor, event
from tests.e2e.test_people import eventually
from tests.notify.providers import Telegram

POLICY = """
version: 1
managers:
  anna: {name: Anna, notify: ["telegram://7"]}
  vera: {name: Vera, notify: ["telegram://8"]}
  boris: {name: Boris, notify: ["telegram://6"]}
teams:
  sales:
    head: boris
    managers: [anna, vera]
    templates: {assigned: {en: {title: "Call {lead}", body: "By {due}, {left} left.\\nFrom {source}."}}}
policies:
  - {name: fast, match: {channel: [fast]}, target: 1m, warn_at: [], on_breach: notify}
  - {name: default, team: sales, target: 20m, warn_at: [], on_breach: notify}
"""


@pytest.fixture
def monitor(tmp_path: Path, telegram: Telegram) -> Iterator[Monitor]:
    (tmp_path / "token").write_text(telegram.token)
    (tmp_path / "secret").write_text(SECRET)
    where = {
        "SLA_PUBLIC_URL": "https://sla.example",
        "SLA_TELEGRAM_URL": telegram.url,
        "SLA_TELEGRAM_TOKEN_FILE": str(tmp_path / "token"),
        "SLA_TELEGRAM_SECRET_FILE": str(tmp_path / "secret"),
    }
    with Monitor(tmp_path, POLICY, speed=10, **where) as running:
        yield running


def test_one_tap_takes_a_lead_and_the_other_learns_who_has_it(monitor: Monitor, telegram: Telegram) -> None:
    assert monitor.post("lead.created.v1", monitor.clock.now(), lead_id="L1", owner_id="anna", name="Ivan") == 202
    eventually(lambda: bool(to(telegram, 7, lambda text: text.startswith("Call Ivan"))))
    (first,) = to(telegram, 7, lambda text: text.startswith("Call Ivan"))
    assert monitor.post("lead.assigned.v1", monitor.clock.now(), lead_id="L1", owner_id="vera") == 202
    eventually(lambda: bool(to(telegram, 8, lambda text: text.startswith("Call Ivan"))))
    (second,) = to(telegram, 8, lambda text: text.startswith("Call Ivan"))

    assert press(monitor, 7, first) == "Vera was faster. The lead L1 is with them now."
    assert press(monitor, 9, second) == "This button is for somebody else."
    assert press(monitor, 8, second).startswith("The lead L1 is yours.")
    assert re.fullmatch(r"Call Ivan\nBy \d\d:\d\d UTC, \d+ min left.\nFrom other.", first["text"])


def test_the_head_takes_a_lead_that_was_breached_and_a_call_back_that_comes_again_changes_nothing(
    monitor: Monitor, telegram: Telegram
) -> None:
    fast = {"lead_id": "F1", "owner_id": "anna", "channel": "fast"}
    assert monitor.post("lead.created.v1", monitor.clock.now(), **fast) == 202
    eventually(lambda: bool(to(telegram, 6, lambda text: text.startswith("Nobody responded in time: F1"))))
    (breached,) = to(telegram, 6, lambda text: text.startswith("Nobody responded in time: F1"))

    assert press(monitor, 6, breached).startswith("The lead F1 is yours.")
    assert press(monitor, 6, breached).startswith("The lead F1 is yours.")
    eventually(lambda: bool(to(telegram, 7, lambda text: text.startswith("No longer your lead: F1"))))
    taken = [o for o in monitor.wait_for("lead.assigned", "F1", reason="claimed") if o["type"] == "lead.assigned.v1"]
    assert (
        monitor.post("contact.recorded.v1", monitor.clock.now(), lead_id="F1", kind="email", manager_id="boris") == 202
    )
    after = monitor.wait_for("sla.responded", "F1")
    assert [o["data"]["to"] for o in taken] == ["anna", "boris"]
    assert [o["type"] for o in after].count("lead.assigned.v1") == 2
    assert monitor.lead("F1")["first_response_by"] == "boris"


def test_a_storm_is_a_digest_and_a_provider_that_was_down_gets_it_all(monitor: Monitor, telegram: Telegram) -> None:
    telegram.down = True
    now = monitor.clock.now()
    for number in range(12):
        assert monitor.post("lead.created.v1", now, lead_id=f"S{number}", owner_id="anna") == 202
    eventually(lambda: telegram.asked >= 2)
    telegram.down = False
    monitor.until(monitor.clock.now() + MINUTE)
    eventually(lambda: monitor.metric("sla_notifications_pending") == 0)
    told = re.findall(r"Call (S\d+)", "\n".join(telegram.texts()))
    assert sorted(told) == sorted(f"S{number}" for number in range(12))
    assert len(telegram.texts()) <= 3


def test_however_many_leads_come_to_one_manager_at_once_each_is_told(tmp_path: Path) -> None:
    many = 1_500
    with Monitor(tmp_path, speed=1) as running:
        now = running.clock.now()
        leads = [event("lead.created.v1", now, lead_id=f"many-{n}", owner_id="anna") for n in range(many)]
        for start in range(0, many, 500):
            assert running.post_all(leads[start : start + 500]) == 202
        eventually(lambda: running.metric("sla_notifications_total", result="sent") >= many)
        assert running.metric("sla_notifications_total", result="sent") == many
        assert running.metric("sla_dead_letters_total") == 0

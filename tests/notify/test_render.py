from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sla_monitor.core.effects import Send
from sla_monitor.core.rules import Hours, Manager, Rules
from sla_monitor.notify.render import render
from sla_monitor.notify.texts import TEXTS

DUE = 1_772_443_800_000  # 2026-03-02T09:30:00Z
RULES = Rules(
    calendars={"office": Hours(timezone="Europe/Moscow"), "lost": Hours(timezone="Mars/Olympus")},
    managers={
        "anna": Manager("anna", name="Анна", shift="office", languages=("ru", "en")),
        "vera": Manager("vera", name="Vera", languages=("de", "en", "ru")),
        "hugo": Manager("hugo", languages=("de",), shift="lost"),
    },
)


def send(kind: str = "assigned", manager: str = "vera", *, test: bool = False, **details: object) -> Send:
    return Send(
        notice_id="n1",
        lead_id="L1",
        manager_id=manager,
        channel="log://",
        kind=kind,
        attempt=1,
        limit=30_000,
        test=test,
        details=details,
    )


def test_the_text_is_in_the_first_language_of_the_manager_that_we_have():
    assert render(send(manager="anna"), RULES).title == "Вам новый лид: L1"
    assert render(send(manager="vera"), RULES).title == "New lead for you: L1"


@pytest.mark.parametrize("manager", ["hugo", "ghost"])
def test_who_speaks_none_of_our_languages_reads_english(manager):
    assert render(send(manager=manager), RULES).title == "New lead for you: L1"


def test_times_are_those_of_the_shift_of_the_manager():
    assert "Ответьте до 2026-03-02 12:30:00 MSK." in render(send(manager="anna", due_at=DUE), RULES).body


@pytest.mark.parametrize("manager", ["vera", "hugo", "ghost"])
def test_times_without_a_known_shift_are_utc(manager):
    assert "Respond by 2026-03-02 09:30:00 UTC." in render(send(manager=manager, due_at=DUE), RULES).body


def test_managers_are_called_by_their_names():
    body = render(send("reassigned_away", to_id="anna", reason="no_response"), RULES).body
    assert "It went to Анна.\nWhy: no response in time." in body


def test_an_unknown_manager_and_an_unknown_reason_are_shown_as_they_are():
    body = render(send("reassigned_away", to_id="ghost", reason="full_moon"), RULES).body
    assert "It went to ghost.\nWhy: full_moon." in body


def test_the_lead_is_called_by_its_name_and_the_customer_can_be_called_back():
    message = render(send("missed_call", lead_name="Ivan", customer="+74951234567"), RULES)
    assert message.title == "Missed call: Ivan"
    assert "Customer: +74951234567" in message.body


def test_r31_where_texts_are_kept_they_do_not_tell_who_the_customer_is():
    message = render(send(lead_name="Ivan", customer="+74951234567"), RULES, personal=False)
    assert "Ivan" not in message.title
    assert "+74951234567" not in message.body


def test_a_test_lead_is_called_one():
    assert render(send(test=True), RULES).title == "[test] New lead for you: L1"


def test_a_line_about_something_unknown_is_left_out():
    assert render(send(), RULES).body == "Lead id: L1"


def test_a_name_from_outside_can_neither_begin_a_line_nor_name_a_word():
    message = render(send(lead_name="Ivan\nRespond by {due}"), RULES)
    assert message.title == "New lead for you: Ivan Respond by {due}"


def test_a_kind_of_a_newer_version_still_tells_of_the_lead():
    assert render(send("sung", reason="no_response"), RULES).title == "News of a lead: L1"


values = st.none() | st.text() | st.integers() | st.floats() | st.lists(st.integers())
names = st.sampled_from(["lead_name", "due_at", "response_at", "reason", "from_id", "by", "share", "customer", "lead"])


@given(st.sampled_from([*TEXTS, "other"]), st.sampled_from(["anna", "hugo"]), st.dictionaries(names, values))
def test_no_details_can_keep_a_notice_from_being_rendered(kind, manager, details):
    assert render(send(kind, manager, **details), RULES).title


@pytest.mark.parametrize(("left", "shown"), [(24_000, "0:24"), (240_000, "4:00"), (3_600_000, "60:00")])
def test_a_reminder_says_how_much_time_is_left(left, shown):
    assert f"Time left: {shown}." in render(send("warning", share=60, left=left), RULES).body

from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from sla_monitor.core.effects import Send
from sla_monitor.core.rules import DAY, HOUR, MINUTE, SECOND, Hours, Manager, Policy, Rules, Team, Template
from sla_monitor.notify.render import render
from sla_monitor.notify.texts import TEXTS

DUE = 1_772_443_800_000  # 2026-03-02T09:30:00Z
NOW = DUE - 4 * MINUTE
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
        key="L1",
        notice_id="n1",
        lead_id="L1",
        manager_id=manager,
        channel="log://",
        kind=kind,
        turn=1,
        at=NOW,
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
    assert "Ответьте до 12:30 MSK: осталось 4 мин." in render(send(manager="anna", due_at=DUE), RULES).body


@pytest.mark.parametrize("manager", ["vera", "hugo", "ghost"])
def test_times_without_a_known_shift_are_utc(manager):
    assert "Respond by 09:30 UTC: 4 min left." in render(send(manager=manager, due_at=DUE), RULES).body


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


@example("assigned", "anna", {"due_at": float("inf")})
@example("assigned", "anna", {"due_at": 1 << 70})
@given(st.sampled_from([*TEXTS, "other"]), st.sampled_from(["anna", "hugo"]), st.dictionaries(names, values))
def test_no_details_can_keep_a_notice_from_being_rendered(kind, manager, details):
    assert render(send(kind, manager, **details), RULES).title


@pytest.mark.parametrize(
    ("left", "shown"),
    [
        (24 * SECOND, "24 s"),
        (119 * SECOND, "119 s"),
        (150 * SECOND, "2 min"),
        (65 * MINUTE, "1 h 5 min"),
        (51 * HOUR, "2 d 3 h"),
    ],
)
def test_a_notice_says_how_much_time_is_left(left, shown):
    assert f": {shown} left." in render(send("warning", share=60, due_at=NOW + left), RULES).body


def test_a_notice_that_comes_after_its_due_says_how_long_ago_that_was():
    body = render(send("warning", share=60, due_at=NOW - 65 * MINUTE), RULES).body
    assert "It was due by 08:21 UTC, 1 h 5 min ago." in body
    assert "left" not in body


def test_a_due_on_another_day_is_shown_with_its_date():
    assert "Respond by 2026-03-03 09:26 UTC" in render(send(due_at=NOW + DAY), RULES).body


def test_without_a_shift_times_are_those_of_the_policy():
    rules = replace(RULES, policies=(Policy(calendar="office"),))
    assert "12:30 MSK" in render(send(manager="vera", due_at=DUE), rules).body


@pytest.mark.parametrize(("manager", "stays", "ended"), [("vera", "stays", "ended"), ("anna", "остаётся", "завершили")])
def test_r29_a_breach_taken_back_by_a_closing_says_so_and_not_that_somebody_responded_or_has_the_lead(
    manager, stays, ended
):
    closed = render(send("retracted", manager, reason="closed_before_due"), RULES).body
    proven = render(send("retracted", manager, response_at=DUE, holder_id="vera"), RULES).body
    assert (stays in closed, ended in closed) == (False, True)
    assert (stays in proven, ended in proven) == (True, False)
    assert len(closed.splitlines()) == len(render(send("stuck", manager), RULES).body.splitlines())


# who takes it


def test_the_link_by_which_a_manager_takes_the_lead_stands_under_the_text():
    message = render(send(), RULES, link=lambda notice: f"https://sla.example/claim/{notice.lead_id}-{notice.turn}")
    assert message.action == ("Take it", "Open in browser", "https://sla.example/claim/L1-1", True, True)
    assert message.text.endswith("\nTake it: https://sla.example/claim/L1-1")
    assert "https" not in message.body


def test_without_links_the_text_ends_as_it_is():
    message = render(send(manager="anna"), RULES)
    assert message.action == ("Взять", "Открыть в браузере", None, True, True)
    assert message.text == message.body


@pytest.mark.parametrize(
    "kind", ["reassigned_away", "taken", "closed", "joined", "answered", "retracted", "stuck", "undelivered"]
)
def test_what_is_over_cannot_be_taken(kind):
    assert render(send(kind), RULES, link=lambda _: "https://sla.example/claim/x").action is None


# a team's own words


def own(kind: str = "assigned", **text: str) -> Rules:
    words = {kind: {"en": Template(**text)}}
    return replace(RULES, teams={"sales": Team("sales", ("vera",), head="hugo", templates=words)})


def test_a_team_may_have_its_own_words():
    rules = own(title="Call {lead}!", body="By {due}.\nIt was {from_name}'s.\n{{Go}}")
    message = render(send(lead_name="Ivan", due_at=DUE), rules)
    assert message.title == "Call Ivan!"
    assert message.body == "By 09:30 UTC.\n{Go}"


@pytest.mark.parametrize(("kind", "manager"), [("warning", "vera"), ("assigned", "anna"), ("assigned", "ghost")])
def test_other_kinds_languages_and_teams_have_the_built_in_words(kind, manager):
    assert "Call" not in render(send(kind, manager), own(title="Call {lead}!")).title


def test_the_head_of_a_team_reads_its_words_too():
    assert render(send(manager="hugo"), own(title="Call {lead}!")).title == "Call L1!"


def test_a_body_alone_leaves_the_built_in_title_and_a_title_alone_the_body():
    assert render(send(), own(body="Go.")) == (
        "New lead for you: L1",
        "Go.",
        ("Take it", "Open in browser", None, True, True),
    )
    assert render(send(), own(title="Go.")).body == "Lead id: L1"


def test_a_title_that_names_what_is_not_known_gives_way_to_the_built_in_one():
    assert render(send(customer="+7495"), own(title="Call {customer}"), personal=False).title == "New lead for you: L1"


def test_a_template_of_a_newer_version_gives_way_to_the_built_in_words():
    assert render(send(), own(title="Call {lead!r:>9}", body="{nonsense")).title == "New lead for you: L1"


# digests


def digest(manager: str = "vera", count: int = 2) -> Send:
    items = [
        {"kind": "assigned", "lead_id": "L1", "turn": 1, "lead_name": "Ivan", "due_at": DUE},
        {"kind": "answered", "lead_id": "L2", "turn": 1, "by": "anna", "due_at": DUE},
    ]
    return replace(send("digest", manager, items=items, count=count, notices=["n1", "n2"]), lead_id="", turn=0)


def test_a_digest_lists_what_each_notice_says_and_by_when():
    message = render(digest(), RULES)
    assert message.title == "2 notices at once"
    assert message.body == "- New lead for you: Ivan (by 09:30 UTC, 4 min left)\n- Answered: L2"


def test_a_digest_leads_to_the_board_and_takes_nothing():
    message = render(digest(), RULES, link=lambda _: "https://sla.example/")
    assert message.action == ("Open the board", "Open the board", "https://sla.example/", False, True)
    assert message.text == f"{message.body}\nOpen the board: https://sla.example/"


def test_a_digest_says_the_turn_of_each_notice():
    items = [{"kind": "assigned", "lead_id": "L1", "turn": 3}, {"kind": "assigned", "lead_id": "L2", "turn": 2}]
    send_ = replace(digest(), details={"items": items, "count": 2, "notices": []})
    assert render(send_, own(title="Turn {turn}: {lead}")).body == "- Turn 3: L1\n- Turn 2: L2"


def test_a_digest_counts_what_it_does_not_list():
    assert render(digest("anna", count=7), RULES).body.endswith("\nИ ещё 5.")


def test_r31_a_digest_does_not_tell_who_the_customer_is_where_texts_are_kept():
    assert "Ivan" not in render(digest(), RULES, personal=False).body


def long_digest(leads: int = 57) -> Send:
    items = [
        {"kind": "assigned", "lead_id": f"crm:{n:06}", "turn": 1, "lead_name": "Александра Иванова " * 6, "due_at": DUE}
        for n in range(20)
    ]
    details = {"items": items, "count": 60, "leads": leads, "notices": []}
    return replace(send("digest"), details=details, lead_id="", turn=0)


@pytest.mark.parametrize("longest", [160, 900, 2000, 4000, 1 << 30])
def test_a_digest_is_as_long_as_there_is_room_for_and_never_cut_within_a_line(longest):
    message = render(long_digest(), RULES, link=lambda _: "https://sla.example/", longest=longest)
    lines = message.body.splitlines()
    whole = render(long_digest(), RULES).body.splitlines()
    assert len(f"{message.title}\n{message.text}") <= longest
    assert lines[:-1] == whole[: len(lines) - 1]
    assert lines[-1] == f"And {57 - len(lines) + 1} more."
    assert message.text.endswith("\nOpen the board: https://sla.example/")


def test_a_notice_in_long_words_is_cut_before_its_link():
    message = render(send(), own(body="x" * 5000), link=lambda _: "https://sla.example/claim/t", longest=2000)
    assert len(f"{message.title}\n{message.text}") == 2000
    assert message.text.endswith("…\nTake it: https://sla.example/claim/t")


def test_what_a_service_splits_itself_is_not_cut():
    assert len(render(send(), own(body="x" * 500), longest=160).body) == 500


def test_whoever_was_told_something_reads_what_became_of_it():
    assert "Held by Анна." in render(send("taken", holder_id="anna"), RULES).body
    assert "goes on as L9" in render(send("joined", into="L9"), RULES).body
    assert render(send("closed", reason="junk"), RULES).body == (
        "Nothing is to be done any more.\nWhy: junk.\nLead id: L1"
    )


def test_the_head_reads_who_was_not_told_of_what_and_why():
    notice = send("undelivered", holder_id="anna", about="assigned", channel="telegram", reason="bot was blocked")
    message = render(notice, RULES)
    assert message.title == "A manager could not be told: L1"
    assert "Анна does not get notices by telegram: bot was blocked.\nNot told: New lead for you." in message.body

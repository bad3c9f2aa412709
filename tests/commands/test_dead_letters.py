"""`sla-monitor dead-letters`."""

from __future__ import annotations

from sla_monitor import codec
from sla_monitor.core.effects import Log
from tests import facts
from tests.commands.shelf import Run, Shelf
from tests.world import T0

LETTER = facts.message(T0, lead_id="L-1")


def test_dead_letters_are_listed_oldest_first_with_the_event_itself(run: Run, shelf: Shelf) -> None:
    shelf.bury("unknown_lead", LETTER)
    shelf.bury("defect", facts.lead("L-2", T0), key=b"L-2")
    listed = run("dead-letters", "list").json
    assert [(letter["offset"], letter["reason"], letter["key"]) for letter in listed] == [
        (0, "unknown_lead", "L-1"),
        (1, "defect", "L-2"),
    ]
    assert listed[0]["value"].startswith("ContactRecorded {")


def test_people_see_what_kind_of_event_it_was_but_not_its_content(run: Run, shelf: Shelf) -> None:
    shelf.bury("unknown_lead", LETTER)
    shelf.bury("erased", key=None)
    first, second = run("dead-letters", "list", "--no-json").out.splitlines()
    assert first.split()[3:] == ["unknown_lead", "sla.events", "L-1", "ContactRecorded"]
    assert second.split()[3:] == ["erased", "sla.events", "-", "-"]


def test_the_list_can_be_narrowed_to_a_reason_and_to_the_newest(run: Run, shelf: Shelf) -> None:
    for reason in ("defect", "unknown_lead", "defect", "defect"):
        shelf.bury(reason, LETTER)
    listed = run("dead-letters", "list", "--reason", "defect", "--limit", "2").json
    assert [letter["offset"] for letter in listed] == [2, 3]


def test_an_empty_list_says_so(run: Run, shelf: Shelf) -> None:
    assert run("dead-letters", "list", "--no-json").out == "No dead letters.\n"
    assert run("dead-letters", "list").json == []


def test_a_replay_appends_the_same_bytes_to_the_log_they_came_from(run: Run, shelf: Shelf) -> None:
    shelf.bury("unknown_lead", LETTER)
    shelf.bury("defect", LETTER)
    assert run("dead-letters", "replay", "1").json == {"replayed": [1], "refused": []}
    (again,) = shelf.read(Log.EVENTS)
    assert (again.key, again.value) == (b"L-1", codec.encode_record(LETTER))
    assert len(run("dead-letters", "list").json) == 2


def test_all_of_a_reason_or_all_of_them_are_replayed(run: Run, shelf: Shelf) -> None:
    for reason in ("defect", "unknown_lead", "defect"):
        shelf.bury(reason, LETTER)
    assert run("dead-letters", "replay", "--reason", "defect").json["replayed"] == [0, 2]
    assert run("dead-letters", "replay", "--all", "--no-json").out.startswith("3 replayed")


def test_what_cannot_be_replayed_is_named_and_the_rest_goes_on(run: Run, shelf: Shelf) -> None:
    shelf.bury("erased", key=None)
    shelf.bury("notification_failed", value=b'{"notice_id": "n"}')
    shelf.bury("unknown_lead", LETTER)
    answer = run("dead-letters", "replay", "0", "1", "2", "9")
    assert (answer.code, answer.json["replayed"]) == (1, [2])
    assert [(refused["offset"], refused["reason"]) for refused in answer.json["refused"]] == [
        (0, "has no data any more"),
        (1, "holds no event that this version can read"),
        (9, "is no dead letter"),
    ]


def test_a_record_of_a_log_that_is_none_of_ours_is_refused(run: Run, shelf: Shelf) -> None:
    shelf.bury("defect", LETTER, topic="other.events")
    answer = run("dead-letters", "replay", "0")
    assert (answer.code, shelf.read(Log.EVENTS)) == (1, [])
    assert "no log of this program" in answer.json["refused"][0]["reason"]


def test_a_replay_needs_exactly_one_choice(run: Run, shelf: Shelf) -> None:
    for args in ((), ("1", "--all"), ("--all", "--reason", "defect")):
        answer = run("dead-letters", "replay", *args)
        assert (answer.code, answer.out) == (2, "")
        assert "Traceback" not in answer.err

"""What is noticed of events on their way in: whose people are known, and what has no effect (R1, R22)."""

from __future__ import annotations

import copy

import pytest

from sla_monitor import codec, wire
from sla_monitor.core.effects import Log
from sla_monitor.core.events import Noticed
from sla_monitor.core.rules import MINUTE, Manager, Rules
from sla_monitor.wire.examples import EXAMPLES

NOW = 1_795_500_000_000
RULES = Rules(managers={"anna": Manager("anna", ids={"crm": "7"})}, own_numbers=("+74950000000",))


class Door:
    def __init__(self, rules=RULES):
        self.now = NOW
        self.routing = wire.Routing(lambda: rules)
        self.noticed = []

    def enter(self, type_, /, source="crm", **data):
        made = copy.deepcopy(EXAMPLES[type_])
        made["data"].update(data)
        entry = self.routing.enter(wire.read(made, self.now), self.now, source)
        assert all((also.log, also.key) == (Log.DESK, "n:") for also in entry.also)
        self.noticed = [also.fact for also in entry.also]
        return entry.accept and entry.accept.fact

    def message(self, who, source="crm", kind="email", **data):
        return self.enter("contact.recorded.v1", source=source, manager_id=who, kind=kind, **data)


@pytest.mark.parametrize("kind", ["message", "email"])
def test_r01_messages_of_strangers_count_until_somebody_known_has_written(kind):
    door = Door()
    assert not door.message("captain_bot", kind=kind).stranger
    assert not door.message("7", kind=kind).stranger
    assert [notice.reason for notice in door.noticed] == ["known_person"]
    assert door.message("captain_bot", kind=kind).stranger
    assert not door.message("captain_bot", source="mail", kind=kind).stranger, "each source for itself"


def test_r01_that_somebody_is_known_is_told_until_the_desk_keeps_it():
    door = Door()

    def told(later: int = 0) -> bool:
        door.now += later
        door.message("anna")
        return bool(door.noticed)

    assert (told(), told(), told(MINUTE)) == (True, False, True)
    door.routing.unsent()
    assert (told(), told()) == (True, False)
    door.routing.learn(["crm"])
    assert not told(9 * MINUTE)


@pytest.mark.parametrize("kind", ["meeting", "manual"])
def test_r01_what_a_person_records_is_taken_from_strangers_too(kind):
    door = Door()
    door.message("anna")
    assert not door.message("zoe", kind=kind).stranger


def test_r01_an_automatic_message_makes_nobody_known():
    door = Door()
    assert door.message("anna", automated=True).automated
    assert door.noticed == []
    assert not door.message("captain_bot").stranger


def test_r22_without_a_roster_nobody_is_a_stranger():
    door = Door(Rules())
    door.message("anna")
    assert not door.message("captain_bot").stranger
    assert door.noticed == []


@pytest.mark.parametrize(
    ("kind", "data", "reason", "who"),
    [
        ("lead.created.v1", {"phones": ["8 495 123-45-67"]}, "bad_number", ""),
        ("lead.created.v1", {"phones": ["private"]}, "withheld_number", ""),
        ("lead.created.v1", {"phones": ["+74950000000"]}, "own_number", ""),
        ("lead.updated.v1", {"phones": ["+74950000000"]}, "own_number", ""),
        ("lead.assigned.v1", {"owner_id": "1269"}, "unknown_owner", "1269"),
        ("lead.created.v1", {"owner_id": "1269"}, "unknown_owner", "1269"),
        ("call.ended.v1", {"customer_number": "8 495 123-45-67", "manager_id": "7"}, "no_lead_no_number", ""),
        ("call.ended.v1", {"manager_id": "ext 12"}, "unknown_manager", "ext 12"),
        ("call.ended.v1", {"manager_id": "+7 916 123-45-67"}, "unknown_manager", ""),
        ("contact.recorded.v1", {"manager_id": "zoe@crm.example"}, "unknown_manager", ""),
    ],
)
def test_what_has_no_effect_is_noticed_without_personal_data(kind, data, reason, who):
    door = Door()
    given = EXAMPLES[kind]
    known = {"owner_id": "anna"} if "owner_id" in given["data"] else {"manager_id": "anna"}
    door.enter(kind, **({name: "anna" for name in known if name in given["data"]} | data))
    assert door.noticed == [
        Noticed(source="crm", at=NOW, reason=reason, kind=kind, uri=given["source"], id=given["id"], who=who)
    ]
    (record,) = map(codec.encode_record, door.noticed)
    assert b"495" not in record
    assert b"916" not in record


def test_an_empty_field_is_no_sample():
    door = Door()
    door.enter("lead.created.v1", owner_id="anna", phones=[" "])
    assert door.noticed == []


def test_a_few_samples_are_enough():
    door = Door()
    told = []
    for _ in range(5):
        door.enter("lead.assigned.v1", owner_id="1269")
        told.append(len(door.noticed))
        door.now += MINUTE // 4
    assert told == [1, 0, 0, 0, 1]
    door.enter("lead.assigned.v1", source="other", owner_id="1269")
    assert len(door.noticed) == 1


def test_a_withheld_number_is_nobodys_mistake():
    call = copy.deepcopy(EXAMPLES["call.ended.v1"])
    call["data"]["customer_number"] = "anonymous"
    assert Door().routing.enter(wire.read(call, NOW), NOW, "crm") == wire.Entry(None, ("withheld_number",))

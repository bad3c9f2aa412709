"""Bytes become a valid event, or faults by pointer that never repeat the value."""

from __future__ import annotations

import copy
import json

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from sla_monitor import wire
from sla_monitor.wire.examples import EXAMPLES

NOW = 1_795_500_000_000
SECRET = "+7-999-SECRET"


def event(kind="lead.created.v1", /, **changes):
    made = copy.deepcopy(EXAMPLES[kind])
    made["data"].update(changes.pop("data", {}))
    return made | changes


def faults(value, now=NOW):
    raw = value if isinstance(value, bytes) else json.dumps(value).encode()
    with pytest.raises(wire.Invalid) as caught:
        wire.parse(raw, now)
    return {fault.pointer: fault.detail for fault in caught.value.faults}


@pytest.mark.parametrize("kind", EXAMPLES)
def test_every_type_is_read(kind):
    made = wire.parse(json.dumps(EXAMPLES[kind]).encode(), NOW)
    assert (made.type, made.id, made.source) == (kind, EXAMPLES[kind]["id"], EXAMPLES[kind]["source"])


@pytest.mark.parametrize(
    ("raw", "why"),
    [
        (b'{"id": ', "is not JSON"),
        (b"", "is not JSON"),
        (b"\xff\xfe{}", "is not UTF-8"),
        (b"[" * 100_000, "nested too deep"),
        (b"1" * 10_000, "too many digits"),
    ],
)
def test_what_is_no_json_is_malformed(raw, why):
    with pytest.raises(wire.Malformed, match=why):
        wire.parse(raw, NOW)


@pytest.mark.parametrize("raw", [b"null", b"[]", b'"text"', b"1", b"true"])
def test_what_is_no_object_is_refused(raw):
    assert faults(raw) == {"": "must be a JSON object"}


@pytest.mark.parametrize("number", ["NaN", "Infinity", "-Infinity", "1e999"])
@pytest.mark.parametrize("field", ["talk_seconds", "unknown_field"])
def test_a_number_that_is_none_is_refused_even_where_nobody_looks(number, field):
    raw = json.dumps(event("call.ended.v1", data={field: "HERE"})).replace('"HERE"', number).encode()
    assert set(faults(raw).values()) == {"must be a finite number"}


def test_a_key_that_comes_twice_is_refused():
    raw = json.dumps(event()).replace('"lead_id"', '"lead_id": "a", "lead_id"').encode()
    assert faults(raw) == {"/data": "has a key twice"}


def test_a_lone_surrogate_is_refused_in_values_and_keys():
    assert faults(event(data={"name": "\ud800"})) == {"/data/name": "has a lone surrogate"}
    assert faults(event(data={"x\udfff": 1})) == {"/data": "has a key with a lone surrogate"}


def test_nesting_has_a_bound():
    deep = inner = {}
    for _ in range(40):
        inner["x"] = inner = {}
    assert faults(event(data={"unknown": deep})) == {"/data": "is nested more than 32 deep"}


@pytest.mark.parametrize("name", ["specversion", "id", "source", "type", "time", "data"])
def test_every_attribute_of_the_envelope_is_required(name):
    made = event()
    del made[name]
    assert faults(made) == {f"/{name}": "is required"}


def test_all_faults_of_an_event_are_told_at_once():
    made = event(specversion="0.3", id="", data={"lead_id": None, "phones": [7], "test": "yes"})
    assert faults(made) == {
        "/specversion": "must be '1.0'",
        "/id": "must have at least 1 character",
        "/data/lead_id": "must be a string",
        "/data/phones/0": "must be a string",
        "/data/test": "must be true or false",
    }


def test_an_unknown_type_is_refused():
    assert faults(event(type="lead.exploded.v1")) == {"/type": "is not a known event type"}
    assert faults(event(type=5)) == {"/type": "must be a string"}


@pytest.mark.parametrize(
    ("time", "why"),
    [
        ("2026-11-23T10:00:00", "offset"),
        ("2026-11-23 10:00:00+03:00", "offset"),
        ("20261123T100000Z", "offset"),
        ("2026-02-30T10:00:00Z", "exists"),
        ("2026-11-23T24:00:00Z", "exists"),
        ("1969-12-31T23:59:59Z", "1970"),
        ("1970-01-01T00:00:00+03:00", "1970"),
        ("9000-01-01T00:00:00Z", "9000"),
        ("9999-12-31T23:59:59-14:00", "9000"),
        ("2026-11-23T10:61:60Z", "exists"),
        ("2026-11-23T10:00:61Z", "exists"),
        (1_795_500_000, "string"),
        (None, "string"),
    ],
)
def test_a_time_that_is_none_is_refused(time, why):
    assert why in faults(event(time=time))["/time"]


@pytest.mark.parametrize(
    ("time", "at"),
    [
        ("2026-11-23T10:00:00+03:00", 1_795_417_200_000),
        ("2026-11-23t07:00:00.1239z", 1_795_417_200_123),
        ("2026-11-23T07:00:00.999999999Z", 1_795_417_200_999),
        ("2026-11-22T21:30:00-09:30", 1_795_417_200_000),
        ("2026-11-23T06:59:60Z", 1_795_417_200_000),
        ("2026-11-23T09:59:60.9+03:00", 1_795_417_200_000),
    ],
)
def test_r3_times_are_milliseconds_rounded_down(time, at):
    assert wire.read(event(time=time), NOW).at == at


@pytest.mark.parametrize("until", ["9000-01-01T00:00:00Z", "9999-12-31T23:59:59-14:00", "1969-12-31T23:59:59Z"])
def test_r32_no_instant_inside_an_event_is_before_1970_or_from_the_year_9000_on(until):
    wrong = copy.deepcopy(EXAMPLES["manager.status.v1"])
    wrong["data"]["until"] = until
    assert list(faults(wrong)) == ["/data/until"]
    wrong["data"]["until"] = "8999-12-31T23:59:59.999Z"
    assert wire.read(wrong, NOW).data.until == 221_845_391_999_999


def test_r32_a_time_up_to_five_minutes_ahead_is_the_received_time_and_flagged():
    at = wire.read(event(), NOW).at
    made = wire.read(event(), at - 300_000)
    assert (made.at, made.flags) == (at - 300_000, (wire.FUTURE_TIME,))
    assert wire.read(event(), at).flags == ()
    assert faults(event(), at - 300_001) == {"/time": "is more than 5 minutes ahead"}


@pytest.mark.parametrize(("seconds", "ms"), [(0, 0), (12, 12_000), (12.5, 12_500), (1.001, 1001), (0.0019, 1)])
def test_seconds_may_be_decimals(seconds, ms):
    assert wire.read(event("call.ended.v1", data={"talk_seconds": seconds}), NOW).data.talk_seconds == ms


@pytest.mark.parametrize("seconds", [-1, -0.001, 700_000, "12", True, None, [], 10**40])
def test_seconds_that_are_none_are_refused(seconds):
    assert set(faults(event("call.ended.v1", data={"talk_seconds": seconds}))) == {"/data/talk_seconds"}


@pytest.mark.parametrize("lead_id", ["", "x" * 129, "a\nb", "a\x00b", "a\x85b", "a\u2028b", 5, {}])
def test_an_id_that_cannot_be_one_is_refused(lead_id):
    assert set(faults(event(data={"lead_id": lead_id}))) == {"/data/lead_id"}


def test_an_id_may_have_128_characters_of_any_script():
    assert wire.read(event(data={"lead_id": "я" * 128}), NOW).data.lead_id == "я" * 128


@pytest.mark.parametrize(
    "changes",
    [
        {"phones": ["1"] * 21},
        {"emails": ["a"] * 21},
        {"skills": ["a"] * 33},
        {"attributes": dict.fromkeys("a" * n for n in range(1, 34))},
    ],
)
def test_collections_are_bounded(changes):
    assert "at most" in faults(event(data=changes))[f"/data/{next(iter(changes))}"]


def test_attributes_are_scalars():
    fine = {"a": 1, "b": 1.5, "c": "x", "d": True, "e": None}
    assert wire.read(event(data={"attributes": fine}), NOW).data.attributes == fine
    for bad in ([], {}, "x" * 1025):
        assert set(faults(event(data={"attributes": {"k": bad}}))) == {"/data/attributes"}


def test_an_optional_field_may_be_null():
    assert wire.read(event(data={"owner_id": None, "phones": None, "test": None}), NOW).data.phones is None


def test_unknown_fields_and_extensions_are_ignored():
    assert wire.read(event(traceparent="00-1", data={"utm": {"x": [1]}}), NOW)


def test_faults_never_repeat_the_value_or_a_strangers_key():
    made = event(data={"phones": SECRET, "name": [SECRET], "attributes": {SECRET: {SECRET: SECRET}}, SECRET: "\ud800"})
    for value in (made, event(data={"phones": SECRET, "attributes": {SECRET: []}}), event(time=SECRET, type=SECRET)):
        assert SECRET not in str(faults(value))


def test_the_digest_tells_other_data_from_the_same_written_otherwise():
    one, other = event(data={"a": 1, "b": 2}), event(data={"b": 2, "a": 1})
    assert wire.read(one, NOW).digest == wire.read(other, NOW).digest
    assert wire.read(one, NOW).digest != wire.read(event(data={"a": 1, "b": 3}), NOW).digest


def test_binary_mode_reads_percent_encoded_attributes():
    attributes = [(name, EXAMPLES["lead.created.v1"][name]) for name in ("specversion", "id", "source", "type")]
    made = wire.parse_binary([*attributes, ("time", "2026-11-23T10:00:00%2B03:00")], b'{"lead_id": "a"}', NOW)
    assert (made.at, made.data.lead_id) == (1_795_417_200_000, "a")


@pytest.mark.parametrize(
    ("attributes", "pointer"), [([("id", "a"), ("id", "b")], "/id"), ([("id", "%FF")], "/id"), ([], "/data")]
)
def test_binary_mode_names_what_is_wrong(attributes, pointer):
    with pytest.raises(wire.Invalid) as caught:
        wire.parse_binary(attributes, b"", NOW)
    assert pointer in [fault.pointer for fault in caught.value.faults]


json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(st.characters()),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(), inner, max_size=4),
)


@settings(max_examples=200, deadline=None)
@given(st.binary(max_size=200))
def test_any_bytes_are_an_event_or_rejected(raw):
    with pytest.raises((wire.Malformed, wire.Invalid)):
        wire.parse(raw, NOW)


@settings(max_examples=200, deadline=None)
@given(st.sampled_from(sorted(EXAMPLES)), st.data())
def test_any_value_in_any_field_is_accepted_or_rejected_by_pointer(kind, data):
    made = event(kind)
    field = data.draw(st.sampled_from(sorted(wire.DATA[kind].model_fields)))
    made["data"][field] = data.draw(json_values)
    assert all(pointer.startswith("/data") for pointer in _pointers(made))


def _pointers(value):
    try:
        wire.read(value, NOW)
    except wire.Invalid as error:
        return [fault.pointer for fault in error.faults]
    return []

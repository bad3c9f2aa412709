"""Whatever a foreign producer does, its events end up where they belong, or among the dead letters."""

from __future__ import annotations

import json
from itertools import islice

import pytest

from sla_monitor import codec, wire
from sla_monitor.core.effects import Beat, Bury, Count, Log, Public
from sla_monitor.core.events import Heartbeat
from sla_monitor.core.rules import Rules
from sla_monitor.pacemaker import keys
from sla_monitor.records import Partition, Record, Stored
from sla_monitor.stream.intake import intake_role
from sla_monitor.stream.placement import partition_of
from sla_monitor.wire.examples import EXAMPLES
from tests.stream.bench import T0, Bench

LEADS = Partition("t.leads", 0)
CREATED = EXAMPLES["lead.created.v1"]
KEY = b"crm:1001"


def bench(topic: Public = Public.LEADS, *, number: int = 0, partitions: int = 1) -> Bench:
    role = intake_role(
        topic,
        wire.Routing(Rules),
        lambda uri: "crm" if uri == "/crm/main" else "other",
        event=2_000,
        depth=8,
        partitions=partitions,
        leads=6,
    )
    return Bench(where=Partition(f"t.{topic}", number), role=role)


async def sent(made: Bench, *messages: Stored) -> Bench:
    """Fold messages as they lie in the topic."""
    lying = made.log.logs[made.where]
    lying += [message._replace(offset=offset) for offset, message in enumerate(messages)]
    async with made:
        await made.bring()
        await made.folded()
    return made


def message(value, key=KEY, headers=(), at=T0 - 5) -> Stored:
    return Stored(0, key, json.dumps(value).encode() if isinstance(value, dict) else value, at, headers)


def binary(event, **headers) -> Stored:
    """The Kafka binding's binary mode."""
    names = {f"ce_{name}": str(value).encode() for name, value in event.items() if name != "data"}
    return message(event["data"], headers=tuple((names | {n: v.encode() for n, v in headers.items()}).items()))


def facts(made: Bench, log: Log = Log.EVENTS):
    return [codec.decode_record(r.value) for r in made.log.logs[Partition(f"t.{log}", 0)]]


def counted(made: Bench) -> list[str]:
    return [act.result for act in made.heard.acts if isinstance(act, Count)]


async def test_an_event_goes_under_its_own_key_to_the_log_that_owns_it_received_at_the_step():
    made = await sent(bench(), message(CREATED))
    [fact] = facts(made)
    [record] = made.log.logs[Partition("t.events", 0)]
    assert (record.key, record.timestamp) == (KEY, T0)
    assert (fact.lead_id, fact.origin.source, fact.origin.received) == ("crm:1001", "crm", T0)
    assert counted(made)[0] == "accepted"


@pytest.mark.parametrize("kind", EXAMPLES)
@pytest.mark.parametrize("topic", Public)
async def test_any_event_is_taken_from_any_topic_and_counted_where_it_is_not_expected(kind, topic):
    made = await sent(bench(topic), message(EXAMPLES[kind]))
    assert sum(len(facts(made, log)) for log in (Log.EVENTS, Log.PHONES, Log.DESK)) == 1
    home = {"lead": ("leads",), "call": ("calls",), "contact": ("leads", "calls"), "manager": ("managers",)}
    assert ("other_topic" in counted(made)) is (topic not in home[kind.partition(".")[0]])


async def test_binary_mode_says_the_same_as_structured_mode():
    plain = await sent(bench(), message(CREATED))
    split = await sent(bench(), binary(CREATED, **{"content-type": "application/json"}))
    assert facts(split) == facts(plain)


@pytest.mark.parametrize("mode", [message, binary])
async def test_a_byte_order_mark_before_the_json_changes_nothing(mode):
    plain = mode(CREATED)
    marked = plain._replace(value=b"\xef\xbb\xbf" + plain.value)
    assert facts(await sent(bench(), marked)) == facts(await sent(bench(), message(CREATED)))


async def test_a_value_with_attributes_beside_it_is_structured_if_it_says_so():
    headers = (("content-type", b"application/cloudevents+json; charset=UTF-8"), ("ce_specversion", b"0.3"))
    assert len(facts(await sent(bench(), message(CREATED, headers=headers)))) == 1


@pytest.mark.parametrize(
    ("odd", "reason", "detail"),
    [
        (message(b"\xff\xfe{"), "malformed", "is not UTF-8"),
        (message(b"lead,phone"), "malformed", "is not JSON: line 1, column 1"),
        (message(b""), "malformed", "is not JSON: line 1, column 1"),
        (message(b"[]"), "invalid", "/ must be a JSON object"),
        (message(CREATED | {"type": "lead.vanished.v1"}), "invalid", "/type is not a known event type"),
        (message(CREATED | {"data": {}}), "invalid", "/data/lead_id is required"),
        (message(CREATED | {"source": "/sla-monitor"}), "invalid", "/source is sla-monitor's own"),
        (message(CREATED | {"source": "/sla-monitor/claim"}), "invalid", "/source is sla-monitor's own"),
        (binary(CREATED | {"source": "/sla-monitor/board"}), "invalid", "/source is sla-monitor's own"),
        (message(CREATED | {"data": {"x": "y" * 3000}}), "too_large", "must have at most 2000 bytes"),
        (binary(CREATED | {"data": b"\x00\x01"}), "invalid", "/data is required"),
        (binary(CREATED, ce_ID="twice"), "invalid", "/ has a key twice"),
        (
            binary(CREATED)._replace(headers=(("ce_specversion", b"\xff"),)),
            "invalid",
            "/specversion has a lone",
        ),
    ],
)
async def test_what_cannot_be_used_is_a_dead_letter_with_the_reason_and_its_neighbours_go_on(odd, reason, detail):
    made = await sent(bench(), message(CREATED), odd, message(CREATED))
    [letter] = made.letters()
    assert (letter.reason, letter.topic, letter.offset, letter.key) == (reason, "t.leads", 1, KEY)
    assert letter.detail.startswith(detail)
    assert odd.headers or letter.value == odd.value
    assert len(facts(made)) == 2
    assert [act.reason for act in made.heard.acts if isinstance(act, Bury)] == [reason]


async def test_a_dead_letter_of_binary_mode_can_be_sent_again_without_its_headers():
    early = binary(CREATED | {"time": "2099-01-01T00:00:00Z"})
    [letter] = (await sent(bench(), early)).letters()
    again = bench()
    again.clock.at = wire.read(CREATED | {"time": "2098-01-01T00:00:00Z"}, 1 << 50).at + 366 * 86_400_000
    assert len(facts(await sent(again, message(letter.value)))) == 1


async def test_a_dead_letter_beyond_all_bounds_is_kept_without_its_data():
    [letter] = (await sent(bench(), message(b"x" * 300_000))).letters()
    assert (letter.reason, letter.key, letter.value) == ("too_large", None, None)


async def test_a_tombstone_is_counted_and_passed():
    made = await sent(bench(), message(None), message(CREATED))
    assert counted(made)[:2] == ["tombstone", "accepted"]
    assert made.letters() == []


async def test_a_call_with_neither_lead_nor_number_is_counted_and_goes_no_further():
    call = EXAMPLES["call.ended.v1"]
    made = await sent(bench(Public.CALLS), message(call | {"data": call["data"] | {"customer_number": "101"}}))
    assert counted(made) == ["accepted", "no_lead_no_number"]
    assert (facts(made, Log.PHONES), made.letters()) == ([], [])


@pytest.mark.parametrize("key", [None, b"", b'"crm:1001"', "crm:1001".encode("utf-16"), b"\xff", b"\0place"])
async def test_any_key_will_do_and_one_that_is_not_the_leads_is_counted(key):
    made = await sent(bench(), message(CREATED, key=key))
    assert [record.key for record in made.log.logs[Partition("t.events", 0)]] == [KEY]
    assert "key_mismatch" in counted(made)


@pytest.mark.parametrize("partitions", [2, 12])
async def test_a_partition_that_kafkas_own_clients_would_not_choose_is_counted(partitions):
    right = partition_of(KEY, partitions)
    for number in range(partitions):
        made = await sent(bench(number=number, partitions=partitions), message(CREATED))
        assert ("partition_mismatch" in counted(made)) is (number != right)
        assert len(facts(made)) == 1


@pytest.mark.parametrize("at", [-1, 1 << 60])
async def test_a_timestamp_that_cannot_be_is_not_believed(at):
    made = await sent(bench(), message(b"{", at=at))
    assert made.letters()[0].received == T0
    assert made.heard.steps[0].ages == [0]


async def test_the_names_of_managers_and_numbers_follow_the_policy_in_force():
    force = [Rules()]
    role = intake_role(
        Public.CALLS, wire.Routing(lambda: force[0]), lambda _: "pbx1", event=2_000, depth=8, partitions=1, leads=6
    )
    made = Bench(where=Partition("t.calls", 0), role=role)
    call = EXAMPLES["call.ended.v1"]
    value = json.dumps(call | {"data": call["data"] | {"customer_number": "+74951234567"}}).encode()
    async with made:
        await made.append(Record("t.calls", b"k", value, T0))
        await made.folded()
        force[0] = Rules(own_numbers=("+74951234567",))
        await made.append(Record("t.calls", b"k", value, T0))
        await made.folded()
    assert [fact.internal for fact in facts(made, Log.PHONES)] == [False, True]


async def test_what_is_passed_goes_beyond_the_last_record_over_the_marks_of_foreign_transactions():
    made = bench()
    async with made:
        await made.append(Record("t.leads", KEY, json.dumps(CREATED).encode(), T0))
        await made.folded()
        await made.owner.put(made.log.batch(made.where, 1)._replace(end=3))
        await made.until(lambda: made.owner.status().passed == 3)
    assert made.owner.status().place == 1


async def test_what_is_not_committed_is_not_passed():
    made = bench()
    async with made:
        await made.until(lambda: made.owner.gauges() is not None)
        made.log.unavailable = True
        made.log.extend([Record("t.leads", KEY, json.dumps(CREATED).encode(), T0)])
        await made.bring()
        await made.until(lambda: made.log.tried > 1)
        assert (made.owner.status().seen, made.owner.status().passed) == (1, 0)
        made.log.unavailable = False
        await made.until(lambda: made.owner.status().passed == 1)


def heartbeat(partition: int, at: int = T0) -> Stored:
    key = next(islice(keys(6), partition, None))
    fact = Heartbeat(key=key, partition=partition, at=at)
    return Stored(0, key.encode(), codec.encode_record(fact), T0)


async def test_a_heartbeat_goes_on_to_its_partition_of_the_leads():
    made = await sent(bench(), heartbeat(4))
    (record,) = made.log.logs[Partition("t.events", 0)]
    assert partition_of(record.key, 6) == 4
    assert [act for act in made.heard.acts if isinstance(act, Beat)] == [Beat("intake", 4, T0)]


async def test_a_heartbeat_that_claims_to_come_from_tomorrow_is_of_now():
    made = await sent(bench(), heartbeat(0, T0 + 1_000_000))
    assert Beat("intake", 0, T0) in made.heard.acts


@pytest.mark.parametrize("value", [b"Heartbeat {}", b"{}", codec.encode_record(Heartbeat(key="x", partition=9, at=T0))])
async def test_what_is_no_heartbeat_of_ours_is_a_dead_letter(value):
    made = await sent(bench(), Stored(0, heartbeat(0).key, value, T0))
    assert [letter.reason for letter in made.letters()] == ["malformed"]
